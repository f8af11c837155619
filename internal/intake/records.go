package intake

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
)

// Record is one record of a table. It may have more or fewer cells than the heading.
type Record struct {
	Line  int // on which it starts, from 1
	Cells []string
	Flaw  string // why its cells cannot be trusted; "" for none
}

// flawWords say what is wrong with a record.
var flawWords = map[flaw]string{
	flawStray:     "a cell that is not quoted has a quote inside",
	flawMalformed: "text follows a closing quote",
	flawUnclosed:  "a quote is never closed",
}

// Records yields the records of a table of text, the heading first, by the same scanner as reports: a byte-order mark,
// UTF-16, a line such as sep=; and the delimiter are taken care of. It does not look for a heading further down and
// judges no column, so that a caller which knows its columns can count what does not fit them. Text in another encoding
// stays as it is, bytes that are not UTF-8 among it: which encoding it has would be a question, and there is no one to
// answer it here. A table of more than most bytes is an error, which ends it.
func Records(r io.Reader, most int64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		limited := &io.LimitedReader{R: r, N: most + 1}
		src := newSource(context.Background(), limited)
		src.decided = true
		buf, err := firstBlocks(src)
		if err != nil {
			yield(Record{}, err)
			return
		}
		h := &head{}
		if h.declaredDelimiter(buf); h.delim == 0 {
			h.delim = mostFrequent(buf)
		}
		scan := h.scanner(src, buf, DefaultMaxLine)
		var rec record
		for {
			more, err := scan.next(&rec)
			if limited.N <= 0 {
				err = fmt.Errorf("the file has more than %d MiB; export it with fewer columns", most>>20)
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
			if !more || !yield(Record{Line: rec.line, Cells: keep(&rec).cells, Flaw: flawWords[rec.flaw]}, nil) {
				return
			}
		}
	}
}

// mostFrequent is the delimiter that the first line has most of, a comma where it has none.
func mostFrequent(buf []byte) byte {
	line, _, _ := bytes.Cut(bytes.TrimLeft(buf, "\r\n"), []byte{'\n'})
	best, most := byte(','), 0
	for _, delim := range delimiters {
		if n := bytes.Count(line, []byte{delim}); n > most {
			best, most = delim, n
		}
	}
	return best
}
