package oktasim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

func (t *Tenant) routesGroups() {
	t.handle("GET", "/api/v1/groups", "okta.groups.read", t.listGroups)
	t.handle("POST", "/api/v1/groups", "okta.groups.manage", t.createGroup)
	t.handle("GET", "/api/v1/groups/{id}", "okta.groups.read", t.getGroup)
	t.handle("PUT", "/api/v1/groups/{id}", "okta.groups.manage", t.replaceGroup)
	t.handle("DELETE", "/api/v1/groups/{id}", "okta.groups.manage", t.deleteGroup)
	t.handle("GET", "/api/v1/groups/rules", "okta.groups.read", func(c *call) { c.reply(http.StatusOK, []any{}) })
	t.handle("GET", "/api/v1/groups/{id}/users", "okta.groups.read", t.listMembers)
	t.handle("GET", "/api/v1/groups/{id}/apps", "okta.groups.read", t.listAppsOfGroup)
	t.handle("PUT", "/api/v1/groups/{id}/users/{userId}", "okta.groups.manage", func(c *call) { t.changeMember(c, true) })
	t.handle("DELETE", "/api/v1/groups/{id}/users/{userId}", "okta.groups.manage",
		func(c *call) { t.changeMember(c, false) })
}

// group finds the group that the path names, or answers 404.
func (c *call) group(param string) *group {
	g := c.t.groups[c.path(param)]
	if g == nil {
		c.notFound(c.path(param), "UserGroup")
	}
	return g
}

// groupSearch is what search and filter on groups know.
var groupSearch = filterOptions{FoldValues: true, NoNot: true, Properties: map[string][]string{
	"profile.name": {"eq", "sw", "co"}, "profile.description": {"eq", "sw", "co"}, "id": {"eq"}, "type": {"eq"},
	"lastUpdated": nil, "lastMembershipUpdated": nil, "created": nil,
}}

func (t *Tenant) listGroups(c *call) {
	q := c.query()
	var expr filterExpr
	text := q.Get("search")
	if text == "" {
		text = q.Get("filter")
	}
	if text != "" {
		var err error
		if expr, err = parseFilter(text); err == nil {
			err = expr.check(groupSearch)
		}
		if err != nil {
			c.fail(http.StatusBadRequest, codeBadSearch, "Invalid search criteria.", cause{ErrorSummary: err.Error()})
			return
		}
	}
	if prefix := strings.ToLower(q.Get("q")); prefix != "" {
		t.lookupGroups(c, prefix, expr)
		return
	}
	by := q.Get("sortBy")
	if by != "" && q.Get("search") == "" {
		c.fail(http.StatusBadRequest, codeCombination, "Invalid combination of parameters specified.",
			cause{ErrorSummary: "sortBy: only with search"})
		return
	}
	var found []*group
	for _, id := range t.groupOrder {
		if g := t.groups[id]; expr.match(g.lookup, groupSearch) {
			found = append(found, g)
		}
	}
	if by != "" {
		sortGroups(found, by, strings.EqualFold(q.Get("sortOrder"), "desc"))
	}
	managementPage(c, found, func(g *group) string { return g.id }, func(g *group) any { return g.expanded(c) }, 10_000,
		10_000)
}

// sortGroups puts groups in the order of a property; the id breaks ties.
func sortGroups(groups []*group, by string, descending bool) {
	slices.SortStableFunc(groups, func(a, b *group) int {
		order := strings.Compare(strings.ToLower(strings.Join(a.lookup(by), " ")),
			strings.ToLower(strings.Join(b.lookup(by), " ")))
		if descending {
			order = -order
		}
		return cmp.Or(order, strings.Compare(a.id, b.id))
	})
}

// expanded renders a group with what expand=stats asks for.
func (g *group) expanded(c *call) map[string]any {
	body := g.render(c)
	if c.query().Get("expand") == "stats" {
		body["_embedded"] = map[string]any{"stats": map[string]any{
			"usersCount": g.members.size(), "appsCount": g.apps.size(), "groupPushMappingsCount": 0,
			"hasAdminPrivilege": len(c.t.admins.byGroup[g.id]) > 0,
			"_links": map[string]any{
				"self":  c.link("/api/v1/groups/" + g.id + "/stats"),
				"users": c.link("/api/v1/groups/" + g.id + "/users"),
			},
		}}
	}
	return body
}

// lookupGroups is q: a prefix of the name, and what filter says beside it; one page, and no Link header at all.
func (t *Tenant) lookupGroups(c *call, prefix string, expr filterExpr) {
	limit, ok := c.limit(300, 10_000, true)
	if !ok {
		return
	}
	out := []any{}
	for _, id := range t.groupOrder {
		g := t.groups[id]
		if strings.HasPrefix(strings.ToLower(g.name), prefix) && expr.match(g.lookup, groupSearch) && len(out) < limit {
			out = append(out, g.expanded(c))
		}
	}
	c.reply(http.StatusOK, out)
}

