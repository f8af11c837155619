package secret_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/secret"
)

func TestSecretNeverPrints(t *testing.T) {
	const text = "00aVeryPrivateToken"
	type holder struct{ Token secret.Secret }
	h := holder{Token: secret.New(text)}
	encoded, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("configured", "token", h.Token, "holder", h)
	printed := map[string]string{
		"%v": fmt.Sprintf("%v", h), "%+v": fmt.Sprintf("%+v", h), "%#v": fmt.Sprintf("%#v", h),
		"%s": fmt.Sprintf("%s", h.Token), "%q": fmt.Sprintf("%q", h.Token), "%x": fmt.Sprintf("%x", h.Token),
		"%d": fmt.Sprintf("%d", h.Token), "json": string(encoded), "slog": log.String(), "pointer": fmt.Sprintf("%v", &h),
	}
	for how, out := range printed {
		if strings.Contains(out, text) || strings.Contains(out, fmt.Sprintf("%x", text)) {
			t.Errorf("%s shows the secret: %s", how, out)
		}
	}
	if h.Token.Reveal() != text {
		t.Error("Reveal lost the text")
	}
}

// fmt does not ask values in unexported fields how they want to be shown.
func TestAHiddenFieldDoesNotPrintASecret(t *testing.T) {
	type inner struct {
		token secret.Secret
		all   []secret.Secret
		hider *secret.Hider
	}
	v := struct{ in inner }{inner{
		token: secret.New("HUNTER2HUNTER2"),
		all:   []secret.Secret{secret.New("HUNTER2HUNTER2")},
		hider: secret.NewHider(secret.New("HUNTER2HUNTER2")),
	}}
	if out := fmt.Sprintf("%v %+v %#v", v, v, v); strings.Contains(out, "HUNTER2") {
		t.Errorf("a secret is printed: %s", out)
	}
	if out := fmt.Sprintf("%+v", *v.in.hider); strings.Contains(out, "HUNTER2") {
		t.Errorf("what is looked for is printed: %s", out)
	}
}
