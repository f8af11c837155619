package oktasim

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func TestClientKeysAreReadInEveryFormThatPeopleHave(t *testing.T) {
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8, err8 := x509.MarshalPKCS8PrivateKey(pair)
	public, errPublic := x509.MarshalPKIXPublicKey(pair.Public())
	sec1, errSEC1 := x509.MarshalECPrivateKey(curve)
	other, errOther := x509.MarshalPKCS8PrivateKey(edwards)
	jwk, err := json.Marshal(jose.JSONWebKey{Key: pair, KeyID: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		kid  string // refused: no key
	}{
		"PKCS 8":     {block("PRIVATE KEY", pkcs8, err8), ""},
		"PKCS 1":     {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(pair), nil), ""},
		"public":     {block("PUBLIC KEY", public, errPublic), ""},
		"JWK":        {string(jwk), "mine"},
		"EC":         {block("EC PARAMETERS", []byte{6, 8, 42}, nil) + block("EC PRIVATE KEY", sec1, errSEC1), ""},
		"other kind": {block("PRIVATE KEY", other, errOther), "refused"},
		"nothing":    {"key", "refused"},
	} {
		key, kid, err := ParseClientKey([]byte(c.text))
		if c.kid == "refused" {
			if err == nil {
				t.Errorf("%s: got %T", name, key)
			}
			continue
		}
		same := pair.PublicKey.Equal(key)
		if name == "EC" {
			same = curve.PublicKey.Equal(key)
		}
		if err != nil || !same || c.kid != "" && kid != c.kid || kid == "" {
			t.Errorf("%s: %T, kid %q, %v", name, key, kid, err)
		}
	}
}
