package oktasim

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (t *Tenant) listAppUsers(c *call) {
	a := c.app()
	if a == nil {
		return
	}
	expand := c.query().Get("expand") == "user"
	prefix := strings.ToLower(c.query().Get("q"))
	if prefix == "" {
		pageRoster(c, &a.users, 50, 500, func(id string) any {
			au, _ := a.users.get(id)
			return au.render(c, a, expand)
		})
		return
	}
	var found []*appUser
	for _, m := range a.users.order {
		if u := t.users[m.id]; strings.HasPrefix(strings.ToLower(m.val.userName), prefix) || u != nil &&
			(strings.HasPrefix(strings.ToLower(u.text("firstName")), prefix) ||
				strings.HasPrefix(strings.ToLower(u.text("lastName")), prefix)) {
			found = append(found, m.val)
		}
	}
	managementPage(c, found, func(au *appUser) string { return au.id },
		func(au *appUser) any { return au.render(c, a, expand) }, 50, 500)
}

// appUserBody is what an assignment may say.
type appUserBody struct {
	ID          string
	Scope       string
	Credentials struct{ UserName string }
	Profile     map[string]any
}

// createAppUser assigns a user: 200, as recorded. Assigning again updates the assignment that is there.
func (t *Tenant) createAppUser(c *call) {
	a := c.app()
	if a == nil {
		return
	}
	var in appUserBody
	if !c.body(&in) {
		return
	}
	u := t.users[in.ID]
	switch {
	case in.ID == "":
		c.invalid("id", "id: The field cannot be left blank")
		return
	case in.Scope != "" && in.Scope != scopeUser && in.Scope != scopeGroup:
		c.invalid("scope", "scope: must be USER or GROUP")
		return
	case u == nil:
		c.notFound(in.ID, "User")
		return
	case a.status != statusActive:
		c.invalid("appInstance", "appInstance: The application is not active.")
		return
	case !u.assignable():
		c.fail(http.StatusForbidden, codeUserInactive, "Inactive user cannot be assigned to an app.")
		return
	}
	if problems := t.assignmentProblems(a, u, &in); len(problems) > 0 {
		c.invalid("appUser", problems...)
		return
	}
	known := a.users.has(u.id)
	au := t.assignUser(a, u, scopeUser, "", c.now)
	t.applyAppUser(a, au, in, c.now)
	kind := "application.user_membership.add"
	if known {
		kind = "application.user_membership.update"
	}
	c.event(kind, eventDetail{Targets: []logTarget{appUserTarget(a, au), a.target(), u.target()}})
	c.reply(http.StatusOK, au.render(c, a, false))
}

// assignmentProblems lists why an application does not take an assignment: attributes that its schema lacks or demands, a user
// name that another person has there, licences.
func (t *Tenant) assignmentProblems(a *app, u *user, in *appUserBody) (problems []string) {
	au, known := a.users.get(u.id)
	for _, name := range slices.Sorted(maps.Keys(in.Profile)) {
		if a.schema[name] == nil && !slices.Contains(baseAttributes, name) && !slices.Contains(oidcAttributes, name) {
			problems = append(problems, "Property name '"+name+"' is not defined in profile")
		}
	}
	for _, name := range a.schemaRequired {
		var has any
		if known {
			has = au.profile[name]
		}
		if in.Profile[name] == nil && has == nil {
			problems = append(problems, name+": The field cannot be left blank")
		}
	}
	userName := in.Credentials.UserName
	if userName == "" && !known {
		userName = u.login()
	}
	if t.userNameTaken(a, userName, u.id) {
		problems = append(problems, "userName: An object with this field already exists in the current organization")
	}
	if a.licences > 0 && !known && a.users.size() >= a.licences {
		problems = append(problems, "No licenses are available for this application")
	}
	return problems
}

// userNameTaken says whether another person has a user name on an application: as the login, or given when assigned.
func (t *Tenant) userNameTaken(a *app, userName, self string) bool {
	key := strings.ToLower(userName)
	for _, id := range []string{t.byLogin[key], a.givenNames[key]} {
		if au, ok := a.users.get(id); ok && id != self && strings.EqualFold(au.userName, userName) {
			return true
		}
	}
	return false
}

func appUserTarget(a *app, au *appUser) logTarget {
	return logTarget{"0ua" + au.id[3:], "AppUser", au.userName, a.label}
}

func (t *Tenant) applyAppUser(a *app, au *appUser, in appUserBody, now time.Time) {
	if in.Credentials.UserName != "" {
		au.userName = in.Credentials.UserName
		if a.givenNames == nil {
			a.givenNames = map[string]string{}
		}
		a.givenNames[strings.ToLower(au.userName)] = au.id
	}
	if in.Profile != nil {
		profile := maps.Clone(au.profile)
		if profile == nil {
			profile = map[string]any{}
		}
		maps.Copy(profile, in.Profile)
		au.profile = profile
	}
	au.lastUpdated = now
}

