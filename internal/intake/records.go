package intake

import (
	"context"
	"io"
)

// Records reads a table of text as reports are read, without judging what its columns mean: a byte-order mark, UTF-16
// and other encodings, a line such as sep=;, the delimiter, and title lines above the header are taken care of.
type Records struct {
	header []string
	scan   *scanner
	rec    record
}

// Record is one record of a table. It may have more or fewer cells than the header.
type Record struct {
	Cells []string
	Line  int    // on which it starts, from 1
	Flaw  string // why its cells cannot be told apart; "" for none
}

// NewRecords reads the beginning of a table. It waits for nothing but r. The error is a *trouble.Error.
func NewRecords(r io.Reader) (*Records, error) {
	opts := Options{}.withDefaults()
	scan, h, err := open(newSource(context.Background(), r), opts)
	if err != nil {
		return nil, err
	}
	return &Records{header: h.header, scan: scan}, nil
}

// Header returns the names of the columns, trimmed.
func (r *Records) Header() []string { return r.header }

// Next returns the next record; false after the last one.
func (r *Records) Next() (Record, bool, error) {
	more, err := r.scan.next(&r.rec)
	if err != nil || !more {
		return Record{}, false, err
	}
	next := Record{Cells: make([]string, len(r.rec.fields)), Line: r.rec.line}
	for i, f := range r.rec.fields {
		next.Cells[i] = string(f)
	}
	switch r.rec.flaw {
	case flawMalformed:
		next.Flaw = "text follows a closing quote"
	case flawUnclosed:
		next.Flaw = "a quote is never closed"
	}
	return next, true, nil
}
