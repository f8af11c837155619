package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"okta-entitlements-mcp/internal/trouble"
)

// Read reads an access report in one pass and in bounded memory beside the Report itself. Every data record becomes
// exactly one Row, whatever is wrong with it; blank lines are no records. Whatever a person should know of is in
// Report.Problems. The same bytes and options give the same Report.
//
// Reading never grants on doubt: a row is RowWanted only when its user and its values are sound, no column that decides
// says no, later or maybe, and no doubt about the reading is open. What is in doubt is in Report.Reading with the
// arguments that settle it; where r can be read again from the start (io.Seeker), with what each answer would do.
//
// The error is a *trouble.Error, or ctx's.
func Read(ctx context.Context, r io.Reader, opts Options) (*Report, error) {
	opts = opts.withDefaults()
	rep, err := readOnce(ctx, r, opts)
	if err != nil {
		return nil, err
	}
	if seeker, ok := r.(io.ReadSeeker); ok {
		if err := settlers(ctx, seeker, opts, rep); err != nil {
			return nil, err
		}
	}
	if len(rep.Reading.Doubts) > 0 {
		if seeker, ok := r.(io.ReadSeeker); ok {
			if err := effects(ctx, seeker, opts, rep); err != nil {
				return nil, err
			}
		}
		rep.hold()
	}
	return rep, nil
}

// readOnce reads the report with the answers at hand. Rows keep the state that they would have without doubts.
func readOnce(ctx context.Context, r io.Reader, opts Options) (*Report, error) {
	book, err := asWorkbook(ctx, r, opts)
	if err != nil {
		return nil, err
	}
	if book != nil {
		rep, err := readWorkbook(ctx, r, book, opts)
		return rep, errors.Join(err, book.sheet.Close())
	}
	src := newSource(ctx, r)
	if err := src.answered(opts.answers().Encoding); err != nil {
		return nil, err
	}
	scan, head, err := open(src, opts)
	if err != nil {
		return nil, err
	}
	b, err := newBuilder(head, opts)
	if err != nil {
		return nil, err
	}
	if err := b.all(scan); err != nil {
		return nil, err
	}
	if b.rows.n == 0 {
		return nil, &trouble.Error{
			Code: trouble.HeaderOnly,
			What: "the file has a header and no rows",
			Next: "export the report again, with its rows",
		}
	}
	rep := b.rep
	rep.SHA256, rep.Bytes, rep.Encoding, rep.Delimiter = src.digest(), src.bytes, src.enc, string(scan.delim)
	b.aboutFile(src)
	if err := b.finish(); err != nil {
		return nil, err
	}
	if q := src.encodingDoubt(); q != nil {
		rep.Reading.Doubts = append([]Doubt{*q}, rep.Reading.Doubts...)
	} else if src.given != "" && len(src.high) > 0 {
		rep.Reading.Settled = append(rep.Reading.Settled, Settled{
			Code:   DoubtEncoding,
			Answer: string(src.given),
			By:     opts.layers().by(func(a Answers) bool { return a.Encoding != "" }),
		})
	}
	rep.Reading.Format, rep.Reading.Encoding, rep.Reading.Delimiter = "csv", rep.Encoding, rep.Delimiter
	return rep, nil
}

// hold takes every permitted row out of reach: while a doubt is open, no row is RowWanted.
func (r *Report) hold() {
	for i := range r.Rows {
		if r.Rows[i].State == RowWanted {
			r.Rows[i].State = RowInDoubt
		}
	}
}

// builder turns records into a Report.
type builder struct {
	rep      *Report
	opts     Options
	layers   layers
	answers  Answers
	known    map[string]bool // Options.Known
	columns  *columns
	header   []string // as Report.Header
	problems *problems
	rows     rowChunks
	spans    *head
	doubts   []Doubt
	settled  []Settled

	userCol, idCol, dateCol int // -1 when absent
	plainCols               []int
	verdicts                []*verdictColumn
	kind                    *kindColumn
	chosen                  []*selectColumn
	constant                []*constantColumn
	quiet                   []*quietColumn
	unheld                  []*unheldColumn
	access                  accessTable
	people                  peopleTable
	dates                   dateColumn
	limits                  limits
	sections                sections
}

func newBuilder(h *head, opts Options) (*builder, error) {
	layers := opts.layers()
	d, err := decideColumns(h, layers)
	if err != nil {
		return nil, err
	}
	b := &builder{
		opts:     opts,
		layers:   layers,
		answers:  d.given,
		columns:  d,
		header:   h.header,
		problems: newProblems(opts.MaxProblems),
		spans:    h,
		userCol:  -1,
		idCol:    -1,
		dateCol:  -1,
		limits:   newLimits(),
		known:    map[string]bool{},
		sections: newSections(h),
	}
	for _, name := range opts.Known {
		b.known[wordKey(name)] = true
	}
	b.rep = &Report{File: opts.File, Header: texts(h.header), Columns: d.list, Mapping: d.mapping()}
	b.people = peopleTable{
		byEmail: newTable(),
		byID:    newTable(),
		last:    -1,
		logins:  d.people == peopleByLogin || loginHeader(d),
	}
	b.access = accessTable{
		builder: b,
		combos:  newTable(),
		sets:    map[string]int32{},
		byName:  map[string]int32{},
	}
	for _, c := range d.list {
		b.column(c, d)
	}
	b.aboutHeader(h.line)
	if h.doubt != nil {
		b.doubt(*h.doubt)
	}
	if len(d.with(RoleEntitlement)) > 0 || len(d.doubts) > 0 {
		for _, q := range d.doubts {
			b.doubt(q)
		}
	}
	b.settledByAnswers(h)
	return b, b.selections()
}

