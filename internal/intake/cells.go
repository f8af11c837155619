package intake

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/untrusted"
)

// DefaultSeparators split a cell that holds several values.
const DefaultSeparators = ";,|"

// noSeparators is the word in Mapping.Separators for cells that always hold one value.
const noSeparators = "none"

// trim cuts ASCII blanks from both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// foldSpace trims whitespace of any kind, no-break spaces and line breaks among them, and makes every run of it one
// space.
func foldSpace(s string) string {
	if isFolded(s) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// isFolded reports printable ASCII text in which every blank is one space between words.
func isFolded(s string) bool {
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c >= 0x7f || c < ' ' || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return s == "" || before != ' '
}

// plainText reports whether a cell is printable ASCII and needs no closer look.
func plainText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// startsFormula reports whether a spreadsheet would run the cell. Signed numbers and phone numbers are not formulas.
func startsFormula(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] {
	case '=', '@', '\t', '\r':
		return true
	case '+', '-':
		for _, c := range b[1:] {
			if (c < '0' || c > '9') && !bytes.ContainsRune([]byte(" .,()-/%"), rune(c)) {
				return true
			}
		}
	}
	return false
}

// oddities is what closer inspection of a text found.
type oddities struct {
	invalid   bool // not UTF-8
	control   bool // C0 or C1 controls other than tab and line breaks, or bidi controls
	invisible bool // zero-width or tag characters, soft hyphens, variation selectors
	lineBreak bool // tab, CR or LF
}

func inspect(b []byte) oddities {
	var o oddities
	for i := 0; i < len(b); {
		r, n := rune(b[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(b[i:])
		}
		i += n
		switch {
		case r == utf8.RuneError:
			// The replacement character itself stands for bytes that an earlier program could not read.
			o.invalid = true
		case r == '\t' || r == '\n' || r == '\r':
			o.lineBreak = true
		case untrusted.Bidi(r) || unicode.IsControl(r):
			o.control = true
		case untrusted.Invisible(r):
			o.invisible = true
		}
	}
	return o
}

// lookalikes maps letters of other alphabets, and typographic signs, to the ASCII letter that they look like.
var lookalikes = map[rune]rune{
	'а': 'a', 'в': 'b', 'с': 'c', 'е': 'e', 'н': 'h', 'і': 'i', 'ј': 'j', 'к': 'k', 'м': 'm', 'о': 'o', 'р': 'p', 'ѕ': 's',
	'т': 't', 'х': 'x', 'у': 'y', 'α': 'a', 'β': 'b', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p',
	'τ': 't', 'υ': 'u', 'χ': 'x', 'ı': 'i', 'ⅼ': 'l', 'ǀ': 'l', 'ß': 's',
}

// foldName reduces a value to what people see in it: case, spaces, punctuation, invisible characters and look-alike
// letters are gone. Two values with the same fold are probably one. Names of punctuation only stay as they are.
func foldName(s string) string {
	var b strings.Builder
	for _, r := range s {
		if untrusted.Invisible(r) || untrusted.Bidi(r) || unicode.IsSpace(r) || unicode.IsControl(r) {
			continue
		}
		if r >= 0xff01 && r <= 0xff5e { // full-width forms
			r -= 0xfee0
		}
		r = unicode.ToLower(r)
		if as, ok := lookalikes[r]; ok {
			r = as
		}
		// A sign that can change the meaning (C, C++, C#; A, A+) stays.
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsSymbol(r) || r == '#' || r == '%' || r == '&' || r == '*' {
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 {
		return s
	}
	return b.String()
}
