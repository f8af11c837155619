package mfa

import "testing"

func TestSomebodyWhoCannotBeReadHasPutNothingRight(t *testing.T) {
	for _, c := range []struct {
		then, now Verdict
		want      string
	}{
		{NotEnrolled, Compliant, Fixed}, {WeakOnly, Compliant, Fixed}, {Compliant, WeakOnly, Regressed},
		{Compliant, NotEnrolled, Regressed},
		{WeakOnly, Unreadable, ""}, {NotEnrolled, Exempt, ""}, {NotEnrolled, Undecided, ""},
		{NotEnrolled, InGrace, ""}, {NotEnrolled, WeakOnly, ""},
		{"", NotEnrolled, NewFailing}, {InGrace, NotEnrolled, NewFailing}, {Unreadable, WeakOnly, NewFailing},
		{Exempt, WeakOnly, NewFailing},
		{"", Compliant, ""}, {Compliant, Compliant, ""}, {Compliant, Unreadable, ""},
	} {
		if got := MoveOf(c.then, c.now); got != c.want {
			t.Errorf("from %q to %s: %q, not %q", c.then, c.now, got, c.want)
		}
	}
}
