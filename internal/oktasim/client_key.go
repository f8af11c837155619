package oktasim

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// ParseClientKey reads the key of a service app, as an administrator would paste it into Okta's console: PEM or JWK, the
// public half or a pair, of which the public half is returned. kid is the JWK's, or else the thumbprint of the key.
func ParseClientKey(text []byte) (key crypto.PublicKey, kid string, err error) {
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
		var jwk jose.JSONWebKey
		if err := json.Unmarshal(text, &jwk); err != nil {
			return nil, "", errors.New("not a JWK")
		}
		key, kid = jwk.Public().Key, jwk.KeyID
	} else {
		key = publicFromPEM(text)
	}
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
	default:
		return nil, "", errors.New("no RSA or EC key in it: want PEM or JWK, public or private, without a passphrase")
	}
	if kid == "" {
		print, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, "", err
		}
		kid = base64.RawURLEncoding.EncodeToString(print)
	}
	return key, kid, nil
}

// publicFromPEM returns the first key in a PEM file, nil for none. Blocks that are no keys, such as the EC PARAMETERS that
// openssl writes first, are passed over.
func publicFromPEM(text []byte) crypto.PublicKey {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil
		}
		if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			return key
		}
		if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
			return key
		}
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if pair, ok := key.(crypto.Signer); ok {
				return pair.Public()
			}
		}
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key.Public()
		}
		if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			return key.Public()
		}
	}
}
