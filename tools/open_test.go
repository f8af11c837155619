package tools_test

import (
	"strings"
	"testing"

	"okta-entitlements-mcp/tools"
)

// TestNothingThatCouldBePlannedIsBlocked: stage 3 before stage 2 is no success, and neither is a report of unknown people.
// Found from outside: H9.
func TestNothingThatCouldBePlannedIsBlocked(t *testing.T) {
	r := newRig(t, rigOptions{})
	args := arguments{"filename": "report.csv", "app_id": r.AppID}
	r.small()
	out := call[tools.PlanOut](r, "execute_user_grants", args)
	if out.Status != "blocked" || !strings.Contains(out.Next, "2 of 3 rows name entitlement values") ||
		!strings.Contains(out.Next, "prepare_entitlement_structure") {
		t.Errorf("before stage 2: %s: %s", out.Status, out.Next)
	}
	if job := call[tools.JobOut](r, "get_job", arguments{"job_id": out.PlanID}); job.Status != "blocked" {
		t.Errorf("get_job says %s", job.Status)
	}
	applied := call[tools.PlanOut](r, "execute_user_grants", arguments{"plan_id": out.PlanID})
	if !strings.HasPrefix(applied.Next, "2 rows are left open") {
		t.Errorf("applied: %s: %s", applied.Status, applied.Next)
	}
	r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
	r.file("strangers.csv", "Email,Role,Effective_Access\nx@acme.example.com,Admin,Permitted\ny@acme.example.com,Viewer,Permitted\n")
	out = call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "strangers.csv", "app_id": r.AppID})
	if out.Status != "blocked" || !strings.Contains(out.Next, "2 of 2 rows name people that Okta does not know") {
		t.Errorf("unknown people: %s: %s", out.Status, out.Next)
	}
	r.nothingWritten()
}

// TestARunThatLeavesRowsOpenSaysSo: found from outside: H9.
func TestARunThatLeavesRowsOpenSaysSo(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.small()
	r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
	r.file("mixed.csv", small+"x@acme.example.com,Admin,Permitted\n")
	args := arguments{"filename": "mixed.csv", "app_id": r.AppID}
	done := r.applied("execute_user_grants", args)
	if strings.Contains(done.Next, "nothing is left") || !strings.Contains(done.Next, "1 of 4 rows name people that Okta does not know") {
		t.Errorf("the run: %s: %s", done.Status, done.Next)
	}
	r.file("mixed.csv", small+"x@acme.example.com,Admin,Permitted\n")
	again := call[tools.PlanOut](r, "execute_user_grants", args)
	if again.Status != "nothing_to_do" || !strings.Contains(again.Next, "1 row is left open") {
		t.Errorf("again: %s: %s", again.Status, again.Next)
	}
}
