package tools_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/planning"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/tools"
)

// colleagues are the people of the reports in internal/intake/testdata/doubts.
var colleagues = []string{"ada.quill@acme.example.com", "bo.renner@acme.example.com", "cy.tolland@acme.example.com",
	"dee.marsh@acme.example.com", "eve.lindt@acme.example.com", "flo.zeman@acme.example.com"}

// hiddenRow is a workbook with a row that Excel does not show.
func hiddenRow(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range [][]any{{"Email", "Role", "Active"}, {colleagues[0], "Buyer", true}, {colleagues[1], "Viewer", true},
		{colleagues[2], "Viewer", false}} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err = errors.Join(err, f.SetSheetRow("Sheet1", cell, &row)); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := errors.Join(f.SetRowVisible("Sheet1", 3, false), f.Write(&b)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAllWaysOfAnsweringEndInTheSamePlan: a form, arguments of a conversation, and a command without a person.
func TestAllWaysOfAnsweringEndInTheSamePlan(t *testing.T) {
	for _, c := range []struct {
		doubt, answer string
		granted       int
	}{
		{intake.DoubtUser, "Email B", 4},
		{intake.DoubtWords, "none of them grants", 2},
		{intake.DoubtMayDecide, "it decides", 4},
		{intake.DoubtApplications, `the rows of "Workday"`, 3},
		{intake.DoubtAdvice, "it decides", 3},
		{intake.DoubtHidden, "leave them out", 1},
	} {
		t.Run(c.doubt, func(t *testing.T) {
			file, report := "report.csv", ""
			if c.doubt == intake.DoubtHidden {
				file, report = "report.xlsx", hiddenRow(t)
			} else {
				raw, err := os.ReadFile("../internal/intake/testdata/doubts/" + c.doubt + ".csv")
				if err != nil {
					t.Fatal(err)
				}
				report = string(raw)
			}
			threeWays(t, file, report, c.doubt, c.answer, c.granted)
		})
	}
}

func threeWays(t *testing.T, file, report, code, answer string, granted int) {
	r := newRig(t, rigOptions{})
	r.file(file, report)
	r.people(colleagues...)
	r.Tenant.AddEntitlement(r.AppID, "Role", true, "Buyer", "Viewer")
	args := arguments{"filename": file, "app_id": r.AppID}
	grants := planning.Request{File: file, AppID: r.AppID, Stage: plan.StageGrants}

	// The doubt and its argument are the same wherever they are read.
	seen := call[tools.AnalyzeOut](r, "analyze_csv_for_entitlements", arguments{"filename": file})
	_, reading, err := r.deps.Planner().Plan(t.Context(), grants)
	if trouble.CodeOf(err) != trouble.ReadingInDoubt || len(seen.Doubts) != 1 || seen.Doubts[0].Code != code {
		t.Fatalf("headless: %v; the analysis has %+v", err, seen.Doubts)
	}
	begins := func(label string) bool { return strings.HasPrefix(label, answer) }
	told := seen.Doubts[0].Answers[slices.IndexFunc(seen.Doubts[0].Answers, func(a tools.AnswerItem) bool {
		return begins(a.Label)
	})]
	open := reading.Report.Open()[0].Answers
	if a := open[slices.IndexFunc(open, func(a intake.Answer) bool { return begins(a.Label) })]; a.Argument != told.Argument {
		t.Errorf("headless names %s, the analysis %s", a.Argument, told.Argument)
	}

	var answers intake.Answers
	more := arguments{"filename": file, "app_id": r.AppID}
	if err := errors.Join(json.Unmarshal([]byte(told.Argument), &answers),
		json.Unmarshal([]byte(told.Argument), &more)); err != nil {
		t.Fatal(err)
	}
	grants.Answers = []intake.Answered{{By: intake.ByArgument, Answers: answers}}
	headless, _, err := r.deps.Planner().Plan(t.Context(), grants)
	if err != nil {
		t.Fatal(err)
	}
	if headless.States()[plan.Planned] != granted {
		t.Errorf("the plan has the rows %v, want %d planned", headless.States(), granted)
	}
	byArguments := r.load(call[tools.PlanOut](r, "execute_user_grants", more).PlanID)
	asked := r.restart(rigOptions{answer: "accept", form: answering{
		apply: "decline",
		choose: func(question string, labels []string) string {
			return labels[slices.IndexFunc(labels, begins)]
		},
	}})
	byForm := asked.load(call[tools.PlanOut](asked, "execute_user_grants", args).PlanID)
	for way, got := range map[string]*plan.Plan{"by arguments": byArguments, "by a form": byForm} {
		if !reflect.DeepEqual(got.Ops, headless.Ops) || !reflect.DeepEqual(got.Rows, headless.Rows) {
			t.Errorf("%s another plan:\n%+v\n%+v\nwithout a person\n%+v\n%+v", way, got.Ops, got.Rows, headless.Ops, headless.Rows)
		}
	}
	r.nothingWritten()
}
