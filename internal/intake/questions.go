package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"

	"okta-entitlements-mcp/internal/untrusted"
)

// openQuestions collects what reading all rows has put in doubt.
func (b *builder) openQuestions() {
	if len(b.rep.Entitlements) == 0 {
		return // nothing can be granted, so there is nothing to ask
	}
	for _, v := range b.wordColumns() {
		name := b.header[v.index]
		if q := v.unknown(name); q != nil {
			b.doubt(*q)
		}
		b.settled = append(b.settled, v.settled(name, b.layers)...)
	}
	if q := b.sectionDoubt(); q != nil {
		b.doubt(*q)
	}
	b.watched()
	b.noneInDoubt()
	b.onePerPerson()
}

// noneInDoubt asks whether None is the name of a role.
func (b *builder) noneInDoubt() {
	for i := range b.access.columns {
		c := &b.access.columns[i]
		if len(c.nones) == 0 {
			continue
		}
		name := b.header[c.index]
		if given := b.answers.NoneIs; given != "" {
			b.settled = append(b.settled, Settled{Code: DoubtNone, Column: untrusted.NewStored(name), Answer: given,
				By: b.layers.by(func(a Answers) bool { return a.NoneIs != "" })})
			continue
		}
		b.doubt(Doubt{
			Code:   DoubtNone,
			Column: untrusted.NewStored(name),
			Lines:  c.noneLines,
			Question: fmt.Sprintf("%s %s under %s mean that there is no access, or name a value?",
				verb(len(c.nones), "does", "do"), quoted(c.nones...), quoted(name)),
			Answers: []Answer{answer("there is no access", Answers{NoneIs: NoneIsNoValue}), answer("it is a value",
				Answers{NoneIs: NoneIsValue})},
		})
	}
}

// onePerPerson doubts a column in which nearly every person has a value that no other has: that is how identifiers
// look.
func (b *builder) onePerPerson() {
	type count struct{ values, single, users int }
	counts := make([]count, len(b.rep.Entitlements))
	for _, v := range b.rep.Values {
		if v.Users > 0 {
			c := &counts[v.Entitlement]
			c.values, c.users = c.values+1, c.users+v.Users
			if v.Users == 1 {
				c.single++
			}
		}
	}
	for i := range b.access.columns {
		c := &b.access.columns[i]
		if c.entitlement < 0 || !c.guessed || c.marks != nil || c.beside >= 0 {
			continue
		}
		n := counts[c.entitlement]
		if b.identifies(c, n.values, n.single) {
			b.doubt(onePerPersonDoubt(b.header[c.index], n.values, n.single))
			continue
		}
		if n.values < enoughToJudge || float64(n.single) < nearlyAll*float64(n.values) ||
			float64(n.values) < uniqueEnough*float64(b.rep.usersWanted()) {
			continue
		}
		// Under a header such as Role, values that differ are still roles, unless they are made of the names of people.
		if h := b.columns.about(c.index); h.Is(lexicon.Access) && h.Exact && !b.namesPeople(c.entitlement) {
			continue
		}
		b.doubt(onePerPersonDoubt(b.header[c.index], n.values, n.single))
	}
}

func onePerPersonDoubt(name string, values, single int) Doubt {
	return Doubt{
		Code:   DoubtOnePerPerson,
		Column: untrusted.NewStored(name),
		Question: fmt.Sprintf("%s has %d values, and %d of them belong to one person each; is it access, or an identifier?",
			quoted(name), values, single),
		Answers: []Answer{answer("it is access", Answers{Columns: Mapping{Others: map[string]Role{name: RoleEntitlement}}}),
			answer("it only describes", Answers{Columns: Mapping{Attributes: []string{name}}})},
	}
}

// identifies reports a column such as Group Locker, beside one that is clearly access: a word behind the word for
// access that no list knows, and another number for each person.
func (b *builder) identifies(c *accessColumn, values, single int) bool {
	if h := b.columns.about(c.index); h.Ends || values < 3 || single < values || values < b.rep.usersWanted() {
		return false
	}
	for _, v := range b.rep.Values {
		if v.Entitlement == c.entitlement && !strings.ContainsAny(v.Text.Raw(), "0123456789") {
			return false
		}
	}
	return slices.ContainsFunc(b.access.columns, func(o accessColumn) bool { return b.columns.about(o.index).Exact })
}

// namesPeople reports whether the values of an entitlement fit the users who have them: aquill for ada.quill.
func (b *builder) namesPeople(entitlement int32) bool {
	n, fit := 0, 0
	for _, row := range b.rep.Rows {
		if row.State != RowWanted || n >= 500 {
			continue
		}
		for _, v := range b.rep.Accesses[row.Access] {
			if b.rep.Values[v].Entitlement == entitlement {
				if n++; fits(b.rep.People[row.Person].Email.Raw(), b.rep.Values[v].Text.Raw()) {
					fit++
				}
			}
		}
	}
	return n > 0 && float64(fit) >= halfOfCells*float64(n)
}

func (r *Report) usersWanted() int {
	seen := make([]bool, len(r.People))
	n := 0
	for _, row := range r.Rows {
		if row.State == RowWanted && !seen[row.Person] {
			seen[row.Person] = true
			n++
		}
	}
	return n
}
