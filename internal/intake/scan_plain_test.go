package intake

import (
	"context"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// Both ways of the scanner must read the same records, wherever marks and lines lie in the blocks of 64 bytes.
func TestTheQuickScannerReadsAsTheCarefulOne(t *testing.T) {
	const maxRecord = 150
	random := rand.New(rand.NewPCG(7, 11))
	pieces := []string{",", ",,", "\n", "\r\n", "\n\n", "\r", "a", "Sales Manager", "ada@acme.example.com", "é", "日本",
		"\"", "\"a,b\"", "\x7f", "\xac", "\x8a", "-", strings.Repeat("x", 63), strings.Repeat("y", 200)}
	quick := 0
	for world := range 3000 {
		var text strings.Builder
		for range random.IntN(200) {
			kinds := len(pieces)
			if world%2 == 0 {
				kinds = 11 // without quotes and long lines
			}
			text.WriteString(pieces[random.IntN(kinds)])
		}
		read := func(next func(s *scanner, rec *record) (bool, error)) (all []scanned, failed string) {
			src := newSource(context.Background(), strings.NewReader(text.String()))
			src.enc, src.decided = encUTF8, true
			scan := &scanner{src: src, line: 1, delim: ',', max: maxRecord}
			var rec record
			for {
				more, err := next(scan, &rec)
				if err != nil {
					return all, err.Error()
				}
				if !more {
					return all, ""
				}
				all = append(all, scanned{line: rec.line + int(rec.start)<<20, fields: cellsOf(&rec), flaw: rec.flaw})
			}
		}
		careful, failedCareful := read((*scanner).careful)
		both, failedBoth := read(func(s *scanner, rec *record) (bool, error) {
			if s.plain(rec) {
				quick++
				return true, nil
			}
			return s.careful(rec)
		})
		if !reflect.DeepEqual(careful, both) || failedCareful != failedBoth {
			t.Fatalf("%q\nquick   %v %s\ncareful %v %s", text.String(), both, failedBoth, careful, failedCareful)
		}
	}
	if quick < 10_000 {
		t.Errorf("the quick way read %d records only", quick)
	}
}

func cellsOf(rec *record) []string {
	var cells []string
	for _, f := range rec.fields {
		cells = append(cells, string(f))
	}
	return cells
}
