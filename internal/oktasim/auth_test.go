package oktasim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// service is a service app as a careful client would be one.
type service struct {
	*caller
	id    string
	key   *rsa.PrivateKey
	proof *ecdsa.PrivateKey
	count int
}

func newService(t testing.TB, o Options, dpop bool, scopes ...string) *service {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := newCaller(t, o)
	d.auth = ""
	id := d.tenant.AddClient(Client{KeyID: "k1", PublicKey: &key.PublicKey, Scopes: scopes, DPoP: dpop})
	return &service{caller: d, id: id, key: key, proof: proof}
}

func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, o *jose.SignerOptions, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// assertion makes a client assertion; change may spoil its claims.
func (s *service) assertion(kid string, change func(map[string]any)) string {
	s.count++
	claims := map[string]any{
		"iss": s.id, "sub": s.id, "aud": s.tenant.BaseURL() +
			"/oauth2/v1/token", "exp": time.Now().Add(5 * time.Minute).Unix(),
		"iat": time.Now().Unix(), "jti": fmt.Sprint("a", s.count),
	}
	if change != nil {
		change(claims)
	}
	return sign(s, jose.RS256, jose.JSONWebKey{Key: s.key, KeyID: kid}, nil, claims)
}

func (s *service) ask(assertion, scope, proof string) *sent {
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	s.header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.header.Del("DPoP")
	if proof != "" {
		s.header.Set("DPoP", proof)
	}
	defer s.header.Del("DPoP")
	saved := s.auth
	s.auth = ""
	defer func() { s.auth = saved }()
	return s.do("POST", "/oauth2/v1/token", form.Encode())
}

func (s *service) dpop(method, path string, more map[string]any) string {
	s.count++
	claims := map[string]any{"htm": method, "htu": s.tenant.BaseURL() + path, "iat": time.Now().Unix(),
		"jti": fmt.Sprint("p", s.count)}
	for k, v := range more {
		claims[k] = v
	}
	return sign(s, jose.ES256, s.proof, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"), claims)
}

func (s *sent) field(name string) string {
	var body map[string]any
	_ = json.Unmarshal(s.raw, &body)
	text, _ := body[name].(string)
	return text
}

func TestServiceAppGetsATokenThatReachesItsScopesAndNoFurther(t *testing.T) {
	s := newService(t, Options{}, false, "okta.users.manage", "okta.orgs.read")
	answer := s.ask(s.assertion("k1", nil), "okta.users.manage", "")
	if answer.StatusCode != 200 || answer.field("token_type") != "Bearer" || answer.field("scope") != "okta.users.manage" {
		t.Fatalf("token: %d %s", answer.StatusCode, answer.raw)
	}
	s.auth = "Bearer " + answer.field("access_token")
	if got := s.get("/api/v1/users"); got.StatusCode != 200 {
		t.Errorf("manage does not cover read: %d", got.StatusCode)
	}
	got := s.get("/api/v1/org")
	why := got.Header.Get("WWW-Authenticate")
	if got.StatusCode != 403 || len(got.raw) != 0 || !strings.Contains(why, `scope="okta.orgs.read"`) ||
		!strings.Contains(why, `error="insufficient_scope"`) {
		t.Errorf("missing scope: %d %q %q", got.StatusCode, got.raw, why)
	}
	s.refusal(s.get("/api/v1/users/me"), 404, codeNotFound)
	s.tenant.ExpireAccessTokens()
	s.refusal(s.get("/api/v1/users"), 401, codeInvalidToken)
}

func TestAccessTokensLiveForAnHour(t *testing.T) {
	s := newService(t, Options{}, false, "okta.users.read")
	synctest.Test(t, func(t *testing.T) {
		s := *s
		s.caller = &caller{t, New(Options{Clients: []Client{{ID: s.id, KeyID: "k1", PublicKey: &s.key.PublicKey,
			Scopes: []string{"okta.users.read"}}}}), "", s.header}
		s.auth = "Bearer " + s.ask(s.assertion("k1", nil), "okta.users.read", "").field("access_token")
		time.Sleep(time.Hour - time.Second)
		if got := s.get("/api/v1/users"); got.StatusCode != 200 {
			t.Errorf("before the hour is over: %d", got.StatusCode)
		}
		time.Sleep(time.Second)
		s.refusal(s.get("/api/v1/users"), 401, codeInvalidToken)
	})
}

func TestTokenEndpointRefusesWhatOktaRefuses(t *testing.T) {
	s := newService(t, Options{}, false, "okta.users.read")
	used := s.assertion("k1", nil)
	s.ask(used, "okta.users.read", "")
	for name, test := range map[string]struct {
		assertion, scope string
		status           int
		want             string
	}{
		"used": {used, "okta.users.read", 401, "invalid_client"},
		"kid":  {s.assertion("k2", nil), "okta.users.read", 401, "invalid_client"},
		"audience": {s.assertion("k1", func(c map[string]any) { c["aud"] = s.tenant.BaseURL() }), "okta.users.read", 401,
			"invalid_client"},
		"expired": {s.assertion("k1", func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }),
			"okta.users.read", 401, "invalid_client"},
		"too far": {s.assertion("k1", func(c map[string]any) { c["exp"] = time.Now().Add(3 * time.Hour).Unix() }),
			"okta.users.read", 401, "invalid_client"},
		"junk":     {"junk", "okta.users.read", 401, "invalid_client"},
		"no scope": {s.assertion("k1", nil), "", 400, "invalid_scope"},
		"foreign":  {s.assertion("k1", nil), "okta.groups.read", 400, "invalid_scope"},
	} {
		if got := s.ask(test.assertion, test.scope, ""); got.StatusCode != test.status || got.field("error") != test.want {
			t.Errorf("%s: got %d %s", name, got.StatusCode, got.raw)
		}
	}
	forged, _ := rsa.GenerateKey(rand.Reader, 2048)
	s.key = forged
	if got := s.ask(s.assertion("k1", nil), "okta.users.read", ""); got.field("error") != "invalid_client" {
		t.Errorf("forged: %s", got.raw)
	}
}

