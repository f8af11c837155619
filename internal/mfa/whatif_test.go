package mfa

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// changed is a policy with what a conversation changed in it.
func (w world) changed(p Policy) Policy {
	other := w.policy()
	if w.rng.IntN(2) == 0 {
		p.Methods = other.Methods
	}
	if w.rng.IntN(3) == 0 {
		p.AllowedFactorTypes = other.AllowedFactorTypes
	}
	if w.rng.IntN(3) == 0 {
		p.GraceHours = other.GraceHours
	}
	if w.rng.IntN(3) == 0 {
		p.Deadline = other.Deadline
	}
	return p
}

// TestOnlyStricterPoliciesAreOfRecord: stricter means that no one who fails under the base policy passes under the other. A
// policy that loosens nothing is held against random people; one that loosens something must have a witness. Found from
// outside: H2.
func TestOnlyStricterPoliciesAreOfRecord(t *testing.T) {
	stricter, looser := 0, 0
	for seed := range uint64(3000) {
		w := world{rand.New(rand.NewPCG(seed, 77))}
		base := w.policy()
		p := w.changed(base)
		words := p.Loosens(base, judgedAt)
		passes := func(methods []Method, m Moments) bool {
			then, now := Finding{Methods: methods}, Finding{Methods: methods}
			base.Judge(&then, m, nil, true, judgedAt)
			p.Judge(&now, m, nil, true, judgedAt)
			return then.Verdict.Failing() && !now.Verdict.Failing()
		}
		if len(words) == 0 {
			stricter++
			for range 40 {
				methods, m := w.methods(), Moments{Created: judgedAt.Add(-time.Duration(w.rng.IntN(100)) * time.Hour)}
				if passes(methods, m) {
					t.Fatalf("seed %d: %+v fails under %+v, passes under %+v, and nothing is said to be looser", seed, methods, base, p)
				}
			}
			continue
		}
		looser++
		if !w.witness(base, p, passes) {
			t.Fatalf("seed %d: %q of %+v over %+v, and no one gains", seed, words, p, base)
		}
	}
	if stricter < 500 || looser < 500 {
		t.Errorf("%d stricter and %d looser policies: not enough of both", stricter, looser)
	}
}

// witness looks for a person who fails under base and not under the policy, at some moment: grace and deadline are no
// looser for those whose time is over now.
func (w world) witness(base, p Policy, passes func([]Method, Moments) bool) bool {
	if p.GraceHours > base.GraceHours || p.Deadline.After(base.Deadline) && p.Deadline.After(judgedAt) {
		return true
	}
	long := Moments{Created: judgedAt.AddDate(-10, 0, 0)}
	base.Deadline, p.Deadline = time.Time{}, time.Time{}
	return slices.ContainsFunc(everyMethod(), func(m Method) bool {
		then, now := Finding{Methods: []Method{m}}, Finding{Methods: []Method{m}}
		base.Judge(&then, long, nil, true, judgedAt)
		p.Judge(&now, long, nil, true, judgedAt)
		return then.Verdict.Failing() && !now.Verdict.Failing()
	})
}

// TestWhatElseLoosens: figures that are measured less well, and less that is done about them.
func TestWhatElseLoosens(t *testing.T) {
	base := DefaultPolicy()
	base.OktaVerify, base.Level = true, Optional
	base.Exemptions = []Exemption{{Expires: judgedAt.AddDate(0, 1, 0)}}
	for name, c := range map[string]struct {
		change func(*Policy)
		looser bool
	}{
		"the same":                 {func(*Policy) {}, false},
		"a higher level":           {func(p *Policy) { p.Level = Required }, false},
		"a lower level":            {func(p *Policy) { p.Level = Off }, true},
		"more coverage":            {func(p *Policy) { p.Bound = 1 }, false},
		"less coverage":            {func(p *Policy) { p.Bound = 0.1 }, true},
		"a larger sample":          {func(p *Policy) { p.Sample = 0.5 }, false},
		"no sample":                {func(p *Policy) { p.Sample = 0 }, false},
		"forms not told apart":     {func(p *Policy) { p.OktaVerify = false }, false},
		"fewer exemptions":         {func(p *Policy) { p.Exemptions = nil }, false},
		"a longer exemption":       {func(p *Policy) { p.Exemptions = []Exemption{{Expires: judgedAt.AddDate(0, 2, 0)}} }, true},
		"a deadline that is over":  {func(p *Policy) { p.Deadline = judgedAt.Add(-time.Hour) }, false},
		"a deadline to come":       {func(p *Policy) { p.Deadline = judgedAt.Add(time.Hour) }, true},
		"less grace":               {func(p *Policy) { p.GraceHours = 0 }, false},
		"more grace":               {func(p *Policy) { p.GraceHours = 40_000 }, true},
		"phishing-resistant only":  {func(p *Policy) { p.Methods = []string{"phishing_resistant"} }, false},
		"text messages":            {func(p *Policy) { p.Methods = []string{"sms", "call"} }, true},
		"what it was, in methods":  {func(p *Policy) { p.Methods = append(p.Methods, "webauthn") }, false},
		"fewer allowed types":      {func(p *Policy) { p.AllowedFactorTypes = []string{"webauthn"} }, false},
		"a method it had not, too": {func(p *Policy) { p.Methods = append(p.Methods, "sms") }, true},
	} {
		p := base
		p.Methods = slices.Clone(base.Methods)
		c.change(&p)
		if words := p.Loosens(base, judgedAt); (len(words) > 0) != c.looser {
			t.Errorf("%s: %q, want looser %t", name, words, c.looser)
		}
	}
}

// TestAListOfMethodsNeverExcludesAStrongerOne: found from outside: H2, where naming text messages failed security keys.
func TestAListOfMethodsNeverExcludesAStrongerOne(t *testing.T) {
	for _, named := range everyMethod() {
		if !named.beyondPassword() {
			continue
		}
		for _, better := range everyMethod() {
			if named.Strength == Unknown || better.Strength == Unknown || ranks[better.Strength] <= ranks[named.Strength] ||
				!better.beyondPassword() {
				continue
			}
			p := DefaultPolicy()
			p.Methods = []string{named.Name}
			f := Finding{Methods: []Method{better}}
			p.Judge(&f, Moments{}, nil, true, judgedAt)
			if f.Verdict != Compliant {
				t.Errorf("a policy that names %s: %s is %s", named.Name, better.label(), f.Verdict)
			}
		}
	}
}
