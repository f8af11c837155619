package oktasim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The governance paths and scopes.
const (
	pathEntitlements = "/governance/api/v1/entitlements"
	pathBundles      = "/governance/api/v1/entitlement-bundles"
	pathGrants       = "/governance/api/v1/grants"
	pathPrincipal    = "/governance/api/v1/principal-entitlements"
	pathAccess       = "/governance/api/v1/principal-access"

	scopeGovRead   = "okta.governance.entitlements.read"
	scopeGovManage = "okta.governance.entitlements.manage"
)

// The reasons that governance gives in errorCauses.
const (
	reasonMissing = "REQUIRED_PROPERTY_MISSING"
	reasonUnknown = "IDENTIFIER_NOT_FOUND"
	reasonInvalid = "INVALID_PROPERTY_VALUE"
)

// complaints gathers the causes of one 400 answer about a request's body.
type complaints struct {
	domain string
	causes []cause
}

func (p *complaints) add(reason, location, text string) {
	p.causes = append(p.causes, cause{text, p.domain, reason, location, "body"})
}

// text checks a string's length in characters; required texts must be there.
func (p *complaints) text(location, s string, most int, required bool) {
	switch n := utf8.RuneCountInString(s); {
	case n == 0 && required:
		p.add(reasonMissing, location, location+" is required")
	case n > most:
		p.add(reasonInvalid, location, fmt.Sprintf("%s must be 1 to %d characters long", location, most))
	}
}

// refused answers 400 when there are complaints, and says whether it did.
func (p *complaints) refused(c *call, what string) bool {
	if len(p.causes) == 0 {
		return false
	}
	c.fail(http.StatusBadRequest, codeValidation, "Api validation failed: "+what, p.causes...)
	return true
}

// target finds the application that a body's target or parent names.
func (p *complaints) target(t *Tenant, location string, w *wireTarget) *app {
	switch {
	case w == nil || w.ExternalID == "":
		p.add(reasonMissing, location, location+" is required")
	case w.Type != targetApplication:
		p.add(reasonInvalid, location+".type", location+".type must be APPLICATION")
	case t.apps[w.ExternalID] == nil:
		p.add(reasonUnknown, location+".externalId", "no resource "+w.ExternalID)
	default:
		return t.apps[w.ExternalID]
	}
	return nil
}

// values resolves the entitlements of a body to values of one application, without duplicates.
func (p *complaints) values(t *Tenant, appID string, list []wireEntitlementRef) []string {
	var ids []string
	for i, ref := range list {
		at := fmt.Sprintf("entitlements[%d]", i)
		e := t.gov.entitlements[ref.ID]
		switch {
		case ref.ID == "":
			p.add(reasonMissing, at+".id", at+".id is required")
			continue
		case e == nil || e.appID != appID:
			p.add(reasonUnknown, at+".id", "no entitlement "+ref.ID+" on the resource")
			continue
		case len(ref.Values) == 0:
			p.add(reasonMissing, at+".values", at+".values is required")
		case len(ref.Values) > 1 && !e.multi:
			p.add(reasonInvalid, at+".values", "entitlement "+ref.ID+" holds a single value")
		}
		for _, vr := range ref.Values {
			v := t.gov.values[vr.ID]
			if v == nil || v.of != e {
				p.add(reasonUnknown, at+".values", "no value "+vr.ID+" in entitlement "+ref.ID)
			} else if !slices.Contains(ids, v.id) {
				ids = append(ids, v.id)
			}
		}
	}
	if len(ids) > 1000 {
		p.add(reasonInvalid, "entitlements", "at most 1000 values")
	}
	return ids
}

// wireEntitlementRef names values of one entitlement by id.
type wireEntitlementRef struct {
	ID     string         `json:"id"`
	Values []wireValueRef `json:"values"`
}

