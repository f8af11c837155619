package oktaclient

import (
	"math"
	"time"
)

const (
	startConcurrency = 8
	// assumedCap is 70 % of what one token may have in flight where nobody says otherwise. Okta API: 75 concurrent
	// requests per org, of which a token gets half.
	assumedCap = 26
	growEvery  = 5 * time.Second // after a concurrency refusal, one more call in flight per this much quiet
	firstProbe = 2 * time.Minute // quiet before the number that was refused is tried again; doubles with each refusal
	lastProbe  = 30 * time.Minute
)

// gate bounds the calls in flight. The bound follows Little's law, calls in flight = rate × latency, with half as much
// again to spare. A concurrency refusal (429 with limit 0) halves it; it grows back to just below what was refused, and
// only after a long quiet beyond that, because how much the rest of the organisation has in flight changes slowly.
type gate struct {
	under   map[*pass]struct{} // calls under way
	cap     int
	wanted  int           // by Little's law
	ceiling int           // right after the last refusal; 0 when there was none
	tooMany int           // calls in flight that were refused
	quiet   time.Duration // before tooMany is tried again
	probe   *pass         // the one call that tries it; no other joins in until its answer is known
	refused time.Time     // the last refusal that counted
}

func newGate(maxConcurrency int) gate {
	if maxConcurrency <= 0 {
		maxConcurrency = assumedCap
	}
	return gate{under: map[*pass]struct{}{}, cap: maxConcurrency, wanted: startConcurrency}
}

// enter takes a call in. Calls that leave at one moment arrive in any order, so each remembers the most that were under way
// beside it: that, and not its own place in the queue, is what Okta may have counted.
func (g *gate) enter(t *pass) {
	g.under[t] = struct{}{}
	for other := range g.under {
		other.peak = max(other.peak, len(g.under))
	}
	if g.ceiling > 0 && g.probe == nil && len(g.under) >= g.tooMany {
		g.probe = t
	}
}

// leave lets a call go. A probe that was answered without a refusal shows that its number is allowed now.
func (g *gate) leave(t *pass, allowed bool) {
	delete(g.under, t)
	if g.probe != t {
		return
	}
	g.probe = nil
	if allowed {
		g.tooMany++
	}
}

// limit is how many calls may be in flight now.
func (g *gate) limit(now time.Time) int {
	n := min(max(g.wanted, startConcurrency), g.cap)
	if g.ceiling > 0 {
		passed := now.Sub(g.refused)
		known := g.tooMany - 1
		if passed >= g.quiet && g.probe == nil {
			known++
		}
		n = min(n, g.ceiling+int(passed/growEvery), known)
	}
	return max(n, 1)
}

// aim sets the target for a sum of rate × latency over all busy buckets.
func (g *gate) aim(busy float64) { g.wanted = int(math.Ceil(busy*1.5)) + 1 }

// refuse takes a refusal in, of a call that left at a time and was one of so many in flight. Refusals of calls that left
// before the last one was known say the same thing once more; the least of them counts.
func (g *gate) refuse(now, left time.Time, inflight int) {
	if g.ceiling > 0 && !left.After(g.refused) {
		g.tooMany = max(2, min(g.tooMany, inflight))
		return
	}
	limit := g.limit(now)
	g.quiet = min(max(firstProbe, 2*g.quiet), lastProbe)
	// A refused probe shows what was known.
	probed := g.tooMany > 0 && limit >= g.tooMany && inflight >= g.tooMany-1
	if !probed {
		g.tooMany = max(2, min(inflight, limit))
	}
	g.ceiling = max(1, g.tooMany/2)
	g.refused = now
}
