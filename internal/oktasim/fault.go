package oktasim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

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
	EffectBare      = simwire.EffectBare
	EffectOther     = simwire.EffectOther
	EffectDrip      = simwire.EffectDrip

	EffectWindow429      Effect = "429_window"      // E0000047, bucket exhausted; not executed
	EffectConcurrency429 Effect = "429_concurrency" // E0000047 with X-Rate-Limit-Limit 0; not executed
	Effect403            Effect = "403"             // E0000006, acted or not
	EffectExpireToken    Effect = "expire_token"    // 401 E0000011; an OAuth token stays dead
	EffectRejectCursor   Effect = "reject_cursor"   // 400 E0000029; matches only calls with a cursor
	EffectEndlessList    Effect = "endless_list"    // an empty page whose link names a cursor that was never there before
	EffectEndlessItems   Effect = "endless_items"   // the same with one item a page, which was never there before either
	EffectStaleList      Effect = "stale_list"      // grants and effective access as they were Fault.Duration ago
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
	if f.Effect == EffectStaleList {
		f.ByService = true
		f.Match = func(c simwire.Call) bool {
			return c.Method == http.MethodGet && slices.Contains([]string{pathGrants, pathPrincipal, pathAccess}, c.Pattern)
		}
	}
	return t.wire.Inject(f)
}

// grantLag is how far what this call reads of grants lies behind.
func (c *call) grantLag() time.Duration {
	if c.x.Fault.Effect != EffectStaleList {
		return c.t.opts.GrantLag
	}
	c.x.Hit()
	return max(c.t.opts.GrantLag, c.x.Fault.Duration)
}

// endless answers one page of a list that never ends.
func (c *call) endless(items bool) {
	c.t.endless++
	item := map[string]any{}
	page := []any{}
	if items {
		item["id"], item["uuid"] = fmt.Sprint("00uendless", c.t.endless), fmt.Sprint("endless", c.t.endless)
		page = append(page, item)
	}
	next := c.pageURL(c.base(), fmt.Sprint("never-ending-", c.t.endless), nil)
	c.w.Header().Add("Link", "<"+next+`>; rel="next"`)
	if !strings.HasPrefix(c.r.URL.Path, "/governance/") {
		c.reply(http.StatusOK, page)
		return
	}
	item["grantType"], item["entitlementId"] = kindEntitlement, "espendless"
	item["targetPrincipal"] = userTarget("00uendless")
	c.reply(http.StatusOK, map[string]any{"data": page, "_links": map[string]any{"next": hintedHref{next, hints{}}}})
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
