package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
)

// what finds the columns that are access. A column is access only when its header says so and its cells could be names
// of roles; whatever else is left describes. Where no column is clear, those that could be it are a doubt.
func (d *columns) what() {
	switch {
	case d.explicit:
		d.callersAccess()
	default:
		d.matrix()
		for i := range d.list {
			if d.free(i) && d.about(i).Is(lexicon.Access) {
				d.access(i, sureBoth)
			}
		}
		d.wished()
		d.pairValues()
		d.weak()
	}
	d.aliases()
	d.numbered()
	d.scopes()
	d.levels()
	d.decisionsOfColumns()
	d.rest()
	d.applications()
}

// access makes a column access, unless its cells are something else.
func (d *columns) access(i int, confidence float64) {
	if why := d.notAccess(i); why != "" {
		d.set(i, RoleAttribute, sureHeader, "%s", why)
		return
	}
	if c := d.cells(i); c.filled > 0 && c.bools == c.filled && c.numbers < c.filled {
		d.mayDecide(i, "its cells answer yes or no") // Default role, with YES and NO: no names of access
		return
	}
	if c := d.cells(i); c.filled == 0 && d.hasOtherAccess(i) {
		d.set(i, RoleIgnored, sureCells, "the first rows have nothing in it")
		return
	}
	d.set(i, RoleEntitlement, confidence, "the name %q says access; %d distinct cells in the first %d rows", d.shown(i),
		len(d.cells(i).distinct), len(d.head.body))
}

// wished doubts columns of access that the user may not hold, such as Proposed Role or Backup Role. A request that another
// column decides is what a report of requests is made of.
func (d *columns) wished() {
	var wished []int
	decided := len(d.with(RoleFilter, RoleState, RoleAction)) > 0
	for i := range d.list {
		h, c := d.about(i), d.cells(i)
		if !h.Wished() || c.solid() == 0 || c.deciding > 0 || d.notAccess(i) != "" ||
			!slices.Contains([]Role{"", RoleEntitlement, RoleAdvice}, d.list[i].Role) ||
			decided && h.Has(lexicon.Request) && !h.Has(lexicon.Recommendation) {
			continue
		}
		wished = append(wished, i)
		d.set(i, RoleAttribute, notSure, "in doubt: the name says that the user may not hold it")
	}
	if len(wished) == 0 {
		return
	}
	names, held := d.namesOf(wished), d.namesOf(d.with(RoleEntitlement))
	q := Doubt{
		Code:    DoubtAccess,
		Columns: storedTexts(append(slices.Clone(held), names...)),
		Question: fmt.Sprintf("%s %s name access that the user holds? such a name often means access that is proposed, "+
			"requested, inherited or lent", verb(len(names), "does", "do"), quoted(names...)),
	}
	choose := func(columns ...string) {
		q.Answers = append(q.Answers, answer("access is "+quoted(columns...), Answers{Columns: Mapping{Entitlements: columns}}))
	}
	if len(held) > 0 {
		choose(held...)
		choose(append(slices.Clone(held), names...)...)
	}
	if len(held) == 0 || len(names) > 1 {
		choose(names...)
	}
	if len(held) > 0 || len(names) > 1 {
		for _, name := range names[:min(len(names), 3)] {
			choose(name)
		}
	}
	d.doubt(q)
}

// decisionsOfColumns doubts a file with a decision for each of several access columns: Role 1, Role 1 Decision, Role 2, Role
// 2 Decision. A row is granted whole or not at all, so that one no would take what another column keeps.
func (d *columns) decisionsOfColumns() {
	held := d.with(RoleEntitlement)
	var decisions []int
	for _, i := range d.with(RoleFilter) {
		if h := d.about(i); h.Has(lexicon.Access, lexicon.Weak) && d.list[i].Confidence != sureByCaller {
			decisions = append(decisions, i)
		}
	}
	if len(held) < 2 || len(decisions) != len(held) {
		return
	}
	names, columns := d.namesOf(decisions), d.namesOf(held)
	q := mayDecideDoubt(names[0], fmt.Sprintf("each of %s has a decision of its own, and a row is granted whole or not at "+
		"all; import one after the other", quoted(columns...)))
	all := Mapping{Filter: names[0], Others: map[string]Role{}}
	for _, name := range names[1:] {
		all.Others[name] = RoleFilter
	}
	q.Answers = []Answer{answer("a no in any of them refuses the row", Answers{Columns: all})}
	for k := range held[:min(len(held), 3)] {
		others := slices.Delete(append(slices.Clone(columns), names...), k, k+1)
		others = slices.DeleteFunc(others, func(name string) bool { return name == names[k] })
		q.Answers = append(q.Answers, answer(fmt.Sprintf("only %s, decided by %s", quoted(columns[k]), quoted(names[k])),
			Answers{Columns: Mapping{Entitlements: []string{columns[k]}, Filter: names[k], Attributes: others}}))
	}
	d.doubt(q)
}

