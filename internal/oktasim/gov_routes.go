package oktasim

import (
	"net/http"
	"time"
)

// routesGovernance registers the entitlement part of Okta Identity Governance.
func (t *Tenant) routesGovernance() {
	t.gov.init(t.now)
	read := func(pattern string, h func(*call)) { t.handle(http.MethodGet, pattern, scopeGovRead, h) }
	write := func(method, pattern string, h func(*call)) { t.handle(method, pattern, scopeGovManage, h) }

	read(pathEntitlements, (*call).listEntitlements)
	write(http.MethodPost, pathEntitlements, (*call).createEntitlement)
	read(pathEntitlements+"/values", (*call).listAllValues)
	one := pathEntitlements + "/{entitlementId}"
	read(one, (*call).getEntitlement)
	write(http.MethodPut, one, (*call).replaceEntitlement)
	write(http.MethodPatch, one, (*call).patchEntitlement)
	write(http.MethodDelete, one, (*call).deleteEntitlement)
	read(one+"/values", (*call).listValues)
	read(one+"/values/{valueId}", (*call).getValue)

	read(pathGrants, (*call).listGrants)
	write(http.MethodPost, pathGrants, (*call).createGrant)
	read(pathGrants+"/{grantId}", (*call).getGrant)
	write(http.MethodPut, pathGrants+"/{grantId}", (*call).replaceGrant)
	write(http.MethodPatch, pathGrants+"/{grantId}", (*call).patchGrant) // and no DELETE: Okta has none

	read(pathBundles, (*call).listBundles)
	write(http.MethodPost, pathBundles, (*call).createBundle)
	read(pathBundles+"/{entitlementBundleId}", (*call).getBundle)
	write(http.MethodPut, pathBundles+"/{entitlementBundleId}", (*call).replaceBundle)
	write(http.MethodDelete, pathBundles+"/{entitlementBundleId}", (*call).deleteBundle)

	read(pathPrincipal, (*call).principalEntitlements)
	read(pathAccess, (*call).principalAccess)
	write(http.MethodPost, "/governance/api/v2/revoke-principal-access", (*call).revokeAccess)
	settings := "/governance/api/v2/resources/{resourceOrn}/entitlement-settings"
	read(settings, (*call).getSettings)
	write(http.MethodPatch, settings, (*call).patchSettings)
}

// optInSwitch is a change of entitlement management that is still under way.
type optInSwitch struct {
	to   string
	done time.Time
}

// settleOptIn finishes a change whose time has come. Call it before reading app.em.
func (t *Tenant) settleOptIn(a *app, now time.Time) {
	if s, busy := t.gov.switches[a.id]; busy && !now.Before(s.done) {
		delete(t.gov.switches, a.id)
		t.setOptIn(a, s.to, s.done)
	}
}

// setOptIn sets the status of entitlement management. Okta, help on entitlement management's limitations: enabling it marks the
// assignments that are there as Custom.
func (t *Tenant) setOptIn(a *app, status string, at time.Time) {
	enabled := a.em != emEnabled && status == emEnabled
	a.em = status
	if !enabled {
		return
	}
	for _, m := range a.users.order {
		if len(t.gov.activeGrants(a.id, m.id, at, 0)) == 0 {
			t.putGrant(&grant{kind: kindCustom, action: "ALLOW", actor: "NONE", appID: a.id, userID: m.id}, "system", at)
		}
	}
}

// optInStatus writes app.em in the words of entitlement-settings.
func optInStatus(em string) string {
	switch em {
	case emEnabled:
		return "OPTED_IN"
	case emEnabling:
		return "OPTING_IN"
	case emDisabling:
		return "OPTING_OUT"
	}
	return "OPTED_OUT"
}

// settingsApp finds the application that the ORN in the path names; the router accepts raw and escaped colons.
func (c *call) settingsApp() *app {
	kind, id, ok := c.t.ornParts(c.path("resourceOrn"))
	if !ok || kind != "apps" || c.t.apps[id] == nil {
		c.invalid("resourceOrn", "resourceOrn does not name an application of this org")
		return nil
	}
	c.t.settleOptIn(c.t.apps[id], c.now)
	return c.t.apps[id]
}

func (c *call) settings(a *app) map[string]any {
	return map[string]any{
		"status": optInStatus(a.em), "resourceOrn": a.orn(c.t),
		"_links": map[string]any{"self": c.adminLink("/governance/api/v2/resources/" + a.orn(c.t) + "/entitlement-settings")},
	}
}

func (c *call) getSettings() {
	if a := c.settingsApp(); a != nil {
		c.reply(http.StatusOK, c.settings(a))
	}
}

// patchSettings starts an opt-in or opt-out. It is answered before it is done: OPTING_IN or OPTING_OUT shows until then.
func (c *call) patchSettings() {
	a := c.settingsApp()
	if a == nil {
		return
	}
	var in struct {
		Status string `json:"status"`
	}
	if !c.body(&in) {
		return
	}
	change := optInSwitch{emEnabled, c.now.Add(c.t.opts.OptInLag)}
	phase, event := emEnabling, "resource.governance_engine.enable"
	switch in.Status {
	case "OPTED_IN":
	case "OPTED_OUT":
		change.to, phase, event = emDisabled, emDisabling, "resource.governance_engine.disable"
	default:
		c.invalid("status", "status must be OPTED_IN or OPTED_OUT")
		return
	}
	if a.em == change.to || optInStatus(a.em) == in.Status {
		c.reply(http.StatusAccepted, c.settings(a))
		return
	}
	if a.status != statusActive {
		c.invalid("resourceOrn", "the application is not active")
		return
	}
	a.em = phase
	c.t.gov.switches[a.id] = change
	c.event(event, eventDetail{Targets: []logTarget{a.target()}})
	c.reply(http.StatusAccepted, c.settings(a))
}

// who is the id that governance objects name as their maker.
func (c *call) who() string { return c.principal.actorID() }

// assignForGrant gives the person the application if it is not assigned yet, as a grant does in this tenant.
func (t *Tenant) assignForGrant(appID, userID string) {
	if a, u := t.apps[appID], t.users[userID]; a != nil && u != nil && !a.users.has(userID) {
		t.assignUser(a, u, scopeUser, "", t.now())
	}
}

// unassignForRevoke takes an individual assignment back; one that a group brought stays.
func (t *Tenant) unassignForRevoke(appID, userID string) {
	if a := t.apps[appID]; a != nil {
		if au, ok := a.users.get(userID); ok && au.scope == scopeUser {
			a.users.remove(userID)
		}
	}
}
