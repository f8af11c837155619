package charset

import (
	"embed"
	"strings"
	"sync"
	"unicode"
)

//go:embed words/*.txt
var wordFiles embed.FS

// languages are the ones that people write in a single-byte encoding, by the file of their words.
func languages(e Encoding) []string {
	switch e {
	case Windows1252, MacRoman:
		return []string{"de", "fr", "es", "pt", "it", "nordic"}
	case Windows1250:
		return []string{"pl", "cs", "hu", "ro", "hr", "de"}
	case Windows1251:
		return []string{"ru"}
	}
	return nil
}

// language knows which letters follow each other around a letter beyond ASCII.
type language struct {
	letters map[rune]bool
	pairs   map[[2]rune]bool
	triples map[[3]rune]bool
}

// edge is the beginning or end of a word.
const edge = ' '

// learned are the languages that were needed so far. Most reports are UTF-8, and then none is.
type library struct {
	mu      sync.Mutex
	learned map[string]*language
}

func (l *library) language(name string) *language {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.learned[name]; known != nil {
		return known
	}
	text, err := wordFiles.ReadFile("words/" + name + ".txt")
	if err != nil {
		panic("charset: no words for " + name) // a list of languages that names a missing file
	}
	lang := learn(string(text))
	l.learned[name] = lang
	return lang
}

func learn(text string) *language {
	lang := &language{letters: map[rune]bool{}, pairs: map[[2]rune]bool{}, triples: map[[3]rune]bool{}}
	for word := range strings.FieldsSeq(text) {
		eachLetter(word, func(before, letter, after rune) {
			lang.letters[letter] = true
			lang.pairs[[2]rune{before, letter}] = true
			lang.pairs[[2]rune{letter, after}] = true
			lang.triples[[3]rune{before, letter, after}] = true
		})
	}
	return lang
}

// eachLetter calls visit for each letter of a word that is beyond ASCII, in lower case, with its neighbours.
func eachLetter(word string, visit func(before, letter, after rune)) {
	runes := []rune(strings.ToLower(word))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) || !unicode.IsLetter(runes[i]) {
			return edge
		}
		return runes[i]
	}
	for i, r := range runes {
		if r > unicode.MaxASCII && unicode.IsLetter(r) {
			visit(at(i-1), r, at(i+1))
		}
	}
}

// How much a letter's neighbourhood says for a language: the same three letters are in a word that the language is known
// by, both pairs are, one is, or the letter exists and its neighbours are new.
const (
	sameTriple = 1.0
	bothPairs  = 0.8
	onePair    = 0.4
	newPairs   = -0.3
	noLetter   = -2.0 // the language does not have the letter
)

// score is how usual a word is in the language, 1 for entirely.
func (l *language) score(word string) float64 {
	sum, n := 0.0, 0
	eachLetter(word, func(before, letter, after rune) {
		n++
		before2, after2 := l.pairs[[2]rune{before, letter}], l.pairs[[2]rune{letter, after}]
		switch {
		case !l.letters[letter]:
			sum += noLetter
		case l.triples[[3]rune{before, letter, after}]:
			sum += sameTriple
		case before2 && after2:
			sum += bothPairs
		case before2 || after2:
			sum += onePair
		default:
			sum += newPairs
		}
	})
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
