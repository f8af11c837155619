package oktasim

import (
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestActsWriteTheEventsThatOktaWould does each act that represents a person's and checks who did what to which object.
func TestActsWriteTheEventsThatOktaWould(t *testing.T) {
	self, admin := "self", "admin"
	for name, test := range map[string]struct {
		before, act func(*Tenant, string, string) // with a user and a group
		actor       string
		events      []string
	}{
		"enrol": {nil, func(o *Tenant, u, _ string) { o.Enroll(u, "webauthn", "") }, self,
			[]string{"user.mfa.factor.activate"}},
		"remove": {func(o *Tenant, u, _ string) { o.AddFactor(u, "sms", "OKTA", "", nil) },
			func(o *Tenant, u, _ string) { o.RemoveFactor(u, "sms") }, self, []string{"user.mfa.factor.deactivate"}},
		"reset": {nil, func(o *Tenant, u, _ string) { o.ResetFactors(u) }, admin, []string{"user.mfa.factor.reset_all"}},
		"suspend": {nil, func(o *Tenant, u, _ string) { o.Lifecycle(u, "suspend") }, admin,
			[]string{"user.lifecycle.suspend"}},
		"unlock": {func(o *Tenant, u, _ string) { o.SetUserStatus(u, "LOCKED_OUT") },
			func(o *Tenant, u, _ string) { o.Lifecycle(u, "unlock") }, admin, []string{"user.account.unlock_by_admin"}},
		"lock": {nil, func(o *Tenant, u, _ string) { o.Lifecycle(u, "lock") }, self, []string{"user.account.lock"}},
		"rename": {nil, func(o *Tenant, u, _ string) { o.UpdateUser(u, "lastName", "Berg") }, admin,
			[]string{"user.account.update_profile"}},
		"join": {nil, func(o *Tenant, u, g string) { o.JoinGroup(g, u) }, admin, []string{"group.user_membership.add"}},
		"leave": {func(o *Tenant, u, g string) { o.JoinGroup(g, u); o.log = eventLog{} },
			func(o *Tenant, u, g string) { o.LeaveGroup(g, u) }, admin, []string{"group.user_membership.remove"}},
		"set down": {nil, func(o *Tenant, u,
			_ string) {
			o.SetUserStatus(u, "SUSPENDED")
			o.AddFactor(u, "sms", "OKTA", "", nil)
		}, "", nil},
		"delete": {nil, func(o *Tenant, u, _ string) { o.DeleteUser(u) }, admin,
			[]string{"user.lifecycle.deactivate", "user.lifecycle.delete.initiated", "user.lifecycle.delete.completed"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newFixture(t, Options{})
			user, group := d.users[0], d.tenant.AddGroup("Crew")
			if test.before != nil {
				test.before(d.tenant, user, group)
			}
			test.act(d.tenant, user, group)
			if got := d.kinds(logsOf(`target.type eq "User" and target.id eq "` + user + `"`)); !slices.Equal(got, test.events) {
				t.Fatalf("events %v, want %v", got, test.events)
			}
			actor := map[string]string{self: user, admin: d.tenant.ownerID}[test.actor]
			for _, e := range d.list(d.get(logsOf(`target.id eq "` + user + `"`))) {
				if e["actor"].(map[string]any)["id"] != actor {
					t.Errorf("actor of %v: %v", e["eventType"], e["actor"])
				}
			}
		})
	}
}

func TestLifecycleKeepsToWhatAStatusAllows(t *testing.T) {
	d := newFixture(t, Options{})
	if d.tenant.Lifecycle(d.users[0], "unsuspend") || !d.tenant.Lifecycle(d.users[0], "suspend") ||
		d.tenant.Lifecycle(d.users[0], "suspend") {
		t.Error("the status does not count")
	}
	if got := d.want(200, "", "GET", "/api/v1/users/"+d.users[0], nil).text("status"); got != statusSuspended ||
		d.tenant.Events("user.lifecycle.suspend") != 1 {
		t.Errorf("status %s", got)
	}
	id := d.tenant.CreateUser(NewUser{Email: "new@acme.example.com"})
	if d.tenant.Events("user.lifecycle.create") != 1 || d.tenant.Events("user.lifecycle.activate") != 1 || id == "" {
		t.Error("creating writes no events")
	}
}

func TestRemovingPushTakesAllOfOktaVerify(t *testing.T) {
	d := newFixture(t, Options{})
	for _, kind := range []string{"push", "token:software:totp", "sms", "webauthn"} {
		d.tenant.Enroll(d.users[0], kind, "")
	}
	if n := d.tenant.RemoveFactor(d.users[0], "push"); n != 2 || d.tenant.Events("user.mfa.factor.deactivate") != 2 {
		t.Errorf("%d factors went", n)
	}
	if got := d.tenant.Factors(d.users[0]); !slices.Equal(got, []string{"sms", "webauthn"}) {
		t.Errorf("left: %v", got)
	}
	id := d.want(200, "", "GET", d.factors(0), nil).text(1, "id")
	if n := d.tenant.RemoveFactor(d.users[0], id); n != 1 || d.tenant.RemoveFactor(d.users[0], id) != 0 {
		t.Errorf("by id: %d", n)
	}
}

func TestADeletedUserIsGoneFromEverywhere(t *testing.T) {
	d := newFixture(t, Options{Users: 10})
	group := d.tenant.AddGroup("Crew", d.users...)
	d.tenant.GiveRole(d.users[0], "ORG_ADMIN")
	d.tenant.Enroll(d.users[0], "push", "")
	before := len(d.list(d.get("/api/v1/users")))
	d.tenant.DeleteUser(d.users[0])
	d.tenant.DeleteUser(d.tenant.userOrder[3])
	for _, path := range []string{"", "/factors", "/authenticator-enrollments", "/roles", "/groups"} {
		d.want(404, "E0000007", "GET", "/api/v1/users/"+d.users[0]+path, nil)
	}
	if n := d.want(200, "", "GET", "/api/v1/groups/"+group+"/users", nil).size(); n != 2 {
		t.Errorf("%d members", n)
	}
	if n := d.want(200, "", "GET", "/api/v1/iam/assignees/users", nil).size("value"); n != 1 {
		t.Errorf("%d role holders", n)
	}
	if n := len(d.list(d.get("/api/v1/users"))); n < before-2 || n > before-1 {
		t.Errorf("%d users of %d", n, before)
	}
	if d.tenant.UserByEmail("ada@acme.example.com") != "" {
		t.Error("the address is still taken")
	}
}

func TestGroupsShowWhenTheirMembersChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(t, Options{})
		group, other := d.tenant.AddGroup("Crew", d.users[0]), d.tenant.AddGroup("Crew of old")
		changed := func() string {
			return d.want(200, "", "GET", "/api/v1/groups/"+group, nil).text("lastMembershipUpdated")
		}
		for name, act := range map[string]func(){
			"join":  func() { d.tenant.JoinGroup(group, d.users[1]) },
			"leave": func() { d.tenant.LeaveGroup(group, d.users[0]) },
			"delete": func() {
				d.tenant.JoinGroup(group, d.users[2])
				time.Sleep(time.Minute)
				d.tenant.DeleteUser(d.users[2])
			},
		} {
			time.Sleep(time.Minute)
			act()
			if got := changed(); got != millis(time.Now()) {
				t.Errorf("%s: %s, want %s", name, got, millis(time.Now()))
			}
		}
		at := changed()
		time.Sleep(time.Minute)
		if d.tenant.JoinGroup(group, d.users[1]) || changed() != at {
			t.Error("joining twice changes the group")
		}
		search := "/api/v1/groups?search=" + url.QueryEscape(`type eq "OKTA_GROUP" and lastMembershipUpdated ge "`+at+`"`)
		if found := d.want(200, "", "GET", search, nil); found.size() != 1 || found.text(0, "id") != group {
			t.Errorf("found %s, want only the group that changed, not %s", found.raw, other)
		}
	})
}

