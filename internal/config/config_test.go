package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/config"
)

// world is a process to load in: directories that exist, and an environment.
type world struct {
	work, exe, home, conf, state string
	env                          map[string]string
}

func newWorld(t *testing.T, env map[string]string) world {
	t.Helper()
	base := t.TempDir()
	w := world{
		work:  filepath.Join(base, "work"),
		exe:   filepath.Join(base, "exe"),
		home:  filepath.Join(base, "home"),
		conf:  filepath.Join(base, "conf"),
		state: filepath.Join(base, "state"),
		env:   env,
	}
	for _, dir := range []string{w.work, w.exe, w.home, filepath.Join(w.conf, config.Name), w.state} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w world) options() config.LoadOptions {
	opts := config.LoadOptions{
		WorkDir:       w.work,
		ExeDir:        w.exe,
		HomeDir:       w.home,
		UserConfigDir: w.conf,
		UserStateDir:  w.state,
		Environ:       func(name string) (string, bool) { v, ok := w.env[name]; return v, ok },
	}
	for name := range w.env {
		opts.Names = append(opts.Names, name)
	}
	slices.Sort(opts.Names)
	return opts
}

func (w world) load(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Load(w.options())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func live(more ...string) map[string]string {
	env := map[string]string{"OKTA_DOMAIN": "acme.okta.com", "OKTA_API_TOKEN": "00tokenTOKEN"}
	for i := 0; i+1 < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

func TestDefaultsAreAsDeclared(t *testing.T) {
	c := newWorld(t, live()).load(t)
	got := fmt.Sprint(c.Threshold, c.MaxConcurrency, c.GrantMode, c.ReadOnly, c.ResumeRuns, c.RingSize,
		c.RingAbove, c.StopErrorRate,
		c.ToolWait, c.LogLevel, c.LogFormat, c.S3.Enabled, c.S3.MaxObjectBytes, len(c.Okta.Scopes), c.Warnings)
	want := fmt.Sprint(0.7, 0, "additive", false, "resume", 5, 200, 0.1, 45*time.Second, slog.LevelInfo, "text",
		false, 512<<20, 6, []string{})
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if c.Okta.BaseURL != "https://acme.okta.com" || c.Okta.Token.Reveal() != "00tokenTOKEN" {
		t.Errorf("okta = %+v", c.Okta)
	}
}

func TestDomainIsPutRightOrRefusedWithTheReason(t *testing.T) {
	for _, test := range []struct{ text, want, reason string }{
		{text: "acme.okta.com", want: "https://acme.okta.com"},
		{text: "https://acme.okta.com/", want: "https://acme.okta.com"},
		{text: " HTTPS://Acme.Okta.com ", want: "https://acme.okta.com"},
		{text: "acme.okta.com.", want: "https://acme.okta.com"},
		{text: "acme-admin.okta.com", want: "https://acme.okta.com"},
		{text: "https://acme-admin.oktapreview.com/", want: "https://acme.oktapreview.com"},
		{text: "login-admin.acme.example.com", want: "https://login-admin.acme.example.com"},
		{text: "id.acme.example.com:8443", want: "https://id.acme.example.com:8443"},
		{text: "acme.okta.com:443", want: "https://acme.okta.com"},
		{text: "http://127.0.0.1:8080", want: "http://127.0.0.1:8080"},
		{text: "http://localhost:8080/", want: "http://localhost:8080"},
		{text: "https://[::1]:9000", want: "https://[::1]:9000"},
		{text: "http://acme.okta.com", reason: "in the clear"},
		{text: "acme.okta.com/oauth2/default", reason: "path"},
		{text: "https://acme.okta.com/?x=1", reason: "query"},
		{text: "https://me:pw@acme.okta.com", reason: "user name"},
		{text: "me@acme.okta.com", reason: "user name"},
		{text: "ftp://acme.okta.com", reason: "scheme"},
		{text: "acme", reason: "acme.okta.com"},
		{text: "okta.com", reason: "Okta's own"},
		{text: "www.okta.com", reason: "Okta's own"},
		{text: "{yourOktaDomain}", reason: "address"},
		{text: "<your_org>.okta.com", reason: "character"},
		{text: "your_org.okta.com", reason: "character"},
		{text: "https://", reason: "no host"},
		{text: "acme..okta.com", reason: "well formed"},
		{text: "acme.okta.com:0", reason: "port"},
		{text: "acme.okta.com:99999", reason: "port"},
		{text: "acme.okta.com:", reason: "colon"},
		{text: "acmé.okta.com", reason: "character"},
		{text: "acme.okta.com\x00", reason: "address"},
	} {
		c, err := config.Load(newWorld(t, live("OKTA_DOMAIN", test.text)).options())
		switch {
		case test.reason != "" && (err == nil || !strings.Contains(err.Error(), test.reason) ||
			!strings.Contains(err.Error(), "OKTA_DOMAIN")):
			t.Errorf("%q: error %v, want OKTA_DOMAIN with %q", test.text, err, test.reason)
		case test.reason == "" && (err != nil || c.Okta.BaseURL != test.want):
			t.Errorf("%q: %+v, %v, want %s", test.text, c, err, test.want)
		case test.reason == "" && strings.Contains(test.text, "acme-admin") != (len(c.Warnings) == 1):
			t.Errorf("%q: warnings %q", test.text, c.Warnings)
		case err != nil && strings.Contains(err.Error(), "pw"):
			t.Errorf("%q: error shows the password: %v", test.text, err)
		}
	}
}

func TestDemoNeedsNoCredential(t *testing.T) {
	w := newWorld(t, map[string]string{"OKTA_DOMAIN": "Demo"})
	if c := w.load(t); !c.Okta.Demo || c.Okta.BaseURL != "" {
		t.Errorf("okta = %+v, want the demo", c.Okta)
	}
	w.env = live()
	opts := w.options()
	opts.Demo = true
	c, err := config.Load(opts)
	if err != nil || !c.Okta.Demo || !c.Okta.Token.IsZero() || len(c.Warnings) != 1 {
		t.Errorf("--demo over a live configuration: %+v, %v, want the demo without the token and a warning", c, err)
	}
}

func TestEverythingWrongIsReportedAtOnceByName(t *testing.T) {
	wrong := map[string]string{"OKTA_DOMAIN": "acme", "RATE_LIMIT_THRESHOLD": "70%", "MAX_CONCURRENCY": "65",
		"GRANT_MODE": "replace", "READ_ONLY": "maybe",
		"RESUME_RUNS": "never", "RING_SIZE": "0", "RING_ABOVE": "-1", "STOP_ERROR_RATE": "NaN", "TOOL_WAIT": "45",
		"LOG_LEVEL": "loud", "LOG_FORMAT": "xml",
		"S3_ENABLED": "2", "S3_MAX_OBJECT_MB": "1e3", "S3_ENDPOINT_URL": "minio", "S3_BUCKET_NAME": "s3://bucket/x",
		"S3_ALLOWED_PATHS": "/", "AWS_ACCESS_KEY_ID": "AKIA"}
	_, err := config.Load(newWorld(t, wrong).options())
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error = %v, want Problems", err)
	}
	wrong["OKTA_API_TOKEN"] = "" // not set at all
	for name := range wrong {
		if !slices.ContainsFunc(problems, func(p config.Problem) bool { return p.Setting == name && p.Text != "" }) {
			t.Errorf("%s is not reported", name)
		}
	}
	if len(problems) != len(wrong) {
		t.Errorf("%d problems, want %d:\n%v", len(problems), len(wrong), err)
	}
}

func TestCredentialsThatDoNotGoTogetherAreRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"neither", map[string]string{}, "OKTA_API_TOKEN: not set"},
		{"both", map[string]string{"OKTA_API_TOKEN": "00a", "OKTA_CLIENT_ID": "0oa"}, "together"},
		{"client without key", map[string]string{"OKTA_CLIENT_ID": "0oa"}, "OKTA_PRIVATE_KEY: not set"},
		{"key without client", map[string]string{"OKTA_PRIVATE_KEY": "x", "OKTA_API_TOKEN": "00a"},
			"OKTA_CLIENT_ID: not set"},
		{"two keys", map[string]string{"OKTA_CLIENT_ID": "0oa", "OKTA_PRIVATE_KEY": "x",
			"OKTA_PRIVATE_KEY_FILE": "y"}, "together"},
		{"no such key file", map[string]string{"OKTA_CLIENT_ID": "0oa", "OKTA_PRIVATE_KEY_FILE": "none.pem"}, "none.pem"},
		{"key that is none", map[string]string{"OKTA_CLIENT_ID": "0oa", "OKTA_PRIVATE_KEY": "HUNTER2"},
			"neither PEM nor JWK"},
		{"public key", map[string]string{"OKTA_CLIENT_ID": "0oa", "OKTA_PRIVATE_KEY": pemText("PUBLIC KEY", `\n`)},
			"public key"},
		{"key with passphrase", map[string]string{"OKTA_CLIENT_ID": "0oa",
			"OKTA_PRIVATE_KEY": pemText("ENCRYPTED PRIVATE KEY", "\n")}, "passphrase"},
		{"public JWK", map[string]string{"OKTA_CLIENT_ID": "0oa",
			"OKTA_PRIVATE_KEY": `{"kty":"RSA","kid":"k","n":"AQAB"}`}, "public JWK"},
		{"no key id", map[string]string{"OKTA_CLIENT_ID": "0oa", "OKTA_PRIVATE_KEY": pemText("PRIVATE KEY", "\n")},
			"OKTA_KEY_ID"},
		{"other key id", map[string]string{"OKTA_CLIENT_ID": "0oa", "OKTA_KEY_ID": "z",
			"OKTA_PRIVATE_KEY": `{"kty":"RSA","kid":"k","d":"AQAB"}`}, "OKTA_KEY_ID"},
		{"token with SSWS", map[string]string{"OKTA_API_TOKEN": "SSWS 00HUNTER2"}, "SSWS"},
		{"token with a line break", map[string]string{"OKTA_API_TOKEN": "00HUNT\nER2"}, "copy it again"},
		{"CA file without certificate", live("OKTA_CA_FILE", "ca.pem"), "OKTA_CA_FILE"},
	} {
		w := newWorld(t, test.env)
		test.env["OKTA_DOMAIN"] = "acme.okta.com"
		put(t, w.work, "ca.pem", "nothing")
		_, err := config.Load(w.options())
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		} else if strings.Contains(err.Error(), "HUNT") {
			t.Errorf("%s: error shows the secret: %v", test.name, err)
		}
	}
}

