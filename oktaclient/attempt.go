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
	"sync/atomic"
	"syscall"
	"time"
)

const (
	readTimeout  = 60 * time.Second // one read, headers to last byte; governance reads take 1–3 s
	writeTimeout = 90 * time.Second // one write
	maxAnswer    = 32 << 20         // bytes of one answer
	maxHeader    = 256 << 10        // bytes of the headers of one answer
)

// wireError says why an exchange gave no whole answer.
type wireError struct {
	sent   Sent
	what   string
	final  bool        // trying again cannot help
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
		return nil, &wireError{sent: trace.sent(err), what: reason(parent, ctx, err), cause: opaque(parent, err)}
	}
	if n := headerSize(resp.Header); n > maxHeader {
		_ = resp.Body.Close()
		return nil, &wireError{sent: MaybeSent, what: fmt.Sprintf("the answer's headers have more than %d bytes", maxHeader), cause: ErrBadAnswer}
	}
	body, err := readAll(resp)
	if err != nil {
		return nil, &wireError{sent: MaybeSent, what: reason(parent, ctx, err), header: resp.Header, cause: opaque(parent, err)}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

// readAll reads a body to its end and notices when it stopped early.
func readAll(resp *http.Response) ([]byte, error) {
	if resp.Body == nil {
		return nil, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read answer: %w", err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("answer is larger than %d bytes", maxAnswer)
	case resp.ContentLength > int64(len(body)) && !resp.Uncompressed:
		return nil, fmt.Errorf("answer stopped after %d of %d bytes", len(body), resp.ContentLength)
	}
	return body, nil
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
