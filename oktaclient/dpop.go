package oktaclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// prover makes DPoP proofs with a key of its own that lives as long as the process: an access token that leaks is
// worthless without it.
type prover struct{ signer jose.Signer }

func newProver() (*prover, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make DPoP key: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		(&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		return nil, fmt.Errorf("make DPoP signer: %w", err)
	}
	return &prover{signer: signer}, nil
}

// proof is a fresh proof for one request. Okta API: htu is the URL without query, iat not older than five minutes, jti
// used once; serverNonce is demanded at the token endpoint, ath (hash of the access token) at every other.
func (p *prover) proof(method string, u *url.URL, now time.Time, serverNonce, accessToken string) (string, error) {
	bare := *u
	bare.RawQuery, bare.Fragment = "", ""
	claims := map[string]any{"htm": method, "htu": bare.String(), "iat": now.Unix(), "jti": nonce()}
	if serverNonce != "" {
		claims["nonce"] = serverNonce
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return signJSON(p.signer, claims)
}
