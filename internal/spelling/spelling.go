// Package spelling holds the one rule by which two spellings name one person or one value. Whatever compares names of
// people or values, of the report or of Okta, compares them with Fold.
package spelling

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/untrusted"
)

// Fold is the form in which two spellings of one name are the same: letter case and runs of white space do not count.
// `Admin` and ` admin ` name one value; `Admin2` is another.
//
// A letter is folded only with the one partner that it has: strings.ToLower would turn the Kelvin sign into a k, and the
// dotted capital I of Turkish into an i, and so make one person of two. Long s, dotless i, the final sigma and the
// full-width letters stay letters of their own. Bytes that are no UTF-8 stay what they are.
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	return lower(strings.Join(strings.Fields(s), " "))
}

// isFolded reports ASCII text that Fold does not change.
func isFolded(s string) bool {
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' || c < ' ' || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return s == "" || before != ' '
}

// Seen is Fold without the characters that show as nothing. Two names with one Seen and different Folds are twins: no one
// who reads them can tell which is which.
func Seen(s string) string {
	if ascii(s) {
		return Fold(s)
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !untrusted.Invisible(r) && !untrusted.Bidi(r) {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return Fold(b.String())
}

// Same reports whether two spellings name one person or one value.
func Same(a, b string) bool { return Fold(a) == Fold(b) }

func lower(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if l := unicode.ToLower(r); l != r && unicode.ToUpper(l) == r {
			b.WriteRune(l)
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
