package batch_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
)

// picture is what a tenant holds of one application, asked of the tenant itself and told by names, so that pictures of two
// runs of the same world can be compared.
type picture struct {
	effective map[string][]string // by login: the values in force
	grants    map[string][]string // by login: each active grant as its type, maker and values
	assigned  map[string]bool     // by login
	values    []string            // of the application; one that was made twice is there twice
	twice     []string            // users to whom our credential granted a value more than once
}

func photograph(w *simtest.World) picture {
	p := picture{effective: map[string][]string{}, grants: map[string][]string{}, assigned: map[string]bool{}}
	names := w.Tenant.ValueNames(w.AppID)
	p.values = slices.Sorted(maps.Values(names))
	for _, u := range w.Tenant.State().Users {
		p.effective[u.Login] = named(names, slices.Collect(maps.Keys(w.Tenant.Effective(w.AppID, u.ID))))
		p.assigned[u.Login] = w.Tenant.Assigned(w.AppID, u.ID)
		seen := map[string]int{}
		for _, g := range w.Tenant.ActiveGrants(w.AppID, u.ID) {
			p.grants[u.Login] = append(p.grants[u.Login], fmt.Sprint(g.Type, g.Action, g.Actor, g.Collection, named(names, g.Values)))
			for _, v := range g.Values {
				if g.Actor == "API" {
					seen[v]++
				}
			}
		}
		slices.Sort(p.grants[u.Login])
		for v, n := range seen {
			if n > 1 {
				p.twice = append(p.twice, fmt.Sprintf("%s has %s %d times", u.Login, names[v], n))
			}
		}
	}
	return p
}

func named(names map[string]string, ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if name := names[id]; name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// lost lists the access that was in force in the first picture and is not in the second.
func (p picture) lost(after picture) []string {
	var out []string
	for _, login := range slices.Sorted(maps.Keys(p.effective)) {
		for _, value := range p.effective[login] {
			if !slices.Contains(after.effective[login], value) {
				out = append(out, login+" lost "+value)
			}
		}
	}
	return out
}

// lostBeyond lists the access that is gone though the undo does not name it.
func (p picture) lostBeyond(after picture, undo *plan.Plan, w *simtest.World) []string {
	names := w.Tenant.ValueNames(w.AppID)
	named := map[string]bool{}
	logins := map[string]string{}
	for _, u := range w.Tenant.State().Users {
		logins[u.ID] = u.Login
	}
	for _, op := range undo.Ops {
		for _, v := range op.Revokes {
			named[logins[op.UserID]+" lost "+names[v]] = true
		}
	}
	return slices.DeleteFunc(p.lost(after), func(what string) bool { return named[what] })
}

// differs lists where two pictures are not the same.
func (p picture) differs(q picture) []string {
	var out []string
	if !slices.Equal(p.values, q.values) {
		out = append(out, fmt.Sprintf("values %v and %v", p.values, q.values))
	}
	for _, login := range slices.Sorted(maps.Keys(p.effective)) {
		if !slices.Equal(p.effective[login], q.effective[login]) {
			out = append(out, fmt.Sprintf("%s has %v and %v", login, p.effective[login], q.effective[login]))
		}
		if !slices.Equal(p.grants[login], q.grants[login]) {
			out = append(out, fmt.Sprintf("%s has the grants %v and %v", login, p.grants[login], q.grants[login]))
		}
		if p.assigned[login] != q.assigned[login] {
			out = append(out, fmt.Sprintf("%s is assigned: %v and %v", login, p.assigned[login], q.assigned[login]))
		}
	}
	return out
}

// differsInEffect lists where access, assignments and values are not the same, whatever grants bring them about.
func (p picture) differsInEffect(q picture) []string {
	q.grants = p.grants
	return p.differs(q)
}

// TestTheJudgeSeesPlantedViolations shows that the comparison that all tests of faults lean on finds what it is for.
func TestTheJudgeSeesPlantedViolations(t *testing.T) {
	w := simtest.New(t, simtest.Options{Tenant: oktasim.Options{Seed: 1}})
	user := w.Tenant.AddUser(oktasim.NewUser{Email: "ada@acme.example.com"})
	_, values := w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin", "Viewer")
	grant := oktasim.NewGrant{Type: "ENTITLEMENT", AppID: w.AppID, UserID: user, Values: values[:1], Actor: "API"}
	w.Tenant.AddGrant(grant)
	before := photograph(w)
	if found := append(before.differs(before), before.lost(before)...); len(found)+len(before.twice) != 0 {
		t.Errorf("violations are seen where none are: %v %v", found, before.twice)
	}

	w.Tenant.AddGrant(grant)
	if after := photograph(w); len(after.twice) != 1 || len(before.differs(after)) != 1 || len(before.lost(after)) != 0 {
		t.Errorf("a grant made twice: twice %v, differs %v, lost %v", after.twice, before.differs(after), before.lost(after))
	}
	grant.Values = values
	w.Tenant.AddGrant(grant)
	if after := photograph(w); !strings.Contains(strings.Join(before.differs(after), ";"), "Role/Viewer") {
		t.Errorf("access that no one asked for is not seen: %v", before.differs(after))
	}
	w.Tenant.AddEntitlement(w.AppID, "Role", true, "Admin")
	if after := photograph(w); len(before.differs(after)) == 0 || !strings.HasPrefix(before.differs(after)[0], "values") {
		t.Errorf("an entitlement made twice is not seen: %v", before.differs(after))
	}
	w.Tenant.AddGrant(oktasim.NewGrant{Type: "CUSTOM", AppID: w.AppID, UserID: user, Values: values[1:], Actor: "API"})
	if lost := before.lost(photograph(w)); len(lost) != 1 {
		t.Errorf("access that a CUSTOM grant took away: %v", lost)
	}
	w.Tenant.UnassignApp(w.AppID, user)
	if found := before.differs(photograph(w)); !strings.Contains(strings.Join(found, ";"), "is assigned") {
		t.Errorf("a lost assignment is not seen: %v", found)
	}
}
