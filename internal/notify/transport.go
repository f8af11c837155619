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

	"github.com/hashicorp/go-retryablehttp"
)

const (
	attemptTimeout = 45 * time.Second
	mostAttempts   = 5
	longestWait    = 90 * time.Second // a server that asks for more is taken as out of order for this run
	firstBackoff   = time.Second
	mostBody       = 64 << 20
)

// patient is the wire to a service that limits rates: it waits and repeats a request where that cannot do harm. A request
// that was answered by 429 was not carried out, so any may be sent again; after a 5xx or a lost answer only those that
// harmless names.
type patient struct {
	client   *http.Client // one attempt
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
		Transport:     &patient{client: &http.Client{Transport: attempt{wire}, CheckRedirect: stay}, harmless: harmless, log: log},
		CheckRedirect: stay,
	}
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// RoundTrip carries out one request, with repetitions. The last answer is returned whatever it is.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	request, err := retryablehttp.FromRequest(r.Clone(r.Context()))
	if err != nil {
		return nil, fmt.Errorf("read the body to send: %w", err)
	}
	repeat := retryablehttp.Client{
		HTTPClient:   p.client,
		RetryMax:     mostAttempts - 1,
		RetryWaitMin: firstBackoff,
		CheckRetry:   p.check(r),
		Backoff:      p.backoff(r),
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	resp, err := repeat.Do(request)
	if err != nil {
		return nil, wireError(err)
	}
	resp.Request = r
	return resp, nil
}

// check says whether to send the request once more.
func (p *patient) check(r *http.Request) retryablehttp.CheckRetry {
	return func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		switch {
		case ctx.Err() != nil:
			return false, nil
		case err != nil:
			return p.harmless(r), nil
		case resp.StatusCode == http.StatusTooManyRequests:
			return retryAfter(resp, 0) <= longestWait, nil
		case resp.StatusCode >= 500:
			return p.harmless(r) && retryAfter(resp, 0) <= longestWait, nil
		}
		return false, nil
	}
}

// backoff is what the service asks for, else a wait that doubles.
func (p *patient) backoff(r *http.Request) retryablehttp.Backoff {
	return func(first, _ time.Duration, repeats int, resp *http.Response) time.Duration {
		wait := first << repeats
		if resp != nil {
			wait = retryAfter(resp, wait)
			if resp.StatusCode == http.StatusTooManyRequests {
				wait = max(wait, time.Second)
			}
		}
		p.log.Debug("service asked to wait", "host", r.URL.Host, "wait", wait, "attempt", repeats+1)
		return wait
	}
}

// attempt is the wire of one attempt: it bounds its time and the answer's size.
type attempt struct{ wire http.RoundTripper }

// RoundTrip sends the request once.
func (a attempt) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), attemptTimeout)
	resp, err := a.wire.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &bounded{Reader: io.LimitReader(resp.Body, mostBody), body: resp.Body, cancel: cancel}
	return resp, nil
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
