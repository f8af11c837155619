package intake

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/intake/lexicon"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// Okta API: the name of an entitlement and of a value takes 1 to 255 characters.
const maxOktaName = 255

// accessTable turns the access cells of records into sets of values. Every distinct cell, and every distinct
// combination of cells, is worked out once.
type accessTable struct {
	builder *builder
	columns []accessColumn
	combos  table // by the cell numbers of all columns, 4 bytes each; points into results
	results []combo
	sets    map[string]int32 // by the value indexes, 4 bytes each; points into Report.Accesses
	byName  map[string]int32 // entitlements
	values  []map[string]int32
	key     []byte
	pair    []byte
	line    int32 // of the record at hand
}

// combo is a combination of cells: the set that it means, -1 for none, and whether all cells can be used.
type combo struct {
	set     int32
	sound   bool
	refused bool // a cell says that the access was taken away
}

type accessColumn struct {
	index       int   // in the file
	beside      int   // column that names the access together with this one, -1 for none
	named       bool  // that column names the entitlement
	entitlement int32 // -1 when the cells name it
	cells       table // points into known
	known       []accessCell
	marks       *verdictColumn // for a column of a matrix
	syntax      cellSyntax
	plural      bool
	guessed     bool
	nones       []string // None and the like
	noneLines   []int
}

type accessCell struct {
	text    string // kept for cells with several values only
	line    int32
	values  []int32
	sound   bool
	refused bool
	commas  bool // split at commas and nothing else
	spaced  bool
}

func (t *accessTable) addColumn(c Column, d *columns) {
	b := t.builder
	col := accessColumn{
		index:       c.Index,
		beside:      -1,
		entitlement: -1,
		cells:       newTable(),
		guessed:     c.Confidence < sureByCaller,
		plural:      isPlural(d.about(c.Index)),
	}
	col.syntax = b.syntax(d.about(c.Index))
	col.syntax.levels = d.cells(c.Index).onlyLevels()
	col.syntax.words, col.syntax.used = b.wordsOf(c, d), map[string]bool{}
	switch {
	case slices.Contains(d.marks, c.Index):
		col.entitlement = t.entitlement(b.matrixName(d))
		col.marks = newVerdictColumn(c, d.about(c.Index), b.answers)
		col.marks.role = RoleFilter
	case d.pairName >= 0 && d.about(c.Index).Is(lexicon.PairValue):
		col.beside, col.named = d.pairName, true
	case d.scope >= 0:
		col.beside, col.entitlement = d.scope, t.entitlement(foldSpace(c.Name.Raw()))
	case d.number[c.Index] != "":
		col.entitlement = t.entitlement(d.number[c.Index])
	default:
		col.entitlement = t.entitlement(entitlementName(c.Name.Raw()))
	}
	t.columns = append(t.columns, col)
}

// entitlementName is the header without what Google writes behind it for people who fill in the file.
func entitlementName(header string) string {
	for _, suffix := range []string{"[READ ONLY]", "[Required]", "[UPLOAD ONLY]"} {
		if short := strings.TrimSuffix(header, suffix); short != "" {
			header = short
		}
	}
	return foldSpace(header)
}

// entitlement returns the index of the entitlement of a name.
func (t *accessTable) entitlement(name string) int32 {
	at, known := t.byName[name]
	if !known {
		at = int32(len(t.builder.rep.Entitlements))
		t.byName[name] = at
		t.builder.rep.Entitlements = append(t.builder.rep.Entitlements, EntitlementColumn{Name: untrusted.New(name)})
		t.values = append(t.values, map[string]int32{})
	}
	return at
}

// matrixName is the name of the entitlement whose values are the headings of a matrix: what the caller says, the word
// that all headings end with, or Access.
func (b *builder) matrixName(d *columns) string {
	if name := foldSpace(d.given.AccessName); name != "" {
		return name
	}
	common := ""
	for i, at := range d.marks {
		words := strings.Fields(d.name(at))
		if len(words) < 2 {
			return "Access"
		}
		last := words[len(words)-1]
		if i > 0 && last != common {
			return "Access"
		}
		common = last
	}
	if h := lexicon.Load().Header(common); len(d.marks) > 1 && h.Is(lexicon.Access) {
		return common
	}
	return "Access"
}

func (b *builder) syntax(h *lexicon.Heading) cellSyntax {
	x := cellSyntax{
		separators: b.rep.Mapping.Separators,
		given:      b.answers.Columns.Separators != "",
		known:      b.known,
		none:       b.answers.NoneIs,
	}
	if x.separators == noSeparators {
		x.separators = ""
	}
	if b.answers.Commas == CommasPartOfName {
		x.separators = strings.ReplaceAll(x.separators, ",", "")
	}
	for _, w := range h.Words {
		if strings.HasPrefix(w, "licen") || strings.HasPrefix(w, "lizenz") {
			x.plus = !x.given
		}
	}
	return x
}

