package mfa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// FromBaseline makes an audit of the Admin Console's export alone: a start that costs Okta nothing. Of is when the export was
// made. It knows nothing of policies, of events or of methods behind an authenticator, and its summary says so.
func (a *Auditor) FromBaseline(ctx context.Context, b *Baseline, file string, of time.Time, policy Policy) (*Summary, error) {
	now := time.Now().UTC()
	rec, err := a.open(Request{Policy: policy, Full: true, Search: "baseline " + file})
	if err != nil {
		return nil, err
	}
	if err := a.step(ctx, rec.ID, "audit_started", "started", map[string]any{"scope": Everybody, "baseline": file}); err != nil {
		return nil, err
	}
	s := &Summary{AuditID: rec.ID, Org: a.opts.Domain, Scope: Everybody, Kind: KindBaseline, Started: rec.Started, AsOf: of.UTC().Truncate(time.Second), Policy: policy,
		AdminsKnown: true, Sources: Sources{Primary: "baseline", ByUsers: map[string]int{}, Caveat: "This is the Admin Console's export and nothing else: it names authenticators, " +
			"not methods, and Okta refreshes it only from time to time. Enrolment policies and recent events are not in it."},
		Baseline: &Comparison{File: file, Of: of.UTC(), Age: age(now.Sub(of)), Rows: len(b.Rows)}, Counted: map[string]int{}, Other: map[string]int{}}
	s.Notes = append(append(s.Notes, b.Notes...), problemNote(b)...)
	findings := baselineFindings(b, &policy, of, s)
	if s.Digest, err = writeFindings(a.Dir(rec.ID), slices.Values(findings)); err != nil {
		return nil, err
	}
	s.Ended = time.Now().UTC()
	if err := a.complete(ctx, s, map[string]any{}); err != nil {
		return nil, err
	}
	return s, nil
}

func problemNote(b *Baseline) []string {
	if b.ProblemCount == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d rows of the export could not be used, such as %s", b.ProblemCount, clip(strings.Join(b.Problems[:min(len(b.Problems), 3)], "; "), 300))}
}

// baselineFindings judges the rows of an export as of the time it was made.
func baselineFindings(b *Baseline, policy *Policy, of time.Time, s *Summary) []Finding {
	everybody, admins := newTally(), newTally()
	exempt := policy.exemptionIndex()
	var findings []Finding
	for _, row := range b.Rows {
		if countedOnly[row.Status] {
			s.Counted[row.Status]++
			continue
		}
		f := Finding{UserID: row.ID, Login: row.Login, Email: row.Email, Name: row.Name, Status: row.Status, Methods: row.Methods, Sources: "baseline", Cached: true, ReadAt: of}
		if row.Admin {
			f.Roles, f.RolesVia = []string{"ADMIN"}, "direct"
		}
		policy.judge(&f, Moments{}, exempt.of(row.ID, row.Login, row.Email), true, of)
		everybody.count(&f)
		s.Coverage.cover(&f)
		s.Sources.ByUsers[f.Sources]++
		if f.Admin() {
			admins.count(&f)
		}
		findings = append(findings, f)
	}
	everybody.close(policy.Bound)
	admins.close(policy.Bound)
	s.Coverage.close(policy.Bound, time.Now())
	s.Tally, s.Admins = everybody.Tally, admins.Tally
	slices.SortStableFunc(findings, func(a, b Finding) int { return urgency(&a) - urgency(&b) })
	return findings
}

// baselineLives is how old an export may be and still be held against what the API says.
const baselineLives = 35 * 24 * time.Hour

// compareBaseline holds the latest export against this audit of everybody.
func (s *scan) compareBaseline(summary *Summary) error {
	if summary.Scope != Everybody {
		return nil
	}
	base, err := s.latestBaseline()
	if errors.Is(err, ErrNoAudit) || err == nil && s.started.Sub(base.AsOf) > baselineLives {
		return nil
	}
	if err != nil {
		return err
	}
	c := *base.Baseline
	c.Age, c.Rows = age(s.started.Sub(base.AsOf)), 0
	inFile := map[string]string{}
	for f, err := range s.All(base.AuditID) {
		if err != nil {
			return err
		}
		inFile[baselineName(&f)] = secondFactorsOf(&f)
		c.Rows++
	}
	for _, p := range s.people {
		f := s.finding(p)
		if f.Sources == SourceNone {
			continue
		}
		there, ok := inFile[baselineName(&f)]
		if !ok {
			there, ok = inFile["id "+f.UserID]
			delete(inFile, "id "+f.UserID)
		}
		delete(inFile, baselineName(&f))
		switch {
		case !ok:
			c.OnlyAPI++
		case there == secondFactorsOf(&f):
			c.Agree++
		default:
			if c.Differ++; len(c.Sample) < 20 {
				c.Sample = append(c.Sample, f.UserID)
			}
		}
	}
	c.OnlyFile = len(inFile)
	summary.Baseline = &c
	return nil
}

// baselineName is how a person goes in an export and in Okta alike.
func baselineName(f *Finding) string {
	switch {
	case f.Login != "":
		return fold(f.Login)
	case f.Email != "":
		return fold(f.Email)
	}
	return "id " + f.UserID
}

// secondFactorsOf names the authenticators that count beyond the password, as far as an export can tell them.
func secondFactorsOf(f *Finding) string {
	var keys []string
	for _, m := range f.Methods {
		if m.secondFactor() {
			keys = append(keys, m.Key)
		}
	}
	slices.Sort(keys)
	return strings.Join(slices.Compact(keys), " ")
}

func (a *Auditor) latestBaseline() (*Summary, error) {
	ids, err := a.ids()
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Backward(ids) {
		if s, err := a.readSummary(id); err == nil && s.Kind == KindBaseline && s.Baseline != nil {
			return s, nil
		}
	}
	return nil, ErrNoAudit
}
