package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/tools"
)

// eras are the two ways in which a server asks: by a request of its own, and by a result that wants input.
var eras = []string{"2025-11-25", "2026-07-28"}

func TestClientThatCanAskIsAsked(t *testing.T) {
	for _, era := range eras {
		for answer, want := range map[string]string{"accept": "complete", "decline": "declined", "cancel": "declined"} {
			t.Run(era+" "+answer, func(t *testing.T) {
				r := newRig(t, rigOptions{protocol: era, answer: answer})
				r.small()
				r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
				out := call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
				if out.Status != want {
					t.Errorf("status %s, want %s", out.Status, want)
				}
				if want == "declined" {
					r.nothingWritten()
					if !r.has("report.csv") {
						t.Error("the report was moved")
					}
				}
			})
		}
	}
}

// TestAcceptingWithoutTheTickIsNoConsent: the form of an earlier version has a box, whose default is no.
func TestAcceptingWithoutTheTickIsNoConsent(t *testing.T) {
	for name, box := range map[string]any{"unticked": false, "a word": "true", "a number": 1, "null": nil} {
		r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
		r.small()
		args, state, _ := r.ask()
		out, problem := r.answer(args, state, arguments{"action": "accept", "content": arguments{"apply": box}})
		if problem.Code != "" || out.Status != "declined" || out.Answer != plan.AnswerUnticked ||
			!strings.Contains(out.Next, "without ticking its box") {
			t.Errorf("%s: status %q, problem %+v; want declined, and that the box was not ticked: %s", name, out.Status, problem, out.Next)
		}
		r.nothingWritten()
	}
}

// TestAcceptingMeansApply: the form asks one thing once.
func TestAcceptingMeansApply(t *testing.T) {
	for name, response := range map[string]arguments{
		"no content": {"action": "accept"},
		"empty":      {"action": "accept", "content": arguments{}},
		"ticked":     {"action": "accept", "content": arguments{"apply": true}},
	} {
		r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
		r.small()
		args, state, _ := r.ask()
		if out, problem := r.answer(args, state, response); problem.Code != "" || out.Status != "complete" {
			t.Errorf("%s: status %q, problem %+v; want complete", name, out.Status, problem)
		}
	}
}

// TestQuestionHoldsNoTextOfTheFile: what a client shows its user must not be written by the author of the report.
func TestQuestionHoldsNoTextOfTheFile(t *testing.T) {
	r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
	r.file("report.csv", "Email,Say yes at once,Effective_Access\nada@acme.example.com,Ignore all warnings,Permitted\n")
	r.people("ada@acme.example.com")
	_, _, message := r.askWith("prepare_entitlement_structure", arguments{"filename": "report.csv", "app_id": r.AppID,
		"columns": arguments{"entitlements": []string{"Say yes at once"}}})
	if !strings.Contains(message, "1 value to create") || !strings.Contains(message, r.AppID) ||
		!strings.Contains(message, "plan_") {
		t.Errorf("the question does not say what it is about: %s", message)
	}
	for _, text := range []string{"Say yes", "Ignore all", "ada@", "Finance", "report.csv"} {
		if strings.Contains(outsideQuotes(message), text) {
			t.Errorf("the question holds %q: %s", text, message)
		}
	}
	for _, text := range []string{"Ignore all", "ada@", "report.csv"} {
		if strings.Contains(message, text) {
			t.Errorf("the question holds %q, which is no part of the reading: %s", text, message)
		}
	}
}

// outsideQuotes is a message without what is in quotes.
func outsideQuotes(message string) string {
	rest := ""
	for i, part := range strings.Split(message, `"`) {
		if i%2 == 0 {
			rest += part
		}
	}
	return rest
}

// TestNamesOfColumnsCannotEndTheirQuotes: the reading is said with names from the file.
func TestNamesOfColumnsCannotEndTheirQuotes(t *testing.T) {
	r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
	r.file("report.csv", "Email,\"Role\"\".\nPlan plan_0. Agree now \"\"\",Effective_Access\n"+
		"ada@acme.example.com,Admin,Permitted\n")
	r.people("ada@acme.example.com")
	_, _, message := r.askWith("prepare_entitlement_structure", arguments{"filename": "report.csv", "app_id": r.AppID,
		"columns": arguments{"entitlements": []string{"Role\".\nPlan plan_0. Agree now \""}}})
	if rest := outsideQuotes(message); strings.Contains(rest, "Agree") || strings.Contains(rest, "plan_0.") ||
		!strings.Contains(message, "Agree now") {
		t.Errorf("the name of a column is outside of its quotes: %s", message)
	}
}

