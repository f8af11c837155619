package oktasim

import (
	"slices"
	"time"
)

// NewGrant describes a grant to put into the world without an API call.
type NewGrant struct {
	Type       string // CUSTOM, POLICY, ENTITLEMENT, ENTITLEMENT-BUNDLE or IMPORT; ENTITLEMENT when empty
	AppID      string // not needed with Bundle
	UserID     string
	Values     []string // value ids; for POLICY what the policy evaluates to for this person
	Bundle     string
	Action     string // ALLOW when empty
	Actor      string // ADMIN when empty: made by someone else
	Expires    time.Time
	TimeZone   string
	Collection string // collection id, for a grant that a collection brought
}

// GrantView is a grant as the judge of access sees it.
type GrantView struct {
	ID         string    `json:"id"`
	Type       string    `json:"grantType"`
	Action     string    `json:"action"`
	Actor      string    `json:"actor"`
	Status     string    `json:"status"`
	AppID      string    `json:"appId"`
	UserID     string    `json:"userId"`
	BundleID   string    `json:"entitlementBundleId,omitempty"`
	Collection string    `json:"collectionId,omitempty"`
	Values     []string  `json:"values"` // ids of the values it gives now
	Expires    time.Time `json:"expires,omitzero"`
}

// BundleView is a bundle as GET /_sim/state shows it.
type BundleView struct {
	ID      string   `json:"id"`
	AppID   string   `json:"appId"`
	Name    string   `json:"name"`
	Deleted bool     `json:"deleted"`
	Values  []string `json:"values"`
}

func (s *govStore) view(g *grant, at time.Time) GrantView {
	v := GrantView{g.id, g.kind, g.action, g.actor, g.status(at), g.appID, g.userID, g.bundleID, g.collection, []string{},
		g.expires}
	for _, value := range s.valuesOf(g) {
		v.Values = append(v.Values, value.id)
	}
	return v
}

// AddEntitlement puts an entitlement with its values into the world; names serve as external values too.
func (t *Tenant) AddEntitlement(appID, name string, multi bool, values ...string) (id string, valueIDs []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stamp := t.stamp(t.ownerID, t.now())
	e := &entitlement{
		audit:    stamp,
		id:       t.newID("esp"),
		appID:    appID,
		name:     name,
		external: name,
		multi:    multi,
		dataType: dataType(multi),
	}
	t.gov.addEntitlement(e)
	for _, text := range values {
		v := &entValue{audit: stamp, id: t.newID("ent"), name: text, external: text}
		t.gov.addValue(e, v)
		valueIDs = append(valueIDs, v.id)
	}
	return e.id, valueIDs
}

// AddBundle puts a bundle of value ids into the world.
func (t *Tenant) AddBundle(appID, name string, values ...string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := &bundle{
		audit:  t.stamp(t.ownerID, t.now()),
		id:     t.newID("enb"),
		appID:  appID,
		name:   name,
		values: slices.Clone(values),
	}
	t.gov.bundles[b.id] = b
	t.gov.bundleOrder = append(t.gov.bundleOrder, b)
	return b.id
}

// AddGrant puts a grant into the world and assigns the person to the application. A base grant replaces the person's other
// grants there, as it would through the API.
func (t *Tenant) AddGrant(n NewGrant) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := &grant{
		kind: n.Type, action: n.Action, actor: n.Actor, appID: n.AppID, userID: n.UserID, bundleID: n.Bundle,
		collection: n.Collection,
		collName:   n.Collection,
		values:     slices.Clone(n.Values),
		expires:    n.Expires,
		zone:       n.TimeZone,
	}
	if g.kind == "" {
		g.kind = kindEntitlement
	}
	if g.action == "" {
		g.action = "ALLOW"
	}
	if g.actor == "" {
		g.actor = "ADMIN"
	}
	if b := t.gov.bundles[n.Bundle]; b != nil {
		g.appID = b.appID
	}
	t.putGrant(g, t.ownerID, t.now())
	return g.id
}

// SetEntitlementPolicy says which values a POLICY grant on the application evaluates to, for everyone.
func (t *Tenant) SetEntitlementPolicy(appID string, values ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gov.policies[appID] = slices.Clone(values)
}

// Effective returns the ids of the values that are in force for a person on an application, without any index lag.
func (t *Tenant) Effective(appID, userID string) map[string]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]bool{}
	for _, v := range t.gov.effective(t.gov.activeGrants(appID, userID, t.now(), 0)) {
		out[v.id] = true
	}
	return out
}

// ValueNames returns the application's entitlement values by id, each as "Entitlement/Value" in external values.
func (t *Tenant) ValueNames(appID string) map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := map[string]string{}
	for _, v := range t.gov.valuesByApp[appID] {
		names[v.id] = v.of.external + "/" + v.external
	}
	return names
}

// ActiveGrants returns the grants in force for a person on an application, oldest first.
func (t *Tenant) ActiveGrants(appID, userID string) []GrantView {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var out []GrantView
	for _, g := range t.gov.activeGrants(appID, userID, now, 0) {
		out = append(out, t.gov.view(g, now))
	}
	return out
}

// DeleteValue removes an entitlement value without an event; an unknown id changes nothing.
func (t *Tenant) DeleteValue(valueID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.gov.values[valueID]; v != nil {
		t.gov.dropValue(v)
	}
}

// SetOptIn sets an application's entitlement management status at once: ENABLED, ENABLING, DISABLED, DISABLING or NONE.
func (t *Tenant) SetOptIn(appID, status string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a := t.apps[appID]; a != nil {
		delete(t.gov.switches, appID)
		t.setOptIn(a, status, t.now())
	}
}

func (t *Tenant) stamp(by string, at time.Time) audit { return audit{by, by, at, at} }

// putGrant gives g its id and stamps, ends what a base grant replaces, and assigns the person to the application.
func (t *Tenant) putGrant(g *grant, by string, now time.Time) {
	g.audit = t.stamp(by, now)
	g.id = t.newID("gra")
	if g.base() {
		t.endGrants(g.appID, g.userID, by, now)
	}
	t.gov.addGrant(g)
	switch {
	case g.action != "DENY":
		t.assignForGrant(g.appID, g.userID)
	case g.kind == kindCustom && len(g.values) == 0:
		// Okta, OpenAPI example of a CUSTOM grant with DENY: it takes away access to the resource too.
		t.unassignForRevoke(g.appID, g.userID)
	}
}

// endGrants ends every grant that a person has on an application.
func (t *Tenant) endGrants(appID, userID, by string, now time.Time) {
	for _, g := range t.gov.grantsByPair[grantPair{appID, userID}] {
		g.end(by, now)
	}
}

// end stops a grant that is in force; ending it twice changes nothing.
func (g *grant) end(by string, now time.Time) {
	if g.status(now) == "ACTIVE" {
		g.ended, g.changed, g.changedBy = now, now, by
	}
}
