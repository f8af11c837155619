package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"unicode"

	"okta-entitlements-mcp/internal/secret"
)

// finishOkta checks what concerns several Okta settings at once, and reads the files they name.
func (l *loading) finishOkta() {
	o := &l.c.Okta
	if l.c.ReadOnly && !l.set["OKTA_SCOPES"] {
		o.Scopes = readScopes()
	}
	if o.Demo {
		if l.set["OKTA_API_TOKEN"] || l.set["OKTA_CLIENT_ID"] {
			l.warn("OKTA_DOMAIN is demo: the credential that is set is not used")
		}
		*o = Okta{Demo: true, Scopes: o.Scopes}
		return
	}
	if !l.set["OKTA_DOMAIN"] {
		l.missing("OKTA_DOMAIN", "not set; set it to your organisation, such as acme.okta.com, or to demo to try the simulated tenant")
	}
	l.checkCredential()
	if o.CAFile != "" {
		l.readCA()
	}
}

func (l *loading) checkCredential() {
	token, client := l.set["OKTA_API_TOKEN"], l.set["OKTA_CLIENT_ID"]
	switch {
	case token && client:
		l.refuse("OKTA_API_TOKEN", "set together with OKTA_CLIENT_ID; it is not clear which one to use, remove one of them")
	case client:
		l.checkKey()
	case token:
		l.checkToken()
	default:
		l.missing("OKTA_API_TOKEN", "not set; set it, or OKTA_CLIENT_ID with OKTA_PRIVATE_KEY_FILE and OKTA_KEY_ID for an OAuth service app")
	}
	if !client && (l.set["OKTA_PRIVATE_KEY"] || l.set["OKTA_PRIVATE_KEY_FILE"]) {
		l.refuse("OKTA_CLIENT_ID", "not set, although a private key is; set both or neither")
	}
}

func (l *loading) checkToken() {
	token := l.c.Okta.Token.Reveal()
	odd := func(r rune) bool { return r > unicode.MaxASCII || unicode.IsSpace(r) || unicode.IsControl(r) }
	switch {
	case len(token) > 4 && strings.EqualFold(token[:4], "SSWS"):
		l.refuse("OKTA_API_TOKEN", "begins with SSWS; write the token alone")
	case strings.ContainsFunc(token, odd):
		l.refuse("OKTA_API_TOKEN", "holds a space or a character that tokens do not have; copy it again")
	}
}

func (l *loading) checkKey() {
	o := &l.c.Okta
	name := "OKTA_PRIVATE_KEY"
	inline, inFile := l.set[name], l.set["OKTA_PRIVATE_KEY_FILE"]
	switch {
	case inline && inFile:
		l.refuse(name, "set together with OKTA_PRIVATE_KEY_FILE; remove one of them")
		return
	case !inline && !inFile:
		l.missing(name, "not set; OKTA_CLIENT_ID needs it, or OKTA_PRIVATE_KEY_FILE")
		return
	case inFile:
		name = "OKTA_PRIVATE_KEY_FILE"
		if o.PrivateKeyFile == "" {
			return // its path was refused already
		}
		text, err := readSmall(o.PrivateKeyFile)
		if err != nil {
			l.refuse(name, "%v", err)
			return
		}
		o.PrivateKey = secret.New(string(text))
		l.warnIfOpen(name, o.PrivateKeyFile)
	}
	key, kid, err := privateKey(o.PrivateKey.Reveal())
	if errors.Is(err, errNoKey) && inline && looksLikePath(o.PrivateKey.Reveal()) {
		l.refuse(name, "looks like a path; a key that is in a file is named with OKTA_PRIVATE_KEY_FILE")
		return
	}
	if err != nil {
		l.refuse(name, "%v", err)
		return
	}
	o.PrivateKey = secret.New(key)
	switch {
	case o.KeyID == "" && kid == "":
		l.missing("OKTA_KEY_ID", "not set; it is the id (kid) beside the key on the app's page in Okta")
	case o.KeyID == "":
		o.KeyID = kid
	case kid != "" && kid != o.KeyID:
		l.refuse("OKTA_KEY_ID", "is %q, but the JWK's kid is %q", o.KeyID, kid)
	}
}

func (l *loading) readCA() {
	o := &l.c.Okta
	text, err := readSmall(o.CAFile)
	switch {
	case err != nil:
		l.refuse("OKTA_CA_FILE", "%v", err)
	case !x509.NewCertPool().AppendCertsFromPEM(text):
		l.refuse("OKTA_CA_FILE", "%s holds no certificate in PEM", o.CAFile)
	default:
		o.CA = text
	}
}

// warnIfOpen warns when other users of the machine can read a file with a secret. Windows has no such bits.
func (l *loading) warnIfOpen(setting, path string) {
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o044 != 0 {
		l.warn("%s: others on this machine can read %s; run: chmod 600 %s", setting, path, path)
	}
}

// readSmall reads a file that people write by hand. The bound is there against a path to something else.
func readSmall(path string) ([]byte, error) {
	const most = 1 << 20
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(text) > most {
		return nil, fmt.Errorf("%s is larger than 1 MiB; it cannot be the right file", path)
	}
	text, err = utf8Text(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return text, nil
}
