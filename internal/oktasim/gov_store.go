package oktasim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// govStore holds the governance objects of the org. Ids rise with time, so every slice in creation order is also sorted by id.
type govStore struct {
	entitlements map[string]*entitlement
	byApp        map[string][]*entitlement
	values       map[string]*entValue
	valuesByApp  map[string][]*entValue
	bundles      map[string]*bundle
	bundleOrder  []*bundle
	grants       map[string]*grant
	grantsByApp  map[string][]*grant
	grantsByPair map[grantPair][]*grant
	policies     map[string][]string // app id → value ids that a POLICY grant evaluates to
	switches     map[string]optInSwitch
	clock        func() time.Time
}

// grantPair is one person on one application.
type grantPair struct{ appID, userID string }

// audit says who made and who last changed a governance object, and when.
type audit struct {
	by, changedBy    string
	created, changed time.Time
}

// entitlement is one kind of access that an application has. Its values are in creation order.
type entitlement struct {
	audit
	id, appID, name, external, description string
	multi                                  bool
	dataType                               string // string or array
	values                                 []*entValue
}

// entValue is one value of an entitlement.
type entValue struct {
	audit
	id, name, external, description string
	of                              *entitlement
}

// bundle is a named set of values that is granted as one.
type bundle struct {
	audit
	id, appID, name, description string
	values                       []string
	deleted                      bool
}

// grant gives (or denies) one person access on one application.
type grant struct {
	audit
	id, kind, action, actor string
	appID, userID, bundleID string
	collection, collName    string
	values                  []string // value ids; bundles and policies are looked up instead
	expires                 time.Time
	zone                    string
	ended                   time.Time // when it was replaced or revoked, zero while it is in force
}

// The kinds of grant, as Okta writes them.
const (
	kindCustom      = "CUSTOM"
	kindPolicy      = "POLICY"
	kindEntitlement = "ENTITLEMENT"
	kindBundle      = "ENTITLEMENT-BUNDLE"
	kindImport      = "IMPORT"
)

func (s *govStore) init(clock func() time.Time) {
	s.clock = clock
	s.entitlements, s.byApp = map[string]*entitlement{}, map[string][]*entitlement{}
	s.values, s.valuesByApp = map[string]*entValue{}, map[string][]*entValue{}
	s.bundles = map[string]*bundle{}
	s.grants, s.grantsByApp, s.grantsByPair = map[string]*grant{}, map[string][]*grant{}, map[grantPair][]*grant{}
	s.policies, s.switches = map[string][]string{}, map[string]optInSwitch{}
}

func (s *govStore) addEntitlement(e *entitlement) {
	s.entitlements[e.id] = e
	s.byApp[e.appID] = append(s.byApp[e.appID], e)
}

func (s *govStore) addValue(e *entitlement, v *entValue) {
	v.of = e
	e.values = append(e.values, v)
	s.values[v.id] = v
	s.valuesByApp[e.appID] = append(s.valuesByApp[e.appID], v)
}

// dropValue removes a value; grants and bundles that name it lose it, because they are resolved when they are read.
func (s *govStore) dropValue(v *entValue) {
	same := func(x *entValue) bool { return x == v }
	delete(s.values, v.id)
	v.of.values = slices.DeleteFunc(v.of.values, same)
	s.valuesByApp[v.of.appID] = slices.DeleteFunc(s.valuesByApp[v.of.appID], same)
}

func (s *govStore) dropEntitlement(e *entitlement) {
	for _, v := range slices.Clone(e.values) {
		s.dropValue(v)
	}
	delete(s.entitlements, e.id)
	s.byApp[e.appID] = slices.DeleteFunc(s.byApp[e.appID], func(x *entitlement) bool { return x == e })
}

func (s *govStore) addGrant(g *grant) {
	pair := grantPair{g.appID, g.userID}
	s.grants[g.id] = g
	s.grantsByApp[g.appID] = append(s.grantsByApp[g.appID], g)
	s.grantsByPair[pair] = append(s.grantsByPair[pair], g)
}

