package notify

import (
	"strings"

	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/untrusted"
)

// cleanLines cleans each line and drops the empty ones.
func cleanLines(lines []string, max untrusted.Width) []string {
	var out []string
	for _, line := range lines {
		if line = untrusted.New(line).Show(max); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// scrub takes credentials out of a text that someone else wrote, such as the body of an error answer.
func scrub(text string, secrets ...secret.Secret) string {
	for _, s := range secrets {
		if shown := s.Reveal(); shown != "" {
			text = strings.ReplaceAll(text, shown, "[secret]")
		}
	}
	return text
}
