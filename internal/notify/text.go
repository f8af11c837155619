package notify

import (
	"strings"

	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/untrusted"
)

// cut shortens s to max characters, the last of which is an ellipsis.
func cut(s string, max int) string {
	if max <= 0 {
		return ""
	}
	runes := []rune(s)
	if len(runes) <= max {
		return s
	}
	return strings.TrimRight(string(runes[:max-1]), " ") + "…"
}

// cleanLines cleans each line and drops the empty ones.
func cleanLines(lines []string, max int) []string {
	var out []string
	for _, line := range lines {
		if line = untrusted.Clean(line, max); line != "" {
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
