package oktaclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	readTimeout  = 60 * time.Second // one read, headers to last byte; governance reads take 1–3 s
	writeTimeout = 90 * time.Second // one write
	maxAnswer    = 32 << 20         // bytes of one answer
	dripTime     = 10 * time.Second // in which the body of an answer that has begun brings
	dripBytes    = 1 << 10          // bytes at least, unless it ends
	maxHeader    = 256 << 10        // bytes of the headers of one answer
)

// wireError says why an exchange gave no whole answer.
type wireError struct {
	sent   Sent
	what   string
	final  bool        // trying again cannot help
	noHost bool        // no name server knows the host
	kind   error       // one of the kinds of *Error; nil leaves it to the cause
	header http.Header // when the answer began: rate-limit headers count all the same
	status int         // of an answer that came whole and proves nothing
	cause  error
}

// Error names what happened; the cause follows where it adds something.
func (e *wireError) Error() string {
	if e.cause == nil {
		return e.what
	}
	return e.what + ": " + e.cause.Error()
}

// Unwrap gives the cause.
func (e *wireError) Unwrap() error { return e.cause }

// attempter makes one exchange: bounded in time, the whole body read, and a word on whether the request left.
type attempter struct {
	next  http.RoundTripper
	agent string // User-Agent of every request; empty leaves what is there
}

// RoundTrip implements http.RoundTripper. The body of the response is in memory; errors are *wireError.
func (a *attempter) RoundTrip(req *http.Request) (*http.Response, error) {
	limit := readTimeout
	if req.Method != http.MethodGet {
		limit = writeTimeout
	}
	parent := req.Context()
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	var trace progress
	ctx = httptrace.WithClientTrace(ctx, trace.hooks())
	note := noteOf(parent)
	note.left.Store(true)
	out := req.WithContext(ctx)
	if a.agent != "" {
		out = req.Clone(ctx)
		out.Header.Set("User-Agent", a.agent)
	}
	start := time.Now()
	resp, err := a.next.RoundTrip(out)
	defer func() { note.took.Add(int64(time.Since(start))) }()
	if err != nil {
		var refused *tls.CertificateVerificationError
		if errors.As(err, &refused) {
			return nil, &wireError{sent: NotSent, what: certificateFault(req.URL.Host, refused), final: true, kind: ErrCertificate}
		}
		var dns *net.DNSError
		return nil, &wireError{
			sent:   trace.sent(err),
			what:   reason(parent, ctx, err),
			noHost: errors.As(err, &dns) && dns.IsNotFound,
			cause:  opaque(parent, err),
		}
	}
	if n := headerSize(resp.Header); n > maxHeader {
		_ = resp.Body.Close()
		return nil, &wireError{sent: MaybeSent, what: fmt.Sprintf("the answer's headers have more than %d bytes", maxHeader), cause: ErrBadAnswer}
	}
	body, slow, err := readAll(resp, cancel)
	if slow {
		err = fmt.Errorf("the answer comes too slowly: %d bytes so far, and less than %d in %s", len(body), dripBytes, dripTime)
		return nil, &wireError{sent: MaybeSent, what: err.Error(), header: resp.Header}
	}
	if err != nil {
		return nil, &wireError{sent: MaybeSent, what: reason(parent, ctx, err), header: resp.Header, cause: opaque(parent, err)}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

// readAll reads a body to its end and notices when it stopped early. One that only drips is given up through cancel.
func readAll(resp *http.Response, cancel func()) (body []byte, slow bool, err error) {
	if resp.Body == nil {
		return nil, false, nil
	}
	defer resp.Body.Close()
	m := &meter{from: io.LimitReader(resp.Body, maxAnswer+1), cancel: cancel}
	m.start()
	body, err = io.ReadAll(m)
	slow = m.end()
	switch {
	case err != nil:
		return body, slow, fmt.Errorf("read answer: %w", err)
	case len(body) > maxAnswer:
		return nil, false, fmt.Errorf("answer is larger than %d bytes", maxAnswer)
	case resp.ContentLength > int64(len(body)) && !resp.Uncompressed:
		return nil, false, fmt.Errorf("answer stopped after %d of %d bytes", len(body), resp.ContentLength)
	}
	return body, false, nil
}

// meter counts what a body brings, and gives it up when that is too little.
type meter struct {
	from   io.Reader
	cancel func()

	mu    sync.Mutex
	watch *time.Timer
	since int // bytes since the last look
	slow  bool
	ended bool
}

func (m *meter) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watch = time.AfterFunc(dripTime, m.look)
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since += n
	return n, err
}

// look gives the body up, or looks again later.
func (m *meter) look() {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.ended:
	case m.since < dripBytes:
		m.slow = true
		m.cancel()
	default:
		m.since = 0
		m.watch.Reset(dripTime)
	}
}

// end stops looking, and reports whether the body was given up.
func (m *meter) end() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
	m.watch.Stop()
	return m.slow
}

func headerSize(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, value := range values {
			n += len(name) + len(value) + len(": \r\n")
		}
	}
	return n
}

// certificateFault says why a host's certificate is refused, and who issued it: a company's proxy shows by its issuer.
func certificateFault(host string, err *tls.CertificateVerificationError) string {
	issuer := "an unnamed issuer"
	if len(err.UnverifiedCertificates) > 0 {
		if name := err.UnverifiedCertificates[0].Issuer.String(); name != "" {
			issuer = fmt.Sprintf("%q", clean(name))
		}
	}
	why := "this machine does not trust that issuer"
	var otherName x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err.Err, &otherName):
		why = "it is for another host"
	case errors.As(err.Err, &invalid) && invalid.Reason == x509.Expired:
		why = "by this machine's clock it is expired or not yet valid"
	case errors.As(err.Err, &invalid):
		why = clean(invalid.Error())
	}
	return fmt.Sprintf("the certificate of %s, issued by %s, is refused: %s", clean(host), issuer, why)
}

// opaque keeps the text of a network error and, unless the caller's own context ended, nothing that errors.Is finds:
// our time limit must not look like the caller's deadline.
func opaque(parent context.Context, err error) error {
	if own := parent.Err(); own != nil {
		return own
	}
	return errors.New(clean(err.Error()))
}

func reason(parent, ctx context.Context, err error) string {
	switch {
	case parent.Err() != nil:
		return "call cancelled"
	case ctx.Err() != nil:
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	default:
		return "connection failed"
	}
}

// progress follows a request onto the connection.
type progress struct{ asked, wrote atomic.Bool }

func (p *progress) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { p.asked.Store(true) },
		WroteHeaders: func() { p.wrote.Store(true) },
	}
}

// sent judges a failed exchange. A connection that was never made carried nothing. A transport that reports its steps
// (asked) and never wrote the headers sent no whole request. All else may have arrived.
func (p *progress) sent(err error) Sent {
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case p.wrote.Load():
		return MaybeSent
	case errors.As(err, &op) && op.Op == "dial", errors.As(err, &dns), errors.Is(err, syscall.ECONNREFUSED), p.asked.Load():
		return NotSent
	}
	return MaybeSent
}
