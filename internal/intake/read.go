package intake

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
)

// Read reads an access report in one pass and in bounded memory beside the Report itself. Every data record becomes
// exactly one Row, whatever is wrong with it; blank lines are no records. Whatever a person should know of stands in
// Report.Problems. The same bytes and options give the same Report.
//
// Reading never grants on doubt: a row is RowWanted only when its user and its values are sound, the filter column, if
// there is one, has a word for permitted (yes, true, 1, allow, … in any case), and the action column does not speak of
// removal. A filter cell with another word, or none, makes the row RowDenied (unknown_access_word).
//
// The error is an *Error, or ctx's.
func Read(ctx context.Context, r io.Reader, opts Options) (*Report, error) {
	opts = opts.withDefaults()
	src := newSource(ctx, r)
	scan, head, err := open(src, opts)
	if err != nil {
		return nil, err
	}
	b, err := newBuilder(head, opts)
	if err != nil {
		return nil, err
	}
	var rec record
	for {
		more, err := scan.next(&rec)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if err := b.record(&rec); err != nil {
			return nil, err
		}
	}
	if b.rows.n == 0 {
		return nil, &Error{Code: CodeHeaderOnly, Msg: "the file has a header and no rows", Next: "export the report again, with its rows"}
	}
	rep := b.rep
	rep.SHA256, rep.Bytes, rep.Encoding, rep.Delimiter = src.digest(), src.bytes, src.enc, string(scan.delim)
	b.aboutFile(src)
	b.finish()
	return rep, nil
}

// rowChunks holds rows while their number is unknown, without the copies that a growing slice makes.
type rowChunks struct {
	chunks [][]Row
	n      int
}

const rowChunk = 1 << 15

func (c *rowChunks) add(r Row) {
	last := len(c.chunks) - 1
	if last < 0 || len(c.chunks[last]) == rowChunk {
		size := rowChunk
		if last < 0 {
			size = 256 // the first chunk grows, so that small files stay small
		}
		c.chunks = append(c.chunks, make([]Row, 0, size))
		last++
	}
	c.chunks[last] = append(c.chunks[last], r)
	c.n++
}

// join returns all rows in one slice and lets go of the chunks.
func (c *rowChunks) join() []Row {
	rows := make([]Row, 0, c.n)
	for i, chunk := range c.chunks {
		rows = append(rows, chunk...)
		c.chunks[i] = nil
	}
	return rows
}

// builder turns records into a Report.
type builder struct {
	rep      *Report
	opts     Options
	problems *problems
	rows     rowChunks

	userCol, idCol, filterCol, dateCol, actionCol int // -1 when absent
	plainCols                                     []int
	access                                        accessTable
	people                                        peopleTable
	filters                                       table // filterWord by cell
	removals                                      table // 1 by cell that speaks of removal, else 0
	dates                                         dateColumn
}

// filterWord is what a cell of the filter column says.
type filterWord uint8

const (
	filterUnknown filterWord = iota
	filterPermitted
	filterDenied
)

func newBuilder(h *head, opts Options) (*builder, error) {
	columns, mapping, err := decideColumns(h, opts.Mapping)
	if err != nil {
		return nil, err
	}
	b := &builder{opts: opts, problems: newProblems(opts.MaxProblems), userCol: -1, idCol: -1, filterCol: -1, dateCol: -1, actionCol: -1,
		filters: newTable(), removals: newTable()}
	b.rep = &Report{File: opts.File, Header: h.header, Columns: columns, Mapping: mapping}
	b.people = peopleTable{byEmail: newTable(), byID: newTable(), last: -1}
	b.access = accessTable{builder: b, combos: newTable(), sets: map[string]int32{}}
	for _, c := range columns {
		switch c.Role {
		case RoleUser:
			b.userCol = c.Index
		case RoleUserID:
			b.idCol = c.Index
			b.plainCols = append(b.plainCols, c.Index)
		case RoleFilter:
			b.filterCol = c.Index
		case RoleDate:
			b.dateCol = c.Index
		case RoleAction:
			b.actionCol = c.Index
		case RoleEntitlement:
			b.access.addColumn(c)
		default:
			b.plainCols = append(b.plainCols, c.Index)
		}
	}
	b.aboutHeader()
	return b, nil
}

// record turns one record into one row.
func (b *builder) record(rec *record) error {
	if b.rows.n >= b.opts.MaxRows || rec.line > math.MaxInt32 {
		return &Error{Code: CodeTooManyRows, Msg: fmt.Sprintf("the file has more than %d rows", b.opts.MaxRows), Next: "split it into several files"}
	}
	row := Row{Line: int32(rec.line), Person: -1, Access: -1, State: RowBad}
	if b.shape(rec) {
		if err := b.fill(&row, rec); err != nil {
			return err
		}
	}
	b.rows.add(row)
	return nil
}

// shape reports whether the record can be read as columns.
func (b *builder) shape(rec *record) bool {
	switch {
	case rec.flaw == flawMalformed || rec.flaw == flawUnclosed:
		b.quoteProblem(rec)
		return false
	case len(rec.fields) != len(b.rep.Header):
		b.raggedProblem(rec)
		return false
	case rec.flaw == flawStray:
		b.quoteProblem(rec)
	}
	return true
}

// fill reads the columns of a record into row.
func (b *builder) fill(row *Row, rec *record) error {
	for _, c := range b.plainCols {
		if cell := rec.fields[c]; len(cell) > 0 && (!plainText(cell) || startsFormula(cell)) {
			b.plainCell(rec, c, cell)
		}
	}
	person := b.person(rec)
	row.Person = person
	set, sound, err := b.access.row(rec)
	if err != nil {
		return err
	}
	row.Access = set
	if b.dateCol >= 0 {
		row.Date = b.date(rec)
	}
	denied := b.denied(rec)
	switch {
	case person < 0 || !sound:
		row.State = RowBad
	case denied:
		row.State = RowDenied
	case set < 0:
		row.State = RowNoEntitlement
		b.noEntitlement(rec)
	default:
		row.State = RowWanted
	}
	return nil
}

// maxWords is how many cells of the filter and action columns are remembered. Sound files have a handful.
const maxWords = 4096

// denied reports whether the filter or the action column takes the access back.
func (b *builder) denied(rec *record) bool {
	denied := false
	if b.filterCol >= 0 {
		cell := rec.fields[b.filterCol]
		word, known := b.filters.get(cell)
		if !known {
			word = int32(readFilter(cell))
			if len(b.filters.keys) < maxWords {
				b.filters.put(string(cell), word)
			}
		}
		if filterWord(word) == filterUnknown {
			b.unknownAccess(rec, cell)
		}
		denied = filterWord(word) != filterPermitted
	}
	if b.actionCol >= 0 {
		cell := rec.fields[b.actionCol]
		removal, known := b.removals.get(cell)
		if !known {
			if isRemoval(string(cell)) {
				removal = 1
			}
			if len(b.removals.keys) < maxWords {
				b.removals.put(string(cell), removal)
			}
		}
		if removal == 1 {
			b.removalRow(rec, cell)
			denied = true
		}
	}
	return denied
}

func readFilter(cell []byte) filterWord {
	permitted, known := accessWords[strings.ToLower(foldSpace(string(cell)))]
	switch {
	case !known:
		return filterUnknown
	case permitted:
		return filterPermitted
	}
	return filterDenied
}
