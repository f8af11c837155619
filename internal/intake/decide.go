package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/trouble"

	"okta-entitlements-mcp/internal/untrusted"
)

// How sure a role is. A column is access only from accessFloor on; a guess below it is a doubt.
const (
	sureByCaller  = 1.0
	sureBoth      = 0.95 // the header says it and the cells agree
	sureHeader    = 0.9  // the header says it, and the cells do not speak against it
	sureWeakName  = 0.85 // a header that often means it, and cells that fit
	sureCells     = 0.8  // the cells say it
	notSure       = 0.5
	accessFloor   = 0.8
	nearlyAll     = 0.95 // share of cells that makes a column be of a kind
	mostCells     = 0.8
	halfOfCells   = 0.5
	fewWords      = 12  // a column that decides has no more distinct words
	proseShare    = 0.3 // share of long cells that makes a column prose
	uniqueEnough  = 0.9 // share of distinct cells that makes a column name rows or people
	enoughToJudge = 8   // filled cells from which uniqueness means something
)

// columns is what was decided of the columns of a file.
type columns struct {
	head     *head
	answers  layers
	given    Answers // all layers as one
	list     []Column
	layout   Layout
	people   string // address or login
	marks    []int  // access columns whose cells are marks: the value is the heading
	number   map[int]string
	scope    int // column that belongs to the access, -1 for none
	pairName int // column that names the entitlement of PairValue, -1 for none
	advice   []int
	doubts   []Doubt
	explicit bool // the caller named the access columns
}

// What Reading.People can say.
const (
	peopleByAddress = "address"
	peopleByLogin   = "login"
)

// decideColumns gives every column its role. What the caller says is settled first; the rest is decided from the
// headers and the cells of the sample. What stays open is a doubt.
func decideColumns(h *head, answers layers) (*columns, error) {
	d := &columns{
		head:     h,
		answers:  answers,
		given:    answers.merged(),
		list:     make([]Column, len(h.header)),
		layout:   LayoutList,
		number:   map[int]string{},
		scope:    -1,
		pairName: -1,
	}
	for i, name := range h.header {
		d.list[i] = Column{Name: untrusted.NewStored(name), Index: i}
	}
	d.given.Rows = d.rowsByColumn()
	mapping := d.given.Columns
	d.explicit = len(mapping.Entitlements) > 0
	if err := d.claims(mapping); err != nil {
		return nil, err
	}
	if err := d.who(mapping); err != nil {
		return nil, err
	}
	for i := range d.list {
		if d.free(i) {
			d.whether(i)
		}
	}
	d.dateAndID(mapping)
	d.what()
	d.adviceOnly()
	if err := d.unique(); err != nil {
		return nil, err
	}
	return d, nil
}

// rowsByColumn is the choice of rows by the names that the file has: answers may write them in another case.
func (d *columns) rowsByColumn() map[string][]string {
	if len(d.given.Rows) == 0 {
		return d.given.Rows
	}
	rows := map[string][]string{}
	for name, values := range d.given.Rows {
		if at, err := d.find(name); err == nil {
			name = d.name(at)
		}
		rows[name] = values
	}
	return rows
}

func (d *columns) free(i int) bool              { return d.list[i].Role == "" }
func (d *columns) about(i int) *lexicon.Heading { return &d.head.meanings[i] }
func (d *columns) cells(i int) *shape           { return d.head.sample[i] }
func (d *columns) shown(i int) string           { return shown(d.name(i)) }

// name is a column as the file writes it, for comparing.
func (d *columns) name(i int) string { return d.head.header[i] }

func (d *columns) set(i int, role Role, confidence float64, reason string, args ...any) {
	c := &d.list[i]
	c.Role, c.Confidence, c.Reason = role, confidence, fmt.Sprintf(reason, args...)
}

// with returns the columns of a role.
func (d *columns) with(roles ...Role) []int {
	var all []int
	for i := range d.list {
		if slices.Contains(roles, d.list[i].Role) {
			all = append(all, i)
		}
	}
	return all
}

func (d *columns) namesOf(list []int) []string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = d.name(c)
	}
	return names
}

// doubt adds a question.
func (d *columns) doubt(q Doubt) {
	if q.Column.IsZero() && len(q.Columns) > 0 {
		q.Column = q.Columns[0]
	}
	d.doubts = append(d.doubts, q)
}

// claims settles what the caller said.
func (d *columns) claims(given Mapping) error {
	for _, c := range given.claims() {
		if !knownRole(c.role) {
			return &trouble.Error{
				Code: trouble.UnusableAnswer,
				What: fmt.Sprintf("column %q cannot be %q", shown(c.name), shown(string(c.role))),
				Next: "a column is decision, state, blocked, valid_from, valid_until, application, kind, scope or advice",
			}
		}
		i, err := d.find(c.name)
		if err != nil {
			return err
		}
		if was := d.list[i].Role; was != "" && was != c.role {
			return &trouble.Error{
				Code: trouble.MappingClash,
				What: fmt.Sprintf("column %q is named as %s and as %s", shown(c.name), was, c.role),
				Next: "name it once",
			}
		}
		d.set(i, c.role, sureByCaller, "named by the caller")
	}
	return nil
}

