package tools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/tools"
)

// doubtful has a word that is not known in the column that decides, and access that None may be.
const doubtful = "Email,Role,Decision\n" +
	"ada@acme.example.com,Admin,Approve\n" +
	"bob@acme.example.com,Viewer,Parked\n" +
	"cleo@acme.example.com,None,Approve\n" +
	"dee@acme.example.com,Viewer,Revoke\n"

// wanted are the answers that the tests give, by code of the doubt.
var wanted = map[string]string{"Parked": "it does not grant", "None": "there is no access"}

func answerTo(t *testing.T, question string, labels []string) string {
	t.Helper()
	for word, label := range wanted {
		if strings.Contains(question, word) {
			for _, l := range labels {
				if strings.HasPrefix(l, label) {
					return l
				}
			}
		}
	}
	t.Errorf("no answer is known to %q: %q", question, labels)
	return ""
}

func (r *rig) doubtful() arguments {
	r.t.Helper()
	r.file("report.csv", doubtful)
	r.people("ada@acme.example.com", "bob@acme.example.com", "cleo@acme.example.com", "dee@acme.example.com")
	r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer", "None")
	return arguments{"filename": "report.csv", "app_id": r.AppID}
}

// settled adds the arguments that settle the doubts of a report, as the analysis gives them.
func (r *rig) settled(args arguments) arguments {
	r.t.Helper()
	seen := call[tools.AnalyzeOut](r, "analyze_csv_for_entitlements", arguments{"filename": args["filename"]})
	all := maps.Clone(args)
	for _, doubt := range seen.Doubts {
		var labels []string
		for _, a := range doubt.Answers {
			labels = append(labels, a.Label)
		}
		label := answerTo(r.t, doubt.Question, labels)
		at := slices.IndexFunc(doubt.Answers, func(a tools.AnswerItem) bool { return a.Label == label })
		var more arguments
		if err := json.Unmarshal([]byte(doubt.Answers[at].Argument), &more); err != nil {
			r.t.Fatal(err)
		}
		maps.Copy(all, more)
	}
	return all
}

// nothingPlanned: no plan was saved, and nothing written.
func (r *rig) nothingPlanned() {
	r.t.Helper()
	r.nothingWritten()
	saved, err := filepath.Glob(filepath.Join(filepath.Dir(r.Dir), "plans", "*"))
	if err != nil || len(saved) != 0 {
		r.t.Errorf("plans were saved: %v %v", saved, err)
	}
}

