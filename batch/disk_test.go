//go:build linux || darwin

package batch_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/fulldisk"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// TestAFullDiskStopsTheRunAndLosesNothing fills the disk while a run is journalled, in a process of its own because the
// limit that stands in for the disk's end holds for a whole process.
func TestAFullDiskStopsTheRunAndLosesNothing(t *testing.T) {
	fulldisk.Alone(t, "THE DISK WAS FULL", func(t *testing.T) {
		lines := simtest.Lines(t, 2, oktaclient.Options{})
		synctest.Test(t, func(t *testing.T) { fillDisk(t, lines) })
	})
}

func fillDisk(t *testing.T, lines []*simtest.Line) {
	tenant := oktasim.Options{GrantLag: 30 * time.Second, Latency: oktasim.LatencyReal}
	peace, o := newOffice(t, lines[:1], tenant, plan.ModeAdditive), newOffice(t, lines[1:], tenant, plan.ModeAdditive)
	peace.Apply(t.Context(), peace.plan)
	stopped := 0
	for size := uint64(400); ; size += 700 { // each time the disk holds a little more
		fulldisk.Limit(t, size)
		summary, err := o.Engine.Run(t.Context(), o.plan, o.Permit(t.Context(), o.plan), nil)
		fulldisk.Limit(t, ^uint64(0))
		now := photograph(o.World)
		for _, what := range append(o.before.lost(now), now.twice...) {
			t.Fatalf("disk of %d bytes: %s", size, what)
		}
		if err == nil && summary.Ended == batch.EndedComplete {
			break
		}
		if trouble.CodeOf(err) != trouble.StateNotWritable {
			t.Fatalf("disk of %d bytes: the run ended with %v", size, err)
		}
		stopped++
	}
	if found := photograph(peace.World).differs(photograph(o.World)); len(found) > 0 {
		t.Error(found)
	}
	if stopped >= 10 {
		fmt.Println("THE DISK WAS FULL")
	}
}
