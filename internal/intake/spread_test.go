package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

// A sorted file shows one kind of row in its beginning, here rows without an address: what a column is must be told from
// all over the file.
func TestTheSampleIsSpreadOverTheFile(t *testing.T) {
	const rows = 60_000
	var b strings.Builder
	b.WriteString("Mitglied,Role\n")
	for i := range rows {
		account := ""
		if i > rows/8 { // behind the head
			account = fmt.Sprintf("user%05d@acme.example.com", i)
		}
		fmt.Fprintf(&b, "%s,Role %d\n", account, i%7)
	}
	rep, err := intake.Read(t.Context(), strings.NewReader(b.String()), intake.Options{Today: today()})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rep.Reading.Summary(), "person = Mitglied, access = Role"; got != want {
		t.Errorf("read as %q, want %q", got, want)
	}
	if c := rep.Counts(); c.Rows != rows || c.Bad != rows/8+1 || c.Wanted != rows-rows/8-1 {
		t.Errorf("%+v", c)
	}
}
