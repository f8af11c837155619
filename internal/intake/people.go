package intake

import (
	"bytes"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/internal/untrusted"
)

// peopleTable finds persons by the cells that name them.
type peopleTable struct {
	byEmail table // by cell as written and by identity
	byID    table // by second identifier: the first person that had it
	logins  bool  // cells are logins; addresses are taken too

	last     int32 // person of the record before, whose cell is lastCell
	lastCell []byte
	inOrder  bool           // the person of the record before came in the order in which people were first seen
	conflict map[int32]bool // persons already reported for two ids
}

// person returns the index of the record's user, or -1 when the cell names none.
func (b *builder) person(rec *record) int32 {
	p, cell := &b.people, rec.fields[b.userCol]
	if p.last < 0 || !bytes.Equal(cell, p.lastCell) {
		at := p.last + 1
		if !p.inOrder || int(at) >= len(b.rep.People) || b.rep.People[at].Email.Raw() != string(cell) ||
			!isASCII(cell) { // each spelling with other letters is reported, so the table has to see it
			var known bool
			if at, known = p.byEmail.get(cell); !known {
				at = b.newSpelling(rec, cell)
			}
			p.inOrder = !p.logins && at >= 0 && at == p.last+1 && int(at)+1 < len(b.rep.People)
		}
		p.last = at
		p.lastCell = append(p.lastCell[:0], cell...)
	}
	if b.idCol >= 0 && p.last >= 0 {
		if id := trim(rec.fields[b.idCol]); len(id) > 0 && string(id) != b.rep.People[p.last].UserID.Raw() {
			b.otherID(rec, p.last, id)
		}
	}
	return p.last
}

// newSpelling meets a cell for the first time. Cells that name no user are not remembered, so that a column of junk
// costs no memory.
func (b *builder) newSpelling(rec *record, cell []byte) int32 {
	p := &b.people
	text := foldSpace(string(cell))
	if text == "" {
		b.sections.odd(rec, b.header)
		b.missingEmail(rec)
		return -1
	}
	login := false
	address, flaw := cleanAddress(text)
	if flaw != "" && p.logins && !strings.Contains(text, "@") {
		login, address = true, text
		flaw = loginFlaw(text)
	}
	if (flaw != "" || login) && b.endsTable(rec) {
		flaw = "the line holds totals or a footer, or repeats the header"
	}
	if flaw != "" {
		b.sections.odd(rec, b.header)
		b.malformedEmail(rec, text, flaw)
		return -1
	}
	if !isFolded(address) && !isASCII([]byte(address)) {
		b.unusualEmail(rec, text)
	}
	text = address
	key := spelling.Fold(text)
	at, known := int32(-1), false
	if key != string(cell) { // which was not found
		at, known = p.byEmail.get([]byte(key))
	}
	if !known {
		at = int32(len(b.rep.People))
		if key == text {
			text = key // one copy in memory
		}
		b.rep.People = append(b.rep.People, Person{Email: untrusted.New(text), Login: login})
		p.byEmail.put(key, at)
	}
	if string(cell) != key {
		p.byEmail.put(string(cell), at)
	}
	return at
}

// endsTable reports a line of totals or a footer, or the header once more. In a report of logins its first word could
// pass as one.
func (b *builder) endsTable(rec *record) bool {
	if len(b.spans.spans) > 100 {
		return false
	}
	cells := make([]string, len(rec.fields))
	for i, f := range rec.fields {
		cells[i] = string(f)
	}
	switch {
	case sameCells(cells, b.header):
		b.spans.addSpan(SpanRepeated, rec.line, rec.line)
	case isFooter(cells):
		b.spans.addSpan(SpanTotal, rec.line, rec.line)
	default:
		return false
	}
	return true
}

// isFooter reports a line whose first filled cell begins with a word such as Total or Generated.
func isFooter(cells []string) bool {
	filled, first := 0, ""
	for _, c := range cells {
		if c = foldSpace(c); c != "" {
			if filled++; first == "" {
				first = c
			}
		}
	}
	if filled == 0 || filled == len(cells) && len(cells) > 2 {
		return false
	}
	name, _, _ := strings.Cut(first, ":")
	return lexicon.Load().Says(name, lexicon.Total) || filled == 1 && beginsWith(first, lexicon.Total)
}

// otherID meets a second identifier that is not the one known of the person.
func (b *builder) otherID(rec *record, person int32, id []byte) {
	p := &b.people
	known := &b.rep.People[person].UserID
	if !known.IsZero() {
		if !p.conflict[person] {
			if p.conflict == nil {
				p.conflict = map[int32]bool{}
			}
			p.conflict[person] = true
			b.manyUserIDs(rec, person, string(id))
		}
		return
	}
	read := foldSpace(string(id))
	*known = untrusted.New(read)
	if read != string(id) {
		id = []byte(read)
	}
	if first, taken := p.byID.get(id); taken {
		b.sharedUserID(rec, person, first)
		return
	}
	p.byID.put(read, person)
}

// loginHeader reports whether the header of the user column promises logins, so that a cell without an address can be
// one.
func loginHeader(d *columns) bool {
	for _, i := range d.with(RoleUser) {
		return d.about(i).Is(lexicon.Login) && d.cells(i).emails < d.cells(i).filled && d.cells(i).logins > 0
	}
	return false
}
