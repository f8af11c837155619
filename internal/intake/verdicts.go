package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// maxWords is how many distinct cells of a deciding column are remembered. Sound files have a handful.
const maxWords = 4096

// shownWords is how many words of a column the reading lists.
const shownWords = 60

// verdictColumn reads the cells of one column that can take access away.
type verdictColumn struct {
	index   int
	role    Role
	request bool // the state of a request: completed means granted
	alone   bool // no other column decides, so an action that neither gives nor takes is not enough
	days    bool // a day says that the row was approved
	review  bool // the words are those of a review, in which an empty cell is undecided
	limit   bool // cells of a column with limits that are no dates
	words   table
	seen    []wordSeen
	lost    int               // rows with words beyond maxWords
	given   map[string]string // answers, by folded word
	used    map[string]bool   // answers that met their word
}

// wordSeen is one distinct cell and what it does to its rows.
type wordSeen struct {
	text    string
	meaning Meaning
	removal bool // an action that takes away
	clear   bool // known to say yes or no, so that no warning is due
	answer  bool // an answer says so, and the word alone would not
	other   bool // that answer is the one about OtherWords
	rows    int
	line    int
}

func newVerdictColumn(c Column, h *lexicon.Heading, answers Answers) *verdictColumn {
	v := &verdictColumn{index: c.Index, role: c.Role, words: newTable(), used: map[string]bool{},
		request: ofRequest(h), days: h.Approval(), given: map[string]string{}}
	for column, words := range answers.Words {
		if column == c.Name.Raw() || strings.EqualFold(foldSpace(column), foldSpace(c.Name.Raw())) {
			for word, meaning := range words {
				v.given[wordKey(word)] = meaning
			}
		}
	}
	return v
}

// ofRequest reports the header of the state of a request.
func ofRequest(h *lexicon.Heading) bool {
	return slices.ContainsFunc(h.Words, func(w string) bool {
		word := lexicon.Load().Header(w)
		return word.Is(lexicon.Request)
	})
}

// wordKey is how words of answers are compared with cells.
func wordKey(s string) string { return strings.ToLower(foldSpace(s)) }

// read returns what the cell does.
func (v *verdictColumn) read(rec *record) *wordSeen {
	cell := rec.fields[v.index]
	at, known := v.words.get(cell)
	if !known {
		w := v.judge(string(cell))
		w.line, w.clear = rec.line, v.understood(&w)
		if len(v.seen) >= maxWords {
			v.lost++
			return &w
		}
		at = int32(len(v.seen))
		v.seen = append(v.seen, w)
		v.words.put(string(cell), at)
	}
	w := &v.seen[at]
	w.rows++
	return w
}

// judge meets a cell for the first time.
func (v *verdictColumn) judge(cell string) wordSeen {
	w := wordSeen{text: foldSpace(cell)}
	w.meaning, w.removal = v.meaning(w.text)
	if given, known := v.given[wordKey(w.text)]; known {
		v.used[wordKey(w.text)] = true
		says := MeansGrants
		if given == WordRefuses {
			says = MeansRefuses
		}
		w.answer = w.meaning != says
		w.meaning = says
	} else if w.meaning == MeansUnknown && v.given[OtherWords] == WordRefuses {
		w.meaning, w.answer, w.other = MeansRefuses, true, true
	}
	return w
}

