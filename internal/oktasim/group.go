package oktasim

import (
	"slices"
	"time"
)

// group is an Okta group.
type group struct {
	id, name, kind        string // kind: OKTA_GROUP, APP_GROUP, BUILT_IN
	description           any    // text, or nil when none was given: Okta writes back an empty one as it came
	created, lastUpdated  time.Time
	lastMembershipUpdated time.Time
	members               roster[time.Time] // user ids, with the time of joining
	recent                []memberChange    // what lists may not show yet, oldest first
	apps                  roster[time.Time] // ids of the applications that the group is assigned to
}

// target names the group in the System Log.
func (g *group) target() logTarget { return logTarget{g.id, "UserGroup", "unknown", g.name} }

// addGroup stores a new group. Call with t.mu held.
func (t *Tenant) addGroup(name string, description any, kind string, now time.Time) *group {
	g := &group{
		id: t.newID("00g"), name: name, description: description, kind: kind,
		created: now, lastUpdated: now, lastMembershipUpdated: now,
	}
	t.groups[g.id] = g
	t.groupOrder = append(t.groupOrder, g.id)
	return g
}

// memberChange is one joining or leaving.
type memberChange struct {
	at     time.Time
	userID string
	joined bool
	was    *member[time.Time] // of who left
}

// noteChange remembers a change for as long as lists lag behind it.
func (t *Tenant) noteChange(g *group, m memberChange) {
	if t.opts.MemberLag <= 0 {
		return
	}
	horizon := m.at.Add(-t.opts.MemberLag)
	g.recent = slices.DeleteFunc(g.recent, func(old memberChange) bool { return !old.at.After(horizon) })
	g.recent = append(g.recent, m)
}

// shownMembers are the members as lists show them now, which is as they were Options.MemberLag ago.
func (t *Tenant) shownMembers(g *group, now time.Time) *roster[time.Time] {
	horizon := now.Add(-t.opts.MemberLag)
	shown := &g.members
	for i := len(g.recent) - 1; i >= 0 && g.recent[i].at.After(horizon); i-- {
		if shown == &g.members {
			shown = g.members.clone()
		}
		switch change := g.recent[i]; {
		case change.joined:
			shown.remove(change.userID)
		case t.users[change.userID] != nil && !shown.has(change.userID):
			shown.restore(change.was)
		}
	}
	return shown
}

// join adds a user to a group and assigns the group's applications to the user. It reports whether the user is new there.
func (t *Tenant) join(g *group, u *user, now time.Time) bool {
	if g.members.has(u.id) {
		return false
	}
	g.members.set(u.id, now)
	g.lastMembershipUpdated = now
	t.noteChange(g, memberChange{at: now, userID: u.id, joined: true})
	for _, m := range g.apps.order {
		if a := t.apps[m.id]; a != nil {
			t.assignUser(a, u, scopeGroup, g.id, now)
		}
	}
	return true
}

// leave takes a user out of a group, with the assignments that only this group brought.
func (t *Tenant) leave(g *group, u *user, now time.Time) bool {
	was := g.members.byID[u.id]
	if !g.members.remove(u.id) {
		return false
	}
	g.lastMembershipUpdated = now
	t.noteChange(g, memberChange{at: now, userID: u.id, was: was})
	for _, m := range g.apps.order {
		if a := t.apps[m.id]; a != nil {
			t.dropGroupAssignment(a, u, g.id)
		}
	}
	return true
}

// dropGroupAssignment ends the assignment that a group brought, unless another group of the application still has the user.
func (t *Tenant) dropGroupAssignment(a *app, u *user, groupID string) {
	au, ok := a.users.get(u.id)
	if !ok || au.scope != scopeGroup {
		return
	}
	for _, m := range a.groups.order {
		if other := t.groups[m.id]; m.id != groupID && other != nil && other.members.has(u.id) {
			au.groupID = m.id
			return
		}
	}
	a.users.remove(u.id)
}

func (g *group) render(c *call) map[string]any {
	self := "/api/v1/groups/" + g.id
	logo := func(size string) map[string]any {
		return map[string]any{"name": size, "href": c.base() + "/img/groups/" + size + ".png", "type": "image/png"}
	}
	return map[string]any{
		"id": g.id, "created": stampText(g.created), "lastUpdated": stampText(g.lastUpdated),
		"lastMembershipUpdated": stampText(g.lastMembershipUpdated), "objectClass": []string{"okta:user_group"},
		"type": g.kind, "profile": map[string]any{"name": g.name, "description": g.description},
		"_links": map[string]any{
			"logo":  []any{logo("medium"), logo("large")},
			"users": c.link(self + "/users"), "apps": c.link(self + "/apps"),
			"owners": c.link(self + "/owners"),
		},
	}
}
