package intake

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"okta-entitlements-mcp/internal/trouble"
)

type scanned struct {
	line   int
	fields []string
	flaw   flaw
}

// scanAll reads text through a source, so that block borders are crossed as in real files.
func scanAll(t testing.TB, text string, delim byte, max int) ([]scanned, error) {
	t.Helper()
	src := newSource(context.Background(), strings.NewReader(text))
	src.enc, src.decided = encUTF8, true
	scan := &scanner{src: src, line: 1, delim: delim, max: max}
	var got []scanned
	var rec record
	for {
		more, err := scan.next(&rec)
		if err != nil || !more {
			return got, err
		}
		s := scanned{line: rec.line, flaw: rec.flaw}
		for _, f := range rec.fields {
			s.fields = append(s.fields, string(f))
		}
		got = append(got, s)
	}
}

func TestScannerReadsQuotingAndLineBreaks(t *testing.T) {
	tests := []struct {
		name, text string
		want       []scanned
	}{
		{"nothing", "", nil},
		{"blank lines count as lines but are no records", "\n\r\na,b\n\n\nc,d", []scanned{{3, []string{"a", "b"}, 0}, {6,
			[]string{"c", "d"}, 0}}},
		{"the last line may lack its break", "a,b", []scanned{{1, []string{"a", "b"}, 0}}},
		{"CR LF", "a,b\r\nc,\r\n", []scanned{{1, []string{"a", "b"}, 0}, {2, []string{"c", ""}, 0}}},
		{"a quoted delimiter", "\"a,b\",c\n", []scanned{{1, []string{"a,b", "c"}, 0}}},
		{"a doubled quote", "\"a\"\"b\",\"\"\"\"\n", []scanned{{1, []string{"a\"b", "\""}, 0}}},
		{"a quoted line break", "x,\"a\r\nb\"\ny,z\n", []scanned{{1, []string{"x", "a\nb"}, 0}, {3, []string{"y", "z"}, 0}}},
		{"a stray quote is literal", "a 5\" disk,b\n", []scanned{{1, []string{"a 5\" disk", "b"}, flawStray}}},
		{"text behind a closing quote spoils one line", "\"a\"b,c\nd,e\n", []scanned{{1, []string{"\"a\"b,c"},
			flawMalformed}, {2, []string{"d", "e"}, 0}}},
		{"an unclosed quote spoils one line", "\"a,b\nc,d\ne,f\n", []scanned{{1, []string{"\"a,b"}, flawUnclosed}, {2,
			[]string{"c", "d"}, 0}, {3, []string{"e", "f"}, 0}}},
		{"an unclosed quote that meets a later one spoils its line only", "\"a,b\nc,\"d\"\n", []scanned{{1,
			[]string{"\"a,b"}, flawMalformed}, {2, []string{"c", "d"}, 0}}},
		{"delimiters only", ",,\n", []scanned{{1, []string{"", "", ""}, 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := scanAll(t, tt.text, ',', 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(got, tt.want, func(a, b scanned) bool {
				return a.line == b.line && a.flaw == b.flaw && slices.Equal(a.fields, b.fields)
			}) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// againstStandard holds the scanner against encoding/csv: where that accepts a text, both see the same; where it does
// not, the scanner marks a flaw.
func againstStandard(t *testing.T, text string) {
	t.Helper()
	got, err := scanAll(t, text, ',', 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	for i := 0; ; i++ {
		want, err := r.Read()
		if errors.Is(err, io.EOF) {
			if i != len(got) {
				t.Fatalf("got %d records, encoding/csv has %d, in %q", len(got), i, cut(text))
			}
			return
		}
		if err != nil {
			flawed := slices.ContainsFunc(got[min(i, len(got)):], func(s scanned) bool { return s.flaw != flawNone })
			if !flawed {
				t.Fatalf("encoding/csv says %v and the scanner marked nothing, in %q", err, cut(text))
			}
			return
		}
		line, _ := r.FieldPos(0)
		if i >= len(got) || !slices.Equal(got[i].fields, want) || got[i].line != line {
			t.Fatalf("record %d: got %+v, want %q on line %d, in %q", i, got[min(i, len(got)):], want, line, cut(text))
		}
	}
}

func cut(s string) string { return s[:min(len(s), 300)] }

func TestScannerAgreesWithTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	pieces := []string{"a", "bc", ",", ",", "\n", "\r\n", "\"", "\"\"", "\"x,y\"", "\"x\ny\"", "\"\"\"\"", " ",
		"é", "\r", ";"}
	for range 5000 {
		var text strings.Builder
		for range random.IntN(30) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		againstStandard(t, text.String())
	}
}

func TestScannerAgreesWithTheStandardLibraryAcrossBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for range 6 {
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.UseCRLF = random.IntN(2) == 0
		for text.Len() < 3*blockSize {
			cell := strings.Repeat("word \"quoted\", ", random.IntN(40)) + strings.Repeat("\nline", random.IntN(3))
			if err := w.Write([]string{"plain", cell, "end"}); err != nil {
				t.Fatal(err)
			}
			w.Flush()
		}
		againstStandard(t, text.String())
	}
}

func TestScannerRefusesAnEndlessLineEarly(t *testing.T) {
	for _, start := range []string{"", "\"", "a,b\n1,2\n", "a,b\n1,\""} {
		counted := &countingReader{r: io.MultiReader(strings.NewReader(start), io.LimitReader(endless('x'), 50<<20))}
		_, err := Read(context.Background(), counted, Options{})
		if start == "a,b\n1,2\n" || start == "a,b\n1,\"" {
			// Without a user column the head alone decides; name it, to reach the long line.
			counted = &countingReader{r: io.MultiReader(strings.NewReader(start), io.LimitReader(endless('x'), 50<<20))}
			_, err = Read(context.Background(), counted, Options{Mapping: Mapping{User: "a"}})
		}
		if trouble.CodeOf(err) != trouble.LineTooLong {
			t.Errorf("after %q: got %v, want %s", start, err, trouble.LineTooLong)
		}
		if counted.n > 4<<20 {
			t.Errorf("after %q: read %d bytes before giving up", start, counted.n)
		}
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func TestReportDoesNotDependOnHowBytesArrive(t *testing.T) {
	text := "Email,Role\n" + strings.Repeat("ada@acme.example.com,\"Zoë, Lead\"\n", 20000)
	a, err := Read(context.Background(), strings.NewReader(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Read(context.Background(), iotest.HalfReader(strings.NewReader(text)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.SHA256 != b.SHA256 || !slices.Equal(a.Rows, b.Rows) || a.Encoding != b.Encoding {
		t.Error("two ways of delivery gave two reports")
	}
}

func FuzzScannerAgainstStandardLibrary(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n", "\"open\nx", "a\"b,c\n", "\"a\"b\n\"c\"", "\r", "\n\n",
		"a\r\r\n\"b\r\n\"\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { againstStandard(t, text) })
}
