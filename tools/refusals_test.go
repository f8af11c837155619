package tools_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/tools"
)

// planned makes a plan of the small report, for grants.
func (r *rig) planned() tools.PlanOut {
	r.t.Helper()
	r.small()
	r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
	return call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
}

// nothingWritten fails when the tenant was asked to change anything.
func (r *rig) nothingWritten() {
	r.t.Helper()
	if n := r.Writes(); n != 0 {
		r.t.Errorf("Okta was asked to change something %d times", n)
	}
}

func TestReplaceIsRefusedWithTheReason(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.small()
	problem := r.refused("prepare_entitlement_structure",
		arguments{"filename": "report.csv", "app_id": r.AppID, "mode": "replace"}, "refused_by_policy")
	if !strings.Contains(problem.Message, "remove") || !strings.Contains(problem.Next, "update") {
		t.Errorf("the reason or the way out is missing: %+v", problem)
	}
	r.nothingWritten()
}

func TestPlansAreAppliedOnlyAsTheyWereMeant(t *testing.T) {
	r := newRig(t, rigOptions{})
	p := r.planned()
	other := r.Tenant.AddApp(oktasim.NewApp{Label: "Other"})
	r.refused("prepare_entitlement_structure", arguments{"plan_id": p.PlanID}, "plan_of_other_tool")
	r.refused("okta_batch_assign_users", arguments{"plan_id": p.PlanID}, "plan_of_other_tool")
	r.refused("execute_user_grants", arguments{"plan_id": p.PlanID, "app_id": other}, "plan_of_other_app")
	r.refused("execute_user_grants", arguments{"plan_id": p.PlanID, "filename": "else.csv"}, "plan_of_other_file")
	r.refused("execute_user_grants", arguments{"plan_id": "plan_" + strings.Repeat("0", 32)}, "plan_not_found")
	r.refused("execute_user_grants", arguments{"plan_id": "../../etc/passwd"}, "plan_id_malformed")
	r.refused("get_job", arguments{"job_id": "nonsense"}, "plan_id_malformed")
	r.refused("cancel_job", arguments{"job_id": p.PlanID}, "job_not_running")
	r.nothingWritten()
}

func TestChangedFileIsNotAppliedFromItsOldPlan(t *testing.T) {
	r := newRig(t, rigOptions{})
	p := r.planned()
	r.file("report.csv", small+"ada@acme.example.com,Viewer,Permitted\n")
	r.refused("execute_user_grants", arguments{"plan_id": p.PlanID}, "file_changed")
	r.nothingWritten()
	if !r.has("report.csv") {
		t.Error("the report was moved")
	}
}

func TestDamagedPlanFilesAreRefused(t *testing.T) {
	damage := map[string]func(string) string{
		"cut short":     func(s string) string { return s[:len(s)/2] },
		"other user":    func(s string) string { return strings.ReplaceAll(s, `"user_id":"00u`, `"user_id":"00v`) },
		"other id":      func(s string) string { return strings.Replace(s, `"id":"plan_`, `"id":"plan_f`, 1) },
		"other format":  func(s string) string { return strings.Replace(s, `"format":2`, `"format":1`, 1) },
		"empty":         func(string) string { return "" },
		"no plan":       func(string) string { return "{}" },
		"another value": func(s string) string { return strings.Replace(s, `"adds":["ent`, `"adds":["eny`, 1) },
	}
	for name, spoil := range damage {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rigOptions{})
			p := r.planned()
			file := filepath.Join(filepath.Dir(r.Dir), "plans", p.PlanID+".json")
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			spoilt := spoil(string(text))
			if spoilt == string(text) {
				t.Fatal("the damage did no damage")
			}
			if err := os.WriteFile(file, []byte(spoilt), 0o600); err != nil {
				t.Fatal(err)
			}
			r.refused("execute_user_grants", arguments{"plan_id": p.PlanID}, "plan_damaged")
			r.refused("get_job", arguments{"job_id": p.PlanID}, "plan_damaged")
			r.nothingWritten()
		})
	}
}

func TestEntitlementManagementHasToBeOn(t *testing.T) {
	for status, code := range map[string]string{"DISABLED": "entitlement_management_off",
		"ENABLING": "entitlement_management_starting", "DISABLING": "entitlement_management_stopping"} {
		t.Run(status, func(t *testing.T) {
			r := newRig(t, rigOptions{})
			r.small()
			app := r.Tenant.AddApp(oktasim.NewApp{Label: "App", EMOptIn: status})
			for _, tool := range []string{"prepare_entitlement_structure", "execute_user_grants"} {
				r.refused(tool, arguments{"filename": "report.csv", "app_id": app}, code)
			}
			r.refused("okta_iga_list_entitlements", arguments{"app_id": app}, code)
			r.nothingWritten()
		})
	}
}

