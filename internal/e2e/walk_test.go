package e2e

import (
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/tools"
)

// walk is the workflow with every tool, and which tools it has called.
type walk struct {
	*session
	app    string // id of the demo's application
	called map[string]bool
}

// use names a tool that is being tried.
func (w *walk) use(tool string) string {
	w.called[tool] = true
	return tool
}

// report asks what the report of two people holds.
func (w *walk) report(t *testing.T) {
	tested := answer[tools.OktaTestOut](w.session, w.use("okta_test"), nil)
	want(t, "okta_test: mode", tested.Mode, "demo")
	want(t, "okta_test: what it cannot do", tested.Cannot, 0)
	names := []string{}
	for _, f := range answer[tools.ListFilesOut](w.session, w.use("list_csv_files"), nil).Files {
		names = append(names, f.Filename)
	}
	if !slices.Contains(names, "report.csv") || !slices.Contains(names, sample) {
		t.Errorf("files: %v", names)
	}
	file := map[string]any{"filename": "report.csv"}
	want(t, "read: rows", len(answer[tools.ReadFileOut](w.session, w.use("read_csv_file"), file).Rows), 2)
	want(t, "preflight: usable", answer[tools.PreflightOut](w.session, w.use("validate_csv_preflight"), file).Usable, true)
	analysed := answer[tools.AnalyzeOut](w.session, w.use("analyze_csv_for_entitlements"), file)
	want(t, "analysis: permitted rows", analysed.Counts.Wanted, 2)
}

// stages carries out stages 2 and 3, and asks for the job of the run.
func (w *walk) stages(t *testing.T) {
	both := map[string]any{"filename": "report.csv", "app_id": w.app}
	made := w.applied(w.use("prepare_entitlement_structure"), both)
	want(t, "structure: status", made.Status, "complete")
	if made.Done == nil {
		t.Fatalf("structure: nothing done; %s", made.Next)
	}
	want(t, "structure: values created", made.Done.ValuesCreated, 2)
	granted := w.applied(w.use("execute_user_grants"), both)
	want(t, "grants: status", granted.Status, "complete")
	want(t, "grants: rows granted", granted.Rows["granted"], 2)
	job := map[string]any{"job_id": granted.JobID}
	want(t, "job: status", answer[tools.JobOut](w.session, w.use("get_job"), job).Status, "complete")
	want(t, "cancel: status", answer[tools.JobOut](w.session, w.use("cancel_job"), job).Status, "complete")
	undo := answer[tools.PlanOut](w.session, w.use("plan_undo"), job)
	want(t, "undo: takes nothing away", undo.Counts.TakeAway == 0, false)
}

// lists looks entitlements and users up, and plans by their ids.
func (w *walk) lists(t *testing.T) {
	app := map[string]any{"app_id": w.app}
	offered := answer[tools.ListEntitlementsOut](w.session, w.use("okta_iga_list_entitlements"), app)
	if offered.Total != 1 {
		t.Fatalf("entitlements: %d, want 1", offered.Total)
	}
	values := answer[tools.ListValuesOut](w.session, w.use("okta_iga_list_entitlement_values"),
		map[string]any{"entitlement_id": offered.Entitlements[0].ID})
	if values.Total != 2 {
		t.Fatalf("values: %d, want 2", values.Total)
	}
	found := answer[tools.UserSearchOut](w.session, w.use("okta_user_search"),
		map[string]any{"query": "ada@acme.example.com"})
	if found.Result != "found" {
		t.Fatalf("search: %s, want found", found.Result)
	}
	several := answer[tools.BatchUserSearchOut](w.session, w.use("okta_batch_user_search"),
		map[string]any{"names": []string{"ada@acme.example.com", "x@acme.example.com"}})
	want(t, "batch search: found", len(several.Found), 1)
	want(t, "batch search: not found", len(several.NotFound), 1)

	id := found.Users[0].ID
	assigned := answer[tools.PlanOut](w.session, w.use("okta_batch_assign_users"),
		map[string]any{"app_id": w.app, "user_ids": []string{id}})
	want(t, "assign: status", assigned.Status, "nothing_to_do")
	both := []string{values.Values[0].ID, values.Values[1].ID}
	granted := answer[tools.PlanOut](w.session, w.use("okta_batch_create_grants"),
		map[string]any{"app_id": w.app, "grants": []any{map[string]any{"user_id": id, "value_ids": both}}})
	want(t, "grant: status", granted.Status, "needs_confirmation")
	want(t, "grant: values", granted.Counts.GrantValues, 1)
}

func (w *walk) rest(t *testing.T) {
	pace := answer[tools.RateStatusOut](w.session, w.use("okta_get_rate_status"), nil)
	want(t, "pace: no calls", pace.Calls == 0, false)
	want(t, "pace: refused", pace.Refused, 0)
	if text, failed := w.ask(w.use("sync_s3_files"), nil); !failed || !strings.Contains(text, "s3_disabled") {
		t.Errorf("sync: %s", text)
	}
}
