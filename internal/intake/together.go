package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/internal/untrusted"
)

// pairValues reads a pair of columns such as Attribute and Value. With one attribute the value column is a plain list;
// with several, each attribute is an entitlement.
func (d *columns) pairValues() {
	name, value := -1, -1
	for i := range d.list {
		switch {
		case d.free(i) && d.about(i).Is(lexicon.PairName) && name < 0:
			name = i
		case d.free(i) && d.about(i).Is(lexicon.PairValue) && value < 0:
			value = i
		}
	}
	if name < 0 && value >= 0 {
		name = d.namesOfAccess(value)
	}
	if value < 0 || name < 0 || d.notAccess(value) != "" || d.cells(value).filled == 0 {
		return
	}
	var foreign []string
	l := lexicon.Load()
	for _, text := range d.cells(name).order {
		if h := l.Header(text); !h.Is(lexicon.Access, lexicon.Weak) {
			foreign = append(foreign, text)
		}
	}
	d.set(value, RoleEntitlement, sureBoth, "%q holds the values of %q", d.shown(value), d.shown(name))
	if len(d.cells(name).distinct) == 1 && len(foreign) == 0 {
		d.set(name, RoleAttribute, sureBoth, "%q names what %q holds", d.shown(name), d.shown(value))
		return
	}
	d.set(name, RoleScope, sureWeakName, "%q and %q together name the access", d.shown(name), d.shown(value))
	d.pairName, d.layout = name, LayoutPairs
	if len(foreign) > 0 && d.given.Layout != LayoutPairs && len(d.given.Rows[d.name(name)]) == 0 {
		q := Doubt{
			Code:     DoubtPairs,
			Columns:  storedTexts([]string{d.name(name), d.name(value)}),
			Question: fmt.Sprintf("are the values of %s under %s access?", quoted(foreign...), quoted(d.name(name))),
		}
		q.Answers = append(q.Answers, answer("all of them are access: each is an entitlement with its values",
			Answers{Layout: LayoutPairs}))
		for _, text := range d.cells(name).order[:min(4, len(d.cells(name).order))] {
			q.Answers = append(q.Answers, answer(fmt.Sprintf("only %q is", text),
				Answers{Rows: map[string][]string{d.name(name): {text}}, Layout: LayoutPairs}))
		}
		d.doubt(q)
	}
}

// namesOfAccess finds a column such as Entitlement Name whose cells are words for access: then the values are
// elsewhere.
func (d *columns) namesOfAccess(value int) int {
	l := lexicon.Load()
	for i := range d.list {
		c := d.cells(i)
		if i == value || d.list[i].Role != RoleEntitlement || c.filled == 0 || slices.Contains(d.marks, i) {
			continue
		}
		if !slices.ContainsFunc(c.order, func(text string) bool {
			h := l.Header(text)
			return !h.Exact ||
				!h.Is(lexicon.Access, lexicon.Weak)
		}) {
			return i
		}
	}
	return -1
}

// numbered joins Role 1, Role 2, Role 3 to one entitlement Role.
func (d *columns) numbered() {
	if d.given.Layout != "" && d.given.Layout != LayoutNumbered {
		return
	}
	groups := map[string][]int{}
	for _, i := range d.with(RoleEntitlement) {
		if h := d.about(i); h.Number >= 0 && !slices.Contains(d.marks, i) {
			groups[strings.ToLower(foldSpace(h.Base))] = append(groups[strings.ToLower(foldSpace(h.Base))], i)
		}
	}
	for key, group := range groups {
		for _, i := range d.with(RoleEntitlement) { // Role, Role 2, Role 3
			if strings.ToLower(foldSpace(d.name(i))) == key {
				group = append(group, i)
			}
		}
		if len(group) < 2 {
			continue
		}
		slices.Sort(group)
		for _, i := range group {
			name := foldSpace(d.about(i).Base)
			d.number[i] = name
			d.list[i].Reason += fmt.Sprintf("; one of %d columns that are one list, %q", len(group), name)
		}
		d.layout = LayoutNumbered
	}
}

// scopes asks how to read a column such as Module or Project beside the access: Read on Finance and Write on Sales
// would otherwise become Read and Write on both.
func (d *columns) scopes() {
	if d.pairName >= 0 {
		return
	}
	if given := d.with(RoleScope); len(given) > 0 {
		d.scope, d.layout = given[0], LayoutPairs
		return
	}
	access := d.with(RoleEntitlement)
	for i := range d.list {
		c := d.cells(i)
		if !d.free(i) || !d.about(i).Is(lexicon.Scope) || len(access) == 0 || c.solid() == 0 || d.notAccess(i) != "" &&
			c.share(c.emails) < halfOfCells {
			continue
		}
		name := d.name(i)
		chosen := len(d.given.Rows[name]) == 1
		switch {
		case len(c.distinct) < 2 || chosen || d.layout == LayoutMatrix:
			d.set(i, RoleAttribute, sureWeakName, "the same %q in every row", d.shown(i))
		case d.given.Layout == LayoutPairs && d.scope < 0:
			d.scope, d.layout = i, LayoutPairs
			d.set(i, RoleScope, sureWeakName, "%q belongs to the access beside it", d.shown(i))
		case d.given.Layout == LayoutList:
			d.set(i, RoleAttribute, sureWeakName, "%q only describes", d.shown(i))
		default:
			d.set(i, RoleAttribute, notSure, "in doubt: it seems to belong to the access")
			d.doubt(scopeDoubt(name, d.namesOf(access), c.order[0], first(d.cells(access[0]).order)))
		}
	}
}

