package oktaclient

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// clock knows how far Okta's clock is from ours, as an interval: Okta's time minus our wall clock. Each answer's Date
// (whole seconds, cut off) was written between our sending and our receiving, which bounds the difference from both
// sides; the bounds of many answers together are far closer than a second.
type clock struct {
	mu     sync.Mutex
	known  bool
	lo, hi time.Duration
	as     time.Time // when lo and hi were last brought up to date
}

// drift is how much two clocks may part; it widens the interval as it ages.
const drift = 200e-6

// observe takes in one answer.
func (c *clock) observe(h http.Header, sent, received time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	lo := wallSub(date, received)
	hi := wallSub(date.Add(time.Second), sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		age := time.Duration(float64(received.Sub(c.as)) * drift)
		l, h := max(lo, c.lo-age), min(hi, c.hi+age)
		if l <= h {
			lo, hi = l, h
		} // else one of the clocks was set: the newest answer alone counts
	}
	c.known, c.lo, c.hi, c.as = true, lo, hi, received
}

// wallSub is a−b by the wall clock: a monotonic reading must not take part.
func wallSub(a, b time.Time) time.Duration { return a.Round(0).Sub(b.Round(0)) }

// latest is the last instant of ours at which Okta's clock can show t, seen from now.
func (c *clock) latest(t, now time.Time) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return time.Time{}, false
	}
	return now.Add(wallSub(t, now) - c.lo), true
}

// now is Okta's time as well as it is known; ours when it is not.
func (c *clock) now() time.Time {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return now
	}
	return now.Add(c.lo + (c.hi-c.lo)/2)
}

// clockDifference says in words how far this machine's clock is from Okta's. Skew is Okta's time minus ours.
func clockDifference(skew time.Duration) string {
	word := "behind"
	if skew < 0 {
		word = "ahead of"
	}
	return fmt.Sprintf("this machine's clock is %s %s Okta's", skew.Abs().Round(time.Second), word)
}

// Clock says how far this machine's clock is from Okta's, as the Date of Okta's answers tells it to about a second. Words
// is "" while no answer has come; sound is false when they differ by so much that Okta may refuse what this machine signs.
func (c *Client) Clock() (words string, sound bool) {
	k := &c.conn.stack.pace.clock
	k.mu.Lock()
	lo, hi, known := k.lo, k.hi, k.known
	k.mu.Unlock()
	const noticed, harmful = 5 * time.Second, time.Minute
	skew := lo + (hi-lo)/2
	switch {
	case !known:
		return "", true
	case skew.Abs() < noticed:
		return "this machine's clock agrees with Okta's", true
	}
	return clockDifference(skew), skew.Abs() < harmful
}

// Now is Okta's time as well as the Date of its answers tells it; this machine's time before the first answer. What is held
// against times that Okta wrote, such as those of System Log events, must be told by this clock.
func (c *Client) Now() time.Time { return c.conn.stack.pace.clock.now() }
