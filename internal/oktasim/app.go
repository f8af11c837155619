package oktasim

import "time"

// The values of settings.emOptInStatus.
const (
	emNone      = "NONE"
	emDisabled  = "DISABLED"
	emEnabled   = "ENABLED"
	emEnabling  = "ENABLING"
	emDisabling = "DISABLING"
)

// The scopes of an application assignment.
const (
	scopeUser  = "USER"
	scopeGroup = "GROUP"
)

// app is an Okta application.
type app struct {
	id, name, label, status string
	signOnMode              string
	em                      string // settings.emOptInStatus
	features                []string
	created, lastUpdated    time.Time
	users                   roster[*appUser]
	groups                  roster[time.Time] // ids of assigned groups
	priorities              map[string]int    // of groups, by id, where an assignment gave one
	schema                  map[string]any    // custom app-user attributes, by name
	schemaRequired          []string
	oauth                   map[string]any    // settings.oauthClient as it was sent; nil for other kinds
	ownSettings             map[string]any    // settings.app as it was sent
	signOn                  map[string]any    // settings.signOn as it was sent; nil for none
	givenNames              map[string]string // user id by user name in lower case, of those that an assignment gave
	licences                int               // how many people it takes; 0 for any number
}

// appUser is one user's assignment to an application.
type appUser struct {
	id, scope, groupID string
	status             string
	userName           string
	created            time.Time
	lastUpdated        time.Time
	statusChanged      time.Time
	profile            map[string]any
}

func (a *app) orn(t *Tenant) string {
	return "orn:" + t.partition() + ":idp:" + t.orgID + ":apps:" + a.name + ":" + a.id
}

// target names the application in the System Log.
func (a *app) target() logTarget { return logTarget{a.id, "AppInstance", a.label, a.label} }

// addApp stores a new application. Call with t.mu held.
func (t *Tenant) addApp(a *app) {
	t.apps[a.id] = a
	t.appOrder = append(t.appOrder, a.id)
}

// assignUser assigns a user to an application, or updates the assignment that is there: an individual assignment wins over
// one that a group brought. It asks no questions about statuses. Call with t.mu held.
func (t *Tenant) assignUser(a *app, u *user, scope, groupID string, now time.Time) *appUser {
	if au, ok := a.users.get(u.id); ok {
		if scope == scopeUser && au.scope != scopeUser {
			au.scope, au.groupID, au.lastUpdated = scopeUser, "", now
		}
		return au
	}
	au := &appUser{
		id: u.id, scope: scope, groupID: groupID, status: statusActive, userName: u.login(),
		created: now, lastUpdated: now, statusChanged: now,
	}
	a.users.set(u.id, au)
	return au
}

// render writes an application as Okta does.
func (a *app) render(c *call) map[string]any {
	self := "/api/v1/apps/" + a.id
	features := a.features
	if features == nil {
		features = []string{}
	}
	credentials := map[string]any{
		"userNameTemplate": map[string]any{"template": "${source.login}", "type": "BUILT_IN"},
		"signing":          map[string]any{"kid": "kid" + a.id},
	}
	settings := map[string]any{
		"app": a.ownSettings, "manualProvisioning": false, "implicitAssignment": false,
		"notifications": map[string]any{"vpn": map[string]any{
			"network": map[string]any{"connection": "DISABLED"}, "message": nil, "helpUrl": nil,
		}},
		"notes": map[string]any{"admin": nil, "enduser": nil},
	}
	if a.ownSettings == nil {
		settings["app"] = map[string]any{}
	}
	if a.signOn != nil {
		settings["signOn"] = a.signOn
	}
	if a.governable() && !c.t.lacks("/governance/") {
		settings["emOptInStatus"] = a.em
	}
	body := map[string]any{
		"id": a.id, "orn": a.orn(c.t), "name": a.name, "label": a.label, "status": a.status,
		"created": stampText(a.created), "lastUpdated": stampText(a.lastUpdated), "features": features, "signOnMode": a.signOnMode,
		"accessibility": map[string]any{"selfService": false, "errorRedirectUrl": nil, "loginRedirectUrl": nil},
		"visibility": map[string]any{
			"autoLaunch": false, "autoSubmitToolbar": false, "hide": map[string]any{"iOS": false, "web": false},
			"appLinks": map[string]any{a.name + "_link": true},
		},
		"credentials": credentials, "universalLogout": nil, "settings": settings, "_links": a.links(c, self),
	}
	if a.oauth != nil {
		credentials["oauthClient"] = map[string]any{
			"autoKeyRotation": true, "client_id": a.id, "token_endpoint_auth_method": "client_secret_basic",
			"pkce_required": false,
		}
		settings["oauthClient"] = a.oauth
	}
	return body
}