func (g *group) lookup(path string) []string {
	switch path {
	case "id":
		return []string{g.id}
	case "type":
		return []string{g.kind}
	case "profile.name":
		return []string{g.name}
	case "profile.description":
		return texts(g.description)
	case "created":
		return []string{stampText(g.created)}
	case "lastUpdated":
		return []string{stampText(g.lastUpdated)}
	case "lastMembershipUpdated":
		return []string{stampText(g.lastMembershipUpdated)}
	}
	return nil
}

// groupProfile reads the profile of a group; self is the group that may keep its name, nil for a new one.
func (t *Tenant) groupProfile(c *call, self *group) (name string, description any, ok bool) {
	var in struct {
		Profile struct {
			Name        string
			Description *string
		}
	}
	if !c.body(&in) {
		return "", nil, false
	}
	name = in.Profile.Name
	taken := slices.ContainsFunc(t.groupOrder, func(id string) bool {
		return t.groups[id] != self && t.groups[id].name == name
	})
	switch {
	case name == "":
		c.invalid("name", "name: The field cannot be left blank")
		return "", nil, false
	case taken:
		c.invalid("name", "name: An object with this field already exists")
		return "", nil, false
	}
	if in.Profile.Description != nil {
		description = *in.Profile.Description
	}
	return name, description, true
}

func (t *Tenant) createGroup(c *call) {
	if name, description, ok := t.groupProfile(c, nil); ok {
		g := t.addGroup(name, description, "OKTA_GROUP", c.now)
		c.event("group.lifecycle.create", eventDetail{Targets: []logTarget{g.target()}})
		c.reply(http.StatusOK, g.render(c))
	}
}

// replaceGroup replaces the profile, of groups that Okta itself manages alone.
func (t *Tenant) replaceGroup(c *call) {
	g := c.group("id")
	if g == nil {
		return
	}
	if g.kind != "OKTA_GROUP" {
		c.fail(http.StatusForbidden, codeUserStatus, "This operation is not allowed in the current state.")
		return
	}
	if name, description, ok := t.groupProfile(c, g); ok {
		g.name, g.description, g.lastUpdated = name, description, c.now
		c.event("group.profile.update", eventDetail{Targets: []logTarget{g.target()}})
		c.reply(http.StatusOK, g.render(c))
	}
}

func (t *Tenant) getGroup(c *call) {
	if g := c.group("id"); g != nil {
		c.reply(http.StatusOK, g.render(c))
	}
}

func (t *Tenant) deleteGroup(c *call) {
	g := c.group("id")
	switch {
	case g == nil:
	case g.kind != "OKTA_GROUP":
		c.fail(http.StatusForbidden, codeUserStatus, "This operation is not allowed in the current state.")
	default:
		for _, m := range slices.Clone(g.members.order) {
			t.leave(g, t.users[m.id], c.now)
		}
		for _, a := range t.apps {
			a.groups.remove(g.id)
		}
		delete(t.groups, g.id)
		delete(t.admins.byGroup, g.id)
		t.groupOrder = without(t.groupOrder, g.id)
		c.event("group.lifecycle.delete", eventDetail{Targets: []logTarget{g.target()}})
		c.empty(http.StatusNoContent)
	}
}

// listMembers shows everyone in the group, deactivated users too.
func (t *Tenant) listMembers(c *call) {
	g := c.group("id")
	if g == nil {
		return
	}
	pageRoster(c, t.shownMembers(g, c.now), 1000, 1000, func(id string) any {
		u := t.users[id]
		return u.render(c, u.profile, false)
	})
}

func (t *Tenant) listAppsOfGroup(c *call) {
	g := c.group("id")
	if g == nil {
		return
	}
	pageRoster(c, &g.apps, 20, 200, func(id string) any { return t.apps[id].render(c) })
}

// pageRoster answers one page of a roster in O(page).
func pageRoster[V any](c *call, r *roster[V], standard, most int, render func(id string) any) {
	limit, ok := c.limit(standard, most, true)
	if !ok {
		return
	}
	if c.query().Get("after") != "" && c.cursorRejected() {
		return
	}
	rest, ok := r.after(c.query().Get("after"))
	if !ok {
		c.badCursor()
		return
	}
	next := ""
	if len(rest) > limit {
		rest = rest[:limit]
		next = rest[limit-1].id
	}
	replyManagementPage(c, rest, next, func(m *member[V]) any { return render(m.id) }, limit)
}

// changeMember adds or removes a member: 204 whether or not that changed anything.
func (t *Tenant) changeMember(c *call, add bool) {
	g := c.group("id")
	if g == nil {
		return
	}
	u := c.user("userId")
	if u == nil {
		return
	}
	if g.kind != "OKTA_GROUP" {
		c.fail(http.StatusForbidden, codeNoPermission, "You do not have permission to perform the requested action")
		return
	}
	targets := []logTarget{u.target(), g.target()}
	if add && u.status == statusDeprovisioned {
		c.fail(http.StatusForbidden, codeUserStatus, "This operation is not allowed in the user's current status.")
		return
	}
	if add && t.join(g, u, c.now) {
		c.event("group.user_membership.add", eventDetail{Targets: targets})
	}
	if !add && t.leave(g, u, c.now) {
		c.event("group.user_membership.remove", eventDetail{Targets: targets})
	}
	c.empty(http.StatusNoContent)
}
