package lexicon

import (
	"slices"
	"strconv"
	"strings"
)

// Heading is what a column header says.
type Heading struct {
	Part   Part   // "" when no file knows it
	Exact  bool   // the whole header is one phrase of a file
	Found  []Part // every part in it, in order
	Whole  bool   // every word of it is known
	Words  []string
	Base   string // the header without its number: Role for Role 2
	Number int    // 2 for Role 2; -1 for none
	Either bool   // it names two opposites: Keep/Remove, Active/Inactive
	Ends   bool   // the last word is part of what is known
}

// Has reports whether the header speaks of a part, beside others.
func (h *Heading) Has(parts ...Part) bool {
	return slices.ContainsFunc(h.Found, func(p Part) bool { return slices.Contains(parts, p) })
}

// Is reports whether the header as a whole is of one of the parts.
func (h *Heading) Is(parts ...Part) bool { return slices.Contains(parts, h.Part) }

// transparent words do not change what stands before them: a Role Name is a role.
func transparent(word string) bool {
	switch word {
	case "name", "names", "label", "list", "assigned", "current", "text", "display", "bezeichnung", "liste", "nom", "nombre",
		"nome", "naam", "details":
		return true
	}
	return false
}

// preposition reports short words that say from and until when they are the whole header, or its last word above dates.
func preposition(word string) bool {
	switch word {
	case "from", "to", "till", "until", "von", "ab", "bis", "du", "au", "al", "dal", "tot", "van", "vanaf", "ate", "desde",
		"hasta", "seit", "start", "end", "ende", "fin", "fim", "fine":
		return true
	}
	return false
}

// Header reads a column header.
func (l *Lexicon) Header(name string) Heading {
	h := Heading{Number: -1}
	name = l.withoutBrackets(name)
	h.Words = Words(name)
	h.Base, h.Number = numbered(name)
	if len(h.Words) == 0 {
		return h
	}
	joined := strings.Join(h.Words, "")
	if part, known := l.phrases[strings.Join(h.Words, " ")]; known {
		return h.exactly(part)
	}
	if part, known := l.compact[joined]; known {
		return h.exactly(part)
	}
	if isCJK(joined) {
		return l.signs(h, joined)
	}
	var ends []int
	covered := 0
	words := l.split(h.Words)
	for i := 0; i < len(words); {
		part, n := l.phraseAt(words, i)
		if n == 0 {
			if transparent(words[i]) || words[i] == "is" || words[i] == "has" || words[i] == "of" {
				covered++
			}
			i++
			continue
		}
		covered += n
		h.Found = append(h.Found, part)
		i += n
		ends = append(ends, i)
	}
	h.Ends = len(ends) > 0 && ends[len(ends)-1] == len(words)
	h.Part, h.Whole = h.decide(words, ends), covered == len(words)
	h.withoutHolder()
	if either, state := l.opposites(h.Words); either && !h.Has(Other, Date, OtherDate, Ended, From, Until, ID, Description,
		Previous, Recommendation, Review) {
		h.Either, h.Part = true, Decision
		if state {
			h.Part = State
		}
	}
	return h
}

func (h Heading) exactly(part Part) Heading {
	h.Part, h.Exact, h.Ends, h.Whole, h.Found = part, true, true, true, []Part{part}
	return h
}

// phraseAt returns the longest phrase at a place and how many words it has.
func (l *Lexicon) phraseAt(words []string, at int) (Part, int) {
	for n := min(l.longest, len(words)-at); n > 0; n-- {
		part, known := l.phrases[strings.Join(words[at:at+n], " ")]
		if !known {
			part, known = l.compact[strings.Join(words[at:at+n], "")]
		}
		if known && (n > 1 || !preposition(words[at])) {
			return part, n
		}
	}
	return "", 0
}

// split takes compounds apart: Benutzerrolle becomes Benutzer and Rolle.
func (l *Lexicon) split(words []string) []string {
	var all []string
	for _, w := range words {
		if _, known := l.phrases[w]; !known && len(w) >= 8 {
			if at := slices.IndexFunc(l.endings, func(e string) bool { return len(w)-len(e) >= 3 && strings.HasSuffix(w, e) }); at >= 0 {
				ending := l.endings[at]
				all = append(all, l.stem(strings.TrimSuffix(w, ending)), ending)
				continue
			}
		}
		all = append(all, w)
	}
	return all
}

