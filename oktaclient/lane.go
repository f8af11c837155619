package oktaclient

import (
	"net/http"
	"time"
)

// lane is one endpoint on its way to its rate limit. Okta counts several endpoints in one bucket and does not say which,
// so every lane starts with a bucket of its own, and lanes whose headers show one and the same count are put together.
// Until then each would take the calls of the other for somebody else's, and hold back for them.
type lane struct {
	key      bucketKey
	bucket   *bucket
	inflight int
	turn     chan struct{} // holds one token: waiting calls go in the order they came

	reset int64 // the window of the last answer
	seen  int   // everybody's calls in it, as the last answer said
	at    time.Time
	hints map[*lane]int // how often the counts of another lane ran on in this one
	loner bool          // was put together wrongly once
}

// pass is one admitted call.
type pass struct {
	lane    *lane
	serial  int64 // of the call, over all lanes
	alone   bool  // nothing else was on the wire when it left
	counted int   // calls of ours that Okta had surely counted before it, in the window of reset
	reset   int64
}

// gated reports whether calls of the lane take a place at the concurrency gate.
func (l *lane) gated() bool { return l.key.pattern != tokenPattern }

// enoughHints is how often counts must run on from one lane into another before they are put together.
const enoughHints = 2

// compare holds the count in an answer against what other lanes saw last. Two lanes share a bucket when they have the
// same limit and the same window, and the count of one goes on where that of the other stopped; only a call that was
// alone on the wire shows that. A count that is too low for all that we sent parts them again, for good.
func (p *pacer) compare(t *pass, o outcome) {
	r, ok := readHeaders(o.header)
	if !ok || r.limit == 0 || o.status == http.StatusTooManyRequests {
		return
	}
	l, used := t.lane, r.limit-r.remaining
	if l.bucket.lanes > 1 && r.reset == t.reset && used <= t.counted {
		p.part(l.bucket)
		l.bucket.learn(r, o, p.threshold, &p.clock)
	}
	if t.alone && t.serial == p.calls {
		p.hint(l, r, used)
	}
	l.reset, l.seen, l.at = r.reset, used, o.received
}

func (p *pacer) hint(l *lane, r reading, used int) {
	before := 0 // what this lane itself knew
	if l.reset == r.reset {
		before = l.seen
	}
	for _, other := range p.lanes {
		if other.bucket == l.bucket || other.loner || l.loner || other.bucket.limit != r.limit || other.bucket.reset != r.reset || other.reset != r.reset {
			continue
		}
		switch {
		case used <= other.seen && other.at.Before(time.Now()): // shared, it would have grown
			delete(l.hints, other)
			delete(other.hints, l)
		case used == other.seen+1 && other.seen > before:
			if l.hints == nil {
				l.hints = map[*lane]int{}
			}
			l.hints[other]++
			if l.hints[other]+other.hints[l] >= enoughHints {
				p.join(other.bucket, l.bucket)
			}
		}
	}
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
	to.next = later(to.next, from.next)
	to.again = later(to.again, from.again)
	to.refused += from.refused
	to.lastReset, to.lastSent = max(to.lastReset, from.lastReset), to.lastSent+from.lastSent
	to.past = [pastWindows]int{joinedPast(to, from)}
	to.windows = max(to.windows, from.windows)
	to.fresh = to.windows == 0 || to.lastSent <= to.burst()
	to.lanes = 0
	for _, l := range p.lanes {
		if l.bucket == from {
			l.bucket = to
		}
		if l.bucket == to {
			to.lanes++
		}
	}
	p.log.Debug("endpoints share a rate limit", "limit", to.limit, "endpoints", to.lanes)
}

// joinedPast is the use by others in past windows: each bucket took the other's calls for others', so the lower is nearer.
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
			l.bucket = &bucket{limit: b.limit, allowed: b.allowed, latency: b.latency, lastUse: b.lastUse, lastReset: b.lastReset, inflight: l.inflight}
			l.loner, l.hints = true, nil
		}
	}
	p.log.Debug("endpoints do not share a rate limit after all", "limit", b.limit)
}
