package intake_test

import (
	"context"
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
		r, err := intake.NewRecords(context.Background(), strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		cells, line, err := r.Next()
		if !slices.Equal(r.Header(), []string{"Login", "Name"}) || !slices.Equal(cells, []string{"ada", "Quill, Ada"}) || line < 2 || err != nil {
			t.Errorf("%s: got header %q, cells %q on line %d, %v", name, r.Header(), cells, line, err)
		}
		if cells, _, err := r.Next(); cells != nil || err != nil {
			t.Errorf("%s: got %q, %v behind the end", name, cells, err)
		}
	}
}