// governable says whether Okta shows emOptInStatus: recorded applications for a password or a bookmark lack it.
func (a *app) governable() bool {
	switch a.signOnMode {
	case "BOOKMARK", "BROWSER_PLUGIN", "AUTO_LOGIN", "SECURE_PASSWORD_STORE", "BASIC_AUTH":
		return a.em != emNone
	}
	return true
}

func (a *app) links(c *call, self string) map[string]any {
	verb := "deactivate"
	if a.status != statusActive {
		verb = "activate"
	}
	links := map[string]any{
		"users":  c.link(self + "/users"),
		"groups": c.link(self + "/groups"),
		"logo": []any{map[string]any{
			"name": "medium", "href": c.base() + "/img/logos/default.png", "type": "image/png",
		}},
		"appLinks": []any{map[string]any{
			"name": a.name + "_link", "href": c.base() + "/home/" + a.name + "/" + a.id, "type": "text/html",
		}},
		"accessPolicy":      c.link("/api/v1/policies/rst" + a.id[3:]),
		"profileEnrollment": c.link("/api/v1/policies/rst" + a.id[3:19] + "e"),
		"policies":          hintedHref{c.base() + self + "/policies", hints{[]string{"PUT"}}},
		"uploadLogo":        hintedHref{c.base() + self + "/logo", hints{[]string{"POST"}}},
		verb:                c.link(self + "/lifecycle/" + verb),
	}
	if a.oauth != nil {
		links["clientCredentials"] = []any{map[string]any{
			"name": "secrets", "href": c.base() + self + "/credentials/secrets",
		}}
	}
	return links
}

func (au *appUser) render(c *call, a *app, expand bool) map[string]any {
	links := map[string]any{"app": c.link("/api/v1/apps/" + a.id), "user": c.link("/api/v1/users/" + au.id)}
	if au.scope == scopeGroup {
		links["group"] = map[string]any{"name": c.t.groupName(au.groupID), "href": c.base() + "/api/v1/groups/" + au.groupID}
	}
	u := c.t.users[au.id]
	body := map[string]any{
		"id": au.id, "externalId": nil, "created": stampText(au.created), "lastUpdated": stampText(au.lastUpdated),
		"scope": au.scope, "status": au.status, "statusChanged": stampText(au.statusChanged), "passwordChanged": nil,
		"syncState": "DISABLED", "credentials": map[string]any{"userName": au.userName},
		"profile": a.appProfile(au, u), "_links": links,
	}
	if expand && u != nil {
		body["_embedded"] = map[string]any{"user": u.render(c, u.profile, false)}
	}
	return body
}

// oidcAttributes are the attributes of an OpenID Connect application's default user profile, in the recorded shape.
var oidcAttributes = []string{
	"street_address", "country", "website", "birthdate", "gender", "formatted", "profile", "locality", "middle_name",
	"picture", "nickname", "phone_number", "region", "postal_code",
}

// appProfile writes the app's view of the user: its schema's attributes, null where nothing is mapped.
func (a *app) appProfile(au *appUser, u *user) map[string]any {
	p := map[string]any{}
	if u != nil && a.name == "oidc_client" {
		for _, name := range oidcAttributes {
			p[name] = nil
		}
		p["zoneinfo"], p["locale"] = "America/Los_Angeles", "en_US"
		p["given_name"], p["family_name"] = u.text("firstName"), u.text("lastName")
		p["name"], p["email"] = u.displayName(), u.email()
	}
	for name := range a.schema {
		p[name] = nil
	}
	for name, v := range au.profile {
		p[name] = v
	}
	return p
}

func (t *Tenant) groupName(id string) string {
	if g := t.groups[id]; g != nil {
		return g.name
	}
	return ""
}