func (r *rig) load(id string) *plan.Plan {
	r.t.Helper()
	p, err := r.deps.Plans.Load(id)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// TestDoubtsEndInTheSamePlan: whether the user fills in a form or the conversation sends arguments.
func TestDoubtsEndInTheSamePlan(t *testing.T) {
	for _, tool := range []string{"prepare_entitlement_structure", "execute_user_grants"} {
		t.Run(tool, func(t *testing.T) { sameEnd(t, tool) })
	}
}

func sameEnd(t *testing.T, tool string) {
	r := newRig(t, rigOptions{})
	args := r.doubtful()
	if tool == "prepare_entitlement_structure" {
		args["app_id"] = r.Tenant.AddApp(oktasim.NewApp{Label: "Empty"})
	}
	problem := r.refused(tool, args, "reading_in_doubt")
	for _, word := range []string{`"Decision"`, `"Role"`, `{"words":{"Decision":{"Parked":"refuses"}}}`, `{"none_is":"no_value"}`} {
		if !strings.Contains(problem.Message+problem.Next, word) {
			t.Errorf("the refusal does not name %s: %+v", word, problem)
		}
	}
	byArguments := call[tools.PlanOut](r, tool, r.settled(args))
	if byArguments.Status != "needs_confirmation" || byArguments.Reading == nil {
		t.Fatalf("by arguments: %s, reading %+v", byArguments.Status, byArguments.Reading)
	}
	for _, word := range []string{"person = Email", "access = Role", "Decision: Approve grants"} {
		if !strings.Contains(byArguments.Reading.Summary, word) {
			t.Errorf("the plan does not say %q: %s", word, byArguments.Reading.Summary)
		}
	}
	if s := strings.Join(byArguments.Reading.Settled, "\n"); strings.Count(s, "by arguments, not by a person") != 2 {
		t.Errorf("the plan does not say who settled the doubts: %s", s)
	}
	want := r.load(byArguments.PlanID)
	for _, era := range eras {
		var questions []mcp.ElicitationParams
		asked := r.restart(rigOptions{protocol: era, answer: "accept", form: answering{
			apply:  "decline",
			choose: func(question string, labels []string) string { return answerTo(t, question, labels) },
			asked:  func(q mcp.ElicitationParams) { questions = append(questions, q) },
		}})
		out := call[tools.PlanOut](asked, tool, args)
		if out.Status != "declined" || len(questions) != 2 {
			t.Fatalf("%s: status %s after %d questions", era, out.Status, len(questions))
		}
		if out.Reading == nil || strings.Count(strings.Join(out.Reading.Settled, ""), "by a person, in a form") != 2 {
			t.Errorf("%s: the plan does not say that a form settled the doubts: %+v", era, out.Reading)
		}
		got := asked.load(out.PlanID)
		if !reflect.DeepEqual(got.Ops, want.Ops) || !reflect.DeepEqual(got.Rows, want.Rows) {
			t.Errorf("%s: another plan:\n%+v\n%+v\nwant\n%+v\n%+v", era, got.Ops, got.Rows, want.Ops, want.Rows)
		}
		message := questions[1].Message
		if !strings.Contains(message, "person = Email, access = Role, Decision: Approve grants") ||
			strings.Contains(message, "not by a person") {
			t.Errorf("%s: the confirmation is %s", era, message)
		}
	}
	r.nothingWritten()
}

// TestConfirmationNamesDoubtsThatNoPersonSettled, also to a client that can be asked: the arguments came first.
func TestConfirmationNamesDoubtsThatNoPersonSettled(t *testing.T) {
	r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
	_, _, message := r.askWith("execute_user_grants", r.settled(r.doubtful()))
	for _, word := range []string{"Settled by arguments, not by a person: ", `unknown_word "Decision": "'Parked' refuses"`,
		`none_in_doubt "Role": "no_value"`} {
		if !strings.Contains(message, word) {
			t.Errorf("the confirmation does not say %q: %s", word, message)
		}
	}
}

// TestFormThatIsNotFilledInPlansNothing: the answer is the refusal, with the arguments.
func TestFormThatIsNotFilledInPlansNothing(t *testing.T) {
	for _, era := range eras {
		for name, o := range map[string]rigOptions{
			"declined":      {answer: "decline"},
			"cancelled":     {answer: "cancel"},
			"another word":  {answer: "accept", form: answering{choose: func(string, []string) string { return "it is fine" }}},
			"an empty word": {answer: "accept", form: answering{choose: func(string, []string) string { return "" }}},
		} {
			t.Run(era+" "+name, func(t *testing.T) {
				o.protocol = era
				r := newRig(t, o)
				problem := r.refused("execute_user_grants", r.doubtful(), "reading_in_doubt")
				if !strings.Contains(problem.Next, `{"none_is":"no_value"}`) {
					t.Errorf("the refusal names no argument: %+v", problem)
				}
				r.nothingPlanned()
			})
		}
	}
}

// TestClientThatHasNoFormsGetsArguments: elicitation of another kind is no form.
func TestClientThatHasNoFormsGetsArguments(t *testing.T) {
	r := newRig(t, rigOptions{protocol: "2026-07-28"})
	args := r.doubtful()
	result := r.messageOf("execute_user_grants", args, nil, arguments{"elicitation": arguments{"url": arguments{}}})
	if !strings.Contains(string(result), "reading_in_doubt") {
		t.Errorf("got %s", result)
	}
}

func TestDoubtThatArgumentsLeaveOpenIsRefused(t *testing.T) {
	for _, answer := range []string{"", "accept"} {
		r := newRig(t, rigOptions{answer: answer, form: answering{choose: func(question string, _ []string) string {
			if !strings.Contains(question, "None") {
				t.Errorf("the form asks what arguments settled: %s", question)
			}
			return ""
		}}})
		args := r.doubtful()
		args["words"] = arguments{"Decision": arguments{"Parked": "refuses"}}
		problem := r.refused("execute_user_grants", args, "reading_in_doubt")
		if !strings.Contains(problem.Message, "none_in_doubt") || strings.Contains(problem.Message, "unknown_word") {
			t.Errorf("the refusal is %+v", problem)
		}
		r.nothingPlanned()
	}
}

func TestArgumentsThatContradictTheReportNameTheNearest(t *testing.T) {
	r := newRig(t, rigOptions{})
	plain := r.doubtful()
	for _, c := range []struct {
		argument string
		value    any
		code     string
		nearest  string
	}{
		{"words", arguments{"Decison": arguments{"Parked": "refuses"}}, "unknown_column", "Decision"},
		{"words", arguments{"Decision": arguments{"Parkd": "refuses"}}, "unknown_word", "Parked"},
		{"words", arguments{"Decision": arguments{"Parked": "maybe"}}, "unusable_answer", "refuses"},
		{"rows", arguments{"Rolle": []string{"Admin"}}, "unknown_column", "Role"},
		{"rows", arguments{"Role": []string{"Admn"}}, "unknown_value", "Admin"},
		{"columns", arguments{"user": "E-mail address"}, "unknown_column", "Email"},
		{"layout", "matrx", "unusable_answer", "matrix"},
		{"header_line", 700, "unknown_line", "line"},
		{"encoding", "klingon", "bad_encoding", "shift_jis"},
		{"date_order", "day", "unusable_answer", "day_first"},
		{"none_is", "nothing", "unusable_answer", "no_value"},
		{"commas", "cut", "unusable_answer", "split"},
		{"sheet", "Roles", "unknown_sheet", "workbook"},
		{"delimiter", "comma and more", "unusable_answer", "|"},
		{"hidden", "show", "unusable_answer", "leave_out"},
	} {
		args := maps.Clone(plain)
		args[c.argument] = c.value
		for _, tool := range []string{"analyze_csv_for_entitlements", "validate_csv_preflight", "execute_user_grants"} {
			if tool != "execute_user_grants" {
				delete(args, "app_id")
			} else {
				args["app_id"] = r.AppID
			}
			problem := r.refused(tool, args, c.code)
			if !strings.Contains(problem.Message+problem.Next, c.nearest) {
				t.Errorf("%s %s %v: %q is not named: %+v", tool, c.argument, c.value, c.nearest, problem)
			}
		}
	}
	r.nothingPlanned()
}

// TestReportThatChangesUnderItsFormIsAskedAgain: answers belong to the file that was asked about.
func TestReportThatChangesUnderItsFormIsAskedAgain(t *testing.T) {
	for _, era := range eras {
		var r *rig
		r = newRig(t, rigOptions{protocol: era, answer: "accept", form: answering{asked: func(mcp.ElicitationParams) {
			r.file("report.csv", strings.ReplaceAll(doubtful, "Viewer", "Admin"))
		}}})
		r.refused("execute_user_grants", r.doubtful(), "file_changed")
		r.nothingPlanned()
	}
}

func TestAnswerToAFormIsBoundToItsCall(t *testing.T) {
	r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
	args := r.doubtful()
	state := r.formState("execute_user_grants", args)
	other := maps.Clone(args)
	other["none_is"] = "value"
	yes := arguments{"action": "accept", "content": arguments{"apply": true}}
	for what, c := range map[string]struct {
		tool string
		args arguments
	}{
		"another tool":     {"prepare_entitlement_structure", args},
		"another argument": {"execute_user_grants", other},
	} {
		if _, problem := r.answerTo(c.tool, c.args, state, yes); problem.Code != "question_void" {
			t.Errorf("%s: %+v, want question_void", what, problem)
		}
	}
	// A tick for a plan is no answer to a form.
	if _, problem := r.answerTo("execute_user_grants", args, state, yes); problem.Code != "reading_in_doubt" {
		t.Errorf("a tick: %+v, want reading_in_doubt", problem)
	}
	r.nothingPlanned()
}

func TestSavedPlanIsNotAppliedWithAnotherReading(t *testing.T) {
	r := newRig(t, rigOptions{})
	planned := call[tools.PlanOut](r, "execute_user_grants", r.settled(r.doubtful()))
	r.refused("execute_user_grants", arguments{"plan_id": planned.PlanID, "none_is": "value"}, "conflicting_arguments")
	r.nothingWritten()
	if done := call[tools.PlanOut](r, "execute_user_grants", arguments{"plan_id": planned.PlanID}); done.Status != "complete" {
		t.Errorf("the plan alone: %s", done.Status)
	}
}

// TestAnswerThatOpensADoubtIsAskedAbout: a column that an answer makes access may have cells that are doubtful.
func TestAnswerThatOpensADoubtIsAskedAbout(t *testing.T) {
	for _, era := range eras {
		var questions []string
		r := newRig(t, rigOptions{protocol: era, answer: "accept", form: answering{
			choose: func(question string, labels []string) string {
				questions = append(questions, question)
				for _, want := range []string{"Bundle", "there is no access"} {
					for _, l := range labels {
						if strings.HasPrefix(l, want) {
							return l
						}
					}
				}
				t.Errorf("no answer is known to %q: %q", question, labels)
				return ""
			},
		}})
		var report strings.Builder
		report.WriteString("Email,Bundle,Collection\n")
		var everyone []string
		for i := range 30 {
			email := fmt.Sprintf("user%d@acme.example.com", i)
			everyone = append(everyone, email)
			fmt.Fprintf(&report, "%s,%s,%s\n", email, []string{"None", "gold-sales", "silver-ops"}[i%3],
				[]string{"alpha_2", "beta_3"}[i%2])
		}
		r.file("report.csv", report.String())
		r.people(everyone...)
		r.Tenant.AddEntitlement(r.AppID, "Bundle", true, "gold-sales", "silver-ops")
		out := call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
		if len(questions) != 2 || out.Status != "complete" || out.Rows["granted"] != 20 ||
			out.Rows["no_entitlement"] != 10 {
			t.Errorf("%s: %s %v after %q", era, out.Status, out.Rows, questions)
		}
	}
}
