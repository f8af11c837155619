package oktasim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// The statuses of a user.
const (
	statusStaged          = "STAGED"
	statusProvisioned     = "PROVISIONED"
	statusActive          = "ACTIVE"
	statusRecovery        = "RECOVERY"
	statusPasswordExpired = "PASSWORD_EXPIRED"
	statusLockedOut       = "LOCKED_OUT"
	statusSuspended       = "SUSPENDED"
	statusDeprovisioned   = "DEPROVISIONED"
)

// user is one person. profile holds only attributes that are set; mobilePhone and secondEmail are shown as null without it.
type user struct {
	id, status      string
	created         time.Time
	activated       time.Time
	statusChanged   time.Time
	lastLogin       time.Time
	lastUpdated     time.Time
	passwordChanged time.Time
	hasPassword     bool
	imported        bool   // the password came as a hash
	question        string // recovery question
	madeUp          bool   // its factors are made up when they are read
	profile         map[string]any

	past []userVersion // what search may still see, oldest first; kept only while the index lags
}

// userVersion is a user as it stood from a moment on.
type userVersion struct {
	from    time.Time
	status  string
	updated time.Time
	profile map[string]any
	absent  bool
}

func (u *user) orn(t *Tenant) string {
	return "orn:" + t.partition() + ":directory:" + t.orgID + ":users:" + u.id
}

// text returns a profile attribute as text, empty when it is not set.
func (u *user) text(name string) string {
	s, _ := u.profile[name].(string)
	return s
}

func (u *user) login() string { return u.text("login") }
func (u *user) email() string { return u.text("email") }
func (u *user) displayName() string {
	return strings.TrimSpace(u.text("firstName") + " " + u.text("lastName"))
}

// target names the user in the System Log.
func (u *user) target() logTarget { return logTarget{u.id, "User", u.login(), u.displayName()} }

// assignable says whether Okta lets the user be assigned to an application: anybody but the deactivated.
func (u *user) assignable() bool { return u.status != statusDeprovisioned }

// addUser stores a new user and puts it into the index. Call with t.mu held.
func (t *Tenant) addUser(u *user) {
	if until := u.created.Add(t.opts.IndexLag); until.After(t.now()) {
		u.past = []userVersion{{absent: true}, u.version(u.created)}
		t.lagging[u.id] = until
	}
	t.users[u.id] = u
	t.userOrder = append(t.userOrder, u.id)
	t.indexUser(u)
	if g := t.groups[t.everyoneID]; g != nil {
		g.members.set(u.id, u.created)
		if u.created.After(g.lastMembershipUpdated) {
			g.lastMembershipUpdated = u.created
		}
	}
}

func (t *Tenant) indexUser(u *user) {
	t.byLogin[strings.ToLower(u.login())] = u.id
	key := strings.ToLower(u.email())
	if !slices.Contains(t.byEmail[key], u.id) {
		t.byEmail[key] = append(t.byEmail[key], u.id)
	}
}

func (t *Tenant) unindexUser(u *user) {
	delete(t.byLogin, strings.ToLower(u.login()))
	key := strings.ToLower(u.email())
	left := slices.DeleteFunc(t.byEmail[key], func(id string) bool { return id == u.id })
	if len(left) == 0 {
		delete(t.byEmail, key)
	} else {
		t.byEmail[key] = left
	}
}

// changeUser applies a change to a user and keeps both the lookup tables and the lagging index in step. Call with t.mu held.
func (t *Tenant) changeUser(u *user, now time.Time, change func(*user)) {
	t.unindexUser(u)
	if t.opts.IndexLag > 0 {
		if u.past == nil {
			u.past = []userVersion{u.version(u.created)}
		}
		u.past = u.trimmed(now.Add(-t.opts.IndexLag))
		t.lagging[u.id] = now.Add(t.opts.IndexLag)
	}
	u.profile = maps.Clone(u.profile)
	status := u.status
	change(u)
	u.lastUpdated = now
	if u.status != status {
		u.statusChanged = now
	}
	t.indexUser(u)
	if t.opts.IndexLag > 0 {
		u.past = append(u.past, u.version(now))
	}
}

func (u *user) version(from time.Time) userVersion {
	return userVersion{from: from, status: u.status, updated: u.lastUpdated, profile: u.profile}
}

// trimmed drops the versions that no search can see any more.
func (u *user) trimmed(horizon time.Time) []userVersion {
	first := 0
	for i, v := range u.past {
		if !v.from.After(horizon) {
			first = i
		}
	}
	return u.past[first:]
}

// indexed returns the user as search sees it now. ok is false while the index has not heard of it.
func (t *Tenant) indexed(u *user, now time.Time) (v userVersion, ok bool) {
	if len(u.past) == 0 {
		return u.version(u.created), true
	}
	horizon := now.Add(-t.opts.IndexLag)
	v = u.past[0]
	for _, candidate := range u.past[1:] {
		if !candidate.from.After(horizon) {
			v = candidate
		}
	}
	return v, !v.absent
}

