package oktasim

import "slices"

// changed forgets what was worked out of policies and authenticators.
func (s *mfaStore) changed() { clear(s.allowed) }

// enrolmentOf says what the first active policy that matches the user lets the user enrol, by authenticator key; on Classic
// Engine by factor name. The answer is shared: do not write to it.
//
// Okta's policy documentation: a policy none of whose rules matches is passed over, and the next one is asked. A policy without
// an active rule holds for its groups alone, which Okta does not say.
func (t *Tenant) enrolmentOf(u *user) map[string]string {
	for _, p := range t.mfa.policies {
		if p.status == statusActive && p.includes(t, u) && p.someRule(u, t.callerZone()) {
			return t.mfa.allowedBy(p)
		}
	}
	return nil
}

func (t *Tenant) callerZone() string { return t.opts.CallerZone }

// SetCallerZone moves the callers of the API into a network zone by its id, or out of every zone for an empty id.
func (t *Tenant) SetCallerZone(zone string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opts.CallerZone = zone
}

func (p *policy) includes(t *Tenant, u *user) bool {
	return p.system || slices.ContainsFunc(p.groups,
		func(id string) bool { return t.groups[id] != nil && t.groups[id].members.has(u.id) })
}

// someRule says whether a rule of the policy holds for the user and the zone that the call comes from.
func (p *policy) someRule(u *user, zone string) bool {
	rules := 0
	for _, r := range p.rules {
		if r.status != statusActive {
			continue
		}
		rules++
		if !slices.Contains(words(r.conditions, "people", "users", "exclude"), u.id) && r.reaches(zone) {
			return true
		}
	}
	return rules == 0
}

// reaches says whether the rule's network condition holds in a zone; an empty zone is none.
func (r *policyRule) reaches(zone string) bool {
	network, _ := r.conditions["network"].(map[string]any)
	if network["connection"] != "ZONE" {
		return true
	}
	in, out := words(network, "include"), words(network, "exclude")
	if slices.Contains(out, zone) || slices.Contains(out, "ALL_ZONES") && zone != "" {
		return false
	}
	return len(in) == 0 || slices.Contains(in, zone) || slices.Contains(in, "ALL_ZONES") && zone != ""
}

// words follows a path to a list of texts, as set-up code and as decoded JSON write them.
func words(m map[string]any, path ...string) []string {
	for _, step := range path[:len(path)-1] {
		m, _ = m[step].(map[string]any)
	}
	switch list := m[path[len(path)-1]].(type) {
	case []string:
		return list
	case []any:
		return texts(list)
	}
	return nil
}

// allowedBy works out what a policy says of each authenticator, once for as long as nothing changes.
func (s *mfaStore) allowedBy(p *policy) map[string]string {
	if out := s.allowed[p]; out != nil {
		return out
	}
	out := map[string]string{}
	for _, e := range s.echo(p) {
		if out[e.Key] == "" || out[e.Key] == enrollNotAllowed {
			out[e.Key] = e.self()
		}
	}
	if s.allowed == nil {
		s.allowed = map[*policy]map[string]string{}
	}
	s.allowed[p] = out
	return out
}

// selfOf says what a policy lets a user do with a factor: what enrolmentOf says of its authenticator, and OPTIONAL for a factor of
// a type that Okta has no authenticator for, since then no policy can forbid it.
func (t *Tenant) selfOf(allowed map[string]string, f *factor) string {
	key := f.authenticatorOf()
	if t.opts.Classic {
		key = f.switchOf()
	}
	self, named := allowed[key]
	if _, known := methodFacts[f.authenticatorOf()]; !known && !named {
		return enrollOptional
	}
	return self
}

// hides says whether the factor list leaves a factor out.
func hides(self string) bool { return self != enrollOptional && self != enrollRequired }
