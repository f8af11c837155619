package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

func TestRecordsReadTablesOfAnyDialect(t *testing.T) {
	for name, text := range map[string]string{
		"commas": "Login,Name\nada,\"Quill, Ada\"\n",
		"a mark": "\ufeffLogin;Name\r\nada;Quill, Ada\r\n",
		"sep":    "sep=;\nLogin;Name\nada;Quill, Ada\n",
		"UTF-16": "\xff\xfeL\x00o\x00g\x00i\x00n\x00;\x00N\x00a\x00m\x00e\x00\n\x00a\x00d\x00a\x00;\x00Q\x00u\x00i\x00l\x00l\x00,\x00 \x00A\x00d\x00a\x00\n\x00",
	} {
		var got []intake.Record
		for record, err := range intake.Records(strings.NewReader(text), 1<<20) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = append(got, record)
		}
		if len(got) != 2 || !slices.Equal(got[0].Cells, []string{"Login", "Name"}) ||
			!slices.Equal(got[1].Cells, []string{"ada", "Quill, Ada"}) || got[1].Line < 2 || got[0].Flaw+got[1].Flaw != "" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestRecordsAreFlawedOneByOne(t *testing.T) {
	var got []string
	for record, err := range intake.Records(strings.NewReader("Login,Name\nada\na\"b,c\n\"x\"y,z\n\"open,end\n"), 1<<20) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %d %s", record.Line, len(record.Cells), record.Flaw))
	}
	want := []string{
		"1 2 ", "2 1 ", "3 2 a cell that is not quoted has a quote inside", "4 1 text follows a closing quote",
		"5 1 a quote is never closed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
