package intake_test

import (
	"testing"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/untrusted"
)

func TestShortenEmailHidesTheName(t *testing.T) {
	for in, want := range map[string]string{"ada.lovelace@acme.example.com": "a***e@acme.example.com",
		"ada@acme.example.com": "a***@acme.example.com",
		"é@x.example":          "é***@x.example", "E10021": "E***1", "": ""} {
		if got := intake.ShortenEmail(untrusted.New(in)); got != want {
			t.Errorf("ShortenEmail(%q): got %q, want %q", in, got, want)
		}
	}
}