func TestGroupListsAreSortedAndPaged(t *testing.T) {
	d := newCaller(t, Options{})
	for _, name := range []string{"Beta", "alpha", "Gamma"} {
		d.tenant.AddGroup(name)
	}
	names := func(query string) (out []string) {
		items, _ := d.all("/api/v1/groups?" + query)
		for _, g := range items {
			out = append(out, g["profile"].(map[string]any)["name"].(string))
		}
		return out
	}
	search := "search=" + url.QueryEscape(`type eq "OKTA_GROUP"`)
	if got := names(search + "&sortBy=profile.name&limit=1"); !slices.Equal(got, []string{"alpha", "Beta", "Gamma"}) {
		t.Errorf("ascending: %v", got)
	}
	if got := names(search + "&sortBy=profile.name&sortOrder=desc"); !slices.Equal(got,
		[]string{"Gamma", "Beta", "alpha"}) {
		t.Errorf("descending: %v", got)
	}
	if got := names("limit=2"); len(got) != 4 {
		t.Errorf("plain: %v", got)
	}
	if got := names("filter=" + url.QueryEscape(`type eq "BUILT_IN"`)); !slices.Equal(got, []string{"Everyone"}) {
		t.Errorf("filter: %v", got)
	}
	d.refusal(d.get("/api/v1/groups?sortBy=profile.name"), 400, codeCombination)
}
