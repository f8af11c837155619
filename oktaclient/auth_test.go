package oktaclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/wait"
)

// tokenServer is a stub of the token endpoint and of a resource behind it. It verifies every signature itself.
type tokenServer struct {
	t       *testing.T
	key     any // the public key of the service app
	dpop    bool
	latency time.Duration
	strict  time.Duration // its clock minus ours; assertions and proofs are judged by it
	refuse  int           // resource calls to answer with 401
	reject  string        // an OAuth error for every token request

	mu                     sync.Mutex
	issued, nonces, served int
	seen                   map[string]bool // jti of assertions and proofs
	current                string
}

func (s *tokenServer) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := wait.For(req.Context(), s.latency); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	status, body, header := http.StatusOK, "", http.Header{"Content-Type": {"application/json"}}
	if req.URL.Path == "/oauth2/v1/token" {
		status, body = s.token(req, header)
	} else {
		status, body = s.resource(req)
	}
	header.Set("Date", time.Now().Add(s.strict).UTC().Format(http.TimeFormat))
	return (&script{}).answer(req, status, body, header), nil
}

func (s *script) answer(req *http.Request, status int, body string, h http.Header) *http.Response {
	s.then(status, body)
	resp, _ := s.replies[0](req)
	resp.Header = h
	return resp
}

func (s *tokenServer) token(req *http.Request, h http.Header) (int, string) {
	if err := req.ParseForm(); err != nil {
		s.t.Error(err)
	}
	if req.Header.Get("Authorization") != "" {
		s.t.Error("token request carries an Authorization header")
	}
	if s.reject != "" {
		return 401, `{"error":"` + s.reject + `","error_description":"no"}`
	}
	f := req.PostForm
	if f.Get("grant_type") != "client_credentials" || f.Get("scope") != "okta.users.read okta.apps.read" ||
		f.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		s.t.Errorf("token form is %v", f)
	}
	claims, kid := s.verify(f.Get("client_assertion"), s.key, "JWT")
	now := time.Now().Add(s.strict)
	exp := time.Unix(int64(claims["exp"].(float64)), 0)
	if claims["iss"] != "0oaService" || claims["sub"] != "0oaService" ||
		claims["aud"] != "https://acme.okta.com/oauth2/v1/token" || kid != "kid1" {
		s.t.Errorf("assertion claims %v, kid %s", claims, kid)
	}
	if !exp.After(now) || exp.After(now.Add(time.Hour)) {
		return 401, `{"error":"invalid_client","error_description":"assertion expired"}`
	}
	if s.dpop {
		proof := s.proof(req, "")
		if iat := time.Unix(int64(proof["iat"].(float64)), 0); now.Sub(iat).Abs() > 5*time.Minute {
			return 400, `{"error":"invalid_dpop_proof"}`
		}
		if proof["nonce"] != "N1" {
			s.nonces++
			h.Set("Dpop-Nonce", "N1")
			return 400, `{"error":"use_dpop_nonce"}`
		}
	}
	s.issued++
	s.current = fmt.Sprintf("token%d", s.issued)
	kind := "Bearer"
	if s.dpop {
		kind = "DPoP"
	}
	return 200, `{"token_type":"` + kind + `","expires_in":3600,"access_token":"` + s.current + `"}`
}

func (s *tokenServer) resource(req *http.Request) (int, string) {
	want := "Bearer " + s.current
	if s.dpop {
		want = "DPoP " + s.current
		s.proof(req, s.current)
	} else if req.Header.Get("Dpop") != "" {
		s.t.Error("bearer call carries a proof")
	}
	if got := req.Header.Get("Authorization"); got != want || s.refuse > 0 {
		s.refuse--
		return 401, `{"errorCode":"E0000011","errorSummary":"Invalid token provided"}`
	}
	s.served++
	return 200, `{"id":"` + path.Base(req.URL.Path) + `"}`
}

// proof verifies a DPoP proof with the key inside it.
func (s *tokenServer) proof(req *http.Request, accessToken string) map[string]any {
	claims, _ := s.verify(req.Header.Get("Dpop"), nil, "dpop+jwt")
	sum := sha256.Sum256([]byte(accessToken))
	ath := base64.RawURLEncoding.EncodeToString(sum[:])
	if claims["htm"] != req.Method || claims["htu"] != "https://acme.okta.com"+req.URL.Path ||
		accessToken != "" && claims["ath"] != ath {
		s.t.Errorf("proof for %s %s claims %v", req.Method, req.URL, claims)
	}
	return claims
}

