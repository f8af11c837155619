package intake_test

import (
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

func TestRecordsReadTablesOfAnyDialect(t *testing.T) {
	for name, text := range map[string]string{
		"commas":      "Login,Name\nada,\"Quill, Ada\"\n",
		"a mark":      "\ufeffLogin;Name\r\nada;Quill, Ada\r\n",
		"sep":         "sep=;\nLogin;Name\nada;Quill, Ada\n",
		"UTF-16":      "\xff\xfeL\x00o\x00g\x00i\x00n\x00;\x00N\x00a\x00m\x00e\x00\n\x00a\x00d\x00a\x00;\x00Q\x00u\x00i\x00l\x00l\x00,\x00 \x00A\x00d\x00a\x00\n\x00",
		"title lines": "Users\n\nLogin\tName\nada\tQuill, Ada\n",
	} {
		r, err := intake.NewRecords(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(r.Header(), []string{"Login", "Name"}) {
			t.Errorf("%s: got header %q", name, r.Header())
		}
		record, more, err := r.Next()
		if !slices.Equal(record.Cells, []string{"ada", "Quill, Ada"}) || record.Line < 2 || record.Flaw != "" || !more ||
			err != nil {
			t.Errorf("%s: got %+v, %v, %v", name, record, more, err)
		}
		if record, more, err := r.Next(); more || err != nil {
			t.Errorf("%s: got %+v, %v behind the end", name, record, err)
		}
	}
}
