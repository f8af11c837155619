package oktasim

import (
	"maps"
	"net/http"
	"slices"
	"sort"
	"time"
)

// adminStore holds who has which admin role: people directly, and groups for their members.
type adminStore struct {
	byUser, byGroup map[string][]*role
}

// role is one role assignment.
type role struct {
	id, kind string
	created  time.Time
}

// roleLabels are Okta's names of the standard roles; anything else is a custom role, whose label its org chooses.
var roleLabels = map[string]string{
	"SUPER_ADMIN": "Super Administrator", "ORG_ADMIN": "Organizational Administrator",
	"APP_ADMIN":  "Application Administrator",
	"USER_ADMIN": "Group Administrator", "GROUP_MEMBERSHIP_ADMIN": "Group Membership Administrator",
	"HELP_DESK_ADMIN": "Help Desk Administrator", "READ_ONLY_ADMIN": "Read-Only Administrator",
	"REPORT_ADMIN": "Report Administrator",
	"MOBILE_ADMIN": "Mobile Administrator", "API_ACCESS_MANAGEMENT_ADMIN": "Access Management Administrator",
	"API_ADMIN": "Access Management Administrator",
}

func (r *role) label() string {
	if label := roleLabels[r.kind]; label != "" {
		return label
	}
	return "Custom Administrator"
}

const scopeRolesRead = "okta.roles.read"

func (t *Tenant) routesRoles() {
	t.handle("GET", "/api/v1/iam/assignees/users", scopeRolesRead, t.listRoleHolders)
	t.handle("GET", "/api/v1/users/{userId}/roles", scopeRolesRead, (*call).listRolesOfUser)
	t.handle("GET", "/api/v1/groups/{id}/roles", scopeRolesRead, (*call).listRolesOfGroup)
}

// listRoleHolders lists people with a role of their own, in the order of their ids. Nothing confirms whether Okta lists those,
// too, who hold one only through a group; the tenant does not, so that a client which relies on it misses someone here first.
// The page is in the envelope's value, the way to the next one in its _links.
func (t *Tenant) listRoleHolders(c *call) {
	const most = 100 // documented as the default; the tenant takes it for the maximum, too
	limit, ok := c.limit(most, most, true)
	if !ok {
		return
	}
	ids := slices.Sorted(maps.Keys(t.admins.byUser))
	if after := c.query().Get("after"); after != "" {
		if c.cursorRejected() {
			return
		}
		if !sameShape(t.ownerID, after) {
			c.badCursor()
			return
		}
		ids = ids[sort.Search(len(ids), func(i int) bool { return ids[i] > after }):]
	}
	links := map[string]any{}
	if len(ids) > limit {
		ids = ids[:limit]
		links["next"] = href{Href: c.pageURL(c.base(), ids[limit-1], nil)}
	}
	value := []any{}
	for _, id := range ids {
		self := "/api/v1/users/" + id
		value = append(value, map[string]any{
			"id": id, "orn": t.users[id].orn(t),
			"_links": map[string]any{"self": c.link(self), "roles": c.link(self + "/roles")},
		})
	}
	body := map[string]any{"value": value}
	if len(links) > 0 { // recorded: none on the last page
		body["_links"] = links
	}
	c.reply(http.StatusOK, body)
}

// listRolesOfUser shows the user's own roles with assignmentType USER, and those that groups bring with GROUP.
func (c *call) listRolesOfUser() {
	u := c.factorUser()
	if u == nil {
		return
	}
	list := []any{}
	for _, r := range c.t.admins.byUser[u.id] {
		list = append(list, r.wire(c, "USER", "/api/v1/users/"+u.id))
	}
	for _, id := range slices.Sorted(maps.Keys(c.t.admins.byGroup)) {
		if !c.t.groups[id].members.has(u.id) {
			continue
		}
		for _, r := range c.t.admins.byGroup[id] {
			list = append(list, r.wire(c, "GROUP", "/api/v1/groups/"+id))
		}
	}
	c.reply(http.StatusOK, list)
}

func (c *call) listRolesOfGroup() {
	g := c.group("id")
	if g == nil {
		return
	}
	list := []any{}
	for _, r := range c.t.admins.byGroup[g.id] {
		list = append(list, r.wire(c, "GROUP", "/api/v1/groups/"+g.id))
	}
	c.reply(http.StatusOK, list)
}

func (r *role) wire(c *call, assignment, assignee string) map[string]any {
	kind := r.kind
	if roleLabels[kind] == "" {
		kind = "CUSTOM"
	}
	return map[string]any{
		"id": r.id, "label": r.label(), "type": kind, "status": statusActive, "assignmentType": assignment,
		"created": stampText(r.created), "lastUpdated": stampText(r.created),
		"_links": map[string]any{"assignee": c.link(assignee)},
	}
}

// GiveRole gives a person an admin role of its own, in Okta's word such as SUPER_ADMIN, as an administrator would: with an event.
// Any other word is a custom role. It reports whether the person did not have it yet.
func (t *Tenant) GiveRole(userID, roleType string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.give(t.admins.byUser, t.mustUser(userID).target(), roleType, "user.account.privilege.grant")
}

// TakeRole takes a person's own admin role away and reports whether there was one. What a group brings stays.
func (t *Tenant) TakeRole(userID, roleType string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.take(t.admins.byUser, t.mustUser(userID).target(), roleType, "user.account.privilege.revoke")
}

// GiveGroupRole gives every member of a group an admin role, now and later. It reports whether the group did not have it yet.
func (t *Tenant) GiveGroupRole(groupID, roleType string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.give(t.admins.byGroup, t.mustGroup(groupID).target(), roleType, "group.privilege.grant")
}

// TakeGroupRole takes an admin role away from a group and reports whether it had it.
func (t *Tenant) TakeGroupRole(groupID, roleType string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.take(t.admins.byGroup, t.mustGroup(groupID).target(), roleType, "group.privilege.revoke")
}

// Roles returns the types of a person's own admin roles, and of those that groups bring, each in the order of their giving.
func (t *Tenant) Roles(userID string) (own, groups []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.admins.byUser[userID] {
		own = append(own, r.kind)
	}
	for _, id := range slices.Sorted(maps.Keys(t.admins.byGroup)) {
		if !t.groups[id].members.has(userID) {
			continue
		}
		for _, r := range t.admins.byGroup[id] {
			groups = append(groups, r.kind)
		}
	}
	return own, groups
}

func (t *Tenant) give(to map[string][]*role, who logTarget, kind, event string) bool {
	if kind == "" {
		panic("oktasim: a role without a type")
	}
	if slices.ContainsFunc(to[who.ID], func(r *role) bool { return r.kind == kind }) {
		return false
	}
	prefix := "ra1"
	if who.Type == "UserGroup" {
		prefix = "gra"
	}
	r := &role{id: t.newID(prefix), kind: kind, created: t.now()}
	to[who.ID] = append(to[who.ID], r)
	t.administrate(event, eventDetail{Targets: []logTarget{who}, Debug: map[string]any{"privilegeGranted": r.label()}})
	return true
}

func (t *Tenant) take(from map[string][]*role, who logTarget, kind, event string) bool {
	i := slices.IndexFunc(from[who.ID], func(r *role) bool { return r.kind == kind })
	if i < 0 {
		return false
	}
	label := from[who.ID][i].label()
	from[who.ID] = slices.Delete(from[who.ID], i, i+1)
	if len(from[who.ID]) == 0 {
		delete(from, who.ID)
	}
	t.administrate(event, eventDetail{Targets: []logTarget{who}, Debug: map[string]any{"privilegeRevoked": label}})
	return true
}