// valuesOf resolves a grant to the values that exist now.
func (s *govStore) valuesOf(g *grant) []*entValue {
	ids := g.values
	switch {
	case g.kind == kindBundle:
		if b := s.bundles[g.bundleID]; b != nil && !b.deleted {
			ids = b.values
		}
	case g.kind == kindPolicy && len(ids) == 0:
		ids = s.policies[g.appID]
	}
	out := make([]*entValue, 0, len(ids))
	for _, id := range ids {
		if v := s.values[id]; v != nil {
			out = append(out, v)
		}
	}
	return out
}

// activeGrants are the grants of a pair that are in force at a moment. A non-zero lag shows the state as an index would that
// is that far behind.
func (s *govStore) activeGrants(appID, userID string, at time.Time, lag time.Duration) []*grant {
	var out []*grant
	for _, g := range s.grantsByPair[grantPair{appID, userID}] {
		if g.active(at, lag) {
			out = append(out, g)
		}
	}
	return out
}

// effective is what the grants, oldest first, leave in force, in the order of the values' making. Okta, grants guide: they are
// applied in the order in which they were granted, so a value that was denied and then allowed again is in force.
func (s *govStore) effective(grants []*grant) []*entValue {
	inForce := map[*entValue]bool{}
	for _, g := range grants {
		for _, v := range s.valuesOf(g) {
			if g.action == "DENY" {
				delete(inForce, v)
			} else {
				inForce[v] = true
			}
		}
	}
	out := slices.Collect(maps.Keys(inForce))
	slices.SortFunc(out, func(a, b *entValue) int { return strings.Compare(a.id, b.id) })
	return out
}

// inUse says whether something in force refers to one of the values.
func (s *govStore) inUse(appID string, at time.Time, has func(*entValue) bool) bool {
	for _, b := range s.bundleOrder {
		if b.appID == appID && !b.deleted &&
			slices.ContainsFunc(b.values, func(id string) bool { return s.values[id] != nil && has(s.values[id]) }) {
			return true
		}
	}
	return slices.ContainsFunc(s.grantsByApp[appID], func(g *grant) bool {
		return g.active(at, 0) && slices.ContainsFunc(s.valuesOf(g), has)
	})
}

func (g *grant) base() bool { return g.kind == kindCustom || g.kind == kindPolicy }

// status is ACTIVE, EXPIRED once the expiry passed, or INACTIVE once something replaced or revoked it.
func (g *grant) status(at time.Time) string {
	switch {
	case !g.ended.IsZero():
		return "INACTIVE"
	case !g.expires.IsZero() && !at.Before(g.expires):
		return "EXPIRED"
	}
	return "ACTIVE"
}

func (g *grant) active(at time.Time, lag time.Duration) bool {
	seen := at.Add(-lag)
	switch {
	case !g.expires.IsZero() && !at.Before(g.expires):
		return false
	case lag > 0 && seen.Before(g.created):
		return false
	}
	return g.ended.IsZero() || (lag > 0 && seen.Before(g.ended))
}

// state is what GET /_sim/state shows of governance.
func (s *govStore) state() any {
	type valueState struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		External string `json:"externalValue"`
	}
	type entitlementState struct {
		ID       string       `json:"id"`
		AppID    string       `json:"appId"`
		Name     string       `json:"name"`
		External string       `json:"externalValue"`
		Multi    bool         `json:"multiValue"`
		Values   []valueState `json:"values"`
	}
	at := s.clock()
	entitlements, bundles, grants := []entitlementState{}, []BundleView{}, []GrantView{}
	for _, e := range sortedByID(s.entitlements) {
		es := entitlementState{e.id, e.appID, e.name, e.external, e.multi, []valueState{}}
		for _, v := range e.values {
			es.Values = append(es.Values, valueState{v.id, v.name, v.external})
		}
		entitlements = append(entitlements, es)
	}
	for _, b := range s.bundleOrder {
		bundles = append(bundles, BundleView{b.id, b.appID, b.name, b.deleted, b.values})
	}
	for _, g := range sortedByID(s.grants) {
		grants = append(grants, s.view(g, at))
	}
	return map[string]any{"entitlements": entitlements, "bundles": bundles, "grants": grants}
}

func sortedByID[V any](m map[string]V) []V {
	ids := make([]string, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	out := make([]V, len(ids))
	for i, id := range ids {
		out[i] = m[id]
	}
	return out
}
