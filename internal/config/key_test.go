package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"okta-entitlements-mcp/internal/config"
)

// caseText is a case that people met, of testdata.
func caseText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// caseSettings are the settings that a case's command line gives.
func caseSettings(t *testing.T, name string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, pair := range regexp.MustCompile(`(?m)\b(OKTA_[A-Z_]+)=(\S+)`).FindAllStringSubmatch(caseText(t, name), -1) {
		env[pair[1]] = pair[2]
	}
	delete(env, "OKTA_CA_FILE")
	return env
}

func ecKey(t *testing.T) (der []byte, text string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if der, err = x509.MarshalECPrivateKey(key); err != nil {
		t.Fatal(err)
	}
	return der, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// parameters is the block that openssl ecparam -genkey writes before the key: the OID of prime256v1.
const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

func TestTheKeyIsFoundAmongOtherBlocks(t *testing.T) {
	w := newWorld(t, caseSettings(t, "given-68-k12-ec-parameters.sh"))
	_, key := ecKey(t)
	put(t, w.work, w.env["OKTA_PRIVATE_KEY_FILE"], parameters+key)
	if got := w.load(t).Okta.PrivateKey.Reveal(); strings.TrimSpace(got) != strings.TrimSpace(key) {
		t.Error("the key is not the one after the parameters")
	}
	put(t, w.work, w.env["OKTA_PRIVATE_KEY_FILE"], parameters)
	if _, err := config.Load(w.options()); err == nil || !strings.Contains(err.Error(), "ec parameters") {
		t.Errorf("parameters alone: %v", err)
	}
}

func TestKeysInQuotesAndInBase64AreRead(t *testing.T) {
	der, key := ecKey(t)
	for name, text := range map[string]string{
		"double quotes":         `"` + strings.ReplaceAll(key, "\n", `\n`) + `"`,
		"single quotes":         "'" + key + "'",
		"base64":                base64.StdEncoding.EncodeToString([]byte(key)),
		"base64 in lines":       regexp.MustCompile(`.{60}`).ReplaceAllString(base64.StdEncoding.EncodeToString([]byte(key)), "$0\n"),
		"base64 without a tail": base64.RawStdEncoding.EncodeToString([]byte(parameters + key)),
		"no frame":              base64.StdEncoding.EncodeToString(der),
	} {
		w := newWorld(t, map[string]string{
			"OKTA_DOMAIN": "acme.okta.com", "OKTA_CLIENT_ID": "0oa", "OKTA_KEY_ID": "k", "OKTA_PRIVATE_KEY": text,
		})
		c, err := config.Load(w.options())
		if err != nil || strings.TrimSpace(c.Okta.PrivateKey.Reveal()) != strings.TrimSpace(key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := newWorld(t, map[string]string{
		"OKTA_DOMAIN": "acme.okta.com", "OKTA_CLIENT_ID": "0oa",
		"OKTA_PRIVATE_KEY": base64.StdEncoding.EncodeToString([]byte(`{"kty":"EC","kid":"kid","d":"AQAB"}`)),
	})
	if c := w.load(t); c.Okta.KeyID != "kid" {
		t.Errorf("JWK in base64: key id %q", c.Okta.KeyID)
	}
}

func TestAPathInPlaceOfAKeyNamesTheRightSetting(t *testing.T) {
	env := caseSettings(t, "given-75-k12-path-as-key.sh")
	for _, path := range []string{env["OKTA_PRIVATE_KEY"], "okta-key.pem", "./keys/okta", "~/okta", `C:\keys\okta`, `"keys/k.pem"`} {
		env["OKTA_PRIVATE_KEY"] = path
		_, err := config.Load(newWorld(t, env).options())
		if err == nil || !strings.Contains(err.Error(), "named with OKTA_PRIVATE_KEY_FILE") {
			t.Errorf("%s: %v, want OKTA_PRIVATE_KEY_FILE named", path, err)
		}
	}
}

func TestFilesInUTF16AreRead(t *testing.T) {
	written := regexp.MustCompile(`write\('(.*)'\)`).FindStringSubmatch(caseText(t, "given-74-k12-utf16-env.py"))
	text, err := strconv.Unquote(`"` + written[1] + `"`)
	if err != nil {
		t.Fatal(err)
	}
	for name, mark := range map[string]string{"little": "\xff\xfe", "big": "\xfe\xff"} {
		wide := mark
		for _, unit := range utf16.Encode([]rune(text)) {
			lo, hi := string([]byte{byte(unit)}), string([]byte{byte(unit >> 8)})
			if name == "little" {
				wide += lo + hi
			} else {
				wide += hi + lo
			}
		}
		w := newWorld(t, nil)
		put(t, w.work, ".env", wide)
		if c := w.load(t); c.Okta.BaseURL != "https://127.0.0.1:18443" || c.Okta.Token.IsZero() {
			t.Errorf("%s endian: %+v", name, c.Okta)
		}
		for cut, want := range map[string]string{wide[2:]: "UTF-16", wide[:len(wide)-1]: "UTF-16"} {
			put(t, w.work, ".env", cut)
			if _, err := config.Load(w.options()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s endian, cut: %v, want %s named", name, err, want)
			}
		}
	}
}