// meaning reads a cell by the words that are known. What is not clearly a yes does not grant.
func (v *verdictColumn) meaning(text string) (Meaning, bool) {
	if v.limit {
		return meaningOfLimit(text), false
	}
	l := lexicon.Load()
	senses := l.Senses(text)
	says := func(list ...lexicon.Sense) bool {
		return slices.ContainsFunc(list, func(s lexicon.Sense) bool { return senses[s] })
	}
	switch v.role {
	case RoleBlocked:
		_, kind := parseDate([]byte(text))
		switch {
		case text == "", says(lexicon.Placeholder, lexicon.Ambiguous), says(lexicon.No):
			return MeansNothing, false
		case says(lexicon.Yes, lexicon.Mark, lexicon.Refuses, lexicon.Inactive), kind != dateNone, isFarDate([]byte(text)):
			return MeansRefuses, false
		case says(lexicon.ActiveState):
			return MeansNothing, false
		}
		return MeansUnknown, false
	case RoleAction:
		switch {
		case says(lexicon.Refuses, lexicon.Inactive, lexicon.No):
			return MeansRefuses, true
		case says(lexicon.Open):
			if l.Stem(text) == lexicon.NeutralStem && !v.alone {
				return MeansNothing, false
			}
			return MeansRefuses, false
		case text == "" && v.alone && v.review:
			return MeansRefuses, false
		case text == "", says(lexicon.Placeholder):
			return MeansNothing, false
		case says(lexicon.Grants, lexicon.ActiveState, lexicon.Yes):
			return MeansGrants, false
		}
		switch l.Stem(text) {
		case lexicon.RemovalStem:
			return MeansRefuses, true
		case lexicon.NeutralStem:
			if v.alone {
				return MeansUnknown, false
			}
			return MeansNothing, false
		case lexicon.ActionStem:
			return MeansGrants, false
		}
		return MeansUnknown, false
	}
	switch {
	case text == "":
		return MeansRefuses, false
	case says(lexicon.Refuses, lexicon.No, lexicon.Inactive, lexicon.Open):
		return MeansRefuses, false
	case says(lexicon.Placeholder, lexicon.Ambiguous):
		return MeansRefuses, false
	case says(lexicon.Grants, lexicon.Yes):
		return MeansGrants, false
	case says(lexicon.ActiveState) && (v.role == RoleState || v.role == RoleFilter):
		return MeansGrants, false
	case says(lexicon.Mark):
		return MeansGrants, false
	case says(lexicon.Done) && v.request:
		return MeansGrants, false
	}
	if _, kind := parseDate([]byte(text)); v.days && kind != dateNone {
		return MeansGrants, false
	}
	if says(lexicon.Done) {
		return MeansUnknown, false // Closed Complete is a yes under a request, and nothing certain elsewhere
	}
	if beginsWith(text, lexicon.Refuses) {
		return MeansRefuses, false
	}
	return MeansUnknown, false
}

// beginsWith reports whether the first words of a cell have a sense: Revoke (left the team).
func beginsWith(text string, sense lexicon.Sense) bool {
	words := lexicon.Words(text)
	l := lexicon.Load()
	for n := 1; n <= min(3, len(words)); n++ {
		if l.Says(strings.Join(words[:n], " "), sense) {
			return true
		}
	}
	return false
}

// understood reports whether a refusing cell is known to say no, so that no warning is due.
func (v *verdictColumn) understood(w *wordSeen) bool {
	if w.meaning != MeansRefuses {
		return w.meaning != MeansUnknown
	}
	if w.text == "" {
		return false
	}
	senses := lexicon.Load().Senses(w.text)
	return w.answer || !senses[lexicon.Placeholder] && !senses[lexicon.Ambiguous] && !senses[lexicon.Open]
}

// reading lists the words by how often they occur.
func (v *verdictColumn) reading(name string) Words {
	byWord := map[string]*WordUse{}
	var keys []string
	for i := range v.seen {
		w := &v.seen[i]
		key := w.text + "\x00" + string(w.meaning)
		if byWord[key] == nil {
			byWord[key] = &WordUse{Word: untrusted.NewStored(w.text), Meaning: w.meaning}
			keys = append(keys, key)
		}
		byWord[key].Rows += w.rows
	}
	words := Words{Column: untrusted.NewStored(name), Role: v.role}
	slices.SortStableFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(byWord[b].Rows, byWord[a].Rows), cmp.Compare(a, b))
	})
	if len(keys) > shownWords {
		words.More = len(keys) - shownWords
		keys = keys[:shownWords]
	}
	for _, k := range keys {
		words.Words = append(words.Words, *byWord[k])
	}
	return words
}

