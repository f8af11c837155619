package oktasim

import (
	"strings"
	"time"
)

// NewUser describes a person to put into the tenant. Only Email is needed.
type NewUser struct {
	Email, Login        string // Login is the e-mail when empty
	FirstName, LastName string
	Status              string // ACTIVE when empty
	EmployeeNumber      string
	Department, Title   string
	Profile             map[string]any // further attributes, also ones that the base schema lacks
	Created             time.Time      // also activated then, unless STAGED; now when zero
	LastLogin           time.Time      // never when zero
}

// AddUser puts a person into the world and returns the id, 00u….
func (t *Tenant) AddUser(n NewUser) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newUser(n, t.now()).id
}

func (t *Tenant) newUser(n NewUser, at time.Time) *user {
	if n.Login == "" {
		n.Login = n.Email
	}
	if n.Status == "" {
		n.Status = statusActive
	}
	if n.FirstName == "" && n.LastName == "" {
		n.FirstName, n.LastName = namesOf(n.Email)
	}
	if !n.Created.IsZero() {
		at = n.Created.UTC()
	}
	u := &user{
		id:            t.newID("00u"),
		status:        n.Status,
		created:       at,
		statusChanged: at,
		lastUpdated:   at,
		lastLogin:     n.LastLogin,
		hasPassword:   true,
	}
	if n.Status != statusStaged {
		u.activated, u.passwordChanged = at, at
	}
	u.profile = map[string]any{"firstName": n.FirstName, "lastName": n.LastName, "login": n.Login, "email": n.Email}
	more := map[string]string{"employeeNumber": n.EmployeeNumber, "department": n.Department, "title": n.Title}
	for name, v := range more {
		if v != "" {
			u.profile[name] = v
		}
	}
	for name, v := range n.Profile {
		u.profile[name] = v
	}
	t.addUser(u)
	return u
}

// NewApp describes an application to put into the tenant. Only Label is needed.
type NewApp struct {
	Label    string
	Name     string // the kind: oidc_client when empty
	Status   string // ACTIVE when empty
	EMOptIn  string // settings.emOptInStatus: ENABLED when empty
	Licences int    // how many people can be assigned through the API; 0 for any number
}

// AddApp puts an application into the world and returns the id, 0oa….
func (t *Tenant) AddApp(n NewApp) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	a := &app{
		id: t.newID("0oa"), name: n.Name, label: n.Label, status: n.Status, em: n.EMOptIn, signOnMode: "SAML_2_0",
		created: now, lastUpdated: now, licences: n.Licences,
	}
	if a.name == "" {
		a.name = "oidc_client"
	}
	if a.name == "oidc_client" {
		a.signOnMode, a.oauth = "OPENID_CONNECT", oauthSettings(nil)
	}
	if a.status == "" {
		a.status = statusActive
	}
	if a.em == "" {
		a.em = emEnabled
	}
	t.addApp(a)
	return a.id
}

// AddGroup puts a group with members, by user id, into the world and returns the id, 00g….
func (t *Tenant) AddGroup(name string, members ...string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.addGroup(name, nil, "OKTA_GROUP", t.now())
	for _, id := range members {
		t.join(g, t.mustUser(id), t.now())
	}
	g.recent = nil // set-up code describes what has been so for long
	return g.id
}

// AssignApp assigns a user to an application.
func (t *Tenant) AssignApp(appID, userID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.assignUser(t.mustApp(appID), t.mustUser(userID), scopeUser, "", t.now())
}

// UnassignApp takes an assignment away.
func (t *Tenant) UnassignApp(appID, userID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mustApp(appID).users.remove(userID)
}

// AssignGroupToApp assigns a group to an application, and with it every member.
func (t *Tenant) AssignGroupToApp(appID, groupID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.assignGroup(t.mustApp(appID), t.mustGroup(groupID), t.now())
}

// SetUserStatus moves a user to a status, whatever it was. DEPROVISIONED takes the application assignments away.
func (t *Tenant) SetUserStatus(userID, status string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.setUserStatus(t.mustUser(userID), status, t.now())
}

// SetUserProfile sets one attribute of a user; a nil value takes it away.
func (t *Tenant) SetUserProfile(userID, name string, value any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changeUser(t.mustUser(userID), t.now(), func(u *user) {
		u.profile[name] = value
		if value == nil {
			delete(u.profile, name)
		}
	})
}

// SetAppStatus makes an application ACTIVE, INACTIVE or DELETED.
func (t *Tenant) SetAppStatus(appID, status string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.mustApp(appID)
	a.status, a.lastUpdated = status, t.now()
}

// Assigned says whether a user is assigned to an application, by itself or by a group.
func (t *Tenant) Assigned(appID, userID string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mustApp(appID).users.has(userID)
}

// InGroup says whether a user is a member of a group.
func (t *Tenant) InGroup(groupID, userID string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.groups[groupID]
	return g != nil && g.members.has(userID)
}

// UserByEmail returns the id of the one user with that e-mail or login, in any case; empty when there is none or several.
func (t *Tenant) UserByEmail(email string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := strings.ToLower(email)
	if ids := t.byEmail[key]; len(ids) == 1 {
		return ids[0]
	} else if len(ids) > 1 {
		return ""
	}
	return t.byLogin[key]
}

// mustUser, mustGroup and mustApp turn a mistake of a test or seed into a panic that names it.
func (t *Tenant) mustUser(id string) *user {
	u := t.users[id]
	if u == nil {
		panic("oktasim: no user " + id)
	}
	return u
}

func (t *Tenant) mustGroup(id string) *group {
	g := t.groups[id]
	if g == nil {
		panic("oktasim: no group " + id)
	}
	return g
}

func (t *Tenant) mustApp(id string) *app {
	a := t.apps[id]
	if a == nil {
		panic("oktasim: no application " + id)
	}
	return a
}
