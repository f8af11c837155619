package oktasim

import (
	"net/http"
	"slices"
	"time"
)

// grantInput is the body of a grant's create, replace and patch.
type grantInput struct {
	ID                  string               `json:"id"`
	GrantType           string               `json:"grantType"`
	EntitlementBundleID string               `json:"entitlementBundleId"`
	TargetPrincipal     *wireTarget          `json:"targetPrincipal"`
	Action              string               `json:"action"`
	Actor               string               `json:"actor"`
	Target              *wireTarget          `json:"target"`
	Entitlements        []wireEntitlementRef `json:"entitlements"`
	ScheduleSettings    *wireSchedule        `json:"scheduleSettings"`
}

type wireSchedule struct {
	ExpirationDate string `json:"expirationDate,omitempty"`
	TimeZone       string `json:"timeZone,omitempty"`
}

type wireCollection struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type wireGrantMetadata struct {
	Collection wireCollection `json:"collection"`
}

type wireGrant struct {
	wireAudit
	GrantType           string             `json:"grantType"`
	EntitlementBundleID string             `json:"entitlementBundleId,omitempty"`
	Action              string             `json:"action"`
	Actor               string             `json:"actor"`
	TargetResourceORN   string             `json:"targetResourceOrn"`
	Target              wireTarget         `json:"target"`
	TargetPrincipalORN  string             `json:"targetPrincipalOrn"`
	TargetPrincipal     wireTarget         `json:"targetPrincipal"`
	Entitlements        []wireFull         `json:"entitlements,omitempty"`
	ScheduleSettings    *wireSchedule      `json:"scheduleSettings,omitempty"`
	Status              string             `json:"status"`
	Metadata            *wireGrantMetadata `json:"metadata,omitempty"`
	Links               map[string]any     `json:"_links"`
}

var (
	grantActions = []string{"ALLOW", "DENY"}
	grantActors  = []string{"API", "ACCESS_REQUEST", "ADMIN", "NONE"}
)

// Ways to show a grant's entitlements.
const (
	showNone = "none" // only grants that carry entitlements themselves show them, as ids
	showFull = "full" // every grant shows what it gives, with names
	showOwn  = "own"  // grants that carry entitlements show them with names, others none
)

func (g *grant) carriesValues() bool { return g.kind != kindBundle && g.kind != kindPolicy }

func (g *grant) wire(c *call, show string, metadata bool) wireGrant {
	t := c.t
	links := map[string]any{"self": c.adminLink(pathGrants + "/" + g.id)}
	if g.bundleID != "" {
		links["entitlementBundle"] = c.adminLink(pathBundles + "/" + g.bundleID)
	}
	w := wireGrant{
		wireAudit: g.audit.wire(g.id), GrantType: g.kind, EntitlementBundleID: g.bundleID, Action: g.action, Actor: g.actor,
		TargetResourceORN: t.appORN(g.appID), Target: appTarget(g.appID),
		TargetPrincipalORN: t.userORN(g.userID), TargetPrincipal: userTarget(g.userID),
		ScheduleSettings: g.schedule(), Status: g.status(c.now), Links: links,
	}
	switch {
	case show == showFull, show == showOwn && g.carriesValues():
		w.Entitlements = t.grouped(t.gov.valuesOf(g), true)
	case g.carriesValues():
		w.Entitlements = t.grouped(t.gov.valuesOf(g), false)
	}
	if metadata && g.collection != "" {
		w.Metadata = &wireGrantMetadata{wireCollection{g.collection, g.collName}}
	}
	return w
}

func (g *grant) schedule() *wireSchedule {
	if g.expires.IsZero() {
		return nil
	}
	return &wireSchedule{seconds(g.expires), g.zone}
}

func (c *call) createGrant() {
	var in grantInput
	if !c.body(&in) {
		return
	}
	g, ok := c.newGrant(&in)
	if !ok {
		return
	}
	c.t.putGrant(g, c.who(), c.now)
	c.accessChanged(g.appID, g.userID)
	c.created(pathGrants+"/"+g.id, g.wire(c, showNone, true))
}