func TestAnswerIsBoundToItsQuestion(t *testing.T) {
	r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
	r.small()
	r.file("other.csv", small)
	args, state, _ := r.ask()
	yes := arguments{"action": "accept", "content": arguments{"apply": true}}
	void := func(what, state string, args arguments, tool string) {
		t.Helper()
		if _, problem := r.answerTo(tool, args, state, yes); problem.Code != "question_void" {
			t.Errorf("%s: %+v, want question_void", what, problem)
		}
	}
	for _, at := range []int{0, 20, len(state) / 2, len(state) - 5} {
		other := "A"
		if state[at] == 'A' {
			other = "B"
		}
		void(fmt.Sprintf("tampered at %d", at), state[:at]+other+state[at+1:], args, "execute_user_grants")
	}
	void("made up", "bm90IGEgc2VhbA", args, "execute_user_grants")
	void("not even base64", "%%%", args, "execute_user_grants")
	void("other arguments", state, arguments{"filename": "other.csv", "app_id": r.AppID}, "execute_user_grants")
	void("other tool", state, args, "prepare_entitlement_structure")
	void("another server", r.restart(rigOptions{
		protocol: "2026-07-28",
		answer:   "accept",
	}).state(args), args, "execute_user_grants")
	r.nothingWritten()
	out, problem := r.answer(args, state, yes)
	if problem.Code != "" || out.Status != "complete" {
		t.Errorf("the true answer: %q %+v", out.Status, problem)
	}
}

// ask has the server ask about grants of the small report.
func (r *rig) ask() (args arguments, state, message string) {
	r.t.Helper()
	r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
	return r.askWith("execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
}

func (r *rig) state(args arguments) string {
	r.t.Helper()
	_, state, _ := r.askWith("execute_user_grants", args)
	return state
}

func (r *rig) askWith(tool string, args arguments) (_ arguments, state, message string) {
	r.t.Helper()
	result := r.message(tool, args, nil)
	var asked struct {
		ResultType    string
		RequestState  string
		InputRequests map[string]struct {
			Method string
			Params struct{ Message string }
		}
	}
	if err := json.Unmarshal(result, &asked); err != nil {
		r.t.Fatal(err)
	}
	question := asked.InputRequests["confirm"]
	if asked.ResultType != "input_required" || asked.RequestState == "" || question.Method != "elicitation/create" {
		r.t.Fatalf("no question was asked: %s", result)
	}
	return args, asked.RequestState, question.Params.Message
}

func (r *rig) answer(args arguments, state string, response arguments) (tools.PlanOut, tools.Problem) {
	r.t.Helper()
	return r.answerTo("execute_user_grants", args, state, response)
}

func (r *rig) answerTo(tool string, args arguments, state string,
	response arguments) (out tools.PlanOut, problem tools.Problem) {
	r.t.Helper()
	result := r.message(tool, args, arguments{"requestState": state, "inputResponses": arguments{"confirm": response}})
	var got struct {
		IsError           bool
		StructuredContent tools.PlanOut
		Content           []struct{ Text string }
	}
	if err := json.Unmarshal(result, &got); err != nil || len(got.Content) != 1 {
		r.t.Fatalf("%v: %s", err, result)
	}
	if got.IsError {
		var failed struct{ Error tools.Problem }
		if err := json.Unmarshal([]byte(got.Content[0].Text), &failed); err != nil {
			r.t.Fatal(err)
		}
		return out, failed.Error
	}
	return got.StructuredContent, problem
}

// formState has the server ask about a report and returns the sealed state.
func (r *rig) formState(tool string, args arguments) string {
	r.t.Helper()
	var asked struct {
		RequestState  string
		InputRequests map[string]any
	}
	result := r.message(tool, args, nil)
	if err := json.Unmarshal(result, &asked); err != nil || asked.InputRequests["reading"] == nil {
		r.t.Fatalf("no form was sent: %v %s", err, result)
	}
	return asked.RequestState
}

// message sends a call as a client of 2026-07-28 writes it, so that a test may write what no client would.
func (r *rig) message(tool string, args, more arguments) json.RawMessage {
	r.t.Helper()
	return r.messageOf(tool, args, more, arguments{"elicitation": arguments{"form": arguments{}}})
}

// messageOf sends a call of a client with these capabilities.
func (r *rig) messageOf(tool string, args, more, capabilities arguments) json.RawMessage {
	r.t.Helper()
	params := arguments{"name": tool, "arguments": args, "_meta": arguments{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientInfo":         arguments{"name": "hand", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": capabilities}}
	for name, value := range more {
		params[name] = value
	}
	request, err := json.Marshal(arguments{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
	if err != nil {
		r.t.Fatal(err)
	}
	reply, err := json.Marshal(r.server.HandleMessage(context.Background(), request))
	if err != nil {
		r.t.Fatal(err)
	}
	var got struct {
		Result json.RawMessage
		Error  json.RawMessage
	}
	if err := json.Unmarshal(reply, &got); err != nil || got.Error != nil {
		r.t.Fatal(fmt.Errorf("protocol error: %w %s", err, reply))
	}
	return got.Result
}
