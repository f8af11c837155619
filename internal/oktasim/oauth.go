package oktasim

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Client is an OAuth service app that may ask for access tokens with a signed assertion.
type Client struct {
	ID        string           // 0oa…; made up when empty
	Label     string           // the app's name
	KeyID     string           // the kid that assertions must name
	PublicKey crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey
	Scopes    []string         // granted by an administrator
	DPoP      bool             // tokens must be bound to a key
}

type client struct{ Client }

// AddClient registers a service app and returns its id.
func (t *Tenant) AddClient(c Client) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addClient(c)
}

func (t *Tenant) addClient(c Client) string {
	if c.ID == "" {
		c.ID = t.newID("0oa")
	}
	if c.Label == "" {
		c.Label = "Service app " + c.ID
	}
	t.clients[c.ID] = &client{c}
	return c.ID
}

// signing lists the algorithms that Okta takes for assertions and proofs.
var signing = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}

// tokenLife is how long an access token lives; Okta fixes it.
const tokenLife = time.Hour

// oauthError answers in the form of the OAuth endpoints, which differs from the rest of the API.
func (c *call) oauthError(status int, name, description string) {
	c.reply(status, map[string]any{"error": name, "error_description": description})
}

// issueToken is POST /oauth2/v1/token for client credentials.
func (t *Tenant) issueToken(c *call) {
	form, err := url.ParseQuery(string(c.x.Body))
	if err != nil || !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		c.oauthError(http.StatusBadRequest, "invalid_request", "The request must be form-encoded.")
		return
	}
	if form.Get("grant_type") != "client_credentials" {
		c.oauthError(http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported.")
		return
	}
	cl, problem := t.checkAssertion(c, form)
	if problem != "" {
		c.oauthError(http.StatusUnauthorized, "invalid_client", problem)
		return
	}
	scopes := strings.Fields(form.Get("scope"))
	if len(scopes) == 0 {
		c.oauthError(http.StatusBadRequest, "invalid_scope", "The scope parameter is required.")
		return
	}
	for _, s := range scopes {
		if !slices.Contains(cl.Scopes, s) {
			c.oauthError(http.StatusBadRequest, "invalid_scope", "One or more scopes are not configured for the client.")
			return
		}
	}
	jkt, ok := t.tokenProof(c, cl)
	if !ok {
		return
	}
	c.w.Header().Set("Cache-Control", "no-cache, no-store")
	c.reply(http.StatusOK, t.newAccessToken(c, cl, scopes, jkt))
}

func (t *Tenant) newAccessToken(c *call, cl *client, scopes []string, jkt string) map[string]any {
	scheme := "Bearer"
	claims := map[string]any{
		"ver": 1, "jti": "AT." + t.newToken(40), "iss": c.base(), "aud": c.base(), "sub": cl.ID, "cid": cl.ID, "scp": scopes,
		"iat": c.now.Unix(), "exp": c.now.Add(tokenLife).Unix(),
	}
	if jkt != "" {
		scheme = "DPoP"
		claims["cnf"] = map[string]any{"jkt": jkt}
	}
	// Clients read exp from the token, so all three parts decode; the third has the length of an RS256 signature and is none.
	signature := base64.RawURLEncoding.EncodeToString([]byte(t.newToken(256)))
	text := encodePart(map[string]any{"kid": "sim", "alg": "RS256"}) + "." + encodePart(claims) + "." + signature
	t.tokens[text] = &credential{
		who: principal{ID: cl.ID, ClientID: cl.ID, text: text}, scheme: scheme, scopes: scopes,
		expires: c.now.Add(tokenLife), jkt: jkt,
	}
	c.principal = principal{ID: cl.ID, ClientID: cl.ID}
	c.event("app.oauth2.token.grant.access_token",
		eventDetail{Targets: []logTarget{{cl.ID, "PublicClientApp", cl.ID, cl.Label}}})
	return map[string]any{
		"token_type": scheme, "expires_in": int(tokenLife.Seconds()), "access_token": text,
		"scope": strings.Join(scopes, " "),
	}
}

func encodePart(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("oktasim: encode token: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// assertionClaims are the claims of a client assertion.
type assertionClaims struct {
	Iss, Sub string
	Aud      audience
	Exp      float64
	Iat      *float64
	Jti      string
}

// audience is a string or a list of them.
type audience []string

// UnmarshalJSON takes both forms.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// checkAssertion finds the client that signed the request. problem is empty when it did.
func (t *Tenant) checkAssertion(c *call, form url.Values) (cl *client, problem string) {
	const kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	if form.Get("client_assertion_type") != kind || form.Get("client_assertion") == "" {
		return nil, "Client authentication must be private_key_jwt."
	}
	jws, err := jose.ParseSignedCompact(form.Get("client_assertion"), signing)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, "The client_assertion is not a signed JWT."
	}
	var claims assertionClaims
	if json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims) != nil {
		return nil, "The client_assertion has malformed claims."
	}
	cl = t.clients[claims.Sub]
	if cl == nil || claims.Iss != claims.Sub {
		return nil, "Invalid value for 'client_id' parameter."
	}
	if jws.Signatures[0].Protected.KeyID != cl.KeyID {
		return nil, "The kid of the client_assertion is not registered with the client."
	}
	if _, err := jws.Verify(cl.PublicKey); err != nil {
		return nil, "The client_assertion signature is invalid."
	}
	return cl, t.checkAssertionClaims(c, claims)
}

func (t *Tenant) checkAssertionClaims(c *call, claims assertionClaims) (problem string) {
	exp := time.Unix(int64(claims.Exp), 0)
	switch {
	case !slices.Contains(claims.Aud, c.base()+"/oauth2/v1/token"):
		return "The audience claim for client_assertion must be the endpoint invoked for the request."
	case !exp.After(c.now):
		return "The client_assertion token is expired."
	case exp.After(c.now.Add(time.Hour + allowedSkew)):
		return "The client_assertion token has an expiration too far into the future."
	case claims.Iat != nil && time.Unix(int64(*claims.Iat), 0).After(c.now.Add(allowedSkew)):
		return "The client_assertion token is issued in the future."
	case claims.Jti != "" && !t.useOnce("assertion "+claims.Sub+" "+claims.Jti, exp, c.now):
		return "The client_assertion token has already been used."
	}
	return ""
}

// allowedSkew is how far the clocks of client and tenant may differ in signed claims.
const allowedSkew = 5 * time.Minute

// useOnce notes an id and reports whether it was new. Ids are forgotten once they would be refused for their age anyway.
func (t *Tenant) useOnce(id string, until, now time.Time) bool {
	if _, used := t.jtis[id]; used {
		return false
	}
	if len(t.jtis) > 10_000 {
		for k, end := range t.jtis {
			if end.Before(now) {
				delete(t.jtis, k)
			}
		}
	}
	t.jtis[id] = until
	return true
}
