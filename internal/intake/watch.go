package intake

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// The sample decides what columns are; the rest of the file can still speak against it. The types of this file look at
// columns that only describe while all rows are read, at little cost.

// kindColumn leaves out rows that are about no person.
type kindColumn struct {
	index int
	words table // 1 for a group, a service
}

func (k *kindColumn) read(rec *record) bool {
	cell := rec.fields[k.index]
	at, known := k.words.get(cell)
	if !known {
		senses := lexicon.Load().Senses(string(cell))
		if senses[lexicon.NonPerson] && !senses[lexicon.Person] {
			at = 1
		}
		if len(k.words.keys) < maxWords {
			k.words.put(string(cell), at)
		}
	}
	return at == 1
}

// selectColumn chooses rows by their value.
type selectColumn struct {
	index  int
	name   string
	wanted map[string]bool // by word key; true once it was met
	have   []string        // the first distinct values of the column
	cells  table           // 1 when chosen
}

func (s *selectColumn) read(rec *record) bool {
	cell := rec.fields[s.index]
	at, known := s.cells.get(cell)
	if !known {
		text := foldSpace(string(cell))
		if _, chosen := s.wanted[wordKey(text)]; chosen {
			at = 1
			s.wanted[wordKey(text)] = true
		}
		if len(s.have) < 50 {
			s.have = append(s.have, text)
		}
		if len(s.cells.keys) < maxWords {
			s.cells.put(string(cell), at)
		}
	}
	return at == 1
}

