package tools_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// asking is a client whose user answers forms, and confirms plans or not.
func asking(t *testing.T, apply string, questions *int) rigOptions {
	return rigOptions{answer: "accept", form: answering{
		apply:  apply,
		choose: func(question string, labels []string) string { return answerTo(t, question, labels) },
		asked:  func(mcp.ElicitationParams) { *questions++ },
	}}
}

// TestAnswersAreRememberedOnceAPersonConfirmedThePlan: the next report with the same header is read by them. What a
// conversation said and confirmed is asked again.
func TestAnswersAreRememberedOnceAPersonConfirmedThePlan(t *testing.T) {
	r := newRig(t, rigOptions{})
	args := r.doubtful()
	r.people("eve@acme.example.com")
	next := func() arguments {
		r.file("next.csv", doubtful+"eve@acme.example.com,Viewer,Approve\n")
		return arguments{"filename": "next.csv", "app_id": r.AppID}
	}
	out := call[tools.PlanOut](r, "execute_user_grants", r.settled(args))
	r.refused("execute_user_grants", next(), "reading_in_doubt")
	if done := call[tools.PlanOut](r, "execute_user_grants", arguments{"plan_id": out.PlanID}); done.Status != "complete" {
		t.Fatalf("%s", done.Status)
	}
	r.refused("execute_user_grants", next(), "reading_in_doubt")

	questions := 0
	r = r.restart(asking(t, "decline", &questions))
	if out := call[tools.PlanOut](r, "execute_user_grants", next()); out.Status != "declined" || questions != 2 {
		t.Fatalf("%s after %d questions", out.Status, questions)
	}
	r = r.restart(rigOptions{})
	r.refused("execute_user_grants", next(), "reading_in_doubt")

	r.file("more.csv", doubtful+"eve@acme.example.com,Viewer,Approve\n")
	questions = 0
	r = r.restart(asking(t, "accept", &questions))
	if out := call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "more.csv", "app_id": r.AppID}); out.Status != "complete" {
		t.Fatalf("%s after %d questions", out.Status, questions)
	}
	r = r.restart(rigOptions{})
	out = call[tools.PlanOut](r, "execute_user_grants", next())
	if out.Reading == nil || strings.Count(strings.Join(out.Reading.Settled, "\n"), "by a saved mapping") != 2 {
		t.Errorf("the confirmed answers are not applied: %s %+v", out.Status, out.Reading)
	}
	for _, tool := range []string{"analyze_csv_for_entitlements", "validate_csv_preflight"} {
		for app, open := range map[string]int{"": 2, r.AppID: 0} {
			seen := call[struct{ Doubts []any }](r, tool, arguments{"filename": "next.csv", "app_id": app})
			if len(seen.Doubts) != open {
				t.Errorf("%s of the application %q has the doubts %+v, want %d", tool, app, seen.Doubts, open)
			}
		}
	}
	other := next()
	other["app_id"] = r.Tenant.AddApp(oktasim.NewApp{Label: "Other"})
	r.refused("prepare_entitlement_structure", other, "reading_in_doubt")
}

func TestAMappingThatCannotBeReadIsSaid(t *testing.T) {
	r := newRig(t, rigOptions{})
	args := r.doubtful()
	folder := filepath.Join(filepath.Dir(r.Dir), mapping.Folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "finance.json"), []byte("{\n\"format\": 1,\n\"knd\": 2}"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := call[tools.PlanOut](r, "execute_user_grants", r.settled(args))
	if len(out.Warnings) == 0 || out.Warnings[0].Code != "mapping_damaged" || !strings.Contains(out.Warnings[0].What, "finance.json line 3") {
		t.Errorf("%+v", out.Warnings)
	}
}

func TestAKnownExportNeedsNoQuestionOrIsRefused(t *testing.T) {
	r := newRig(t, rigOptions{})
	for _, name := range []string{"sap-agr-users", "aws-credential-report"} {
		text, err := os.ReadFile("../internal/intake/exports/testdata/" + name + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		r.file(name+".csv", string(text))
	}
	out := call[tools.PlanOut](r, "prepare_entitlement_structure", arguments{"filename": "sap-agr-users.csv", "app_id": r.AppID})
	if out.Status != "needs_confirmation" || out.Counts.CreateValues == 0 {
		t.Errorf("%s %+v", out.Status, out.Counts)
	}
	r.refused("prepare_entitlement_structure", arguments{"filename": "aws-credential-report.csv", "app_id": r.AppID}, "no_entitlement_column")
}
