package intake

import "bytes"

// peopleTable finds persons by the cells that name them.
type peopleTable struct {
	byEmail table // by cell as written and by identity
	byID    table // by second identifier: the first person that had it

	last     int32 // person of the record before, whose cell is lastCell
	lastCell []byte
	conflict map[int32]bool // persons already reported for two ids
}

// person returns the index of the record's user, or -1 when the cell names none.
func (b *builder) person(rec *record) int32 {
	p, cell := &b.people, rec.fields[b.userCol]
	if p.last < 0 || !bytes.Equal(cell, p.lastCell) {
		at, known := p.byEmail.get(cell)
		if !known {
			at = b.newSpelling(rec, cell)
		}
		p.last = at
		p.lastCell = append(p.lastCell[:0], cell...)
	}
	if b.idCol >= 0 && p.last >= 0 {
		if id := trim(rec.fields[b.idCol]); len(id) > 0 && string(id) != b.rep.People[p.last].UserID {
			b.otherID(rec, p.last, id)
		}
	}
	return p.last
}

// newSpelling meets an e-mail cell for the first time. Cells that are no address are not remembered, so that a column of
// junk costs no memory.
func (b *builder) newSpelling(rec *record, cell []byte) int32 {
	p := &b.people
	text := foldSpace(string(cell))
	if text == "" {
		b.missingEmail(rec)
		return -1
	}
	if flaw := emailFlaw([]byte(text)); flaw != "" {
		b.malformedEmail(rec, text, flaw)
		return -1
	}
	if !isASCII(cell) {
		b.unusualEmail(rec, text)
	}
	key := emailIdentity(text)
	at, known := p.byEmail.get([]byte(key))
	if !known {
		at = int32(len(b.rep.People))
		if key == text {
			text = key // one copy in memory
		}
		b.rep.People = append(b.rep.People, Person{Email: text})
		p.byEmail.put(key, at)
	}
	if string(cell) != key {
		p.byEmail.put(string(cell), at)
	}
	return at
}

// otherID meets a second identifier that is not the one known of the person.
func (b *builder) otherID(rec *record, person int32, id []byte) {
	p := &b.people
	known := &b.rep.People[person].UserID
	if *known != "" {
		if !p.conflict[person] {
			if p.conflict == nil {
				p.conflict = map[int32]bool{}
			}
			p.conflict[person] = true
			b.manyUserIDs(rec, person, string(id))
		}
		return
	}
	*known = foldSpace(string(id))
	if first, taken := p.byID.get([]byte(*known)); taken {
		b.sharedUserID(rec, person, first)
		return
	}
	p.byID.put(*known, person)
}
