package intake

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Okta API: the name of an entitlement and of a value takes 1 to 255 characters.
const maxOktaName = 255

// accessTable turns the entitlement cells of records into sets of values. Every distinct cell, and every distinct
// combination of cells, is worked out once.
type accessTable struct {
	builder *builder
	columns []accessColumn
	combos  table // by the cell numbers of all columns, 4 bytes each; points into results
	results []combo
	sets    map[string]int32 // by the value indexes, 4 bytes each; points into Report.Accesses
	key     []byte
	line    int32 // of the record at hand
}

// combo is a combination of cells: the set that it means, -1 for none, and whether all cells can be used.
type combo struct {
	set   int32
	sound bool
}

type accessColumn struct {
	index  int   // in the file
	cells  table // points into known
	known  []accessCell
	values map[string]int32 // by text; points into Report.Values
}

type accessCell struct {
	text   string // kept for cells with several values only
	line   int32
	values []int32
	sound  bool
}

func (t *accessTable) addColumn(c Column) {
	t.builder.rep.Entitlements = append(t.builder.rep.Entitlements, EntitlementColumn{Name: foldSpace(c.Name)})
	t.columns = append(t.columns, accessColumn{index: c.Index, cells: newTable(), values: map[string]int32{}})
}

// row returns the set of values of a record, -1 when it names none, and whether its cells can be used.
func (t *accessTable) row(rec *record) (int32, bool, error) {
	t.key, t.line = t.key[:0], int32(rec.line)
	for i := range t.columns {
		c := &t.columns[i]
		at, known := c.cells.get(rec.fields[c.index])
		if !known {
			var err error
			if at, err = t.newCell(i, rec.fields[c.index]); err != nil {
				return -1, false, err
			}
		}
		t.key = binary.LittleEndian.AppendUint32(t.key, uint32(at))
	}
	at, known := t.combos.get(t.key)
	if !known {
		at = int32(len(t.results))
		t.results = append(t.results, t.newCombo())
		t.combos.put(string(t.key), at)
	}
	return t.results[at].set, t.results[at].sound, nil
}

// newCell meets a cell for the first time.
func (t *accessTable) newCell(column int, raw []byte) (int32, error) {
	c, b := &t.columns[column], t.builder
	cell := accessCell{line: t.line, sound: b.accessCell(t.line, c.index, raw)}
	text := string(raw)
	if cell.sound {
		separators := b.rep.Mapping.Separators
		if separators == noSeparators {
			separators = ""
		}
		for _, value := range splitValues(text, separators) {
			if n := utf8.RuneCountInString(value); n > maxOktaName {
				b.tooLong(t.line, c.index, value, n)
				cell.sound = false
			}
			at, known := c.values[value]
			if !known {
				if len(b.rep.Values) >= b.opts.MaxValues {
					return 0, t.tooMany()
				}
				at = int32(len(b.rep.Values))
				b.rep.Values = append(b.rep.Values, Value{Entitlement: int32(column), Text: value, Line: t.line})
				c.values[value] = at
				b.rep.Entitlements[column].Values++
			}
			cell.values = append(cell.values, at)
		}
	}
	if len(cell.values) > 1 {
		cell.text = text
	}
	if len(c.known) >= 10*b.opts.MaxValues {
		return 0, t.tooMany()
	}
	at := int32(len(c.known))
	c.known = append(c.known, cell)
	c.cells.put(text, at)
	return at, nil
}

func (t *accessTable) tooMany() error {
	return &Error{Code: CodeTooManyValues, Msg: fmt.Sprintf("the entitlement columns hold more than %d different values", t.builder.opts.MaxValues),
		Next: "check the mapping: a column that differs in every row is no entitlement"}
}

// newCombo works out the set of the combination in t.key.
func (t *accessTable) newCombo() combo {
	result := combo{set: -1, sound: true}
	var set []int32
	for i := range t.columns {
		cell := &t.columns[i].known[binary.LittleEndian.Uint32(t.key[4*i:])]
		result.sound = result.sound && cell.sound
		set = append(set, cell.values...)
	}
	if len(set) == 0 || !result.sound {
		return result
	}
	slices.Sort(set)
	key := make([]byte, 0, 4*len(set))
	for _, v := range set {
		key = binary.LittleEndian.AppendUint32(key, uint32(v))
	}
	at, known := t.sets[string(key)]
	if !known {
		at = int32(len(t.builder.rep.Accesses))
		t.builder.rep.Accesses = append(t.builder.rep.Accesses, set)
		t.sets[string(key)] = at
	}
	result.set = at
	return result
}
