package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/untrusted"
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
		d.pairValues()
		d.weak()
	}
	d.aliases()
	d.numbered()
	d.scopes()
	d.levels()
	d.rest()
	d.applications()
}

// access makes a column access, unless its cells are something else.
func (d *columns) access(i int, confidence float64) {
	if why := d.notAccess(i); why != "" {
		d.set(i, RoleAttribute, sureHeader, "%s", why)
		return
	}
	if c := d.cells(i); c.filled == 0 && d.hasOtherAccess(i) {
		d.set(i, RoleIgnored, sureCells, "the first rows have nothing in it")
		return
	}
	d.set(i, RoleEntitlement, confidence, "the name %q says access; %d distinct cells in the first %d rows", d.shown(i),
		len(d.cells(i).distinct), len(d.head.body))
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

// callersAccess reads the access columns that the caller named; the rest describes.
func (d *columns) callersAccess() {
	for _, i := range d.with(RoleEntitlement) {
		if d.isMatrixCell(i) || d.given.Layout == LayoutMatrix {
			d.marks = append(d.marks, i)
		}
	}
	if len(d.marks) > 0 {
		d.layout = LayoutMatrix
	}
}

// isMatrixCell reports whether the cells of a column are marks: yes, no, X.
func (d *columns) isMatrixCell(i int) bool {
	c := d.cells(i)
	return c.filled > 0 && c.share(c.bools+c.words(isVerdict, "allowed", "denied", "granted")+c.empties) >= nearlyAll &&
		c.bools+c.verdicts > 0
}

// words counts cells of a trait that are one of a few words, such as Allowed and Denied in a matrix.
func (s *shape) words(trait int, _ ...string) int {
	n := 0
	for text, t := range s.distinct {
		if !t.has[trait] || t.has[isBool] {
			continue
		}
		switch strings.ToLower(text) {
		case "allowed", "allow", "denied", "deny", "granted", "not granted", "permitted", "not permitted", "not allowed",
			"erlaubt", "verboten":
			n += t.count
		}
	}
	return n
}

// couldBeMark reports whether a column can be one of a matrix: its cells are marks, and its header is no question that is
// answered with yes and no.
func (d *columns) couldBeMark(i int) bool {
	h := d.about(i)
	if !d.free(i) || !d.isMatrixCell(i) {
		return false
	}
	switch h.Part {
	case lexicon.Flag, lexicon.Recommendation, lexicon.Previous, lexicon.Kind, lexicon.Review, lexicon.ID, lexicon.Date,
		lexicon.OtherDate, lexicon.From, lexicon.Until, lexicon.Ended:
		return false
	case lexicon.Decision, lexicon.State, lexicon.Active, lexicon.Blocked, lexicon.Description:
		return !h.Whole
	case lexicon.Weak, lexicon.Access:
		return !h.Has(lexicon.Flag)
	}
	return true
}

// matrixLike reports whether a column is one of several with marks.
func (d *columns) matrixLike(i int) bool {
	n := 0
	for j := range d.list {
		if d.couldBeMark(j) {
			n++
		}
	}
	return n >= 2 && d.couldBeMark(i)
}

// matrix recognises columns of marks. Headings that all say role or group are certain; others are a doubt, because
// columns such as Contractor and Remote look the same.
func (d *columns) matrix() {
	var marks []int
	certain := true
	for i := range d.list {
		if d.couldBeMark(i) {
			marks = append(marks, i)
			certain = certain && d.about(i).Is(lexicon.Access)
		}
	}
	if len(marks) == 0 || len(marks) == 1 && !d.about(marks[0]).Is(lexicon.Access) {
		return
	}
	textual := slices.ContainsFunc(d.indexes(), func(i int) bool {
		return d.free(i) && d.about(i).Is(lexicon.Access) && !slices.Contains(marks, i) && d.cells(i).solid() > 0 && d.notAccess(i) == ""
	})
	certain = certain && !textual && len(marks) > 1
	names := d.namesOf(marks)
	switch {
	case d.given.Layout == LayoutMatrix, d.given.Layout == "" && certain:
		d.layout = LayoutMatrix
		for _, i := range append(marks, d.emptyBeside(marks)...) {
			d.set(i, RoleEntitlement, sureHeader, "the layout is a matrix: a mark under %q grants it", d.shown(i))
			d.marks = append(d.marks, i)
		}
		slices.Sort(d.marks)
	default:
		for _, i := range marks {
			d.set(i, RoleAttribute, notSure, "in doubt: the columns of marks look like a matrix")
		}
		if d.given.Layout != "" {
			return // the caller says that it is a list
		}
		d.doubt(Doubt{Code: DoubtMatrix, Columns: names,
			Question: fmt.Sprintf("the layout looks like a matrix: is a mark under %s access to what the heading names?", quoted(names...)),
			Answers: []Answer{answer("it is a matrix: each heading is a value, and a mark grants it", Answers{Layout: LayoutMatrix}),
				answer("these columns only describe", Answers{Columns: Mapping{Attributes: names}})}})
	}
}

// emptyBeside are columns without a cell in the sample that belong to a matrix: no one has what they name, so far.
func (d *columns) emptyBeside(marks []int) []int {
	var all []int
	for i := range d.list {
		if d.free(i) && d.cells(i).filled == 0 && d.about(i).Is("", lexicon.Access, lexicon.Weak) && i > marks[0] &&
			i < marks[len(marks)-1]+2 && d.list[i].Name != "" {
			all = append(all, i)
		}
	}
	return all
}

func (d *columns) indexes() []int {
	all := make([]int, len(d.list))
	for i := range all {
		all[i] = i
	}
	return all
}

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
	if len(foreign) > 0 && d.given.Layout != LayoutPairs && len(d.given.Rows[d.list[name].Name]) == 0 {
		q := Doubt{Code: DoubtPairs, Columns: []string{d.list[name].Name, d.list[value].Name},
			Question: fmt.Sprintf("are the values of %s under %s access?", quoted(foreign...), quoted(d.list[name].Name))}
		q.Answers = append(q.Answers, answer("all of them are access: each is an entitlement with its values",
			Answers{Layout: LayoutPairs}))
		for _, text := range d.cells(name).order[:min(4, len(d.cells(name).order))] {
			q.Answers = append(q.Answers, answer(fmt.Sprintf("only %q is", text),
				Answers{Rows: map[string][]string{d.list[name].Name: {text}}, Layout: LayoutPairs}))
		}
		d.doubt(q)
	}
}