// appUser finds the assignment that the path names, or answers 404.
func (c *call) appUser(a *app) *appUser {
	if a == nil {
		return nil
	}
	au, ok := a.users.get(c.path("userId"))
	if !ok {
		c.notFound(c.path("userId"), "AppUser")
	}
	return au
}

func (t *Tenant) getAppUser(c *call) {
	a := c.app()
	if au := c.appUser(a); au != nil {
		c.reply(http.StatusOK, au.render(c, a, c.query().Get("expand") == "user"))
	}
}

func (t *Tenant) updateAppUser(c *call) {
	a := c.app()
	au := c.appUser(a)
	if au == nil {
		return
	}
	var in appUserBody
	if !c.body(&in) {
		return
	}
	if problems := t.assignmentProblems(a, t.users[au.id], &in); len(problems) > 0 {
		c.invalid("appUser", problems...)
		return
	}
	if in.Scope == scopeUser {
		au.scope, au.groupID = scopeUser, ""
	}
	t.applyAppUser(a, au, in, c.now)
	c.event("application.user_membership.update",
		eventDetail{Targets: []logTarget{appUserTarget(a, au), a.target(), t.users[au.id].target()}})
	c.reply(http.StatusOK, au.render(c, a, false))
}

// deleteAppUser takes an assignment away. One that a group brings does not stay away.
func (t *Tenant) deleteAppUser(c *call) {
	a := c.app()
	au := c.appUser(a)
	if au == nil {
		return
	}
	u := t.users[au.id]
	a.users.remove(au.id)
	c.event("application.user_membership.remove",
		eventDetail{Targets: []logTarget{appUserTarget(a, au), a.target(), u.target()}})
	for _, m := range a.groups.order {
		if g := t.groups[m.id]; g != nil && g.members.has(u.id) {
			t.assignUser(a, u, scopeGroup, g.id, c.now)
			break
		}
	}
	c.empty(http.StatusNoContent)
}

func (t *Tenant) listAppGroups(c *call) {
	if a := c.app(); a != nil {
		pageRoster(c, &a.groups, 20, 200, func(id string) any { return a.renderGroup(c, id) })
	}
}

func (a *app) renderGroup(c *call, id string) map[string]any {
	at, _ := a.groups.get(id)
	priority, given := a.priorities[id] // kept as it was sent, whatever the others have
	if !given {
		priority = slices.IndexFunc(a.groups.order, func(m *member[time.Time]) bool { return m.id == id })
	}
	return map[string]any{
		"id": id, "priority": priority, "lastUpdated": stampText(at), "profile": map[string]any{},
		"_links": map[string]any{
			"app": c.link("/api/v1/apps/" + a.id), "group": c.link("/api/v1/groups/" + id),
			"self": c.link("/api/v1/apps/" + a.id + "/groups/" + id),
		},
	}
}

func (t *Tenant) getAppGroup(c *call) {
	a := c.app()
	if a == nil {
		return
	}
	if id := c.path("groupId"); a.groups.has(id) {
		c.reply(http.StatusOK, a.renderGroup(c, id))
	} else {
		c.notFound(id, "AppGroup")
	}
}

func (t *Tenant) putAppGroup(c *call) {
	a := c.app()
	if a == nil {
		return
	}
	g := c.group("groupId")
	if g == nil {
		return
	}
	var in struct{ Priority *int }
	if len(bytes.TrimSpace(c.x.Body)) > 0 && !c.body(&in) {
		return
	}
	t.assignGroup(a, g, c.now)
	if in.Priority != nil {
		if a.priorities == nil {
			a.priorities = map[string]int{}
		}
		a.priorities[g.id] = *in.Priority
	}
	c.event("group.application_assignment.add", eventDetail{Targets: []logTarget{g.target(), a.target()}})
	c.reply(http.StatusOK, a.renderGroup(c, g.id))
}

// assignGroup assigns a group, and with it every member who can be assigned. Call with t.mu held.
func (t *Tenant) assignGroup(a *app, g *group, now time.Time) {
	a.groups.set(g.id, now)
	g.apps.set(a.id, now)
	for _, m := range g.members.order {
		if u := t.users[m.id]; u != nil && u.assignable() {
			t.assignUser(a, u, scopeGroup, g.id, now)
		}
	}
}

func (t *Tenant) deleteAppGroup(c *call) {
	a := c.app()
	if a == nil {
		return
	}
	g := t.groups[c.path("groupId")]
	if g == nil || !a.groups.remove(g.id) {
		c.notFound(c.path("groupId"), "AppGroup")
		return
	}
	g.apps.remove(a.id)
	for _, m := range slices.Clone(a.users.order) {
		if m.val.scope == scopeGroup && m.val.groupID == g.id {
			t.dropGroupAssignment(a, t.users[m.id], g.id)
		}
	}
	c.event("group.application_assignment.remove", eventDetail{Targets: []logTarget{g.target(), a.target()}})
	c.empty(http.StatusNoContent)
}
