package oktaclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"okta-entitlements-mcp/internal/secret"
)

// Credentials is one of two ways to be known to Okta: an SSWS API token, or an OAuth service app that signs its
// requests for access tokens with a private key.
type Credentials struct {
	Token secret.Secret // SSWS API token

	ClientID   string        // 0oa… of the service app
	PrivateKey secret.Secret // PEM (PKCS #1, PKCS #8, SEC 1) or JWK JSON; RSA or EC
	KeyID      string        // kid of the key in Okta; may be left out when the JWK names it
	Scopes     []string      // okta.users.read …
}

// credential is what Credentials become once checked: exactly one field is set.
type credential struct {
	token secret.Secret
	oauth *serviceApp
}

func (c Credentials) check() (credential, error) {
	oauth := c.ClientID != "" || !c.PrivateKey.IsZero()
	switch {
	case !c.Token.IsZero() && oauth:
		return credential{}, errors.New("credentials: give an API token or a service app, not both")
	case !c.Token.IsZero():
		for _, r := range c.Token.Reveal() {
			if r <= ' ' || r > '~' {
				return credential{}, errors.New("credentials: the API token holds a space or another character that no token has")
			}
		}
		return credential{token: c.Token}, nil
	case !oauth:
		return credential{}, errors.New("credentials: give an API token, or a client id and a private key")
	}
	app, err := newServiceApp(c)
	return credential{oauth: app}, err
}

// authorizer puts the credential on a request, whatever Authorization header was there before. It is the one place
// that knows the credential, and it speaks to the configured host only.
type authorizer struct {
	next   http.RoundTripper
	base   *url.URL
	token  secret.Secret
	tokens *tokenSource // nil with an SSWS token
}

func newAuthorizer(next http.RoundTripper, base *url.URL, keys credential, tokenWay http.RoundTripper, now func() time.Time) *authorizer {
	a := &authorizer{next: next, base: base, token: keys.token}
	if keys.oauth != nil {
		a.tokens = &tokenSource{app: keys.oauth, way: tokenWay, endpoint: base.JoinPath("/oauth2/v1/token").String(), now: now}
	}
	return a
}

// RoundTrip implements http.RoundTripper.
func (a *authorizer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != a.base.Scheme || req.URL.Host != a.base.Host || (req.Host != "" && req.Host != a.base.Host) {
		return nil, &Error{Method: req.Method, Pattern: pattern(req.URL.Path), Sent: NotSent, kind: ErrForeignHost,
			cause: errors.New("refuse to send the credential to another host")}
	}
	out := req.Clone(req.Context())
	out.Header.Del("Dpop")
	if a.tokens == nil {
		out.Header.Set("Authorization", "SSWS "+a.token.Reveal())
		return a.next.RoundTrip(out)
	}
	token, err := a.tokens.get(req.Context())
	if err != nil {
		return nil, err
	}
	if err := a.tokens.sign(out, token); err != nil {
		return nil, err
	}
	resp, err := a.next.RoundTrip(out)
	if err == nil && resp.StatusCode == http.StatusUnauthorized && !featureOff(resp) {
		a.tokens.retire(token)
		noteOf(req.Context()).renewed.Store(true)
	}
	return resp, err
}

// featureOff reports the one 401 that a new token does not mend. It leaves the body, which is in memory, readable.
func featureOff(resp *http.Response) bool {
	body, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var b errorBody
	return json.Unmarshal(body, &b) == nil && b.Code == CodeFeatureOff
}
