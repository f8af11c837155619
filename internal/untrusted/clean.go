// Package untrusted makes text that people outside wrote fit to be shown: on a terminal, in a model's context, in a ticket, in a
// spreadsheet. Okta, reports, Jira and Slack are all outside.
package untrusted

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes untrusted text fit to be shown: terminal escape sequences, control characters, zero-width, bidi and tag
// characters and broken UTF-8 are gone, whitespace is folded, and the result has at most max characters (an ellipsis
// takes the place of what was cut). max 0 or less means no bound. Use it for every text from a file or from Okta that leaves
// the program.
func Clean(s string, max int) string {
	var b strings.Builder
	count, space := 0, false
	for i := 0; i < len(s); {
		if n := escapeLength(s[i:]); n > 0 {
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r == utf8.RuneError && n == 1:
			continue
		case unicode.IsSpace(r) || r == 0x2028 || r == 0x2029:
			space = count > 0
			continue
		case unicode.IsControl(r) || Bidi(r) || Invisible(r) || !unicode.IsPrint(r) && !unicode.Is(unicode.Co, r):
			continue
		}
		need := 1
		if space {
			need = 2
		}
		if max > 0 && count+need > max {
			return ellipsis(b.String(), max)
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		count += need
	}
	return b.String()
}

// ellipsis ends s, which was cut, within max characters.
func ellipsis(s string, max int) string {
	for utf8.RuneCountInString(s) >= max {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimRight(s, " ") + "…"
}

// escapeLength returns the length of the terminal escape sequence that s begins with, or 0.
func escapeLength(s string) int {
	var body string
	switch {
	case strings.HasPrefix(s, "\x1b"):
		body = s[1:]
	case strings.HasPrefix(s, "\u009b"): // CSI as one character
		return 2 + csiLength(s[2:])
	default:
		return 0
	}
	if body == "" {
		return 1
	}
	switch body[0] {
	case '[':
		return 2 + csiLength(body[1:])
	case ']', 'P', 'X', '^', '_': // a string, up to BEL or ESC \
		for i := 1; i < len(body) && i < 4096; i++ {
			if body[i] == 7 {
				return i + 2
			}
			if body[i] == 0x1b && i+1 < len(body) && body[i+1] == '\\' {
				return i + 3
			}
		}
		return 2 // never ended: only the introducer goes
	}
	if body[0] >= 0x20 && body[0] < 0x7f {
		return 2
	}
	return 1
}

func csiLength(s string) int {
	for i := 0; i < len(s) && i < 64; i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
		if s[i] < 0x20 || s[i] > 0x3f {
			return i
		}
	}
	return 0
}

// Bidi reports characters that change the direction in which text is shown.
func Bidi(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
}

// Invisible reports characters that show as nothing.
func Invisible(r rune) bool {
	switch {
	case r == 0x00ad, r == 0x034f, r == 0x180e, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, r == 0xfeff, r == 0x17b4, r == 0x17b5:
		return true
	case r >= 0x200b && r <= 0x200d, r >= 0x2060 && r <= 0x2064, r >= 0x206a && r <= 0x206f, r >= 0xfe00 && r <= 0xfe0f,
		r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe0fff, r == 0x2028, r == 0x2029, r == 0x2800:
		return true
	case r >= 0x1bca0 && r <= 0x1bca3, r >= 0x1d173 && r <= 0x1d17a: // controls of shorthand and of music
		return true
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
