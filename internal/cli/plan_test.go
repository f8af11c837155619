package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/planning"
	"okta-entitlements-mcp/internal/trouble"
)

const (
	parked  = "Email,Role,Decision\na@x.example,Admin,Approve\nb@x.example,Viewer,Parked\nc@x.example,Viewer,Revoke\n"
	refuses = `{"words":{"Decision":{"Parked":"refuses"}}}`
)

// inbox puts a report into the inbox; a, b and c are users and the application has both roles.
func inbox(t *testing.T, w *app.World, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.Config.CSVDir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if len(w.Tenant.ValueNames(w.AppID)) > 0 {
		return
	}
	w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin", "Viewer")
	for _, name := range []string{"a", "b", "c", "d"} {
		w.Tenant.AddUser(oktasim.NewUser{Email: name + "@x.example"})
	}
}

func grantsOf(w *app.World, file string, answers ...intake.Answered) planning.Request {
	return planning.Request{File: file, AppID: w.AppID, Stage: plan.StageGrants, Answers: answers}
}

func answered(t *testing.T, by intake.By, text string) intake.Answered {
	t.Helper()
	answers, err := parseAnswers([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return intake.Answered{By: by, Answers: answers}
}

func TestPlanEndsWithTheDoubtsAndTheirArgumentsSettleThem(t *testing.T) {
	p, w := headless(t, nil)
	inbox(t, w, "parked.csv", parked)
	var out bytes.Buffer
	err := makePlan(t.Context(), p, grantsOf(w, "parked.csv"), desk{}, false, &out)
	if codeOf(err) != ExitUnfinished || trouble.CodeOf(err) != trouble.ReadingInDoubt {
		t.Fatalf("exit code %d, %v", codeOf(err), err)
	}
	var doubts DoubtsOut
	if err := json.Unmarshal(out.Bytes(), &doubts); err != nil {
		t.Fatalf("stdout is not one JSON object: %v\n%s", err, &out)
	}
	if doubts.Code != trouble.ReadingInDoubt || doubts.SHA256 == "" || len(doubts.Doubts) != 1 {
		t.Fatalf("%+v", doubts)
	}
	doubt := doubts.Doubts[0]
	if doubt.Code != intake.DoubtWords || doubt.Column != "Decision" || len(doubt.Answers) < 2 {
		t.Fatalf("%+v", doubt)
	}
	for _, a := range doubt.Answers {
		granting, _, said := strings.Cut(a.Effect, " grant")
		if !said {
			t.Errorf("%s does not say what it would do: %q", a.Label, a.Effect)
		}
		out.Reset()
		req := grantsOf(w, "parked.csv", answered(t, intake.ByArgument, string(a.Argument)))
		if err := makePlan(t.Context(), p, req, desk{}, true, &out); err != nil {
			t.Fatalf("%s: %v", a.Argument, err)
		}
		var made PlanJSON
		if err := json.Unmarshal(out.Bytes(), &made); err != nil {
			t.Fatal(err)
		}
		if n, _, _ := strings.Cut(granting, " row"); n != fmt.Sprint(made.Rows[plan.Planned]) {
			t.Errorf("%s said %q, and the plan has %v", a.Label, a.Effect, made.Rows)
		}
		if len(made.Settled) != 1 || made.Settled[0].By != intake.ByArgument || made.Apply != "okta-entitlements-mcp apply "+made.PlanID {
			t.Errorf("%+v", made)
		}
	}
	if w.Writes() != 0 {
		t.Errorf("planning wrote to Okta %d times", w.Writes())
	}
}

func TestAPersonAtATerminalIsAskedAndIsNamedInThePlan(t *testing.T) {
	p, w := headless(t, nil)
	inbox(t, w, "parked.csv", parked)
	var out, prompt bytes.Buffer
	person := desk{in: strings.NewReader("7\nwhat?\n2\nleft over\n"), prompt: &prompt, terminal: true}
	if err := makePlan(t.Context(), p, grantsOf(w, "parked.csv"), person, true, &out); err != nil {
		t.Fatalf("%v\n%s", err, &prompt)
	}
	if n := strings.Count(prompt.String(), "1 to 3, or q to leave"); n != 3 || !strings.Contains(prompt.String(), "rows grant") {
		t.Errorf("asked %d times:\n%s", n, &prompt)
	}
	if strings.HasPrefix(out.String(), "{") == false || strings.Contains(out.String(), "or q to leave") {
		t.Errorf("the question is on stdout: %s", &out)
	}
	var made PlanJSON
	if err := json.Unmarshal(out.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	saved, err := p.Plans.Load(made.PlanID)
	if err != nil || len(saved.Reading.Settled) != 1 || saved.Reading.Settled[0].By != intake.ByTerminal {
		t.Errorf("%v, %+v", err, made.Settled)
	}
	// The same answer from a job ends in the same operations and rows.
	out.Reset()
	argument := intake.Answered{By: intake.ByArgument, Answers: choice(t, p, w, 1)}
	if err := makePlan(t.Context(), p, grantsOf(w, "parked.csv", argument), desk{}, true, &out); err != nil {
		t.Fatal(err)
	}
	var job PlanJSON
	if err := json.Unmarshal(out.Bytes(), &job); err != nil {
		t.Fatal(err)
	}
	other, err := p.Plans.Load(job.PlanID)
	if err != nil || job.PlanID == made.PlanID || !slices.Equal(other.Rows, saved.Rows) || len(other.Ops) != len(saved.Ops) {
		t.Errorf("%v: %v against %v", err, job.Rows, made.Rows)
	}
	for _, words := range []string{"q\n", ""} {
		person := desk{in: strings.NewReader(words), prompt: &prompt, terminal: true}
		if err := makePlan(t.Context(), p, grantsOf(w, "parked.csv"), person, true, &out); codeOf(err) != ExitFailed {
			t.Errorf("%q: %v", words, err)
		}
	}
}

// choice is the answer at a place of the first doubt.
func choice(t *testing.T, p *app.App, w *app.World, at int) intake.Answers {
	t.Helper()
	r, err := p.Deps.Planner().Read(t.Context(), "parked.csv", w.AppID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return answered(t, "", r.Report.Open()[0].Answers[at].Argument).Answers
}

func TestAnswersOfFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "answers.json")
	if err := os.WriteFile(file, []byte(refuses+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	both := planFlags{answers: []string{`{"date_order":"day_first"}`}, files: []string{file}}
	for terminal, by := range map[bool]intake.By{true: intake.ByTerminal, false: intake.ByArgument} {
		given, err := both.given(terminal)
		if err != nil || len(given) != 2 || given[0].By != by || given[1].By != by ||
			given[1].Answers.Words["Decision"]["Parked"] != "refuses" {
			t.Errorf("%v, %+v", err, given)
		}
	}
	for name, flags := range map[string]planFlags{
		"no JSON":          {answers: []string{"Parked refuses"}},
		"a field too many": {answers: []string{`{"word":{}}`}},
		"two objects":      {answers: []string{`{} {}`}},
		"a list":           {answers: []string{`[]`}},
		"no file":          {files: []string{file + ".gone"}},
	} {
		if _, err := flags.given(false); codeOf(err) != ExitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswersThatContradictTheReportPlanNothing(t *testing.T) {
	p, w := headless(t, nil)
	inbox(t, w, "parked.csv", parked)
	for _, text := range []string{`{"words":{"Decison":{"Parked":"refuses"}}}`, `{"words":{"Decision":{"Packed":"refuses"}}}`,
		`{"columns":{"user":"Mail"}}`} {
		var out bytes.Buffer
		err := makePlan(t.Context(), p, grantsOf(w, "parked.csv", answered(t, intake.ByArgument, text)), desk{}, true, &out)
		if codeOf(err) != ExitFailed || out.Len() > 0 || trouble.Find(err) == nil {
			t.Errorf("%s: %v, %s", text, err, &out)
		}
	}
	plans, err := filepath.Glob(filepath.Join(w.Config.StateDir, "plans", "*.json"))
	if err != nil || len(plans) > 0 {
		t.Errorf("plans were saved: %v %v", plans, err)
	}
}

func TestAHeadlessPlanIsAppliedByTheCommandThatItPrints(t *testing.T) {
	p, w := headless(t, nil)
	inbox(t, w, "parked.csv", parked)
	var out bytes.Buffer
	if err := makePlan(t.Context(), p, grantsOf(w, "parked.csv", answered(t, intake.ByArgument, refuses)), desk{}, false, &out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"reading: person = Email, access = Role, Decision: Approve grants, Parked and Revoke do not",
		`settled: unknown_word in "Decision"`, "by arguments, not by a person", "rows: 1 planned, 2 denied_access", "to do: 1 user to assign"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	id := text[strings.LastIndex(text, "plan_"):]
	var prompt bytes.Buffer
	out.Reset()
	if err := apply(t.Context(), p, strings.TrimSpace(id), desk{prompt: &prompt}, &out); err != nil || held(w) != 1 || prompt.Len() > 0 {
		t.Errorf("%v, %d values held, %s", err, held(w), &prompt)
	}
	if err := apply(t.Context(), p, strings.TrimSpace(id), desk{prompt: &prompt, terminal: true}, &out); err != nil ||
		!strings.HasPrefix(prompt.String(), "reading: person = Email") {
		t.Errorf("at a terminal: %v, %s", err, &prompt)
	}
}