func TestReadOnlyWinsOverConfirmation(t *testing.T) {
	r := newRig(t, rigOptions{gate: policy.Options{ReadOnly: true}})
	p := r.planned()
	command := "okta-entitlements-mcp apply " + p.PlanID
	if p.Status != "needs_terminal" || p.PlanID == "" || p.Verdict == nil || p.Verdict.Rule != "read_only" ||
		!strings.Contains(p.Next, command) || strings.Contains(p.Next, "unset") {
		t.Errorf("planning under READ_ONLY: %+v", p)
	}
	refusal := r.refused("execute_user_grants", arguments{"plan_id": p.PlanID}, "refused_by_policy")
	job := call[tools.JobOut](r, "get_job", arguments{"job_id": p.PlanID})
	if !strings.Contains(refusal.Next, command) || job.Status != "needs_terminal" || !strings.Contains(job.Next, command) {
		t.Errorf("refused with %q; get_job says %s, %q", refusal.Next, job.Status, job.Next)
	}
	r.nothingWritten()
	var asked questions
	user := answering{asked: asked.see}
	for _, era := range eras {
		again := r.restart(rigOptions{protocol: era, answer: "accept", form: user, gate: policy.Options{ReadOnly: true}})
		again.refused("execute_user_grants", arguments{"plan_id": p.PlanID}, "refused_by_policy")
	}
	if asked.count() > 0 {
		t.Errorf("the user was asked about what may not be: %+v", asked.all)
	}
}

// TestReadOnlyListsWhatItCanDo: tools in two stages plan and say so; what only sends is left out. Found from outside: H4.
func TestReadOnlyListsWhatItCanDo(t *testing.T) {
	usual := map[string]listed{}
	for _, tool := range newRig(t, rigOptions{}).list() {
		usual[tool.name] = tool
	}
	seen := map[string]bool{}
	for _, tool := range newRig(t, rigOptions{gate: policy.Options{ReadOnly: true}}).list() {
		seen[tool.name] = true
		for _, problem := range violations(tool.fields) {
			t.Errorf("%s: %s", tool.name, problem)
		}
		before, now := string(usual[tool.name].json), string(tool.json)
		if !strings.Contains(before, `"plan_id":{"description":"Confirms`) {
			if before != now {
				t.Errorf("%s changed under READ_ONLY: %s", tool.name, now)
			}
			continue
		}
		inputs, _ := json.Marshal(tool.input)
		hints, _ := json.Marshal(tool.fields["annotations"])
		if strings.Contains(string(inputs), "plan_id") || !strings.Contains(string(hints), `"readOnlyHint":true`) ||
			!strings.Contains(tool.fields["description"].(string), "READ_ONLY is set") ||
			strings.Contains(tool.fields["description"].(string), "its plan_id") {
			t.Errorf("%s under READ_ONLY: %s", tool.name, now)
		}
	}
	for name := range usual {
		if seen[name] == (name == "okta_mfa_report") {
			t.Errorf("%s under READ_ONLY: listed %t", name, seen[name])
		}
	}
}

// TestAPlanIsAppliedByTheToolThatMadeIt: found from outside: B7.
func TestAPlanIsAppliedByTheToolThatMadeIt(t *testing.T) {
	r := newRig(t, rigOptions{})
	ids := r.small()
	_, values := r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
	file := arguments{"filename": "report.csv", "app_id": r.AppID}
	plans := map[string]string{}
	for tool, args := range map[string]arguments{
		"execute_user_grants":     file,
		"okta_batch_assign_users": {"app_id": r.AppID, "user_ids": ids},
		"okta_batch_create_grants": {"app_id": r.AppID,
			"grants": []arguments{{"user_id": ids[0], "value_ids": values[:1]}}},
	} {
		plans[tool] = call[tools.PlanOut](r, tool, args).PlanID
	}
	bare := r.Tenant.AddApp(oktasim.NewApp{Label: "Bare", EMOptIn: "ENABLED"})
	plans["prepare_entitlement_structure"] = call[tools.PlanOut](r, "prepare_entitlement_structure",
		arguments{"filename": "report.csv", "app_id": bare}).PlanID
	for maker, id := range plans {
		for other := range plans {
			if other == maker {
				continue
			}
			problem := r.refused(other, arguments{"plan_id": id}, "plan_of_other_tool")
			if !strings.Contains(problem.Message, maker) || !strings.Contains(problem.Next, "call "+maker+" with plan_id "+id) {
				t.Errorf("%s through %s: %+v", maker, other, problem)
			}
		}
	}
	r.nothingWritten()
	for maker, id := range plans {
		if out := call[tools.PlanOut](r, maker, arguments{"plan_id": id}); out.Status != "complete" {
			t.Errorf("%s: %s %s", maker, out.Status, out.Next)
		}
	}
}

