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
	lanes   map[bucketKey]*lane
	gate    gate
	flying  int           // calls on the wire
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
	return &pacer{threshold: threshold, log: log, lanes: map[bucketKey]*lane{}, gate: newGate(maxConcurrency)}
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
	lane, err := p.pace.enter(req.Context(), key)
	if err != nil {
		return nil, &wireError{sent: NotSent, what: "call cancelled while waiting for its turn", cause: err}
	}
	finished := false
	defer func() {
		if !finished { // a panic below must not hold the slot for ever
			p.pace.leave(lane, outcome{received: time.Now()})
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
	p.pace.leave(lane, o)
	return resp, err
}

// enter waits until the call may go. Calls of one lane go in the order they came.
func (p *pacer) enter(ctx context.Context, key bucketKey) (*pass, error) {
	l := p.queue(key)
	defer p.unqueue(l)
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pass, wait, changed := p.admit(l)
		if pass != nil {
			return pass, nil
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

// queue finds or makes the lane of a call that wants to go.
func (p *pacer) queue(key bucketKey) *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[key]
	if l == nil {
		l = &lane{key: key, bucket: &bucket{}, turn: make(chan struct{}, 1)}
		p.lanes[key] = l
	}
	l.waiting++
	return l
}

func (p *pacer) unqueue(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.waiting--
}

// waiting is how many calls want to go through a bucket.
func (p *pacer) waiting(l *lane) int {
	if l.bucket.lanes < 2 {
		return l.waiting
	}
	n := 0
	for _, other := range p.lanes {
		if other.bucket == l.bucket {
			n += other.waiting
		}
	}
	return n
}

// admit counts the call as gone, or says how long to wait unless something changes before.
func (p *pacer) admit(l *lane) (*pass, time.Duration, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	wait, _ := p.judge(l, now)
	if wait > 0 {
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		return nil, wait, p.changed
	}
	l.bucket.take(now, p.waiting(l)-1)
	l.inflight++
	p.flying++
	p.calls++
	t := &pass{lane: l, left: now, serial: p.calls, alone: p.flying == 1, counted: l.bucket.answered, reset: l.bucket.reset}
	if l.gated() {
		p.gate.enter(t)
	}
	return t, 0, nil
}

// judge is the whole decision: the window first, then the concurrency.
func (p *pacer) judge(l *lane, now time.Time) (time.Duration, string) {
	wait, why := l.bucket.wait(now)
	if wait <= 0 && why != "" {
		wait = time.Millisecond // the instant itself; look again right after
	}
	if wait == 0 && l.gated() && len(p.gate.under) >= p.gate.limit(now) {
		return growEvery, reasonBusy
	}
	return wait, why
}

// leave takes in what came of a call, and lets waiting calls look again.
func (p *pacer) leave(t *pass, o outcome) {
	if o.header != nil {
		p.clock.observe(o.header, o.sent, o.received)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := t.lane
	p.flying--
	l.inflight--
	if l.gated() {
		p.gate.leave(t, o.status != 0 && !(o.status == http.StatusTooManyRequests && concurrencyRefusal(o.header)))
	}
	l.bucket.roll(o.received)
	before := l.bucket.window
	l.bucket.answer(o, p.threshold, &p.clock)
	p.compare(t, o, before)
	if o.status == http.StatusTooManyRequests {
		p.refuse(t, o)
	}
	p.gate.aim(p.busy(o.received))
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

func (p *pacer) refuse(t *pass, o outcome) {
	l := t.lane
	p.refused++
	if concurrencyRefusal(o.header) {
		p.gate.refuse(o.received, t.left, t.peak)
	}
	p.log.Warn("okta refused a call for its rate", "method", l.key.method, "pattern", l.key.pattern,
		"limit", clean(o.header.Get(headerLimit)), "concurrency", p.gate.limit(o.received))
}

// busy is how many calls are in flight on average when every bucket in use gives all that it allows.
func (p *pacer) busy(now time.Time) float64 {
	sum := 0.0
	for _, l := range p.lanes {
		b := l.bucket
		if b.limit > 0 && now.Sub(b.lastUse) < windowLength {
			sum += float64(b.allowed) / windowLength.Seconds() * b.latency.Seconds() / float64(max(1, b.lanes))
		}
	}
	return sum
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
	out := make([]Bucket, 0, len(p.lanes))
	for key, l := range p.lanes {
		b := l.bucket
		wait, why := p.judge(l, now)
		s := Bucket{Method: key.method, Pattern: key.pattern, Limit: b.limit, Used: b.used, InFlight: b.inflight, Waiting: l.waiting,
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
