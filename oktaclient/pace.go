package oktaclient

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// pacer keeps every call within the share of Okta's rate limits that is ours. What it knows of a bucket comes from the
// headers of real answers. It has no goroutines: callers wait in their own.
//
// A pacer, and with it a client, belongs to one world: made outside a synctest bubble it may be used inside, but its
// first call must be made there.
type pacer struct {
	threshold float64
	log       *slog.Logger
	clock     clock

	mu      sync.Mutex
	buckets map[bucketKey]*bucket
	gate    gate
	changed chan struct{} // closed when a waiting call should look again; nil when nobody waits
	calls   int64
	refused int64
}

type bucketKey struct{ method, pattern string }

// tokenPattern is exempt from the concurrency gate: calls inside the gate wait for a token, and would wait forever.
const tokenPattern = "/oauth2/v1/token"

const defaultThreshold = 0.70

func newPacer(threshold float64, maxConcurrency int, log *slog.Logger) *pacer {
	if threshold == 0 {
		threshold = defaultThreshold
	}
	return &pacer{threshold: threshold, log: log, buckets: map[bucketKey]*bucket{}, gate: newGate(maxConcurrency)}
}

// outcome is what came of one call.
type outcome struct {
	status         int         // 0 when no answer came
	header         http.Header // nil when none came
	sent, received time.Time
	took           time.Duration // on the wire
	left           bool          // something may have reached Okta
}

// paced lets calls through as the pacer allows.
type paced struct {
	next http.RoundTripper
	pace *pacer
}

// RoundTrip implements http.RoundTripper.
func (p *paced) RoundTrip(req *http.Request) (*http.Response, error) {
	key := bucketKey{req.Method, pattern(req.URL.Path)}
	b, err := p.pace.enter(req.Context(), key)
	if err != nil {
		return nil, &wireError{sent: NotSent, what: "call cancelled while waiting for its turn", cause: err}
	}
	finished := false
	defer func() {
		if !finished { // a panic below must not hold the slot for ever
			p.pace.leave(key, b, outcome{received: time.Now()})
		}
	}()
	resp, err := p.next.RoundTrip(req)
	now := time.Now()
	note := noteOf(req.Context())
	took := time.Duration(note.took.Load())
	o := outcome{sent: now.Add(-took), received: now, took: took, left: note.left.Load()}
	var w *wireError
	switch {
	case err == nil:
		o.status, o.header = resp.StatusCode, resp.Header
	case errors.As(err, &w):
		o.header, o.left = w.header, o.left && w.sent == MaybeSent
	}
	finished = true
	p.pace.leave(key, b, o)
	return resp, err
}

// enter waits until the call may go. Calls of one bucket go in the order they came.
func (p *pacer) enter(ctx context.Context, key bucketKey) (*bucket, error) {
	b := p.bucket(key)
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		wait, changed := p.admit(key, b)
		if wait == 0 {
			return b, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

func (p *pacer) bucket(key bucketKey) *bucket {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.buckets[key]
	if b == nil {
		b = &bucket{turn: make(chan struct{}, 1)}
		p.buckets[key] = b
	}
	return b
}

// admit counts the call as gone, or says how long to wait unless something changes before.
func (p *pacer) admit(key bucketKey, b *bucket) (time.Duration, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	wait, _ := p.judge(key, b, now)
	if wait > 0 {
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		return wait, p.changed
	}
	b.take(now)
	if key.pattern != tokenPattern {
		p.gate.inflight++
	}
	p.calls++
	return 0, nil
}

// judge is the whole decision: the window first, then the concurrency.
func (p *pacer) judge(key bucketKey, b *bucket, now time.Time) (time.Duration, string) {
	wait, why := b.wait(now)
	if wait <= 0 && why != "" {
		wait = time.Millisecond // the instant itself; look again right after
	}
	if wait == 0 && key.pattern != tokenPattern && p.gate.inflight >= p.gate.limit(now) {
		return growEvery, reasonBusy
	}
	return wait, why
}

// leave takes in what came of a call, and lets waiting calls look again.
func (p *pacer) leave(key bucketKey, b *bucket, o outcome) {
	if o.header != nil {
		p.clock.observe(o.header, o.sent, o.received)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if key.pattern != tokenPattern {
		p.gate.inflight--
	}
	b.roll(o.received)
	b.answer(o, p.threshold, &p.clock)
	if o.status == http.StatusTooManyRequests {
		p.refused++
		if concurrencyRefusal(o.header) {
			p.gate.refuse(o.received)
		}
		p.log.Warn("okta refused a call for its rate", "method", key.method, "pattern", key.pattern,
			"limit", clean(o.header.Get(headerLimit)), "concurrency", p.gate.limit(o.received))
	}
	busy := 0.0
	for _, other := range p.buckets {
		if other.limit > 0 && o.received.Sub(other.lastUse) < windowLength {
			busy += float64(other.allowed) / windowLength.Seconds() * other.latency.Seconds()
		}
	}
	p.gate.aim(busy)
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

func (p *pacer) counts() (calls, refused int64, concurrency, limit int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls, p.refused, p.gate.limit(time.Now()), p.gate.cap
}

// status is a snapshot of every bucket, by pattern and method.
func (p *pacer) status() []Bucket {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	out := make([]Bucket, 0, len(p.buckets))
	for key, b := range p.buckets {
		wait, why := p.judge(key, b, now)
		s := Bucket{Method: key.method, Pattern: key.pattern, Limit: b.limit, Used: b.used, InFlight: b.inflight,
			Reset: b.end, Wait: wait, Reason: why, Refused: b.refused, Latency: b.latency}
		if b.limit > 0 {
			s.Remaining = max(0, b.limit-b.used)
			s.Reserved = b.limit - b.allowed + min(b.expected(now), b.allowed)
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Bucket) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Method, b.Method))
	})
	return out
}
