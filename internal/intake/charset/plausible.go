package charset

import (
	"strings"
	"unicode"
)

// plausible says how usual a text is under an encoding, and whether people could have written it at all.
func plausible(e Encoding, text string) (float64, bool) {
	if script := scriptOf(e); script != nil {
		return ideographs(text, script)
	}
	words := wordsBeyondASCII(text)
	if len(words) == 0 {
		return signsAlone(text)
	}
	for _, w := range words {
		if oddWord(w) {
			return 0, false
		}
	}
	best := noLetter
	lib := library{learned: map[string]*language{}}
	for _, name := range languages(e) {
		lang, sum := lib.language(name), 0.0
		for _, w := range words {
			sum += lang.score(w)
		}
		best = max(best, sum/float64(len(words)))
	}
	return best, best > noLetter
}

// wordsBeyondASCII are the distinct words with a character beyond ASCII. A sign within a word belongs to it, so that
// it is seen there.
func wordsBeyondASCII(text string) []string {
	seen := map[string]bool{}
	var words []string
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r <= unicode.MaxASCII && !unicode.IsLetter(r) }) {
		w = strings.TrimFunc(w, typographic)
		if !isASCII(w) && !seen[w] {
			seen[w] = true
			words = append(words, w)
		}
	}
	return words
}

// typographic are the signs beyond ASCII that people write around words.
func typographic(r rune) bool {
	return strings.ContainsRune("“”„‘’‚«»‹›–—…•·€£°§®™©№\u00a0\u202f", r)
}

// oddWord reports a word that no one writes: a sign between letters, letters of two scripts, or a letter beyond
// ASCII that is a capital within small letters, or a small one within capitals. These are the marks of a wrong encoding.
func oddWord(word string) bool {
	before := rune(edge)
	latin, cyrillic := false, false
	runes := []rune(word)
	for i, r := range runes {
		latin = latin || unicode.Is(unicode.Latin, r)
		cyrillic = cyrillic || unicode.Is(unicode.Cyrillic, r)
		switch {
		case r > unicode.MaxASCII && !unicode.IsLetter(r) && !apostrophe(r):
			return true
		case r > unicode.MaxASCII && unicode.IsUpper(r) && unicode.IsLower(before):
			return true
		case r > unicode.MaxASCII && unicode.IsUpper(r) && unicode.IsUpper(before) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
			return true
		case r > unicode.MaxASCII && unicode.IsLower(r) && unicode.IsUpper(before) && capitals(word):
			return true
		}
		before = r
	}
	return latin && cyrillic
}

// capitals reports a word of three and more ASCII letters that are all capitals: a small letter among them is odd.
func capitals(word string) bool {
	upper, lower := 0, 0
	for _, r := range word {
		if r <= unicode.MaxASCII && unicode.IsUpper(r) {
			upper++
		}
		if r <= unicode.MaxASCII && unicode.IsLower(r) {
			lower++
		}
	}
	return upper >= 2 && lower == 0
}

func apostrophe(r rune) bool { return r == '’' || r == '–' || r == '\u00a0' }

// signsAlone judges a text whose only characters beyond ASCII are signs around words.
func signsAlone(text string) (float64, bool) {
	for _, r := range text {
		if r > unicode.MaxASCII && !typographic(r) {
			return 0, false
		}
	}
	return onePair, true
}

// scriptOf says what the letters of a multi-byte encoding are; nil for single-byte ones.
func scriptOf(e Encoding) func(rune) bool {
	kanji := func(r rune) bool { return unicode.Is(unicode.Han, r) }
	wide := func(r rune) bool { return r >= 0x3000 && r <= 0x303f || r >= 0xff01 && r <= 0xff5e || r == '・' }
	switch e {
	case ShiftJIS, EUCJP:
		return func(r rune) bool {
			return kanji(r) || unicode.In(r, unicode.Hiragana, unicode.Katakana) || r == 'ー' || wide(r)
		}
	case GBK, Big5:
		return func(r rune) bool { return kanji(r) || wide(r) }
	case EUCKR:
		return func(r rune) bool { return unicode.Is(unicode.Hangul, r) || wide(r) }
	}
	return nil
}

// lonely is the score of a character of an East Asian script between Latin letters: Windows-1252 text looks so when its
// letters are taken for pairs of bytes.
const lonely = -2.0

// ideographs judges a text of an East Asian encoding: all beyond ASCII is of its script, and stands in words of its own.
func ideographs(text string, script func(rune) bool) (float64, bool) {
	sum, n := 0.0, 0
	runes := []rune(text)
	for i, r := range runes {
		if r <= unicode.MaxASCII {
			continue
		}
		if !script(r) || halfKatakana(r) {
			return 0, false
		}
		n++
		before, after := i > 0 && asciiLetter(runes[i-1]), i+1 < len(runes) && asciiLetter(runes[i+1])
		if before || after {
			sum += lonely
		} else if unicode.In(r, unicode.Hiragana, unicode.Katakana) {
			sum += sameTriple // other encodings make no syllables of Japanese by chance
		} else if rare(r) {
			sum += newPairs
		}
	}
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}

func halfKatakana(r rune) bool { return r >= 0xff61 && r <= 0xff9f }

func asciiLetter(r rune) bool { return r <= unicode.MaxASCII && unicode.IsLetter(r) }

// rare are ideographs outside the block that everyday words use.
func rare(r rune) bool { return unicode.Is(unicode.Han, r) && (r < 0x4e00 || r > 0x9fa5) }
