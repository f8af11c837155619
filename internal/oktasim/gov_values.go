package oktasim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// valueFilter are the properties that the values of one entitlement can be filtered by; allValueFilter is the org-wide list's.
var (
	valueFilter = map[string][]string{
		"name": {"sw", "co"}, "externalValue": {"eq"}, "labelValueId": {"eq"}, "created": {"eq", "gt", "ge", "lt", "le"},
	}
	allValueFilter = map[string][]string{
		"parent.externalId": {"eq"}, "parent.type": {"eq"}, "parentResourceOrn": {"eq"}, "entitlementId": {"eq"},
		"id":            {"eq"},
		"externalValue": {"eq"}, "name": {"sw", "co"}, "created": {"eq", "gt", "ge", "lt", "le"},
	}
)

func (v *entValue) property(t *Tenant, path string) []string {
	switch path {
	case "name":
		return []string{v.name}
	case "externalValue":
		return []string{v.external}
	case "created":
		return []string{sortable(v.created)}
	case "entitlementId":
		return []string{v.of.id}
	case "id":
		return []string{v.id}
	case "labelValueId": // labels are not modelled, so no value has one
		return nil
	}
	return v.of.property(t, path)
}

func (c *call) listValues() {
	e := c.findEntitlement()
	if e == nil {
		return
	}
	if expr, ok := c.govFilter(false, codePaging, valueFilter); ok {
		c.pageOfValues(e.values, expr, "name asc")
	}
}

func (c *call) listAllValues() {
	expr, ok := c.govFilter(true, codePaging, allValueFilter)
	if !ok {
		return
	}
	a, ok := c.filterApp(expr, codePaging, "parent")
	if !ok || !c.managed(a) {
		return
	}
	if c.query().Get("limit") == "" { // this list alone defaults to 200
		c.query().Set("limit", "200")
	}
	c.pageOfValues(c.t.gov.valuesByApp[a.id], expr, "id asc")
}

func (c *call) pageOfValues(values []*entValue, expr filterExpr, standard string) {
	property, descending, ok := c.govOrder(standard, "id", "name", "created")
	if !ok {
		return
	}
	items := slices.Clone(values)
	if expr.root != nil {
		items = slices.DeleteFunc(items, func(v *entValue) bool {
			return !expr.match(func(p string) []string { return v.property(c.t, p) }, filterOptions{})
		})
	}
	id := func(v *entValue) string { return v.id }
	if property != "id" || descending { // they are in id order already
		sortBy(items, descending, func(v *entValue) string { return v.property(c.t, property)[0] }, id)
	}
	governancePage(c, items, id, func(v *entValue) any { return v.wireList(c) }, true)
}

func (c *call) getValue() {
	e := c.findEntitlement()
	if e == nil {
		return
	}
	v := c.t.gov.values[c.path("valueId")]
	if v == nil || v.of != e {
		c.notFound(c.path("valueId"), "EntitlementValue")
		return
	}
	c.selfLink(pathEntitlements + "/" + e.id + "/values/" + v.id)
	c.reply(http.StatusOK, v.wireList(c))
}

// patchInput is one operation of a PATCH. Value is an object for a value and a string for the entitlement itself.
type patchInput struct {
	Op      string          `json:"op"`
	Path    string          `json:"path"`
	RefType string          `json:"refType"`
	Value   json.RawMessage `json:"value"`
}

// patchStep is an operation that has been checked and can no longer fail.
type patchStep func() *entValue

// patchEntitlement carries out all operations or none. The answer's values are the touched ones only.
func (c *call) patchEntitlement() {
	e := c.findEntitlement()
	if e == nil {
		return
	}
	var ops []patchInput
	if !c.body(&ops) {
		return
	}
	p := &complaints{domain: "entitlements"}
	if len(ops) < 1 || len(ops) > 100 {
		p.add(reasonInvalid, "", "1 to 100 operations are allowed")
	}
	taken := map[string]string{} // external value → id, as it will stand after the operations so far
	for _, v := range e.values {
		taken[v.external] = v.id
	}
	var steps []patchStep
	if len(p.causes) == 0 {
		for i, op := range ops {
			steps = append(steps, c.patchStep(e, op, fmt.Sprintf("[%d]", i), taken, p))
		}
	}
	if p.refused(c, "entitlement") {
		return
	}
	touched := []*entValue{}
	for _, step := range steps {
		if v := step(); v != nil {
			touched = append(touched, v)
		}
	}
	e.touch(c.who(), c.now)
	c.event("resource.entitlement.update", eventDetail{Targets: []logTarget{e.target()}})
	c.reply(http.StatusOK, e.wire(c, touched))
}

func (c *call) patchStep(e *entitlement, op patchInput, at string, taken map[string]string, p *complaints) patchStep {
	switch op.RefType {
	case "ENTITLEMENT":
		return c.patchSelf(e, op, at, p)
	case "ENTITLEMENT-VALUE":
		return c.patchValue(e, op, at, taken, p)
	}
	p.add(reasonInvalid, at+".refType", "refType must be ENTITLEMENT-VALUE or ENTITLEMENT")
	return nil
}

func (c *call) patchSelf(e *entitlement, op patchInput, at string, p *complaints) patchStep {
	var text string
	if json.Unmarshal(op.Value, &text) != nil && op.Op != "REMOVE" {
		p.add(reasonInvalid, at+".value", "value must be a string")
		return nil
	}
	switch {
	case op.Path == "/name" && op.Op == "REPLACE":
		p.text(at+".value", text, 255, true)
		return func() *entValue { e.name = text; return nil }
	case op.Path == "/description":
		p.text(at+".value", text, 1000, op.Op != "REMOVE")
		return func() *entValue { e.description = text; return nil }
	}
	p.add(reasonInvalid, at+".path", op.Op+" of "+op.Path+" is not supported")
	return nil
}

func (c *call) patchValue(e *entitlement, op patchInput, at string, taken map[string]string, p *complaints) patchStep {
	var in valueInput
	if op.Op != "REMOVE" && json.Unmarshal(op.Value, &in) != nil {
		p.add(reasonInvalid, at+".value", "value must be an object")
		return nil
	}
	id, found := strings.CutPrefix(op.Path, "/values/")
	v := c.t.gov.values[id]
	switch {
	case op.Op == "ADD" && found && id == "-":
		_, exists := taken[in.ExternalValue]
		p.value(in, exists)
		taken[in.ExternalValue] = "-"
		return func() *entValue { return c.addValue(e, in) }
	case !found || v == nil || v.of != e:
		p.add(reasonUnknown, at+".path", "no value at "+op.Path)
	case op.Op == "REMOVE":
		delete(taken, v.external)
		return func() *entValue { c.t.gov.dropValue(v); return v }
	case op.Op == "REPLACE":
		owner, exists := taken[in.ExternalValue]
		p.value(in, exists && owner != v.id)
		delete(taken, v.external)
		taken[in.ExternalValue] = v.id
		return func() *entValue {
			v.name, v.external, v.description = in.Name, in.ExternalValue, in.Description
			v.touch(c.who(), c.now)
			return v
		}
	default:
		p.add(reasonInvalid, at+".op", op.Op+" of "+op.Path+" is not supported")
	}
	return nil
}
