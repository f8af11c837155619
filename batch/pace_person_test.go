package batch_test

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

// TestAPersonWithASmallReportDoesNotWait runs the three stages on the sample with several rows a user, on a tenant with
// Okta's limits, half of them for this credential, and Okta's latencies. Virtual time is what a person would wait.
func TestAPersonWithASmallReportDoesNotWait(t *testing.T) {
	text, err := os.ReadFile("../csv/sample_medium_denormalized.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, curious := range []bool{false, true} {
		name := map[bool]string{false: "straight through", true: "after looking around"}[curious]
		t.Run(name, func(t *testing.T) {
			lines := simtest.Lines(t, 1, oktaclient.Options{})
			synctest.Test(t, func(t *testing.T) { threeStages(t, lines, string(text), curious) })
		})
	}
}

func threeStages(t *testing.T, lines []*simtest.Line, text string, curious bool) {
	ctx := t.Context()
	w := simtest.New(t, simtest.Options{Lines: lines, Tenant: oktasim.Options{Seed: 1, Latency: oktasim.LatencyReal,
		Limits: oktasim.Limits{Mode: oktasim.LimitsReal, Share: 0.5}}})
	for _, p := range simtest.Report(t, text).People {
		w.Tenant.AddUser(oktasim.NewUser{Email: p.Email.Raw()})
	}
	began := time.Now()
	session := w.Session(ctx, map[string]string{reportName: text})
	defer session.Close()
	if curious { // an application with a past, which the person looks at first
		for _, name := range []string{"License", "Region", "Team", "Level", "Desk", "Building", "Cost Centre", "Vehicle"} {
			w.Tenant.AddEntitlement(w.AppID, name, true, "one", "two", "three")
		}
		var listed tools.ListEntitlementsOut
		session.Call(ctx, "okta_iga_list_entitlements", map[string]any{"app_id": w.AppID}, &listed)
		for _, e := range listed.Entitlements {
			session.Call(ctx, "okta_iga_list_entitlement_values", map[string]any{"entitlement_id": e.ID}, &tools.ListValuesOut{})
		}
		t.Logf("looked around after %v", time.Since(began))
	}
	waited := map[string]time.Duration{}
	start := time.Now()
	step := func(name string, do func()) {
		at := time.Now()
		do()
		waited[name] = time.Since(at)
		t.Logf("%-16s %v", name, waited[name])
	}
	var p *tools.PlanOut
	for _, tool := range []string{"prepare_entitlement_structure", "execute_user_grants"} {
		step("plan "+tool[:7], func() { p = session.Plan(ctx, tool, reportName) })
		step("apply "+tool[:7], func() {
			if out := session.Confirm(ctx, tool, p.PlanID, time.Second); out.Status != "complete" {
				t.Errorf("%s ended %s: %v", tool, out.Status, out.Stop)
			}
		})
	}
	t.Logf("in all %v, calls %d", time.Since(start), w.Okta.Stats().Calls)
	if refused := w.Okta.Stats().Refused429; refused != 0 {
		t.Errorf("%d calls were refused for their rate", refused)
	}
	for name, most := range map[string]time.Duration{"plan prepare": 5 * time.Second, "apply prepare": 8 * time.Second,
		"plan execute": 8 * time.Second, "apply execute": 20 * time.Second} {
		if waited[name] > most {
			t.Errorf("%s took %v, want at most %v", name, waited[name], most)
		}
	}
}
