package batch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// TestAnUndoEndsAfterAnyKill kills a process at each of the first calls of an undo, before and after the tenant acted, and
// lets another go on: what the run gave is gone, what was there before stays, and every user is accounted for.
func TestAnUndoEndsAfterAnyKill(t *testing.T) {
	var want picture
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, lines, oktasim.Options{}, plan.ModeAdditive)
		o.apply()
		o.plan = planUndo(t, o.World, o.plan)
		o.apply()
		want = photograph(o.World)
	})
	killed := 0
	for call := 1; call <= 16; call++ {
		for _, late := range []bool{false, true} {
			lines := simtest.Lines(t, 1, oktaclient.Options{})
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, lines, oktasim.Options{GrantLag: 30 * time.Second}, plan.ModeAdditive)
				o.apply()
				o.plan = planUndo(t, o.World, o.plan)
				ctx, kill := context.WithCancel(t.Context())
				wire := &mortal{tenant: o.Tenant.Transport(), dir: o.Engine.Dir(o.plan.ID), calls: call, late: late, kill: kill}
				o.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: wire}})
				_, _ = o.Engine.Run(ctx, o.plan, permitFor(t, o.World, o.plan), nil)
				if wire.isDead() {
					killed++
					wire.leave(t, o.fate())
				}
				o.Reconnect(simtest.Options{})
				s := o.apply()
				if s.Ended != batch.EndedComplete || s.Rows[plan.Revoked] != len(o.plan.Ops) {
					t.Errorf("killed at call %d, late %v: ended %s %+v with %v", call, late, s.Ended, s.Stop, s.Rows)
				}
				for _, difference := range want.differs(photograph(o.World)) {
					t.Errorf("killed at call %d, late %v: %s", call, late, difference)
				}
			})
		}
	}
	if killed < 28 {
		t.Errorf("only %d processes were killed", killed)
	}
}
