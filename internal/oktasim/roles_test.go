package oktasim

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// held is what GET …/roles shows, as type and assignmentType.
func (d *fixture) held(path string) []string {
	d.Helper()
	a := d.want(200, "", "GET", path+"/roles", nil)
	var out []string
	for i := range a.size() {
		out = append(out, a.text(i, "type")+" "+a.text(i, "assignmentType"))
	}
	return out
}

func TestRoleHoldersArePagedInTheirOwnEnvelope(t *testing.T) {
	d := newFixture(t, Options{Users: 250})
	for _, id := range d.tenant.userOrder[1:231] {
		d.tenant.GiveRole(id, "READ_ONLY_ADMIN")
	}
	first := d.want(200, "", "GET", "/api/v1/iam/assignees/users", nil)
	if first.size("value") != 100 || len(first.header.Values("Link")) != 0 {
		t.Errorf("first page: %d people, Link %v", first.size("value"), first.header.Values("Link"))
	}
	if first.text("value", 0, "_links", "roles", "href") == "" ||
		!strings.HasPrefix(first.text("value", 0, "orn"), "orn:okta:directory:") {
		t.Errorf("holder: %v", first.at("value", 0))
	}
	var ids []string
	pages := 0
	for target := "/api/v1/iam/assignees/users?limit=60"; target != ""; pages++ {
		a := d.want(200, "", "GET", target, nil)
		for i := range a.size("value") {
			ids = append(ids, a.text("value", i, "id"))
		}
		target = ""
		if a.at("_links", "next") != nil {
			target = a.text("_links", "next", "href")
		}
	}
	if len(ids) != 231 || pages != 4 || !slices.IsSorted(ids) || len(slices.Compact(ids)) != 231 {
		t.Errorf("%d people on %d pages, want 231 (with the token's owner) on 4", len(ids), pages)
	}
}

func TestRolesComeDirectlyAndThroughGroups(t *testing.T) {
	d := newFixture(t, Options{})
	ada, ben := d.users[0], d.users[1]
	group := d.tenant.AddGroup("Help desk", ada, ben)
	if !d.tenant.GiveRole(ada, "ORG_ADMIN") || d.tenant.GiveRole(ada, "ORG_ADMIN") ||
		!d.tenant.GiveGroupRole(group, "HELP_DESK_ADMIN") {
		t.Error("giving a role says wrongly what changed")
	}
	if got := d.held("/api/v1/users/" + ada); !slices.Equal(got, []string{"ORG_ADMIN USER", "HELP_DESK_ADMIN GROUP"}) {
		t.Errorf("both ways: %v", got)
	}
	if got := d.held("/api/v1/users/" + ben); !slices.Equal(got, []string{"HELP_DESK_ADMIN GROUP"}) {
		t.Errorf("through the group: %v", got)
	}
	if got := d.held("/api/v1/groups/" + group); !slices.Equal(got, []string{"HELP_DESK_ADMIN GROUP"}) {
		t.Errorf("of the group: %v", got)
	}
	list := d.want(200, "", "GET", "/api/v1/iam/assignees/users", nil).raw
	if !strings.Contains(list, ada) || strings.Contains(list, ben) || !strings.Contains(list, d.tenant.ownerID) {
		t.Errorf("only direct holders are listed: %s", list)
	}
	if a := d.want(200, "", "GET", "/api/v1/groups?expand=stats&search="+url.QueryEscape(`id eq "`+group+`"`),
		nil); a.at(0, "_embedded", "stats", "hasAdminPrivilege") != true {
		t.Errorf("stats: %s", a.raw)
	}
	for kind, target := range map[string]string{"user.account.privilege.grant": ada, "group.privilege.grant": group} {
		found := d.list(d.get(logsOf(`eventType eq "` + kind + `" and target.id eq "` + target + `"`)))
		if len(found) != 1 || found[0]["debugContext"].(map[string]any)["debugData"].(map[string]any)["privilegeGranted"] == nil {
			t.Errorf("%s: %v", kind, found)
		}
	}
	if !d.tenant.TakeRole(ada, "ORG_ADMIN") || d.tenant.TakeRole(ada, "ORG_ADMIN") ||
		!d.tenant.TakeGroupRole(group, "HELP_DESK_ADMIN") {
		t.Error("taking a role says wrongly what changed")
	}
	if got := d.held("/api/v1/users/" + ada); len(got) != 0 || d.tenant.Events("user.account.privilege.revoke") != 1 ||
		d.tenant.Events("group.privilege.revoke") != 1 {
		t.Errorf("taken: %v", got)
	}
	if got := d.held("/api/v1/users/" + d.tenant.ownerID); !slices.Equal(got, []string{"SUPER_ADMIN USER"}) {
		t.Errorf("the token's owner: %v", got)
	}
	d.want(404, "E0000007", "GET", "/api/v1/users/00u00000000000000000/roles", nil)
	d.want(404, "E0000007", "GET", "/api/v1/groups/00g00000000000000000/roles", nil)
}
