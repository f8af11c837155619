package batch_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// hostileName is a name of 255 characters, the most that Okta takes, that no cleaning leaves as it is and that every
// encoder must quote: controls, a terminal sequence, bidi, invisible and tag characters, quotes, HTML and characters
// beyond 16 bits.
func hostileName(n int) string {
	hostile := fmt.Sprintf("%03d", n) + "\x1b[31m\x00\x07\u202e\u2066\u200b\U000e0041\u2028\ufeff\u0085\t\r\n  \"'`\\</script>&\\u0000{{.}}%s%!d(😀𝔘" +
		"🏴󠁧󠁢󠁥󠁮󠁧󠁿e\u0301é"
	return hostile + strings.Repeat("😈", 255-utf8.RuneCountInString(hostile))
}

// TestAHostileNameOf255CharactersSurvivesPlanDiskKillAndResume takes such names through a saved plan and a run that is
// killed at each of its calls, and compares what the tenant has at the end byte for byte.
func TestAHostileNameOf255CharactersSurvivesPlanDiskKillAndResume(t *testing.T) {
	const values = 210 // more than one call creates
	if name := hostileName(0); utf8.RuneCountInString(name) != 255 || untrusted.Clean(name, 0) == name {
		t.Fatalf("the name has %d characters, or is not hostile", utf8.RuneCountInString(name))
	}
	killed := 0
	for call := 1; call <= 12; call++ {
		lines := simtest.Lines(t, 1, oktaclient.Options{})
		synctest.Test(t, func(t *testing.T) {
			w := simtest.New(t, simtest.Options{Lines: lines})
			report := simtest.Report(t, wideReport(values))
			var want []string
			for i := range report.Values {
				report.Values[i].Text = untrusted.New(hostileName(i))
				want = append(want, "Role/"+hostileName(i))
			}
			p, err := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{Report: report, AppID: w.AppID, Now: time.Now()})
			must(t, err)
			plans := t.TempDir()
			p = savedAndLoaded(t, plans, p)

			ctx, kill := context.WithCancel(t.Context())
			wire := &mortal{tenant: w.Tenant.Transport(), dir: w.Engine.Dir(p.ID), calls: call, late: call%2 == 0, kill: kill}
			w.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: wire}})
			_, _ = w.Engine.Run(ctx, p, w.Permit(t.Context(), p), nil)
			if wire.isDead() {
				killed++
				wire.leave(t, (&office{}).fate())
			}
			w.Reconnect(simtest.Options{})
			s := w.Apply(t.Context(), savedAndLoaded(t, plans, p))

			got := slices.Collect(maps.Values(w.Tenant.ValueNames(w.AppID)))
			slices.Sort(got)
			slices.Sort(want)
			if s.Ended != batch.EndedComplete || !slices.Equal(got, want) {
				t.Fatalf("killed at call %d: ended %s %+v with %d values of %d\nfirst %q\nwant  %q", call, s.Ended, s.Stop, len(got), len(want),
					slices.Concat(got, []string{""})[0], want[0])
			}
		})
	}
	if killed < 5 {
		t.Errorf("only %d processes were killed", killed)
	}
}

// savedAndLoaded is the plan as another process reads it.
func savedAndLoaded(t *testing.T, dir string, p *plan.Plan) *plan.Plan {
	t.Helper()
	store, err := plan.NewStore(dir)
	must(t, err)
	must(t, store.Save(p))
	loaded, err := store.Load(p.ID)
	must(t, err)
	return loaded
}
