package oktasim

import (
	"net/http"
	"slices"
	"strings"
)

// entitlementInput is the body of a create or replace.
type entitlementInput struct {
	ID            string       `json:"id"`
	Name          string       `json:"name"`
	ExternalValue string       `json:"externalValue"`
	Description   string       `json:"description"`
	Parent        *wireTarget  `json:"parent"`
	MultiValue    *bool        `json:"multiValue"`
	DataType      string       `json:"dataType"`
	Values        []valueInput `json:"values"`
}

type valueInput struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	ExternalValue string `json:"externalValue"`
	Description   string `json:"description"`
}

// entitlementFilter are the properties that entitlement lists can be filtered by.
var entitlementFilter = map[string][]string{
	"parent.externalId": {"eq"}, "parent.type": {"eq"}, "parentResourceOrn": {"eq"},
	"id": {"eq"}, "externalValue": {"eq"}, "name": {"sw", "co"}, "created": {"eq", "gt", "ge", "lt", "le"},
}

func (p *complaints) entitlement(in *entitlementInput) {
	p.text("name", in.Name, 255, true)
	p.text("externalValue", in.ExternalValue, 255, true)
	p.text("description", in.Description, 1000, false)
	switch {
	case in.MultiValue == nil:
		p.add(reasonMissing, "multiValue", "multiValue is required")
	case in.DataType == "":
		p.add(reasonMissing, "dataType", "dataType is required")
	case in.DataType == "array" && !*in.MultiValue:
		p.add(reasonInvalid, "dataType", "dataType must be string for this multiValue")
	case in.DataType != "array" && in.DataType != "string": // string beside multiValue is Okta's own example of a create
		p.add(reasonInvalid, "dataType", "dataType must be string or array")
	}
	if in.Values == nil {
		p.add(reasonMissing, "values", "values is required")
	}
	seen := map[string]bool{}
	for _, v := range in.Values {
		p.value(v, seen[v.ExternalValue])
		seen[v.ExternalValue] = true
	}
}

func (p *complaints) value(in valueInput, taken bool) {
	p.text("values.name", in.Name, 255, true)
	p.text("values.externalValue", in.ExternalValue, 2000, true)
	p.text("values.description", in.Description, 1024, false)
	if taken && in.ExternalValue != "" {
		p.add(reasonInvalid, "values.externalValue", "externalValue "+in.ExternalValue+" exists already")
	}
}

// managed answers 404 unless the application is opted in to entitlement management, as Okta documents.
func (c *call) managed(a *app) bool {
	c.t.settleOptIn(a, c.now)
	if a.em == emEnabled {
		return true
	}
	c.notFound(a.id, "Resource")
	return false
}

func (c *call) createEntitlement() {
	var in entitlementInput
	if !c.body(&in) {
		return
	}
	p := &complaints{domain: "entitlements"}
	p.entitlement(&in)
	if in.Parent == nil || in.Parent.ExternalID == "" || in.Parent.Type != targetApplication {
		p.target(c.t, "parent", in.Parent)
	}
	if p.refused(c, "entitlement") {
		return
	}
	a := c.t.apps[in.Parent.ExternalID]
	if a == nil {
		c.notFound(in.Parent.ExternalID, "Resource")
		return
	}
	if !c.managed(a) {
		return
	}
	if slices.ContainsFunc(c.t.gov.byApp[a.id], func(e *entitlement) bool { return e.external == in.ExternalValue }) {
		p.add(reasonInvalid, "externalValue", "an entitlement with externalValue "+in.ExternalValue+" exists already")
		p.refused(c, "entitlement")
		return
	}
	e := &entitlement{
		audit: c.newAudit(), id: c.t.newID("esp"), appID: a.id, name: in.Name, external: in.ExternalValue,
		description: in.Description, multi: *in.MultiValue, dataType: in.DataType,
	}
	c.t.gov.addEntitlement(e)
	for _, v := range in.Values {
		c.addValue(e, v)
	}
	c.event("resource.entitlement.create", eventDetail{Targets: []logTarget{e.target(), a.target()}})
	w := e.wire(c, allValues(e))
	w.Created, w.LastUpdated = millis(e.created), millis(e.changed) // only the create reply has milliseconds
	c.created(pathEntitlements+"/"+e.id, w)
}

func (e *entitlement) target() logTarget { return logTarget{e.id, "Entitlement", e.external, e.name} }

// allValues is never nil, so that an entitlement without values shows an empty array.
func allValues(e *entitlement) []*entValue { return append([]*entValue{}, e.values...) }

func (c *call) addValue(e *entitlement, in valueInput) *entValue {
	v := &entValue{
		audit:       c.newAudit(),
		id:          c.t.newID("ent"),
		name:        in.Name,
		external:    in.ExternalValue,
		description: in.Description,
	}
	c.t.gov.addValue(e, v)
	return v
}

