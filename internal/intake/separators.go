package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/untrusted"
)

// separatorsInNames doubts cells that were split at a comma although little says that they are lists: Manager, Sales
// may be one name.
func (b *builder) separatorsInNames() {
	for i := range b.access.columns {
		c := &b.access.columns[i]
		if c.marks != nil || c.syntax.given || c.beside >= 0 {
			continue
		}
		alone, uses := map[int32]bool{}, map[int32]int{}
		begins := map[string]int{}
		for _, cell := range c.known {
			if len(cell.values) == 1 || !cell.commas {
				for _, v := range cell.values {
					alone[v] = true
				}
			}
			for _, v := range cell.values {
				uses[v]++
				begins[firstWord(b.rep.Values[v].Text.Raw())]++
			}
		}
		doubtful, n := -1, 0
		var lines []int
		for at, cell := range c.known {
			if !cell.commas || len(cell.values) < 2 || b.isList(c, &cell, alone, uses, begins) {
				continue
			}
			if n++; doubtful < 0 {
				doubtful = at
			}
			if len(lines) < 5 {
				lines = append(lines, int(cell.line))
			}
			if b.problems.want(ProblemSeparator) {
				b.problems.add(Problem{
					Code:     ProblemSeparator,
					Severity: SeverityWarning,
					Line:     int(cell.line),
					Column:   b.rep.Header[c.index],
					Value:    problemText(cell.text),
					Message: fmt.Sprintf("the cell was split into %d values, and little says that it is a list; it may be "+
						"one name with a comma", len(cell.values)),
					Fix: "if it is one name, write it without the comma, or set separators in the mapping to ;|",
				})
			}
		}
		if doubtful >= 0 {
			b.commaDoubt(c, c.known[doubtful], n, lines)
		}
		b.otherJoints(c)
	}
}

// otherJoints doubts values such as Buyer / Approver when both parts are values of their own.
func (b *builder) otherJoints(c *accessColumn) {
	whole := map[string]bool{}
	for _, v := range b.rep.Values {
		if v.Entitlement == c.entitlement {
			whole[wordKey(v.Text.Raw())] = true
		}
	}
	name := b.header[c.index]
	for _, v := range b.rep.Values {
		if v.Entitlement != c.entitlement {
			continue
		}
		for _, joint := range []string{"/", "&", "+", " and ", " und ", "·", "•", "\\", "#", " - "} {
			parts := strings.Split(v.Text.Raw(), joint)
			if len(parts) < 2 || slices.ContainsFunc(parts, func(p string) bool { return !whole[wordKey(p)] }) {
				continue
			}
			q := Doubt{Code: DoubtComma, Column: untrusted.NewStored(name), Lines: []int{int(v.Line)}, Okta: true,
				Question: fmt.Sprintf("is %q under %s one name, or a list? Its parts are values of other rows",
					v.Text.Show(untrusted.Name), quoted(name)),
				Answers: []Answer{answer("one name", Answers{Columns: Mapping{Separators: DefaultSeparators}})}}
			if len(strings.TrimSpace(joint)) == 1 {
				q.Answers = append(q.Answers, answer("a list",
					Answers{Columns: Mapping{Separators: DefaultSeparators + strings.TrimSpace(joint)}}))
			}
			b.doubt(q)
			return
		}
	}
}

func (b *builder) commaDoubt(c *accessColumn, cell accessCell, n int, lines []int) {
	name := b.header[c.index]
	if given := b.answers.Commas; given != "" {
		b.settled = append(b.settled, Settled{Code: DoubtComma, Column: untrusted.NewStored(name), Answer: given,
			By: b.layers.by(func(a Answers) bool { return a.Commas != "" })})
		return
	}
	b.doubt(Doubt{
		Code:   DoubtComma,
		Column: untrusted.NewStored(name),
		Lines:  lines,
		Okta:   true,
		Question: fmt.Sprintf("is %q under %s one name, or a list of %d? %d different cells are like it", shown(cell.text),
			quoted(name), len(cell.values), n),
		Answers: []Answer{answer("one name: commas are part of names", Answers{Commas: CommasPartOfName}),
			answer("a list: commas separate values", Answers{Commas: CommasSplit})},
	})
}

// isList reports whether a cell that was split at commas is certainly a list.
func (b *builder) isList(c *accessColumn, cell *accessCell, alone map[int32]bool, uses map[int32]int,
	begins map[string]int) bool {
	structured, known, single, attested, prefixed := true, true, 0, 0, true
	for _, v := range cell.values {
		text := b.rep.Values[v].Text.Raw()
		structured = structured && strings.Contains(text, ": ")
		known = known && b.known[wordKey(text)]
		if alone[v] {
			single++
		}
		if alone[v] || uses[v] > 1 {
			attested++
		}
		prefixed = prefixed && begins[firstWord(text)] > 1
	}
	switch {
	case structured, known, !cell.spaced:
		return true
	case c.plural:
		return single > 0 || prefixed
	}
	return single > 0 && attested == len(cell.values)
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return strings.ToLower(word)
}