// hasOtherAccess reports whether another column has an access header and cells.
func (d *columns) hasOtherAccess(i int) bool {
	for j := range d.list {
		if j != i && (d.list[j].Role == RoleEntitlement || d.free(j) && d.about(j).Is(lexicon.Access)) &&
			d.cells(j).solid() > 0 && d.notAccess(j) == "" {
			return true
		}
	}
	return false
}

// notAccess says why the cells of a column cannot be names of access, "" when they can.
func (d *columns) notAccess(i int) string {
	c := d.cells(i)
	if c.filled == 0 {
		return ""
	}
	for _, kind := range []struct {
		n    int
		what string
	}{{c.emails, "e-mail addresses"}, {c.guids, "identifiers"}, {c.oktaIDs, "identifiers of Okta"}, {c.machine,
		"identifiers of machines"}, {c.urls, "web addresses"},
		{c.dates, "dates"}, {c.long, "prose"}} {
		limit := halfOfCells
		if kind.what == "prose" {
			limit = proseShare
		}
		if c.share(kind.n) >= limit {
			return fmt.Sprintf("the cells under %q are %s, which are no access", d.shown(i), kind.what)
		}
	}
	if c.share(c.numbers) > mostCells {
		return fmt.Sprintf("the cells under %q are numbers", d.shown(i))
	}
	return ""
}

func (d *columns) indexes() []int {
	all := make([]int, len(d.list))
	for i := range all {
		all[i] = i
	}
	return all
}

// weak looks at headers that often mean access, such as Access or Profile, and at those that hardly do. The latter, and
// columns whose header says nothing, are never taken without a question.
func (d *columns) weak() {
	clear := d.solidAccess()
	for i := range d.list {
		if d.free(i) && d.about(i).Is(lexicon.Weak) && d.cells(i).bools == 0 {
			d.access(i, sureWeakName)
		}
	}
	if clear || d.solidAccess() {
		return
	}
	var possible []int
	for i := range d.list {
		if d.free(i) && d.possible(i) {
			possible = append(possible, i)
		}
	}
	if len(possible) == 0 || slices.ContainsFunc(d.doubts, func(q Doubt) bool { return q.Code == DoubtMatrix }) {
		return
	}
	names := d.namesOf(possible)
	q := Doubt{
		Code:    DoubtAccess,
		Columns: storedTexts(names),
		Question: fmt.Sprintf("no column is clearly access; is it %s?",
			strings.ReplaceAll(quoted(names...), " and ", " or ")),
	}
	for _, i := range possible {
		d.set(i, RoleAttribute, notSure, "in doubt: text that repeats (%d distinct cells), and nothing says that it is "+
			"access", len(d.cells(i).distinct))
	}
	for _, n := range names[:min(len(names), 5)] {
		q.Answers = append(q.Answers, answer(n, Answers{Columns: Mapping{Entitlements: []string{n}}}))
	}
	if len(names) > 1 && !slices.ContainsFunc(possible, func(i int) bool { return !d.cells(i).onlyLevels() }) {
		q.Answers = append(q.Answers, answer("all of them", Answers{Columns: Mapping{Entitlements: names}}))
	}
	d.doubt(q)
}

func (d *columns) solidAccess() bool { return len(d.with(RoleEntitlement)) > 0 }

// possible reports whether a column of which little is known could hold access: text that repeats.
func (d *columns) possible(i int) bool {
	h, c := d.about(i), d.cells(i)
	if !h.Is("", lexicon.Faint, lexicon.PairValue, lexicon.Scope, lexicon.Decision) && !(h.Is(lexicon.ID, lexicon.Name) &&
		h.Has(lexicon.Access)) || d.name(i) == "" {
		return false
	}
	if c.solid() == 0 || d.notAccess(i) != "" || c.bools == c.filled || c.deciding == c.filled && !c.onlyLevels() ||
		c.share(c.names) >= mostCells {
		return false
	}
	if h.Part != "" {
		return true
	}
	distinct := len(c.distinct)
	return !(distinct == 1 && c.filled > 3) && distinct <= 200 &&
		!(c.filled >= enoughToJudge && float64(distinct) > 0.7*float64(c.filled))
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// rest is for columns that nothing else claimed: they describe.
func (d *columns) rest() {
	for i := range d.list {
		if !d.free(i) {
			continue
		}
		c, h := d.cells(i), d.about(i)
		switch {
		case d.name(i) == "":
			d.set(i, RoleIgnored, sureHeader, "the column has no name")
		case d.explicit && h.Is("", lexicon.Access, lexicon.Weak, lexicon.Faint):
			d.set(i, RoleIgnored, sureByCaller, "the caller named the access columns, and this is none of them")
		case h.Part != "":
			d.set(i, RoleAttribute, sureHeader, "%q describes the user or the row (%s), it is no access", d.shown(i), h.Part)
		case c.filled == 0:
			d.set(i, RoleIgnored, sureCells, "the first rows have nothing in it")
		default:
			d.set(i, RoleIgnored, sureCells, "nothing says that it is access; name it in columns.entitlements if it is")
		}
	}
}