// stem takes the joint off the first word of a compound: genehmigungs, rollen.
func (l *Lexicon) stem(w string) string {
	for _, joint := range []string{"", "s", "n", "en", "es", "er"} {
		short := strings.TrimSuffix(w, joint)
		if _, known := l.phrases[short]; known && strings.HasSuffix(w, joint) {
			return short
		}
	}
	return w
}

// signs reads a header that is written without spaces.
func (l *Lexicon) signs(h Heading, joined string) Heading {
	for joined != "" {
		at, word := -1, ""
		for _, phrase := range l.cjk {
			if i := strings.Index(joined, phrase); i >= 0 {
				at, word = i, phrase
				break
			}
		}
		if at < 0 {
			break
		}
		h.Found = append(h.Found, l.compact[word])
		joined = joined[:at] + joined[at+len(word):]
	}
	if len(h.Found) > 0 {
		h.Part = h.priority(h.Found[0])
	}
	h.withoutHolder()
	return h
}

// withoutHolder marks a heading such as Removed Roles, Conflicting Role or Eligible Group: its cells are names of access
// that the person does not hold. Alone, such a word says nothing.
func (h *Heading) withoutHolder() {
	switch {
	case h.Is(Access, Weak) && h.Has(Unheld, Blocked, Ended):
		h.Part = Unheld
	case h.Is(Unheld) && !h.Has(Access, Weak):
		h.Part = ""
	}
}

// NotHeld reports a heading whose cells, when they are names, are access that the person does not hold.
func (h *Heading) NotHeld() bool {
	return h.Is(Unheld) || h.Is(Blocked, Ended) && h.Has(Access, Weak)
}

// Wished reports a heading such as Proposed Role, Requested Group or Backup Role: access that the person may not hold.
func (h *Heading) Wished() bool {
	return h.Is(Wished) || h.Has(Access, Weak) && h.Has(Recommendation, Request) && h.Is(Access, Weak, Recommendation)
}

// decide finds what a header of several parts speaks of as a whole. The last part is what it is, and the parts before
// it say of what: a Role Description is a description.
func (h *Heading) decide(words []string, ends []int) Part {
	if len(h.Found) == 0 {
		return ""
	}
	n := len(h.Found)
	if n > 1 && transparent(words[len(words)-1]) && ends[len(ends)-1] == len(words) {
		switch before := h.Found[n-2]; before {
		case Login:
			return h.priority(Name)
		case Access, Weak, Application, Other, Scope:
			return h.priority(before)
		}
	}
	return h.priority(h.Found[n-1])
}

func (h *Heading) priority(last Part) Part {
	judges := last == Decision || last == Action || last == State || last == Review || last == Active || last == Blocked ||
		last == Recommendation
	switch {
	case h.Has(Recommendation):
		return Recommendation
	case last == Ended || last == OtherDate || last == Description || last == Flag || last == Kind || last == Organisation:
		return last
	case last == From || last == Until:
		if h.Has(Review, Flag) {
			return OtherDate
		}
		return last
	case last == Date:
		return h.dated()
	case h.Has(Previous) && (judges || last == Previous || h.Has(Access, Weak)):
		return Previous
	case h.Has(Other):
		if judges {
			return last
		}
		return Other
	case last == State && h.Has(Review):
		return Review
	case h.Has(Secondary) && (last == Address || last == Login || last == Secondary):
		return Secondary
	case (last == Address || last == Login) && h.Has(Application, Scope):
		return Secondary // the login inside an application
	case last == Address && h.Has(Access):
		return Scope // the address of a group
	case last == Address && h.Has(Organisation):
		return Description // the address of a department
	case last == ID:
		return ID
	case (last == Access || last == Weak || last == Faint) && h.Has(Organisation):
		return Organisation // job profile, management level
	case (last == Weak || last == Faint) && h.Has(Description):
		return Description // risk level
	}
	return last
}

