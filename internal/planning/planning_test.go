package planning_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/planning"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
)

// rig is a planner over a made-up tenant, with an inbox.
type rig struct {
	*planning.Planner
	t     *testing.T
	world *simtest.World
	inbox string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	w := simtest.New(t, simtest.Options{})
	inbox := filepath.Join(t.TempDir(), "csv")
	if err := os.MkdirAll(inbox, 0o700); err != nil {
		t.Fatal(err)
	}
	deps := w.Deps(t.Context(), inbox)
	t.Cleanup(deps.Jobs.Close)
	for _, name := range []string{"a", "b"} {
		w.Tenant.AddUser(oktasim.NewUser{Email: name + "@x.example"})
	}
	return &rig{Planner: deps.Planner(), t: t, world: w, inbox: inbox}
}

// grants asks for a plan of grants from a report.
func (r *rig) grants(text string, answers ...intake.Answers) planning.Request {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.inbox, "report.csv"), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	req := planning.Request{File: "report.csv", AppID: r.world.AppID, Stage: plan.StageGrants}
	for _, a := range answers {
		req.Answers = append(req.Answers, intake.Answered{By: intake.ByArgument, Answers: a})
	}
	return req
}

// saved counts plans.
func (r *rig) saved() int {
	r.t.Helper()
	all, err := filepath.Glob(filepath.Join(filepath.Dir(r.world.Dir), "plans", "plan_*"))
	if err != nil {
		r.t.Fatal(err)
	}
	return len(all)
}

