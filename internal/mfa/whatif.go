package mfa

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// Loosens says in words where the policy asks for less than base. It returns nil when the policy is as strict or stricter: no
// one who fails under base passes under it, no rate is given that base withholds, and no less is done. What is read again, or
// more finely, changes no one's verdict for the better. A deadline that has passed is none.
func (p Policy) Loosens(base Policy, now time.Time) []string {
	var looser []string
	say := func(format string, args ...any) { looser = append(looser, fmt.Sprintf(format, args...)) }
	if levels[p.Level] < levels[base.Level] {
		say("enforcement_level is %s, the audit policy's is %s", p.Level, base.Level)
	}
	if more := p.admitsBeyond(&base); len(more) > 0 {
		say("mfa_methods and allowed_factor_types admit %s, which the audit policy does not", enumerate(more))
	}
	if p.GraceHours > base.GraceHours {
		say("grace_period_hours is %d, the audit policy's is %d", p.GraceHours, base.GraceHours)
	}
	if now.Before(p.Deadline) && p.Deadline.After(base.Deadline) {
		say("enrollment_deadline is later than the audit policy's")
	}
	if p.Bound < base.Bound {
		say("minimum_coverage is %v, the audit policy's is %v", p.Bound, base.Bound)
	}
	if n := p.exemptsBeyond(&base, now); n > 0 {
		say("%d exemptions are not in the audit policy", n)
	}
	return looser
}

// levels orders what is done about findings.
var levels = map[Level]int{Off: 0, Optional: 1, Required: 2}

// admitsBeyond names the methods that keep a person from failing under the policy and not under base. A person fails whose
// methods all do not count and cannot, so one method at a time tells all.
func (p *Policy) admitsBeyond(base *Policy) []string {
	var more []string
	for _, m := range everyMethod() {
		if p.admits(m) && !base.admits(m) {
			more = append(more, m.label())
		}
	}
	slices.Sort(more)
	return slices.Compact(more)
}

// admits reports whether a person with this one method does not fail.
func (p *Policy) admits(m Method) bool { return p.counts(m) || p.mightCount(m) }

// everyMethod lists each kind of method that a reading can show, active, and one that is not known.
func everyMethod() []Method {
	all := []Method{{Name: "an unknown method", Strength: Unknown}}
	for key, strength := range keyStrengths {
		all = append(all, Method{Name: key, Key: key, Strength: strength})
	}
	for name, k := range factorKinds {
		for provider := range maps.All(k.keys) {
			key, strength := factorKind(name, provider)
			all = append(all, Method{Name: name, Key: key, Strength: strength})
		}
		key, strength := factorKind(name, "a provider that is not known")
		all = append(all, Method{Name: name, Key: key, Strength: strength})
	}
	for i := range all {
		all[i].Status = "ACTIVE"
	}
	return all
}

// exemptsBeyond counts the exemptions in force that base does not have, or has for a shorter time.
func (p *Policy) exemptsBeyond(base *Policy, now time.Time) int {
	until := map[untrusted.Stored]time.Time{}
	for _, e := range base.Exemptions {
		until[e.User] = e.Expires
	}
	n := 0
	for _, e := range p.Exemptions {
		if now.Before(e.Expires) && e.Expires.After(until[e.User]) {
			n++
		}
	}
	return n
}
