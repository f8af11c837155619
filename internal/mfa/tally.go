package mfa

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// Counter counts findings.
type Counter struct {
	Tally
	unreadable int
}

// NewCounter returns a counter at zero.
func NewCounter() *Counter {
	return &Counter{Tally: Tally{ByMethod: map[string]int{}, ByStrength: map[Strength]int{}, ByVerdict: map[Verdict]int{}}}
}

// Close works the rate out, when enough people could be read for one to be honest.
func (t *Counter) Close(bound float64) {
	readable := t.Total - t.unreadable
	if readable == 0 || float64(readable) < bound*float64(t.Total) {
		return
	}
	rate := float64(t.Enrolled) / float64(readable)
	t.Rate = &rate
}

// SourceNone is Finding.Sources of someone who could not be read.
const SourceNone = "none"

// Cover counts one finding into the coverage.
func (c *Coverage) Cover(f *Finding) {
	c.Listed++
	switch {
	case f.Sources == SourceNone:
		c.Unreadable++
		return
	case f.Cached:
		c.Cached++
	default:
		c.Read++
	}
	if c.OldestRead.IsZero() || f.ReadAt.Before(c.OldestRead) {
		c.OldestRead = f.ReadAt
	}
}

// Close writes the coverage line.
func (c *Coverage) Close(bound float64, now time.Time) {
	c.Bound, c.Share = bound, 1
	if c.Listed > 0 {
		c.Share = float64(c.Read+c.Cached) / float64(c.Listed)
	}
	c.Line = fmt.Sprintf("%d people listed: %d read now, %d from earlier readings", c.Listed, c.Read, c.Cached)
	if c.Cached > 0 {
		c.OldestAge = now.Sub(c.OldestRead)
		c.Line += fmt.Sprintf(" (the oldest %s old)", Age(c.OldestAge))
	}
	c.Line += fmt.Sprintf(", %d unreadable; coverage %.2f %%", c.Unreadable, 100*c.Share)
	if c.Share < bound {
		c.Line += fmt.Sprintf(", below the bound of %.2f %%, so no rate is given", 100*bound)
	}
}

// Age says a duration as people do.
func Age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// mostDepartments bounds what a summary names; findings.jsonl has all.
const mostDepartments = 40

// Largest lists the departments with most people, at most 40.
func Largest(departments map[untrusted.Text]*Department) []Department {
	var list []Department
	for _, d := range departments {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b Department) int {
		if a.Total != b.Total {
			return b.Total - a.Total
		}
		return strings.Compare(a.Name.Raw(), b.Name.Raw())
	})
	return list[:min(len(list), mostDepartments)]
}

// Count takes in one person.
func (t *Counter) Count(f *Finding) {
	t.Total++
	t.ByVerdict[f.Verdict]++
	if f.Sources == SourceNone {
		t.unreadable++
		t.ByStrength[Unknown]++
		return
	}
	t.ByStrength[f.Strength]++
	enrolled := false
	seen := map[string]bool{}
	for _, m := range f.Methods {
		// By authenticator: in which form someone has one is known only of those who were read from both sources.
		name := m.Key
		if name == "" {
			name = m.Name
		}
		if m.Active() && !seen[name] {
			seen[name] = true
			t.ByMethod[name]++
		}
		enrolled = enrolled || m.secondFactor()
	}
	if enrolled {
		t.Enrolled++
	} else {
		t.NotEnroll++
	}
}

// CountDepartment takes one person into the numbers of the department.
func CountDepartment(departments map[untrusted.Text]*Department, f *Finding) {
	d := departments[f.Department.Text]
	if d == nil {
		d = &Department{Name: f.Department}
		departments[f.Department.Text] = d
	}
	d.Total++
	if f.Verdict.Failing() {
		d.Failing++
	}
	if slices.ContainsFunc(f.Methods, Method.secondFactor) {
		d.Enrolled++
	}
}
