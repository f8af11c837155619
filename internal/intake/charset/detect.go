package charset

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
)

// Guess is what is known of a text's encoding.
type Guess struct {
	Encoding   Encoding    // the best one; what to decode with when Certain
	Certain    bool        // no other encoding gives another text that people could have written
	Candidates []Candidate // the possible ones, best first, at least one
}

// Candidate is an encoding that a text may have.
type Candidate struct {
	Encoding Encoding
	Names    []string // up to three words of the text that read differently under another candidate
	score    float64  // how usual the text is under it, per word with letters beyond ASCII
}

const (
	maxSample = 256 << 10 // bytes that are judged; more adds time and no evidence
	maxNames  = 3
	// clearLead is by how much the best score must be above the next one. A word adds 1 when a language has its letters
	// in that order, so the lead says that half of the words speak for the one and against the other.
	clearLead = 0.5
	// leastScore is the score from which the best of several candidates can be certain: half of the letters have
	// neighbours that a language is known for. A single candidate only has to be possible.
	leastScore = 0.4
	possible   = 0.0
)

// Detect judges a sample of a text without a byte-order mark that is not valid UTF-8, or that is and may have been
// encoded twice. The sample should hold lines with bytes beyond ASCII; it may end within a character.
func Detect(sample []byte) Guess {
	sample = sample[:min(len(sample), maxSample)]
	if valid(sample) {
		return detectUTF8(sample)
	}
	lines := beyondASCII(sample)
	var found []Candidate
	texts := map[Encoding]string{}
	for _, e := range []Encoding{Windows1252, Windows1250, MacRoman, Windows1251, ShiftJIS, EUCJP, GBK, Big5, EUCKR} {
		text, ok := e.decode(lines)
		if !ok {
			continue
		}
		if score, ok := plausible(e, text); ok {
			found, texts[e] = append(found, Candidate{Encoding: e, score: score}), text
		}
	}
	favour(found, sample)
	slices.SortStableFunc(found, func(a, b Candidate) int { return cmp.Compare(b.score, a.score) })
	found = dropEqual(found, texts)
	if len(found) == 0 {
		return unreadable(lines)
	}
	certain := found[0].score >= possible
	if len(found) > 1 {
		certain = found[0].score >= leastScore && found[0].score-found[1].score >= clearLead
	}
	name(found, texts)
	return Guess{Encoding: found[0].Encoding, Certain: certain, Candidates: found}
}

// unreadable is the guess for a text that no encoding makes plausible: a person must say what it is.
func unreadable(lines []byte) Guess {
	g := Guess{Encoding: Windows1252}
	texts := map[Encoding]string{}
	for _, e := range []Encoding{Windows1252, Windows1250, MacRoman} {
		if text, ok := e.decode(lines); ok {
			g.Candidates, texts[e] = append(g.Candidates, Candidate{Encoding: e}), text
		}
	}
	if len(g.Candidates) == 0 {
		g.Candidates = []Candidate{{Encoding: Windows1252}}
	}
	name(g.Candidates, texts)
	g.Encoding = g.Candidates[0].Encoding
	return g
}

// valid reports UTF-8; the sample may end within a character.
func valid(sample []byte) bool {
	for i := 1; i < utf8.UTFMax && i <= len(sample); i++ {
		if tail := sample[len(sample)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				sample = sample[:len(sample)-i]
			}
			break
		}
	}
	return utf8.Valid(sample)
}

// detectUTF8 tells UTF-8 from UTF-8 that was encoded twice: then each run of characters beyond ASCII is UTF-8 again
// once its characters are written as Windows-1252 bytes. A single letter is no run, so real text does not look so.
func detectUTF8(sample []byte) Guess {
	twice, once := 0, 0
	for _, run := range strings.FieldsFunc(string(sample), func(r rune) bool { return r < utf8.RuneSelf }) {
		if strings.HasSuffix(run, "\ufffd") { // the end of the sample cut it
			continue
		}
		if encodedTwice(run) {
			twice++
		} else {
			once++
		}
	}
	if twice == 0 || once > twice {
		return Guess{Encoding: UTF8, Certain: true, Candidates: []Candidate{{Encoding: UTF8}}}
	}
	text, _ := UTF8Twice.decode(sample)
	found := []Candidate{{Encoding: UTF8Twice}, {Encoding: UTF8}}
	name(found, map[Encoding]string{UTF8Twice: text, UTF8: string(sample)})
	return Guess{Encoding: UTF8Twice, Certain: once == 0, Candidates: found}
}

// encodedTwice reports whether a run of characters beyond ASCII is UTF-8 once each is written as its Windows-1252 byte.
func encodedTwice(run string) bool {
	var back []byte
	for _, r := range run {
		b, ok := asWindows1252(r)
		if !ok {
			return false
		}
		back = append(back, b)
	}
	return utf8.Valid(back)
}

// beyondASCII keeps the lines that have such bytes: the others say nothing of the encoding.
func beyondASCII(sample []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(sample) {
		if bytes.IndexFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
			kept = append(kept, line...)
		}
	}
	return kept
}

// favour adds what a trained detector thinks of multi-byte and Cyrillic texts. It does not know the Central European
// ones, and takes short Western texts for Turkish, so it has no word there.
func favour(found []Candidate, sample []byte) {
	names := map[string]Encoding{
		"GB2312": GBK, "GB18030": GBK, "GBK": GBK, "Big5": Big5, "EUC-KR": EUCKR, "CP949": EUCKR, "EUC-JP": EUCJP,
		"SHIFT_JIS": ShiftJIS, "Shift_JIS": ShiftJIS, "CP932": ShiftJIS, "Windows-1251": Windows1251,
	}
	for _, result := range chardet.DetectAll(sample) {
		for i := range found {
			if names[result.Charset] == found[i].Encoding || names[result.Encoding] == found[i].Encoding {
				found[i].score += result.Confidence
			}
		}
	}
}

// dropEqual keeps one candidate for each text: which of two encodings it was does not matter when both say the same.
func dropEqual(found []Candidate, texts map[Encoding]string) []Candidate {
	seen := map[string]bool{}
	return slices.DeleteFunc(found, func(c Candidate) bool {
		text := texts[c.Encoding]
		again := seen[text]
		seen[text] = true
		return again
	})
}

// name gives each candidate the words that tell it from the others. Decoding changes no delimiter and no line break, so
// the cells of all texts are in the same order.
func name(found []Candidate, texts map[Encoding]string) {
	cells := make([][]string, len(found))
	fewest := -1
	for i, c := range found {
		cells[i] = strings.FieldsFunc(texts[c.Encoding], func(r rune) bool { return strings.ContainsRune(",;\t|\r\n\"", r) })
		if fewest < 0 || len(cells[i]) < fewest {
			fewest = len(cells[i])
		}
	}
	seen := map[string]bool{}
	for at := 0; at < fewest; at++ {
		cell := cells[0][at]
		if seen[cell] || isASCII(cell) {
			continue
		}
		seen[cell] = true
		for i := range found {
			found[i].Names = append(found[i].Names, strings.TrimSpace(cells[i][at]))
		}
		if len(found[0].Names) == maxNames {
			return
		}
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