// newGrant checks a body and answers 400 or 403 when it does not make a grant.
func (c *call) newGrant(in *grantInput) (*grant, bool) {
	p := &complaints{domain: "grants"}
	g := &grant{
		kind:   in.GrantType,
		action: p.oneOf("action", in.Action, "ALLOW", grantActions),
		actor:  p.oneOf("actor", in.Actor, "API", grantActors),
	}
	u := p.principal(c.t, in.TargetPrincipal)
	var a *app
	switch in.GrantType {
	case kindBundle:
		a = p.grantedBundle(c.t, g, in)
	case kindCustom, kindPolicy, kindEntitlement:
		if a = p.target(c.t, "target", in.Target); a != nil {
			p.grantedValues(c.t, g, a, in)
		}
	case "":
		p.add(reasonMissing, "grantType", "grantType is required")
	default: // IMPORT among them: reconciliation makes those, never a caller
		p.add(reasonInvalid, "grantType", "grantType "+in.GrantType+" cannot be created")
	}
	if in.GrantType == kindEntitlement && c.t.opts.NoEntitlements {
		p.add(reasonInvalid, "grantType", "grantType ENTITLEMENT is not supported in this org")
	}
	g.expires, g.zone = p.schedule(in.ScheduleSettings)
	if a != nil && u != nil {
		p.state(c, a)
		g.appID, g.userID = a.id, u.id
	}
	if p.refused(c, "grant") {
		return nil, false
	}
	if !u.assignable() {
		c.fail(http.StatusForbidden, codeUserInactive, "User "+u.id+" is deactivated and cannot be given access.")
		return nil, false
	}
	return g, true
}

func (p *complaints) oneOf(location, value, standard string, allowed []string) string {
	if value == "" {
		return standard
	}
	if !slices.Contains(allowed, value) {
		p.add(reasonInvalid, location, location+" "+value+" is not supported")
	}
	return value
}

func (p *complaints) principal(t *Tenant, w *wireTarget) *user {
	switch {
	case w == nil || w.ExternalID == "":
		p.add(reasonMissing, "targetPrincipal", "targetPrincipal is required")
	case w.Type != "OKTA_USER":
		p.add(reasonInvalid, "targetPrincipal.type", "targetPrincipal.type must be OKTA_USER")
	case t.users[w.ExternalID] == nil:
		p.add(reasonUnknown, "targetPrincipal.externalId", "no user "+w.ExternalID)
	default:
		return t.users[w.ExternalID]
	}
	return nil
}

func (p *complaints) grantedBundle(t *Tenant, g *grant, in *grantInput) *app {
	b := t.gov.bundles[in.EntitlementBundleID]
	switch {
	case in.EntitlementBundleID == "":
		p.add(reasonMissing, "entitlementBundleId", "entitlementBundleId is required")
	case b == nil || b.deleted:
		p.add(reasonUnknown, "entitlementBundleId", "no bundle "+in.EntitlementBundleID)
	default:
		g.bundleID = b.id
		return t.apps[b.appID]
	}
	return nil
}

func (p *complaints) grantedValues(t *Tenant, g *grant, a *app, in *grantInput) {
	switch {
	case in.GrantType == kindPolicy:
		if len(in.Entitlements) > 0 {
			p.add(reasonInvalid, "entitlements", "a POLICY grant carries no entitlements")
		}
	case len(in.Entitlements) == 0:
		if in.GrantType != kindCustom || in.Action != "DENY" {
			p.add(reasonMissing, "entitlements", "entitlements is required")
		}
	default:
		g.values = p.values(t, a.id, in.Entitlements)
	}
}

// state refuses an application that takes no grants: inactive, or not opted in to entitlement management.
func (p *complaints) state(c *call, a *app) {
	c.t.settleOptIn(a, c.now)
	switch {
	case a.status != statusActive:
		p.add(reasonInvalid, "target", "resource "+a.id+" is not active")
	case a.em != emEnabled:
		p.add(reasonInvalid, "target", "entitlement management is not enabled for resource "+a.id)
	}
}

