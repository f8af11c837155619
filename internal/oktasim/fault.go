package oktasim

import "time"

// Effect is what a fault does to a call.
type Effect string

// The effects. Those marked "acted or not" follow Fault.Acted: whether the handler ran before the answer went wrong.
const (
	EffectWindow429      Effect = "429_window"      // E0000047, bucket exhausted; not executed
	EffectConcurrency429 Effect = "429_concurrency" // E0000047 with X-Rate-Limit-Limit 0; not executed
	Effect403            Effect = "403"             // E0000006, not executed
	Effect500            Effect = "500"             // E0000009, acted or not
	Effect502            Effect = "502"             // a gateway's HTML page, acted or not
	Effect503            Effect = "503"             // E0000010, acted or not
	Effect504            Effect = "504"             // a gateway's HTML page, acted or not
	EffectRefuse         Effect = "refuse"          // connection refused: nothing was ever sent
	EffectReset          Effect = "reset"           // connection reset before the tenant acted
	EffectLoseReply      Effect = "lose_reply"      // the tenant acted, then the connection was reset
	EffectTruncate       Effect = "truncate"        // the tenant acted, half of the body arrived
	EffectHTML           Effect = "html"            // a 200 with an HTML page, acted or not
	EffectStall          Effect = "stall"           // no answer for Fault.Duration or until the caller gives up, acted or not
	EffectExpireToken    Effect = "expire_token"    // 401 E0000011; an OAuth token stays dead
	EffectRejectCursor   Effect = "reject_cursor"   // 400 E0000029; matches only calls with a cursor
)

// Fault says which calls go wrong, and how. Empty Method, Pattern or Path match every call.
type Fault struct {
	Method, Pattern string
	Path            string // the request's path starts with this, so that one user can be meant; segments in braces stand for any
	Nth             int    // the first matching call that is hit, counted from the injection; 1 when 0
	Times           int    // how many calls in a row are hit; 1 when 0, for ever when negative
	Effect          Effect
	Duration        time.Duration // of a stall; 10 minutes when 0
	Acted           bool          // for effects that can go either way
	Do              func()        // called when the fault hits, before its effect; may use the tenant's setters; may be nil
}

// Injection is a fault in force. A test must see that it fired.
type Injection struct {
	fault   Fault
	gate    *gate
	seen    int
	fired   int
	removed bool
}

// Inject puts a fault into the schedule. Of several that match a call, the first injected hits.
func (t *Tenant) Inject(f Fault) *Injection {
	if f.Nth == 0 {
		f.Nth = 1
	}
	if f.Times == 0 {
		f.Times = 1
	}
	if f.Duration == 0 {
		f.Duration = 10 * time.Minute
	}
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	i := &Injection{fault: f, gate: &t.gate}
	t.gate.faults = append(t.gate.faults, i)
	return i
}

// Fired returns how many calls the fault has hit.
func (i *Injection) Fired() int {
	i.gate.mu.Lock()
	defer i.gate.mu.Unlock()
	return i.fired
}

// Remove ends the fault.
func (i *Injection) Remove() {
	i.gate.mu.Lock()
	defer i.gate.mu.Unlock()
	i.removed = true
}

// fault picks the fault that hits this call, nil for none. Every matching fault counts the call.
func (g *gate) fault(method, pattern, path string, cursor bool) *Injection {
	g.mu.Lock()
	defer g.mu.Unlock()
	var hit *Injection
	for _, i := range g.faults {
		f := i.fault
		if i.removed || f.Method != "" && f.Method != method || f.Pattern != "" && f.Pattern != pattern || f.Path != "" && !startsLike(path, f.Path) {
			continue
		}
		if f.Effect == EffectRejectCursor && !cursor {
			continue
		}
		i.seen++
		if hit == nil && i.seen >= f.Nth && (f.Times < 0 || i.seen < f.Nth+f.Times) {
			hit = i
		}
	}
	if hit != nil && hit.fault.Effect != EffectRejectCursor {
		hit.fired++
	}
	return hit
}

// cursorRejected answers 400 and returns true when the schedule says that this cursor is not good any more.
func (c *call) cursorRejected() bool {
	if c.fault == nil || c.fault.fault.Effect != EffectRejectCursor {
		return false
	}
	g := c.fault.gate
	g.mu.Lock()
	c.fault.fired++
	g.mu.Unlock()
	c.fail(400, codePaging, "Invalid paging request.", cause{ErrorSummary: "after: the cursor is not valid"})
	return true
}
