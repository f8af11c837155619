package oktasim

import (
	"net/http"
	"slices"
)

type bundleInput struct {
	ID                string               `json:"id"`
	Name              string               `json:"name"`
	Description       string               `json:"description"`
	Target            *wireTarget          `json:"target"`
	TargetResourceORN string               `json:"targetResourceOrn"`
	Entitlements      []wireEntitlementRef `json:"entitlements"`
}

type wireBundle struct {
	wireAudit
	ORN               string         `json:"orn"`
	TargetResourceORN string         `json:"targetResourceOrn"`
	Target            wireTarget     `json:"target"`
	Status            string         `json:"status"`
	Entitlements      []wireFull     `json:"entitlements"`
	Links             map[string]any `json:"_links"`
	Name              string         `json:"name"`
	Description       string         `json:"description,omitempty"`
}

// bundleFilter are the properties that bundle lists can be filtered by.
var bundleFilter = map[string][]string{
	"id": {"eq", "gt"}, "name": {"eq", "co", "sw"}, "status": {"eq"}, "lastUpdated": {"gt", "ge", "lt", "le"},
	"targetResourceOrn": {"eq"}, "target.externalId": {"eq"}, "target.type": {"eq"},
}

func (b *bundle) status() string {
	if b.deleted {
		return "DELETED"
	}
	return statusActive
}

func (b *bundle) target() logTarget { return logTarget{b.id, "EntitlementBundle", b.name, b.name} }

func (b *bundle) wire(c *call, full bool) wireBundle {
	g := grant{kind: kindBundle, bundleID: b.id}
	return wireBundle{
		wireAudit: b.audit.wire(b.id), ORN: c.t.governanceORN("entitlement-bundles", b.id),
		TargetResourceORN: c.t.appORN(b.appID), Target: appTarget(b.appID), Status: b.status(),
		Entitlements: c.t.grouped(c.t.gov.valuesOf(&g), full), Name: b.name, Description: b.description,
		Links: map[string]any{"self": c.adminLink(pathBundles + "/" + b.id)},
	}
}

// bundle checks a body; self is the bundle being replaced, nil for a new one.
func (p *complaints) bundle(c *call, in *bundleInput, self *bundle) (a *app, values []string) {
	p.text("name", in.Name, 255, true)
	p.text("description", in.Description, 1000, false)
	if slices.ContainsFunc(c.t.gov.bundleOrder,
		func(b *bundle) bool { return b != self && !b.deleted && b.name == in.Name }) {
		p.add(reasonInvalid, "name", "a bundle named "+in.Name+" exists already")
	}
	if len(in.Entitlements) == 0 { // a real org calls an empty list missing
		p.add(reasonMissing, "entitlements", "entitlements is required")
	}
	if a = p.target(c.t, "target", in.Target); a == nil {
		return nil, nil
	}
	p.state(c, a)
	return a, p.values(c.t, a.id, in.Entitlements)
}

func (c *call) createBundle() {
	var in bundleInput
	if !c.body(&in) {
		return
	}
	p := &complaints{domain: "entitlement-bundles"}
	a, values := p.bundle(c, &in, nil)
	if p.missing(c) || p.refused(c, "entitlement bundle") {
		return
	}
	b := &bundle{
		audit:       c.newAudit(),
		id:          c.t.newID("enb"),
		appID:       a.id,
		name:        in.Name,
		description: in.Description,
		values:      values,
	}
	c.t.gov.bundles[b.id] = b
	c.t.gov.bundleOrder = append(c.t.gov.bundleOrder, b)
	c.event("resource.entitlement_bundle.create", eventDetail{Targets: []logTarget{b.target(), a.target()}})
	c.created(pathBundles+"/"+b.id, b.wire(c, false))
}

// missing answers 400 E0000028 when a required property is absent: bundles have their own code for that.
func (p *complaints) missing(c *call) bool {
	if !slices.ContainsFunc(p.causes, func(x cause) bool { return x.Reason == reasonMissing }) {
		return false
	}
	c.fail(http.StatusBadRequest, codeRequired, "The request is missing a required parameter.", p.causes...)
	return true
}

