package oktasim

import (
	"maps"
	"slices"
)

// EnrollmentRule describes a rule of an enrolment policy for set-up code.
type EnrollmentRule struct {
	Name         string
	Self         string   // CHALLENGE when empty; LOGIN, NEVER, NEVER_INCLUDING_RECOVERY
	ExcludeUsers []string // ids of people for whom the rule does not hold
	ZonesIn      []string // network zones in which alone the rule holds; empty: anywhere
	ZonesOut     []string // network zones in which it does not hold
	Priority     int      // 1 is asked first; 0 means 1
}

// AddEnrollmentPolicy makes an enrolment policy for groups, as an administrator would, and returns its id. settings says
// NOT_ALLOWED, OPTIONAL or REQUIRED by authenticator key (on Classic Engine by factor name, such as okta_sms); what it leaves out
// is NOT_ALLOWED. Priority 1 is asked first, 0 means 1. It is ACTIVE and has no rule, which here means that it holds for everyone
// in its groups.
func (t *Tenant) AddEnrollmentPolicy(name string, groups []string, settings map[string]string, priority int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range groups {
		t.mustGroup(id)
	}
	now := t.now()
	p := &policy{
		id: t.newID("00p"), kind: policyMFA, name: name, status: statusActive, groups: append([]string{}, groups...),
		enrol: enrolSettings(settings), created: now, updated: now,
	}
	t.mfa.place(p, priority)
	t.mfa.changed()
	t.administrate("policy.lifecycle.create", eventDetail{Targets: []logTarget{p.target()}})
	return p.id
}

// SetEnrollmentPolicy replaces groups and settings of an enrolment policy, as an administrator would; nil leaves either as it is.
// An empty id means the default policy, which keeps its group.
func (t *Tenant) SetEnrollmentPolicy(policyID string, groups []string, settings map[string]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.mustPolicy(policyID)
	if groups != nil && !p.system {
		for _, id := range groups {
			t.mustGroup(id)
		}
		p.groups = slices.Clone(groups)
	}
	if settings != nil {
		p.enrol = enrolSettings(settings)
	}
	p.updated = t.now()
	t.mfa.changed()
	t.administrate("policy.lifecycle.update", eventDetail{Targets: []logTarget{p.target()}})
}

// RankEnrollmentPolicy moves an enrolment policy to a priority, 1 first, as an administrator would. The default one stays last.
func (t *Tenant) RankEnrollmentPolicy(policyID string, priority int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.mustPolicy(policyID)
	if p.system {
		return
	}
	t.mfa.place(p, max(priority, 1))
	p.updated = t.now()
	t.administrate("policy.lifecycle.update", eventDetail{Targets: []logTarget{p.target()}})
}

// SwitchEnrollmentPolicy makes an enrolment policy active or inactive, as an administrator would.
func (t *Tenant) SwitchEnrollmentPolicy(policyID string, active bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.mustPolicy(policyID)
	verb := "activate"
	p.status, p.updated = statusActive, t.now()
	if !active {
		p.status, verb = "INACTIVE", "deactivate"
	}
	t.administrate("policy.lifecycle."+verb, eventDetail{Targets: []logTarget{p.target()}})
}

// DeleteEnrollmentPolicy deletes an enrolment policy, as an administrator would. The default one panics.
func (t *Tenant) DeleteEnrollmentPolicy(policyID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.mustPolicy(policyID)
	if p.system {
		panic("oktasim: the default policy cannot be deleted")
	}
	t.mfa.policies = slices.DeleteFunc(t.mfa.policies, func(x *policy) bool { return x == p })
	t.administrate("policy.lifecycle.delete", eventDetail{Targets: []logTarget{p.target()}})
}

// AddEnrollmentRule adds a rule to an enrolment policy, as an administrator would, and returns its id. An empty policy id means
// the default policy.
func (t *Tenant) AddEnrollmentRule(policyID string, n EnrollmentRule) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, now := t.mustPolicy(policyID), t.now()
	r := &policyRule{id: t.newID("0pr"), name: n.Name, status: statusActive, kind: policyMFA, created: now, updated: now}
	self := n.Self
	if self == "" {
		self = "CHALLENGE"
	}
	network := map[string]any{"connection": "ANYWHERE"}
	if len(n.ZonesIn)+len(n.ZonesOut) > 0 {
		network["connection"] = "ZONE"
	}
	if len(n.ZonesIn) > 0 {
		network["include"] = slices.Clone(n.ZonesIn)
	}
	if len(n.ZonesOut) > 0 {
		network["exclude"] = slices.Clone(n.ZonesOut)
	}
	r.actions = map[string]any{"enroll": map[string]any{"self": self}}
	r.conditions = map[string]any{
		"network": network,
		"people":  map[string]any{"users": map[string]any{"exclude": append([]string{}, n.ExcludeUsers...)}},
	}
	p.place(r, n.Priority)
	t.administrate("policy.rule.add", eventDetail{Targets: []logTarget{r.target(), p.target()}})
	return r.id
}

// DefaultEnrollmentPolicy returns the id of the policy that holds for everyone for whom no other one does.
func (t *Tenant) DefaultEnrollmentPolicy() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mustPolicy("").id
}

func (t *Tenant) mustPolicy(id string) *policy {
	i := slices.IndexFunc(t.mfa.policies, func(p *policy) bool { return p.id == id || id == "" && p.system })
	if i < 0 {
		panic("oktasim: no enrolment policy " + id)
	}
	return t.mfa.policies[i]
}

func enrolSettings(settings map[string]string) []enrolSetting {
	var out []enrolSetting
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		out = append(out, enrolSetting{Key: key, Enroll: map[string]any{"self": settings[key]}})
	}
	return out
}
