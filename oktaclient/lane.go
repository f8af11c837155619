package oktaclient

import (
	"net/http"
	"time"
)

// lane is one endpoint on its way to its rate limit. Okta counts several endpoints in one bucket and does not say
// which, so every lane starts with a bucket of its own, and lanes whose headers show one and the same count are put
// together. Until then each would take the calls of the other for another client's, and hold back for them.
type lane struct {
	key      bucketKey
	bucket   *bucket
	inflight int
	waiting  int
	turn     chan struct{} // holds one token: waiting calls go in the order they came

	loner bool // was put together wrongly once
}

// pass is one admitted call.
type pass struct {
	lane    *lane
	left    time.Time
	serial  int64 // of the call, over all lanes
	alone   bool  // nothing else was on the wire when it left
	peak    int   // most calls at the gate while it was under way, itself among them
	counted int   // calls of ours that Okta had surely counted before it, in the window of reset
	reset   int64
}

// gated reports whether calls of the lane take a place at the concurrency gate.
func (l *lane) gated() bool { return l.key.pattern != tokenPattern }

// enoughHints is how often counts must run on from one bucket into another before they are put together.
const enoughHints = 2

// compare holds the count in an answer against what other lanes saw last. Two lanes share a bucket when they have the
// same limit and the same window, and the count of one goes on where that of the other stopped; only a call that was
// alone on the wire shows that. A count that is too low for all that we sent parts them again, for good. Before is what
// the lane's bucket knew until this answer.
func (p *pacer) compare(t *pass, o outcome, before window) {
	r, ok := readHeaders(o.header)
	if !ok || r.limit == 0 || o.status == http.StatusTooManyRequests {
		return
	}
	l, used := t.lane, r.limit-r.remaining
	if l.bucket.lanes > 1 && r.reset == t.reset && used <= t.counted {
		p.part(l.bucket)
		l.bucket.learn(r, o, p.threshold, &p.clock)
	}
	if t.alone && t.serial == p.calls && !l.loner {
		own := 0
		if before.reset == r.reset {
			own = before.used
		}
		p.hint(l.bucket, r, used, own)
	}
}

func (p *pacer) hint(b *bucket, r reading, used, own int) {
	for other := range p.others(b) {
		switch {
		case other.limit != r.limit || other.reset != r.reset:
		case used <= other.used: // shared, it would have grown
			delete(b.hints, other)
			delete(other.hints, b)
		case used == other.used+1 && other.used > own:
			b.give(other, 1)
		}
	}
	for p.joinOne(b) { // a bucket that was put to this one brings its hints along
	}
}

// joinOne puts another bucket to this one, if there are hints enough for that.
func (p *pacer) joinOne(b *bucket) bool {
	for other := range p.others(b) {
		if b.hints[other]+other.hints[b] >= enoughHints && other.limit == b.limit && other.reset == b.reset {
			p.join(b, other)
			return true
		}
	}
	return false
}

// others are the buckets that might be the same as this one.
func (p *pacer) others(b *bucket) map[*bucket]bool {
	found := map[*bucket]bool{}
	for _, l := range p.lanes {
		if l.bucket != b && !l.loner {
			found[l.bucket] = true
		}
	}
	return found
}

// give counts hints that another bucket is the same as this one.
func (b *bucket) give(other *bucket, n int) {
	if b.hints == nil {
		b.hints = map[*bucket]int{}
	}
	b.hints[other] += n
}

// join puts the lanes of one bucket into another. It is called when nothing is on the wire.
func (p *pacer) join(to, from *bucket) {
	to.used = max(to.used, from.used)
	to.sent += from.sent
	to.answered += from.answered
	to.lost += from.lost
	to.others = max(0, to.used-to.answered-to.lost)
	if from.end.Before(to.end) {
		to.end = from.end
	}
	if from.opened.Before(to.opened) {
		to.opened = from.opened
	}
	to.next, to.seen = later(to.next, from.next), later(to.seen, from.seen)
	to.again = later(to.again, from.again)
	to.refused += from.refused
	to.lastReset, to.lastSent = max(to.lastReset, from.lastReset), to.lastSent+from.lastSent
	to.past = [pastWindows]int{joinedPast(to, from)}
	to.windows = max(to.windows, from.windows)
	to.fresh = to.rested()
	to.lanes = 0
	delete(to.hints, from)
	for other, n := range from.hints {
		if other != to {
			to.give(other, n)
		}
	}
	for _, l := range p.lanes {
		if n := l.bucket.hints[from]; n > 0 && l.bucket != to {
			l.bucket.give(to, n)
			delete(l.bucket.hints, from)
		}
		if l.bucket == from {
			l.bucket = to
		}
		if l.bucket == to {
			to.lanes++
		}
	}
	p.log.Debug("endpoints share a rate limit", "limit", to.limit, "endpoints", to.lanes)
}

// joinedPast is the use by others in past windows: each bucket took the other's calls for others', so the lower is
// nearer.
func joinedPast(a, b *bucket) int {
	most := func(b *bucket) int { return max(b.past[0], b.past[1], b.past[2]) }
	switch {
	case a.windows == 0:
		return most(b)
	case b.windows == 0:
		return most(a)
	}
	return min(most(a), most(b))
}

// part gives every lane of a bucket one of its own again, as little known as after a rest.
func (p *pacer) part(b *bucket) {
	for _, l := range p.lanes {
		if l.bucket == b {
			l.bucket = &bucket{
				limit:     b.limit,
				allowed:   b.allowed,
				latency:   b.latency,
				lastUse:   b.lastUse,
				lastReset: b.lastReset,
				inflight:  l.inflight,
			}
			l.loner = true
		}
	}
	p.log.Debug("endpoints do not share a rate limit after all", "limit", b.limit)
}
