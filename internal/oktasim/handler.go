package oktasim

import (
	"net/http"
	"strings"

	"okta-entitlements-mcp/internal/simwire"
)

// operation is one operation of the API.
type operation struct {
	scope string // the OAuth scope that the call needs; empty: no credential at all
	serve func(*call)
}

// wireService keeps Begin out of Tenant's methods.
type wireService struct{ *Tenant }

// Begin finds the operation that a request asks for.
func (s wireService) Begin(x *simwire.Exchange) simwire.Handler {
	t := s.Tenant
	c := &call{t: t, x: x, r: x.Request, w: x.Reply, now: t.now()}
	path := x.Request.URL.EscapedPath()
	found, allowed := t.router.Find(x.Request.Method, path)
	if shorter, slash := strings.CutSuffix(path, "/"); slash && found == nil && strings.HasPrefix(path, "/api/v1/") {
		found, allowed = t.router.Find(x.Request.Method, shorter) // Okta's Python SDK 2 sends its list calls so
	}
	c.allowed = allowed
	if found != nil {
		c.op, c.values, x.Pattern = found.Value, found.Values, found.Pattern
	}
	return c
}

// Admit checks credential and limits. What is wrong with the credential is answered later: such a call counts too.
func (c *call) Admit() bool {
	t, x := c.t, c.x
	c.refusal = t.authenticate(c)
	pattern := x.Pattern
	verdict, shown := t.limiter.enter(c.r.Method, pattern, c.principal.ID, c.now)
	c.setCommonHeaders(shown)
	forced := x.Fault.Effect == EffectWindow429 || x.Fault.Effect == EffectConcurrency429
	if verdict == admitted && !forced {
		if t.opts.Latency == LatencyReal {
			x.Latency = t.wire.Jitter(seenLatency(c.r.Method, pattern))
		}
		return true
	}
	if verdict == admitted {
		t.limiter.leave(c.principal.ID)
		shown.remaining = 0
		if x.Fault.Effect == EffectConcurrency429 {
			shown.limit = 0
		}
	}
	shown.write(c.w.Header())
	t.mu.Lock()
	defer t.mu.Unlock()
	c.fail(http.StatusTooManyRequests, codeRateLimit, "API call exceeded rate limit due to too many requests.")
	return false
}

// Leave ends the call's part of the calls in flight.
func (c *call) Leave() { c.t.limiter.leave(c.principal.ID) }

// Serve carries the call out under the tenant's lock.
func (c *call) Serve() {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	c.now = t.now()
	c.requestID = "req" + t.newToken(24)
	c.w.Header().Set("X-Okta-Request-Id", c.requestID)
	switch {
	case c.op == nil && len(c.allowed) > 0:
		c.w.Header()["Allow"] = c.allowed
		c.fail(http.StatusMethodNotAllowed, codeWrongMethod, "The endpoint does not support the provided HTTP method")
	case c.op == nil:
		c.fail(http.StatusNotFound, codeUnknownPath, "The requested path was not found")
	case c.refusal != nil:
		c.refusal(c)
	case t.switchedOff(c):
	default:
		c.op.serve(c)
	}
}

// Fail answers as the fault says, in Okta's words.
func (c *call) Fail() {
	c.w.Reset()
	if c.x.Fault.Effect == EffectExpireToken {
		c.t.expireCredential(c.principal)
	}
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	switch c.x.Fault.Effect {
	case Effect403:
		c.fail(http.StatusForbidden, codeNoPermission, "You do not have permission to perform the requested action")
	case Effect500:
		c.fail(http.StatusInternalServerError, codeServer, "Internal Server Error")
	case Effect503:
		c.fail(http.StatusServiceUnavailable, codeReadOnly, "The org is in read-only mode.")
	case EffectEndlessList, EffectEndlessItems:
		c.endless(c.x.Fault.Effect == EffectEndlessItems)
	case EffectExpireToken:
		c.fail(http.StatusUnauthorized, codeInvalidToken, "Invalid token provided")
	default:
		panic("oktasim: unknown effect " + string(c.x.Fault.Effect))
	}
}

// setCommonHeaders sets the headers that every answer carries.
func (c *call) setCommonHeaders(r rates) {
	h := c.w.Header()
	h.Set("Accept-Ch", "Sec-CH-UA-Platform-Version")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Expires", "0")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	r.write(h)
}
