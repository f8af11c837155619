package mfa

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// Moments are when a person came: both may be zero, when Okta does not say so.
type Moments struct{ Created, Activated time.Time }

// WantsFactors reports whether enrolments alone do not settle the verdict on a person, so that the factors are worth a call: the person
// would not satisfy the policy, or has Okta Verify in a form that matters and cannot be seen.
func (p *Policy) WantsFactors(enrollments []Method, admin bool) bool {
	if !slices.ContainsFunc(enrollments, p.counts) {
		return true
	}
	if !admin && !p.OktaVerify {
		return false
	}
	verify, resistant := false, false
	for _, m := range enrollments {
		if m.secondFactor() {
			verify = verify || m.Key == "okta_verify"
			resistant = resistant || m.Strength == Resistant
		}
	}
	return verify && !resistant
}

// ranks orders strengths. Unknown is above weak: it may be anything, and who has it must not be written off as weak.
var ranks = map[Strength]int{None: 0, Weak: 1, Unknown: 2, Phishable: 3, Resistant: 4}

// strengthOf grades a person by the best active method. Who has only password, e-mail, security question or a temporary code has
// none.
func strengthOf(methods []Method) Strength {
	best := None
	for _, m := range methods {
		if m.secondFactor() && ranks[m.Strength] > ranks[best] {
			best = m.Strength
		}
	}
	return best
}

// usable returns the methods that protect now: active second factors that the enrolment policy does not forbid.
func usable(methods []Method) []Method {
	var some []Method
	for _, m := range methods {
		if m.usable() {
			some = append(some, m)
		}
	}
	return some
}

func (m Method) usable() bool { return m.secondFactor() && m.Allowed != oktaclient.EnrollNotAllowed }

// hangsOnOne reports whether losing one thing locks the person out. The forms of Okta Verify come from one app on one phone, as text
// message and call do, and count once; two of the same form are two phones.
func hangsOnOne(methods []Method) bool {
	of := map[string]map[string]int{}
	for _, m := range usable(methods) {
		key := m.Key
		if key == "" {
			key = "?" + m.Name
		}
		if of[key] == nil {
			of[key] = map[string]int{}
		}
		of[key][m.Name]++
	}
	things := 0
	for key, names := range of {
		most, all := 0, 0
		for _, n := range names {
			most, all = max(most, n), all+n
		}
		if len(formsOf[key]) > 0 {
			all = most
		}
		things += all
	}
	return things == 1
}

// counts reports whether the method satisfies the policy.
func (p *Policy) counts(m Method) bool { return m.usable() && p.mayCount(m) && p.accepts(m) }

// mayCount reports whether the method is among the allowed factor types.
func (p *Policy) mayCount(m Method) bool {
	return len(p.AllowedFactorTypes) == 0 || named(p.AllowedFactorTypes, m)
}

// accepts reports whether the method is what the policy asks for: named by type or authenticator, at least as strong as a
// strength that it names, or stronger than a method that it names.
func (p *Policy) accepts(m Method) bool {
	return named(p.Methods, m) || m.Strength != Unknown && ranks[m.Strength] >= p.enough()
}

// enough is the rank that satisfies the policy whatever the method is called. A list that names a method wants it or a stronger
// one: who has a security key must not fail because the policy names text messages.
func (p *Policy) enough() int {
	enough := ranks[Resistant] + 1 // nothing is
	for _, want := range p.Methods {
		name := fold(want)
		switch s := strengthNamed(name); {
		case s != Unknown:
			enough = min(enough, ranks[s]+1)
		case name != string(Unknown) && ranks[Strength(name)] > 0:
			enough = min(enough, ranks[Strength(name)])
		}
	}
	return enough
}

// strengthNamed is the strength of a factor type or an authenticator, Unknown when it has none for sure.
func strengthNamed(name string) Strength {
	if s, ok := keyStrengths[name]; ok {
		return s
	}
	if k, ok := factorKinds[name]; ok {
		return k.strength
	}
	return Unknown
}

// named reports whether the list holds the method's type or its authenticator.
func named(list []string, m Method) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		return s != "" && (strings.EqualFold(s, m.Name) || strings.EqualFold(s, m.Key))
	})
}

// mightCount reports whether the method could satisfy the policy if more were known of it: its strength, or its form where only the
// authenticator is known.
func (p *Policy) mightCount(m Method) bool {
	if !m.usable() {
		return false
	}
	if m.Strength == Unknown {
		return p.mayCount(m) && p.enough() <= ranks[Resistant]
	}
	return slices.ContainsFunc(m.forms(), p.counts)
}

