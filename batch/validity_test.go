package batch_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
)

// TestAccessThatHasEndedIsNotGranted applies one plan on its last day, lets the day end while it runs, and applies it again:
// nothing is granted after the day, what was granted before is not done twice, and the summary says why it stopped.
func TestAccessThatHasEndedIsNotGranted(t *testing.T) {
	lastDay := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	w := simtest.New(t, simtest.Options{})
	_, values := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin")
	report := "Email,Role,Valid To\n"
	for _, name := range []string{"a", "b", "c", "d"} {
		w.Tenant.AddUser(oktasim.NewUser{Email: name + "@x.example"})
		report += name + "@x.example,Admin,2026-03-31\n"
	}
	r, err := intake.Read(t.Context(), strings.NewReader(report), intake.Options{File: "report.csv", Today: lastDay})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.PlanGrants(t.Context(), w.Okta, plan.GrantRequest{Report: r, AppID: w.AppID, Now: lastDay})
	if err != nil {
		t.Fatal(err)
	}
	options := simtest.Options{Engine: batch.Options{Workers: 1, SettleAfter: 1, Now: func() time.Time {
		if w.Tenant.CallCount("POST", "/governance/api/v1/grants", http.StatusCreated) >= 2 {
			return lastDay.Add(12 * time.Hour)
		}
		return lastDay
	}}}
	w.Reconnect(options)
	held := func() (n int) {
		for i := range p.People {
			if w.Tenant.Effective(w.AppID, p.People[i].UserID)[values[0]] {
				n++
			}
		}
		return n
	}

	first := w.Apply(t.Context(), p)
	if first.Ended != batch.EndedStopped || first.Stop.Code != trouble.PlanStale || held() != 2 ||
		first.Rows[plan.Granted] != 2 || first.Rows[plan.NotAttempted] != 2 {
		t.Fatalf("the day ended after two grants: %s (%+v), rows %v, %d hold it", first.Ended, first.Stop, first.Rows, held())
	}
	writes := w.Writes()
	again := w.Apply(t.Context(), p)
	if again.Stop == nil || again.Stop.Code != trouble.PlanStale || !strings.Contains(again.Stop.What, "lines 2, 3, 4 and 5") ||
		again.Rows[plan.Granted] != 2 || w.Writes() != writes {
		t.Errorf("applied again after the day: %+v, rows %v, %d more writes", again.Stop, again.Rows, w.Writes()-writes)
	}
}
