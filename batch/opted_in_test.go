package batch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// An application that was in use before it was opted in has a CUSTOM grant without entitlements on everyone assigned (Okta's
// help on the limitations of entitlement management). Import, a second import and undo, in preview organisations as well,
// whose ORNs are others.
func TestAFreshlyOptedInApplicationIsImportedAndUndone(t *testing.T) {
	for _, mode := range []plan.Mode{plan.ModeAdditive, plan.ModeCustomMerge} {
		for _, preview := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/preview=%t", mode, preview), func(t *testing.T) {
				o := simtest.Options{
					Tenant: oktasim.Options{Seed: 5, Users: 3, Preview: preview, GrantLag: 5e9},
					Lines:  simtest.Lines(t, 1, oktaclient.Options{}),
				}
				synctest.Test(t, func(t *testing.T) { importAndUndo(t, o, mode) })
			})
		}
	}
}

func importAndUndo(t *testing.T, o simtest.Options, mode plan.Mode) {
	w, ctx := simtest.New(t, o), t.Context()
	people := w.Tenant.People()[:3]
	w.Tenant.SetOptIn(w.AppID, "NONE")
	var report strings.Builder
	report.WriteString("Email,Role,Effective_Access\n")
	for i, u := range w.Tenant.State().Users[:3] {
		w.Tenant.AssignApp(w.AppID, u.ID)
		fmt.Fprintf(&report, "%s,Role %d,Permitted\n", u.Email, i)
		people[i] = u.ID
	}
	w.Tenant.SetOptIn(w.AppID, "ENABLED")
	for _, id := range people {
		if g := w.Tenant.ActiveGrants(w.AppID, id); len(g) != 1 || g[0].Type != "CUSTOM" || len(g[0].Values) != 0 {
			t.Fatalf("grants of a new application: %+v", g)
		}
	}
	r := simtest.Report(t, report.String())
	w.Structure(ctx, r)
	p := w.PlanGrants(ctx, r, mode)
	if s := w.Apply(ctx, p); s.Rows["granted"] != 3 || s.Unfinished() {
		t.Errorf("the import ended with %v: %v", s.Rows, s.Errors)
	}
	for _, id := range people {
		if have := w.Tenant.Effective(w.AppID, id); len(have) != 1 {
			t.Errorf("%s has %v", id, have)
		}
	}
	must(t, w.Engine.AwaitLists(ctx, w.AppID, plan.StageGrants))
	if again := w.PlanGrants(ctx, r, mode); len(again.Ops) != 0 {
		t.Errorf("a second plan does %d operations", len(again.Ops))
	}
	if s := carryOut(t, w, planUndo(t, w, p)); s.Rows[plan.Revoked] != 3 || s.Unfinished() {
		t.Errorf("the undo ended with %v: %v", s.Rows, s.Errors)
	}
	for _, id := range people {
		if have := w.Tenant.Effective(w.AppID, id); len(have) != 0 || !w.Tenant.Assigned(w.AppID, id) {
			t.Errorf("%s has %v after the undo, assigned %t", id, have, w.Tenant.Assigned(w.AppID, id))
		}
	}
}

// Okta says in errorCauses why an application does not take a person, and the row says it too.
func TestARefusedAssignmentSaysWhy(t *testing.T) {
	w, ctx := simtest.New(t, simtest.Options{Tenant: oktasim.Options{Seed: 5, Users: 3}}), t.Context()
	w.AppID = w.Tenant.AddApp(oktasim.NewApp{Label: "Small", Licences: 1})
	var report strings.Builder
	report.WriteString("Email,Role,Effective_Access\n")
	for _, u := range w.Tenant.State().Users[:3] {
		fmt.Fprintf(&report, "%s,Viewer,Permitted\n", u.Email)
	}
	r := simtest.Report(t, report.String())
	w.Structure(ctx, r)
	s := w.Apply(ctx, w.PlanGrants(ctx, r, plan.ModeAdditive))
	if s.Rows["granted"] != 1 || s.Rows["failed"] != 2 || len(s.Errors) != 2 {
		t.Fatalf("rows %v, errors %+v", s.Rows, s.Errors)
	}
	for _, e := range s.Errors {
		if text := fmt.Sprintf("%+v", e); !strings.Contains(text, "No licenses are available for this application") {
			t.Errorf("the row says %s", text)
		}
	}
}
