// Package oktaclient speaks to one Okta org: users, groups, apps and app users through the Okta SDK, Identity
// Governance through a small client of its own, all over one transport that authenticates, keeps to Okta's rate
// limits, repeats what may be repeated and turns every failure into an *Error.
package oktaclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/okta/okta-sdk-golang/v5/okta"
)

// Options say where and who. The zero value of a field is its default.
type Options struct {
	BaseURL        string // https://acme.okta.com: scheme, host and port, no path
	Credentials    Credentials
	Threshold      float64           // share of each rate-limit bucket that everybody's use may reach, over 0 up to 1; 0 means 0.70
	MaxConcurrency int               // most calls in flight; 0 means 26, which is 70 % of a token's usual half of 75
	Transport      http.RoundTripper // the wire; nil is the network
	Log            *slog.Logger      // nil discards
	UserAgent      string
}

// Client reads. Its methods wait for their turn under the rate limits, repeat transient failures, and return *Error.
type Client struct{ conn *connection }

// Writer writes. A write is repeated only when Okta certainly did not execute it; see MayHaveHappened.
type Writer struct{ conn *connection }

// connection is what reading and writing share.
type connection struct {
	base  *url.URL
	http  *http.Client
	sdk   *okta.APIClient
	stack *stack
}

// Stats counts since Connect.
type Stats struct {
	Calls          int64 // requests that went out, repeated ones and token requests among them
	Refused429     int64 // 429 answers of either kind
	Retries        int64 // attempts beyond the first
	Concurrency    int   // calls that may be in flight now
	ConcurrencyCap int   // the most that it can grow to
}

// Connect checks the options and builds the client; it makes no network call. The Client reads and cannot write; the
// Writer belongs to whoever carries out permitted plans.
func Connect(_ context.Context, o Options) (*Client, *Writer, error) {
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, nil, err
	}
	if o.Threshold < 0 || o.Threshold > 1 {
		return nil, nil, fmt.Errorf("connect to okta: threshold %v is not between 0 and 1", o.Threshold)
	}
	if o.MaxConcurrency < 0 || o.MaxConcurrency > 500 {
		return nil, nil, fmt.Errorf("connect to okta: concurrency %d is not between 0 and 500", o.MaxConcurrency)
	}
	keys, err := o.Credentials.check()
	if err != nil {
		return nil, nil, fmt.Errorf("connect to okta: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := newStack(base, o, keys)
	conn := &connection{base: base, stack: s, http: &http.Client{
		Transport:     s.outer,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	conn.sdk = newSDK(base, conn.http)
	return &Client{conn}, &Writer{conn}, nil
}

func parseBase(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("connect to okta: base URL cannot be read")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("connect to okta: base URL must begin with https://")
	case u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("connect to okta: base URL must be scheme and host only, such as https://acme.okta.com")
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// newSDK builds the SDK's client by hand: its NewConfiguration would read ~/.okta/okta.yaml, a file beside the module
// and OKTA_CLIENT_* before anything we say, and drop the port. Retries, cache and rate handling stay off: all of that
// happens in the transport. The credential is no concern of the SDK's; what it puts into Authorization is replaced.
func newSDK(base *url.URL, h *http.Client) *okta.APIClient {
	cfg := &okta.Configuration{
		Host: base.Host, Scheme: base.Scheme, HTTPClient: h,
		DefaultHeader:    map[string]string{},
		Servers:          okta.ServerConfigurations{{URL: base.String()}},
		OperationServers: map[string]okta.ServerConfigurations{},
		Context:          context.Background(),
	}
	cfg.Okta.Client.OrgUrl = base.String()
	cfg.Okta.Client.AuthorizationMode = "SSWS"
	cfg.Okta.Client.Token = "replaced-by-the-transport"
	return okta.NewAPIClient(cfg)
}

// RateStatus shows every rate-limit bucket met so far, by pattern and method.
func (c *Client) RateStatus() []Bucket { return c.conn.stack.pace.status() }

// Stats gives the counters.
func (c *Client) Stats() Stats { return c.conn.stats() }

func (c *connection) stats() Stats {
	p := c.stack.pace
	s := Stats{Retries: c.stack.retry.retries.Load() + c.stack.tokens.retries.Load()}
	s.Calls, s.Refused429, s.Concurrency, s.ConcurrencyCap = p.counts()
	return s
}