func pemText(kind, br string) string {
	return "-----BEGIN " + kind + "-----" + br + "SFVOVEVSMg==" + br + "-----END " + kind + "-----" + br
}

func TestPrivateKeysAreReadInEveryForm(t *testing.T) {
	w := newWorld(t, nil)
	path := put(t, w.work, "key.pem", pemText("PRIVATE KEY", "\r\n"))
	for name, env := range map[string]map[string]string{
		"escaped PEM": {"OKTA_PRIVATE_KEY": pemText("RSA PRIVATE KEY", `\n`), "OKTA_KEY_ID": "kid"},
		"JWK":         {"OKTA_PRIVATE_KEY": `{"kty":"RSA","kid":"kid","d":"AQAB"}`},
		"file":        {"OKTA_PRIVATE_KEY_FILE": "key.pem", "OKTA_KEY_ID": "kid"},
	} {
		env["OKTA_DOMAIN"], env["OKTA_CLIENT_ID"] = "acme.okta.com", "0oa"
		w.env = env
		c := w.load(t)
		if c.Okta.KeyID != "kid" || c.Okta.PrivateKey.IsZero() ||
			strings.ContainsAny(c.Okta.PrivateKey.Reveal(), "\\\r") || len(c.Warnings) != 0 {
			t.Errorf("%s: key id %q, warnings %q", name, c.Okta.KeyID, c.Warnings)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	w.env = map[string]string{"OKTA_DOMAIN": "acme.okta.com", "OKTA_CLIENT_ID": "0oa",
		"OKTA_PRIVATE_KEY_FILE": path, "OKTA_KEY_ID": "kid"}
	if c := w.load(t); len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "chmod 600") {
		t.Errorf("key file that others can read: warnings %q", c.Warnings)
	}
}

func TestConfigDoesNotPrintSecrets(t *testing.T) {
	c := newWorld(t, live("OKTA_API_TOKEN", "00HUNTER2", "AWS_ACCESS_KEY_ID", "AKIA", "AWS_SECRET_ACCESS_KEY",
		"HUNTER2", "AWS_SESSION_TOKEN", "HUNTER2")).load(t)
	if out := fmt.Sprintf("%v %+v %#v", c, *c, c.S3); strings.Contains(out, "HUNTER2") {
		t.Errorf("a secret is printed: %s", out)
	}
}

func TestReadOnlyAsksForReadScopesAlone(t *testing.T) {
	c := newWorld(t, live("READ_ONLY", "yes")).load(t)
	if len(c.Okta.Scopes) == 0 || strings.Contains(strings.Join(c.Okta.Scopes, " "), "manage") {
		t.Errorf("scopes = %v, want no manage scope", c.Okta.Scopes)
	}
	c = newWorld(t, live("READ_ONLY", "yes", "OKTA_SCOPES", "okta.users.read, okta.apps.manage")).load(t)
	if !slices.Equal(c.Okta.Scopes, []string{"okta.users.read", "okta.apps.manage"}) {
		t.Errorf("scopes = %v, want those that are set", c.Okta.Scopes)
	}
}
