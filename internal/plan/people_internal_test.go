package plan

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestSearchesStayWithinWhatOktaTakesAndLeaveNobodyOut(t *testing.T) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("someone.with.a.long.name%d@acme.example.com", i))
	}
	names = append(names, names[0], strings.ToUpper(names[1]), "", `odd"name\@x`)
	for _, by := range []By{ByEmail, ByLogin, ByEmployeeNumber, ByID} {
		packed := searches(by, names)
		all := strings.Join(packed, "\n")
		for _, search := range packed {
			if terms := strings.Count(search, " eq "); terms > searchTerms {
				t.Errorf("%s: %d terms in one search", by, terms)
			}
			if encoded := len(url.QueryEscape(search)); encoded > 4000 {
				t.Errorf("%s: %d bytes in a URL", by, encoded)
			}
		}
		for _, name := range names[:1000] {
			if n := strings.Count(all, " eq \""+name+"\""); n != len(by.attributes()) {
				t.Fatalf("%s: %s is asked for %d times", by, name, n)
			}
		}
		if !strings.Contains(all, `odd\"name\\@x`) {
			t.Errorf("%s: quotes and backslashes are not escaped", by)
		}
	}
}

func TestNamesAreFoundExactlyFirstThenFoldedNeverAmbiguously(t *testing.T) {
	x := newNameIndex()
	x.put(0, "Admin", "Administrator")
	x.put(1, "admin", "Lower admin")
	x.put(2, "Viewer", "Read only")
	for text, want := range map[string]struct {
		at           int
		exact, found bool
	}{
		"Admin":         {0, true, true},
		"admin":         {1, true, true},
		"Administrator": {0, true, true},
		"ADMIN":         {0, false, false}, // two answer to it
		"viewer":        {2, false, true},
		"read  ONLY":    {2, false, true},
		"no one":        {0, false, false},
	} {
		at, exact, found := x.find(text)
		if found != want.found || found && (at != want.at || exact != want.exact) {
			t.Errorf("%q: at %d, exact %t, found %t; want %+v", text, at, exact, found, want)
		}
	}
}

func TestAPlanWhoseListsPointNowhereIsRefused(t *testing.T) {
	for name, p := range map[string]*Plan{
		"an operation that needs itself":   {Ops: []Op{{Needs: 0}}},
		"an operation that needs a later":  {Ops: []Op{{Needs: 1}, {Needs: -1}}},
		"a row of no operation":            {Ops: []Op{{Needs: -1}}, Rows: []Row{{Op: 1, Person: -1}}},
		"a row of no person":               {Rows: []Row{{Op: -1, Person: 0}}},
		"a row of an operation before all": {Rows: []Row{{Op: -2, Person: -1}}},
	} {
		p.Format = Format
		id, err := p.digest()
		if err != nil {
			t.Fatal(err)
		}
		p.ID = id
		if p.Verify() == nil {
			t.Errorf("%s goes unnoticed", name)
		}
	}
}
