package oktasim

import (
	"slices"
	"strings"
)

// grantFilter are the properties that the grant list can be filtered by, all with eq only.
var grantFilter = map[string][]string{
	"target.externalId": {"eq"}, "target.type": {"eq"}, "targetResourceOrn": {"eq"},
	"targetPrincipal.externalId": {"eq"}, "targetPrincipal.type": {"eq"}, "targetPrincipalOrn": {"eq"},
	"entitlementBundleId": {"eq"}, "entitlements.id": {"eq"}, "entitlements.values.id": {"eq"}, "action": {"eq"},
}

// listGrants shows the active grants of exactly one resource, by id. One page costs what it shows, not what the resource has.
func (c *call) listGrants() {
	expr, ok := c.govFilter(true, codePaging, grantFilter)
	if !ok {
		return
	}
	a, ok := c.filterApp(expr, codePaging, "target")
	if !ok || !c.managed(a) {
		return
	}
	limit, ok := c.limit(20, 200, false)
	if !ok {
		return
	}
	from := c.t.gov.grantsByApp[a.id]
	if id, problem := named(expr, "targetPrincipal.externalId", "targetPrincipal.type", "targetPrincipalOrn", "OKTA_USER",
		"users"); problem == "" {
		from = c.t.gov.grantsByPair[grantPair{a.id, id}]
	}
	show := showNone
	if c.includes("full_entitlements") {
		show = showFull
	}
	metadata := c.includes("metadata")
	page := c.grantsAfter(from, expr, limit+1)
	governancePage(c, page, func(g *grant) string { return g.id }, func(g *grant) any { return g.wire(c, show, metadata) },
		false)
}

// grantsAfter collects the first n visible grants behind the cursor. from is sorted by id.
func (c *call) grantsAfter(from []*grant, expr filterExpr, n int) []*grant {
	start := 0
	if after := c.query().Get("after"); after != "" {
		i, found := slices.BinarySearchFunc(from, after, func(g *grant, id string) int { return strings.Compare(g.id, id) })
		if found {
			i++
		}
		start = i
	}
	var page []*grant
	lag := c.grantLag()
	for _, g := range from[start:] {
		if g.active(c.now, lag) && expr.match(func(p string) []string { return g.property(c.t, p) },
			filterOptions{}) {
			if page = append(page, g); len(page) == n {
				break
			}
		}
	}
	return page
}

func (g *grant) property(t *Tenant, path string) []string {
	switch path {
	case "target.externalId":
		return []string{g.appID}
	case "target.type":
		return []string{targetApplication}
	case "targetResourceOrn":
		return sameResource(t.appORN(g.appID))
	case "targetPrincipal.externalId":
		return []string{g.userID}
	case "targetPrincipal.type":
		return []string{"OKTA_USER"}
	case "targetPrincipalOrn":
		return sameResource(t.userORN(g.userID))
	case "action":
		return []string{g.action}
	case "entitlementBundleId":
		if g.bundleID != "" {
			return []string{g.bundleID}
		}
	case "entitlements.id", "entitlements.values.id":
		return g.mentions(t, path)
	}
	return nil
}

// mentions lists the ids that a grant carries itself; a bundle grant is found by its bundle.
func (g *grant) mentions(t *Tenant, path string) []string {
	if !g.carriesValues() {
		return nil
	}
	var out []string
	for _, v := range t.gov.valuesOf(g) {
		if path == "entitlements.id" {
			out = append(out, v.of.id)
		} else {
			out = append(out, v.id)
		}
	}
	return out
}
