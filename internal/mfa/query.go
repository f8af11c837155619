package mfa

import (
	"slices"
	"strings"
)

// Query picks findings of one audit. Empty fields pick everyone.
type Query struct {
	Verdict  Verdict
	Strength Strength
	Method   string // someone who has it: a factor type or an authenticator's key
	Only     bool   // with Method: nothing else beyond password, e-mail and security question
	Change   string // fixed, regressed, new_failing
	Admins   bool
	Signals  bool            // with recent events only
	Users    map[string]bool // by id; nil: anyone who
	Text     string          // part of login, e-mail or name, in any case
	After    int             // findings that match and were shown already
	Limit    int             // most to return; 0 means 50
}

// Page is a part of the findings that match.
type Page struct {
	Findings []Finding
	Matched  int // in all
	Next     int // Query.After of the next page; 0 when this is the last
}

// Takes reports whether the query picks a finding.
func (q *Query) Takes(f *Finding) bool {
	switch {
	case q.Verdict != "" && f.Verdict != q.Verdict,
		q.Strength != "" && f.Strength != q.Strength,
		q.Change != "" && f.Change != q.Change,
		q.Admins && !f.Admin(),
		q.Signals && len(f.Signals) == 0,
		q.Users != nil && !q.Users[f.UserID],
		q.Method != "" && !q.hasMethod(f):
		return false
	}
	text := strings.ToLower(q.Text)
	return text == "" || strings.Contains(strings.ToLower(f.Login.Raw()+"\n"+f.Email.Raw()+"\n"+f.Name.Raw()), text)
}

func (q *Query) hasMethod(f *Finding) bool {
	is := func(m Method) bool {
		return m.Active() && (strings.EqualFold(m.Name, q.Method) || strings.EqualFold(m.Key, q.Method))
	}
	if !slices.ContainsFunc(f.Methods, is) {
		return false
	}
	return !q.Only || !slices.ContainsFunc(f.Methods, func(m Method) bool { return m.secondFactor() && !is(m) })
}