// unknown returns the doubt about words that are not known, nil when there are none.
func (v *verdictColumn) unknown(name string) *Doubt {
	var words []string
	var lines []int
	rows, silent := v.lost, v.silentNo()
	for i := range v.seen {
		if w := &v.seen[i]; w.meaning == MeansUnknown || silent && w.text == "" {
			words, rows = append(words, w.text), rows+w.rows
			if len(lines) < 5 {
				lines = append(lines, w.line)
			}
		}
	}
	if len(words) == 0 {
		return nil
	}
	q := &Doubt{
		Code:   DoubtWords,
		Column: untrusted.NewStored(name),
		Lines:  lines,
		Question: fmt.Sprintf("%s %s under %s grant access? %s %s", verb(len(words), "does", "do"), wordsShown(words),
			quoted(name), counted(rows, "row"), verb(rows, "has", "have")+verb(len(words), " it", " them")),
	}
	if len(words) > fewWords {
		q.Question = fmt.Sprintf("%d different words under %s, such as %s, are not understood; does this column decide who "+
			"has access?", len(words), quoted(name), quoted(words[:4]...))
		q.Answers = append(q.Answers, answer("words that are not understood do not grant", othersRefuse(name)))
	} else {
		all := func(meaning string) Answers {
			meanings := map[string]string{}
			for _, w := range words {
				meanings[w] = meaning
			}
			return Answers{Words: map[string]map[string]string{name: meanings}}
		}
		if len(words) > 1 {
			for _, w := range words[:min(len(words), 3)] {
				one := all(WordRefuses)
				one.Words[name][w] = WordGrants
				q.Answers = append(q.Answers, answer(fmt.Sprintf("only %s grants", wordsShown([]string{w})), one))
			}
		}
		q.Answers = append(q.Answers, answer(verb(len(words), "it does not grant", "none of them grants"), all(WordRefuses)),
			answer(verb(len(words), "it grants", "all of them grant"), all(WordGrants)))
	}
	q.Answers = append(q.Answers, answer(fmt.Sprintf("%s only describes", quoted(name)),
		Answers{Columns: Mapping{Attributes: []string{name}}}))
	return q
}

// wordsShown quotes words; an empty one is an empty cell.
func wordsShown(words []string) string {
	if len(words) == 1 && words[0] == "" {
		return "an empty cell"
	}
	return quoted(words...)
}

// silentNo reports a column such as Remove Access in which cells say yes, others no, and others nothing: what an empty one
// says is not clear there. Where cells are marked or empty, an empty one is not marked.
func (v *verdictColumn) silentNo() bool {
	if v.role != RoleBlocked {
		return false
	}
	yes, no := false, false
	for i := range v.seen {
		w := &v.seen[i]
		yes = yes || w.meaning == MeansRefuses && w.text != ""
		no = no || lexicon.Load().Says(w.text, lexicon.No)
	}
	_, given := v.given[""]
	return yes && no && !given
}

// othersRefuse is the answer that no word of a column grants that is not understood.
func othersRefuse(name string) Answers {
	return Answers{Words: map[string]map[string]string{name: {OtherWords: WordRefuses}}}
}

// unmet refuses answers about words that the column does not have, except those that may be gone.
func (v *verdictColumn) unmet(name string, gone func(word string) bool) error {
	for _, word := range sortedKeys(v.given) {
		if v.used[word] || gone(word) || word == OtherWords && v.given[word] == WordRefuses {
			continue
		}
		var have []string
		for i := range v.seen[:min(len(v.seen), 50)] {
			have = append(have, v.seen[i].text)
		}
		next := "the column has " + quoted(have...)
		if near := nearest(word, have); near != "" {
			next = fmt.Sprintf("did you mean %q? ", shown(near)) + next
		}
		return &trouble.Error{
			Code: trouble.UnknownWord,
			What: fmt.Sprintf("the column %q has no word %q", shown(name), shown(word)),
			Next: next,
		}
	}
	return nil
}

// settled are the words whose meaning an answer gave.
func (v *verdictColumn) settled(name string, answers layers) []Settled {
	var all []Settled
	others := false
	for i := range v.seen {
		w := &v.seen[i]
		if !w.answer || w.other && others {
			continue
		}
		key, says := wordKey(w.text), wordsShown([]string{w.text})+" "+string(w.meaning)
		if w.other {
			others, key, says = true, OtherWords, "words that are not understood refuse"
		}
		all = append(all, Settled{
			Code:   DoubtWords,
			Column: untrusted.NewStored(name),
			Answer: says,
			By:     answers.by(func(a Answers) bool { return a.hasWord(name, key) }),
		})
	}
	return all
}