// findEntitlement answers 404 when there is none with the id in the path.
func (c *call) findEntitlement() *entitlement {
	e := c.t.gov.entitlements[c.path("entitlementId")]
	if e == nil {
		c.notFound(c.path("entitlementId"), "Entitlement")
	}
	return e
}

func (c *call) listEntitlements() {
	expr, ok := c.govFilter(true, codePaging, entitlementFilter)
	if !ok {
		return
	}
	a, ok := c.filterApp(expr, codePaging, "parent")
	if !ok || !c.managed(a) {
		return
	}
	property, descending, ok := c.govOrder("name asc", "name", "created", "id")
	if !ok {
		return
	}
	items := slices.DeleteFunc(slices.Clone(c.t.gov.byApp[a.id]), func(e *entitlement) bool {
		return !expr.match(func(p string) []string { return e.property(c.t, p) }, filterOptions{})
	})
	id := func(e *entitlement) string { return e.id }
	sortBy(items, descending, func(e *entitlement) string { return e.sortKey(property) }, id)
	governancePage(c, items, id, func(e *entitlement) any { return e.wire(c, nil) }, true)
}

func (e *entitlement) property(t *Tenant, path string) []string {
	switch path {
	case "parent.externalId":
		return []string{e.appID}
	case "parent.type":
		return []string{targetApplication}
	case "parentResourceOrn":
		return sameResource(t.appORN(e.appID))
	case "externalValue":
		return []string{e.external}
	}
	return []string{e.sortKey(path)}
}

// sameResource spells an ORN with both partitions that a client may know it by.
func sameResource(orn string) []string {
	out := []string{orn}
	for _, partition := range []string{"okta", "oktapreview"} {
		parts := strings.SplitN(orn, ":", 3)
		out = append(out, "orn:"+partition+":"+parts[2])
	}
	return out
}

func (e *entitlement) sortKey(property string) string {
	switch property {
	case "name":
		return e.name
	case "created":
		return sortable(e.created)
	}
	return e.id
}

func (c *call) getEntitlement() {
	if e := c.findEntitlement(); e != nil {
		c.selfLink(pathEntitlements + "/" + e.id)
		c.reply(http.StatusOK, e.wire(c, allValues(e)))
	}
}

// selfLink adds the Link line that single governance reads carry.
func (c *call) selfLink(path string) {
	c.w.Header().Add("Link", "<"+c.adminBase()+path+`>; rel="self"`)
}

// replaceEntitlement takes the full entitlement: values that the body leaves out are removed.
func (c *call) replaceEntitlement() {
	e := c.findEntitlement()
	if e == nil {
		return
	}
	var in entitlementInput
	if !c.body(&in) {
		return
	}
	p := &complaints{domain: "entitlements"}
	p.entitlement(&in)
	if in.ID != e.id {
		p.add(reasonInvalid, "id", "id must be the id in the path")
	}
	if in.MultiValue != nil && *in.MultiValue != e.multi || in.DataType != e.dataType {
		p.add(reasonInvalid, "multiValue", "multiValue and dataType cannot change")
	}
	for _, v := range in.Values {
		if v.ID != "" && (c.t.gov.values[v.ID] == nil || c.t.gov.values[v.ID].of != e) {
			p.add(reasonUnknown, "values.id", "no value "+v.ID)
		}
	}
	if p.refused(c, "entitlement") {
		return
	}
	c.replaceValues(e, in.Values)
	e.name, e.external, e.description = in.Name, in.ExternalValue, in.Description
	e.touch(c.who(), c.now)
	c.event("resource.entitlement.update", eventDetail{Targets: []logTarget{e.target()}})
	c.reply(http.StatusOK, e.wire(c, allValues(e)))
}

func (c *call) replaceValues(e *entitlement, list []valueInput) {
	kept := map[string]bool{}
	for _, in := range list {
		if v := c.t.gov.values[in.ID]; v != nil {
			v.name, v.external, v.description = in.Name, in.ExternalValue, in.Description
			v.touch(c.who(), c.now)
			kept[v.id] = true
		}
	}
	for _, v := range allValues(e) {
		if !kept[v.id] {
			c.t.gov.dropValue(v)
		}
	}
	for _, in := range list {
		if in.ID == "" {
			c.addValue(e, in)
		}
	}
}

func (c *call) deleteEntitlement() {
	e := c.findEntitlement()
	if e == nil {
		return
	}
	used := c.t.gov.inUse(e.appID, c.now, func(v *entValue) bool { return v.of == e })
	if used && !c.t.opts.CascadeDelete {
		c.fail(http.StatusConflict, codeGovConflict, "The entitlement is in use by grants or bundles.")
		return
	}
	c.t.gov.dropEntitlement(e)
	c.event("resource.entitlement.delete", eventDetail{Targets: []logTarget{e.target()}})
	c.empty(http.StatusNoContent)
}

func (c *call) newAudit() audit { return c.t.stamp(c.who(), c.now) }
