package oktaclient

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// The way of a request, outermost first:
//
//	retry > pace > auth > log > attempt > wire
//
// Every layer is an http.RoundTripper, so calls of the Okta SDK and our own governance calls take the same way.
// A repeated attempt passes through pace again, as it counts against the rate limit again. Credentials are added
// after the wait: an access token may run out and a DPoP proof grows old while a call waits its turn, and no proof
// may be used twice. attempt bounds one exchange in time and size and says whether the request left.
type stack struct {
	outer      http.RoundTripper
	pace       *pacer
	retry      *retrier
	tokens     *retrier // the way of token requests
	serviceApp bool     // an OAuth service app: no user stands behind the credential
}

func newStack(base *url.URL, o Options, keys credential) *stack {
	wire := o.Transport
	if wire == nil {
		wire = newWire()
	}
	if given, ok := wire.(*http.Transport); ok && (given.MaxResponseHeaderBytes <= 0 || given.MaxResponseHeaderBytes > maxHeader) {
		bounded := given.Clone() // attempt bounds headers as well, but only once they are in memory
		bounded.MaxResponseHeaderBytes = maxHeader
		wire = bounded
	}
	bottom := &logger{next: &attempter{next: wire, agent: o.UserAgent}, log: o.Log}
	p := newPacer(o.Threshold, o.MaxConcurrency, o.Log)
	s := &stack{pace: p, serviceApp: keys.oauth != nil}
	tokens := &retrier{next: &paced{next: bottom, pace: p}, log: o.Log, host: base.Host}
	auth := newAuthorizer(bottom, base, keys, tokens, p.clock.now)
	s.tokens = tokens
	s.retry = &retrier{next: &paced{next: auth, pace: p}, log: o.Log, host: base.Host}
	s.outer = s.retry
	return s
}

// newWire is the real network: bounded in time at every step that has no bound of its own.
func newWire() *http.Transport {
	dial := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dial.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// exchange records how a call ended. The SDK drops the body of a 429, turns transport errors into text and decodes
// into models that lose fields, so results are read here, not from what the SDK returns.
type exchange struct {
	status int
	header http.Header
	body   []byte
	err    *Error
	accept func(status int, body []byte) error // judges a 2xx; nil takes any
}

// attemptNote is what the layers below tell retry about one attempt.
type attemptNote struct {
	renewed atomic.Bool  // auth put away a refused OAuth token: the attempt may be repeated with a new one
	took    atomic.Int64 // nanoseconds on the wire
	left    atomic.Bool  // the wire was reached
}

type (
	exchangeKey struct{}
	noteKey     struct{}
)

// withExchange marks ctx for one call; like httptrace, the value is a record of the request and not a dependency.
func withExchange(ctx context.Context, accept func(status int, body []byte) error) (context.Context, *exchange) {
	x := &exchange{accept: accept}
	return context.WithValue(ctx, exchangeKey{}, x), x
}

func noteOf(ctx context.Context) *attemptNote {
	if n, ok := ctx.Value(noteKey{}).(*attemptNote); ok {
		return n
	}
	return &attemptNote{}
}

// logger writes one debug line per exchange: never headers, query or body, as those hold credentials and people.
type logger struct {
	next http.RoundTripper
	log  *slog.Logger
}

// RoundTrip implements http.RoundTripper.
func (l *logger) RoundTrip(req *http.Request) (*http.Response, error) {
	if !l.log.Enabled(req.Context(), slog.LevelDebug) {
		return l.next.RoundTrip(req)
	}
	start := time.Now()
	resp, err := l.next.RoundTrip(req)
	attrs := []slog.Attr{
		slog.String("method", req.Method), slog.String("pattern", pattern(req.URL.Path)),
		slog.Duration("took", time.Since(start)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", clean(err.Error())))
	} else {
		attrs = append(attrs, slog.Int("status", resp.StatusCode),
			slog.String("limit", clean(resp.Header.Get(headerLimit))),
			slog.String("remaining", clean(resp.Header.Get(headerRemaining))),
			slog.String("request", clean(resp.Header.Get("X-Okta-Request-Id"))))
	}
	l.log.LogAttrs(req.Context(), slog.LevelDebug, "okta call", attrs...)
	return resp, err
}
