package oktasim

import (
	"net/http"
	"net/url"
	"slices"
)

type revokeInput struct {
	PrincipalORN string   `json:"principalOrn"`
	Actor        string   `json:"actor"`
	RevokeORNs   []string `json:"revokeOrns"`
}

// revocation is one checked ORN: an application, a bundle or a value.
type revocation struct {
	appID  string
	bundle *bundle
	value  *entValue
}

// revokeAccess takes up to five values and bundles, or one whole application, from one person.
func (c *call) revokeAccess() {
	var in revokeInput
	if !c.body(&in) {
		return
	}
	p := &complaints{domain: "revoke-principal-access"}
	u := p.revokedUser(c.t, in.PrincipalORN)
	p.oneOf("actor", in.Actor, "API", grantActors)
	list := p.revocations(c.t, in.RevokeORNs)
	if len(p.causes) > 0 {
		c.fail(http.StatusBadRequest, codeValidation, "Api validation failed", p.causes...)
		return
	}
	var apps []string
	for _, r := range list {
		c.revoke(u, r)
		if !slices.Contains(apps, r.appID) {
			apps = append(apps, r.appID)
		}
	}
	data := []any{}
	for _, id := range apps {
		c.accessChanged(id, u.id)
		data = append(data, map[string]any{"_links": map[string]any{
			"principal-access":       map[string]any{"href": c.accessURL(pathAccess, id, u.id)},
			"principal-entitlements": map[string]any{"href": c.accessURL(pathPrincipal, id, u.id)},
		}})
	}
	c.reply(http.StatusOK, map[string]any{"data": data})
}

func (c *call) accessURL(path, appID, userID string) string {
	filter := `parent.externalId eq "` + appID + `" AND parent.type eq "APPLICATION" AND targetPrincipal.externalId eq "` +
		userID + `" AND targetPrincipal.type eq "OKTA_USER"`
	return c.adminBase() + path + "?filter=" + url.QueryEscape(filter)
}

func (p *complaints) revokedUser(t *Tenant, orn string) *user {
	kind, id, ok := t.ornParts(orn)
	switch {
	case orn == "":
		p.add(reasonMissing, "principalOrn", "principalOrn is required")
	case !ok || kind != "users":
		p.add(reasonInvalid, "principalOrn", "Invalid ORN format for principalOrn")
	case t.users[id] == nil:
		p.add(reasonUnknown, "principalOrn", "no user "+id)
	default:
		return t.users[id]
	}
	return nil
}

func (p *complaints) revocations(t *Tenant, orns []string) []revocation {
	if len(orns) < 1 || len(orns) > 5 {
		p.add(reasonInvalid, "revokeOrns", "revokeOrns must have 1 to 5 ORNs")
		return nil
	}
	var out []revocation
	for _, orn := range orns {
		kind, id, ok := t.ornParts(orn)
		value, bundle := t.gov.values[id], t.gov.bundles[id]
		switch {
		case ok && kind == "apps" && t.apps[id] != nil:
			if len(orns) > 1 {
				p.add(reasonInvalid, "revokeOrns", "an application must be revoked alone")
			}
			out = append(out, revocation{appID: id})
		case ok && kind == "entitlement-values" && value != nil:
			out = append(out, revocation{appID: value.of.appID, value: value})
		case ok && kind == "entitlement-bundles" && bundle != nil:
			out = append(out, revocation{appID: bundle.appID, bundle: bundle})
		case ok && slices.Contains([]string{"apps", "entitlement-values", "entitlement-bundles"}, kind):
			p.add(reasonUnknown, "revokeOrns", "no resource "+id)
		default:
			p.add(reasonInvalid, "revokeOrns", "Invalid ORN format for revokeObjectOrns")
		}
	}
	return out
}

// revoke takes one thing. What a person would otherwise lose with it stays: a policy base or a bundle that holds the value
// among others becomes a CUSTOM base or an ENTITLEMENT grant of the rest.
func (c *call) revoke(u *user, r revocation) {
	for _, g := range c.t.gov.activeGrants(r.appID, u.id, c.now, 0) {
		switch {
		case r.value == nil && r.bundle == nil:
			g.end(c.who(), c.now)
		case r.bundle != nil:
			if g.bundleID == r.bundle.id {
				g.end(c.who(), c.now)
			}
		case g.action != "DENY" && slices.Contains(c.t.gov.valuesOf(g), r.value):
			c.revokeValue(g, r.value)
		}
	}
	if r.value == nil && r.bundle == nil {
		c.t.unassignForRevoke(r.appID, u.id)
	}
}

func (c *call) revokeValue(g *grant, v *entValue) {
	var rest []string
	for _, x := range c.t.gov.valuesOf(g) {
		if x != v {
			rest = append(rest, x.id)
		}
	}
	if len(rest) == 0 {
		g.end(c.who(), c.now)
		return
	}
	if g.carriesValues() {
		g.values = rest
		g.touch(c.who(), c.now)
		return
	}
	g.end(c.who(), c.now)
	kept := &grant{
		audit:  c.newAudit(),
		id:     c.t.newID("gra"),
		kind:   kindEntitlement,
		action: "ALLOW",
		actor:  g.actor,
		appID:  g.appID,
		userID: g.userID,
		values: rest, expires: g.expires, zone: g.zone, collection: g.collection, collName: g.collName,
	}
	if g.kind == kindPolicy {
		kept.kind = kindCustom
	}
	c.t.gov.addGrant(kept)
}
