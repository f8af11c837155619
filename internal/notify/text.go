package notify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/secret"
)

// clean makes untrusted text fit for one line of somebody else's screen: control, invisible and bidi characters and broken
// UTF-8 are gone, whitespace is folded, and at most max characters are left, an ellipsis standing for what was cut.
func clean(s string, max int) string {
	var b strings.Builder
	count, space := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = count > 0
			continue
		case r == utf8.RuneError, !unicode.IsPrint(r), invisible(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			count++
			space = false
		}
		b.WriteRune(r)
		if count++; count > max {
			return cut(b.String(), max)
		}
	}
	return b.String()
}

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

// invisible names characters that count as printable and show as nothing.
func invisible(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800:
		return true
	}
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF
}

// cleanLines cleans each line and drops the empty ones.
func cleanLines(lines []string, max int) []string {
	var out []string
	for _, line := range lines {
		if line = clean(line, max); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// scrub takes credentials out of a text that somebody else wrote, such as the body of an error answer.
func scrub(text string, secrets ...secret.Secret) string {
	for _, s := range secrets {
		if shown := s.Reveal(); shown != "" {
			text = strings.ReplaceAll(text, shown, "[secret]")
		}
	}
	return text
}
