package lexicon

import (
	"slices"
	"strings"
)

// bare drops the words of a header that say nothing about what it asks.
func bare(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		switch w {
		case "or", "and", "vs", "oder", "und", "ou", "et", "o", "u", "of", "e", "access", "zugriff", "user", "role", "the", "to", "should":
			return true
		}
		return false
	})
}

// opposites reports whether a header names two opposite words side by side, such as Keep/Remove, and whether those are
// words that decide, such as yes and no, and not states, such as active and inactive.
func (l *Lexicon) opposites(words []string) (found, state bool) {
	words = bare(words)
	for i := range words {
		for _, n := range [][2]int{{1, 1}, {1, 2}, {2, 1}} {
			if i+n[0]+n[1] > len(words) {
				continue
			}
			a := l.cells[strings.Join(words[i:i+n[0]], " ")]
			b := l.cells[strings.Join(words[i+n[0]:i+n[0]+n[1]], " ")]
			for range 2 {
				switch {
				case a[Grants] && (b[Refuses] || b[No]), a[Yes] && b[No]:
					return true, false
				case a[ActiveState] && b[Inactive]:
					return true, true
				}
				a, b = b, a
			}
		}
	}
	return false, false
}

// Denies reports a cell that says of access that there is none: No role assigned, keine Rolle, sin acceso.
func (l *Lexicon) Denies(cell string) bool {
	words := strings.Fields(cellKey(cell))
	if len(words) == 0 || len(words) > 6 || !l.words["without"][words[0]] {
		return false
	}
	for _, w := range words[1:] {
		part := l.phrases[w]
		if !l.words["given"][w] && !l.words["without"][w] && part != Access && part != Weak {
			return false
		}
	}
	return len(words) > 1
}

// Remark reports a header for remarks of people: comments and notes, or with reason also reasons and justifications.
func (h *Heading) Remark(reason bool) bool {
	l := Load()
	return slices.ContainsFunc(h.Words, func(w string) bool { return l.words["remark"][w] || reason && l.words["reason"][w] })
}

// Approval reports a heading of the day on which something was approved: Approved On. Without a day it was not.
func (h *Heading) Approval() bool {
	l := Load()
	return h.Is(Date, OtherDate) && slices.ContainsFunc(h.Words, func(w string) bool { return l.words["approval"][w] })
}

// Takes reports whether a text speaks of taking access away: please revoke, left the company. With strict, single words do
// not count, because a reason such as "to remove old invoices" has them too.
func (l *Lexicon) Takes(text string, strict bool) bool {
	if len(text) > 400 {
		text = text[:400]
	}
	key := cellKey(text)
	padded := " " + key + " "
	for phrase := range l.words["takes"] {
		if strict && !strings.Contains(phrase, " ") && !isCJK(phrase) {
			continue
		}
		if isCJK(phrase) && strings.Contains(key, phrase) || strings.Contains(padded, " "+phrase+" ") {
			return true
		}
	}
	return false
}

// mayStrike is a quick look: no word of the value begins a phrase that strikes it out.
func (l *Lexicon) mayStrike(value string) bool {
	key := cellKey(value)
	return isCJK(key) || slices.ContainsFunc(strings.Fields(key), func(w string) bool { return l.words["struckfirst"][w] })
}

// Struck finds a word at the edge of a value, or in brackets, that says that the value is no longer held: REVOKED - Viewer,
// Viewer (disabled). rest is the value without it. plain means that nothing but a space sets the word off, so that it may
// be part of a name, such as Deleted Items Reader.
func (l *Lexicon) Struck(value string) (rest string, plain, found bool) {
	if bare := strings.Trim(value, "~"); strings.HasPrefix(value, "~~") && strings.HasSuffix(value, "~~") && bare != "" {
		return bare, false, true
	}
	if strings.ContainsRune(value, '\u0336') { // each letter is struck through
		return strings.ReplaceAll(value, "\u0336", ""), false, true
	}
	if bare, minus := strings.CutPrefix(value, "-"); minus && bare != "" {
		return strings.TrimSpace(bare), true, true
	}
	if name, no := l.switchedOff(value); no {
		return name, false, true
	}
	if !l.mayStrike(value) {
		return "", false, false
	}
	says := func(s string) bool { return l.words["struck"][cellKey(s)] }
	soft := func(s string) bool { return l.words["soft"][cellKey(s)] }
	for _, pair := range []string{"()", "[]", "{}", "<>", "**", "__", "~~"} {
		i := strings.IndexByte(value, pair[0])
		if i < 0 {
			continue
		}
		j := strings.IndexByte(value[i+1:], pair[1])
		if j > 0 && (says(value[i+1:i+1+j]) || l.begins(value[i+1:i+1+j], says)) {
			return strings.TrimSpace(value[:i] + value[i+j+2:]), false, true
		}
	}
	for _, sign := range []string{" - ", " – ", " — ", ": ", " / ", " | ", " -", "- ", "=>", "->", "*", "!", "#", "_"} {
		if before, after, cut := strings.Cut(value, sign); cut && says(before) {
			return strings.TrimSpace(after), sign == "_" && soft(before), true
		}
		if i := strings.LastIndex(value, sign); i > 0 && (says(value[i+len(sign):]) || l.begins(value[i+len(sign):], says)) {
			return strings.TrimSpace(value[:i]), sign == "_" || sign == ": " || soft(value[i+len(sign):]), true
		}
	}
	words := strings.Fields(value)
	for n := 1; n <= min(3, len(words)-1); n++ {
		first, last := strings.Join(words[:n], " "), strings.Join(words[len(words)-n:], " ")
		if says(first) {
			return strings.Join(words[n:], " "), !loud(first, value), true
		}
		if says(last) {
			return strings.Join(words[:len(words)-n], " "), !loud(last, value) && (n == 1 || soft(last)), true
		}
	}
	return "", false, false
}

// switchedOff finds a name with a no behind it: write=false, invoices:none. Numbers are levels.
func (l *Lexicon) switchedOff(value string) (name string, no bool) {
	i := strings.LastIndexAny(value, "=:")
	if i <= 0 {
		return "", false
	}
	behind := strings.TrimSpace(value[i+1:])
	if behind == "" || strings.Trim(behind, "0123456789.,-") == "" {
		return "", false
	}
	senses := l.Senses(behind)
	for _, s := range []Sense{No, Placeholder, Ambiguous, Refuses, Inactive} {
		if senses[s] {
			return strings.TrimSpace(value[:i]), !senses[Level]
		}
	}
	return "", false
}

// begins reports whether the first word of several has the sense: revoked 2026-03-04.
func (l *Lexicon) begins(s string, says func(string) bool) bool {
	word, _, more := strings.Cut(strings.TrimSpace(s), " ")
	return more && says(strings.TrimRight(word, ":,"))
}

// loud reports a word in capitals within a text that has small letters.
func loud(word, text string) bool {
	return word == strings.ToUpper(word) && word != strings.ToLower(word) && text != strings.ToUpper(text)
}
