package batch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

func TestProbe(t *testing.T) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		w := simtest.New(t, simtest.Options{Lines: lines, Tenant: oktasim.Options{Seed: 1, Latency: oktasim.LatencyReal,
			Limits: oktasim.Limits{Mode: oktasim.LimitsReal}}})
		var b strings.Builder
		b.WriteString("Email,Role\n")
		for i := range 10000 {
			e := fmt.Sprintf("p%d@acme.example.com", i)
			id := w.Tenant.AddUser(oktasim.NewUser{Email: e})
			w.Tenant.AssignApp(w.AppID, id)
			fmt.Fprintf(&b, "%s,Role %d\n", e, i%7)
		}
		ctx := t.Context()
		r := simtest.Report(t, b.String())
		at := time.Now()
		w.Structure(ctx, r)
		t.Log("structure", time.Since(at))
		at = time.Now()
		p := w.PlanGrants(ctx, r, "")
		t.Log("plan", time.Since(at), len(p.Ops))
		at = time.Now()
		s := w.Apply(ctx, p)
		d := time.Since(at)
		t.Log("apply", d, s.UsersGranted, float64(s.UsersGranted)/d.Minutes()/35, w.Okta.Stats())
		for _, c := range w.Tenant.Calls() {
			t.Log(c)
		}
	})
}
