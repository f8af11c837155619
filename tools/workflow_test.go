package tools_test

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/s3sync"
	"okta-entitlements-mcp/tools"
)

// bucketWith serves a bucket with objects, and returns the copier that reads it into the inbox of a rig to come.
func bucketWith(t *testing.T, inbox string, objects map[string]string) *s3sync.Syncer {
	t.Helper()
	for name, value := range map[string]string{"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "none",
		"AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_PROFILE": ""} {
		t.Setenv(name, value)
	}
	back := s3mem.New()
	if err := back.CreateBucket("reports"); err != nil {
		t.Fatal(err)
	}
	for key, content := range objects {
		if _, err := back.PutObject("reports", key, nil, strings.NewReader(content), int64(len(content)), nil); err != nil {
			t.Fatal(err)
		}
	}
	listener := httptest.NewServer(gofakes3.New(back).Server())
	t.Cleanup(listener.Close)
	syncer, err := s3sync.New(s3sync.Options{
		Enabled:         true,
		Bucket:          "reports",
		Endpoint:        listener.URL,
		AccessKeyID:     "AKIA",
		SecretAccessKey: secret.New("s"),
		InboxDir:        inbox,
		StateDir:        filepath.Join(t.TempDir(), "s3"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return syncer
}

// walk is the workflow with every tool of the catalogue, and which tools it has called.
type walk struct {
	*rig
	staff  []string // ids of the people of the report
	called map[string]bool
}

// use names a tool that is being tried.
func (w *walk) use(tool string) string {
	w.called[tool] = true
	return tool
}

// TestEachToolGivesItsMainAnswer walks the workflow with every tool of the catalogue. A tool that is not called fails
// it.
func TestEachToolGivesItsMainAnswer(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.deps.S3 = bucketWith(t, r.inbox, map[string]string{"may.csv": small})
	w := &walk{rig: r, staff: r.small(), called: map[string]bool{}}
	w.connection(t)
	w.inboxOf(t)
	w.report(t)
	w.stages(t)
	value := w.entitlements(t)
	w.users(t)
	w.lists(t, value)
	r.auditInWorkflow(w.use, w.staff[0])
	for _, tool := range r.list() {
		if !w.called[tool.name] {
			t.Errorf("%s was not called; add it to this test", tool.name)
		}
	}
}

func (w *walk) connection(t *testing.T) {
	about := call[tools.AboutOut](w.rig, w.use("about"), nil)
	want(t, "about: mode", about.Mode, "demo")
	want(t, "about: version", about.Version, "test")
	tested := call[tools.OktaTestOut](w.rig, w.use("okta_test"), nil)
	want(t, "okta_test: organisation", tested.OrgID, w.Tenant.OrgID())
	want(t, "okta_test: pipeline", tested.Pipeline, "identity_engine")
	want(t, "okta_test: what it cannot do", tested.Cannot, 0)
	want(t, "okta_test: checks", len(tested.Checks), 4)
}

func (w *walk) inboxOf(t *testing.T) {
	copied := call[tools.SyncOut](w.rig, w.use("sync_s3_files"), nil)
	want(t, "sync: copied", copied.Copied, 1)
	want(t, "sync: the file is in the inbox", w.has("s3/may.csv"), true)
	list := call[tools.ListFilesOut](w.rig, w.use("list_csv_files"), nil)
	if len(list.Files) != 2 {
		t.Fatalf("list: %d files, want 2", len(list.Files))
	}
	want(t, "list: first file", list.Files[0].Filename, "report.csv")
	want(t, "list: its state", list.Files[0].State, "new")
}

// report reads the report of two people: in pages, as problems, and as entitlements.
func (w *walk) report(t *testing.T) {
	page := call[tools.ReadFileOut](w.rig, w.use("read_csv_file"), arguments{"filename": "report.csv", "limit": 2})
	if len(page.Rows) != 2 || page.NextCursor == "" {
		t.Fatalf("read: %d rows, cursor %q; want 2 and a cursor", len(page.Rows), page.NextCursor)
	}
	want(t, "read: line of the first row", page.Rows[0].Line, 2)
	want(t, "read: the e-mail address is in full", strings.Contains(page.Rows[0].Cells[0], "ada@"), false)
	want(t, "read: role", page.Rows[0].Cells[1], "Admin")
	rest := call[tools.ReadFileOut](w.rig, "read_csv_file",
		arguments{"filename": "report.csv", "cursor": page.NextCursor, "show_personal_data": true})
	if len(rest.Rows) != 1 {
		t.Fatalf("read on: %d rows, want 1", len(rest.Rows))
	}
	want(t, "read on: e-mail address", rest.Rows[0].Cells[0], "bob@acme.example.com")
	want(t, "read on: cursor", rest.NextCursor, "")

	checked := call[tools.PreflightOut](w.rig, w.use("validate_csv_preflight"), arguments{"filename": "report.csv"})
	want(t, "preflight: usable", checked.Usable, true)
	want(t, "preflight: rows", checked.Counts.Rows, 3)
	want(t, "preflight: denied rows", checked.Counts.Denied, 1)

	analysed := call[tools.AnalyzeOut](w.rig, w.use("analyze_csv_for_entitlements"), arguments{"filename": "report.csv"})
	want(t, "analyse: permitted rows", analysed.Counts.Wanted, 2)
	if len(analysed.Entitlements) != 1 {
		t.Fatalf("analyse: %d entitlements, want 1", len(analysed.Entitlements))
	}
	want(t, "analyse: entitlement", analysed.Entitlements[0].Name, "Role")
	want(t, "analyse: next_step names stage 2", strings.Contains(analysed.Next, "prepare_entitlement_structure"), true)
}

// stages carries out stages 2 and 3, and asks for the job of the run.
func (w *walk) stages(t *testing.T) {
	report := arguments{"filename": "report.csv", "app_id": w.AppID}
	made := w.applied(w.use("prepare_entitlement_structure"), report)
	want(t, "structure: status", made.Status, "complete")
	if made.Done == nil {
		t.Fatalf("structure: nothing done; %s", made.Next)
	}
	want(t, "structure: entitlements created", made.Done.EntitlementsCreated, 1)
	want(t, "structure: values created", made.Done.ValuesCreated, 2)
	want(t, "structure: the report moved", w.has("processed/report.csv"), true)

	granted := w.applied(w.use("execute_user_grants"), report)
	want(t, "grants: status", granted.Status, "complete")
	if granted.Done == nil {
		t.Fatalf("grants: nothing done; %s", granted.Next)
	}
	want(t, "grants: rows granted", granted.Rows["granted"], 2)
	want(t, "grants: rows denied", granted.Rows["denied_access"], 1)
	want(t, "grants: users assigned", granted.Done.UsersAssigned, 2)
	want(t, "grants: the report moved", w.has("processed_and_assigned/report.csv"), true)
	want(t, "grants: values in force", len(w.Tenant.Effective(w.AppID, w.staff[0])), 1)

	job := call[tools.JobOut](w.rig, w.use("get_job"), arguments{"job_id": granted.JobID})
	want(t, "job: status", job.Status, "complete")
	want(t, "job: rows", sum(job.Run.Rows), 3)
	ended := call[tools.JobOut](w.rig, w.use("cancel_job"), arguments{"job_id": granted.JobID})
	want(t, "cancel after the end: status", ended.Status, "complete")
}

// entitlements lists what the stages made, and returns the id of a value.
func (w *walk) entitlements(t *testing.T) (value string) {
	offered := call[tools.ListEntitlementsOut](w.rig, w.use("okta_iga_list_entitlements"), arguments{"app_id": w.AppID})
	if offered.Total != 1 || offered.TotalValues != 2 {
		t.Fatalf("entitlements: %d with %d values, want 1 with 2", offered.Total, offered.TotalValues)
	}
	id := offered.Entitlements[0].ID
	first := call[tools.ListValuesOut](w.rig, w.use("okta_iga_list_entitlement_values"),
		arguments{"entitlement_id": id, "limit": 1})
	if first.Total != 2 || len(first.Values) != 1 || first.NextCursor == "" {
		t.Fatalf("values: %d of %d, cursor %q; want 1 of 2 and a cursor", len(first.Values), first.Total, first.NextCursor)
	}
	second := call[tools.ListValuesOut](w.rig, "okta_iga_list_entitlement_values",
		arguments{"entitlement_id": id, "cursor": first.NextCursor})
	want(t, "values, second page: total", second.Total, 2)
	if len(second.Values) != 1 {
		t.Fatalf("values, second page: %d, want 1", len(second.Values))
	}
	want(t, "values, second page: repeats the first", second.Values[0].ID == first.Values[0].ID, false)
	return first.Values[0].ID
}

func (w *walk) users(t *testing.T) {
	found := call[tools.UserSearchOut](w.rig, w.use("okta_user_search"), arguments{"query": "ada@acme.example.com"})
	want(t, "search: result", found.Result, "found")
	want(t, "search: user", found.Users[0].ID, w.staff[0])
	several := call[tools.BatchUserSearchOut](w.rig, w.use("okta_batch_user_search"),
		arguments{"names": []string{"ada@acme.example.com", "missing@acme.example.com"}})
	want(t, "batch search: found", len(several.Found), 1)
	want(t, "batch search: not found", len(several.NotFound), 1)
}

// lists assigns and grants by id, and plans to take the grant back.
func (w *walk) lists(t *testing.T, value string) {
	more := w.people("cy@acme.example.com", "di@acme.example.com")
	assigned := w.applied(w.use("okta_batch_assign_users"), arguments{"app_id": w.AppID, "user_ids": more[:1]})
	want(t, "assign: status", assigned.Status, "complete")
	want(t, "assign: the user is assigned", w.Tenant.Assigned(w.AppID, more[0]), true)

	wanted := []any{arguments{"user_id": more[1], "value_ids": []string{value}}}
	given := w.applied(w.use("okta_batch_create_grants"), arguments{"app_id": w.AppID, "grants": wanted})
	want(t, "grant: status", given.Status, "complete")
	want(t, "grant: the value is in force", w.Tenant.Effective(w.AppID, more[1])[value], true)

	undo := call[tools.PlanOut](w.rig, w.use("plan_undo"), arguments{"job_id": given.JobID})
	want(t, "undo: takes nothing away", undo.Counts.TakeAway == 0, false)
	want(t, "undo: has no next_step", undo.Next == "", false)
	pace := call[tools.RateStatusOut](w.rig, w.use("okta_get_rate_status"), nil)
	want(t, "pace: no calls", pace.Calls == 0, false)
	want(t, "pace: no buckets", len(pace.Buckets) == 0, false)
}

// TestSecondRunPlansNothing: a report that was granted leaves nothing to do, and a repeated plan_id finds its own end.
func TestSecondRunPlansNothing(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.small()
	for _, tool := range []string{"prepare_entitlement_structure", "execute_user_grants"} {
		done := r.applied(tool, arguments{"filename": "report.csv", "app_id": r.AppID})
		before := r.Writes()
		if again := call[tools.PlanOut](r, tool, arguments{"plan_id": done.PlanID}); again.Status != "complete" {
			t.Errorf("%s, same plan: %s", tool, again.Status)
		}
		if again := call[tools.PlanOut](r, tool,
			arguments{"filename": "report.csv", "app_id": r.AppID}); again.Status != "nothing_to_do" {
			t.Errorf("%s, planned again: %s", tool, again.Status)
		}
		if r.Writes() != before {
			t.Errorf("%s wrote again", tool)
		}
	}
}

// TestEachRowStateIsReported makes a report whose rows end in every way that planning can see, and adds them up.
func TestEachRowStateIsReported(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.people("ada@acme.example.com", "bob@acme.example.com", "off@acme.example.com")
	r.Tenant.SetUserStatus(r.Tenant.UserByEmail("off@acme.example.com"), "SUSPENDED")
	for _, login := range []string{"one@acme.example.com", "two@acme.example.com"} {
		r.Tenant.AddUser(oktasim.NewUser{Email: "twin@acme.example.com", Login: login})
	}
	_, values := r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin")
	bob := r.Tenant.UserByEmail("bob@acme.example.com")
	r.Tenant.AddGrant(oktasim.NewGrant{AppID: r.AppID, UserID: bob, Values: values})
	r.file("report.csv", "Email,Role,Effective_Access\nada@acme.example.com,Admin,Permitted\nbob@acme.example.com,Admin,Permitted\n"+
		"bob@acme.example.com,Admin,Denied\nada@acme.example.com,,Permitted\nnot an "+
		"address,Admin,Permitted\nghost@acme.example.com,Admin,Permitted\n"+
		"off@acme.example.com,Admin,Permitted\ntwin@acme.example.com,Admin,Permitted\nada@acme.example.com,Wizard,Permitted\n")
	done := r.applied("execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
	for _, state := range []string{"granted", "already_granted", "denied_access", "no_entitlement", "bad_row",
		"unknown_user", "inactive_user", "ambiguous_user", "unresolved_value"} {
		if done.Rows[state] != 1 {
			t.Errorf("%s: %d rows, want 1", state, done.Rows[state])
		}
	}
	if sum(done.Rows) != 9 || done.Total != 9 {
		t.Errorf("rows %v do not add up to 9 (%d)", done.Rows, done.Total)
	}
}
