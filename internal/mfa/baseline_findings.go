package mfa

import (
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// BaselineFindings judges the rows of an export as of the time it was made.
func BaselineFindings(b *Baseline, policy *Policy, of, now time.Time, s *Summary) []Finding {
	people, admins := NewCounter(), NewCounter()
	exempt := policy.IndexExemptions()
	var findings []Finding
	for _, row := range b.Rows {
		if countedInExports(row.Status) {
			s.Counted[row.Status]++
			continue
		}
		f := Finding{
			UserID:  row.ID,
			Login:   untrusted.NewStored(row.Login),
			Email:   untrusted.NewStored(row.Email),
			Name:    untrusted.NewStored(row.Name),
			Status:  row.Status,
			Methods: row.Methods,
			Sources: "baseline",
			Cached:  true,
			ReadAt:  of,
		}
		if row.Admin {
			f.Roles, f.RolesVia = []string{"ADMIN"}, "direct"
		}
		policy.Judge(&f, Moments{}, exempt.Of(row.ID, row.Login, row.Email), true, of)
		people.Count(&f)
		s.Coverage.Cover(&f)
		s.Sources.ByUsers[f.Sources]++
		if f.Admin() {
			admins.Count(&f)
		}
		findings = append(findings, f)
	}
	people.Close(policy.Bound)
	admins.Close(policy.Bound)
	s.Coverage.Close(policy.Bound, now)
	s.Tally, s.Admins = people.Tally, admins.Tally
	slices.SortStableFunc(findings, func(a, b Finding) int { return Urgency(&a) - Urgency(&b) })
	return findings
}

// BaselineName is how a person goes in an export and in Okta alike.
func BaselineName(f *Finding) string {
	switch {
	case !f.Login.IsZero():
		return fold(f.Login.Raw())
	case !f.Email.IsZero():
		return fold(f.Email.Raw())
	}
	return "id " + f.UserID
}

// SecondFactorsOf names the authenticators that count beyond the password, as far as an export can tell them.
func SecondFactorsOf(f *Finding) string {
	var keys []string
	for _, m := range f.Methods {
		if m.secondFactor() {
			keys = append(keys, m.Key)
		}
	}
	slices.Sort(keys)
	return strings.Join(slices.Compact(keys), " ")
}
