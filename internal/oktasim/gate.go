package oktasim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// gate stands before the handlers: it counts calls against rate limits and concurrency, and picks faults. It has its own
// lock, so that a call that waits holds nobody up.
type gate struct {
	mu       sync.Mutex
	limits   Limits
	buckets  map[string]*bucket
	inFlight map[string]int // by credential
	flying   int
	peak     int
	served   map[callKey]int
	faults   []*Injection
	jitter   uint64
	foreign  []*ForeignLoad
}

type callKey struct {
	method, pattern string
	status          int
}

// Call counts the calls of one operation with one status. Status 0 means that the caller got no answer.
type Call struct {
	Method  string `json:"method"`
	Pattern string `json:"pattern"`
	Status  int    `json:"status"`
	Count   int    `json:"count"`
}

func (g *gate) init(l Limits, seed uint64) {
	if l.Share <= 0 || l.Share > 1 {
		l.Share = 0.5
	}
	if l.Window <= 0 {
		l.Window = time.Minute
	}
	if l.ConcurrencyLimit == 0 && l.Mode == LimitsReal {
		l.ConcurrencyLimit = 75
	}
	g.limits, g.jitter = l, seed
	g.buckets, g.inFlight, g.served = map[string]*bucket{}, map[string]int{}, map[callKey]int{}
}

// rates are the three headers of one answer.
type rates struct {
	shown                   bool
	limit, remaining, reset int64
}

func (r rates) write(h http.Header) {
	if r.shown {
		h.Set("X-Rate-Limit-Limit", fmt.Sprint(r.limit))
		h.Set("X-Rate-Limit-Remaining", fmt.Sprint(r.remaining))
		h.Set("X-Rate-Limit-Reset", fmt.Sprint(r.reset))
	}
}

// admission says what became of a call at the gate.
type admission int

const (
	admitted admission = iota
	refusedByWindow
	refusedByConcurrency
)

// enter counts a call. Only an admitted call is in flight and must leave again.
func (g *gate) enter(method, pattern, who string, now time.Time) (admission, rates) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if uncounted(pattern) {
		g.fly(who)
		return admitted, rates{}
	}
	b := g.bucket(method, pattern)
	g.catchUp(b, now)
	b.roll(now, g.limits.Window)
	if g.crowded(who) {
		return refusedByConcurrency, rates{true, 0, 0, b.end.Unix()}
	}
	ok := b.take(who)
	r := rates{true, int64(b.own), int64(b.left(who)), b.end.Unix()}
	if !ok {
		return refusedByWindow, r
	}
	g.fly(who)
	return admitted, r
}

// crowded says whether the org, or this credential's share of it, has its fill of calls in flight.
func (g *gate) crowded(who string) bool {
	most := g.limits.ConcurrencyLimit
	return most > 0 && (g.flying >= most || g.inFlight[who] >= max(1, int(float64(most)*g.limits.Share)))
}

func (g *gate) fly(who string) {
	g.flying++
	g.inFlight[who]++
	g.peak = max(g.peak, g.flying)
}

func (g *gate) leave(who string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flying--
	if g.inFlight[who]--; g.inFlight[who] == 0 {
		delete(g.inFlight, who)
	}
}

// bucket finds or makes the bucket of an operation.
func (g *gate) bucket(method, pattern string) *bucket {
	key, org := bucketKey(method, pattern)
	own := max(1, int(float64(org)*g.limits.Share))
	if g.limits.Mode != LimitsReal {
		org, own = unlimited, unlimited
	}
	for _, name := range []string{method + " " + pattern, pattern, key} {
		if n, ok := g.limits.Overrides[name]; ok {
			own, org = n, int(float64(n)/g.limits.Share)
			break
		}
	}
	b := g.buckets[key]
	if b == nil {
		b = &bucket{org: org, own: own, by: map[string]int{}}
		g.buckets[key] = b
	}
	return b
}

func (g *gate) catchUp(b *bucket, now time.Time) {
	for _, f := range b.foreign {
		f.catchUp(b, now, g.limits.Window)
	}
}

// count notes an answered or lost call.
func (g *gate) count(method, pattern string, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.served[callKey{method, pattern, status}]++
}

// Calls returns how often each operation was called, by status, in alphabetical order.
func (t *Tenant) Calls() []Call {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	out := make([]Call, 0, len(t.gate.served))
	for k, n := range t.gate.served {
		out = append(out, Call{k.method, k.pattern, k.status, n})
	}
	slices.SortFunc(out, func(a, b Call) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return out
}

// CallCount sums the calls of one operation over all statuses; status 0 of the argument means any, empty texts mean any.
func (t *Tenant) CallCount(method, pattern string, status int) int {
	n := 0
	for _, c := range t.Calls() {
		if (method == "" || method == c.Method) && (pattern == "" || pattern == c.Pattern) && (status == 0 || status == c.Status) {
			n += c.Count
		}
	}
	return n
}

// PeakConcurrency returns the most calls that were ever in flight at once.
func (t *Tenant) PeakConcurrency() int {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	return t.gate.peak
}

// AddForeignLoad lets another client call one operation from now on.
func (t *Tenant) AddForeignLoad(load ForeignLoad) *ForeignLoad {
	f := &load
	if f.PerMinute < 1 {
		panic("oktasim: a foreign load must make at least one call a minute")
	}
	f.every = time.Minute * time.Duration(max(f.Burst, 1)) / time.Duration(f.PerMinute)
	f.next = t.now().Add(f.Delay)
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	b := t.gate.bucket(f.Method, f.Pattern)
	b.foreign = append(b.foreign, f)
	t.gate.foreign = append(t.gate.foreign, f)
	return f
}

// ForeignCalls returns how many calls all foreign loads made until now, and how many of them were refused.
func (t *Tenant) ForeignCalls() (made, refused int) {
	now := t.now()
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	for _, b := range t.gate.buckets {
		t.gate.catchUp(b, now)
	}
	for _, f := range t.gate.foreign {
		made += f.made
		refused += f.refused
	}
	return made, refused
}

// ForeignRefused returns how many calls of foreign loads were refused. It stays 0 as long as we leave others their part.
func (t *Tenant) ForeignRefused() int {
	_, refused := t.ForeignCalls()
	return refused
}
