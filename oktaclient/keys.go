package oktaclient

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// serviceApp is an OAuth service app: who it is and how it signs.
type serviceApp struct {
	clientID string
	scopes   []string
	signer   jose.Signer
	proofs   *prover
}

func newServiceApp(c Credentials) (*serviceApp, error) {
	switch {
	case c.ClientID == "":
		return nil, errors.New("credentials: client id missing")
	case c.PrivateKey.IsZero():
		return nil, errors.New("credentials: private key missing")
	case len(c.Scopes) == 0:
		return nil, errors.New("credentials: no scopes; a service app must ask for at least one, such as okta.users.read")
	}
	key, kid, err := parseKey(c.PrivateKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("credentials: private key: %w", err)
	}
	if c.KeyID != "" {
		kid = c.KeyID
	}
	if kid == "" {
		return nil, errors.New("credentials: key id missing; Okta shows it as KID beside the service app's public key")
	}
	alg, err := algorithm(key)
	if err != nil {
		return nil, fmt.Errorf("credentials: private key: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key},
		(&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid))
	if err != nil {
		return nil, errors.New("credentials: private key cannot sign")
	}
	proofs, err := newProver()
	if err != nil {
		return nil, err
	}
	return &serviceApp{clientID: c.ClientID, scopes: c.Scopes, signer: signer, proofs: proofs}, nil
}

// parseKey reads PEM or JWK. Its errors never repeat any of the text.
func parseKey(text string) (key crypto.PrivateKey, kid string, err error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		var jwk jose.JSONWebKey
		if jwk.UnmarshalJSON([]byte(text)) != nil || !jwk.Valid() {
			return nil, "", errors.New("not a usable JWK")
		}
		if jwk.IsPublic() {
			return nil, "", errors.New("the JWK is a public key; the private one is needed")
		}
		return jwk.Key, jwk.KeyID, nil
	}
	// A .env file often holds the line breaks as \n.
	block := keyBlock([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if block == nil {
		return nil, "", errors.New("neither PEM nor JWK JSON")
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, "", errors.New("the key is encrypted with a passphrase; give it unencrypted")
	}
	if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return k, "", nil
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, "", nil
	}
	if k, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return k, "", nil
	}
	return nil, "", errors.New("PEM holds no RSA or EC private key (PKCS #1, PKCS #8 or SEC 1)")
}

// keyBlock returns the first PEM block that is a private key, else the first of all, else nil: openssl ecparam -genkey
// writes a block EC PARAMETERS before the key.
func keyBlock(text []byte) *pem.Block {
	first, rest := pem.Decode(text)
	for block := first; block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block
		}
	}
	return first
}

// algorithm is the signature that fits the key. Okta API: RS or ES with 256, 384 or 512.
func algorithm(key crypto.PrivateKey) (jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 2048 {
			return "", errors.New("RSA keys must have 2048 bits or more")
		}
		return jose.RS256, nil
	case *ecdsa.PrivateKey:
		switch k.Curve {
		case elliptic.P256():
			return jose.ES256, nil
		case elliptic.P384():
			return jose.ES384, nil
		case elliptic.P521():
			return jose.ES512, nil
		}
	}
	return "", errors.New("only RSA keys and EC keys on P-256, P-384 or P-521 are usable")
}

// assertionLife is how long a client assertion is good for. Okta API: at most an hour. iat is left out, so a clock of
// ours that runs some minutes fast does no harm, and half an hour forgives one that runs slow.
const assertionLife = 30 * time.Minute

// assertion signs a fresh client assertion for the token endpoint. Okta API: aud is the exact token URL, jti serves once.
func (a *serviceApp) assertion(endpoint string, now time.Time) (string, error) {
	return signJSON(a.signer, map[string]any{
		"iss": a.clientID, "sub": a.clientID, "aud": endpoint, "exp": now.Add(assertionLife).Unix(), "jti": nonce(),
	})
}

func signJSON(s jose.Signer, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	signed, err := s.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed.CompactSerialize()
}

// nonce is 144 random bits.
func nonce() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program first
	return base64.RawURLEncoding.EncodeToString(b[:])
}