// status lists the saved mappings by status.
func (r *rig) status() string {
	r.t.Helper()
	files, err := r.Mappings.List()
	if err != nil {
		r.t.Fatal(err)
	}
	var all []string
	for _, f := range files {
		all = append(all, string(f.Status))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestPlanningRefusesWithoutSavingAnything(t *testing.T) {
	r := newRig(t)
	r.world.Tenant.AddEntitlement(r.world.AppID, "Role", true, "Buyer")
	for name, c := range map[string]struct {
		req  planning.Request
		code trouble.Code
	}{
		"no report":      {planning.Request{AppID: r.world.AppID}, trouble.MissingArgument},
		"no application": {planning.Request{File: "report.csv"}, trouble.MissingArgument},
		"a doubt": {r.grants("Email,Role,Decision\na@x.example,Buyer,Approve\nb@x.example,Buyer,Parked\n"),
			trouble.ReadingInDoubt},
	} {
		if _, _, err := r.Plan(t.Context(), c.req); trouble.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if _, _, err := r.Plan(t.Context(), r.grants("Email,Town\na@x.example,Graz\nb@x.example,Bern\n",
		intake.Answers{Columns: intake.Mapping{Attributes: []string{"Town"}}})); trouble.CodeOf(err) != trouble.NoEntitlementColumn {
		t.Errorf("nothing to grant: %v", err)
	}
	if r.saved() != 0 || r.status() != "" {
		t.Errorf("%d plans and the mappings %q were saved", r.saved(), r.status())
	}
}

// What Okta already has is asked for only where a doubt can be settled by it.
func TestNamesThatOktaHasSettleWhatACommaMeans(t *testing.T) {
	const report = "Email,Role\na@x.example,\"Manager, Sales\"\nb@x.example,\"Manager, Sales\"\n"
	r := newRig(t)
	r.world.Tenant.AddEntitlement(r.world.AppID, "Role", true, "Other")
	if _, _, err := r.Plan(t.Context(), r.grants(report)); trouble.CodeOf(err) != trouble.ReadingInDoubt ||
		!strings.Contains(err.Error(), intake.DoubtComma) {
		t.Errorf("without the name: %v", err)
	}
	other := newRig(t)
	other.world.Tenant.AddEntitlement(other.world.AppID, "Role", true, "Manager, Sales")
	made, reading, err := other.Plan(t.Context(), other.grants(report))
	if err != nil {
		t.Fatal(err)
	}
	if made.States()[plan.Planned] != 2 || len(reading.Report.Values) != 1 {
		t.Errorf("with the name: %v, values %v", made.States(), reading.Report.Values)
	}
}

func TestADraftIsNotSavedAndItsAnswersAreAProposalUntilAPersonConfirms(t *testing.T) {
	r := newRig(t)
	r.world.Tenant.AddEntitlement(r.world.AppID, "Role", true, "Buyer")
	const report = "Email,Role,Decision\na@x.example,Buyer,Approve\nb@x.example,Buyer,Parked\n"
	req := r.grants(report, intake.Answers{Words: map[string]map[string]string{"Decision": {"Parked": intake.WordRefuses}}})
	reading, err := r.Read(t.Context(), req.File, req.AppID, req.Answers)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := r.Draft(t.Context(), req, reading)
	if err != nil {
		t.Fatal(err)
	}
	if r.saved() != 0 || r.status() != string(mapping.Proposed) {
		t.Errorf("after a draft: %d plans, mappings %q", r.saved(), r.status())
	}
	made, err := r.Make(t.Context(), req, reading)
	if err != nil || r.saved() != 1 || made.ID != draft.ID && len(made.Ops) != len(draft.Ops) {
		t.Fatalf("%v, %d plans", err, r.saved())
	}
	open := func(app string) int {
		t.Helper()
		rep, err := r.Look(t.Context(), req.File, app, nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(rep.Open())
	}
	if open(r.world.AppID) != 1 {
		t.Error("a proposal is applied")
	}
	if err := r.Confirmed(t.Context(), made.ID, intake.ByTerminal); err != nil {
		t.Fatal(err)
	}
	if r.status() != string(mapping.Confirmed) || open(r.world.AppID) != 0 || open("") != 1 {
		t.Errorf("mappings %q; open for the application %d, for none %d", r.status(), open(r.world.AppID), open(""))
	}
	// The caller's answer goes before that of the mapping.
	again, err := r.Read(t.Context(), req.File, req.AppID, []intake.Answered{{By: intake.ByArgument,
		Answers: intake.Answers{Words: map[string]map[string]string{"Decision": {"Parked": intake.WordGrants}}}}})
	if err != nil || again.Report.Counts().Wanted != 2 || again.Applied.Name == "" {
		t.Errorf("%v, %+v, mapping %q", err, again.Report.Counts(), again.Applied.Name)
	}
}

// A mapping may say on which line its reports have their column names, without which its header is not seen.
func TestAMappingIsFoundByTheHeaderLineThatItNames(t *testing.T) {
	r := newRig(t)
	r.world.Tenant.AddEntitlement(r.world.AppID, "Group", true, "Buyer", "Viewer")
	const report = "User access,Q3 2026,Role\nEmail,Name,Group\na@x.example,Ada Quill,Buyer\nb@x.example,Bo Renner,Viewer\n"
	if _, _, err := r.Plan(t.Context(), r.grants(report)); !strings.Contains(err.Error(), intake.DoubtHeader) {
		t.Fatalf("got %v", err)
	}
	made, _, err := r.Plan(t.Context(), r.grants(report, intake.Answers{HeaderLine: 2}))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Confirmed(t.Context(), made.ID, intake.ByForm); err != nil {
		t.Fatal(err)
	}
	next, reading, err := r.Plan(t.Context(), r.grants(strings.Replace(report, "Q3", "Q4", 1)))
	if err != nil || next.States()[plan.Planned] != 2 || reading.Applied.Name == "" {
		t.Errorf("%v: %+v", err, reading)
	}
}

func TestAKnownExportWithoutAccessIsRefusedUnlessACallerNamesIt(t *testing.T) {
	r := newRig(t)
	export, err := os.ReadFile("../intake/exports/testdata/atlassian-users-without-groups.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Plan(t.Context(), r.grants(string(export))); err == nil || trouble.CodeOf(err) == trouble.ReadingInDoubt {
		t.Errorf("got %v", err)
	}
	if _, err := r.Look(t.Context(), "report.csv", "", nil); err != nil {
		t.Errorf("looking at it: %v", err)
	}
}
