package oktasim

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (t *Tenant) routesUsers() {
	t.handle("GET", "/api/v1/users", "okta.users.read", t.listUsers)
	t.handle("POST", "/api/v1/users", "okta.users.manage", t.createUser)
	t.handle("GET", "/api/v1/users/me", "okta.users.read", t.getMe)
	t.handle("GET", "/api/v1/users/{id}", "okta.users.read", t.getUser)
	t.handle("POST", "/api/v1/users/{id}", "okta.users.manage", func(c *call) { t.updateUser(c, false) })
	t.handle("PUT", "/api/v1/users/{id}", "okta.users.manage", func(c *call) { t.updateUser(c, true) })
	t.handle("DELETE", "/api/v1/users/{id}", "okta.users.manage", t.deleteUser)
	t.handle("GET", "/api/v1/users/{id}/groups", "okta.users.read", t.listGroupsOfUser)
	t.handle("DELETE", "/api/v1/users/{id}/sessions", "okta.users.manage", t.clearSessions)
}

// user finds the user that the path names, or answers 404.
func (c *call) user(param string) *user {
	id := c.path(param)
	u := c.t.findUser(id)
	if u == nil {
		c.notFound(id, "User")
	}
	return u
}

func (t *Tenant) getMe(c *call) {
	u := t.users[c.principal.UserID]
	if u == nil {
		c.notFound("me", "User") // a service app has no user behind it
		return
	}
	c.showUser(u)
}

func (t *Tenant) getUser(c *call) {
	if u := c.user("id"); u != nil {
		c.showUser(u)
	}
}

func (c *call) showUser(u *user) {
	h := fnv.New128a()
	_, _ = fmt.Fprint(h, u.id, u.lastUpdated.UnixNano(), u.status)
	c.w.Header().Set("Etag", fmt.Sprintf(`W/"%x"`, h.Sum(nil)))
	c.reply(http.StatusOK, u.render(c, u.profile, true))
}

// baseAttributes are the attributes of Okta's base user profile.
var baseAttributes = strings.Fields(`login email secondEmail firstName lastName middleName honorificPrefix honorificSuffix title
	displayName nickName profileUrl primaryPhone mobilePhone streetAddress city state zipCode countryCode postalAddress
	preferredLanguage locale timezone userType employeeNumber costCenter organization division department managerId manager`)

// checkProfile lists what is wrong with a profile: attributes that the schema lacks, required ones left out, a login that is
// someone else's.
func (t *Tenant) checkProfile(profile map[string]any, self *user) (what string, problems []string) {
	for _, name := range slices.Sorted(maps.Keys(profile)) {
		if !slices.Contains(baseAttributes, name) && (self == nil || self.profile[name] == nil) {
			return "newUser", []string{"Property name '" + name + "' is not defined in profile"}
		}
	}
	for _, name := range []string{"login", "email", "firstName", "lastName"} {
		if s, _ := profile[name].(string); s == "" {
			problems = append(problems, name+": The field cannot be left blank")
			what = name
		}
	}
	if login, _ := profile["login"].(string); login != "" {
		if id, taken := t.byLogin[strings.ToLower(login)]; taken && (self == nil || id != self.id) {
			what, problems = "login", append(problems,
				"login: An object with this field already exists in the current organization")
		}
	}
	return what, problems
}

// userCredentials are the credentials of a create or update. An empty password object sets nothing.
type userCredentials struct {
	Password struct {
		Value string
		Hash  map[string]any
	}
	Recovery struct{ Question string } `json:"recovery_question"`
}

// apply sets what was given, and reports whether that was a password.
func (in userCredentials) apply(u *user) (password bool) {
	if in.Recovery.Question != "" {
		u.question = in.Recovery.Question
	}
	if in.Password.Value == "" && in.Password.Hash == nil {
		return false
	}
	u.hasPassword, u.imported = true, in.Password.Hash != nil
	return true
}

