package tools_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/tools"
)

// properties returns a schema's properties.
func properties(schema any) map[string]any {
	object, _ := schema.(map[string]any)
	fields, _ := object["properties"].(map[string]any)
	return fields
}

// sensible makes arguments that fit an input schema, so that one of them can be spoilt.
func sensible(schema any) arguments {
	args := arguments{}
	object, _ := schema.(map[string]any)
	required, _ := object["required"].([]any)
	for name, property := range properties(schema) {
		if slices.Contains(required, any(name)) {
			args[name] = sensibleValue(property)
		}
	}
	return args
}

func sensibleValue(property any) any {
	p := property.(map[string]any)
	switch p["type"] {
	case "string":
		if words, ok := p["enum"].([]any); ok {
			return words[0]
		}
		return "text"
	case "integer", "number":
		return 1
	case "boolean":
		return true
	case "array":
		return []any{sensibleValue(p["items"])}
	default:
		return sensible(p)
	}
}

func TestUnknownArgumentsAreRefusedByName(t *testing.T) {
	r := newRig(t, rigOptions{})
	for _, tool := range r.list() {
		args := sensible(tool.input)
		args["quite_something_else"] = 1
		problem := r.refused(tool.name, args, "unknown_argument")
		if !strings.Contains(problem.Message, `"quite_something_else"`) {
			t.Errorf("%s: the argument is not named: %s", tool.name, problem.Message)
		}
		for name := range properties(tool.input) {
			if !strings.Contains(problem.Next, name) {
				t.Errorf("%s: the next step does not say that there is %s: %s", tool.name, name, problem.Next)
			}
		}
	}
}

// TestMisspeltArgumentsAreRecognised: also where the misspelt one is required, the answer speaks of the spelling, since
// "filename is required" would puzzle a caller that sent file_name.
func TestMisspeltArgumentsAreRecognised(t *testing.T) {
	r := newRig(t, rigOptions{})
	for _, tool := range r.list() {
		for name := range properties(tool.input) {
			args := sensible(tool.input)
			delete(args, name)
			misspelt := name[:len(name)-1] + "_x"
			args[misspelt] = 1
			problem := r.refused(tool.name, args, "unknown_argument")
			if !strings.Contains(problem.Next, "did you mean "+name+"?") {
				t.Errorf("%s: %s is not taken for %s: %s", tool.name, misspelt, name, problem.Next)
			}
		}
	}
	for wrong, right := range map[string]string{"file_name": "filename", "fileName": "filename",
		"file": "filename", "appId": "app_id", "planId": "plan_id"} {
		problem := r.refused("execute_user_grants", arguments{wrong: "x"}, "unknown_argument")
		if !strings.Contains(problem.Next, "did you mean "+right+"?") {
			t.Errorf("%s is not taken for %s: %s", wrong, right, problem.Next)
		}
	}
	if problem := r.refused("analyze_csv_for_entitlements",
		arguments{"filename": "x", "columns": arguments{"entitlement": []string{"Role"}}},
		"unknown_argument"); !strings.Contains(problem.Next, "entitlements") ||
		!strings.Contains(problem.Message, "columns") {
		t.Errorf("a misspelling inside columns is answered with %+v", problem)
	}
}

// TestNullCountsAsLeftOut: clients send null for arguments that they leave out, also inside objects.
func TestNullCountsAsLeftOut(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.small()
	columns := arguments{"user": nil, "entitlements": []string{"Role"}, "others": nil}
	out := call[tools.PlanOut](r, "prepare_entitlement_structure", arguments{"filename": "report.csv",
		"app_id": r.AppID, "plan_id": nil, "mode": nil, "columns": columns, "words": nil, "header_line": nil})
	if out.Status != "needs_confirmation" || out.Counts.CreateValues != 2 {
		t.Errorf("status %s, planned %+v", out.Status, out.Counts)
	}
	problem := r.refused("analyze_csv_for_entitlements", arguments{"filename": nil}, "missing_argument")
	if !strings.Contains(problem.Message, "filename") {
		t.Errorf("a required argument that is null is answered with %q", problem.Message)
	}
	r.refused("okta_batch_user_search", arguments{"names": []any{nil}}, "wrong_type")
}

