package secret_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/secret"
)

const (
	token = "00aVeryPrivateToken"
	line1 = "MHcCAQEEIIZ1bm9tYXR0ZXJ3aGF0aXNpbnRoaXNsaW5l"
	jwk   = `{"kty":"EC","kid":"k","d":"c2VjcmV0LW1lbWJlci1vZi1hLWp3aw"}`
)

func TestAHiderTakesSecretsOutOfEveryText(t *testing.T) {
	h := secret.NewHider(secret.New(token), secret.New("-----BEGIN EC PRIVATE KEY-----\n"+line1+"\n-----END EC PRIVATE KEY-----\n"),
		secret.New(jwk), secret.New("short"), secret.Secret{})
	in := map[string]any{
		"query": token, "list": []any{"a", "x " + token + token}, "names": []string{line1},
		"deep": map[string]any{"k" + token: jwk}, "other": "short EC PRIVATE KEY", "n": 1,
	}
	got := fmt.Sprint(h.Value(in))
	for _, leak := range []string{token, line1, "c2VjcmV0"} {
		if strings.Contains(got, leak) {
			t.Errorf("%s is in %s", leak, got)
		}
	}
	if !strings.Contains(got, "short EC PRIVATE KEY") || in["query"] != token {
		t.Errorf("got %s, and the argument is %v", got, in)
	}
	if got := (*secret.Hider)(nil).Hide(token); got != token {
		t.Errorf("no hider: %s", got)
	}
}

func TestLogsHideSecrets(t *testing.T) {
	h := secret.NewHider(secret.New(token))
	var out bytes.Buffer
	for _, log := range []*slog.Logger{
		slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: h.Attr})),
		slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: h.Attr})),
	} {
		log.With("who", token).WithGroup("g").Info("found "+token, "error", errors.New("bad "+token), "text", token, "n", 3)
	}
	if got := out.String(); strings.Contains(got, token) || strings.Count(got, "[secret]") != 8 || !strings.Contains(got, "n=3") {
		t.Errorf("got %s", got)
	}
}