// isPlural reports headers that promise several values a cell.
func isPlural(h *lexicon.Heading) bool {
	for _, w := range h.Words {
		switch w {
		case "memberof", "member", "rollen", "gruppen", "rechte", "lizenzen", "berechtigungen", "ruoli", "gruppi",
			"permessi", "groepen", "rechten", "papeis":
			return true
		}
		if len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && w != "access" {
			return true
		}
	}
	return false
}

// row returns what the access cells of a record mean.
func (t *accessTable) row(rec *record) (combo, error) {
	t.key, t.line = t.key[:0], int32(rec.line)
	for i := range t.columns {
		c := &t.columns[i]
		cell := rec.fields[c.index]
		if c.beside >= 0 {
			t.pair = append(append(append(t.pair[:0], rec.fields[c.beside]...), 0), cell...)
			cell = t.pair
		}
		if c.marks != nil {
			c.marks.read(rec)
		}
		at, known := c.cells.get(cell)
		if !known {
			var err error
			if at, err = t.newCell(i, cell); err != nil {
				return combo{set: -1}, err
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
	return t.results[at], nil
}

// newCell meets a cell for the first time.
func (t *accessTable) newCell(column int, raw []byte) (int32, error) {
	c, b := &t.columns[column], t.builder
	key := string(raw)
	beside, text := "", key
	if c.beside >= 0 {
		beside, text, _ = strings.Cut(key, "\x00")
		beside = foldSpace(beside)
	}
	cell := accessCell{line: t.line, sound: b.accessCell(t.line, c.index, []byte(text))}
	if c.marks != nil {
		w := c.marks.judge(text)
		text = ""
		if w.meaning == MeansGrants {
			text = foldSpace(b.header[c.index])
		}
		if text != "" {
			if err := t.addValue(c, &cell, c.entitlement, text); err != nil {
				return 0, err
			}
		}
		return t.keep(c, key, cell)
	}
	if cell.sound {
		p := c.syntax.parse(text)
		b.aboutCell(t.line, c, text, &p)
		cell.sound, cell.refused = !p.broken, len(p.refusals) > 0
		cell.commas, cell.spaced = p.commas, p.spaced
		entitlement := c.entitlement
		if c.named && beside != "" {
			entitlement = t.entitlement(beside)
		}
		for _, value := range p.values {
			if c.beside >= 0 && !c.named && beside != "" {
				value = beside + ": " + value
			}
			if entitlement < 0 {
				cell.sound = false
				break
			}
			if err := t.addValue(c, &cell, entitlement, value); err != nil {
				return 0, err
			}
		}
		if len(cell.values) > 1 {
			cell.text = text
		}
	}
	return t.keep(c, key, cell)
}

func (t *accessTable) keep(c *accessColumn, key string, cell accessCell) (int32, error) {
	if len(c.known) >= 10*t.builder.opts.MaxValues {
		return 0, t.tooMany()
	}
	at := int32(len(c.known))
	c.known = append(c.known, cell)
	c.cells.put(key, at)
	return at, nil
}

// addValue enters one value of a cell.
func (t *accessTable) addValue(c *accessColumn, cell *accessCell, entitlement int32, value string) error {
	b := t.builder
	if n := utf8.RuneCountInString(value); n > maxOktaName {
		b.tooLong(t.line, c.index, value, n)
		cell.sound = false
	}
	if c.guessed && strings.Contains(value, "@") {
		if _, flaw := cleanAddress(value); flaw == "" {
			b.notAccessCell(t.line, c.index, value)
			cell.sound = false
			return nil
		}
	}
	at, known := t.values[entitlement][value]
	if !known {
		if len(b.rep.Values) >= b.opts.MaxValues {
			return t.tooMany()
		}
		at = int32(len(b.rep.Values))
		b.rep.Values = append(b.rep.Values, Value{
			Entitlement: entitlement,
			Text:        untrusted.New(value),
			Line:        t.line,
		})
		t.values[entitlement][value] = at
		b.rep.Entitlements[entitlement].Values++
	}
	if !slices.Contains(cell.values, at) {
		cell.values = append(cell.values, at)
	}
	return nil
}

func (t *accessTable) tooMany() error {
	return &trouble.Error{
		Code: trouble.TooManyValues,
		What: fmt.Sprintf("the entitlement columns hold more than %d different values", t.builder.opts.MaxValues),
		Next: "check the mapping: a column that differs in every row is no entitlement",
	}
}

// newCombo works out the set of the combination in t.key.
func (t *accessTable) newCombo() combo {
	result := combo{set: -1, sound: true}
	var set []int32
	for i := range t.columns {
		cell := &t.columns[i].known[binary.LittleEndian.Uint32(t.key[4*i:])]
		result.sound = result.sound && cell.sound
		result.refused = result.refused || cell.refused
		set = append(set, cell.values...)
	}
	if len(set) == 0 || !result.sound {
		return result
	}
	slices.Sort(set)
	set = slices.Compact(set)
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
