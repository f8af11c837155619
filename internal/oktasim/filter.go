package oktasim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of a filter expression. Okta publishes none (it answers E0000094 "too complex" or E0000256 for a long Link header),
// so these only keep a hostile expression from costing more than a page of honest ones.
const (
	maxFilterLength = 64 << 10 // bytes
	maxFilterDepth  = 64       // nested parentheses and nots
	maxFilterTerms  = 2000     // comparisons
)

// errFilterTooComplex is wrapped by the errors of parseFilter that mean "well formed perhaps, but too much of it".
var errFilterTooComplex = errors.New("filter is too complex")

// filterTerm is one comparison: path op value. Value is empty for op "pr".
type filterTerm struct {
	Path  string // as written; property names are case-sensitive
	Op    string // lower case: eq ne co sw ew gt ge lt le pr
	Value string // unquoted and unescaped
	Kind  string // how the value was written: string, number, bool, date, null; empty for pr
}

// filterNode is a term or a combination of nodes.
type filterNode struct {
	kind string // term, and, or, not
	term filterTerm
	kids []*filterNode
}

// filterExpr is a parsed SCIM-like filter or search expression. The zero value holds no terms and matches everything.
type filterExpr struct {
	root  *filterNode
	terms []filterTerm
	not   bool // a "not" occurs
}

// filterOptions says what an endpoint lets an expression do. The zero value allows everything and compares values exactly.
type filterOptions struct {
	FoldValues bool                // compare values without regard to case (user search does)
	Operators  []string            // operators allowed anywhere; nil allows all ten
	Properties map[string][]string // properties allowed, each with its operators (nil slice = all); nil map allows all
	NoNot      bool                // refuse "not"
}

// filterOperators are the operators of the grammar.
var filterOperators = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}

// check refuses an expression that uses a property, an operator or a "not" that the endpoint does not have.
func (e filterExpr) check(opts filterOptions) error {
	if opts.NoNot && e.not {
		return errors.New("operator not is not supported")
	}
	for _, term := range e.terms {
		if opts.Operators != nil && !slices.Contains(opts.Operators, term.Op) {
			return fmt.Errorf("operator %s is not supported", term.Op)
		}
		if opts.Properties == nil {
			continue
		}
		allowed, known := opts.Properties[term.Path]
		if !known {
			return fmt.Errorf("property %q is not supported", term.Path)
		}
		if allowed != nil && !slices.Contains(allowed, term.Op) {
			return fmt.Errorf("operator %s is not supported for property %q", term.Op, term.Path)
		}
	}
	return nil
}

// walk calls fn for every comparison in the order written.
func (e filterExpr) walk(fn func(filterTerm)) {
	for _, term := range e.terms {
		fn(term)
	}
}

// has says whether the expression mentions the property.
func (e filterExpr) has(path string) bool {
	return slices.ContainsFunc(e.terms, func(t filterTerm) bool { return t.Path == path })
}

// eqValues returns values one of which the property must equal in everything that matches, and false when the expression
// does not limit the property so. It is what lets a long chain of "eq" use an index; the caller still applies match.
func (e filterExpr) eqValues(path string) ([]string, bool) {
	if e.root == nil {
		return nil, false
	}
	values, ok := e.root.eqValues(path)
	if !ok {
		return nil, false
	}
	slices.Sort(values)
	return slices.Compact(values), true
}

// only returns the one value that the property must equal, and false when the expression names none or several.
func (e filterExpr) only(path string) (string, bool) {
	values, ok := e.eqValues(path)
	if !ok || len(values) != 1 {
		return "", false
	}
	for _, term := range e.terms {
		if term.Path == path && (term.Op != "eq" || term.Value != values[0]) {
			return "", false
		}
	}
	return values[0], true
}

func (n *filterNode) eqValues(path string) ([]string, bool) {
	switch n.kind {
	case "term":
		if n.term.Path == path && n.term.Op == "eq" {
			return []string{n.term.Value}, true
		}
	case "and": // every side limits the result, so the tightest one will do
		var best []string
		found := false
		for _, kid := range n.kids {
			if values, ok := kid.eqValues(path); ok && (!found || len(values) < len(best)) {
				best, found = values, true
			}
		}
		return best, found
	case "or":
		var all []string
		for _, kid := range n.kids {
			values, ok := kid.eqValues(path)
			if !ok {
				return nil, false
			}
			all = append(all, values...)
		}
		return all, true
	}
	return nil, false
}

// match applies the expression to one thing. get returns the values of a property, none when it is absent; a property with
// several values matches when any of them does.
func (e filterExpr) match(get func(path string) []string, opts filterOptions) bool {
	return e.root == nil || e.root.match(get, opts.FoldValues)
}

func (n *filterNode) match(get func(string) []string, fold bool) bool {
	switch n.kind {
	case "and":
		for _, kid := range n.kids {
			if !kid.match(get, fold) {
				return false
			}
		}
		return true
	case "or":
		for _, kid := range n.kids {
			if kid.match(get, fold) {
				return true
			}
		}
		return false
	case "not":
		return !n.kids[0].match(get, fold)
	}
	return n.term.match(get(n.term.Path), fold)
}

func (t filterTerm) match(have []string, fold bool) bool {
	if t.Op == "ne" {
		return !slices.ContainsFunc(have, func(v string) bool { return equalText(v, t.Value, fold) })
	}
	return slices.ContainsFunc(have, func(v string) bool { return t.matchOne(v, fold) })
}

func (t filterTerm) matchOne(have string, fold bool) bool {
	want := t.Value
	switch t.Op {
	case "pr":
		return have != ""
	case "eq":
		return equalText(have, want, fold)
	case "gt", "ge", "lt", "le":
		return ordered(t.Op, compareValues(have, want, fold))
	}
	if fold {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	switch t.Op {
	case "co":
		return strings.Contains(have, want)
	case "sw":
		return strings.HasPrefix(have, want)
	case "ew":
		return strings.HasSuffix(have, want)
	}
	return false
}

func equalText(a, b string, fold bool) bool {
	if fold && strings.EqualFold(a, b) {
		return true
	}
	return a == b || sameInstant(a, b)
}

// sameInstant lets "2026-01-01T00:00:00Z" equal "2026-01-01T00:00:00.000Z": Okta writes both forms.
func sameInstant(a, b string) bool {
	at, aok := filterTime(a)
	bt, bok := filterTime(b)
	return aok && bok && at.Equal(bt)
}

func filterTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	return at, err == nil
}

// compareValues orders dates as dates, numbers as numbers and everything else as text.
func compareValues(have, want string, fold bool) int {
	if a, ok := filterTime(have); ok {
		if b, ok := filterTime(want); ok {
			return a.Compare(b)
		}
	}
	a, aerr := strconv.ParseFloat(have, 64)
	b, berr := strconv.ParseFloat(want, 64)
	if aerr == nil && berr == nil {
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	}
	if fold {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	return strings.Compare(have, want)
}

func ordered(op string, cmp int) bool {
	switch op {
	case "gt":
		return cmp > 0
	case "ge":
		return cmp >= 0
	case "lt":
		return cmp < 0
	}
	return cmp <= 0
}