func (p *complaints) schedule(w *wireSchedule) (expires time.Time, zone string) {
	if w == nil {
		return time.Time{}, ""
	}
	if len(w.TimeZone) > 64 {
		p.add(reasonInvalid, "scheduleSettings.timeZone", "timeZone must be 1 to 64 characters long")
	}
	if w.ExpirationDate == "" {
		return time.Time{}, ""
	}
	at, err := time.Parse(time.RFC3339Nano, w.ExpirationDate)
	if err != nil {
		p.add(reasonInvalid, "scheduleSettings.expirationDate", "expirationDate is not a date-time")
	}
	return at.UTC(), w.TimeZone
}

// accessChanged writes the one event that Okta has for any change of a person's effective access.
func (c *call) accessChanged(appID, userID string) {
	var targets []logTarget
	if u := c.t.users[userID]; u != nil {
		targets = append(targets, u.target())
	}
	if a := c.t.apps[appID]; a != nil {
		targets = append(targets, a.target())
	}
	c.event("resource.user_entitlements.update", eventDetail{
		Targets: targets,
		Debug:   map[string]any{"GrantDebugData": appID + ":" + userID},
	})
}

func (c *call) findGrant() *grant {
	g := c.t.gov.grants[c.path("grantId")]
	if g == nil {
		c.notFound(c.path("grantId"), "Grant")
	}
	return g
}

func (c *call) getGrant() {
	if g := c.findGrant(); g != nil {
		show := showOwn
		if c.includes("full_entitlements") {
			show = showFull
		}
		c.reply(http.StatusOK, g.wire(c, show, c.includes("metadata")))
	}
}

// replaceGrant changes the entitlements of a CUSTOM grant and nothing else.
func (c *call) replaceGrant() {
	g := c.findGrant()
	if g == nil {
		return
	}
	var in grantInput
	if !c.body(&in) {
		return
	}
	p := &complaints{domain: "grants"}
	switch {
	case g.kind != kindCustom:
		p.add(reasonInvalid, "grantType", "only CUSTOM grants can be replaced")
	case in.ID != g.id:
		p.add(reasonInvalid, "id", "id must be the id in the path")
	case in.GrantType != g.kind, in.Target == nil || in.Target.ExternalID != g.appID, in.TargetPrincipal == nil ||
		in.TargetPrincipal.ExternalID != g.userID:
		p.add(reasonInvalid, "", "only entitlements can change")
	case g.status(c.now) != "ACTIVE":
		p.add(reasonInvalid, "status", "the grant is not active")
	case len(in.Entitlements) == 0 && g.action != "DENY":
		p.add(reasonMissing, "entitlements", "entitlements is required")
	}
	values := p.values(c.t, g.appID, in.Entitlements)
	if p.refused(c, "grant") {
		return
	}
	g.values = values
	g.touch(c.who(), c.now)
	c.accessChanged(g.appID, g.userID)
	c.reply(http.StatusOK, g.wire(c, showNone, true))
}

// patchGrant changes the expiry and nothing else. A date in the past ends the grant at once; no date removes the expiry.
func (c *call) patchGrant() {
	g := c.findGrant()
	if g == nil {
		return
	}
	var in grantInput
	if !c.body(&in) {
		return
	}
	p := &complaints{domain: "grants"}
	switch {
	case in.ID != g.id:
		p.add(reasonInvalid, "id", "id must be the id in the path")
	case in.ScheduleSettings == nil:
		p.add(reasonMissing, "scheduleSettings", "scheduleSettings is required")
	case in.GrantType != "" || in.Entitlements != nil || in.Action != "" || in.Target != nil:
		p.add(reasonInvalid, "", "only scheduleSettings can be patched")
	case g.status(c.now) != "ACTIVE":
		p.add(reasonInvalid, "status", "the grant is not active")
	}
	expires, zone := p.schedule(in.ScheduleSettings)
	if p.refused(c, "grant") {
		return
	}
	g.expires, g.zone = expires, zone
	g.touch(c.who(), c.now)
	c.accessChanged(g.appID, g.userID)
	c.reply(http.StatusOK, g.wire(c, showNone, true))
}