func TestDPoPDance(t *testing.T) {
	s := newService(t, Options{}, true, "okta.users.read")
	const path = "/oauth2/v1/token"
	if got := s.ask(s.assertion("k1", nil), "okta.users.read", ""); got.StatusCode != 400 ||
		got.field("error") != "invalid_dpop_proof" {
		t.Errorf("without a proof: %s", got.raw)
	}
	first := s.ask(s.assertion("k1", nil), "okta.users.read", s.dpop("POST", path, nil))
	nonce := first.Header.Get("dpop-nonce")
	if first.StatusCode != 400 || first.field("error") != "use_dpop_nonce" || nonce == "" {
		t.Fatalf("without a nonce: %d %s", first.StatusCode, first.raw)
	}
	answer := s.ask(s.assertion("k1", nil), "okta.users.read", s.dpop("POST", path, map[string]any{"nonce": nonce}))
	if answer.field("token_type") != "DPoP" {
		t.Fatalf("with the nonce: %d %s", answer.StatusCode, answer.raw)
	}
	token := answer.field("access_token")
	sum := sha256.Sum256([]byte(token))
	ath := map[string]any{"ath": base64.RawURLEncoding.EncodeToString(sum[:])}
	use := func(scheme, proof string) *sent {
		s.auth = scheme + " " + token
		s.header.Set("DPoP", proof)
		return s.get("/api/v1/users?limit=1")
	}
	good := s.dpop("GET", "/api/v1/users", ath)
	if got := use("DPoP", good); got.StatusCode != 200 {
		t.Errorf("good proof: %d %s", got.StatusCode, got.raw)
	}
	for name, proof := range map[string]string{
		"used":   good,
		"ath":    s.dpop("GET", "/api/v1/users", map[string]any{"ath": "x"}),
		"method": s.dpop("POST", "/api/v1/users", ath),
		"path":   s.dpop("GET", "/api/v1/groups", ath),
		"old": s.dpop("GET", "/api/v1/users",
			map[string]any{"ath": ath["ath"], "iat": time.Now().Add(-6 * time.Minute).Unix()}),
		"none": "",
	} {
		if got := use("DPoP", proof); got.StatusCode != 400 || got.field("error") != "invalid_dpop_proof" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.raw)
		}
	}
	if got := use("Bearer", s.dpop("GET", "/api/v1/users", ath)); got.StatusCode != 400 ||
		got.field("error") != "invalid_request" {
		t.Errorf("Bearer: %d %s", got.StatusCode, got.raw)
	}
	s.proof, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if got := use("DPoP", s.dpop("GET", "/api/v1/users", ath)); got.field("error") != "invalid_dpop_proof" {
		t.Errorf("another key: %s", got.raw)
	}
}

func TestTokensFeaturesAndRolesThatAreMissing(t *testing.T) {
	d := newCaller(t, Options{FeaturesOff: []string{"/api/v1/groups"}, Forbidden: []string{"/api/v1/apps"}})
	d.refusal(d.get("/api/v1/groups"), 401, codeFeatureOff)
	d.refusal(d.get("/api/v1/apps"), 403, codeNoPermission)
	d.tenant.SetFeature("/api/v1/groups", true)
	d.tenant.SetPermission("/api/v1/apps", true)
	for _, path := range []string{"/api/v1/groups", "/api/v1/apps", "/api/v1/users/me"} {
		if s := d.get(path); s.StatusCode != 200 {
			t.Errorf("%s: %d", path, s.StatusCode)
		}
	}
	d.auth = "SSWS other"
	d.refusal(d.get("/api/v1/org"), 401, codeInvalidToken)
	d.auth = "SSWS " + d.tenant.Token()
	d.tenant.RevokeToken("")
	d.refusal(d.get("/api/v1/org"), 401, codeInvalidToken)
}