// Judge fills in the verdict on a person: Strength, Usable, Single, Verdict, Until and Reason, from the Methods. ex is the person's
// exemption, nil for none; m tells when the person came; now is the instant of the audit, the same for everyone.
func (p *Policy) Judge(f *Finding, m Moments, ex *Exemption, readable bool, now time.Time) {
	f.Until, f.Reason = time.Time{}, untrusted.Stored{}
	if !readable {
		f.Strength, f.Usable, f.Single = Unknown, Unknown, false
		f.Verdict, f.Reason = Unreadable, untrusted.NewStored("Okta did not let the enrolments be read")
		return
	}
	f.Strength, f.Usable, f.Single = strengthOf(f.Methods), strengthOf(usable(f.Methods)), hangsOnOne(f.Methods)
	verdict, why := p.verdict(f.Methods)
	f.Verdict, f.Reason = verdict, untrusted.NewStored(why)
	if f.Verdict == Compliant {
		return
	}
	if ex != nil && now.Before(ex.Expires) {
		f.Verdict, f.Until = Exempt, ex.Expires
		f.Reason = untrusted.NewStored(fmt.Sprintf("exempt, %q answers for it: %q; otherwise: %s", ex.Owner, ex.Reason, why))
		return
	}
	if until := p.graceEnd(m); f.Verdict.Failing() && now.Before(until) {
		f.Verdict, f.Until = InGrace, until
		f.Reason = untrusted.NewStored("may still be put right; otherwise: " + why)
	}
}

// graceEnd returns until when a person may put things right: the end of the grace period or the deadline, whichever is later.
func (p *Policy) graceEnd(m Moments) time.Time {
	until, start := p.Deadline, m.Activated
	if start.IsZero() {
		start = m.Created
	}
	if !start.IsZero() && p.GraceHours > 0 {
		if end := start.Add(time.Duration(p.GraceHours) * time.Hour); end.After(until) {
			until = end
		}
	}
	return until
}

// verdict judges methods without regard to exemptions and time, and says why.
func (p *Policy) verdict(methods []Method) (Verdict, string) {
	best := -1
	for i, m := range methods {
		if p.counts(m) && (best < 0 || ranks[m.Strength] > ranks[methods[best].Strength]) {
			best = i
		}
	}
	if best >= 0 {
		return Compliant, fmt.Sprintf("has %s (%s)", methods[best].label(), inWords(methods[best].Strength))
	}
	if i := slices.IndexFunc(methods, p.mightCount); i >= 0 {
		if m := methods[i]; m.Strength != Unknown {
			return Undecided, fmt.Sprintf("has %s, but in which form cannot be seen, and nothing that the policy surely accepts", m.label())
		}
		return Undecided, fmt.Sprintf("has %s, which cannot be graded, and nothing that the policy accepts", methods[i].label())
	}
	if !slices.ContainsFunc(methods, Method.secondFactor) {
		return NotEnrolled, p.whyNothing(methods)
	}
	return WeakOnly, p.whyWeak(methods)
}

// whyNothing explains not_enrolled by what is there all the same.
func (p *Policy) whyNothing(methods []Method) string {
	var idle, known []string
	for _, m := range methods {
		switch {
		case m.beyondPassword():
			idle = append(idle, fmt.Sprintf("%s is %s", m.label(), plain(m.Status)))
		case m.Active():
			known = append(known, m.label())
		}
	}
	var parts []string
	if len(known) > 0 {
		parts = append(parts, "only "+enumerate(known)+" beside the password")
	} else {
		parts = append(parts, "nothing is enrolled beside a password")
	}
	if len(idle) > 0 {
		parts = append(parts, enumerate(idle)+", which does not count before it is ACTIVE")
	}
	return strings.Join(parts, "; ")
}

// whyWeak explains weak_only: of every second factor why it does not count.
func (p *Policy) whyWeak(methods []Method) string {
	var forbidden, excluded, weak []string
	for _, m := range methods {
		switch {
		case !m.secondFactor():
		case !m.usable():
			forbidden = append(forbidden, m.label())
		case !p.mayCount(m):
			excluded = append(excluded, m.label())
		default:
			weak = append(weak, m.label())
		}
	}
	var parts []string
	if len(weak) > 0 {
		parts = append(parts, "has only "+enumerate(weak)+", and the audit policy asks for more")
	}
	if len(excluded) > 0 {
		parts = append(parts, enumerate(excluded)+" is not among the allowed factor types")
	}
	if len(forbidden) > 0 {
		parts = append(parts, enumerate(forbidden)+" is enrolled, but the enrolment policy of Okta does not allow it, so it does not protect")
	}
	return strings.Join(parts, "; ")
}

// inWords shows a strength in a sentence.
func inWords(s Strength) string {
	switch s {
	case Phishable:
		return "strong, phishable"
	case Resistant:
		return "phishing-resistant"
	}
	return string(s)
}

// enumerate joins at most five names, each once.
func enumerate(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 5 {
		names = append(names[:5:5], fmt.Sprintf("%d more", len(names)-5))
	}
	return strings.Join(names, ", ")
}
