package oktaclient

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"
)

// Okta API: rate-limit headers. Reset is in epoch seconds; Limit is this credential's share already. A 429 whose
// Limit is 0 speaks of too many concurrent requests, and its Reset means nothing.
const (
	headerLimit     = "X-Rate-Limit-Limit"
	headerRemaining = "X-Rate-Limit-Remaining"
	headerReset     = "X-Rate-Limit-Reset"
)

const (
	windowLength  = 60 * time.Second
	sameWindow    = 2                // seconds by which one window's Reset may differ between answers
	pastWindows   = 3                // windows for which others' use is remembered
	firstShare    = 0.4              // of the limit that may go at once after a rest, when little is known of others
	memory        = 3 * windowLength // others' use that is older says nothing any more
	finestGap     = time.Millisecond // calls that may come closer than this need no spreading
	unmarkedRate  = 5                // calls a second where a server sends no rate-limit headers
	latencyWeight = 0.2              // of a new sample in the moving average
	reasonSpread  = "spread"
	reasonLimit   = "threshold"
	reasonBusy    = "concurrency"
	reasonLearn   = "learning"
	reasonRefused = "refused"
)

// bucket is what one rate limit has shown of itself. Windows are fixed: they open with the first call and last a
// minute.
type bucket struct {
	lanes     int // endpoints found to share it, 1 when it has one only
	limit     int // 0 while unknown
	allowed   int // calls per window by everybody before we stop
	unmarked  *rate.Limiter
	inflight  int
	latency   time.Duration
	refused   int
	lastUse   time.Time
	windows   int              // windows seen to their end
	past      [pastWindows]int // others' calls in them
	again     time.Time        // no call before this, after a refusal that gave no usable window
	refusals  int              // such refusals in a row
	lastReset int64            // Reset of the window before
	lastSent  int              // our calls in the window before
	hints     map[*bucket]int  // how often the count of another bucket ran on in this one

	window
}

// window is the state of the current window.
type window struct {
	opened   time.Time // our first call in it
	fresh    bool      // opened after a rest: a burst first, then a look at what others do
	reset    int64     // its Reset; 0 until an answer brought it
	end      time.Time // our clock; Okta's window is over by then. Zero: no window is open
	used     int       // everybody's calls, as last seen
	sent     int       // ours, answered or not
	answered int       // ours, answered with this window's Reset
	lost     int       // ours, answered without headers or not at all: perhaps counted, perhaps not
	others   int       // calls that were surely not ours
	next     time.Time // spread: our next call is not before this
	seen     time.Time // when the last call left whose answer told of it
}

// reading is what one answer's headers say.
type reading struct {
	limit, remaining int
	reset            int64
}

func readHeaders(h http.Header) (reading, bool) {
	limit, err1 := strconv.Atoi(h.Get(headerLimit))
	remaining, err2 := strconv.Atoi(h.Get(headerRemaining))
	reset, err3 := strconv.ParseInt(h.Get(headerReset), 10, 64)
	ok := err1 == nil && err2 == nil && err3 == nil && limit >= 0 && remaining >= 0 && reset > 0 && reset < 1<<40
	return reading{limit, min(remaining, limit), reset}, ok
}

// concurrencyRefusal reports whether a 429 speaks of concurrent requests rather than of a window.
func concurrencyRefusal(h http.Header) bool { return h.Get(headerLimit) == "0" }

// roll closes a window that is over.
func (b *bucket) roll(now time.Time) {
	if !b.end.IsZero() && !now.Before(b.end) {
		b.close()
	}
}

func (b *bucket) close() {
	if b.reset != 0 {
		b.past[b.windows%pastWindows] = b.others
		b.windows++
		b.lastReset, b.lastSent = b.reset, b.sent
	}
	b.window = window{}
}

// open begins a window with a call of ours. A bucket that rested, or never had much to do, serves a person who waits: a
// part of its share may go at once. A long run spreads its calls from the start of each window.
func (b *bucket) open(at time.Time) {
	if b.windows > 0 && at.Sub(b.lastUse) > memory {
		b.windows, b.past = 0, [pastWindows]int{}
	}
	b.opened = at
	b.fresh = b.rested()
}

