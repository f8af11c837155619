package batch_test

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

func TestProbeDesk(t *testing.T) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	text, err := os.ReadFile("../csv/sample_medium_denormalized.csv")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		w := simtest.New(t, simtest.Options{Lines: lines, Tenant: oktasim.Options{Seed: 1, Latency: oktasim.LatencyReal,
			Limits: oktasim.Limits{Mode: oktasim.LimitsReal}}})
		r := simtest.Report(t, string(text))
		for _, p := range r.People {
			w.Tenant.AddUser(oktasim.NewUser{Email: p.Email})
		}
		d := w.Desk(ctx, map[string]string{"a.csv": string(text)})
		at := time.Now()
		step := func(name string) {
			t.Log(name, time.Since(at))
			for _, b := range w.Okta.RateStatus() {
				t.Log("     ", fmt.Sprintf("%+v", b))
			}
		}
		start := at
		var seen tools.AnalyzeOut
		d.Call(ctx, "analyze_csv_for_entitlements", map[string]any{"filename": "a.csv"}, &seen)
		step("analyze")
		at = time.Now()
		p := d.Plan(ctx, "prepare_entitlement_structure", "a.csv")
		step("plan structure")
		at = time.Now()
		out := d.Confirm(ctx, "prepare_entitlement_structure", p.PlanID, time.Second)
		step("apply structure " + out.Status)
		at = time.Now()
		p = d.Plan(ctx, "execute_user_grants", "a.csv")
		step("plan grants" + fmt.Sprintf("%+v", p.Counts))
		at = time.Now()
		out = d.Confirm(ctx, "execute_user_grants", p.PlanID, time.Second)
		step("apply grants" + out.Status)
		t.Log("total", time.Since(start))
		for _, c := range w.Tenant.Calls() {
			t.Log(c)
		}
		d.Close()
	})
}
