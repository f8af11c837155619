package oktaclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"okta-entitlements-mcp/internal/wait"
)

const (
	maxAttempts   = 6               // attempts of one call that failed by themselves; 429 answers are counted apart
	maxTrouble    = 3 * time.Minute // time one call may spend on failing attempts and the pauses between them
	maxRefusals   = 30              // 429 answers to one call
	firstPause    = 500 * time.Millisecond
	longestPause  = 30 * time.Second
	maxWriteBytes = 4 << 20
)

// retrier repeats what may be repeated. Reads: 429, 5xx, failed connections, broken and unreadable answers. Writes:
// only when Okta certainly did not execute them: 429 (Okta API: a 429 was not executed), a connection that was never
// made, and once after a refused OAuth token was renewed.
type retrier struct {
	next    http.RoundTripper
	log     *slog.Logger
	host    string
	retries atomic.Int64
}

// RoundTrip implements http.RoundTripper. Errors are *Error and never hold io.EOF.
func (r *retrier) RoundTrip(req *http.Request) (*http.Response, error) {
	x, kept := req.Context().Value(exchangeKey{}).(*exchange)
	if !kept {
		x = &exchange{}
	}
	body, err := payload(req)
	if err == nil && req.URL.Host != r.host {
		err = &Error{
			Method:  req.Method,
			Pattern: pattern(req.URL.Path),
			Sent:    NotSent,
			kind:    ErrForeignHost,
			cause:   errors.New("refuse to call another host"),
		}
	}
	var resp *http.Response
	if err == nil {
		resp, err = r.attempts(req, body, x)
	}
	if err != nil {
		x.err = asError(req, err)
		return nil, x.err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	witness(req.Context(), resp.Header)
	if kept {
		// The exchange has the body. The SDK would decode it into models that nobody looks at, which costs more than all
		// the rest of a call; from an empty body it makes nothing.
		resp.Body, resp.ContentLength = http.NoBody, 0
	}
	return resp, nil
}

// payload takes the request's body into memory, so that every attempt sends the same bytes.
func payload(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(io.LimitReader(req.Body, maxWriteBytes+1))
	if err == nil && len(body) > maxWriteBytes {
		err = argument(req.Method, pattern(req.URL.Path), "request body is larger than %d bytes", maxWriteBytes)
	}
	return body, err
}

// tries counts what one call has spent.
type tries struct {
	failed, refused int
	renewed         bool
	trouble         time.Duration
}

func (r *retrier) attempts(req *http.Request, body []byte, x *exchange) (*http.Response, error) {
	var t tries
	for {
		note := &attemptNote{}
		resp, err := r.next.RoundTrip(again(req, body, note))
		t.trouble += time.Duration(note.took.Load())
		if err == nil {
			x.body, _ = io.ReadAll(resp.Body) // in memory already
			resp.Body = io.NopCloser(bytes.NewReader(x.body))
			err = x.judge(resp)
		}
		pause, repeat := t.judge(req, resp, err, note)
		if !repeat {
			return resp, err
		}
		r.retries.Add(1)
		r.log.LogAttrs(req.Context(), slog.LevelDebug, "okta call repeated", slog.String("method", req.Method),
			slog.String("pattern", pattern(req.URL.Path)), slog.Int("attempt", t.failed+t.refused+1),
			slog.Duration("pause", pause))
		t.trouble += pause
		if cancelled := wait.For(req.Context(), pause); cancelled != nil {
			return nil, &wireError{sent: NotSent, what: "call cancelled between attempts", cause: cancelled}
		}
	}
}

// again makes a fresh request for one attempt.
func again(req *http.Request, body []byte, note *attemptNote) *http.Request {
	out := req.Clone(context.WithValue(req.Context(), noteKey{}, note))
	if body == nil {
		out.Body, out.GetBody, out.ContentLength = nil, nil, 0
		return out
	}
	out.ContentLength = int64(len(body))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	out.Body, _ = out.GetBody()
	return out
}

// judge says whether to repeat, and after which pause.
func (t *tries) judge(req *http.Request, resp *http.Response, err error, note *attemptNote) (time.Duration, bool) {
	if req.Context().Err() != nil {
		return 0, false
	}
	read := req.Method == http.MethodGet || req.Method == http.MethodHead
	switch {
	case err == nil && resp.StatusCode == http.StatusTooManyRequests:
		t.refused++
		if t.refused > maxRefusals {
			return 0, false
		}
		if concurrencyRefusal(resp.Header) {
			return backoff(t.refused), true
		}
		return 0, true // pace knows how long the window lasts
	case err == nil && resp.StatusCode == http.StatusUnauthorized && note.renewed.Load() && !t.renewed:
		t.renewed = true
		return 0, true
	case err == nil && resp.StatusCode < 500:
		return 0, false
	case err != nil && !repeatable(err, read), err == nil && !read:
		return 0, false
	}
	t.failed++
	pause := backoff(t.failed)
	return pause, t.failed < maxAttempts && t.trouble+pause < maxTrouble
}

func repeatable(err error, read bool) bool {
	var w *wireError
	return errors.As(err, &w) && !w.final && (read || w.sent == NotSent)
}

// backoff doubles per attempt, with jitter over its upper half.
func backoff(n int) time.Duration {
	d := min(firstPause<<min(n-1, 10), longestPause)
	return d/2 + rand.N(d/2+1)
}

// judge reports a success that proves nothing: a proxy's login page, an answer cut short where nothing told its length,
// or an answer without what Okta documents for the call. A read is repeated then, and a write looked up by the caller.
func (x *exchange) judge(resp *http.Response) error {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil
	}
	bad := &wireError{sent: MaybeSent, header: resp.Header, status: resp.StatusCode, cause: ErrBadAnswer}
	if len(bytes.TrimSpace(x.body)) > 0 && !json.Valid(x.body) {
		bad.what = "answer is not valid JSON"
		switch {
		case webPage(resp.Header, x.body) && fromOkta(resp.Header):
			bad.what = "Okta answered with a web page instead of JSON"
		case webPage(resp.Header, x.body):
			bad.what = foreignPage(x.body)
		}
		return bad
	}
	if x.accept == nil {
		return nil
	}
	if err := x.accept(resp.StatusCode, x.body); err != nil {
		bad.what = err.Error()
		return bad
	}
	return nil
}

// asError gives every failure below the shape of *Error.
func asError(req *http.Request, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		if e.Method == "" {
			e.Method, e.Pattern = req.Method, pattern(req.URL.Path)
		}
		return e
	}
	e = &Error{
		Method:  req.Method,
		Pattern: pattern(req.URL.Path),
		Sent:    NotSent,
		kind:    ErrUnavailable,
		cause:   err,
	}
	var w *wireError
	if errors.As(err, &w) {
		e.Sent, e.noHost = w.sent, w.noHost
		if w.kind != nil {
			e.kind, e.cause = w.kind, errors.New(w.what)
		}
		if errors.Is(w.cause, ErrBadAnswer) {
			e.kind, e.cause, e.Status = ErrBadAnswer, errors.New(w.what), w.status
			e.RequestID = clean(w.header.Get("X-Okta-Request-Id"))
		}
	}
	return e
}
