package mfa

import "slices"

// Urgency ranks a finding; the lowest number comes first.
func Urgency(f *Finding) int {
	rank := 100
	if f.Verdict.Failing() {
		rank = 0
	} else {
		rank += 10 * slices.Index(Verdicts[:], f.Verdict)
	}
	if !f.Admin() {
		rank += 4
	}
	if len(f.Signals) == 0 {
		rank += 2
	}
	if f.Verdict == WeakOnly {
		rank++
	}
	return rank
}
