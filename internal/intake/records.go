package intake

import (
	"context"
	"io"
)

// Records reads a table of text as reports are read, without judging what its columns mean: a byte-order mark, UTF-16 and
// other encodings, a line such as sep=;, the delimiter, and title lines above the header are taken care of.
type Records struct {
	header []string
	scan   *scanner
	rec    record
}

// NewRecords reads the beginning of a table. The error is a *trouble.Error, or ctx's.
func NewRecords(ctx context.Context, r io.Reader) (*Records, error) {
	opts := Options{}.withDefaults()
	scan, h, err := open(newSource(ctx, r), opts)
	if err != nil {
		return nil, err
	}
	return &Records{header: h.header, scan: scan}, nil
}

// Header returns the names of the columns, trimmed.
func (r *Records) Header() []string { return r.header }

// Next returns the cells of the next record and the line on which it starts; nil cells at the end. A record may have more
// or fewer cells than the header.
func (r *Records) Next() (cells []string, line int, err error) {
	more, err := r.scan.next(&r.rec)
	if err != nil || !more {
		return nil, 0, err
	}
	cells = make([]string, len(r.rec.fields))
	for i, f := range r.rec.fields {
		cells[i] = string(f)
	}
	return cells, r.rec.line, nil
}
