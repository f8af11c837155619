package mfa

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
)

// csvRecord is one record of a CSV file, in a form that the reader of reports in internal/intake could give as well.
type csvRecord struct {
	line  int      // of the file, where the record begins
	cells []string // valid until the next record
	flaw  string   // why the record cannot be used; "" for none
}

// baselineRecords yields the records of an export, the heading first. An error ends it.
func baselineRecords(r io.Reader) iter.Seq2[csvRecord, error] {
	return func(yield func(csvRecord, error) bool) {
		limited := &io.LimitedReader{R: r, N: maxBaselineBytes + 1}
		in := bufio.NewReaderSize(limited, 64<<10)
		comma, err := baselineDialect(in)
		if err != nil {
			yield(csvRecord{}, err)
			return
		}
		rows := csv.NewReader(in)
		rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord = comma, -1, true
		for first := true; ; first = false {
			cells, err := rows.Read()
			record := csvRecord{cells: cells}
			var malformed *csv.ParseError
			switch {
			case limited.N <= 0:
				err = fmt.Errorf("the file has more than %d MiB; export it with fewer columns", maxBaselineBytes>>20)
			case errors.Is(err, io.EOF):
				return
			case !first && errors.As(err, &malformed):
				record.line, record.flaw, err = malformed.StartLine, malformed.Err.Error(), nil
			case err == nil:
				record.line, _ = rows.FieldPos(0)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// baselineDialect skips a byte order mark and Excel's "sep=" line, and tells the delimiter from the heading.
func baselineDialect(in *bufio.Reader) (rune, error) {
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	} else if bytes.HasPrefix(mark, []byte("\xff\xfe")) || bytes.HasPrefix(mark, []byte("\xfe\xff")) {
		return 0, errors.New("the file is UTF-16; save it as CSV UTF-8")
	}
	head, err := in.Peek(32 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if s := bytes.TrimRight(line, "\r"); len(s) == 5 && bytes.EqualFold(s[:4], []byte("sep=")) && bytes.IndexByte([]byte(",;\t"), s[4]) >= 0 {
		_, _ = in.Discard(min(len(line)+1, len(head)))
		return rune(s[4]), nil
	}
	best, most := ',', 0
	for _, comma := range []rune{',', ';', '\t'} {
		if n := bytes.Count(line, []byte(string(comma))); n > most {
			best, most = comma, n
		}
	}
	return best, nil
}
