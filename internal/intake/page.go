package intake

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// Page sizes.
const (
	DefaultPageRows = 50
	MaxPageRows     = 500
)

// Page is a part of a report, as it stands in the file. All cells are untrusted.
type Page struct {
	// the header, with the role that the first rows suggest; roles are empty when no user column is found
	Columns []Column
	Rows    []PageRow // in file order
	Next    string    // cursor of the next page, "" at the end
}

// PageRow is one record.
type PageRow struct {
	Line    int              // 1-based line on which it starts
	Cells   []untrusted.Text // as many as the row has, which may differ from the header
	Problem string           // ragged_row, malformed_quote, unclosed_quote, or ""
}

// pageCursor binds a place to the file's size and time, so that a page of other contents is noticed.
type pageCursor struct {
	Name    string `json:"n"`
	Size    int64  `json:"s"`
	Time    int64  `json:"t"` // nanoseconds
	Rows    int    `json:"r"` // records before the page
	Offset  int64  `json:"o"` // of the next record in the file, 0 when the encoding does not allow to go there
	Line    int    `json:"l"`
	Decided bool   `json:"d"` // a byte over 0x7f has been seen
}

// Page returns limit records (DefaultPageRows when below 1, at most MaxPageRows) from where cursor, taken from the page
// before, points to; "" is the beginning. When the file changed in between, the error is file_changed.
func (b *Inbox) Page(ctx context.Context, name, cursor string, limit int, opts Options) (Page, error) {
	opts = opts.withDefaults()
	opts.TempDir = cmp.Or(opts.TempDir, b.temp)
	if limit < 1 {
		limit = DefaultPageRows
	}
	limit = min(limit, MaxPageRows)
	f, info, err := b.Open(name)
	if err != nil {
		return Page{}, err
	}
	defer f.Close()
	at := pageCursor{Name: name, Size: info.Size(), Time: info.ModTime().UnixNano()}
	if cursor != "" {
		if at, err = readCursor(cursor, at); err != nil {
			return Page{}, err
		}
	}
	book, err := asWorkbook(ctx, f, opts)
	if err != nil {
		return Page{}, err
	}
	if book != nil {
		page, err := book.page(at, limit, opts)
		return page, errors.Join(err, book.sheet.Close())
	}
	src := newSource(ctx, f)
	if err := src.answered(opts.answers().Encoding); err != nil {
		return Page{}, err
	}
	scan, h, err := open(src, opts)
	if err != nil {
		return Page{}, err
	}
	page := Page{Columns: describe(h, opts.layers())}
	skip := at.Rows
	if at.Offset > 0 {
		if scan, err = resume(ctx, f, src, scan, at); err != nil {
			return Page{}, err
		}
		skip = 0
	}
	var rec record
	for {
		more, err := scan.next(&rec)
		if err != nil {
			return Page{}, err
		}
		if !more {
			return page, nil
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(page.Rows) == limit {
			at.Rows += limit
			at.Offset, at.Line, at.Decided = 0, rec.line, scan.src.decided
			if passThrough(scan.src) {
				at.Offset = rec.start + markLength(scan.src)
			}
			page.Next = at.String()
			return page, nil
		}
		page.Rows = append(page.Rows, pageRow(&rec, len(h.header)))
	}
}

// resume returns a scanner that stands at the cursor. It begins with the block that holds the place, so that the
// encoding is decided as in a reading from the start.
func resume(ctx context.Context, f io.ReadSeeker, head *source, scan *scanner, at pageCursor) (*scanner, error) {
	from := at.Offset / blockSize * blockSize
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, &trouble.Error{
			Code: trouble.NotReadable,
			What: "read the report: " + err.Error(),
			Next: "check the file, then try again",
			Err:  err,
		}
	}
	src := newSource(ctx, f)
	mark := markLength(head)
	base := int64(0)
	if from > 0 {
		src.enc, src.decided = head.enc, at.Decided
		base = from - mark
	}
	buf, err := src.next(nil)
	if err != nil {
		return nil, err
	}
	pos := at.Offset - mark - base
	if pos < 0 || pos > int64(len(buf)) {
		return nil, &trouble.Error{
			Code: trouble.BadCursor,
			What: "the cursor points outside the file",
			Next: "leave the cursor out to begin with the first page",
		}
	}
	return &scanner{
		src:   src,
		buf:   buf,
		pos:   int(pos),
		base:  base,
		line:  at.Line,
		delim: scan.delim,
		max:   scan.max,
	}, nil
}

// passThrough reports whether offsets in the decoded text are offsets in the file, but for the mark.
func passThrough(src *source) bool {
	return (src.enc == encUTF8 || src.enc == encUTF8BOM) && !src.crOnly
}

// markLength returns the length of the byte-order mark that is cut off.
func markLength(src *source) int64 {
	if src.enc == encUTF8BOM {
		return 3
	}
	return 0
}

func pageRow(rec *record, width int) PageRow {
	row := PageRow{Line: rec.line, Cells: make([]untrusted.Text, len(rec.fields))}
	for i, f := range rec.fields {
		row.Cells[i] = untrusted.New(string(f))
	}
	switch {
	case rec.flaw == flawMalformed:
		row.Problem = ProblemBadQuote
	case rec.flaw == flawUnclosed:
		row.Problem = ProblemUnclosedQuote
	case len(rec.fields) != width:
		row.Problem = ProblemRagged
	}
	return row
}

// describe gives the columns with their roles; a file without a user column can still be looked at.
func describe(h *head, answers layers) []Column {
	d, err := decideColumns(h, answers)
	if err == nil {
		return d.list
	}
	columns := make([]Column, len(h.header))
	for i, name := range h.header {
		columns[i] = Column{Name: untrusted.NewStored(name), Index: i}
	}
	return columns
}

// String encodes the cursor.
func (c pageCursor) String() string {
	text, _ := json.Marshal(c) // plain fields always encode
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor decodes a cursor and holds it against the file as it is now.
func readCursor(cursor string, now pageCursor) (pageCursor, error) {
	bad := &trouble.Error{
		Code: trouble.BadCursor,
		What: "the cursor is not one that this program gave for this file",
		Next: "leave the cursor out to begin with the first page",
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return now, bad
	}
	var c pageCursor
	if err := json.Unmarshal(text, &c); err != nil || c.Name != now.Name || c.Rows < 0 || c.Offset < 0 ||
		c.Line < 0 || c.Offset > c.Size {
		return now, bad
	}
	if c.Size != now.Size || c.Time != now.Time {
		return now, &trouble.Error{
			Code: trouble.FileChanged,
			What: "the file changed since the page before",
			Next: "leave the cursor out to begin with the first page",
		}
	}
	return c, nil
}
