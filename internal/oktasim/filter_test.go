package oktasim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestFilterMatchesWhatItSays(t *testing.T) {
	person := map[string][]string{
		"status":             {"ACTIVE"},
		"profile.email":      {"ada@acme.example.com"},
		"profile.firstName":  {`Ada "the" \ Countess`},
		"profile.level":      {"12"},
		"profile.tags":       {"Red", "Blue"},
		"profile.contractor": {"true"},
		"lastUpdated":        {"2026-02-26T20:49:52.000Z"},
		"empty":              {""},
	}
	cases := []struct {
		filter string
		fold   bool
		want   bool
	}{
		{`status eq "ACTIVE"`, false, true},
		{`status EQ "ACTIVE"`, false, true},
		{`status eq "active"`, false, false},
		{`status eq "active"`, true, true},
		{`status ne "ACTIVE"`, false, false},
		{`missing ne "x"`, false, true},
		{`missing eq "x"`, false, false},
		{`profile.email sw "ada@"`, false, true},
		{`profile.email co "ACME"`, true, true},
		{`profile.email ew "example.com"`, false, true},
		{`profile.firstName eq "Ada \"the\" \\ Countess"`, false, true},
		{`profile.level gt 9`, false, true},
		{`profile.level lt "9"`, false, false},
		{`profile.level ge 12 and profile.level le 12`, false, true},
		{`profile.tags eq "Blue"`, false, true},
		{`profile.contractor eq true`, false, true},
		{`lastUpdated gt "2026-02-26T20:49:51Z"`, false, true},
		{`lastUpdated eq "2026-02-26T20:49:52Z"`, false, true},
		{`lastUpdated lt 2026-02-26T20:49:52Z`, false, false},
		{`profile.email pr`, false, true},
		{`empty pr`, false, false},
		{`missing pr`, false, false},
		{`not missing pr`, false, true},
		{`not (status eq "ACTIVE")`, false, false},
		{`status eq "X" or status eq "ACTIVE" and profile.level eq 1`, false, false},
		{`status eq "ACTIVE" or status eq "X" and profile.level eq 1`, false, true},
		{`(status eq "ACTIVE" OR status eq "X") AND profile.level eq 1`, false, false},
	}
	for _, c := range cases {
		e, err := parseFilter(c.filter)
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		if got := e.match(func(p string) []string { return person[p] }, filterOptions{FoldValues: c.fold}); got != c.want {
			t.Errorf("%s (fold %v) = %v, want %v", c.filter, c.fold, got, c.want)
		}
	}
}

func TestFilterRefusesWhatItCannotRead(t *testing.T) {
	for _, s := range []string{
		"", "  ", "status", `status eq`, `status eq ACTIVE`, `status is "x"`, `"status" eq "x"`, `status eq "x`,
		`status eq "x" and`, `(status eq "x"`, `status eq "x")`, `status eq "x" status eq "y"`, `status eq "a\n"`,
		`not`, `()`, `1status eq "x"`, `status eq "x\`, `a;b eq "x"`,
	} {
		if _, err := parseFilter(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

func TestFilterBoundsDepthLengthAndTerms(t *testing.T) {
	deep := strings.Repeat("(", 5000) + `a eq "1"` + strings.Repeat(")", 5000)
	nots := strings.Repeat("not ", 5000) + `a eq "1"`
	long := `a eq "` + strings.Repeat("x", maxFilterLength) + `"`
	many := strings.TrimSuffix(strings.Repeat(`a eq "1" or `, maxFilterTerms+1), " or ")
	for name, s := range map[string]string{"deep": deep, "nots": nots, "long": long, "many": many} {
		if _, err := parseFilter(s); !errors.Is(err, errFilterTooComplex) {
			t.Errorf("%s: got %v, want errFilterTooComplex", name, err)
		}
	}
}

func TestFilterNamesTheValuesThatAnIndexCanUse(t *testing.T) {
	var parts, emails []string
	for i := range 50 {
		emails = append(emails, fmt.Sprintf("u%02d@x", i))
		parts = append(parts, fmt.Sprintf(`email eq "u%02d@x"`, i))
	}
	cases := []struct {
		filter string
		want   []string
		ok     bool
	}{
		{strings.Join(parts, " or "), emails, true},
		{`(` + strings.Join(parts, " or ") + `) and status eq "ACTIVE"`, emails, true},
		{`email eq "a" or status eq "x"`, nil, false},
		{`not email eq "a"`, nil, false},
		{`email sw "a"`, nil, false},
		{`email eq "a" or email eq "a"`, []string{"a"}, true},
	}
	for _, c := range cases {
		e, err := parseFilter(c.filter)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := e.eqValues("email"); ok != c.ok || !slices.Equal(got, c.want) {
			t.Errorf("%.60s: got %v %v", c.filter, got, ok)
		}
	}
}

func TestFilterKnowsWhenAPropertyHasExactlyOneValue(t *testing.T) {
	for s, want := range map[string]string{
		`t eq "a" AND (v eq "1" OR v eq "2")`: "a",
		`t eq "a" AND t eq "b"`:               "",
		`t eq "a" OR t eq "b"`:                "",
		`t eq "a" OR v eq "1"`:                "",
		`t sw "a"`:                            "",
		`(t eq "a" AND v eq "1") OR t eq "a"`: "a",
	} {
		e, err := parseFilter(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := e.only("t"); got != want {
			t.Errorf("%s: got %q, want %q", s, got, want)
		}
	}
}

func TestFilterCheckRefusesWhatAnEndpointDoesNotHave(t *testing.T) {
	opts := filterOptions{
		NoNot:      true,
		Properties: map[string][]string{"id": {"eq"}, "name": nil},
		Operators:  []string{"eq", "sw"},
	}
	for s, allowed := range map[string]bool{
		`id eq "1"`: true, `name sw "x"`: true, `id sw "1"`: false, `name co "x"`: false, `other eq "1"`: false,
		`not id eq "1"`: false,
	} {
		e, err := parseFilter(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.check(opts); (err == nil) != allowed {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{
		`status eq "ACTIVE"`, `profile.email sw "a\"b\\c"`, `(a eq 1 or b pr) and not c lt "2026-01-01T00:00:00Z"`,
		`((`, `a eq "`, "\x00", `not not a pr`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parseFilter(s)
		if err != nil {
			return
		}
		get := func(string) []string { return []string{"x", "2026-01-01T00:00:00Z", ""} }
		e.match(get, filterOptions{FoldValues: true})
		for _, term := range e.terms {
			values, ok := e.eqValues(term.Path)
			if ok && e.match(func(p string) []string {
				if p == term.Path {
					return []string{"no such value\x00"}
				}
				return []string{"x"}
			}, filterOptions{}) {
				t.Fatalf("%q matches although %s must be one of %v", s, term.Path, values)
			}
		}
	})
}
