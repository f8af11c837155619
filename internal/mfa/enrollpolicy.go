package mfa

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// Rules are the org's enrolment policies in the order in which Okta asks them. Nil means that they could not be read.
type Rules struct {
	policies []compiledPolicy
}

type compiledPolicy struct {
	groups   map[string]bool // nil: for everyone
	rules    []compiledRule
	fallback *Applied // of a person that no rule takes
}

type compiledRule struct {
	excluded map[string]bool
	applied  *Applied
}

// Applied is what holds for a person: one value for all people of the same policy and rule. It is never changed.
type Applied struct {
	PolicyID    string
	Policy      untrusted.Text // its name
	Rule        string         // in words, with its untrusted name
	Self        map[string]string
	Required    []string // authenticator keys, sorted, without the password
	Enforced    string   // CHALLENGE, LOGIN, NEVER, NEVER_INCLUDING_RECOVERY; "" when no rule says so
	Fingerprint string   // of what decides which factors GET factors shows
}

// CompileRules sorts policies for asking. Okta API: the first ACTIVE policy by priority that includes one of the user's groups
// applies; the default policy comes last and takes everyone.
func CompileRules(policies []oktaclient.EnrollmentPolicy) *Rules {
	var active []oktaclient.EnrollmentPolicy
	for _, p := range policies {
		if p.Status == "ACTIVE" {
			active = append(active, p)
		}
	}
	slices.SortStableFunc(active, func(a, b oktaclient.EnrollmentPolicy) int {
		if a.System != b.System {
			if b.System {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.ID, b.ID))
	})
	r := &Rules{}
	for _, p := range active {
		r.policies = append(r.policies, compilePolicy(p))
	}
	return r
}

func compilePolicy(p oktaclient.EnrollmentPolicy) compiledPolicy {
	base := Applied{PolicyID: p.ID, Policy: p.Name, Self: map[string]string{}, Rule: "no rule of the policy takes this person"}
	for _, s := range p.Settings {
		if s.Key != "" {
			base.Self[s.Key] = looser(base.Self[s.Key], s.Self)
		}
	}
	for key, self := range base.Self {
		if self == oktaclient.EnrollRequired && key != "okta_password" {
			base.Required = append(base.Required, key)
		}
	}
	slices.Sort(base.Required)
	base.Fingerprint = fingerprint(p)

	c := compiledPolicy{fallback: &base}
	if !p.System {
		c.groups = setOf(p.Groups)
	}
	rules := slices.Clone(p.Rules)
	slices.SortStableFunc(rules, func(a, b oktaclient.EnrollmentRule) int {
		if a.System != b.System {
			if b.System {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Priority, b.Priority)
	})
	for _, rule := range rules {
		if rule.Status != "ACTIVE" {
			continue
		}
		a := base
		a.Rule, a.Enforced = ruleWords(rule), rule.Enroll
		c.rules = append(c.rules, compiledRule{setOf(rule.Excluded), &a})
	}
	return c
}

// looser joins the settings of several authenticators of one key, custom apps and one-time codes: a method does not say which of
// them it is, so that the one that allows more is taken.
func looser(a, b string) string {
	order := map[string]int{"": 0, oktaclient.EnrollNotAllowed: 1, oktaclient.EnrollOptional: 2, oktaclient.EnrollRequired: 3}
	if order[b] > order[a] {
		return b
	}
	return a
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// ruleWords says when a rule makes people enrol. Where they sign in from is not known here, so a rule for a network is named as
// such and not evaluated.
func ruleWords(r oktaclient.EnrollmentRule) string {
	when := map[string]string{
		"CHALLENGE":                "enrols when the person is first challenged for MFA",
		"LOGIN":                    "enrols at the next sign-in",
		"NEVER":                    "never makes people enrol",
		"NEVER_INCLUDING_RECOVERY": "never makes people enrol, not even for recovery",
	}[r.Enroll]
	if when == "" {
		when = "does not say when people enrol"
	}
	text := quoted(r.Name.Raw()) + " " + when
	switch r.Network {
	case "", "ANYWHERE":
		return text
	case "ZONE":
		return text + ", in certain network zones only; where this person signs in from is not known here"
	case "ON_NETWORK":
		return text + ", on the org's network only; where this person signs in from is not known here"
	case "OFF_NETWORK":
		return text + ", off the org's network only; where this person signs in from is not known here"
	}
	return text + fmt.Sprintf(", under the network condition %s; where this person signs in from is not known here", plain(r.Network))
}

// fingerprint changes when the policy shows other factors: Okta API: GET factors lists what the policy does not forbid.
func fingerprint(p oktaclient.EnrollmentPolicy) string {
	settings := make([]string, len(p.Settings))
	for i, s := range p.Settings {
		settings[i] = fmt.Sprintf("%q %q %q", s.Key, s.ID, s.Self)
	}
	slices.Sort(settings)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", p.ID, settings))
	return hex.EncodeToString(sum[:12])
}

// Groups returns the ids of the groups whose members must be known to tell which policy applies, sorted.
func (r *Rules) Groups() []string {
	if r == nil {
		return nil
	}
	var ids []string
	for _, p := range r.policies {
		if p.groups == nil {
			break // takes everyone: what comes after is never asked
		}
		for id := range p.groups {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Of returns what applies to a person, nil when that is not known.
func (r *Rules) Of(userID string, in func(groupID string) bool) *Applied {
	if r == nil {
		return nil
	}
	for _, p := range r.policies {
		if !p.takes(in) {
			continue
		}
		for _, rule := range p.rules {
			if !rule.excluded[userID] {
				return rule.applied
			}
		}
		if len(p.rules) == 0 {
			return p.fallback
		}
		// Okta API: a policy none of whose rules takes the person is passed over.
	}
	return nil
}

func (p *compiledPolicy) takes(in func(groupID string) bool) bool {
	if p.groups == nil {
		return true
	}
	for id := range p.groups {
		if in(id) {
			return true
		}
	}
	return false
}

// Mark fills in Allowed. What the policy does not name, and everything when the policies could not be read, stays "".
func (a *Applied) Mark(methods []Method) {
	for i := range methods {
		methods[i].Allowed = ""
		if a != nil {
			methods[i].Allowed = a.Self[methods[i].Key]
		}
	}
}
