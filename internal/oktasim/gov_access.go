package oktasim

import (
	"net/http"
	"time"
)

// accessFilter are the properties of the two effective views; both a resource and a principal are required.
var accessFilter = map[string][]string{
	"parent.externalId": {"eq"}, "parent.type": {"eq"}, "parentResourceOrn": {"eq"},
	"targetPrincipal.externalId": {"eq"}, "targetPrincipal.type": {"eq"}, "targetPrincipalOrn": {"eq"},
}

type wirePrincipalEntitlement struct {
	wireFull
	ParentResourceORN  string     `json:"parentResourceOrn"`
	Parent             wireTarget `json:"parent"`
	TargetPrincipalORN string     `json:"targetPrincipalOrn"`
	TargetPrincipal    wireTarget `json:"targetPrincipal"`
}

type wireAccess struct {
	ParentResourceORN  string            `json:"parentResourceOrn"`
	Parent             wireTarget        `json:"parent"`
	TargetPrincipalORN string            `json:"targetPrincipalOrn"`
	TargetPrincipal    wireTarget        `json:"targetPrincipal"`
	ExpirationTime     string            `json:"expirationTime,omitempty"`
	TimeZone           string            `json:"timeZone,omitempty"`
	Base               *wireAccessGrant  `json:"base,omitempty"`
	Additional         []wireAccessGrant `json:"additional,omitempty"`
}

type wireAccessGrant struct {
	GrantType      string     `json:"grantType"`
	GrantMethod    string     `json:"grantMethod"`
	StartTime      string     `json:"startTime"`
	ExpirationTime string     `json:"expirationTime,omitempty"`
	TimeZone       string     `json:"timeZone,omitempty"`
	Grant          any        `json:"grant"`
	Bundle         any        `json:"bundle,omitempty"`
	Entitlements   []wireFull `json:"entitlements"`
}

// accessOf reads the filter of an effective view. Either half missing is 400 E0000053.
func (c *call) accessOf() (a *app, u *user, ok bool) {
	expr, ok := c.govFilter(true, codeBadFilter, accessFilter)
	if !ok {
		return nil, nil, false
	}
	if a, ok = c.filterApp(expr, codeBadFilter, "parent"); !ok {
		return nil, nil, false
	}
	id, problem := named(expr, "targetPrincipal.externalId", "targetPrincipal.type", "targetPrincipalOrn", "OKTA_USER",
		"users")
	if problem != "" {
		c.badFilter(codeBadFilter, problem)
		return nil, nil, false
	}
	if u = c.t.users[id]; u == nil {
		c.badFilter(codeBadFilter, "principal "+id+" was not found")
		return nil, nil, false
	}
	return a, u, c.managed(a)
}

// principalEntitlements is the union of what a person has on one application, without grants or expiry.
func (c *call) principalEntitlements() {
	a, u, ok := c.accessOf()
	if !ok {
		return
	}
	grants := c.t.gov.activeGrants(a.id, u.id, c.now, c.grantLag())
	data := []wirePrincipalEntitlement{}
	for _, full := range c.t.grouped(c.t.gov.effective(grants), true) {
		data = append(data, wirePrincipalEntitlement{full, a.orn(c.t), appTarget(a.id), u.orn(c.t), userTarget(u.id)})
	}
	self := c.pageURL(c.adminBase(), "", nil)
	c.w.Header().Add("Link", "<"+self+`>; rel="self"`)
	c.reply(http.StatusOK, map[string]any{
		"data": data, "_links": map[string]any{"self": hintedHref{self, hints{}}},
	})
}

// principalAccess says which grants make up a person's access on one application, and until when.
func (c *call) principalAccess() {
	a, u, ok := c.accessOf()
	if !ok {
		return
	}
	body := wireAccess{
		ParentResourceORN:  a.orn(c.t),
		Parent:             appTarget(a.id),
		TargetPrincipalORN: u.orn(c.t),
		TargetPrincipal:    userTarget(u.id),
	}
	var latest time.Time
	forever := false
	for _, g := range c.t.gov.activeGrants(a.id, u.id, c.now, c.grantLag()) {
		w := g.access(c)
		if g.base() {
			body.Base = &w
		} else {
			body.Additional = append(body.Additional, w)
		}
		forever = forever || g.expires.IsZero()
		if g.expires.After(latest) {
			latest, body.TimeZone = g.expires, g.zone
		}
	}
	if forever || latest.IsZero() { // access as a whole ends when its last grant does
		body.TimeZone = ""
	} else {
		body.ExpirationTime = seconds(latest)
	}
	c.selfLink(pathAccess)
	c.reply(http.StatusOK, body)
}

func (g *grant) access(c *call) wireAccessGrant {
	method := g.actor
	if g.kind == kindPolicy {
		method = kindPolicy
	}
	details := map[string]any{"id": g.id, "_links": map[string]any{"self": c.adminLink(pathGrants + "/" + g.id)}}
	if g.collection != "" {
		details["metadata"] = wireGrantMetadata{wireCollection{g.collection, g.collName}}
	}
	w := wireAccessGrant{
		GrantType: g.kind, GrantMethod: method, StartTime: seconds(g.created), Grant: details,
		Entitlements: c.t.grouped(c.t.gov.valuesOf(g), true),
	}
	if s := g.schedule(); s != nil {
		w.ExpirationTime, w.TimeZone = s.ExpirationDate, s.TimeZone
	}
	if b := c.t.gov.bundles[g.bundleID]; b != nil {
		w.Bundle = map[string]any{"id": b.id, "name": b.name}
	}
	return w
}