// findBundle answers 404 when there is none with the id in the path. A deleted bundle counts only where deleted is true.
func (c *call) findBundle(deleted bool) *bundle {
	b := c.t.gov.bundles[c.path("entitlementBundleId")]
	if b == nil || (b.deleted && !deleted) {
		c.notFound(c.path("entitlementBundleId"), "EntitlementBundle")
		return nil
	}
	return b
}

func (c *call) listBundles() {
	expr, ok := c.govFilter(false, codePaging, bundleFilter)
	if !ok {
		return
	}
	property, descending, ok := c.govOrder("id asc", "id", "name", "created", "lastUpdated")
	if !ok {
		return
	}
	deletedToo := expr.has("status")
	items := slices.DeleteFunc(slices.Clone(c.t.gov.bundleOrder), func(b *bundle) bool {
		return (b.deleted && !deletedToo) || !expr.match(func(p string) []string { return b.property(c.t, p) },
			filterOptions{})
	})
	id := func(b *bundle) string { return b.id }
	sortBy(items, descending, func(b *bundle) string { return b.property(c.t, property)[0] }, id)
	full := c.includes("full_entitlements")
	governancePage(c, items, id, func(b *bundle) any { return b.wire(c, full) }, true)
}

func (b *bundle) property(t *Tenant, path string) []string {
	switch path {
	case "name":
		return []string{b.name}
	case "status":
		return []string{b.status()}
	case "created":
		return []string{sortable(b.created)}
	case "lastUpdated":
		return []string{sortable(b.changed)}
	case "targetResourceOrn":
		return sameResource(t.appORN(b.appID))
	case "target.externalId":
		return []string{b.appID}
	case "target.type":
		return []string{targetApplication}
	}
	return []string{b.id}
}

func (c *call) getBundle() {
	if b := c.findBundle(false); b != nil {
		c.selfLink(pathBundles + "/" + b.id)
		c.reply(http.StatusOK, b.wire(c, true))
	}
}

// replaceBundle reaches the bundle's existing grants at once: they are resolved when they are read.
func (c *call) replaceBundle() {
	b := c.findBundle(false)
	if b == nil {
		return
	}
	var in bundleInput
	if !c.body(&in) {
		return
	}
	p := &complaints{domain: "entitlement-bundles"}
	a, values := p.bundle(c, &in, b)
	if in.ID == "" || in.TargetResourceORN == "" {
		p.add(reasonMissing, "id", "id and targetResourceOrn are required")
	} else if in.ID != b.id || (a != nil && a.id != b.appID) {
		p.add(reasonInvalid, "id", "id and target cannot change")
	}
	if p.missing(c) || p.refused(c, "entitlement bundle") {
		return
	}
	b.name, b.description, b.values = in.Name, in.Description, values
	b.touch(c.who(), c.now)
	c.event("resource.entitlement_bundle.update", eventDetail{Targets: []logTarget{b.target()}})
	for _, g := range c.t.gov.grantsByApp[b.appID] {
		if g.bundleID == b.id && g.active(c.now, 0) {
			c.accessChanged(g.appID, g.userID)
		}
	}
	c.reply(http.StatusOK, b.wire(c, false))
}

// deleteBundle refuses a bundle that was deleted before, and, unless the tenant cascades, one that someone holds.
func (c *call) deleteBundle() {
	b := c.findBundle(true)
	if b == nil {
		return
	}
	if b.deleted {
		c.fail(http.StatusConflict, codeGovConflict, "The entitlement bundle is deleted already.")
		return
	}
	var held []*grant
	for _, g := range c.t.gov.grantsByApp[b.appID] {
		if g.bundleID == b.id && g.active(c.now, 0) {
			held = append(held, g)
		}
	}
	if len(held) > 0 && !c.t.opts.CascadeDelete {
		c.fail(http.StatusConflict, codeGovConflict, "The entitlement bundle is granted to users.")
		return
	}
	b.deleted = true
	b.touch(c.who(), c.now)
	for _, g := range held {
		g.end(c.who(), c.now)
		c.accessChanged(g.appID, g.userID)
	}
	c.event("resource.entitlement_bundle.delete", eventDetail{Targets: []logTarget{b.target()}})
	c.empty(http.StatusNoContent)
}