// selections prepares the choice of rows.
func (b *builder) selections() error {
	for _, name := range sortedKeys(b.answers.Rows) {
		values := b.answers.Rows[name]
		if len(values) == 0 {
			continue
		}
		at, err := b.columns.find(name)
		if err != nil {
			return err
		}
		s := &selectColumn{index: at, name: b.header[at], wanted: map[string]bool{}, cells: newTable()}
		for _, v := range values {
			s.wanted[wordKey(v)] = false
		}
		b.chosen = append(b.chosen, s)
		b.rep.Reading.Rows = append(b.rep.Reading.Rows, Selection{
			Column: untrusted.NewStored(s.name),
			Values: storedTexts(slices.Sorted(slices.Values(values))),
		})
	}
	for _, column := range sortedKeys(b.answers.Words) {
		at, err := b.columns.find(column)
		if err != nil {
			return err
		}
		for word, meaning := range b.answers.Words[column] {
			if meaning != WordGrants && meaning != WordRefuses {
				return &trouble.Error{
					Code: trouble.UnusableAnswer,
					What: fmt.Sprintf("the word %q cannot mean %q", shown(word), shown(meaning)),
					Next: "a word grants or refuses",
				}
			}
		}
		if role := b.rep.Columns[at].Role; !slices.Contains([]Role{RoleFilter, RoleState, RoleBlocked, RoleAction,
			RoleValidFrom, RoleValidUntil}, role) && !(role == RoleEntitlement && couldEnd(b.answers.Words[column])) &&
			!slices.Contains(b.columns.marks, at) {
			return &trouble.Error{
				Code: trouble.UnusableAnswer,
				What: fmt.Sprintf("words are given for the column %q, which does not decide (it is %s)", shown(column), role),
				Next: "name it in columns.filter too, or leave its words out",
			}
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// unmet refuses answers about values and words that the file does not have. A saved mapping may name what is gone since,
// as long as one of the values that it chooses is left.
func (b *builder) unmet() error {
	for _, s := range b.chosen {
		met := slices.Contains(slices.Collect(maps.Values(s.wanted)), true)
		for _, v := range sortedKeys(s.wanted) {
			if s.wanted[v] || met && b.layers.remembered(func(a Answers) bool { return a.hasRow(s.name, v) }) {
				continue
			}
			next := "the column has " + quoted(s.have...)
			if near := nearest(v, s.have); near != "" {
				next = fmt.Sprintf("did you mean %q? ", shown(near)) + next
			}
			return &trouble.Error{
				Code: trouble.UnknownValue,
				What: fmt.Sprintf("no row has %q under %q", shown(v), shown(s.name)),
				Next: next,
			}
		}
	}
	for _, v := range b.wordColumns() {
		name := b.header[v.index]
		gone := func(word string) bool {
			return b.layers.remembered(func(a Answers) bool { return a.hasWord(name, word) })
		}
		if err := v.unmet(name, gone); err != nil {
			return err
		}
	}
	return b.unmetValues()
}

// wordColumns are all columns whose words have meanings.
func (b *builder) wordColumns() []*verdictColumn {
	all := slices.Clone(b.verdicts)
	for _, l := range []*limitColumn{&b.limits.from, &b.limits.until} {
		if l.index >= 0 {
			all = append(all, l.words)
		}
	}
	for i := range b.access.columns {
		if m := b.access.columns[i].marks; m != nil {
			all = append(all, m)
		}
	}
	return all
}

// constantColumn is a column that had one value in the sample, such as the application, and would be a question if it
// had several.
type constantColumn struct {
	index  int
	name   string
	seen   table
	values []string
	line   int
	n      int
	ask    func(c *constantColumn) Doubt
}

func (c *constantColumn) read(rec *record) {
	cell := trim(rec.fields[c.index])
	if len(cell) == 0 {
		return
	}
	if _, known := c.seen.get(cell); known {
		return
	}
	if c.n++; c.n > 1000 {
		return
	}
	c.seen.put(string(cell), 0)
	if text := foldSpace(string(cell)); len(c.values) < 6 && !slices.Contains(c.values, text) {
		c.values = append(c.values, text)
		c.line = rec.line
	}
}

// quietColumn is a column that only describes. Cells such as Revoked below the sample make it a question.
type quietColumn struct {
	index  int
	name   string
	remark bool // a column of comments, in which sentences count
	strict bool // a column of reasons, in which phrases count and single words do not
	levels bool // a column of levels of access, in which Delete is one
	edge   bool // a column of which nothing is known, in which a word at the edge counts: Denied by policy
	last   []byte
	cell   string
	lines  []int
	rows   int
}

func (q *quietColumn) read(rec *record) {
	cell := rec.fields[q.index]
	if len(cell) < 2 || bytes.Equal(cell, q.last) || len(cell) > 40 && !q.remark {
		return
	}
	q.last = append(q.last[:0], cell...)
	l := lexicon.Load()
	if !q.refuses(l, cell) || q.levels && l.Says(string(cell), lexicon.Level) {
		return
	}
	if q.rows++; q.rows == 1 {
		q.cell = foldSpace(string(cell))
	}
	if len(q.lines) < 5 {
		q.lines = append(q.lines, rec.line)
	}
	q.last = q.last[:0]
}

// refuses reports a cell that says no. Sentences are read for the first five rows alone: a question needs no more.
func (q *quietColumn) refuses(l *lexicon.Lexicon, cell []byte) bool {
	early := q.rows < 5
	return q.remark && early && l.Takes(string(cell), q.strict) ||
		q.remark && len(cell) <= 12 && plainNo(l, cell) ||
		q.edge && early && struckOut(l, string(cell)) ||
		len(cell) <= 40 && l.MayRefuse(cell) && traitOf(foldSpace(string(cell))).has[isRefusal]
}

// plainNo reports a comment that is only a no: No!
func plainNo(l *lexicon.Lexicon, cell []byte) bool {
	senses := l.Senses(strings.TrimRight(foldSpace(string(cell)), "!."))
	return senses[lexicon.No] && !senses[lexicon.Placeholder]
}

func struckOut(l *lexicon.Lexicon, cell string) bool {
	_, _, found := l.Struck(cell)
	return found && !strings.HasPrefix(cell, "-")
}

// watch keeps an eye on a column that only describes, as far as the sample shows.
func (b *builder) watch(c Column, h *lexicon.Heading, d *columns) {
	name := c.Name.Raw()
	if c.Confidence == sureByCaller && slices.ContainsFunc(d.given.Columns.claims(), func(cl claim) bool {
		return cl.role == c.Role && strings.EqualFold(foldSpace(cl.name), foldSpace(name))
	}) {
		if c.Role != RoleApplication || len(d.given.Rows[name]) > 0 {
			return
		}
	}
	switch {
	case c.Role == RoleApplication:
		if len(d.given.Rows[name]) == 0 {
			b.constant = append(b.constant, &constantColumn{index: c.Index, name: name, seen: newTable(),
				ask: func(c *constantColumn) Doubt {
					return applicationDoubt(c.name, c.n, c.values)
				}})
		}
	case h.Is(lexicon.Scope) && d.cells(c.Index).deciding < max(d.cells(c.Index).filled, 1) &&
		d.given.Layout != LayoutList && d.layout != LayoutMatrix && len(d.given.Rows[name]) == 0:
		access := d.namesOf(d.with(RoleEntitlement))
		b.constant = append(b.constant, &constantColumn{index: c.Index, name: name, seen: newTable(), ask: func(c *constantColumn) Doubt {
			return scopeDoubt(c.name, access, c.values[0], "")
		}})
	case c.Role == RoleAdvice:
	case c.Role == RoleAttribute && h.NotHeld():
		b.unheld = append(b.unheld, &unheldColumn{index: c.Index, name: name, access: d.with(RoleEntitlement)})
	case h.Is("", lexicon.Description, lexicon.PairName) && len(d.cells(c.Index).distinct) > 0 || h.Is("") || h.Remark(false):
		b.quiet = append(b.quiet, &quietColumn{
			index:  c.Index,
			name:   name,
			remark: h.Remark(true),
			strict: !h.Remark(false),
			edge:   h.Is(""),
			levels: d.cells(c.Index).onlyLevels(),
		})
	}
}

// watched turns what was seen into doubts.
func (b *builder) watched() {
	for _, c := range b.constant {
		if len(c.values) > 1 {
			b.doubt(c.ask(c))
		}
	}
	for _, q := range b.quiet {
		if q.rows > 0 {
			d := mayDecideDoubt(q.name, fmt.Sprintf("some cells say no in words, such as %s in line %d", quoted(q.cell), q.lines[0]))
			d.Lines = q.lines
			b.doubt(d)
		}
	}
	for _, u := range b.unheld {
		if len(u.lines) > 0 {
			d := mayDecideDoubt(u.name, fmt.Sprintf("in line %d it names what the access column of the same row names, %s",
				u.lines[0], quoted(u.cell)))
			d.Lines = u.lines
			b.doubt(d)
		}
	}
}

// unheldColumn names access that the user does not hold, such as Removed Roles. When a row names the same access as held,
// it is not clear what the row says: a file of removals repeats the role that goes.
type unheldColumn struct {
	index  int
	name   string
	access []int
	cell   string
	lines  []int
}

func (u *unheldColumn) read(rec *record) {
	cell := rec.fields[u.index]
	if len(cell) == 0 || len(u.lines) >= 5 {
		return
	}
	for _, part := range bytes.FieldsFunc(cell, betweenValues) {
		gone := foldSpace(string(part))
		for _, at := range u.access {
			held := bytes.FieldsFunc(rec.fields[at], betweenValues)
			if gone == "" || !slices.ContainsFunc(held, func(v []byte) bool {
				return strings.EqualFold(foldSpace(string(v)), gone)
			}) {
				continue
			}
			if u.cell == "" {
				u.cell = gone
			}
			u.lines = append(u.lines, rec.line)
			return
		}
	}
}

// betweenValues are the usual signs between values of one cell. Whether a file uses them does not matter here: a cell that
// is taken apart too far can only ask too much.
func betweenValues(r rune) bool { return strings.ContainsRune(";,|\n", r) }
