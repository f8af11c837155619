package batch_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// wideReport names more values of one entitlement than one call creates, so that its plan has operations that need each
// other.
func wideReport(values int) string {
	var text strings.Builder
	text.WriteString("Email,Role\n")
	for i := range values {
		fmt.Fprintf(&text, "ada@acme.example.com,Role %d\n", i)
	}
	return text.String()
}

// TestValuesOfANewEntitlementAreAddedAfterAnyKill kills a process at each of its calls while it creates an
// entitlement and adds values to it, and lets another go on.
func TestValuesOfANewEntitlementAreAddedAfterAnyKill(t *testing.T) {
	killed := 0
	for call := 1; call <= 20; call++ {
		for _, late := range []bool{false, true} {
			lines := simtest.Lines(t, 1, oktaclient.Options{})
			synctest.Test(t, func(t *testing.T) {
				w := simtest.New(t, simtest.Options{Lines: lines})
				report := simtest.Report(t, wideReport(250))
				p, err := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{
					Report: report,
					AppID:  w.AppID,
					Now:    time.Now(),
				})
				must(t, err)
				ctx, kill := context.WithCancel(t.Context())
				wire := &mortal{
					tenant: w.Tenant.Transport(),
					dir:    w.Engine.Dir(p.ID),
					calls:  call,
					late:   late,
					kill:   kill,
				}
				w.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: wire}})
				_, _ = w.Engine.Run(ctx, p, w.Permit(t.Context(), p), nil)
				if wire.isDead() {
					killed++
					wire.leave(t, (&office{}).fate())
				}
				w.Reconnect(simtest.Options{})
				s := w.Apply(t.Context(), p)
				if values := photograph(w).values; s.Ended != batch.EndedComplete || len(values) != 250 || s.ValuesMade != 250 {
					t.Errorf("killed at call %d, late %v: ended %s %+v with %d values, %d of them told of", call, late,
						s.Ended, s.Stop, len(values), s.ValuesMade)
				}
			})
		}
	}
	if killed < 10 {
		t.Errorf("only %d processes were killed", killed)
	}
}

// TestAnEntitlementThatSomebodyElseMadeIsNotTakenForOurs loses the reply to the creation of an entitlement, which was
// not executed, while someone else makes one of that name with other values.
func TestAnEntitlementThatSomebodyElseMadeIsNotTakenForOurs(t *testing.T) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		w := simtest.New(t, simtest.Options{Lines: lines})
		p, err := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{
			Report: simtest.Report(t, wideReport(3)),
			AppID:  w.AppID,
			Now:    time.Now(),
		})
		must(t, err)
		fault := w.Tenant.Inject(oktasim.Fault{
			Method: "POST",
			Effect: oktasim.EffectReset,
			Do:     func() { w.Tenant.AddEntitlement(w.AppID, "Role", true, "Elsewhere") },
		})
		s := w.Apply(t.Context(), p)
		if fault.Fired() != 1 || s.Operations[batch.Failed] != 1 || s.Ended == batch.EndedComplete {
			t.Errorf("fault fired %d times, ended %s with %v", fault.Fired(), s.Ended, s.Operations)
		}
		if again := w.Structure(t.Context(), simtest.Report(t, wideReport(3))); again.Ended != batch.EndedComplete ||
			len(photograph(w).values) != 4 {
			t.Errorf("a new plan ended %s with values %v", again.Ended, photograph(w).values)
		}
	})
}

// TestAWaitForOnesTurnIsNotTakenForTimeSinceTheWrite kills a process right after a grant that had waited for its turn
// for minutes since it was begun. The lists do not show that grant yet when the next process looks.
func TestAWaitForOnesTurnIsNotTakenForTimeSinceTheWrite(t *testing.T) {
	for nth := 2; nth <= 6; nth++ {
		lines := simtest.Lines(t, 1, oktaclient.Options{})
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, lines, oktasim.Options{
				GrantLag: 30 * time.Second,
				Limits:   oktasim.Limits{Overrides: map[string]int{"POST " + onGrants: 3}},
			}, plan.ModeAdditive)
			ctx, kill := context.WithCancel(t.Context())
			wire := &mortal{
				tenant: o.Tenant.Transport(),
				dir:    o.Engine.Dir(o.plan.ID),
				calls:  -1,
				kill:   kill,
				late:   true,
			}
			slow := o.Tenant.Inject(oktasim.Fault{Method: "POST", Pattern: onGrants, Nth: nth, Do: func() {
				wire.mu.Lock()
				wire.calls = 1 // the next call of whatever kind; this one ends with it
				wire.mu.Unlock()
			}})
			o.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: wire}})
			_, _ = o.Engine.Run(ctx, o.plan, o.Permit(t.Context(), o.plan), nil)
			if slow.Fired() == 0 || !wire.isDead() {
				t.Fatalf("fired %d, dead %v", slow.Fired(), wire.isDead())
			}
			wire.leave(t, o.fate())
			o.Reconnect(simtest.Options{})
			// A process that may not even look cannot say that nothing was attempted.
			over, stop := context.WithCancel(t.Context())
			stop()
			s, err := o.Engine.Run(over, o.plan, o.Permit(t.Context(), o.plan), nil)
			if must(t, err); s.Rows[plan.Unknown] == 0 || stopCode(s) != "interrupted" {
				t.Errorf("what a killed process left open is told as %v", s.Rows)
			}
			// That the killed process made the grant is known only if the next one looked for it long enough.
			if s := o.apply(); s.Ended != batch.EndedComplete || s.Rows[plan.Granted] != len(o.plan.Rows) {
				t.Errorf("ended %s %+v with rows %v", s.Ended, s.Stop, s.Rows)
			}
		})
	}
}
