package intake

import (
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// wordsOf are the answers about the values of an access column. Columns that are one list share them.
func (b *builder) wordsOf(c Column, d *columns) map[string]string {
	words := map[string]string{}
	for _, name := range sortedKeys(b.answers.Words) {
		at, err := d.find(name)
		if err != nil || at != c.Index && (d.number[at] == "" || d.number[at] != d.number[c.Index]) {
			continue
		}
		for word, meaning := range b.answers.Words[name] {
			words[wordKey(word)] = meaning
		}
	}
	return words
}

// couldEnd reports whether all words of an answer are values that may say that access has ended.
func couldEnd(words map[string]string) bool {
	l := lexicon.Load()
	for word := range words {
		senses := l.Senses(word)
		if _, _, found := l.Struck(word); !found && !senses[lexicon.Refuses] && !senses[lexicon.Inactive] {
			return false
		}
	}
	return true
}

// unmetValues refuses answers about values that no cell has.
func (b *builder) unmetValues() error {
	used := map[string]bool{}
	for i := range b.access.columns {
		for word := range b.access.columns[i].syntax.used {
			used[word] = true
		}
	}
	for i := range b.access.columns {
		c := &b.access.columns[i]
		name := b.header[c.index]
		for _, word := range sortedKeys(c.syntax.words) {
			if used[word] || b.layers.remembered(func(a Answers) bool { return a.hasWord(name, word) }) {
				continue
			}
			return &trouble.Error{
				Code: trouble.UnknownWord,
				What: fmt.Sprintf("the column %q has no value %q", shown(name), shown(word)),
				Next: "write the value as the report has it",
			}
		}
	}
	return nil
}

// struckValues doubts values such as REVOKED - Viewer and Viewer (disabled): the report may say that the access has
// ended.
func (b *builder) struckValues() {
	l := lexicon.Load()
	for i := range b.access.columns {
		c := &b.access.columns[i]
		if c.marks != nil {
			continue
		}
		whole := map[string]bool{}
		mine := func(v *Value) bool { return v.Entitlement == c.entitlement || c.entitlement < 0 }
		for j := range b.rep.Values {
			if v := &b.rep.Values[j]; mine(v) {
				whole[wordKey(v.Text.Raw())] = true
			}
		}
		var struck []string
		var lines []int
		for j := range b.rep.Values {
			v := &b.rep.Values[j]
			if !mine(v) || b.known[wordKey(v.Text.Raw())] || v.Rows == 0 {
				continue
			}
			text := v.Text.Raw()
			if c.beside >= 0 && !c.named {
				if _, own, found := strings.Cut(text, ": "); found {
					text = own
				}
			}
			if c.syntax.words[wordKey(text)] != "" {
				continue
			}
			rest, plain, found := l.Struck(text)
			if !found || plain && !whole[wordKey(rest)] {
				continue
			}
			struck = append(struck, text)
			if len(lines) < 5 {
				lines = append(lines, int(v.Line))
			}
		}
		if len(struck) > 0 {
			b.doubt(struckDoubt(b.header[c.index], struck, lines))
		}
	}
}

func struckDoubt(name string, values []string, lines []int) Doubt {
	all := func(meaning string) Answers {
		words := map[string]string{}
		for _, v := range values {
			words[v] = meaning
		}
		return Answers{Words: map[string]map[string]string{name: words}}
	}
	return Doubt{Code: DoubtRefusalInCell, Column: untrusted.NewStored(name), Lines: lines, Okta: true,
		Question: fmt.Sprintf("%s %s under %s say that the access has ended or was never given?",
			verb(len(values), "does", "do"), quoted(values...), quoted(name)),
		Answers: []Answer{answer("yes: such a row grants nothing", all(WordRefuses)),
			answer("no: it is the name of a value", all(WordGrants))}}
}

// settledValues are the values whose meaning an answer gave.
func (b *builder) settledValues() {
	for i := range b.access.columns {
		c := &b.access.columns[i]
		name := b.header[c.index]
		for _, word := range sortedKeys(c.syntax.used) {
			b.settled = append(b.settled, Settled{Code: DoubtRefusalInCell, Column: untrusted.NewStored(name),
				Answer: fmt.Sprintf("%q %s", shown(word), c.syntax.words[word]),
				By:     b.layers.by(func(a Answers) bool { return a.hasWord(name, word) })})
		}
	}
}
