package tools_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/tools"
)

// cases are reports as people really have them; the note beside each says what must be true of it.
const (
	cases        = "../internal/intake/testdata/cases"
	caseOutcomes = "testdata/cases.txt"
)

var anyAddress = regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)+`)

// TestReportsOfTheFieldEndAsTheyShould takes each case through the real planning tools, on a tenant that has everyone
// whose address is in the file: a certifier or a manager who was taken for the user would be granted access. The file of
// outcomes says who gets what, or which doubts are asked; each line was held against the note of its case.
func TestReportsOfTheFieldEndAsTheyShould(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(cases, "given-*.csv"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	var got strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s\n%s", filepath.Base(file), outcomeOf(t, string(text)))
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(caseOutcomes, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(caseOutcomes)
	if err != nil {
		t.Fatal(err)
	}
	if was := strings.ReplaceAll(string(want), "\r\n", "\n"); was != got.String() {
		t.Errorf("another outcome: %s", firstDifference(was, got.String()))
	}
}

// outcomeOf plans and applies the structure of a report, and plans its grants.
func outcomeOf(t *testing.T, text string) string {
	r := newRig(t, rigOptions{})
	app := r.Tenant.AddApp(oktasim.NewApp{Label: "Case"})
	r.file("case.csv", text)
	addresses := anyAddress.FindAllString(text, -1)
	for i := range addresses {
		addresses[i] = strings.ToLower(addresses[i])
	}
	slices.Sort(addresses)
	r.Tenant.SeedPeople(slices.Compact(addresses))
	args := arguments{"filename": "case.csv", "app_id": app}
	planned, problem := r.try("prepare_entitlement_structure", args)
	_, second := r.try("execute_user_grants", args)
	if second.Code != problem.Code {
		t.Errorf("stage 2 says %q and stage 3 %q", problem.Code, second.Code)
	}
	if problem.Code != "" {
		r.nothingPlanned()
		return r.doubtsOf(problem)
	}
	var out strings.Builder
	structure := r.load(planned.PlanID)
	for i := range structure.Ops {
		target, values := plan.KindOf(structure.Ops[i].Kind).Describe(&structure.Ops[i])
		fmt.Fprintf(&out, "  creates %s: %s\n", target, texts(values))
	}
	call[tools.PlanOut](r, "prepare_entitlement_structure", arguments{"plan_id": planned.PlanID})
	granted, _ := r.try("execute_user_grants", args)
	for _, line := range grantsOf(r.load(granted.PlanID)) {
		out.WriteString("  grants " + line + "\n")
	}
	var states []string
	for state, n := range granted.Rows {
		states = append(states, fmt.Sprintf("%d %s", n, state))
	}
	slices.Sort(states)
	fmt.Fprintf(&out, "  rows: %s\n", strings.Join(states, ", "))
	return out.String()
}

// grantsOf lists who is granted what, by address.
func grantsOf(p *plan.Plan) []string {
	emails, names := map[string]string{}, map[string]string{}
	for _, v := range p.Values {
		names[v.ID] = fmt.Sprintf("%s %s", v.Entitlement, v.Name)
	}
	for i := range p.People {
		emails[p.People[i].UserID] = p.People[i].Email.String()
	}
	var lines []string
	for i := range p.Ops {
		if op := &p.Ops[i]; op.Kind != plan.KindAssignUser {
			var values []string
			for _, id := range op.Adds {
				values = append(values, names[id])
			}
			lines = append(lines, emails[op.UserID]+": "+strings.Join(values, " | "))
		}
	}
	slices.Sort(lines)
	return lines
}

func texts(values []untrusted.Text) string {
	var all []string
	for _, v := range values {
		all = append(all, v.String())
	}
	return strings.Join(all, " | ")
}

func (r *rig) doubtsOf(problem tools.Problem) string {
	r.t.Helper()
	if problem.Code != "reading_in_doubt" {
		return "  refused: " + problem.Code + "\n"
	}
	var out strings.Builder
	for _, d := range call[tools.AnalyzeOut](r, "analyze_csv_for_entitlements", arguments{"filename": "case.csv"}).Doubts {
		fmt.Fprintf(&out, "  asks %s\n", strings.TrimSpace(d.Code+" "+d.Column))
		if len(d.Answers) == 0 {
			r.t.Errorf("%s cannot be answered: %s", d.Code, d.Question)
		}
	}
	return out.String()
}

// try calls a planning tool, which may refuse.
func (r *rig) try(tool string, args arguments) (out tools.PlanOut, problem tools.Problem) {
	r.t.Helper()
	text, failed := r.raw(tool, args)
	if !failed {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			r.t.Fatal(err)
		}
		return out, problem
	}
	var refusal struct{ Error tools.Problem }
	if err := json.Unmarshal([]byte(text), &refusal); err != nil {
		r.t.Fatal(err)
	}
	return out, refusal.Error
}
