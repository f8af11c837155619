package oktasim

import (
	"net/http"
	"strconv"
	"strings"
)

func (t *Tenant) routesApps() {
	t.handle("GET", "/api/v1/apps", "okta.apps.read", t.listApps)
	t.handle("POST", "/api/v1/apps", "okta.apps.manage", t.createApp)
	t.handle("GET", "/api/v1/apps/{id}", "okta.apps.read", t.getApp)
	t.handle("PUT", "/api/v1/apps/{id}", "okta.apps.manage", t.replaceApp)
	t.handle("DELETE", "/api/v1/apps/{id}", "okta.apps.manage", t.deleteApp)
	t.handle("POST", "/api/v1/apps/{id}/lifecycle/activate", "okta.apps.manage",
		func(c *call) { t.switchApp(c, statusActive, "activate") })
	t.handle("POST", "/api/v1/apps/{id}/lifecycle/deactivate", "okta.apps.manage",
		func(c *call) { t.switchApp(c, "INACTIVE", "deactivate") })
	t.handle("GET", "/api/v1/apps/{id}/users", "okta.apps.read", t.listAppUsers)
	t.handle("POST", "/api/v1/apps/{id}/users", "okta.apps.manage", t.createAppUser)
	t.handle("GET", "/api/v1/apps/{id}/users/{userId}", "okta.apps.read", t.getAppUser)
	t.handle("POST", "/api/v1/apps/{id}/users/{userId}", "okta.apps.manage", t.updateAppUser)
	t.handle("DELETE", "/api/v1/apps/{id}/users/{userId}", "okta.apps.manage", t.deleteAppUser)
	t.handle("GET", "/api/v1/apps/{id}/groups", "okta.apps.read", t.listAppGroups)
	t.handle("GET", "/api/v1/apps/{id}/groups/{groupId}", "okta.apps.read", t.getAppGroup)
	t.handle("PUT", "/api/v1/apps/{id}/groups/{groupId}", "okta.apps.manage", t.putAppGroup)
	t.handle("DELETE", "/api/v1/apps/{id}/groups/{groupId}", "okta.apps.manage", t.deleteAppGroup)
	t.handle("GET", "/api/v1/meta/schemas/apps/{id}/default", "okta.schemas.read", t.getAppSchema)
	t.handle("POST", "/api/v1/meta/schemas/apps/{id}/default", "okta.schemas.manage", t.changeAppSchema)
}

// app finds the application that the path names, or answers 404.
func (c *call) app() *app {
	a := c.t.apps[c.path("id")]
	if a == nil {
		c.notFound(c.path("id"), "AppInstance")
		return nil
	}
	c.t.settleOptIn(a, c.now)
	return a
}

// appFilter is what filter on applications knows.
var appFilter = filterOptions{NoNot: true, Properties: map[string][]string{
	"id": {"eq"}, "status": {"eq"}, "name": {"eq"}, "credentials.signing.kid": {"eq"},
	"settings.slo.enabled": {"eq"}, "user.id": {"eq"},
}}

func (t *Tenant) listApps(c *call) {
	var expr filterExpr
	if text := c.query().Get("filter"); text != "" {
		var err error
		if expr, err = parseFilter(text); err == nil {
			err = expr.check(appFilter)
		}
		if err != nil {
			c.fail(http.StatusBadRequest, codeBadSearch, "Invalid search criteria.", cause{ErrorSummary: err.Error()})
			return
		}
	}
	who, _ := expr.only("user.id")
	prefix := strings.ToLower(c.query().Get("q"))
	var found []*app
	for _, id := range t.appOrder {
		a := t.apps[id]
		t.settleOptIn(a, c.now)
		named := strings.HasPrefix(strings.ToLower(a.label), prefix) || strings.HasPrefix(strings.ToLower(a.name), prefix)
		if named && a.status != "DELETED" && expr.match(a.lookup(who), appFilter) {
			found = append(found, a)
		}
	}
	managementPage(c, found, func(a *app) string { return a.id }, func(a *app) any { return a.render(c) }, 20, 200)
}

func (a *app) lookup(who string) func(string) []string {
	return func(path string) []string {
		switch path {
		case "id":
			return []string{a.id}
		case "status":
			return []string{a.status}
		case "name":
			return []string{a.name}
		case "user.id":
			if a.users.has(who) {
				return []string{who}
			}
		case "credentials.signing.kid":
			return []string{"kid" + a.id}
		case "settings.slo.enabled":
			return []string{"false"}
		}
		return nil
	}
}

func (t *Tenant) getApp(c *call) {
	if a := c.app(); a != nil {
		c.reply(http.StatusOK, a.render(c))
	}
}

// appBody is what is kept of an application's body; the rest is not.
type appBody struct {
	Name, Label, SignOnMode string
	Settings                struct {
		App         map[string]any
		SignOn      map[string]any
		OauthClient map[string]any
	}
}

// appBody reads a body. It answers 400 when that cannot be.
func (c *call) appBody(in *appBody) bool {
	if !c.body(in) {
		return false
	}
	if in.Label == "" {
		c.invalid("label", "label: The field cannot be left blank")
		return false
	}
	return true
}

func (in *appBody) apply(a *app) {
	a.label, a.ownSettings, a.signOn = in.Label, in.Settings.App, in.Settings.SignOn
	if a.name == "oidc_client" {
		a.oauth = oauthSettings(in.Settings.OauthClient)
	}
}

