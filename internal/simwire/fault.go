package simwire

import (
	"context"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/wait"
)

// Effect is what a fault does to a call. The wire itself carries out the effects below; any other is a service's own, whose
// answer its Handler.Fail writes, such as Effect500.
type Effect string

// The effects. "Acted or not" follows Fault.Acted: whether the service carried the call out before the answer went wrong.
const (
	EffectNone      Effect = ""
	EffectRefuse    Effect = "refuse"     // connection refused: nothing was ever sent
	EffectReset     Effect = "reset"      // connection reset before the service acted
	EffectLoseReply Effect = "lose_reply" // the service acted, then the connection was reset
	EffectTruncate  Effect = "truncate"   // the service acted, half of the body arrived
	EffectStall     Effect = "stall"      // no answer for Fault.Duration or until the caller gives up, acted or not
	EffectHTML      Effect = "html"       // a 200 with an HTML page, acted or not
	Effect500       Effect = "500"        // the service's own error body, acted or not
	Effect502       Effect = "502"        // a gateway's HTML page, acted or not
	Effect503       Effect = "503"        // the service's own error body, acted or not
	Effect504       Effect = "504"        // a gateway's HTML page, acted or not
	EffectBare      Effect = "bare"       // a 200 with an object without anything in it, acted or not
	EffectOther     Effect = "other"      // a 200 with an object of something in between, acted or not
	EffectDrip      Effect = "drip"       // the service acted, and its body comes a byte a second
)

// Forever is the duration of a stall that only the caller ends.
const Forever time.Duration = -1

// Fault says which calls go wrong, and how. Empty Method, Pattern or Path match every call.
type Fault struct {
	Method, Pattern string
	Path            string          // the request's path starts with this (see HasPrefix), so that one user can be meant
	Match           func(Call) bool // further conditions; nil for none
	Nth             int             // the first matching call that is hit, counted from the injection; 1 when 0
	Times           int             // how many calls in a row are hit; 1 when 0, all of them when negative
	Effect          Effect
	Duration        time.Duration // of a stall; 10 minutes when 0, see Forever
	Acted           bool          // for effects that can go either way
	ByService       bool          // the service carries the effect out while it serves, and calls Exchange.Hit when it does
	Do              func()        // called when the fault hits, before its effect; may use the service's setters; may be nil
}

// acts reports whether the service carries the call out.
func (f Fault) acts() bool {
	switch f.Effect {
	case EffectNone, EffectLoseReply, EffectTruncate, EffectStall, EffectDrip:
		return true
	}
	return f.Acted || f.ByService
}

func (f Fault) stall(ctx context.Context) error {
	switch {
	case f.Duration == Forever:
		<-ctx.Done()
		return ctx.Err()
	case f.Duration == 0:
		return wait.For(ctx, 10*time.Minute)
	}
	return wait.For(ctx, f.Duration)
}

func (f Fault) matches(c Call) bool {
	return (f.Method == "" || f.Method == c.Method) && (f.Pattern == "" || f.Pattern == c.Pattern) &&
		(f.Path == "" || HasPrefix(c.Path, f.Path)) && (f.Match == nil || f.Match(c))
}

// Injection is a fault in force. A test must check that it fired.
type Injection struct {
	wire    *Wire
	fault   Fault
	seen    int
	fired   int
	removed bool
}

// Inject puts a fault into the schedule. Of several that match a call, the first injected hits.
func (w *Wire) Inject(f Fault) *Injection {
	if f.Nth == 0 {
		f.Nth = 1
	}
	if f.Times == 0 {
		f.Times = 1
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	i := &Injection{wire: w, fault: f}
	w.faults = append(w.faults, i)
	return i
}

// Decide sets what decides about calls that no injection hits, nil for nothing. It is asked in the order of their arrival,
// looks at nothing but the call, and must not call the wire. Conditions on calls in what it returns are not looked at.
func (w *Wire) Decide(decide func(Call) Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.decide = decide
}

// Fired returns how many calls the fault has hit.
func (i *Injection) Fired() int {
	i.wire.mu.Lock()
	defer i.wire.mu.Unlock()
	return i.fired
}

// Remove ends the fault.
func (i *Injection) Remove() {
	i.wire.mu.Lock()
	defer i.wire.mu.Unlock()
	i.removed = true
}

// Hit counts a fault that the service carried out by itself.
func (x *Exchange) Hit() {
	if x.injection != nil {
		x.injection.wire.mu.Lock()
		defer x.injection.wire.mu.Unlock()
		x.injection.fired++
	}
}

// pick finds the fault that hits this call, and its injection if it has one. Every matching fault counts the call. Call
// with w.mu held.
func (w *Wire) pick(c Call) (Fault, *Injection) {
	var hit *Injection
	for _, i := range w.faults {
		if i.removed || !i.fault.matches(c) {
			continue
		}
		i.seen++
		if hit == nil && i.seen >= i.fault.Nth && (i.fault.Times < 0 || i.seen < i.fault.Nth+i.fault.Times) {
			hit = i
		}
	}
	switch {
	case hit == nil && w.decide != nil:
		return w.decide(c), nil
	case hit == nil:
		return Fault{}, nil
	}
	if !hit.fault.ByService {
		hit.fired++
	}
	return hit.fault, hit
}

// HasPrefix says whether a path starts with a prefix. A prefix with braces, such as "/api/v1/users/{id}/factors", goes by
// whole segments, of which those in braces match any.
func HasPrefix(path, prefix string) bool {
	if !strings.Contains(prefix, "{") {
		return strings.HasPrefix(path, prefix)
	}
	want, have := segments(prefix), segments(path)
	if len(want) > len(have) {
		return false
	}
	for i, w := range want {
		if w != have[i] && !strings.HasPrefix(w, "{") {
			return false
		}
	}
	return true
}
