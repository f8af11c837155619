package oktasim

import (
	"net/url"

	"okta-entitlements-mcp/internal/simwire"
)

// Fault, Effect and Injection are the wire's; see there.
type (
	Fault     = simwire.Fault
	Effect    = simwire.Effect
	Injection = simwire.Injection
)

// The effects that every simulated service has, and Okta's own.
const (
	EffectRefuse    = simwire.EffectRefuse
	EffectReset     = simwire.EffectReset
	EffectLoseReply = simwire.EffectLoseReply
	EffectTruncate  = simwire.EffectTruncate
	EffectStall     = simwire.EffectStall
	EffectHTML      = simwire.EffectHTML
	Effect500       = simwire.Effect500 // E0000009
	Effect502       = simwire.Effect502
	Effect503       = simwire.Effect503 // E0000010
	Effect504       = simwire.Effect504

	EffectWindow429      Effect = "429_window"      // E0000047, bucket exhausted; not executed
	EffectConcurrency429 Effect = "429_concurrency" // E0000047 with X-Rate-Limit-Limit 0; not executed
	Effect403            Effect = "403"             // E0000006, acted or not
	EffectExpireToken    Effect = "expire_token"    // 401 E0000011; an OAuth token stays dead
	EffectRejectCursor   Effect = "reject_cursor"   // 400 E0000029; matches only calls with a cursor
)

// Inject puts a fault into the schedule. Of several that match a call, the first injected hits.
func (t *Tenant) Inject(f Fault) *Injection {
	if f.Effect == EffectRejectCursor {
		f.ByService = true
		f.Match = func(c simwire.Call) bool {
			query, err := url.ParseQuery(c.Query)
			return err == nil && query.Has("after")
		}
	}
	return t.wire.Inject(f)
}

// cursorRejected answers 400 and returns true when the schedule says that this cursor is not good any more.
func (c *call) cursorRejected() bool {
	if c.x.Fault.Effect != EffectRejectCursor {
		return false
	}
	c.x.Hit()
	c.badCursor()
	return true
}
