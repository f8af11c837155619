package audit

import (
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// shownHistory is how many earlier audits a summary carries.
const shownHistory = 60

// history adds what the audits before of the same scope found, and what changed since the last of them.
func (s *scan) history(summary *mfa.Summary, order []ranked) error {
	earlier, err := s.summaries(s.req.Scope(), shownHistory)
	if err != nil {
		return err
	}
	for _, e := range earlier {
		summary.History = append(summary.History, e.Point())
	}
	now := summary.Point()
	now.At = summary.AsOf
	summary.History = append(summary.History, now)
	if len(earlier) == 0 {
		return nil
	}
	last := earlier[len(earlier)-1]
	change, err := s.since(last, order)
	if err != nil {
		s.say("what changed since the audit of %s is not known: %s", last.AsOf.Format(time.DateOnly), untrusted.New(err.Error()))
		return nil
	}
	for _, v := range mfa.Verdicts {
		if d := summary.ByVerdict[v] - last.ByVerdict[v]; d != 0 {
			change.Verdicts[v] = d
		}
	}
	summary.Change = change
	return nil
}

// since compares person by person with an earlier audit, and remembers who changed for the findings.
func (s *scan) since(last *mfa.Summary, order []ranked) (*mfa.Change, error) {
	then := map[string]mfa.Verdict{}
	for f, err := range s.All(last.AuditID) {
		if err != nil {
			return nil, err
		}
		then[f.UserID] = f.Verdict
	}
	change := &mfa.Change{Since: last.AuditID, At: last.AsOf, Verdicts: map[mfa.Verdict]int{}}
	s.moved = map[string]string{}
	for _, at := range order {
		id := at.person.ID
		move := mfa.MoveOf(then[id], at.verdict)
		delete(then, id)
		switch move {
		case "":
			continue
		case mfa.Fixed:
			change.Fixed++
		case mfa.Regressed:
			change.Regressed++
		case mfa.NewFailing:
			change.NewFail++
		}
		s.moved[id] = move
	}
	change.Gone = len(then)
	return change, nil
}