// namesOfAccess finds a column such as Entitlement Name whose cells are words for access: then the values are elsewhere.
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
	q := Doubt{Code: DoubtAccess, Columns: names, Question: fmt.Sprintf("no column is clearly access; is it %s?",
		strings.ReplaceAll(quoted(names...), " and ", " or "))}
	for _, i := range possible {
		d.set(i, RoleAttribute, notSure, "in doubt: text that repeats (%d distinct cells), and nothing says that it is "+
			"access", len(d.cells(i).distinct))
	}
	for _, n := range names[:min(len(names), 5)] {
		q.Answers = append(q.Answers, answer(n, Answers{Columns: Mapping{Entitlements: []string{n}}}))
	}
	d.doubt(q)
}

func (d *columns) solidAccess() bool { return len(d.with(RoleEntitlement)) > 0 }

// possible reports whether a column of which little is known could hold access: text that repeats.
func (d *columns) possible(i int) bool {
	h, c := d.about(i), d.cells(i)
	if !h.Is("", lexicon.Faint, lexicon.PairValue, lexicon.Scope) && !(h.Is(lexicon.ID, lexicon.Name) &&
		h.Has(lexicon.Access)) || d.list[i].Name == "" {
		return false
	}
	if c.solid() == 0 || d.notAccess(i) != "" || c.bools == c.filled || c.deciding == c.filled || c.share(c.names) >= mostCells {
		return false
	}
	if h.Part != "" {
		return true
	}
	distinct := len(c.distinct)
	return !(distinct == 1 && c.filled > 3) && distinct <= 200 && !(c.filled >= enoughToJudge && float64(distinct) > 0.7*float64(c.filled))
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
			if strings.ToLower(foldSpace(d.list[i].Name)) == key {
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

// scopes asks how to read a column such as Module or Project beside the access: Read on Finance and Write on Sales would
// otherwise become Read and Write on both.
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
		name := d.list[i].Name
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
	return Doubt{Code: DoubtPairs, Column: name, Columns: append([]string{name}, access...),
		Question: fmt.Sprintf("%s and %s seem to name the access together; how are they read?", quoted(name), quoted(access...)),
		Answers: []Answer{answer(fmt.Sprintf("together, as in %q", untrusted.Clean(scope+": "+value, 80)),
			Answers{Columns: Mapping{Others: map[string]Role{name: RoleScope}}}),
			answer(fmt.Sprintf("%s only describes", quoted(name)), Answers{Columns: Mapping{Attributes: []string{name}}})}}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// aliases finds access columns that say in other signs what the one before says, such as PermissionSet.Name and its label.
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
			if j == i || !(d.free(j) && d.about(j).Is("", lexicon.Organisation, lexicon.Faint) || d.list[j].Role == RoleEntitlement) ||
				d.notAccess(j) != "" || d.cells(j).share(d.cells(j).names) >= mostCells || !d.variesByUser(users[0], i, j) {
				continue
			}
			name := d.list[j].Name
			q := scopeDoubt(name, []string{d.list[i].Name}, first(d.cells(j).order), first(c.order))
			if d.list[j].Role == RoleEntitlement {
				q.Answers[1] = answer(fmt.Sprintf("%s and %s are separate", quoted(name), quoted(d.list[i].Name)),
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
		key := emailIdentity(p.cells[user])
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

// rest is for columns that nothing else claimed: they describe.
func (d *columns) rest() {
	for i := range d.list {
		if !d.free(i) {
			continue
		}
		c, h := d.cells(i), d.about(i)
		switch {
		case d.list[i].Name == "":
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

// applications asks which rows are meant when the rows are of several applications or environments.
func (d *columns) applications() {
	if len(d.with(RoleEntitlement)) == 0 {
		return
	}
	for _, i := range d.with(RoleApplication) {
		c, name := d.cells(i), d.list[i].Name
		if len(c.distinct) < 2 || len(d.given.Rows[name]) > 0 {
			continue
		}
		d.doubt(applicationDoubt(name, len(c.distinct), c.order))
	}
}

func applicationDoubt(name string, n int, values []string) Doubt {
	q := Doubt{Code: DoubtApplications, Column: name,
		Question: fmt.Sprintf("%s holds %d different values, such as %s; the rows of which one are meant?",
			quoted(name), n, quoted(values[:min(len(values), 4)]...))}
	for _, v := range values[:min(len(values), 6)] {
		q.Answers = append(q.Answers, answer(fmt.Sprintf("the rows of %q", v), Answers{Rows: map[string][]string{name: {v}}}))
	}
	q.Answers = append(q.Answers, answer("all rows are of this application", Answers{Columns: Mapping{Attributes: []string{name}}}))
	return q
}