// createUser is POST /api/v1/users: 200, active at once only with a password.
func (t *Tenant) createUser(c *call) {
	var in struct {
		Profile     map[string]any
		Credentials userCredentials
		GroupIDs    []string `json:"groupIds"`
	}
	if !c.body(&in) {
		return
	}
	profile := withoutNulls(in.Profile)
	if what, problems := t.checkProfile(profile, nil); len(problems) > 0 {
		c.invalid(what, problems...)
		return
	}
	for _, id := range in.GroupIDs {
		if t.groups[id] == nil {
			c.notFound(id, "UserGroup")
			return
		}
	}
	now := c.now
	u := &user{id: t.newID("00u"), status: statusStaged, created: now, lastUpdated: now, profile: profile}
	in.Credentials.apply(u)
	if c.query().Get("activate") != "false" {
		u.status, u.activated, u.statusChanged = statusProvisioned, now, now
		if u.hasPassword {
			u.status, u.passwordChanged = statusActive, now
		}
	}
	t.addUser(u)
	for _, id := range in.GroupIDs {
		t.join(t.groups[id], u, now)
	}
	c.event("user.lifecycle.create", eventDetail{Targets: []logTarget{u.target()}})
	if u.status != statusStaged {
		c.event("user.lifecycle.activate", eventDetail{Targets: []logTarget{u.target()}})
	}
	c.reply(http.StatusOK, u.render(c, u.profile, true))
}

func withoutNulls(m map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if v != nil {
			out[k] = v
		}
	}
	return out
}

// updateUser is POST (a partial update) and PUT (the whole profile) on a user.
func (t *Tenant) updateUser(c *call, whole bool) {
	u := c.user("id")
	if u == nil {
		return
	}
	var in struct {
		Profile     map[string]any
		Credentials userCredentials
	}
	if !c.body(&in) {
		return
	}
	profile := maps.Clone(in.Profile)
	if !whole || in.Profile == nil { // recorded: PUT with credentials alone keeps the profile
		profile = maps.Clone(u.profile)
		maps.Copy(profile, in.Profile)
	}
	profile = withoutNulls(profile)
	if what, problems := t.checkProfile(profile, u); len(problems) > 0 {
		c.invalid(what, problems...)
		return
	}
	t.changeUser(u, c.now, func(u *user) {
		u.profile = profile
		if in.Credentials.apply(u) {
			u.passwordChanged = c.now
		}
	})
	c.event("user.account.update_profile", eventDetail{Targets: []logTarget{u.target()}})
	c.reply(http.StatusOK, u.render(c, u.profile, true))
}

// deleteUser deactivates at the first call and deletes at the second.
func (t *Tenant) deleteUser(c *call) {
	u := c.user("id")
	if u == nil {
		return
	}
	if u.status != statusDeprovisioned {
		t.setUserStatus(u, statusDeprovisioned, c.now)
		c.event("user.lifecycle.deactivate", eventDetail{Targets: []logTarget{u.target()}})
		c.empty(http.StatusNoContent)
		return
	}
	targets := eventDetail{Targets: []logTarget{u.target()}}
	c.event("user.lifecycle.delete.initiated", targets)
	t.forgetUser(u, c.now)
	c.event("user.lifecycle.delete.completed", targets)
	c.empty(http.StatusNoContent)
}

// forgetUser removes every trace of a user but the events. Call with t.mu held.
func (t *Tenant) forgetUser(u *user, now time.Time) {
	t.unindexUser(u)
	delete(t.users, u.id)
	delete(t.lagging, u.id)
	delete(t.admins.byUser, u.id)
	t.clearFactors(u)
	delete(t.mfa.push, u.id)
	if i, ok := slices.BinarySearch(t.userOrder, u.id); ok {
		t.userOrder = slices.Delete(t.userOrder, i, i+1)
	}
	for _, g := range t.groups {
		if g.members.remove(u.id) {
			g.lastMembershipUpdated = now
		}
	}
	for _, a := range t.apps {
		a.users.remove(u.id)
	}
}

func (t *Tenant) clearSessions(c *call) {
	if u := c.user("id"); u != nil {
		c.event("user.session.clear", eventDetail{Targets: []logTarget{u.target()}})
		c.empty(http.StatusNoContent)
	}
}

// listGroupsOfUser has pages of 200 at most: okta-sdk-java issues 1286 and 1291, recorded as limit=200 in Link.
func (t *Tenant) listGroupsOfUser(c *call) {
	u := c.user("id")
	if u == nil {
		return
	}
	var found []*group
	for _, id := range t.groupOrder {
		if g := t.groups[id]; g.members.has(u.id) {
			found = append(found, g)
		}
	}
	managementPage(c, found, func(g *group) string { return g.id }, func(g *group) any { return g.render(c) }, 200, 200)
}
