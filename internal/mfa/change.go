package mfa

// How someone moved since the audit before; empty for all others.
const (
	Fixed      = "fixed"       // failed then, compliant now
	Regressed  = "regressed"   // compliant then, fails now
	NewFailing = "new_failing" // fails now, and did neither then: new in scope, grace or exemption over, could not be read
)

// MoveOf compares two verdicts; then is empty for someone who was not in scope. Someone who failed and cannot be read
// now has not put anything right.
func MoveOf(then, now Verdict) string {
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

// Count takes in one person of the audit before: the verdict of then, and the one under the policy of now.
func (c *PolicyChange) Count(then, now Verdict) {
	if then == now {
		return
	}
	c.Verdicts[then]--
	c.Verdicts[now]++
	switch {
	case then.Failing() && !now.Failing():
		c.Passing++
	case !then.Failing() && now.Failing():
		c.Failing++
	}
}

// Point is what the course of time keeps of a summary.
func (s *Summary) Point() Point {
	return Point{
		AuditID:  s.AuditID,
		At:       s.AsOf,
		Total:    s.Total,
		Enrolled: s.Enrolled,
		Strong:   s.ByStrength[Phishable] + s.ByStrength[Resistant],
		Failing:  s.ByVerdict[NotEnrolled] + s.ByVerdict[WeakOnly],
	}
}