// rested reports whether a window may begin with a burst: not when others were seen to use the bucket lately, because
// calls that go all at once see nothing of what others do after them.
func (b *bucket) rested() bool {
	return b.windows == 0 || b.lastSent < b.early() && b.past == [pastWindows]int{}
}

// early is how many calls may go in the first half of a window after a rest. Somebody who uses most of the rest of the
// limit then still finds it free. Most of them go at once; when more are waiting than may go, the last few watch what
// others do until the half is over.
func (b *bucket) early() int { return max(1, int(firstShare*float64(b.limit))) }

// expected is how many more calls others are likely to make in this window: as many as in the busiest of the last few,
// less what they have made.
// In a bucket's first window, which nothing precedes, they are likely to go on as they began.
func (b *bucket) expected(now time.Time) int {
	most := 0
	for _, n := range b.past {
		most = max(most, n)
	}
	if b.windows == 0 && b.others > 0 {
		// The window opened a minute before its end, perhaps by a call of ours to a sibling endpoint of the same bucket.
		// A few calls in its first moments say little, so no rate is read from less than a quarter of a window.
		passed := max(now.Sub(b.end.Add(-windowLength)), windowLength/4)
		most = max(most, int(math.Ceil(float64(b.others)*windowLength.Seconds()/passed.Seconds())))
	}
	return max(0, min(most, b.limit)-b.others)
}

// left is how many more calls we may make in this window.
func (b *bucket) left(now time.Time) int {
	flying := b.inflight + b.lost
	n := b.allowed - b.used - flying - b.expected(now)
	if b.fresh && now.Sub(b.opened) < windowLength/2 {
		// Somebody may be using most of the limit, which shows only as time goes by: half a window tells. Before the
		// window's first answer not even that is known which others used up before we came.
		most := b.early()
		if b.reset == 0 {
			most = max(1, b.limit/10)
		}
		n = min(n, most-b.sent)
	} else if b.fresh && b.sent >= b.early() && now.Sub(b.seen) > windowLength/4 {
		n = 0 // nothing watched
	}
	if b.sent == 0 && b.inflight == 0 && (b.reset == 0 || b.used < b.allowed) {
		n = max(n, 1) // one call per window shows whether others still use as much as they did
	}
	return n
}

// wait says how long the next call must wait for its window, and why. Zero: it may go.
func (b *bucket) wait(now time.Time) (time.Duration, string) {
	b.roll(now)
	switch {
	case now.Before(b.again):
		return b.again.Sub(now), reasonRefused
	case b.unmarked != nil:
		if b.unmarked.TokensAt(now) >= 1 {
			return 0, ""
		}
		return time.Second / unmarkedRate, reasonSpread
	case b.limit == 0 && b.inflight > 0:
		return windowLength, reasonLearn
	case b.limit == 0:
		return 0, ""
	case b.left(now) <= 0:
		if b.end.IsZero() { // calls of the last window are still on their way
			return windowLength, reasonLimit
		}
		if half := b.opened.Add(windowLength / 2); b.fresh && now.Before(half) && half.Before(b.end) {
			return half.Sub(now), reasonLimit
		}
		return b.end.Sub(now), reasonLimit
	case now.Before(b.next):
		return b.next.Sub(now), reasonSpread
	}
	return 0, ""
}

// take counts a call that goes out now, while so many others wait.
func (b *bucket) take(now time.Time, waiting int) {
	if b.unmarked != nil {
		b.unmarked.AllowN(now, 1)
	}
	if b.end.IsZero() {
		b.open(now)
		b.end = now.Add(windowLength + b.latency + time.Second) // until an answer tells better
	}
	before := b.left(now)
	b.sent++
	b.inflight++
	b.lastUse = now
	if b.limit == 0 || before <= 1 {
		return
	}
	last := b.end.Add(-windowLength / 20)
	burst := (b.sent - 1 + before) / 10
	if half := b.opened.Add(windowLength / 2); b.fresh && now.Before(half) {
		if waiting <= b.early()-b.sent {
			return // all that wait may go before the half
		}
		before = min(before, b.early()-b.sent+1)
		burst, last = b.early()-max(1, b.early()/10), half
	}
	// The calls that are left are spread over the window, after a burst of at most a tenth of them, or more after a rest.
	if b.sent < max(1, burst) || before <= 1 {
		return
	}
	if gap := last.Sub(now) / time.Duration(before-1); gap > finestGap {
		b.next = now.Add(gap)
	}
}

