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

// TestEachToolGivesItsMainAnswer walks the workflow with every tool of the catalogue. A tool that is not called fails
// it.
func TestEachToolGivesItsMainAnswer(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.deps.S3 = bucketWith(t, r.inbox, map[string]string{"may.csv": small})
	ids := r.small()
	called := map[string]bool{}
	use := func(tool string) string { called[tool] = true; return tool }

	about := call[tools.AboutOut](r, use("about"), nil)
	if about.Mode != "demo" || about.Version != "test" {
		t.Errorf("about: %+v", about)
	}
	tested := call[tools.OktaTestOut](r, use("okta_test"), nil)
	if tested.OrgID != r.Tenant.OrgID() || tested.Pipeline != "identity_engine" || tested.Cannot != 0 ||
		len(tested.Checks) != 4 {
		t.Errorf("okta_test: %+v", tested)
	}
	if got := call[tools.SyncOut](r, use("sync_s3_files"), nil); got.Copied != 1 || !r.has("s3/may.csv") {
		t.Errorf("sync: %+v", got)
	}
	files := call[tools.ListFilesOut](r, use("list_csv_files"), nil)
	if len(files.Files) != 2 || files.Files[0].Filename != "report.csv" || files.Files[0].State != "new" {
		t.Errorf("list: %+v", files)
	}
	page := call[tools.ReadFileOut](r, use("read_csv_file"), arguments{"filename": "report.csv", "limit": 2})
	if len(page.Rows) != 2 || page.Rows[0].Line != 2 || page.NextCursor == "" ||
		strings.Contains(page.Rows[0].Cells[0], "ada@") || page.Rows[0].Cells[1] != "Admin" {
		t.Errorf("read: %+v", page)
	}
	rest := call[tools.ReadFileOut](r, "read_csv_file",
		arguments{"filename": "report.csv", "cursor": page.NextCursor, "show_personal_data": true})
	if len(rest.Rows) != 1 || rest.Rows[0].Cells[0] != "bob@acme.example.com" || rest.NextCursor != "" {
		t.Errorf("read on: %+v", rest)
	}
	checked := call[tools.PreflightOut](r, use("validate_csv_preflight"), arguments{"filename": "report.csv"})
	if !checked.Usable || checked.Counts.Rows != 3 || checked.Counts.Denied != 1 {
		t.Errorf("preflight: %+v", checked)
	}
	analysed := call[tools.AnalyzeOut](r, use("analyze_csv_for_entitlements"), arguments{"filename": "report.csv"})
	if analysed.Counts.Wanted != 2 || len(analysed.Entitlements) != 1 || analysed.Entitlements[0].Name != "Role" ||
		!strings.Contains(analysed.Next, "prepare_entitlement_structure") {
		t.Errorf("analyse: %+v", analysed)
	}

	made := r.applied(use("prepare_entitlement_structure"), arguments{"filename": "report.csv", "app_id": r.AppID})
	if made.Status != "complete" || made.Done.EntitlementsCreated != 1 || made.Done.ValuesCreated != 2 ||
		!r.has("processed/report.csv") {
		t.Errorf("structure: %+v", made)
	}
	granted := r.applied(use("execute_user_grants"), arguments{"filename": "report.csv", "app_id": r.AppID})
	if granted.Status != "complete" || granted.Rows["granted"] != 2 || granted.Rows["denied_access"] != 1 ||
		granted.Done.UsersAssigned != 2 || !r.has("processed_and_assigned/report.csv") {
		t.Errorf("grants: %+v", granted)
	}
	if len(r.Tenant.Effective(r.AppID, ids[0])) != 1 {
		t.Error("the grant is not in force")
	}
	job := call[tools.JobOut](r, use("get_job"), arguments{"job_id": granted.JobID})
	if job.Status != "complete" || sum(job.Run.Rows) != 3 {
		t.Errorf("job: %+v", job)
	}
	if ended := call[tools.JobOut](r, use("cancel_job"), arguments{"job_id": granted.JobID}); ended.Status != "complete" {
		t.Errorf("cancel after the end: %+v", ended)
	}

	offered := call[tools.ListEntitlementsOut](r, use("okta_iga_list_entitlements"), arguments{"app_id": r.AppID})
	if offered.Total != 1 || offered.TotalValues != 2 {
		t.Fatalf("entitlements: %+v", offered)
	}
	values := call[tools.ListValuesOut](r, use("okta_iga_list_entitlement_values"),
		arguments{"entitlement_id": offered.Entitlements[0].ID, "limit": 1})
	if values.Total != 2 || len(values.Values) != 1 || values.NextCursor == "" {
		t.Fatalf("values: %+v", values)
	}
	second := call[tools.ListValuesOut](r, "okta_iga_list_entitlement_values",
		arguments{"entitlement_id": offered.Entitlements[0].ID, "cursor": values.NextCursor})
	if second.Total != 2 || len(second.Values) != 1 || second.Values[0].ID == values.Values[0].ID {
		t.Errorf("values, second page: %+v", second)
	}
	if found := call[tools.UserSearchOut](r, use("okta_user_search"),
		arguments{"query": "ada@acme.example.com"}); found.Result != "found" || found.Users[0].ID != ids[0] {
		t.Errorf("search: %+v", found)
	}
	several := call[tools.BatchUserSearchOut](r, use("okta_batch_user_search"),
		arguments{"names": []string{"ada@acme.example.com", "nobody@acme.example.com"}})
	if len(several.Found) != 1 || len(several.NotFound) != 1 {
		t.Errorf("batch search: %+v", several)
	}

	cy := r.people("cy@acme.example.com", "di@acme.example.com")
	if got := r.applied(use("okta_batch_assign_users"),
		arguments{"app_id": r.AppID, "user_ids": cy[:1]}); got.Status != "complete" || !r.Tenant.Assigned(r.AppID, cy[0]) {
		t.Errorf("assign: %+v", got)
	}
	wanted := []any{arguments{"user_id": cy[1], "value_ids": []string{values.Values[0].ID}}}
	given := r.applied(use("okta_batch_create_grants"), arguments{"app_id": r.AppID, "grants": wanted})
	if given.Status != "complete" || !r.Tenant.Effective(r.AppID, cy[1])[values.Values[0].ID] {
		t.Errorf("grant: %+v", given)
	}
	if undo := call[tools.PlanOut](r, use("plan_undo"),
		arguments{"job_id": given.JobID}); undo.Counts.TakeAway == 0 || undo.Next == "" {
		t.Errorf("undo: %+v", undo)
	}
	if pace := call[tools.RateStatusOut](r, use("okta_get_rate_status"), nil); pace.Calls == 0 || len(pace.Buckets) == 0 {
		t.Errorf("pace: %+v", pace)
	}
	r.auditInWorkflow(use, ids[0])
	for _, tool := range r.list() {
		if !called[tool.name] {
			t.Errorf("%s was not called; add it to this test", tool.name)
		}
	}
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
