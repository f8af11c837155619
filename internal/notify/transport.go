package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	attemptTimeout = 45 * time.Second
	mostAttempts   = 5
	longestWait    = 90 * time.Second // a server that asks for more is taken as out of order for this run
	firstBackoff   = time.Second
	mostBody       = 64 << 20
)

// patient is the wire to a service that limits rates: it waits and repeats where a repetition cannot do harm. An answer of
// 429 was not carried out, so every request may be sent again after it; after a 5xx or a lost answer only those may that
// harmless names.
type patient struct {
	wire     http.RoundTripper
	harmless func(*http.Request) bool
	log      *slog.Logger
}

// newWire builds the HTTP client for a service. It follows no redirect: a redirect is a log-in page or another host, and
// neither may have the credential.
func newWire(wire http.RoundTripper, log *slog.Logger, harmless func(*http.Request) bool) *http.Client {
	if wire == nil {
		wire = http.DefaultTransport
	}
	return &http.Client{
		Transport:     &patient{wire: wire, harmless: harmless, log: log},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip carries out one request, with repetitions. The last answer is returned whatever it is.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	for attempt, backoff := 1, firstBackoff; ; attempt, backoff = attempt+1, 2*backoff {
		resp, err := p.once(r, attempt)
		wait, again := p.again(r, resp, err, backoff)
		if !again || attempt == mostAttempts || r.Body != nil && r.GetBody == nil {
			return resp, err
		}
		if resp != nil {
			_, _ = io.CopyN(io.Discard, resp.Body, 1<<16)
			_ = resp.Body.Close()
		}
		p.log.Debug("service asked to wait", "host", r.URL.Host, "wait", wait, "attempt", attempt)
		if err := pause(r.Context(), wait); err != nil {
			return nil, err
		}
	}
}

func (p *patient) once(r *http.Request, attempt int) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), attemptTimeout)
	sent := r.Clone(ctx)
	if attempt > 1 && r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			cancel()
			return nil, err
		}
		sent.Body = body
	}
	resp, err := p.wire.RoundTrip(sent)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Request = r
	resp.Body = &bounded{Reader: io.LimitReader(resp.Body, mostBody), body: resp.Body, cancel: cancel}
	return resp, nil
}

// again says whether to send the request once more, and after what wait.
func (p *patient) again(r *http.Request, resp *http.Response, err error, backoff time.Duration) (time.Duration, bool) {
	switch {
	case r.Context().Err() != nil:
		return 0, false
	case err != nil:
		return backoff, p.harmless(r)
	case resp.StatusCode == http.StatusTooManyRequests:
		wait := max(retryAfter(resp, backoff), time.Second)
		return wait, wait <= longestWait
	case resp.StatusCode >= 500:
		wait := retryAfter(resp, backoff)
		return wait, p.harmless(r) && wait <= longestWait
	}
	return 0, false
}

// retryAfter reads the header in both forms that HTTP allows.
func retryAfter(resp *http.Response, otherwise time.Duration) time.Duration {
	text := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return otherwise
}

// pause waits, or ends with the context.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// bounded is a body that ends the attempt's context when it is closed.
type bounded struct {
	io.Reader
	body   io.Closer
	cancel context.CancelFunc
}

// Close closes the body.
func (b *bounded) Close() error {
	defer b.cancel()
	return b.body.Close()
}

// checkURL refuses a base address that would show a credential to the network. Plain HTTP is for this machine alone.
func checkURL(name, base string) (string, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(base), "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("read %s: not an address such as https://example.atlassian.net", name)
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return u.String(), nil
	}
	return "", fmt.Errorf("read %s: the address must begin with https://, for the credential goes with every call", name)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// neverSent reports whether no connection was made, so that nothing can have been carried out.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// wireError takes the address out of an error of net/http, for it may hold what is not to be shown.
func wireError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