// govFilter parses the filter parameter against what an endpoint allows; it answers 400 with code when it cannot. An absent
// filter is the zero expression unless required.
func (c *call) govFilter(required bool, code errorCode, properties map[string][]string) (filterExpr, bool) {
	text := strings.TrimSpace(c.query().Get("filter"))
	if text == "" {
		if required {
			c.badFilter(code, "filter is required and must name the resource")
		}
		return filterExpr{}, !required
	}
	e, err := parseFilter(text)
	if err == nil {
		err = e.check(filterOptions{Properties: properties, NoNot: true})
	}
	if err != nil {
		c.badFilter(code, err.Error())
		return e, false
	}
	return e, true
}

func (c *call) badFilter(code errorCode, why string) {
	c.fail(http.StatusBadRequest, code, "Invalid filter", cause{
		ErrorSummary: why,
		Location:     "filter",
		LocationType: "query",
	})
}

// filterApp finds the one application that an expression names: by prefix.externalId and prefix.type, or by ORN.
func (c *call) filterApp(e filterExpr, code errorCode, prefix string) (*app, bool) {
	id, problem := named(e, prefix+".externalId", prefix+".type", prefix+"ResourceOrn", targetApplication, "apps")
	if problem != "" {
		c.badFilter(code, problem)
		return nil, false
	}
	a := c.t.apps[id]
	if a == nil {
		c.fail(http.StatusBadRequest, code, "Invalid filter", cause{
			ErrorSummary: "resource " + id +
				" was not found", Domain: "entitlements", Reason: reasonUnknown, Location: "filter", LocationType: "query",
		})
		return nil, false
	}
	return a, true
}

// named extracts the one id that an expression demands in either of its two spellings.
func named(e filterExpr, idPath, typePath, ornPath, typeName, ornKind string) (id, problem string) {
	if e.has(ornPath) {
		orn, ok := e.only(ornPath)
		if !ok {
			return "", ornPath + " must name exactly one resource"
		}
		kind, id, ok := splitORN(orn)
		if !ok || kind != ornKind {
			return "", ornPath + " is not an ORN of " + ornKind
		}
		if other, ok := e.only(idPath); e.has(idPath) && (!ok || other != id) {
			return "", "filter must name exactly one resource"
		}
		return id, ""
	}
	id, ok := e.only(idPath)
	if !ok {
		return "", "filter must name exactly one resource by " + idPath + " and " + typePath + ", or by " + ornPath
	}
	if kind, ok := e.only(typePath); !ok || kind != typeName {
		return "", typePath + " eq \"" + typeName + "\" is required"
	}
	return id, ""
}

// includes says whether the include parameter, repeated or joined with commas, asks for something.
func (c *call) includes(what string) bool {
	for _, v := range c.query()["include"] {
		if slices.Contains(strings.Split(v, ","), what) {
			return true
		}
	}
	return false
}

// govOrder reads orderBy ("name asc") among the allowed properties; it answers 400 when it cannot.
func (c *call) govOrder(standard string, allowed ...string) (property string, descending, ok bool) {
	text := c.query().Get("orderBy")
	if text == "" {
		text = standard
	}
	property, direction, _ := strings.Cut(text, " ")
	if !slices.Contains(allowed, property) || !slices.Contains([]string{"", "asc", "desc"}, direction) ||
		len(c.query()["orderBy"]) > 1 {
		c.fail(http.StatusBadRequest, codePaging, "Invalid orderBy",
			cause{ErrorSummary: "orderBy: one of " + strings.Join(allowed, ", ") + " with asc or desc"})
		return "", false, false
	}
	return property, direction == "desc", true
}

// sortBy orders items by a key, the id breaking ties.
func sortBy[T any](items []T, descending bool, key, id func(T) string) {
	order := func(a, b T) int {
		cmp := strings.Compare(key(a), key(b))
		if cmp == 0 {
			cmp = strings.Compare(id(a), id(b))
		}
		if descending {
			return -cmp
		}
		return cmp
	}
	if !slices.IsSortedFunc(items, order) { // each page asks again, and most lists are in order
		slices.SortStableFunc(items, order)
	}
}

// sortable writes a time so that text order is time order.
func sortable(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000000Z") }
