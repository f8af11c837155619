package lexicon

import (
	"slices"
	"strings"
	"unicode"
)

// accents maps letters with marks to the letters below them. It covers the languages of the files and their neighbours.
const (
	accented = "àáâãäåāăąçćčďđèéêëēęěğìíîïīıłľñńňòóôõöøōőřŕśšşșťţțùúûüūůűýÿžźż"
	plain    = "aaaaaaaaacccddeeeeeeegiiiiiillnnnoooooooorrsssstttuuuuuuuyyzzz"
)

// Fold lower-cases text, takes marks off Latin letters, and turns full-width forms into plain ones.
func Fold(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	bases := []rune(plain)
	var b strings.Builder
	for _, r := range s {
		if r >= 0xff01 && r <= 0xff5e { // full-width forms
			r -= 0xfee0
		}
		r = unicode.ToLower(r)
		switch {
		case r == 'ß':
			b.WriteString("ss")
		case r == 'æ':
			b.WriteString("ae")
		case r == 'œ':
			b.WriteString("oe")
		case unicode.Is(unicode.Mn, r) && r < 0x370: // a combining accent
		case r > 0x7f && r < 0x250:
			if i := slices.Index([]rune(accented), r); i >= 0 {
				r = bases[i]
			}
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// spellings returns a word as it is and, for German, with ae, oe and ue in place of umlauts.
func spellings(word string) []string {
	all := []string{word}
	if !strings.ContainsAny(word, "äöüß") { // most words: making a replacer costs more than all else here
		return all
	}
	if other := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss").Replace(word); other != word {
		all = append(all, other)
	}
	return all
}

// Words cuts a header into folded words: at signs, at the humps of camel case, and between letters and digits.
func Words(s string) []string {
	var b strings.Builder
	var last rune
	runes := []rune(s)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			b.WriteByte(' ')
			last = 0
			continue
		}
		next := rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		hump := unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsUpper(last) && unicode.IsLower(next))
		if hump || last != 0 && unicode.IsLetter(last) && unicode.IsDigit(r) && unicode.IsLower(last) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last = r
	}
	return strings.Fields(Fold(b.String()))
}

// cellKey reduces a cell to what is compared: folded words with one space between them.
func cellKey(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		case r == '\'' || r == '’':
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(Fold(b.String())), " ")
}

func isCJK(s string) bool {
	for _, r := range s {
		if r >= 0x3000 {
			return true
		}
	}
	return false
}

func sortLongest(words []string) {
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
}

// isWord reports whether text begins and ends with a letter or digit.
func isWord(s string) bool {
	runes := []rune(s)
	solid := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return len(runes) > 0 && solid(runes[0]) && solid(runes[len(runes)-1])
}
