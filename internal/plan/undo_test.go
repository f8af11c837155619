package plan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// TestAnUndoNamesWhatOnlyTheRunsGrantGives plans undos over users who hold values in every way.
func TestAnUndoNamesWhatOnlyTheRunsGrantGives(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	_, values := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin", "Viewer", "Owner")
	user := func(name string, grants ...oktasim.NewGrant) string {
		id := w.Tenant.AddUser(oktasim.NewUser{Email: name + "@x.example"})
		for _, g := range grants {
			g.AppID, g.UserID = w.AppID, id
			w.Tenant.AddGrant(g)
		}
		return id
	}
	ours := oktasim.NewGrant{Values: values[:2], Actor: "API"}
	tests := []struct {
		name   string
		user   string
		takes  []string
		reason string
	}{
		{"only ours", user("a", ours), values[:2], ""},
		{"one from elsewhere too", user("b", ours, oktasim.NewGrant{Values: values[:1]}), values[1:2],
			"1 of 2 values stay: they came from elsewhere too, or are gone"},
		{"all from elsewhere too", user("c", ours, oktasim.NewGrant{Values: values}), nil, ""},
		{"gone already", user("d"), nil, ""},
	}
	of := &plan.Plan{ID: "plan_of", Stage: plan.StageGrants, App: oktaclient.App{ID: w.AppID}}
	of.Ops = append(of.Ops, plan.Op{Kind: plan.KindAssignUser})
	var made []plan.Made
	for i, tt := range tests {
		id := "graGone"
		for _, g := range w.Tenant.ActiveGrants(w.AppID, tt.user) {
			if g.Actor == "API" {
				id = g.ID
			}
		}
		op := &plan.Op{Kind: plan.KindCreateGrant, UserID: tt.user, Adds: values[:2]}
		made = append(made, plan.Made{Op: op, ID: id, Line: i + 2, Person: -1})
	}
	made = append(made, plan.Made{
		Op:     made[0].Op,
		Line:   9,
		Person: -1,
	}) // without the grant's id nothing is the run's
	undo, err := plan.PlanUndo(t.Context(), w.Okta, plan.UndoRequest{
		Of:   of,
		Made: made,
		Now:  time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(undo.Rows) != len(made) || undo.Undoes != of.ID || undo.Stage != plan.StageUndo {
		t.Fatalf("the undo has %d rows, undoes %q, stage %s", len(undo.Rows), undo.Undoes, undo.Stage)
	}
	for i, tt := range tests {
		row := undo.Rows[i]
		if tt.takes == nil {
			if row.State != plan.Kept || row.Op != -1 {
				t.Errorf("%s: the row is %s with operation %d", tt.name, row.State, row.Op)
			}
			continue
		}
		if row.State != plan.Planned || row.Reason != tt.reason {
			t.Errorf("%s: the row is %s (%q)", tt.name, row.State, row.Reason)
			continue
		}
		want := slices.Sorted(slices.Values(tt.takes))
		if got := undo.Ops[row.Op]; !slices.Equal(got.Revokes, want) || got.UserID != tt.user ||
			got.Kind != plan.KindRevokeAccess {
			t.Errorf("%s: the operation is %+v, want to revoke %v", tt.name, got, want)
		}
	}
	if undo.Removes() != 2 || warned(undo, trouble.Kept) != 3 || warned(undo, trouble.AssignmentsStay) != 1 {
		t.Errorf("%d operations take away, warnings %+v", undo.Removes(), undo.Warnings)
	}
	if err := undo.Verify(); err != nil {
		t.Error(err)
	}
}

func TestOnlyRunsOfGrantsCanBeUndone(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	for _, stage := range []plan.Stage{plan.StageStructure, plan.StageAssign, plan.StageUndo} {
		_, err := plan.PlanUndo(t.Context(), w.Okta, plan.UndoRequest{Of: &plan.Plan{Stage: stage}})
		if trouble.CodeOf(err) != trouble.UndoNeedsGrants {
			t.Errorf("stage %s: %v", stage, err)
		}
	}
}

// TestOnlyFromHoldsOverRandomGrants compares OnlyFrom with its definition: in this grant, asked for, and in no other.
func TestOnlyFromHoldsOverRandomGrants(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	values := []string{"a", "b", "c", "d", "e"}
	some := func() []string {
		return slices.DeleteFunc(slices.Clone(values), func(string) bool { return rng.IntN(2) == 0 })
	}
	for range 500 {
		var grants []oktaclient.Grant
		for i := range 1 + rng.IntN(4) {
			g := oktaclient.Grant{
				ID:     fmt.Sprint("gra", i),
				Type:   oktaclient.GrantEntitlement,
				Action: "ALLOW",
			}
			if rng.IntN(5) == 0 {
				g.Action = "DENY"
			}
			g.Entitlements = []oktaclient.GrantedEntitlement{{ID: "esp", Values: some()}}
			grants = append(grants, g)
		}
		asked := some()
		var want []string
		for _, v := range asked {
			mine, theirs := false, false
			for _, g := range grants {
				gives := g.Action != "DENY" && slices.Contains(g.Entitlements[0].Values, v)
				mine = mine || gives && g.ID == "gra0"
				theirs = theirs || gives && g.ID != "gra0"
			}
			if mine && !theirs {
				want = append(want, v)
			}
		}
		if got := plan.OnlyFrom(grants, "gra0", nil, asked); !slices.Equal(got, want) {
			t.Fatalf("of %+v asked %v: got %v, want %v", grants, asked, got, want)
		}
	}
}

func TestListsOfIDsArePlannedLikeReports(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	_, values := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin", "Viewer")
	has := w.Tenant.AddUser(oktasim.NewUser{Email: "has@x.example"})
	w.Tenant.AddGrant(oktasim.NewGrant{AppID: w.AppID, UserID: has, Values: values[:1]})
	fresh := w.Tenant.AddUser(oktasim.NewUser{Email: "new@x.example"})
	gone := w.Tenant.AddUser(oktasim.NewUser{Email: "gone@x.example", Status: "SUSPENDED"})
	p, err := plan.PlanList(t.Context(), w.Okta, plan.ListRequest{
		Stage: plan.StageGrants, AppID: w.AppID, Now: time.Now(),
		Items: []plan.Item{
			{
				UserID: has,
				Values: values[:1],
			}, {UserID: fresh, Values: values}, {UserID: fresh, Values: values[:1]},
			{
				UserID: gone,
				Values: values,
			}, {
				UserID: "00uNoSuchUser0000001",
				Values: values,
			}, {UserID: fresh, Values: []string{"entNoSuch"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.State{plan.AlreadyGranted, plan.Planned, plan.Planned, plan.InactiveUser, plan.UnknownUser,
		plan.UnresolvedValue}
	for i, row := range p.Rows {
		if row.State != want[i] || row.Line != i+1 {
			t.Errorf("item %d: line %d is %s, want %s", i+1, row.Line, row.State, want[i])
		}
	}
	counts := map[string]int{}
	for _, c := range p.Counts() {
		counts[c.Name] = c.N
	}
	if fmt.Sprint(counts) != "map[assign_users:1 grant_users:1 grant_values:2]" {
		t.Errorf("counts %v", counts)
	}
	assign, err := plan.PlanList(t.Context(), w.Okta, plan.ListRequest{
		Stage: plan.StageAssign, AppID: w.AppID, Now: time.Now(),
		Items: []plan.Item{{UserID: has}, {UserID: fresh}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if assign.Rows[0].State != plan.AlreadyGranted || assign.Rows[1].State != plan.Planned ||
		assign.Count(plan.KindAssignUser) != 1 {
		t.Errorf("assignments: rows %+v, operations %+v", assign.Rows, assign.Ops)
	}
	if _, err := plan.PlanList(t.Context(), w.Okta, plan.ListRequest{
		Stage: plan.StageAssign,
		AppID: "0oaNoSuchApplication",
	}); trouble.CodeOf(err) != trouble.AppNotFound {
		t.Errorf("an unknown application: %v", err)
	}
}

// TestEachStateSaysWhatItMeans walks all states: each explains itself, and those that a further run moves are
// unfinished.
func TestEachStateSaysWhatItMeans(t *testing.T) {
	unfinished := map[plan.State]bool{plan.Planned: true, plan.Failed: true, plan.Unknown: true, plan.NotAttempted: true}
	for _, s := range []plan.State{
		plan.Planned, plan.Granted, plan.Assigned, plan.AlreadyGranted, plan.DeniedAccess, plan.NoEntitlement, plan.BadRow,
		plan.UnknownUser, plan.AmbiguousUser, plan.InactiveUser, plan.UnresolvedValue, plan.WouldStrip, plan.Blocked,
		plan.Failed, plan.Unknown, plan.NotAttempted, plan.Revoked, plan.Kept,
	} {
		if s.Explain() == "" || s.Unfinished() != unfinished[s] {
			t.Errorf("%s explains %q, unfinished %t", s, s.Explain(), s.Unfinished())
		}
	}
	if plan.State("made up").Explain() != "" {
		t.Error("a made-up state explains itself")
	}
}

// TestEachKindIsDeclaredWhole checks what readers of plans rely on.
func TestEachKindIsDeclaredWhole(t *testing.T) {
	op := plan.Op{
		Entitlement: &oktaclient.NewEntitlement{
			Name:   untrusted.NewStored("Role"),
			Values: []oktaclient.NewValue{{Name: untrusted.NewStored("Admin")}},
		},
		Adds: []string{"ent1"},
	}
	for _, d := range plan.Kinds() {
		if d.Kind == "" || d.Route == "" || len(d.Tallies) == 0 {
			t.Errorf("%q: route %q, %d tallies", d.Kind, d.Route, len(d.Tallies))
		}
		for _, tally := range d.Tallies {
			if tally.Name == "" || tally.One == "" || tally.Many == "" || tally.Of(&op) != 1 {
				t.Errorf("%s: tally %+v counts %d", d.Kind, tally.Name, tally.Of(&op))
			}
		}
		if d.Describe != nil {
			d.Describe(&op)
		}
		if plan.KindOf(d.Kind).Route != d.Route {
			t.Errorf("%s is not found", d.Kind)
		}
	}
	if !plan.KindOf("made_up").Removes {
		t.Error("an unknown kind counts as one that takes nothing away")
	}
}

func TestASavedPlanOfEveryKindComesBackWhole(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	_, values := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin", "Viewer")
	w.Tenant.AddUser(oktasim.NewUser{Email: "a@x.example"})
	report := simtest.Report(t, "Email,Role,Team\na@x.example,Admin;Viewer,Blue\nb@x.example,Owner,\n")
	store, err := plan.NewStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	merge := w.PlanGrants(context.Background(), simtest.Report(t, "Email,Role\na@x.example,Admin\n"), plan.ModeCustomMerge)
	of := &plan.Plan{ID: "plan_of", Stage: plan.StageGrants, App: oktaclient.App{ID: w.AppID}}
	user := w.Tenant.AddUser(oktasim.NewUser{Email: "c@x.example"})
	w.Tenant.AddGrant(oktasim.NewGrant{AppID: w.AppID, UserID: user, Values: values})
	grant := w.Tenant.ActiveGrants(w.AppID, user)[0].ID
	undo, err := plan.PlanUndo(t.Context(), w.Okta, plan.UndoRequest{
		Of:  of,
		Now: time.Now(),
		Made: []plan.Made{
			{Op: &plan.Op{Kind: plan.KindCreateGrant, UserID: user, Adds: values}, ID: grant, Person: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	structure, err := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{
		Report: report,
		AppID:  w.AppID,
		Now:    time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*plan.Plan{merge, undo, structure} {
		if err := store.Save(p); err != nil {
			t.Fatal(err)
		}
		loaded, err := store.Load(p.ID)
		if err != nil {
			t.Fatalf("%s: %v", p.Stage, err)
		}
		want, _ := json.Marshal(p)
		if got, _ := json.Marshal(loaded); string(got) != string(want) {
			t.Errorf("%s: saved %s\nloaded %s", p.Stage, want, got)
		}
		if !plan.ValidID(p.ID) {
			t.Errorf("%q is not a plan id", p.ID)
		}
	}
	if _, err := store.Load("plan_0123456789abcdef0123456789abcdef"); trouble.CodeOf(err) != trouble.PlanNotFound {
		t.Errorf("an unknown plan: %v", err)
	}
}

func TestAnEntitlementOrValueThatIsGoneMakesAPlanStale(t *testing.T) {
	s := &plan.Structure{Entitlements: []oktaclient.Entitlement{{
		ID:     "esp1",
		Values: []oktaclient.EntitlementValue{{ID: "ent1"}},
	}}}
	for name, check := range map[string]struct {
		err   error
		stale bool
	}{
		"all values are there":     {s.MustHave([]string{"ent1"}), false},
		"a value is gone":          {s.MustHave([]string{"ent1", "ent2"}), true},
		"the entitlement is there": {s.MustHaveEntitlements(&plan.Plan{Ops: []plan.Op{{EntitlementID: "esp1"}, {}}}), false},
		"the entitlement is gone":  {s.MustHaveEntitlements(&plan.Plan{Ops: []plan.Op{{EntitlementID: "esp2"}}}), true},
	} {
		if got := trouble.CodeOf(check.err) == trouble.PlanStale; got != check.stale {
			t.Errorf("%s: %v", name, check.err)
		}
	}
}