func TestWrongTypesAreRefusedByName(t *testing.T) {
	r := newRig(t, rigOptions{})
	for _, tool := range r.list() {
		for name, property := range properties(tool.input) {
			p := property.(map[string]any)
			wrong := []any{7, []any{}, arguments{}, true}
			if p["type"] != "string" {
				wrong = []any{"text"}
			}
			for _, value := range wrong {
				args := sensible(tool.input)
				args[name] = value
				problem := r.refused(tool.name, args, "wrong_type")
				if !strings.Contains(problem.Message, name) || !strings.Contains(problem.Message, fmt.Sprint(p["type"])) {
					t.Errorf("%s: %s as %v is answered with %q", tool.name, name, value, problem.Message)
				}
			}
		}
	}
}

func TestWrongWordsAreRefusedWithTheRightOnes(t *testing.T) {
	r := newRig(t, rigOptions{})
	seen := 0
	for _, tool := range r.list() {
		for name, property := range properties(tool.input) {
			words, ok := property.(map[string]any)["enum"].([]any)
			if !ok {
				continue
			}
			seen++
			args := sensible(tool.input)
			args[name] = "nonsense"
			problem := r.refused(tool.name, args, "wrong_value")
			for _, word := range words {
				if !strings.Contains(problem.Message+problem.Next, word.(string)) {
					t.Errorf("%s: %s: the word %s is not offered: %+v", tool.name, name, word, problem)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no tool has an argument with fixed words")
	}
}

func TestMissingArgumentsAreNamed(t *testing.T) {
	r := newRig(t, rigOptions{})
	for _, tool := range r.list() {
		for name := range sensible(tool.input) {
			args := sensible(tool.input)
			delete(args, name)
			if problem := r.refused(tool.name, args, "missing_argument"); !strings.Contains(problem.Message, name) {
				t.Errorf("%s: %s is missing and not named: %s", tool.name, name, problem.Message)
			}
		}
	}
}

// TestLimitsAndListsAreBounded holds the bounds that a schema does not hold.
func TestLimitsAndListsAreBounded(t *testing.T) {
	r := newRig(t, rigOptions{})
	r.small()
	entitlement, values := r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin")
	many := make([]string, 201)
	for i := range many {
		many[i] = fmt.Sprintf("00u%017d", i)
	}
	r.refused("read_csv_file", arguments{"filename": "report.csv", "limit": 101}, "wrong_limit")
	r.refused("read_csv_file", arguments{"filename": "report.csv", "limit": -1}, "wrong_limit")
	r.refused("okta_iga_list_entitlement_values", arguments{"entitlement_id": entitlement, "limit": 201}, "wrong_limit")
	r.refused("okta_iga_list_entitlement_values",
		arguments{"entitlement_id": entitlement, "cursor": "entNothing"}, "cursor_unknown")
	r.refused("okta_batch_user_search", arguments{"names": many}, "wrong_count")
	r.refused("okta_batch_user_search", arguments{"names": []string{}}, "wrong_count")
	r.refused("okta_batch_assign_users", arguments{"app_id": r.AppID, "user_ids": many}, "wrong_count")
	r.refused("okta_batch_assign_users", arguments{"app_id": r.AppID}, "wrong_count")
	grants := make([]any, 201)
	for i := range grants {
		grants[i] = arguments{"user_id": many[i], "value_ids": values}
	}
	r.refused("okta_batch_create_grants", arguments{"app_id": r.AppID, "grants": grants}, "wrong_count")
	r.refused("okta_batch_create_grants", arguments{"app_id": r.AppID,
		"grants": []any{arguments{"user_id": many[0], "value_ids": []string{}}}}, "missing_argument")
	r.refused("okta_user_search", arguments{"query": "  "}, "missing_argument")
	r.refused("execute_user_grants", arguments{}, "missing_argument")
	r.refused("prepare_entitlement_structure", arguments{"filename": "report.csv"}, "missing_argument")
	r.refused("okta_batch_assign_users", arguments{"user_ids": many[:1]}, "missing_argument")
}
