package audit

import (
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// shownHistory is how many earlier audits a summary carries.
const shownHistory = 60

// history adds what the audits before of the same scope found, and what changed since the last of them. A what-if has no
// history: what a looser policy changes is no change of people.
func (s *scan) history(summary *mfa.Summary, order []ranked) error {
	if len(summary.WhatIf) > 0 {
		return nil
	}
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
		d := summary.ByVerdict[v] - last.ByVerdict[v]
		if change.Policy != nil {
			d -= change.Policy.Verdicts[v]
		}
		if d != 0 {
			change.Verdicts[v] = d
		}
	}
	summary.Change = change
	return nil
}

// since compares person by person with an earlier audit, and remembers who changed for the findings. The findings of then
// are judged under the policy of now, so that no one seems to have changed who is only asked for something else.
func (s *scan) since(last *mfa.Summary, order []ranked) (*mfa.Change, error) {
	then := map[string]mfa.Verdict{}
	change := &mfa.Change{Since: last.AuditID, At: last.AsOf, Verdicts: map[mfa.Verdict]int{}}
	if last.Policy.Digest() != s.req.Policy.Digest() {
		change.Policy = &mfa.PolicyChange{Verdicts: map[mfa.Verdict]int{}}
	}
	now := map[string]mfa.Verdict{}
	for _, at := range order {
		now[at.person.ID] = at.verdict
	}
	for f, err := range s.All(last.AuditID) {
		if err != nil {
			return nil, err
		}
		verdict := f.Verdict
		if person := s.byID[f.UserID]; change.Policy != nil && person != nil {
			verdict = s.wouldHaveBeen(f, person, last.AsOf)
			if verdict == mfa.Undecided && f.Verdict != mfa.Undecided {
				verdict = now[f.UserID] // what was read for the policy of then does not settle this one
			}
			change.Policy.Count(f.Verdict, verdict)
		}
		then[f.UserID] = verdict
	}
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

// wouldHaveBeen is the verdict of an earlier finding under the policy of now, as of then.
func (s *scan) wouldHaveBeen(f mfa.Finding, p *person, then time.Time) mfa.Verdict {
	return mfa.JudgeAgain(f, &p.Account, &s.known, &s.req.Policy, then)
}
