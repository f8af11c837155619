package mfa

import (
	"time"
)

// shownHistory is how many earlier audits a summary carries.
const shownHistory = 60

// history adds what the audits before of the same scope found, and what changed since the last of them.
func (s *scan) history(summary *Summary, order []ranked) error {
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
	change, err := s.since(last, order)
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

// since compares person by person with an earlier audit, and remembers who changed for the findings.
func (s *scan) since(last *Summary, order []ranked) (*Change, error) {
	then := map[string]Verdict{}
	for f, err := range s.All(last.AuditID) {
		if err != nil {
			return nil, err
		}
		then[f.UserID] = f.Verdict
	}
	change := &Change{Since: last.AuditID, At: last.AsOf, Verdicts: map[Verdict]int{}}
	s.moved = map[string]string{}
	for _, at := range order {
		id := at.person.ID
		move := moveOf(then[id], at.verdict)
		delete(then, id)
		switch move {
		case "":
			continue
		case Fixed:
			change.Fixed++
		case Regressed:
			change.Regressed++
		case NewFailing:
			change.NewFail++
		}
		s.moved[id] = move
	}
	change.Gone = len(then)
	return change, nil
}

// How somebody moved since the audit before; empty for all others.
const (
	Fixed      = "fixed"       // failed then, compliant now
	Regressed  = "regressed"   // compliant then, fails now
	NewFailing = "new_failing" // fails now, and did neither then: new in scope, grace or exemption over, could not be read
)

// moveOf compares two verdicts; then is empty for somebody who was not in scope. Somebody who failed and cannot be read now has not
// put anything right.
func moveOf(then, now Verdict) string {
	switch {
	case then.Failing() && now == Compliant:
		return Fixed
	case then == Compliant && now.Failing():
		return Regressed
	case !then.Failing() && now.Failing():
		return NewFailing
	}
	return ""
}