func scopeDoubt(name string, access []string, scope, value string) Doubt {
	return Doubt{
		Code:    DoubtPairs,
		Column:  untrusted.NewStored(name),
		Columns: storedTexts(append([]string{name}, access...)),
		Question: fmt.Sprintf("%s and %s seem to name the access together; how are they read?", quoted(name),
			quoted(access...)),
		Answers: []Answer{answer(fmt.Sprintf("together, as in %q", shown(scope+": "+value)),
			Answers{Columns: Mapping{Others: map[string]Role{name: RoleScope}}}),
			answer(fmt.Sprintf("%s only describes", quoted(name)), Answers{Columns: Mapping{Attributes: []string{name}}})},
	}
}

// aliases finds access columns that say in other signs what the one before says, such as PermissionSet.Name and its
// label.
func (d *columns) aliases() {
	if d.explicit {
		return
	}
	access := d.with(RoleEntitlement)
	for n, i := range access {
		for _, j := range access[:n] {
			if d.list[j].Role == RoleEntitlement && !slices.Contains(d.marks, i) && d.sameNames(i, j) {
				d.set(i, RoleAttribute, sureCells, "%q says the same as %q", d.shown(i), d.shown(j))
				break
			}
		}
	}
}

func (d *columns) sameNames(a, b int) bool {
	n := 0
	for _, p := range d.head.body {
		x, y := foldName(p.cells[a]), foldName(p.cells[b])
		if x != y {
			return false
		}
		if x != "" {
			n++
		}
	}
	return n > 1
}

// levels doubts access that is only a level, such as Read or Owner, when one person has several rows and another column
// differs between them: the level is then on something.
func (d *columns) levels() {
	users := d.with(RoleUser)
	if d.explicit || d.layout != LayoutList || len(users) == 0 || d.given.Layout == LayoutList {
		return
	}
	for _, i := range d.with(RoleEntitlement) {
		c := d.cells(i)
		if c.solid() == 0 || slices.ContainsFunc(c.order, func(text string) bool {
			t := c.distinct[text]
			return !t.senses[lexicon.Level] && !t.has[isEmptyWord] && !t.senses[lexicon.Ambiguous]
		}) {
			continue
		}
		for j := range d.list {
			if j == i || !(d.free(j) && d.about(j).Is("", lexicon.Organisation, lexicon.Faint) ||
				d.list[j].Role == RoleEntitlement) ||
				d.notAccess(j) != "" || d.cells(j).share(d.cells(j).names) >= mostCells || !d.variesByUser(users[0], i, j) {
				continue
			}
			name := d.name(j)
			q := scopeDoubt(name, []string{d.name(i)}, first(d.cells(j).order), first(c.order))
			if d.list[j].Role == RoleEntitlement {
				q.Answers[1] = answer(fmt.Sprintf("%s and %s are separate", quoted(name), quoted(d.name(i))),
					Answers{Layout: LayoutList})
			}
			d.doubt(q)
		}
	}
}

// variesByUser reports whether one user has rows that differ in both columns.
func (d *columns) variesByUser(user, a, b int) bool {
	type seen struct{ a, b string }
	first := map[string]seen{}
	for _, p := range d.head.body {
		key := spelling.Fold(p.cells[user])
		x, y := foldSpace(p.cells[a]), foldSpace(p.cells[b])
		if key == "" || x == "" || y == "" {
			continue
		}
		if was, known := first[key]; !known {
			first[key] = seen{x, y}
		} else if was.a != x && was.b != y {
			return true
		}
	}
	return false
}

// applications asks which rows are meant when the rows are of several applications or environments.
func (d *columns) applications() {
	if len(d.with(RoleEntitlement)) == 0 {
		return
	}
	for _, i := range d.with(RoleApplication) {
		c, name := d.cells(i), d.name(i)
		if len(c.distinct) < 2 || len(d.given.Rows[name]) > 0 {
			continue
		}
		d.doubt(applicationDoubt(name, len(c.distinct), c.order))
	}
}

func applicationDoubt(name string, n int, values []string) Doubt {
	q := Doubt{
		Code:   DoubtApplications,
		Column: untrusted.NewStored(name),
		Question: fmt.Sprintf("%s holds %d different values, such as %s; the rows of which one are meant?",
			quoted(name), n, quoted(values[:min(len(values), 4)]...)),
	}
	for _, v := range values[:min(len(values), 6)] {
		q.Answers = append(q.Answers, answer(fmt.Sprintf("the rows of %q", v), Answers{Rows: map[string][]string{name: {v}}}))
	}
	q.Answers = append(q.Answers, answer("all rows are of this application",
		Answers{Columns: Mapping{Attributes: []string{name}}}))
	return q
}
