package config

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

var errNoKey = errors.New("is neither PEM nor JWK; in a variable, PEM line breaks are written as \\n")

// privateKey checks that text is a private key, without saying anything of it, and returns it with real line breaks.
// Quotes around it and base64 of the whole are taken off, and PEM blocks that are no key are left out. Kid is the key's
// id when it is a JWK that has one.
func privateKey(text string) (key, kid string, err error) {
	text = unquote(strings.TrimSpace(text))
	if plain, ok := outOfBase64(text); ok {
		text = plain
	}
	if strings.HasPrefix(text, "{") {
		return jsonKey(text)
	}
	text = strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", "\r\n", "\n").Replace(text) + "\n"
	var first *pem.Block
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
			return "", "", errors.New("is protected by a passphrase; write it without one: openssl pkey -in KEY -out KEY.plain")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return string(pem.EncodeToMemory(block)), "", nil
		case first == nil:
			first = block
		}
	}
	if first == nil {
		return "", "", errNoKey
	}
	return "", "", fmt.Errorf("is a %s; the private key is needed", strings.ToLower(first.Type))
}

func jsonKey(text string) (key, kid string, err error) {
	var jwk struct {
		Kty, Kid, D string
	}
	if json.Unmarshal([]byte(text), &jwk) != nil || jwk.Kty == "" {
		return "", "", errors.New("looks like a JWK but is not one")
	}
	if jwk.D == "" {
		return "", "", errors.New("is a public JWK; the private one is needed (it has a member d)")
	}
	return text, jwk.Kid, nil
}

// unquote takes off quotes that came along: .env files lose theirs, while a client's configuration and docker
// --env-file hand them on.
func unquote(text string) string {
	for len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		text = strings.TrimSpace(text[1 : len(text)-1])
	}
	return text
}

// outOfBase64 returns the PEM or JWK that a text holds in base64, as secret stores keep several lines in one. The bare
// key in base64, which is PEM without its frame, becomes PEM.
func outOfBase64(text string) (plain string, ok bool) {
	joined := strings.Join(strings.Fields(text), "")
	raw, err := base64.StdEncoding.DecodeString(joined)
	if err != nil {
		if raw, err = base64.RawStdEncoding.DecodeString(joined); err != nil {
			return "", false
		}
	}
	inner := strings.TrimSpace(string(raw))
	if strings.HasPrefix(inner, "{") || strings.Contains(inner, "-----BEGIN ") {
		return inner, true
	}
	kind := ""
	if _, err := x509.ParsePKCS8PrivateKey(raw); err == nil {
		kind = "PRIVATE KEY"
	} else if _, err := x509.ParsePKCS1PrivateKey(raw); err == nil {
		kind = "RSA PRIVATE KEY"
	} else if _, err := x509.ParseECPrivateKey(raw); err == nil {
		kind = "EC PRIVATE KEY"
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})), kind != ""
}

// looksLikePath reports whether a text that is no key is the name of a file.
func looksLikePath(text string) bool {
	text = unquote(strings.TrimSpace(text))
	if strings.ContainsAny(text, "\n\r") || len(text) > 1024 {
		return false
	}
	for _, prefix := range []string{"/", "./", "../", "~/", "file:", `.\`, `..\`, `\\`} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	if len(text) > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/') { // C:\keys\okta.pem
		return true
	}
	switch strings.ToLower(filepath.Ext(text)) {
	case ".pem", ".key", ".json", ".jwk", ".p8", ".txt":
		return true
	}
	return false
}

// utf8Text returns a file's text in UTF-8 without a byte order mark. PowerShell writes UTF-16 with one.
func utf8Text(text []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return text[3:], nil
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		order = binary.BigEndian
	case bytes.IndexByte(text, 0) >= 0:
		return nil, errors.New("holds NUL bytes, as UTF-16 without a byte order mark does; save it as UTF-8")
	default:
		return text, nil
	}
	if len(text)%2 != 0 {
		return nil, errors.New("is UTF-16 that is cut in the middle of a character; save it as UTF-8")
	}
	units := make([]uint16, 0, len(text)/2)
	for i := 2; i < len(text); i += 2 {
		units = append(units, order.Uint16(text[i:]))
	}
	return []byte(string(utf16.Decode(units))), nil
}