func (s *tokenServer) verify(token string, key any, typ string) (map[string]any, string) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.ES384, jose.ES512})
	if err != nil {
		s.t.Fatalf("unreadable token %q: %v", token, err)
	}
	head := jws.Signatures[0].Protected
	if head.ExtraHeaders["typ"] != typ {
		s.t.Errorf("typ is %v, want %s", head.ExtraHeaders["typ"], typ)
	}
	if key == nil {
		if head.JSONWebKey == nil || !head.JSONWebKey.IsPublic() {
			s.t.Fatal("proof has no public key")
		}
		key = head.JSONWebKey.Key
	}
	payload, err := jws.Verify(key)
	if err != nil {
		s.t.Fatalf("signature: %v", err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		s.t.Fatal(err)
	}
	jti, _ := claims["jti"].(string)
	if jti == "" || s.seen[jti] {
		s.t.Errorf("jti %q was used before or is missing", jti)
	}
	s.seen[jti] = true
	return claims, head.KeyID
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemText(kind string, der []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (s *tokenServer) connect(t *testing.T, text string) *Client {
	t.Helper()
	s.t = t
	return s.connectOver(t, text, s)
}

func (s *tokenServer) connectOver(t *testing.T, text string, wire http.RoundTripper) *Client {
	t.Helper()
	c, _, err := Connect(t.Context(), Options{
		BaseURL:   "https://acme.okta.com",
		Transport: wire,
		Credentials: Credentials{
			ClientID:   "0oaService",
			PrivateKey: secret.New(text),
			KeyID:      "kid1",
			Scopes:     []string{"okta.users.read", "okta.apps.read"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestServiceAppSignsWithEveryKindOfKey(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, p384, p521 := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384()), ecKey(t, elliptic.P521())
	pkcs8, err8 := x509.MarshalPKCS8PrivateKey(rsaKey)
	sec1, err1 := x509.MarshalECPrivateKey(p384)
	ec8, errEC := x509.MarshalPKCS8PrivateKey(p521)
	jwk, err := json.Marshal(jose.JSONWebKey{Key: p256, KeyID: "other"})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		public any
		text   string
	}{
		"RSA PKCS 1":        {rsaKey.Public(), pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil)},
		"RSA PKCS 8":        {rsaKey.Public(), pemText("PRIVATE KEY", pkcs8, err8)},
		"RSA in one line":   {rsaKey.Public(), strings.ReplaceAll(pemText("PRIVATE KEY", pkcs8, err8), "\n", `\n`)},
		"EC P-384 SEC 1":    {p384.Public(), pemText("EC PRIVATE KEY", sec1, err1)},
		"EC P-521 PKCS 8":   {p521.Public(), pemText("PRIVATE KEY", ec8, errEC)},
		"EC P-256 as a JWK": {p256.Public(), string(jwk)},
	}
	for name, c := range cases {
		for _, dpop := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s dpop %v", name, dpop), func(t *testing.T) {
				s := &tokenServer{key: c.public, dpop: dpop}
				client := s.connect(t, c.text)
				for range 2 {
					if _, err := client.App(t.Context(), "0oa1"); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := client.Entitlement(t.Context(), "esp1"); err != nil {
					t.Fatal(err)
				}
				if s.issued != 1 || s.served != 3 || dpop && s.nonces != 1 {
					t.Errorf("issued %d, served %d, nonces demanded %d", s.issued, s.served, s.nonces)
				}
			})
		}
	}
}

func newECServer(t *testing.T, dpop bool) (*tokenServer, string) {
	key := ecKey(t, elliptic.P256())
	der, err := x509.MarshalECPrivateKey(key)
	return &tokenServer{key: key.Public(), dpop: dpop}, pemText("EC PRIVATE KEY", der, err)
}

func TestTokenIsFetchedOnceForManyAndRenewedBeforeItExpires(t *testing.T) {
	s, text := newECServer(t, true)
	s.latency = time.Second
	c := s.connect(t, text)
	synctest.Test(t, func(t *testing.T) {
		s.t = t
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				var err error
				switch i % 3 { // three buckets, so that first calls are together
				case 0:
					_, err = c.App(t.Context(), "0oa1")
				case 1:
					_, err = c.Group(t.Context(), "00g1")
				case 2:
					_, err = c.Entitlement(t.Context(), "esp1")
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.issued != 1 {
			t.Errorf("issued %d tokens for calls at once", s.issued)
		}
		_ = wait.For(t.Context(), 56*time.Minute)
		if _, err := c.App(t.Context(), "0oa1"); err != nil {
			t.Error(err)
		}
		if s.issued != 2 {
			t.Errorf("issued %d tokens by the 56th minute, want a new one", s.issued)
		}
	})
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	s, text := newECServer(t, true)
	c := s.connect(t, text)
	s.refuse = 1
	if _, err := c.App(t.Context(), "0oa1"); err != nil || s.issued != 2 {
		t.Errorf("issued %d, %v", s.issued, err)
	}
	s.refuse = 10
	if _, err := c.App(t.Context(), "0oa1"); !errors.Is(err, ErrUnauthorized) || s.refuse != 8 {
		t.Errorf("refusals left %d, %v", s.refuse, err)
	}
}

func TestClockSkewDoesNotSpoilAssertionsAndProofs(t *testing.T) {
	for _, skew := range []time.Duration{7 * time.Minute, -7 * time.Minute, 50 * time.Minute, -50 * time.Minute} {
		s, text := newECServer(t, true)
		s.strict = skew
		c := s.connect(t, text)
		if _, err := c.App(t.Context(), "0oa1"); err != nil {
			t.Errorf("skew %v: %v", skew, err)
		}
	}
}

func TestOAuthRefusalsBecomeErrorsWithANextStep(t *testing.T) {
	for code, kind := range map[string]error{"invalid_client": ErrUnauthorized, "invalid_scope": ErrScope} {
		s, text := newECServer(t, false)
		s.reject = code
		c := s.connect(t, text)
		_, err := c.App(t.Context(), "0oa1")
		var e *Error
		if !errors.Is(err, kind) || !errors.As(err, &e) || e.Code != code || e.Pattern != "/oauth2/v1/token" ||
			e.Sent != NotSent || e.Next() == "" {
			t.Errorf("%s gave %v (%+v)", code, err, e)
		}
		if s.served != 0 {
			t.Error("a resource was served without a token")
		}
	}
}

func TestMeOfAServiceAppHasNoSubject(t *testing.T) {
	s, text := newECServer(t, false)
	wire := roundTrip(func(req *http.Request) (*http.Response, error) {
		if strings.HasPrefix(req.URL.Path, "/oauth2") {
			return s.RoundTrip(req)
		}
		return (&script{}).answer(req, 404, `{"errorCode":"E0000007"}`, http.Header{}), nil
	})
	s.t = t
	c, _, err := Connect(t.Context(), Options{
		BaseURL:   "https://acme.okta.com",
		Transport: wire,
		Credentials: Credentials{
			ClientID:   "0oaService",
			PrivateKey: secret.New(text),
			KeyID:      "kid1",
			Scopes:     []string{"okta.users.read", "okta.apps.read"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Me(t.Context()); !errors.Is(err, ErrNoSubject) {
		t.Errorf("got %v", err)
	}
}

func TestBadOptionsAreRefusedWithoutShowingSecrets(t *testing.T) {
	token := tokenCredentials()
	cases := []Options{
		{BaseURL: "acme.okta.com", Credentials: token},
		{BaseURL: "https://acme.okta.com/api", Credentials: token},
		{BaseURL: "https://user:pw@acme.okta.com", Credentials: token},
		{BaseURL: "https://acme.okta.com", Credentials: token, Threshold: 1.5},
		{BaseURL: "https://acme.okta.com", Credentials: token, MaxConcurrency: -1},
		{BaseURL: "https://acme.okta.com"},
		{BaseURL: "https://acme.okta.com", Credentials: Credentials{Token: secret.New("line\nbreak")}},
		{
			BaseURL:     "https://acme.okta.com",
			Credentials: Credentials{Token: secret.New("x"), ClientID: "0oa1"},
		},
		{
			BaseURL: "https://acme.okta.com",
			Credentials: Credentials{
				ClientID:   "0oa1",
				PrivateKey: secret.New("hunter2"),
				Scopes:     []string{"s"},
				KeyID:      "k",
			},
		},
		{
			BaseURL: "https://acme.okta.com",
			Credentials: Credentials{
				ClientID:   "0oa1",
				PrivateKey: secret.New(`{"kty":"hunter2"}`),
				Scopes:     []string{"s"},
				KeyID:      "k",
			},
		},
		{
			BaseURL:     "https://acme.okta.com",
			Credentials: Credentials{ClientID: "0oa1", PrivateKey: secret.New("x")},
		},
	}
	for i, o := range cases {
		_, _, err := Connect(t.Context(), o)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "pw@") {
			t.Errorf("case %d gave %v", i, err)
		}
	}
}

func TestAFeatureThatIsOffDoesNotCostTheToken(t *testing.T) {
	s, text := newECServer(t, false)
	asked := 0
	s.t = t
	wire := roundTrip(func(req *http.Request) (*http.Response, error) {
		if strings.HasPrefix(req.URL.Path, "/oauth2") {
			return s.RoundTrip(req)
		}
		asked++
		return (&script{}).answer(req, 401, `{"errorCode":"E0000015"}`, http.Header{}), nil
	})
	c, _, err := Connect(t.Context(), Options{
		BaseURL:   "https://acme.okta.com",
		Transport: wire,
		Credentials: Credentials{
			ClientID:   "0oaService",
			PrivateKey: secret.New(text),
			KeyID:      "kid1",
			Scopes:     []string{"okta.users.read", "okta.apps.read"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Entitlement(t.Context(), "esp1"); !errors.Is(err, ErrFeatureOff) || asked != 1 || s.issued != 1 {
		t.Errorf("asked %d times with %d tokens, %v", asked, s.issued, err)
	}
}
