package cli

import (
	"bytes"
	"strings"
	"testing"
)

// Found from outside: a misspelt command, a missing argument and --version were refused without a word of what to write.
func TestWrongUseSaysWhatToWrite(t *testing.T) {
	for args, want := range map[string]string{
		"docter":          "is doctor meant?",
		"audit mffa":      "is mfa meant?",
		"quite another":   "--help",
		"apply":           "okta-entitlements-mcp apply PLAN",
		"doctor --demoo":  "okta-entitlements-mcp doctor",
		"trail verify it": "okta-entitlements-mcp trail verify",
	} {
		cmd := Commands(samples)
		cmd.SetArgs(strings.Fields(args))
		err := cmd.ExecuteContext(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || exitCode(err) != 2 {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
	for _, flag := range []string{"--version", "-v"} {
		var out bytes.Buffer
		cmd := Commands(samples)
		cmd.SetArgs([]string{flag})
		cmd.SetOut(&out)
		if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.Contains(out.String(), "okta-entitlements-mcp version") {
			t.Errorf("%s: %q, %v", flag, out.String(), err)
		}
	}
}
