// Package simwire is the kernel of every simulated service: routing, faults that count how often they fired, latency, the
// log of calls, a transport in process and a listener. A service says what it answers; everything between a caller and
// that answer happens here, so that Okta, Jira and Slack go wrong in the same ways. It knows none of them.
//
// It has no clock but package time's and starts no goroutine outside Listen, so it runs in testing/synctest.
package simwire

import (
	"io"
	"net/http"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/wait"
)

// maxBody is the most that a caller can make a service read, in bytes.
const maxBody = 16 << 20

// Service is what a wire carries calls to.
type Service interface {
	// Begin looks at a request, sets x.Pattern, and returns what serves it. Nothing has been decided yet: it must not act.
	Begin(x *Exchange) Handler
}

// Handler serves one request. Its methods are called in the order in which they are listed.
type Handler interface {
	// Admit lets the request in, or writes a refusal (a rate limit, say) and returns false. It may set x.Latency.
	Admit() bool
	// Serve carries the request out and writes the answer. A fault that keeps the service from acting skips it.
	Serve()
	// Fail replaces what Serve wrote, if it ran, by the answer of the fault x.Fault.Effect.
	Fail()
	// Leave is called once for every request that Admit let in, when it is over.
	Leave()
}

// Exchange is one request with its answer.
type Exchange struct {
	Request *http.Request
	Body    []byte // the request's whole body
	Reply   *Reply

	Pattern string        // what the request asks for, as in "/api/v1/users/{id}"; empty means unknown
	Fault   Fault         // what goes wrong; the zero value for nothing
	Latency time.Duration // how long the service takes

	injection *Injection
}

// Unknown is the pattern of requests for which a service has no route.
const Unknown = "(unknown)"

// Wire carries calls to one service. All methods are safe for concurrent use.
type Wire struct {
	service Service
	now     func() time.Time

	mu     sync.Mutex // guards everything below; never held while a call waits
	calls  callLog
	faults []*Injection
	decide func(Call) Fault
	jitter uint64
}

// New makes a wire to a service. now is the service's clock, which answers carry as Date; seed decides the jitter of latency.
func New(service Service, now func() time.Time, seed uint64) *Wire {
	return &Wire{service: service, now: now, jitter: seed}
}

// exchange carries out one request, waits included. It starts no goroutine, and holds no lock while it waits.
func (w *Wire) exchange(r *http.Request) (*Reply, ending) {
	x := &Exchange{Request: r, Reply: &Reply{header: http.Header{}}}
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			return x.Reply, abandoned
		}
		x.Body = body
	}
	h := w.service.Begin(x)
	if x.Pattern == "" {
		x.Pattern = Unknown
	}
	c := w.enter(x)
	end := w.pass(x, h)
	x.Reply.header.Set("Date", w.now().UTC().Format(http.TimeFormat))
	status := 0
	if end == answered || end == truncated || end == dripping {
		x.Reply.WriteHeader(http.StatusOK) // for a service that wrote nothing
		status = x.Reply.status
	}
	w.leave(c, status)
	return x.Reply, end
}

// pass takes a call through its fault, the service's admission, waiting and the service, in that order.
func (w *Wire) pass(x *Exchange, h Handler) ending {
	if x.Fault.Do != nil {
		x.Fault.Do()
	}
	switch x.Fault.Effect {
	case EffectRefuse:
		return refused
	case EffectReset:
		return dropped
	}
	if !h.Admit() {
		return answered
	}
	defer h.Leave()
	return w.serve(x, h)
}

// serve waits half of the latency before the service acts and half of it afterwards, so that a caller who gives up cannot
// know whether the call was carried out.
func (w *Wire) serve(x *Exchange, h Handler) ending {
	ctx, f := x.Request.Context(), x.Fault
	half := x.Latency / 2
	if wait.For(ctx, half) != nil {
		return abandoned
	}
	if f.Effect == EffectStall && !f.Acted && f.stall(ctx) != nil {
		return abandoned
	}
	if f.acts() {
		h.Serve()
	}
	if f.Effect == EffectStall && f.Acted && f.stall(ctx) != nil {
		return abandoned
	}
	if wait.For(ctx, half) != nil {
		return abandoned
	}
	return x.end(h)
}

// end replaces a good answer by what the fault wants.
func (x *Exchange) end(h Handler) ending {
	switch x.Fault.Effect {
	case EffectLoseReply:
		return dropped
	case EffectTruncate:
		return truncated
	case EffectDrip:
		return dripping
	case EffectBare:
		x.Reply.object(`{}`)
	case EffectOther:
		x.Reply.object(`{"error":"temporarily unavailable"}`)
	case EffectHTML:
		x.Reply.page(http.StatusOK, "Sign in")
	case Effect502:
		x.Reply.page(http.StatusBadGateway, "502 Bad Gateway")
	case Effect504:
		x.Reply.page(http.StatusGatewayTimeout, "504 Gateway Time-out")
	case EffectNone, EffectStall:
	default:
		if !x.Fault.ByService {
			h.Fail()
		}
	}
	return answered
}

// Jitter varies a duration by up to a tenth either way: the same for the same seed and the same order of calls.
func (w *Wire) Jitter(base time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	// A splitmix step.
	w.jitter += 0x9e3779b97f4a7c15
	z := w.jitter
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	part := float64((z^z>>31)>>11) / (1 << 53) // 0 to 1
	return time.Duration(float64(base) * (0.9 + 0.2*part))
}
