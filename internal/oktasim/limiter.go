package oktasim

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/simwire"
)

// limiter counts calls against rate limits and concurrency. It has its own lock, so that a call that waits holds up no other.
type limiter struct {
	mu       sync.Mutex
	limits   Limits
	buckets  map[string]*bucket
	inFlight map[string]int // by credential
	flying   int
	peak     int
	foreign  []*ForeignLoad
}

func (l *limiter) init(limits Limits) {
	if limits.Share <= 0 || limits.Share > 1 {
		limits.Share = 0.5
	}
	if limits.Window <= 0 {
		limits.Window = time.Minute
	}
	if limits.ConcurrencyLimit == 0 && limits.Mode == LimitsReal {
		limits.ConcurrencyLimit = 75
	}
	l.limits, l.buckets, l.inFlight = limits, map[string]*bucket{}, map[string]int{}
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

// admission says whether the limits let a call in.
type admission int

const (
	admitted admission = iota
	refusedByWindow
	refusedByConcurrency
)

// enter counts a call. Only an admitted call is in flight and must leave again.
func (l *limiter) enter(method, pattern, who string, now time.Time) (admission, rates) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if uncounted(pattern) {
		l.fly(who)
		return admitted, rates{}
	}
	b := l.bucket(method, pattern)
	l.catchUp(b, now)
	b.roll(now, l.limits.Window)
	if l.crowded(who) {
		return refusedByConcurrency, rates{true, 0, 0, b.end.Unix()}
	}
	ok := b.take(who)
	r := rates{true, int64(b.own), int64(b.left(who)), b.end.Unix()}
	if !ok {
		return refusedByWindow, r
	}
	l.fly(who)
	return admitted, r
}

// crowded says whether the org, or this credential's share of it, has as many calls in flight as it may have.
func (l *limiter) crowded(who string) bool {
	most := l.limits.ConcurrencyLimit
	return most > 0 && (l.flying >= most || l.inFlight[who] >= max(1, int(float64(most)*l.limits.Share)))
}

func (l *limiter) fly(who string) {
	l.flying++
	l.inFlight[who]++
	l.peak = max(l.peak, l.flying)
}

func (l *limiter) leave(who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flying--
	if l.inFlight[who]--; l.inFlight[who] == 0 {
		delete(l.inFlight, who)
	}
}

// bucket finds or makes the bucket of an operation.
func (l *limiter) bucket(method, pattern string) *bucket {
	key, org := bucketKey(method, pattern)
	own := max(1, int(float64(org)*l.limits.Share))
	if l.limits.Mode != LimitsReal {
		org, own = unlimited, unlimited
	}
	for _, name := range []string{method + " " + pattern, pattern, key} {
		if n, ok := l.limits.Overrides[name]; ok {
			own, org = n, int(float64(n)/l.limits.Share)
			break
		}
	}
	b := l.buckets[key]
	if b == nil {
		b = &bucket{org: org, own: own, by: map[string]int{}}
		l.buckets[key] = b
	}
	return b
}

func (l *limiter) catchUp(b *bucket, now time.Time) {
	for _, f := range b.foreign {
		f.catchUp(b, now, l.limits.Window)
	}
}

// Call counts the calls of one operation with one status. Status 0 means that the caller got no answer.
type Call = simwire.Count

// Calls returns how often each operation was called, by status, in alphabetical order.
func (t *Tenant) Calls() []Call { return t.wire.Counts() }

// CallCount sums the calls of one operation over all statuses; status 0 of the argument means any, empty texts mean any.
func (t *Tenant) CallCount(method, pattern string, status int) int {
	n := 0
	for _, c := range t.Calls() {
		if (method == "" || method == c.Method) && (pattern == "" || pattern == c.Pattern) &&
			(status == 0 || status == c.Status) {
			n += c.Count
		}
	}
	return n
}

// PeakConcurrency returns the most calls that were ever in flight at once.
func (t *Tenant) PeakConcurrency() int {
	t.limiter.mu.Lock()
	defer t.limiter.mu.Unlock()
	return t.limiter.peak
}

// AddForeignLoad lets another client call one operation from now on.
func (t *Tenant) AddForeignLoad(load ForeignLoad) *ForeignLoad {
	f := &load
	if f.PerMinute < 1 {
		panic("oktasim: a foreign load must make at least one call a minute")
	}
	f.every = time.Minute * time.Duration(max(f.Burst, 1)) / time.Duration(f.PerMinute)
	f.next = t.now().Add(f.Delay)
	t.limiter.mu.Lock()
	defer t.limiter.mu.Unlock()
	b := t.limiter.bucket(f.Method, f.Pattern)
	b.foreign = append(b.foreign, f)
	t.limiter.foreign = append(t.limiter.foreign, f)
	return f
}

// ForeignCalls returns how many calls all foreign loads made until now, and how many of them were refused.
func (t *Tenant) ForeignCalls() (made, refused int) {
	now := t.now()
	t.limiter.mu.Lock()
	defer t.limiter.mu.Unlock()
	for _, b := range t.limiter.buckets {
		t.limiter.catchUp(b, now)
	}
	for _, f := range t.limiter.foreign {
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