// column prepares the reading of one column.
func (b *builder) column(c Column, d *columns) {
	h := d.about(c.Index)
	switch c.Role {
	case RoleUser:
		b.userCol = c.Index
	case RoleUserID:
		b.idCol = c.Index
		b.plainCols = append(b.plainCols, c.Index)
	case RoleDate:
		b.dateCol = c.Index
	case RoleFilter, RoleState, RoleBlocked, RoleAction:
		v := newVerdictColumn(c, h, d.given)
		v.alone = len(d.with(RoleFilter, RoleState)) == 0
		v.review = d.cells(c.Index).verdicts > 0
		b.verdicts = append(b.verdicts, v)
	case RoleValidFrom, RoleValidUntil:
		words := newVerdictColumn(c, h, d.given)
		words.limit = true
		limit := limitColumn{index: c.Index, words: words}
		if c.Role == RoleValidFrom {
			b.limits.from = limit
		} else {
			b.limits.until = limit
		}
	case RoleKind:
		b.kind = &kindColumn{index: c.Index, words: newTable()}
		b.plainCols = append(b.plainCols, c.Index)
	case RoleEntitlement:
		b.access.addColumn(c, d)
	default:
		b.plainCols = append(b.plainCols, c.Index)
		b.watch(c, h, d)
	}
}

// doubt adds a question, once for each code and column.
func (b *builder) doubt(q Doubt) {
	for _, was := range b.doubts {
		if was.Code == q.Code && was.Column == q.Column {
			return
		}
	}
	b.doubts = append(b.doubts, q)
}

// all reads every record of a source.
func (b *builder) all(records recordSource) error {
	var rec record
	for {
		more, err := records.next(&rec)
		if err != nil || !more {
			return err
		}
		if err := b.record(&rec); err != nil {
			return err
		}
	}
}

// record turns one record into one row.
func (b *builder) record(rec *record) error {
	if b.rows.n >= b.opts.MaxRows || rec.line > math.MaxInt32 {
		return &trouble.Error{
			Code: trouble.TooManyRows,
			What: fmt.Sprintf("the file has more than %d rows", b.opts.MaxRows),
			Next: "split it into several files",
		}
	}
	row := Row{Line: int32(rec.line), Person: -1, Access: -1, State: RowBad}
	var ends rowLimits
	if b.shape(rec) {
		var err error
		if ends, err = b.fill(&row, rec); err != nil {
			return err
		}
	}
	b.rows.add(&row)
	if b.limits.any() {
		b.limits.rows = append(b.limits.rows, ends)
	}
	return nil
}

// shape reports whether the record can be read as columns.
func (b *builder) shape(rec *record) bool {
	switch {
	case rec.flaw == flawMalformed || rec.flaw == flawUnclosed:
		b.quoteProblem(rec)
		return false
	case len(rec.fields) != len(b.header):
		b.sections.odd(rec, b.header)
		b.raggedProblem(rec)
		return false
	case rec.flaw == flawStray:
		b.quoteProblem(rec)
	}
	return true
}

// fill reads the columns of a record into row.
func (b *builder) fill(row *Row, rec *record) (rowLimits, error) {
	for _, s := range b.chosen {
		if !s.read(rec) {
			row.State = RowNotSelected
			return rowLimits{}, nil
		}
	}
	for _, c := range b.plainCols {
		if cell := rec.fields[c]; len(cell) > 0 && (!plainText(cell) || startsFormula(cell)) {
			b.plainCell(rec, c, cell)
		}
	}
	if b.kind != nil && b.kind.read(rec) {
		b.notAPerson(rec)
		return rowLimits{}, nil
	}
	person := b.person(rec)
	row.Person = person
	if person < 0 {
		return rowLimits{}, nil
	}
	access, err := b.access.row(rec)
	if err != nil {
		return rowLimits{}, err
	}
	row.Access = access.set
	if b.dateCol >= 0 {
		row.Date = b.date(rec)
	}
	var ends rowLimits
	if b.limits.any() {
		ends = b.limits.read(rec)
	}
	denied := b.denied(rec)
	if access.refused {
		denied = true
	}
	switch {
	case !access.sound:
		row.State = RowBad
	case denied:
		row.State = RowDenied
	case access.set < 0:
		row.State = RowNoEntitlement
		b.noEntitlement(rec)
	default:
		row.State = RowWanted
		for _, c := range b.constant {
			c.read(rec)
		}
		for _, q := range b.quiet {
			q.read(rec)
		}
		for _, u := range b.unheld {
			u.read(rec)
		}
	}
	return ends, nil
}

// denied reports whether a column that decides takes the access back. Each such column is read, so that all words are
// known; one that refuses is enough.
func (b *builder) denied(rec *record) bool {
	denied := false
	for _, v := range b.verdicts {
		w := v.read(rec)
		switch w.meaning {
		case MeansGrants, MeansNothing:
			continue
		}
		denied = true
		switch {
		case v.role == RoleAction && w.removal:
			b.removalRow(rec, v.index)
		case v.role == RoleFilter || v.role == RoleAction:
			if w.meaning == MeansUnknown || !w.clear {
				b.unknownAccess(rec, v.index)
			}
		default:
			b.notInForce(rec, v.index)
		}
	}
	return denied
}
