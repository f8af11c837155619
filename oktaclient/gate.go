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
	growEvery  = 20 * time.Second // after a concurrency refusal, one more call in flight per this much quiet
)

// gate bounds the calls in flight. The bound follows Little's law, calls in flight = rate × latency, with half as much
// again to spare; a concurrency refusal (429 with limit 0) halves it, and it grows back slowly.
type gate struct {
	inflight int
	cap      int
	wanted   int       // by Little's law
	ceiling  int       // after a refusal; 0 when there was none
	refused  time.Time // the last refusal that counted
}

func newGate(maxConcurrency int) gate {
	if maxConcurrency <= 0 {
		maxConcurrency = assumedCap
	}
	return gate{cap: maxConcurrency, wanted: startConcurrency}
}

// limit is how many calls may be in flight now.
func (g *gate) limit(now time.Time) int {
	n := min(max(g.wanted, startConcurrency), g.cap)
	if g.ceiling > 0 {
		n = min(n, g.ceiling+int(now.Sub(g.refused)/growEvery))
	}
	return max(n, 1)
}

// aim sets the target for a sum of rate × latency over all busy buckets.
func (g *gate) aim(busy float64) { g.wanted = int(math.Ceil(busy*1.5)) + 1 }

// refuse halves. Refusals of calls that were in flight together count once.
func (g *gate) refuse(now time.Time) {
	if g.ceiling > 0 && now.Sub(g.refused) < time.Second {
		return
	}
	g.ceiling = max(1, g.limit(now)/2)
	g.refused = now
}
