package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// FromBaseline makes an audit of the Admin Console's export alone: a start that costs Okta nothing. Of is when the
// export was made. It knows nothing of policies, of events or of methods behind an authenticator, and its summary
// says so.
func (a *Auditor) FromBaseline(ctx context.Context, b *mfa.Baseline, file string, of time.Time,
	policy mfa.Policy, whatIf []string) (*mfa.Summary, error) {
	now := time.Now().UTC()
	rec, err := a.open(Request{Policy: policy, WhatIf: whatIf, Full: true, Search: "baseline " + file})
	if err != nil {
		return nil, err
	}
	if err := a.step(ctx, rec.ID, "audit_started", "started",
		map[string]any{"scope": mfa.Everybody, "baseline": file}); err != nil {
		return nil, err
	}
	s := &mfa.Summary{
		AuditID:     rec.ID,
		Org:         a.opts.Domain,
		Scope:       untrusted.NewStored(mfa.Everybody),
		Kind:        mfa.KindBaseline,
		Started:     rec.Started,
		AsOf:        of.UTC().Truncate(time.Second),
		Policy:      policy,
		WhatIf:      whatIf,
		Notes:       whatIfNote(whatIf),
		AdminsKnown: true,
		Sources: mfa.Sources{
			Primary: "baseline",
			ByUsers: map[string]int{},
			Caveat: "This is the Admin Console's export and nothing else: it names authenticators, " +
				"not methods, and Okta refreshes it only from time to time. Enrolment policies and recent events are not in it.",
		},
		Baseline: &mfa.Comparison{
			File: untrusted.NewStored(file),
			Of:   of.UTC(),
			Age:  mfa.Age(now.Sub(of)),
			Rows: len(b.Rows),
		},
		Counted: map[string]int{},
		Other:   map[string]int{},
	}
	for _, note := range slices.Concat(b.Notes, problemNote(b)) {
		s.Notes = append(s.Notes, untrusted.NewStored(note))
	}
	findings := mfa.BaselineFindings(b, &policy, of, now, s)
	if s.Digest, err = writeFindings(a.Dir(rec.ID), slices.Values(findings)); err != nil {
		return nil, err
	}
	s.Ended = time.Now().UTC()
	if err := a.complete(ctx, s, map[string]any{}); err != nil {
		return nil, err
	}
	return s, nil
}

func problemNote(b *mfa.Baseline) []string {
	if b.ProblemCount == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d rows of the export could not be used, such as %s", b.ProblemCount,
		untrusted.New(strings.Join(b.Problems[:min(len(b.Problems), 3)], "; ")).Show(untrusted.Long))}
}

// exportHolds is how old an export may be and still be compared with what the API says.
const exportHolds = 35 * 24 * time.Hour

// exportCheck holds the findings of an audit against the latest export. The nil check compares nothing.
type exportCheck struct {
	is     mfa.Comparison
	inFile map[string]string // name of a person → the second factors that the export shows
}

// exportToCompare returns nil when there is no export to compare with: none, one that is too old, or an audit of a
// part.
func (s *scan) exportToCompare(summary *mfa.Summary) (*exportCheck, error) {
	if !summary.Whole() {
		return nil, nil
	}
	base, err := s.latestBaseline()
	if errors.Is(err, ErrNoAudit) || err == nil && s.known.AsOf.Sub(base.AsOf) > exportHolds {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &exportCheck{is: *base.Baseline, inFile: map[string]string{}}
	c.is.Age, c.is.Rows = mfa.Age(s.known.AsOf.Sub(base.AsOf)), 0
	for f, err := range s.All(base.AuditID) {
		if err != nil {
			return nil, err
		}
		c.inFile[mfa.BaselineName(&f)] = mfa.SecondFactorsOf(&f)
		c.is.Rows++
	}
	return c, nil
}

// compare takes in one person. Who could not be read is neither in agreement nor in contradiction.
func (c *exportCheck) compare(f *mfa.Finding) {
	if c == nil || f.Sources == mfa.SourceNone {
		return
	}
	name, byID := mfa.BaselineName(f), "id "+f.UserID
	shown, ok := c.inFile[name]
	if !ok {
		shown, ok = c.inFile[byID]
		delete(c.inFile, byID)
	}
	delete(c.inFile, name)
	switch {
	case !ok:
		c.is.OnlyAPI++
	case shown == mfa.SecondFactorsOf(f):
		c.is.Agree++
	default:
		if c.is.Differ++; len(c.is.Sample) < 20 {
			c.is.Sample = append(c.is.Sample, f.UserID)
		}
	}
}

// result is the comparison once everyone was taken in.
func (c *exportCheck) result() *mfa.Comparison {
	if c == nil {
		return nil
	}
	c.is.OnlyFile = len(c.inFile)
	return &c.is
}

func (a *Auditor) latestBaseline() (*mfa.Summary, error) {
	ids, err := a.ids()
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Backward(ids) {
		if s, err := a.readSummary(id); err == nil && s.Kind == mfa.KindBaseline && s.Baseline != nil && len(s.WhatIf) == 0 {
			return s, nil
		}
	}
	return nil, ErrNoAudit
}
