package oktasim

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// ending says how an exchange ended on the wire.
type ending int

const (
	answered  ending = iota
	refused          // the connection was never made
	dropped          // the connection was reset
	truncated        // half of the body arrived
	abandoned        // the caller gave up
)

// answer is a whole reply, kept until the wire takes it. It is an http.ResponseWriter.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// reset forgets what a handler wrote, so that a fault can put something else in its place. Headers of the gate stay.
func (a *answer) reset() {
	a.status = 0
	a.body.Reset()
	for _, name := range []string{"Content-Type", "Link", "Location", "Etag", "WWW-Authenticate"} {
		a.header.Del(name)
	}
}

// maxBody bounds what a caller can make the tenant read, in bytes.
const maxBody = 16 << 20

// exchange carries out one request, waits included. It starts no goroutine, and holds no lock while it waits.
func (t *Tenant) exchange(r *http.Request) (*answer, ending) {
	c := &call{t: t, r: r, now: t.now()}
	a := &answer{header: http.Header{}}
	c.w = a
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			return a, abandoned
		}
		c.entity = body
	}
	rt, values, allowed := t.router.find(r.Method, r.URL.EscapedPath())
	c.values, c.pattern = values, "(unknown)"
	if rt != nil {
		c.pattern = rt.pattern
	}
	end := t.pass(c, a, rt, allowed)
	a.header.Set("Date", t.now().Format(http.TimeFormat))
	status := a.status
	if end != answered && end != truncated {
		status = 0
	}
	t.gate.count(r.Method, c.pattern, status)
	return a, end
}

// pass takes a call through faults, credential, gate, waiting and handler, in that order.
func (t *Tenant) pass(c *call, a *answer, rt *route, allowed []string) ending {
	c.fault = t.gate.fault(c.r.Method, c.pattern, c.r.URL.Path, c.query().Has("after"))
	f := Fault{}
	if c.fault != nil {
		f = c.fault.fault
		if f.Do != nil {
			f.Do()
		}
	}
	switch f.Effect {
	case EffectRefuse:
		return refused
	case EffectReset:
		return dropped
	}
	verdict := t.authenticate(c, rt)
	who := c.principal.ID
	admission, headers := t.gate.enter(c.r.Method, c.pattern, who, c.now)
	c.stamp(headers)
	if admission == admitted {
		defer t.gate.leave(who)
	}
	if status, limits, hit := forced429(f, admission, headers); hit {
		limits.write(a.header)
		t.mu.Lock()
		c.fail(status, codeRateLimit, "API call exceeded rate limit due to too many requests.")
		t.mu.Unlock()
		return answered
	}
	return t.act(c, a, rt, allowed, verdict, f)
}

// forced429 says whether the gate or the schedule refuses the call, and which rate headers go with that.
func forced429(f Fault, adm admission, r rates) (status int, shown rates, hit bool) {
	switch {
	case adm != admitted:
		return http.StatusTooManyRequests, r, true
	case f.Effect == EffectWindow429:
		r.remaining = 0
		return http.StatusTooManyRequests, r, true
	case f.Effect == EffectConcurrency429:
		r.limit, r.remaining = 0, 0
		return http.StatusTooManyRequests, r, true
	}
	return 0, r, false
}

// act waits as long as Okta would take, half of it before and half of it after the handler runs, so that a caller who gives
// up cannot know whether the call was executed.
func (t *Tenant) act(c *call, a *answer, rt *route, allowed []string, verdict func(*call), f Fault) ending {
	ctx := c.r.Context()
	half := t.latency(c.r.Method, c.pattern) / 2
	if wait(ctx, half) != nil {
		return abandoned
	}
	if f.Effect == EffectStall && !f.Acted && wait(ctx, f.Duration) != nil {
		return abandoned
	}
	if f.Acted || !spoils(f.Effect) {
		t.run(c, rt, allowed, verdict, f)
	}
	if f.Effect == EffectStall && f.Acted && wait(ctx, f.Duration) != nil {
		return abandoned
	}
	if wait(ctx, half) != nil {
		return abandoned
	}
	return t.spoil(c, a, f)
}

// spoils says which effects keep the handler from running unless the fault says that it acted.
func spoils(e Effect) bool {
	switch e {
	case Effect403, Effect500, Effect502, Effect503, Effect504, EffectHTML, EffectExpireToken:
		return true
	}
	return false
}

// run executes the handler under the tenant's lock.
func (t *Tenant) run(c *call, rt *route, allowed []string, verdict func(*call), f Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.now = t.now()
	c.requestID = "req" + t.newToken(24)
	c.w.Header().Set("X-Okta-Request-Id", c.requestID)
	switch {
	case rt == nil && len(allowed) > 0:
		c.w.Header()["Allow"] = allowed
		c.fail(http.StatusMethodNotAllowed, codeWrongMethod, "The endpoint does not support the provided HTTP method")
	case rt == nil:
		c.fail(http.StatusNotFound, codeUnknownPath, "The requested path was not found")
	case verdict != nil:
		verdict(c)
	case t.switchedOff(c):
	default:
		rt.handler(c)
	}
}

// spoil replaces a good answer by what the fault wants.
func (t *Tenant) spoil(c *call, a *answer, f Fault) ending {
	page := func(status int, text string) {
		a.reset()
		a.header.Set("Content-Type", "text/html")
		a.WriteHeader(status)
		_, _ = fmt.Fprintf(&a.body, "<html><head><title>%s</title></head><body><h1>%s</h1></body></html>", text, text)
	}
	failure := func(status int, code errorCode, summary string) {
		a.reset()
		t.mu.Lock()
		defer t.mu.Unlock()
		c.fail(status, code, summary)
	}
	switch f.Effect {
	case Effect403:
		failure(http.StatusForbidden, codeNoPermission, "You do not have permission to perform the requested action")
	case Effect500:
		failure(http.StatusInternalServerError, codeServer, "Internal Server Error")
	case Effect502:
		page(http.StatusBadGateway, "502 Bad Gateway")
	case Effect503:
		failure(http.StatusServiceUnavailable, codeReadOnly, "The org is in read-only mode.")
	case Effect504:
		page(http.StatusGatewayTimeout, "504 Gateway Time-out")
	case EffectHTML:
		page(http.StatusOK, "Sign in")
	case EffectExpireToken:
		t.expireCredential(c.principal)
		failure(http.StatusUnauthorized, codeInvalidToken, "Invalid token provided")
	case EffectLoseReply:
		return dropped
	case EffectTruncate:
		return truncated
	}
	return answered
}

// stamp sets the headers that every answer carries.
func (c *call) stamp(r rates) {
	h := c.w.Header()
	h.Set("Accept-Ch", "Sec-CH-UA-Platform-Version")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Expires", "0")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	r.write(h)
}

// wait sleeps, or returns early with the reason that ctx ended for.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