// findUser finds a user by id, by login, or by the part of the login before the @ when that is unambiguous.
func (t *Tenant) findUser(idOrLogin string) *user {
	if strings.Contains(idOrLogin, "/") { // Okta: a login with a slash cannot be looked up by path, escaped or not
		return nil
	}
	if u := t.users[idOrLogin]; u != nil {
		return u
	}
	if id, ok := t.byLogin[strings.ToLower(idOrLogin)]; ok {
		return t.users[id]
	}
	if strings.Contains(idOrLogin, "@") || idOrLogin == "" || strings.HasPrefix(idOrLogin, "00u") {
		return nil
	}
	return t.findShortName(strings.ToLower(idOrLogin))
}

func (t *Tenant) findShortName(name string) *user {
	var found *user
	for login, id := range t.byLogin {
		if short, _, _ := strings.Cut(login, "@"); short == name {
			if found != nil {
				return nil
			}
			found = t.users[id]
		}
	}
	return found
}

// userWire is a user as JSON. Lists show very many of them, so it is no map.
type userWire struct {
	ID              string         `json:"id"`
	Status          string         `json:"status"`
	Created         string         `json:"created"`
	Activated       any            `json:"activated"`
	StatusChanged   any            `json:"statusChanged"`
	LastLogin       any            `json:"lastLogin"`
	LastUpdated     string         `json:"lastUpdated"`
	PasswordChanged any            `json:"passwordChanged"`
	Type            userTypeWire   `json:"type"`
	RealmID         string         `json:"realmId,omitempty"`
	Profile         map[string]any `json:"profile"`
	Credentials     credentialWire `json:"credentials"`
	Links           map[string]any `json:"_links"`
}

type userTypeWire struct {
	ID string `json:"id"`
}

type credentialWire struct {
	Password *struct{}     `json:"password,omitempty"`
	Recovery *recoveryWire `json:"recovery_question,omitempty"`
	Provider struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"provider"`
}

// recoveryWire is a recovery question, without its answer.
type recoveryWire struct {
	Question string `json:"question"`
}

// render writes a user. Lists carry only the self link; a single read carries the lifecycle links that fit the status.
func (u *user) render(c *call, profile map[string]any, single bool) userWire {
	shown := make(map[string]any, len(profile)+2)
	shown["mobilePhone"], shown["secondEmail"] = nil, nil
	maps.Copy(shown, profile)
	w := userWire{
		ID: u.id, Status: u.status, Created: stampText(u.created), Activated: stampOrNull(u.activated),
		StatusChanged:   stampOrNull(u.statusChanged),
		LastLogin:       stampOrNull(u.lastLogin),
		LastUpdated:     stampText(u.lastUpdated),
		PasswordChanged: stampOrNull(u.passwordChanged), Type: userTypeWire{c.t.typeID}, Profile: shown,
		Links: map[string]any{"self": c.link("/api/v1/users/" + u.id)},
	}
	w.Credentials.Provider.Type, w.Credentials.Provider.Name = "OKTA", "OKTA"
	if u.imported {
		w.Credentials.Provider.Type, w.Credentials.Provider.Name = "IMPORT", "IMPORT"
	}
	if u.question != "" {
		w.Credentials.Recovery = &recoveryWire{u.question}
	}
	if u.hasPassword {
		w.Credentials.Password = &struct{}{}
	}
	if !c.t.opts.Classic { // realms exist on Identity Engine only
		w.RealmID = c.t.realmID
	}
	if single {
		u.lifecycleLinks(c, w.Links)
	}
	return w
}

func (u *user) lifecycleLinks(c *call, links map[string]any) {
	links["schema"] = c.link("/api/v1/meta/schemas/user/osc" + c.t.typeID[3:])
	links["type"] = c.link("/api/v1/meta/types/user/" + c.t.typeID)
	act := func(name, verb string) {
		links[name] = href{c.base() + "/api/v1/users/" + u.id + "/lifecycle/" + verb, "POST"}
	}
	switch u.status {
	case statusDeprovisioned:
		links["delete"] = href{c.base() + "/api/v1/users/" + u.id, "DELETE"}
		act("activate", "activate")
		return
	case statusStaged:
		act("activate", "activate")
		return
	case statusSuspended:
		act("unsuspend", "unsuspend")
	case statusLockedOut:
		act("unlock", "unlock")
	case statusProvisioned:
		act("suspend", "suspend")
		act("reactivate", "reactivate")
	case statusActive:
		act("suspend", "suspend")
		act("expirePassword", "expire_password")
	}
	act("resetPassword", "reset_password")
	act("deactivate", "deactivate")
	if c.t.hasFactors(u) {
		act("resetFactors", "reset_factors")
	}
}
