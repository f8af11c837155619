package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"okta-entitlements-mcp/internal/intake/sheet"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// readerAt is a file that can be read in any place, as a workbook has to be.
type readerAt interface {
	io.ReaderAt
	io.Seeker
}

// workbook is an open workbook as a source of records.
type workbook struct {
	ctx    context.Context
	sheet  *sheet.Sheet
	row    sheet.Row
	width  int // of the header, 0 before it is known
	fields [][]byte
	kept   []peeked // records of the head that are handed out first
	at     int
	n      int
}

// asWorkbook opens r as a workbook, nil when it is none. Files of other workbook formats are refused.
func asWorkbook(ctx context.Context, r io.Reader, opts Options) (*workbook, error) {
	if err := opts.answers().check(); err != nil {
		return nil, err
	}
	file, ok := r.(readerAt)
	if !ok {
		return nil, nil
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, nil //nolint:nilerr // a pipe: read it as text
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, notReadable(err)
	}
	start := make([]byte, min(size, 64<<10))
	if n, err := file.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, notReadable(err)
	} else if start = start[:n]; n == 0 {
		return nil, nil
	}
	if is, err := sheet.Is(start); !is || err != nil {
		return nil, err
	}
	answers := opts.answers()
	hidden := sheet.Hidden("")
	switch answers.Hidden {
	case HiddenInclude:
		hidden = sheet.HiddenIncluded
	case HiddenLeaveOut:
		hidden = sheet.HiddenExcluded
	}
	s, err := sheet.Open(file, size, sheet.Options{
		Sheet:   answers.Sheet,
		Hidden:  hidden,
		TempDir: opts.TempDir,
	})
	if err != nil {
		return nil, err
	}
	return &workbook{ctx: ctx, sheet: s}, nil
}

func notReadable(err error) error {
	return &trouble.Error{
		Code: trouble.NotReadable,
		What: "read the report: " + err.Error(),
		Next: "check the file and the disk, then try again",
		Err:  err,
	}
}

// head reads the beginning of the sheet and decides its header.
func (w *workbook) head(opts Options) (*head, error) {
	var rec record
	width := 0
	h := &head{}
	for len(h.peek) < sampleRecords {
		more, err := w.next(&rec)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		p := keep(&rec)
		width = max(width, len(p.cells))
		h.peek = append(h.peek, p)
	}
	if len(h.peek) == 0 {
		return nil, emptyFile("the sheet is empty")
	}
	for i := range h.peek {
		h.peek[i].cells = pad(h.peek[i].cells, width, "")
	}
	line := opts.answers().HeaderLine
	h.find(line)
	if line > 0 && h.line != line {
		return nil, &trouble.Error{
			Code: trouble.UnknownLine,
			What: fmt.Sprintf("row %d holds no cells among the first of the sheet", line),
			Next: fmt.Sprintf("name the row with the column names; it looks like row %d", h.line),
		}
	}
	if err := h.usable(opts); err != nil {
		return nil, err
	}
	h.measure(nil)
	w.kept, w.width = h.peek[h.behind:], len(h.header)
	return h, nil
}

func pad[T any](cells []T, width int, with T) []T {
	for len(cells) < width {
		cells = append(cells, with)
	}
	return cells
}

// next implements recordSource. Rows are as wide as the header: a sheet has no cells behind the last filled one.
func (w *workbook) next(rec *record) (bool, error) {
	if w.at < len(w.kept) {
		p := w.kept[w.at]
		w.at++
		w.hand(rec, p.line, p.cells)
		return true, nil
	}
	if w.n++; w.n%1024 == 0 {
		if err := w.ctx.Err(); err != nil {
			return false, err
		}
	}
	more, err := w.sheet.Next(&w.row)
	if err != nil || !more {
		return false, err
	}
	w.hand(rec, w.row.Line, w.row.Cells)
	return true, nil
}

func (w *workbook) hand(rec *record, line int, cells []string) {
	rec.line, rec.flaw, rec.start = line, flawNone, 0
	w.fields = w.fields[:0]
	for _, c := range cells {
		w.fields = append(w.fields, []byte(c))
	}
	if w.width > 0 {
		w.fields = pad(w.fields, w.width, nil)
		for len(w.fields) > w.width && len(w.fields[len(w.fields)-1]) == 0 {
			w.fields = w.fields[:len(w.fields)-1]
		}
	}
	rec.fields = w.fields
}

// readWorkbook reads a sheet as readOnce reads text.
func readWorkbook(ctx context.Context, r io.Reader, w *workbook, opts Options) (*Report, error) {
	h, err := w.head(opts)
	if err != nil {
		return nil, err
	}
	b, err := newBuilder(h, opts)
	if err != nil {
		return nil, err
	}
	if err := b.all(w); err != nil {
		return nil, err
	}
	if b.rows.n == 0 {
		return nil, &trouble.Error{
			Code: trouble.HeaderOnly,
			What: "the sheet has a header and no rows",
			Next: "export the report again, with its rows",
		}
	}
	rep := b.rep
	if rep.SHA256, rep.Bytes, err = hashAll(ctx, r); err != nil {
		return nil, err
	}
	rep.Encoding = encUTF8
	if err := b.finish(); err != nil {
		return nil, err
	}
	rep.Reading.Format, rep.Reading.Encoding, rep.Reading.Sheet = "xlsx", encUTF8, untrusted.NewStored(w.sheet.Name)
	w.hiddenDoubt(rep, opts)
	return rep, nil
}

// hiddenDoubt asks whether rows and columns that no one sees in Excel count.
func (w *workbook) hiddenDoubt(rep *Report, opts Options) {
	if w.sheet.HiddenRows == 0 && len(w.sheet.HiddenColumns) == 0 {
		return
	}
	if given := opts.answers().Hidden; given != "" {
		rep.Reading.Settled = append(rep.Reading.Settled, Settled{Code: DoubtHidden, Answer: given,
			By: opts.layers().by(func(a Answers) bool { return a.Hidden != "" })})
		return
	}
	rep.Reading.Doubts = append(rep.Reading.Doubts, Doubt{
		Code: DoubtHidden,
		Question: fmt.Sprintf("the sheet hides %d rows and %d columns; do they count?", w.sheet.HiddenRows,
			len(w.sheet.HiddenColumns)),
		Answers: []Answer{answer("leave them out", Answers{Hidden: HiddenLeaveOut}), answer("read them too",
			Answers{Hidden: HiddenInclude})},
	})
}

// hashAll returns the SHA-256 and the size of a file.
func hashAll(ctx context.Context, r io.Reader) (string, int64, error) {
	file, ok := r.(readerAt)
	if !ok {
		return "", 0, notReadable(errors.New("the file cannot be read again"))
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", 0, notReadable(err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, size)); err != nil {
		return "", 0, notReadable(err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, ctx.Err()
}

// page reads a part of a sheet.
func (w *workbook) page(at pageCursor, limit int, opts Options) (Page, error) {
	h, err := w.head(opts)
	if err != nil {
		return Page{}, err
	}
	page := Page{Columns: describe(h, opts.layers())}
	var rec record
	for n := 0; ; n++ {
		more, err := w.next(&rec)
		if err != nil || !more {
			return page, err
		}
		if n < at.Rows {
			continue
		}
		if len(page.Rows) == limit {
			at.Rows += limit
			page.Next = at.String()
			return page, nil
		}
		page.Rows = append(page.Rows, pageRow(&rec, len(h.header)))
	}
}
