package batch_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// BenchmarkPace reports how each import of TestImportsKeepOktasPace goes: util is the part of the share of the limit
// that was used, calls/user counts plan and run, replan-calls those of a second plan, 429s are ours, others-429s
// another client's. Time is virtual: minutes are what a person would wait, ns/op means nothing.
func BenchmarkPace(b *testing.B) {
	for _, c := range paces() {
		c.twice = true
		b.Run(c.name, func(b *testing.B) {
			var got paced
			for b.Loop() {
				got = inBubble(b, c)
			}
			b.ReportMetric(got.util, "util")
			b.ReportMetric(got.perUser, "calls/user")
			b.ReportMetric(float64(got.planned), "plan-calls")
			b.ReportMetric(float64(got.applied), "run-calls")
			b.ReportMetric(float64(got.again), "replan-calls")
			b.ReportMetric(float64(got.refused), "429s")
			b.ReportMetric(float64(got.othersRefused), "others-429s")
			b.ReportMetric(got.took.Minutes(), "virtual-min")
		})
	}
}

// inBubble runs an import in virtual time, which only a test can do.
func inBubble(b *testing.B, c pace) (got paced) {
	ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: "pace",
		F: func(t *testing.T) {
			lines := c.lines(t)
			synctest.Test(t, func(t *testing.T) { got = c.run(t, lines) })
		},
	}})
	if !ok {
		b.Fatal("the import failed")
	}
	return got
}

// BenchmarkEngine is what one operation costs on its way through engine, journal and client, with a tenant that answers
// at once and sets no limit. The tenant's own work is in it.
func BenchmarkEngine(b *testing.B) {
	for _, c := range []struct {
		name   string
		noSync bool
		disk   bool
	}{{"journal on disk, fsync", false, true}, {"no fsync", true, true}} {
		b.Run(c.name, func(b *testing.B) {
			const users = 5000
			var took time.Duration
			var allocs uint64
			for b.Loop() {
				b.StopTimer()
				lines := simtest.Lines(b, 1, oktaclient.Options{MaxConcurrency: 64})
				w := simtest.New(b, simtest.Options{
					Lines:  lines,
					Tenant: oktasim.Options{Seed: 1},
					Disk:   c.disk,
					Engine: batch.Options{NoSync: c.noSync, RingAbove: -1},
				})
				report := simtest.Report(b, staff(w, users, 0))
				w.Structure(b.Context(), report)
				p := w.PlanGrants(b.Context(), report, "")
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				b.StartTimer()
				s := w.Apply(b.Context(), p)
				took += time.Since(start)
				runtime.ReadMemStats(&after)
				allocs += after.Mallocs - before.Mallocs
				if s.UsersGranted != users {
					b.Fatalf("%d users granted", s.UsersGranted)
				}
			}
			n := float64(b.N * users)
			b.ReportMetric(float64(took.Microseconds())/n, "us/operation")
			b.ReportMetric(float64(allocs)/n, "allocs/operation")
		})
	}
}
