package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
)

// wouldMake lists the values that a plan creates.
func wouldMake(p *plan.Plan) []string {
	var names []string
	for _, op := range p.Ops {
		values := op.Values
		if op.Entitlement != nil {
			values = append(slices.Clone(op.Entitlement.Values), values...)
		}
		for _, v := range values {
			names = append(names, v.ExternalValue.Raw())
		}
	}
	return names
}

func grantsPlan(t *testing.T, w *simtest.World, report string) *plan.Plan {
	t.Helper()
	return w.PlanGrants(t.Context(), simtest.Report(t, report), "")
}

// Found from outside, B6: Admin and Ad<U+200B>min were both created and granted, and the plan showed ["Admin","Admin"].
func TestNamesThatNoOneCanTellApartAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		live, report []string
		made         []string
		twins, other int
		rows         []plan.State // at stage 3, when all that may be made is there
	}{
		"twins in the report": {nil, []string{"Admin", "Ad\u200bmin"}, []string{"Admin"}, 1, 0,
			[]plan.State{plan.Planned, plan.BadRow}},
		"twins of which none is plain": {nil, []string{"Ad\u00admin", "Ad\u2060min"}, nil, 2, 0,
			[]plan.State{plan.BadRow, plan.BadRow}},
		"a twin of what Okta has": {[]string{"Admin"}, []string{"Ad\U000e0061min"}, nil, 1, 0,
			[]plan.State{plan.BadRow}},
		"Okta has the twin": {[]string{"Ad\u3164min"}, []string{"Admin"}, nil, 1, 0,
			[]plan.State{plan.BadRow}},
		"Okta has both": {[]string{"Admin", "Ad\ufe0fmin"}, []string{"Admin", "Ad\ufe0fmin"}, nil, 1, 0,
			[]plan.State{plan.Planned, plan.BadRow}},
		"case and a twin": {nil, []string{"admin", "AD\u200bMIN"}, []string{"admin"}, 1, 0,
			[]plan.State{plan.Planned, plan.BadRow}},
		"no twin": {nil, []string{"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "Viewer"},
			[]string{"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "Viewer"}, 0, 1, []plan.State{plan.Planned, plan.Planned}},
		"Okta's spelling": {[]string{"Ad\u200bmin"}, []string{"Ad\u200bmin"}, nil, 0, 1, []plan.State{plan.Planned}},
	} {
		t.Run(name, func(t *testing.T) {
			w := simtest.New(t, simtest.Options{})
			w.Tenant.AddEntitlement(w.AppID, "Role", true, c.live...)
			report := "Email,Role\n"
			for i, value := range c.report {
				email := fmt.Sprintf("u%d@x.example", i)
				w.Tenant.AddUser(oktasim.NewUser{Email: email})
				report += email + "," + value + "\n"
			}
			p := structurePlan(t, w, report)
			if made := wouldMake(p); !slices.Equal(made, c.made) {
				t.Errorf("stage 2 would make %q, want %q", made, c.made)
			}
			if warned(p, trouble.InvisibleTwins) != c.twins || warned(p, trouble.InvisibleCharacter) != c.other {
				t.Errorf("stage 2 warns %+v", p.Warnings)
			}
			w.Apply(t.Context(), p)
			g := grantsPlan(t, w, report)
			for i, want := range c.rows {
				if g.Rows[i].State != want || (want == plan.BadRow) != strings.Contains(g.Rows[i].Reason, "cannot be seen") {
					t.Errorf("row %d: %+v, want %s", i, g.Rows[i], want)
				}
			}
			if warned(g, trouble.InvisibleTwins) != c.twins || warned(g, trouble.InvisibleCharacter) != c.other {
				t.Errorf("stage 3 warns %+v", g.Warnings)
			}
			for _, warning := range slices.Concat(p.Warnings, g.Warnings) {
				if strings.ContainsAny(warning.What, "\u200b\u00ad\u2060\u3164\ufe0f\U000e0061") {
					t.Errorf("a warning holds what it warns of: %q", warning.What)
				}
			}
		})
	}
}

func TestColumnsThatNoOneCanTellApartAreRefused(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin")
	w.Tenant.AddUser(oktasim.NewUser{Email: "a@x.example"})
	report := "Email,Ro\u200ble,Role\na@x.example,Admin,\nb@x.example,Admin,Viewer\n"
	p := structurePlan(t, w, report)
	if made := wouldMake(p); !slices.Equal(made, []string{"Viewer"}) || warned(p, trouble.InvisibleTwins) != 1 {
		t.Errorf("stage 2 would make %q, and warns %+v", made, p.Warnings)
	}
	w.Apply(t.Context(), p)
	if g := grantsPlan(t, w, report); g.Rows[0].State != plan.BadRow {
		t.Errorf("%+v", g.Rows[0])
	}
}

// Found from outside, B5: mi<Kelvin sign>e was matched with mike and granted.
func TestALookAlikeLetterIsAnotherPerson(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin")
	for _, email := range []string{"mike@x.example", "jones@x.example", "irene@x.example"} {
		w.Tenant.AddUser(oktasim.NewUser{Email: email})
	}
	g := grantsPlan(t, w, "Email,Role\nmi\u212ae@x.example,Admin\njone\u017f@x.example,Admin\n\u0130rene@x.example,Admin\n"+
		"\u0131rene@x.example,Admin\n\uff4dike@x.example,Admin\nMIKE@x.example,Admin\n")
	for i := range 5 {
		if g.Rows[i].State != plan.UnknownUser {
			t.Errorf("row %d: %+v, want an unknown user", i, g.Rows[i])
		}
	}
	if g.Rows[5].State != plan.Planned || warned(g, "unusual_email") != 5 {
		t.Errorf("%+v, %+v", g.Rows[5], g.Warnings)
	}
}

// TestAPlanWarnsOfWhatThePreflightWarnsOf has both stages plan a report with every kind of doubt about what is written.
func TestAPlanWarnsOfWhatThePreflightWarnsOf(t *testing.T) {
	w := simtest.New(t, simtest.Options{})
	w.Tenant.AddUser(oktasim.NewUser{Email: "a@x.example"})
	r := simtest.Report(t, "Email,User ID,Role,Filter,Date\n"+
		"a@x.example,7,Viewer,Permitted,03/04/2026\n"+
		"a@x.example,8,viewer.,Denied,04/05/2026\n"+
		"b\u00e9@x.example,7,=Admin,Permitted,05/06/2026\n"+
		"c@x.example,9,Ow\u200bner,Permitted,06/07/2026\n"+
		"d@x.example,10,Blue/Red,Permitted,sometime\n"+
		"a@x.example,7,Viewer,Denied,07/08/2026\n")
	structure, err := plan.PlanStructure(t.Context(), w.Okta, plan.StructureRequest{Report: r, AppID: w.AppID, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	grants := w.PlanGrants(t.Context(), r, "")
	values, access := 0, 0
	for code, meaning := range intake.ProblemMeanings() {
		n := r.ProblemCounts[code]
		if n == 0 {
			continue
		}
		inStructure, inGrants := warned(structure, trouble.Code(code)) > 0, warned(grants, trouble.Code(code)) > 0
		switch meaning.Concern {
		case intake.ConcernsValues:
			values++
			if !inStructure || !inGrants {
				t.Errorf("%s: in the plan of the structure %t, of the grants %t", code, inStructure, inGrants)
			}
		case intake.ConcernsAccess:
			access++
			if inStructure || !inGrants {
				t.Errorf("%s: in the plan of the structure %t, of the grants %t", code, inStructure, inGrants)
			}
		default:
			if inStructure || inGrants && trouble.Code(code) != trouble.LaterDenied {
				t.Errorf("%s concerns no write, and is in a plan", code)
			}
		}
	}
	if values < 3 || access < 4 {
		t.Errorf("the report has %d kinds about values, %d about access: %v", values, access, r.ProblemCounts)
	}
}