func knownRole(r Role) bool {
	return slices.Contains([]Role{RoleUser, RoleUserID, RoleEntitlement, RoleAttribute, RoleFilter, RoleState, RoleBlocked,
		RoleDate, RoleValidFrom,
		RoleValidUntil, RoleAction, RoleApplication, RoleKind, RoleScope, RoleAdvice, RoleIgnored}, r)
}

// find returns the column of that name: exactly so, or else in another case or with other blanks.
func (d *columns) find(name string) (int, error) {
	match := func(same func(string) bool) (int, int) {
		at, n := -1, 0
		for i := range d.list {
			if same(d.name(i)) {
				at, n = i, n+1
			}
		}
		return at, n
	}
	at, n := match(func(s string) bool { return s == name })
	if n == 0 {
		at, n = match(func(s string) bool { return strings.EqualFold(foldSpace(s), foldSpace(name)) })
	}
	switch n {
	case 1:
		return at, nil
	case 0:
		next := "the file has " + d.head.names()
		if near := nearest(name, d.head.header); near != "" {
			next = fmt.Sprintf("did you mean %q? ", shown(near)) + next
		}
		return 0, &trouble.Error{
			Code: trouble.UnknownColumn,
			What: fmt.Sprintf("the file has no column %q", shown(name)),
			Next: next,
		}
	}
	return 0, duplicate(name, n)
}

func duplicate(name string, n int) error {
	return &trouble.Error{
		Code: trouble.DuplicateHeader,
		What: fmt.Sprintf("the file has %d columns named %q", n, shown(name)),
		Next: "give each column its own name in the header line",
	}
}

// names lists the headers, quoted and capped.
func (h *head) names() string {
	var quoted []string
	for i, name := range h.header {
		if i == 30 {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(h.header)-i))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%q", shown(name)))
	}
	return "the columns " + strings.Join(quoted, ", ")
}

// nearest returns the name closest to the given one, or "" when none is close.
func nearest(name string, names []string) string {
	best, bestDistance := "", 3
	for _, n := range names {
		d := distance(headerKey(name), headerKey(n))
		if d < bestDistance || d == bestDistance && best == "" && len(headerKey(name)) > 6 {
			best, bestDistance = n, d
		}
	}
	return best
}

// distance is the number of letters to insert, drop or replace. Long names are cut: it only serves a suggestion.
func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	ra, rb = ra[:min(len(ra), 64)], rb[:min(len(rb), 64)]
	row := make([]int, len(rb)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range ra {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range rb {
			cost := 1
			if x == y {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(rb)]
}

func percent(f float64) string { return fmt.Sprintf("%d %%", int(f*100+0.5)) }

// unique refuses two columns of one name when one of them matters.
func (d *columns) unique() error {
	count := map[string]int{}
	for i := range d.list {
		count[strings.ToLower(foldSpace(d.name(i)))]++
	}
	for i := range d.list {
		c := &d.list[i]
		if n := count[strings.ToLower(foldSpace(d.name(i)))]; n > 1 && c.Role != RoleIgnored && c.Role != RoleAttribute &&
			c.Role != RoleAdvice {
			return duplicate(d.name(i), n)
		}
	}
	return nil
}

// main reports headers that say most clearly that they decide.
func (d *columns) main(i int) bool {
	return slices.ContainsFunc(d.about(i).Words, func(w string) bool {
		return w == "effective" || w == "decision" ||
			w == "entscheidung"
	})
}

func (d *columns) byName(name string) int {
	return slices.Index(d.head.header, name)
}

// mapping writes down what is in force.
func (d *columns) mapping() Mapping {
	given := d.given.Columns
	m := Mapping{Separators: given.Separators}
	if m.Separators == "" {
		m.Separators = DefaultSeparators
	}
	other := func(name string, role Role) {
		if m.Others == nil {
			m.Others = map[string]Role{}
		}
		m.Others[name] = role
	}
	count := map[string]int{}
	for i := range d.list {
		count[strings.ToLower(foldSpace(d.name(i)))]++
	}
	for i := range d.list {
		c := &d.list[i]
		if count[strings.ToLower(foldSpace(d.name(i)))] > 1 {
			continue // the name does not say which column is meant
		}
		switch c.Role {
		case RoleUser:
			m.User = d.name(i)
		case RoleUserID:
			m.UserID = d.name(i)
		case RoleFilter:
			switch {
			case m.Filter == "":
				m.Filter = d.name(i)
			case given.Filter == "" && d.main(i) && !d.main(d.byName(m.Filter)):
				other(m.Filter, RoleFilter)
				m.Filter = d.name(i)
			default:
				other(d.name(i), RoleFilter)
			}
		case RoleState, RoleBlocked, RoleValidFrom, RoleValidUntil, RoleApplication, RoleKind, RoleScope, RoleAdvice:
			other(d.name(i), c.Role)
		case RoleDate:
			m.Date = d.name(i)
		case RoleAction:
			m.Action = d.name(i)
		case RoleAttribute:
			m.Attributes = append(m.Attributes, d.name(i))
		case RoleEntitlement:
			m.Entitlements = append(m.Entitlements, d.name(i))
		}
	}
	return m
}
