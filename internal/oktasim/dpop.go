package oktasim

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// proofClaims are the claims of a DPoP proof.
type proofClaims struct {
	Htm, Htu, Jti, Nonce, Ath string
	Iat                       float64
}

// readProof checks what every DPoP proof must have: type, key, signature, method, address, age and an id of its own. It
// returns the thumbprint of the key.
func (t *Tenant) readProof(c *call) (claims proofClaims, jkt, problem string) {
	text := c.r.Header.Get("DPoP")
	if text == "" {
		return claims, "", "The DPoP proof JWT header is missing."
	}
	jws, err := jose.ParseSignedCompact(text, signing)
	if err != nil || len(jws.Signatures) != 1 {
		return claims, "", "The DPoP proof is not a signed JWT."
	}
	head := jws.Signatures[0].Protected
	if typ, _ := head.ExtraHeaders[jose.HeaderType].(string); typ != "dpop+jwt" {
		return claims, "", "The typ of the DPoP proof must be dpop+jwt."
	}
	if head.JSONWebKey == nil || !head.JSONWebKey.IsPublic() {
		return claims, "", "The DPoP proof must carry its public key."
	}
	payload, err := jws.Verify(head.JSONWebKey)
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return claims, "", "The DPoP proof signature is invalid."
	}
	print, err := head.JSONWebKey.Thumbprint(crypto.SHA256)
	if err != nil {
		return claims, "", "The DPoP proof key is not usable."
	}
	return claims, base64.RawURLEncoding.EncodeToString(print), t.checkProofClaims(c, claims)
}

func (t *Tenant) checkProofClaims(c *call, claims proofClaims) (problem string) {
	age := c.now.Sub(time.Unix(int64(claims.Iat), 0))
	switch {
	case claims.Htm != c.r.Method:
		return "The htm of the DPoP proof is not the method of the request."
	case !sameAddress(claims.Htu, c.base()+c.r.URL.EscapedPath()):
		return "The htu of the DPoP proof is not the address of the request."
	case time.Duration(math.Abs(float64(age))) > allowedSkew:
		return "The DPoP proof was issued too long ago or in the future."
	case claims.Jti == "":
		return "The DPoP proof has no jti."
	case !t.useOnce("proof "+claims.Jti, c.now.Add(2*allowedSkew), c.now):
		return "The DPoP proof has already been used."
	}
	return ""
}

// sameAddress compares without query and fragment, which the claim must not have anyway.
func sameAddress(claimed, actual string) bool {
	claimed, _, _ = strings.Cut(claimed, "?")
	claimed, _, _ = strings.Cut(claimed, "#")
	return claimed == actual
}

// tokenProof checks the proof at the token endpoint, with the nonce dance. jkt is empty for a client that needs no proof and
// sends none.
func (t *Tenant) tokenProof(c *call, cl *client) (jkt string, ok bool) {
	if c.r.Header.Get("DPoP") == "" && !cl.DPoP {
		return "", true
	}
	claims, jkt, problem := t.readProof(c)
	if problem != "" {
		c.oauthError(http.StatusBadRequest, "invalid_dpop_proof", problem)
		return "", false
	}
	if claims.Nonce != t.opts.DPoPNonce {
		c.w.Header().Set("Dpop-Nonce", t.opts.DPoPNonce)
		c.oauthError(http.StatusBadRequest, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
		return "", false
	}
	return jkt, true
}

// checkResourceProof checks the proof that comes with a bound token; no nonce is needed there.
func (t *Tenant) checkResourceProof(c *call, cr *credential, token string) (problem string) {
	claims, jkt, problem := t.readProof(c)
	if problem != "" {
		return problem
	}
	sum := sha256.Sum256([]byte(token))
	switch {
	case claims.Ath != base64.RawURLEncoding.EncodeToString(sum[:]):
		return "The ath of the DPoP proof does not fit the access token."
	case jkt != cr.jkt:
		return "The key of the DPoP proof is not the key that the access token is bound to."
	}
	return ""
}

// RotateDPoPNonce makes the token endpoint ask for a new nonce; the old one is not taken any more.
func (t *Tenant) RotateDPoPNonce() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opts.DPoPNonce = t.newToken(32)
}