// nameOf is the name of a new application's kind: the given one, or for an integration of one's own what Okta makes of
// subdomain and label, acme_payroll_1.
func (t *Tenant) nameOf(in *appBody) string {
	switch {
	case in.Name != "":
		return in.Name
	case in.SignOnMode == "" || in.SignOnMode == "BOOKMARK":
		return "bookmark"
	}
	letters := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}
	base := subdomain(t.baseURL) + "_" + strings.Map(letters, strings.ToLower(in.Label)) + "_"
	n := 1
	for _, a := range t.apps {
		if strings.HasPrefix(a.name, base) {
			n++
		}
	}
	return base + strconv.Itoa(n)
}

// createApp is POST /api/v1/apps in a simple form.
func (t *Tenant) createApp(c *call) {
	var in appBody
	if !c.appBody(&in) {
		return
	}
	a := &app{
		id:          t.newID("0oa"),
		name:        t.nameOf(&in),
		status:      statusActive,
		signOnMode:  in.SignOnMode,
		em:          emNone,
		created:     c.now,
		lastUpdated: c.now,
	}
	in.apply(a)
	if c.query().Get("activate") == "false" {
		a.status = "INACTIVE"
	}
	t.addApp(a)
	c.event("application.lifecycle.create", eventDetail{Targets: []logTarget{a.target()}})
	body := a.render(c)
	if a.oauth != nil { // the secret is shown once
		body["credentials"].(map[string]any)["oauthClient"].(map[string]any)["client_secret"] = t.newToken(64)
	}
	c.reply(http.StatusOK, body)
}

// replaceApp is PUT: label and settings change, kind and status stay.
func (t *Tenant) replaceApp(c *call) {
	a := c.app()
	if a == nil {
		return
	}
	var in appBody
	if !c.appBody(&in) {
		return
	}
	in.apply(a)
	a.lastUpdated = c.now
	c.event("application.lifecycle.update", eventDetail{Targets: []logTarget{a.target()}})
	c.reply(http.StatusOK, a.render(c))
}

// oauthSettings fills in what Okta adds to an OpenID Connect client's settings.
func oauthSettings(sent map[string]any) map[string]any {
	out := map[string]any{
		"client_uri": nil, "logo_uri": nil, "redirect_uris": []any{}, "response_types": []any{"code"},
		"grant_types": []any{"authorization_code"}, "application_type": "web", "consent_method": "TRUSTED",
		"issuer_mode": "ORG_URL", "idp_initiated_login": map[string]any{"mode": "DISABLED", "default_scope": []any{}},
		"wildcard_redirect": "DISABLED", "dpop_bound_access_tokens": false, "participate_slo": false,
	}
	for k, v := range sent {
		out[k] = v
	}
	return out
}

func (t *Tenant) switchApp(c *call, status, verb string) {
	a := c.app()
	if a == nil {
		return
	}
	a.status, a.lastUpdated = status, c.now
	c.event("application.lifecycle."+verb, eventDetail{Targets: []logTarget{a.target()}})
	c.reply(http.StatusOK, map[string]any{})
}

// deleteApp works on inactive applications only.
func (t *Tenant) deleteApp(c *call) {
	a := c.app()
	if a == nil {
		return
	}
	if a.status == statusActive {
		c.fail(http.StatusForbidden, codeNoPermission, "You do not have permission to perform the requested action")
		return
	}
	c.event("application.lifecycle.delete", eventDetail{Targets: []logTarget{a.target()}})
	delete(t.apps, a.id)
	t.appOrder = without(t.appOrder, a.id)
	c.empty(http.StatusNoContent)
}

func (t *Tenant) getAppSchema(c *call) {
	if a := c.app(); a != nil {
		c.reply(http.StatusOK, a.renderSchema(c))
	}
}

func (a *app) renderSchema(c *call) map[string]any {
	custom := a.schema
	if custom == nil {
		custom = map[string]any{}
	}
	required := a.schemaRequired
	if required == nil {
		required = []string{}
	}
	return map[string]any{
		"id":      c.base() + "/meta/schemas/apps/" + a.id + "/default",
		"$schema": "http://json-schema.org/draft-04/schema#", "name": a.label + " User", "title": a.label + " User",
		"lastUpdated": stampText(a.lastUpdated), "created": stampText(a.created), "type": "object",
		"definitions": map[string]any{
			"base": map[string]any{"id": "#base", "type": "object", "properties": map[string]any{
				"userName": map[string]any{
					"title": "Username", "type": "string", "required": true, "scope": "NONE", "maxLength": 100,
					"permissions": []any{map[string]any{"principal": "SELF", "action": "READ_ONLY"}},
				},
			}, "required": []string{"userName"}},
			"custom": map[string]any{"id": "#custom", "type": "object", "properties": custom, "required": required},
		},
		"properties": map[string]any{"profile": map[string]any{"allOf": []any{
			map[string]any{"$ref": "#/definitions/base"}, map[string]any{"$ref": "#/definitions/custom"},
		}}},
	}
}

// changeAppSchema merges custom attributes; null takes one out.
func (t *Tenant) changeAppSchema(c *call) {
	a := c.app()
	if a == nil {
		return
	}
	var in struct {
		Definitions struct {
			Custom struct {
				Properties map[string]any
				Required   []string
			}
		}
	}
	if !c.body(&in) {
		return
	}
	if a.schema == nil {
		a.schema = map[string]any{}
	}
	for name, attribute := range in.Definitions.Custom.Properties {
		if attribute == nil {
			delete(a.schema, name)
			continue
		}
		a.schema[name] = attribute
	}
	if in.Definitions.Custom.Required != nil {
		a.schemaRequired = in.Definitions.Custom.Required
	}
	a.lastUpdated = c.now
	c.event("application.user_schema.update", eventDetail{Targets: []logTarget{a.target()}})
	c.reply(http.StatusOK, a.renderSchema(c))
}