// answer takes in what came of one call.
func (b *bucket) answer(a outcome, threshold float64, c *clock) {
	b.inflight--
	if a.took > 0 && a.status != http.StatusTooManyRequests {
		if b.latency == 0 {
			b.latency = a.took
		}
		b.latency += time.Duration(latencyWeight * float64(a.took-b.latency))
	}
	if a.status == http.StatusTooManyRequests {
		b.refused++
	}
	r, ok := readHeaders(a.header)
	switch {
	case a.header == nil && !a.left: // nothing reached Okta
		b.sent = max(0, b.sent-1)
	case a.status == http.StatusTooManyRequests && (!ok || r.limit == 0):
		b.sent = max(0, b.sent-1)
		if !concurrencyRefusal(a.header) {
			b.hold(a.received)
		}
	case ok && r.limit > 0:
		b.unmarked = nil
		b.learn(r, a, threshold, c)
	case a.status != 0 && a.status < 500 && b.limit == 0:
		if b.unmarked == nil {
			b.unmarked = rate.NewLimiter(unmarkedRate, unmarkedRate)
		}
	case b.limit > 0:
		b.lost++
		if b.reset == 0 { // it may have opened the window as late as now
			b.end = later(b.end, a.received.Add(windowLength))
		}
	}
}

// hold stops the bucket for a while after a refusal that says nothing of a window.
func (b *bucket) hold(now time.Time) {
	b.refusals++
	b.again = now.Add(min(time.Second<<min(b.refusals, 6), windowLength))
}

func (b *bucket) learn(r reading, a outcome, threshold float64, c *clock) {
	b.limit = r.limit
	b.allowed = max(1, int(math.Floor(threshold*float64(r.limit)+1e-9)))
	switch {
	case b.reset == 0 && r.reset <= b.lastReset+sameWindow && b.lastReset != 0:
		b.stale(r, a)
		return // a late answer of the window before
	case b.reset != 0 && r.reset < b.reset-sameWindow:
		return
	case b.reset != 0 && r.reset > b.reset+sameWindow: // Okta opened a window before we thought the old one over
		b.close()
		b.open(a.sent)
		b.sent = b.inflight + 1
	}
	if b.reset == 0 {
		b.reset, b.end = r.reset, time.Time{}
	}
	b.answered++
	b.seen = later(b.seen, a.sent)
	b.used = max(b.used, r.limit-r.remaining)
	b.others = max(b.others, b.used-b.answered-b.inflight-b.lost)
	b.bound(r, a, c)
	if a.status == http.StatusTooManyRequests {
		b.used = max(b.used, r.limit)
		if !b.end.After(a.received) {
			b.hold(a.received)
		}
		return
	}
	b.refusals = 0
}

// stale handles an answer that belongs to the window before while none is known to be open. A refusal means that the
// old window was not over after all.
func (b *bucket) stale(r reading, a outcome) {
	if a.status == http.StatusTooManyRequests {
		b.hold(a.received)
	}
}

// bound brings the end of the window nearer. Reset is cut to whole seconds, so the window ends before Reset+1 s; and
// a window that this answer was counted in opened before the answer came, so it ends within a minute from then.
func (b *bucket) bound(r reading, a outcome, c *clock) {
	end, known := c.latest(time.Unix(r.reset+1, 0), a.received)
	date, err := http.ParseTime(a.header.Get("Date"))
	minute := err != nil || r.reset-date.Unix() <= int64(windowLength/time.Second)+1
	if byLength := a.received.Add(windowLength); !known || minute && byLength.Before(end) {
		end = byLength
	}
	if b.end.IsZero() || end.Before(b.end) {
		b.end = end
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
