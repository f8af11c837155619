package mfa

import (
	"time"
)

// shownHistory is how many earlier audits a summary carries.
const shownHistory = 60

// history adds what the audits before of the same scope found, and what changed since the last of them.
func (s *scan) history(summary *Summary) error {
	earlier, err := s.summaries(summary.Scope, shownHistory)
	if err != nil {
		return err
	}
	for _, e := range earlier {
		summary.History = append(summary.History, e.point())
	}
	now := summary.point()
	now.At = summary.AsOf
	summary.History = append(summary.History, now)
	if len(earlier) == 0 {
		return nil
	}
	last := earlier[len(earlier)-1]
	change, err := s.since(last)
	if err != nil {
		s.say("what changed since the audit of %s cannot be told: %s", last.AsOf.Format(time.DateOnly), clip(err.Error(), 160))
		return nil
	}
	for _, v := range Verdicts {
		if d := summary.ByVerdict[v] - last.ByVerdict[v]; d != 0 {
			change.Verdicts[v] = d
		}
	}
	summary.Change = change
	return nil
}

func (s *Summary) point() Point {
	return Point{AuditID: s.AuditID, At: s.AsOf, Total: s.Total, Enrolled: s.Enrolled, Strong: s.ByStrength[Phishable] + s.ByStrength[Resistant],
		Failing: s.ByVerdict[NotEnrolled] + s.ByVerdict[WeakOnly]}
}

// since compares person by person with an earlier audit.
func (s *scan) since(last *Summary) (*Change, error) {
	then := map[string]bool{} // failing then
	for f, err := range s.All(last.AuditID) {
		if err != nil {
			return nil, err
		}
		then[f.UserID] = f.Verdict.Failing()
	}
	change := &Change{Since: last.AuditID, At: last.AsOf, Verdicts: map[Verdict]int{}}
	for _, p := range s.people {
		f := s.finding(p)
		failed, known := then[p.ID]
		delete(then, p.ID)
		switch {
		case !known && f.Verdict.Failing():
			change.NewFail++
		case known && failed && !f.Verdict.Failing():
			change.Fixed++
		case known && !failed && f.Verdict.Failing():
			change.Regressed++
		}
	}
	change.Gone = len(then)
	return change, nil
}
