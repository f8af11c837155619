package oktasim

import "time"

// group is an Okta group.
type group struct {
	id, name, description, kind string // kind: OKTA_GROUP, APP_GROUP, BUILT_IN
	created, lastUpdated        time.Time
	lastMembershipUpdated       time.Time
	members                     roster[time.Time] // user ids, with the time of joining
	apps                        roster[time.Time] // ids of the applications that the group is assigned to
}

// target names the group in the System Log.
func (g *group) target() logTarget { return logTarget{g.id, "UserGroup", "unknown", g.name} }

// addGroup stores a new group. Call with t.mu held.
func (t *Tenant) addGroup(name, description, kind string, now time.Time) *group {
	g := &group{
		id: t.newID("00g"), name: name, description: description, kind: kind,
		created: now, lastUpdated: now, lastMembershipUpdated: now,
	}
	t.groups[g.id] = g
	t.groupOrder = append(t.groupOrder, g.id)
	return g
}

// join adds a user to a group and assigns the group's applications to the user. It reports whether the user is new there.
func (t *Tenant) join(g *group, u *user, now time.Time) bool {
	if g.members.has(u.id) {
		return false
	}
	g.members.set(u.id, now)
	g.lastMembershipUpdated = now
	for _, m := range g.apps.order {
		if a := t.apps[m.id]; a != nil {
			t.assignUser(a, u, scopeGroup, g.id, now)
		}
	}
	return true
}

// leave takes a user out of a group, with the assignments that only this group brought.
func (t *Tenant) leave(g *group, u *user, now time.Time) bool {
	if !g.members.remove(u.id) {
		return false
	}
	g.lastMembershipUpdated = now
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
	var description any
	if g.description != "" {
		description = g.description
	}
	logo := func(size string) map[string]any {
		return map[string]any{"name": size, "href": c.base() + "/img/groups/" + size + ".png", "type": "image/png"}
	}
	return map[string]any{
		"id": g.id, "created": millis(g.created), "lastUpdated": millis(g.lastUpdated),
		"lastMembershipUpdated": millis(g.lastMembershipUpdated), "objectClass": []string{"okta:user_group"},
		"type": g.kind, "profile": map[string]any{"name": g.name, "description": description},
		"_links": map[string]any{
			"logo":  []any{logo("medium"), logo("large")},
			"users": c.link(self + "/users"), "apps": c.link(self + "/apps"),
			"owners": c.link(self + "/owners"),
		},
	}
}
