package untrusted

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// HiddenName reports whether a file's name holds characters that do not show or that change how others show: one that
// looks like another name, or acts on a terminal. The inbox and the copies from S3 follow this one rule.
func HiddenName(name string) bool {
	return !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || Bidi(r) || Invisible(r)
	})
}