// TestCustomMergeLeavesOutWhoWouldLoseSomething: in an organisation without additive grants, the union is posted, and a
// user with a grant that such a post would end is left alone.
func TestCustomMergeLeavesOutWhoWouldLoseSomething(t *testing.T) {
	r := newRig(t, rigOptions{mode: plan.ModeCustomMerge})
	ids := r.small()
	_, values := r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer", "Owner")
	r.Tenant.AddGrant(oktasim.NewGrant{
		AppID:  r.AppID,
		UserID: ids[0],
		Type:   "CUSTOM",
		Values: values[2:],
	})
	bundle := r.Tenant.AddBundle(r.AppID, "Starter", values[2])
	r.Tenant.AddGrant(oktasim.NewGrant{Type: "ENTITLEMENT-BUNDLE", UserID: ids[1], Bundle: bundle})
	done := r.applied("execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
	if done.Status != "complete" || done.Rows["granted"] != 1 || done.Rows["would_strip"] != 1 {
		t.Errorf("got %+v", done)
	}
	held := r.Tenant.Effective(r.AppID, ids[0])
	if !held[values[0]] || !held[values[2]] {
		t.Errorf("ada has %v, want the old and the new value", held)
	}
	if held := r.Tenant.Effective(r.AppID, ids[1]); !held[values[2]] {
		t.Errorf("bob lost the bundle: %v", held)
	}
}

func TestOrgWithoutAdditiveGrantsIsShownTheAlternative(t *testing.T) {
	r := newRig(t, rigOptions{world: worldOf(oktasim.Options{NoEntitlements: true})})
	p := r.planned()
	done := call[tools.PlanOut](r, "execute_user_grants", arguments{"plan_id": p.PlanID})
	if done.Status != "stopped" || done.Stop == nil || done.Stop.Code != "grant_mode_refused" ||
		!strings.Contains(done.Next, "custom-merge") {
		t.Errorf("got %+v", done)
	}
	if sum(done.Rows) != 3 || !r.has("report.csv") {
		t.Errorf("rows %v; the report is to stay in the inbox", done.Rows)
	}
}

func TestStalePlanIsRefused(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.small()
	_, values := r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
	p := call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
	r.Tenant.DeleteValue(values[0])
	text, failed := r.raw("execute_user_grants", arguments{"plan_id": p.PlanID})
	var out tools.PlanOut
	_ = json.Unmarshal([]byte(text), &out)
	if !failed && (out.Stop == nil || out.Stop.Code != "plan_stale") || failed && !strings.Contains(text, "plan_stale") {
		t.Errorf("got %s", text)
	}
	for _, held := range r.Tenant.ActiveGrants(r.AppID, r.Tenant.UserByEmail("ada@acme.example.com")) {
		t.Errorf("a grant was made from a stale plan: %+v", held)
	}
}

func TestS3IsOffUntilEnabled(t *testing.T) {
	r := newRig(t, rigOptions{})
	if problem := r.refused("sync_s3_files", nil, "s3_disabled"); !strings.Contains(problem.Next, "S3_ENABLED") {
		t.Errorf("next step: %s", problem.Next)
	}
	if list := call[tools.ListFilesOut](r, "list_csv_files", nil); list.S3 != "off" {
		t.Errorf("S3 is %s", list.S3)
	}
}

// TestOktaOutOfReachIsExplained: reads are tried again for a while, then the caller gets an error, and nothing was
// changed.
func TestOktaOutOfReachIsExplained(t *testing.T) {
	for _, c := range []struct {
		effect     oktasim.Effect
		code, okta string
	}{
		{oktasim.EffectRefuse, "okta_unavailable", ""}, {oktasim.EffectReset, "okta_unavailable", ""},
		{oktasim.Effect500, "okta_unavailable", "E0000009"},
		{oktasim.Effect502, "okta_unavailable", ""}, {oktasim.Effect503, "okta_unavailable", "E0000010"},
		{oktasim.EffectStall, "okta_unavailable", ""},
		{oktasim.EffectHTML, "bad_answer", ""}, {oktasim.EffectTruncate, "okta_unavailable", ""},
		{oktasim.EffectBare, "bad_answer", ""}, {oktasim.EffectOther, "bad_answer", ""}, {oktasim.EffectDrip, "okta_unavailable", ""},
	} {
		t.Run(string(c.effect), func(t *testing.T) {
			inBubble(t, rigOptions{}, func(t *testing.T, r *rig) {
				r.small()
				down := r.Tenant.Inject(oktasim.Fault{Times: -1, Effect: c.effect})
				for _, tool := range []string{"prepare_entitlement_structure", "execute_user_grants"} {
					if p := r.refused(tool, arguments{"filename": "report.csv", "app_id": r.AppID}, c.code); p.OktaCode != c.okta {
						t.Errorf("%s: Okta's code is %q, want %q: %s", tool, p.OktaCode, c.okta, p.Message)
					}
				}
				r.refused("okta_test", nil, c.code)
				call[tools.AnalyzeOut](r, "analyze_csv_for_entitlements", arguments{"filename": "report.csv"})
				if down.Fired() == 0 {
					t.Error("Okta was not down")
				}
				r.nothingWritten()
			})
		})
	}
}