// dated says what a column with a date is about, by the word beside: revoked date, expiry date, review date.
func (h *Heading) dated() Part {
	switch {
	case h.Has(Until):
		return Until
	case h.Has(Ended, Blocked):
		return Ended
	case h.Has(From):
		return From
	case h.Has(Decision, Review, State, Other, Recommendation, Previous, Description, Flag, ID):
		return OtherDate
	}
	return Date
}

// EndsWith says how the last word of a header above dates reads: From or Until, or "".
func (l *Lexicon) EndsWith(h *Heading) Part {
	if len(h.Words) < 2 || !preposition(h.Words[len(h.Words)-1]) {
		return ""
	}
	if part := l.phrases[h.Words[len(h.Words)-1]]; part == From || part == Until {
		return part
	}
	return ""
}

// withoutBrackets drops what stands in brackets: [READ ONLY], (optional), (Yes/No). Round brackets that name another
// person, another time or another address stay.
func (l *Lexicon) withoutBrackets(name string) string {
	short := cutBrackets(name, '[', ']', nil)
	short = cutBrackets(short, '(', ')', func(inside string) bool {
		for _, w := range Words(inside) {
			switch l.phrases[w] {
			case Other, Secondary, Previous, Recommendation, Blocked:
				return true
			}
		}
		_, err := strconv.Atoi(strings.TrimSpace(inside))
		return err == nil
	})
	if strings.TrimSpace(short) == "" {
		return name
	}
	return strings.TrimSpace(short)
}

func cutBrackets(s string, open, shut byte, keep func(string) bool) string {
	for from := 0; from < len(s); {
		i := strings.IndexByte(s[from:], open)
		if i < 0 {
			break
		}
		i += from
		j := strings.IndexByte(s[i:], shut)
		if j < 0 {
			break
		}
		if keep != nil && keep(s[i+1:i+j]) {
			from = i + j
			continue
		}
		s = s[:i] + " " + s[i+j+1:]
		from = i
	}
	return s
}

// ordinal reports words that number columns: Primary Role, Secondary Role.
func ordinal(word string) int {
	return slices.Index([]string{"", "primary", "secondary", "tertiary", "additional", "first", "second", "third", "further", "main"}, word)
}

// numbered cuts the number off the end of a header: Role 2, Role_2, Role2, Role (2), Role #2.
func numbered(name string) (string, int) {
	name = strings.TrimSpace(name)
	bare := strings.TrimRight(name, ")] ")
	end := len(bare)
	start := end
	for start > 0 && bare[start-1] >= '0' && bare[start-1] <= '9' {
		start--
	}
	if start == end || end-start > 3 || start == 0 {
		if first, rest, found := strings.Cut(name, " "); found && ordinal(strings.ToLower(first)) > 0 {
			return strings.TrimSpace(rest), ordinal(strings.ToLower(first))
		}
		return name, -1
	}
	base := strings.TrimRight(bare[:start], " _-.#([:")
	if base == "" {
		return name, -1
	}
	n, err := strconv.Atoi(bare[start:end])
	if err != nil {
		return name, -1
	}
	return base, n
}

// Stem says what a word of an action column begins with.
type Stem int

// What action words speak of.
const (
	NoStem Stem = iota
	RemovalStem
	NeutralStem // neither gives nor takes: request, update, login
	ActionStem
)

// Stem returns what the text of an action cell speaks of; removal wins.
func (l *Lexicon) Stem(text string) Stem {
	if len(text) > 120 {
		text = text[:120]
	}
	words := strings.Fields(cellKey(text))
	joined := strings.Join(words, "")
	begins := func(kind string) bool {
		for _, stem := range l.stems[kind] {
			if isCJK(stem) && strings.Contains(joined, stem) || strings.HasPrefix(joined, stem) {
				return true
			}
			for _, w := range words {
				if strings.HasPrefix(w, stem) {
					return true
				}
			}
		}
		return false
	}
	switch {
	case begins("removal"):
		return RemovalStem
	case begins("neutral"):
		return NeutralStem
	case begins("action"):
		return ActionStem
	}
	return NoStem
}
