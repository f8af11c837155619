package intake_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
)

// lastRow is the last row that a sheet of Excel has.
const lastRow = 1_048_576

// filled returns a workbook whose sheet has the header in row 1 and a user with a role in each further one up to last.
// The sheet begins with rows that lie between first and last, so that the last rows of Excel cost no time.
func filled(t *testing.T, first, last int) []byte {
	t.Helper()
	small := book(t, [][]any{{"Email", "Role"}}, nil)
	in, err := zip.NewReader(bytes.NewReader(small), int64(len(small)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	write := func(w io.Writer, parts ...string) {
		for _, p := range parts {
			if _, err := io.WriteString(w, p); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range in.File {
		if f.Name != "xl/worksheets/sheet1.xml" {
			if err := out.Copy(f); err != nil {
				t.Fatal(err)
			}
			continue
		}
		w, err := out.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		write(w, `<worksheet><sheetData><row r="1"><c t="str"><v>Email</v></c><c t="str"><v>Role</v></c></row>`)
		for r := first; r <= last; r++ {
			row := strconv.Itoa(r)
			write(w, `<row r="`, row, `"><c t="str"><v>u`, row[len(row)-min(len(row), 3):],
				`@acme.example.com</v></c><c t="str"><v>Buyer</v></c></row>`)
		}
		write(w, `</sheetData></worksheet>`)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// SHEET_ROWS is how many rows before the last one of Excel the sheet has; 70,000 cross the borders of 65,536 rows.
func TestTheLastRowOfASheetCounts(t *testing.T) {
	rows := 70_000
	if n, err := strconv.Atoi(os.Getenv("SHEET_ROWS")); err == nil && n > 0 {
		rows = min(n, lastRow-1)
	}
	rep, err := intake.Read(context.Background(), bytes.NewReader(filled(t, lastRow-rows+1, lastRow)),
		intake.Options{Today: today()})
	if err != nil {
		t.Fatal(err)
	}
	last := rep.Rows[len(rep.Rows)-1]
	if c := rep.Counts(); c.Wanted != rows || c.Rows != rows || last.Line != lastRow || last.State != intake.RowWanted ||
		rep.People[last.Person].Email.Raw() != "u576@acme.example.com" {
		t.Errorf("got %+v, last row %+v", rep.Counts(), last)
	}
}

func TestASheetWithMoreRowsThanExcelHasIsRefused(t *testing.T) {
	_, err := intake.Read(context.Background(), bytes.NewReader(filled(t, lastRow-2, lastRow+1)), intake.Options{})
	if trouble.CodeOf(err) != trouble.WorkbookDamaged || !strings.Contains(err.Error(), "1048577") {
		t.Errorf("got %v", err)
	}
}
