package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
)

// FromBaseline makes an audit of the Admin Console's export alone: a start that costs Okta nothing. Of is when the export was
// made. It knows nothing of policies, of events or of methods behind an authenticator, and its summary says so.
func (a *Auditor) FromBaseline(ctx context.Context, b *mfa.Baseline, file string, of time.Time, policy mfa.Policy) (*mfa.Summary, error) {
	now := time.Now().UTC()
	rec, err := a.open(Request{Policy: policy, Full: true, Search: "baseline " + file})
	if err != nil {
		return nil, err
	}
	if err := a.step(ctx, rec.ID, "audit_started", "started", map[string]any{"scope": mfa.Everybody, "baseline": file}); err != nil {
		return nil, err
	}
	s := &mfa.Summary{AuditID: rec.ID, Org: a.opts.Domain, Scope: mfa.Everybody, Kind: mfa.KindBaseline, Started: rec.Started, AsOf: of.UTC().Truncate(time.Second), Policy: policy,
		AdminsKnown: true, Sources: mfa.Sources{Primary: "baseline", ByUsers: map[string]int{}, Caveat: "This is the Admin Console's export and nothing else: it names authenticators, " +
			"not methods, and Okta refreshes it only from time to time. Enrolment policies and recent events are not in it."},
		Baseline: &mfa.Comparison{File: file, Of: of.UTC(), Age: mfa.Age(now.Sub(of)), Rows: len(b.Rows)}, Counted: map[string]int{}, Other: map[string]int{}}
	s.Notes = append(append(s.Notes, b.Notes...), problemNote(b)...)
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
	return []string{fmt.Sprintf("%d rows of the export could not be used, such as %s", b.ProblemCount, clip(strings.Join(b.Problems[:min(len(b.Problems), 3)], "; "), 300))}
}

// baselineLives is how old an export may be and still be held against what the API says.
const baselineLives = 35 * 24 * time.Hour

// compareBaseline holds the latest export against this audit of everybody.
func (s *scan) compareBaseline(summary *mfa.Summary) error {
	if summary.Scope != mfa.Everybody {
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
	c.Age, c.Rows = mfa.Age(s.started.Sub(base.AsOf)), 0
	inFile := map[string]string{}
	for f, err := range s.All(base.AuditID) {
		if err != nil {
			return err
		}
		inFile[mfa.BaselineName(&f)] = mfa.SecondFactorsOf(&f)
		c.Rows++
	}
	for _, p := range s.people {
		f := s.finding(p)
		if f.Sources == mfa.SourceNone {
			continue
		}
		there, ok := inFile[mfa.BaselineName(&f)]
		if !ok {
			there, ok = inFile["id "+f.UserID]
			delete(inFile, "id "+f.UserID)
		}
		delete(inFile, mfa.BaselineName(&f))
		switch {
		case !ok:
			c.OnlyAPI++
		case there == mfa.SecondFactorsOf(&f):
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

func (a *Auditor) latestBaseline() (*mfa.Summary, error) {
	ids, err := a.ids()
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Backward(ids) {
		if s, err := a.readSummary(id); err == nil && s.Kind == mfa.KindBaseline && s.Baseline != nil {
			return s, nil
		}
	}
	return nil, ErrNoAudit
}
