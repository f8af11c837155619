package plan_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

func structurePlan(t *testing.T, w *simtest.World, report string) *plan.Plan {
	t.Helper()
	p, err := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{
		Report: simtest.Report(t, report),
		AppID:  w.AppID,
		Now:    time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func warned(p *plan.Plan, code trouble.Code) int {
	for _, w := range p.Warnings {
		if w.Code == code {
			return w.Count
		}
	}
	return 0
}

func TestStructureAddsOnlyWhatIsMissing(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	w.Tenant.AddEntitlement(w.AppID, "role", true, "Admin")
	p := structurePlan(t, w, "Email,Role,Team\na@x.example,ADMIN;Viewer;viewer,Blue\nb@x.example,Owner,\n")
	if n := p.Count(plan.KindAddValues); n != 1 {
		t.Errorf("%d operations add values, want 1", n)
	}
	for _, op := range p.Ops {
		switch op.Kind {
		case plan.KindAddValues:
			if len(op.Values) != 2 || op.Values[0].Name.Raw() != "Viewer" || op.Values[1].Name.Raw() != "Owner" {
				t.Errorf("values added: %+v", op.Values)
			}
		case plan.KindCreateEntitlement:
			if op.Entitlement.Name.Raw() != "Team" || !op.Entitlement.MultiValue {
				t.Errorf("created: %+v", op.Entitlement)
			}
		}
	}
	if warned(p, "matched_loosely") == 0 || warned(p, "spellings_folded") != 1 {
		t.Errorf("warnings: %+v", p.Warnings)
	}
}

func TestManyValuesAreSplitIntoCallsThatOktaTakes(t *testing.T) {
	var report strings.Builder
	report.WriteString("Email,Role\n")
	for i := range 350 {
		fmt.Fprintf(&report, "a%d@x.example,Role %d\n", i, i)
	}
	w := simtest.New(t, simtest.Options{})
	p := structurePlan(t, w, report.String())
	if p.Count(plan.KindCreateEntitlement) != 1 || p.Count(plan.KindAddValues) != 3 {
		t.Fatalf("%d creations, %d additions", p.Count(plan.KindCreateEntitlement), p.Count(plan.KindAddValues))
	}
	if s := w.Apply(t.Context(), p); s.ValuesMade != 350 {
		t.Errorf("%d values made", s.ValuesMade)
	}
	if again := structurePlan(t, w, report.String()); len(again.Ops) != 0 {
		t.Errorf("a second plan has %d operations", len(again.Ops))
	}
}

func TestEveryRowGetsTheStateThatItDeserves(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	_, values := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin", "Viewer")
	w.Tenant.AddEntitlement(w.AppID, "Tier", false, "Gold", "Silver")
	has := w.Tenant.AddUser(oktasim.NewUser{Email: "has@x.example"})
	w.Tenant.AddGrant(oktasim.NewGrant{AppID: w.AppID, UserID: has, Values: values[:1]})
	w.Tenant.AddUser(oktasim.NewUser{Email: "new@x.example"})
	w.Tenant.AddUser(oktasim.NewUser{Email: "gone@x.example", Status: "SUSPENDED"})
	w.Tenant.AddUser(oktasim.NewUser{Email: "two@x.example", Login: "one"})
	w.Tenant.AddUser(oktasim.NewUser{Email: "other@x.example", Login: "two@x.example"})
	denied := w.Tenant.AddUser(oktasim.NewUser{Email: "denied@x.example"})
	w.Tenant.AddGrant(oktasim.NewGrant{Type: "CUSTOM", Action: "DENY", AppID: w.AppID, UserID: denied})
	p := w.PlanGrants(t.Context(), simtest.Report(t, `Email,Role,Tier,Effective_Access
has@x.example,Admin,,Permitted
HAS@x.example,viewer,,Permitted
new@x.example,Admin,,Permitted
new@x.example,Owner,,Permitted
new@x.example,Viewer,,Denied
new@x.example,,,Permitted
gone@x.example,Admin,,Permitted
two@x.example,Admin,,Permitted
nobody@x.example,Admin,,Permitted
not an address,Admin,,Permitted
denied@x.example,Admin,,Permitted
`), plan.ModeAdditive)
	want := []plan.State{plan.Planned, plan.Planned, plan.Planned, plan.UnresolvedValue, plan.DeniedAccess,
		plan.NoEntitlement,
		plan.InactiveUser, plan.AmbiguousUser, plan.UnknownUser, plan.BadRow, plan.Blocked}
	for i, row := range p.Rows {
		if row.State != want[i] {
			t.Errorf("line %d is %s, want %s", row.Line, row.State, want[i])
		}
	}
	if n := p.Count(plan.KindCreateGrant); n != 2 {
		t.Errorf("%d grants, want one for each of two users", n)
	}
	if n := p.Count(plan.KindAssignUser); n != 1 {
		t.Errorf("%d assignments, want 1: who has a grant is assigned", n)
	}
}

func TestASingleValuedEntitlementIsNotOverwritten(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	_, tiers := w.Tenant.AddEntitlement(w.AppID, "Tier", false, "Gold", "Silver")
	user := w.Tenant.AddUser(oktasim.NewUser{Email: "a@x.example"})
	w.Tenant.AddGrant(oktasim.NewGrant{AppID: w.AppID, UserID: user, Values: tiers[:1]})
	p := w.PlanGrants(t.Context(), simtest.Report(t, "Email,Tier\na@x.example,Silver\n"), plan.ModeAdditive)
	if p.Rows[0].State != plan.WouldStrip || len(p.Ops) != 0 {
		t.Errorf("row is %s with %d operations", p.Rows[0].State, len(p.Ops))
	}
}

func TestCustomMergeLeavesOutWhoWouldLoseSomething(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	_, values := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin", "Viewer", "Owner")
	bundle := w.Tenant.AddBundle(w.AppID, "Starter", values[2])
	grants := map[string]oktasim.NewGrant{
		"plain":      {Type: "CUSTOM", Values: values[2:]},
		"bundle":     {Type: "ENTITLEMENT-BUNDLE", Bundle: bundle},
		"policy":     {Type: "POLICY", Values: values[2:]},
		"expiring":   {Values: values[2:], Expires: time.Now().Add(time.Hour)},
		"collection": {Values: values[2:], Collection: "col123"},
		"import":     {Type: "IMPORT", Values: values[2:]},
	}
	report := "Email,Role\n"
	for name, grant := range grants {
		grant.AppID, grant.UserID = w.AppID, w.Tenant.AddUser(oktasim.NewUser{Email: name + "@x.example"})
		w.Tenant.AddGrant(grant)
		report += name + "@x.example,Admin\n"
	}
	p := w.PlanGrants(t.Context(), simtest.Report(t, report), plan.ModeCustomMerge)
	for _, row := range p.Rows {
		want := plan.WouldStrip
		if strings.HasPrefix(p.People[row.Person].Email.Raw(), "plain@") {
			want = plan.Planned
		}
		if row.State != want {
			t.Errorf("%s is %s (%s), want %s", p.People[row.Person].Email, row.State, row.Reason, want)
		}
	}
}

func TestAGroupReplacesAssignmentsWhenItBringsTheApplication(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin")
	user := w.Tenant.AddUser(oktasim.NewUser{Email: "a@x.example"})
	group := w.Tenant.AddGroup("Finance people")
	report := simtest.Report(t, "Email,Role\na@x.example,Admin\n")
	request := plan.GrantRequest{Report: report, AppID: w.AppID, Group: group, Now: time.Now()}
	_, err := plan.PlanGrants(t.Context(), w.Okta, request)
	if trouble.CodeOf(err) != trouble.GroupWithoutApp {
		t.Fatalf("a group without the application: %v", err)
	}
	w.Tenant.AssignGroupToApp(w.AppID, group)
	p, err := plan.PlanGrants(t.Context(), w.Okta, request)
	if err != nil {
		t.Fatal(err)
	}
	if p.Count(plan.KindAddGroupMember) != 1 || p.Count(plan.KindAssignUser) != 0 {
		t.Fatalf("operations: %+v", p.Ops)
	}
	w.Apply(t.Context(), p)
	if !w.Tenant.InGroup(group, user) || !w.Tenant.Assigned(w.AppID, user) || len(w.Tenant.Effective(w.AppID, user)) != 1 {
		t.Error("the user did not get membership, assignment and access")
	}
}

func TestReadingASmallReportOnALargeApplicationAsksUserByUser(t *testing.T) {
	w := simtest.New(t, simtest.Options{Tenant: oktasim.Options{Users: 1}})
	_, values := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin", "Viewer")
	for i := range 3000 {
		id := w.Tenant.AddUser(oktasim.NewUser{Email: fmt.Sprintf("u%d@x.example", i)})
		w.Tenant.AddGrant(oktasim.NewGrant{AppID: w.AppID, UserID: id, Values: values[:1]})
	}
	p := w.PlanGrants(t.Context(), simtest.Report(t, "Email,Role\nu1@x.example,Viewer\nu2999@x.example,Admin\n"),
		plan.ModeAdditive)
	if p.Rows[0].State != plan.Planned || p.Rows[1].State != plan.AlreadyGranted {
		t.Errorf("rows: %+v", p.Rows)
	}
	// Two users allow two pages (400 grants) before it turns to one question each: one page more at the most.
	if calls := w.Tenant.CallCount("GET", "/governance/api/v1/grants", 200); calls > 5 {
		t.Errorf("%d calls listed grants", calls)
	}
}

func TestPlanningRefusesWhatCannotBe(t *testing.T) {
	for code, spoil := range map[trouble.Code]func(*simtest.World){
		"app_not_found":                   func(w *simtest.World) { w.AppID = "0oaNoSuchApplication" },
		"app_inactive":                    func(w *simtest.World) { w.Tenant.SetAppStatus(w.AppID, "INACTIVE") },
		"entitlement_management_off":      func(w *simtest.World) { w.Tenant.SetOptIn(w.AppID, "NONE") },
		"entitlement_management_starting": func(w *simtest.World) { w.Tenant.SetOptIn(w.AppID, "ENABLING") },
	} {
		t.Run(string(code), func(t *testing.T) {
			w := simtest.New(t, simtest.Options{})
			spoil(w)
			_, err := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{
				Report: simtest.Report(t, "Email,Role\na@x.example,Admin\n"),
				AppID:  w.AppID,
				Now:    time.Now(),
			})
			if refusal := trouble.Find(err); refusal == nil || refusal.Code != code || refusal.Next == "" {
				t.Errorf("got %v, want code %s and a next step", err, code)
			}
			if w.Writes() != 0 {
				t.Error("planning wrote")
			}
		})
	}
}

func TestASavedPlanIsWhatItsIDSays(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	p := structurePlan(t, w, "Email,Role\na@x.example,Admin\n")
	dir := t.TempDir()
	store, err := plan.NewStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Save(p); err != nil {
		t.Fatal(err)
	}
	if loaded, err := store.Load(p.ID); err != nil || loaded.ID != p.ID || len(loaded.Ops) != len(p.Ops) {
		t.Fatalf("loaded %+v, %v", loaded, err)
	}
	path := filepath.Join(dir, p.ID+".json")
	edited := *p
	edited.Ops = append([]plan.Op(nil), p.Ops...)
	edited.Ops[0].Entitlement = &oktaclient.NewEntitlement{
		Name:          untrusted.NewStored("Owner"),
		ExternalValue: untrusted.NewStored("Owner"),
	}
	data, err := json.Marshal(&edited)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"edited": data, "torn": data[:len(data)/2], "empty": nil} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Load(p.ID); trouble.CodeOf(err) != trouble.PlanDamaged {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{"", "../x", "plan_", "plan_zz", p.ID + "0"} {
		if _, err := store.Load(id); trouble.CodeOf(err) != trouble.PlanIDMalformed {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

func TestTheDigestCoversWhatMatters(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	p := structurePlan(t, w, "Email,Role\na@x.example,Admin\n")
	for name, change := range map[string]func(*plan.Plan){
		"organisation": func(p *plan.Plan) { p.OrgID = "00oOther" },
		"application":  func(p *plan.Plan) { p.App.ID = "0oaOther" },
		"bytes":        func(p *plan.Plan) { p.SHA256 = "other" },
		"mapping":      func(p *plan.Plan) { m := *p.Mapping; m.User = "Login"; p.Mapping = &m },
		"snapshot":     func(p *plan.Plan) { p.Snapshot = "other" },
		"mode":         func(p *plan.Plan) { p.Mode = plan.ModeCustomMerge },
		"operations":   func(p *plan.Plan) { p.Ops = nil },
		"rows":         func(p *plan.Plan) { p.Rows = append(p.Rows, plan.Row{Line: 9}) },
	} {
		changed := *p
		change(&changed)
		if changed.Verify() == nil {
			t.Errorf("a change of the %s goes unnoticed", name)
		}
	}
	if err := p.Verify(); err != nil {
		t.Error(err)
	}
}
