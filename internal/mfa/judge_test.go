package mfa

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

var judgedAt = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// method makes an active method as both sources show it; a ! in front makes it NOT_ALLOWED, a ~ inactive.
func method(name string) Method {
	m := Method{Name: strings.TrimLeft(name, "!~"), Status: "ACTIVE", Source: fromBoth}
	if m.Key, m.Strength = factorKind(m.Name, "OKTA"); m.Key == "" && m.Strength == Unknown {
		if s, ok := keyStrengths[m.Name]; ok {
			m.Key, m.Strength, m.Source = m.Name, s, SourceEnrollments
		}
	}
	if strings.Contains(name, "!") {
		m.Allowed = "NOT_ALLOWED"
	}
	if strings.Contains(name, "~") {
		m.Status = "INACTIVE"
	}
	return m
}

func methodsOf(names string) []Method {
	var out []Method
	for _, name := range strings.Fields(names) {
		out = append(out, method(name))
	}
	return out
}

func TestTheBestActiveMethodGradesAPerson(t *testing.T) {
	for names, want := range map[string]Strength{
		"": None, "email": None, "email question tac": None, "sms": Weak, "sms email": Weak, "push sms": Phishable,
		"push webauthn sms": Resistant, "~webauthn push": Phishable, "~webauthn": None, "brain_wave": Unknown,
		"brain_wave sms":   Unknown,
		"brain_wave email": Unknown, "brain_wave push": Phishable, "brain_wave webauthn": Resistant, "okta_verify": Phishable,
		"!webauthn": Resistant,
	} {
		if got := strengthOf(methodsOf(names)); got != want {
			t.Errorf("%q: %s, want %s", names, got, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	soon, past := judgedAt.Add(24*time.Hour), judgedAt.Add(-time.Hour)
	exempt := &Exemption{User: untrusted.NewStored("a@x"), Owner: untrusted.NewStored("Olga"), Reason: untrusted.NewStored("break glass"), Expires: soon}
	expired := &Exemption{User: untrusted.NewStored("a@x"), Owner: untrusted.NewStored("Olga"), Reason: untrusted.NewStored("break glass"), Expires: past}
	newcomer := Moments{Created: judgedAt.Add(-100 * time.Hour), Activated: judgedAt.Add(-time.Hour)}
	old := Moments{Created: judgedAt.Add(-1000 * time.Hour), Activated: judgedAt.Add(-999 * time.Hour)}
	plainPolicy := func(p *Policy) {}
	for name, c := range map[string]struct {
		methods    string
		policy     func(*Policy)
		moments    Moments
		ex         *Exemption
		unreadable bool
		want       Verdict
		until      time.Time
		reason     string
	}{
		"push is strong": {
			methods: "push",
			want:    Compliant,
			reason:  "has push (okta_verify) (strong, phishable)",
		},
		"a key is strong": {
			methods: "sms webauthn",
			want:    Compliant,
			reason:  "has webauthn",
		},
		"text messages are weak": {
			methods: "sms",
			want:    WeakOnly,
			reason:  "has only sms (phone_number), and the audit policy asks for more",
		},
		"e-mail is nothing": {
			methods: "email question",
			want:    NotEnrolled,
			reason:  "only email, question beside the password",
		},
		"nothing is nothing": {
			methods: "",
			want:    NotEnrolled,
			reason:  "nothing is enrolled",
		},
		"a temporary code is nothing": {methods: "tac", want: NotEnrolled},
		"inactive is nothing": {
			methods: "~push",
			want:    NotEnrolled,
			reason:  "INACTIVE, which does not count",
		},
		"what Okta forbids does not protect": {
			methods: "!webauthn",
			want:    WeakOnly,
			reason:  "the enrolment policy of Okta does not allow it",
		},
		"unless something else is allowed": {
			methods: "!webauthn push",
			want:    Compliant,
			reason:  "has push",
		},
		"an unknown method is not judged": {
			methods: "brain_wave sms",
			want:    Undecided,
			reason:  "cannot be graded",
		},
		"an unknown method beside a strong one": {methods: "brain_wave push", want: Compliant},
		"a forbidden unknown method":            {methods: "!brain_wave sms", want: WeakOnly},
		"an unknown method that cannot count": {
			methods: "brain_wave",
			policy:  func(p *Policy) { p.AllowedFactorTypes = []string{"push"} },
			want:    WeakOnly,
		},
		"push is not resistant": {
			methods: "push",
			policy:  func(p *Policy) { p.Methods = []string{"phishing_resistant"} },
			want:    WeakOnly,
		},
		"Okta Verify of a form not seen": {
			methods: "okta_verify",
			policy:  func(p *Policy) { p.Methods = []string{"phishing_resistant"} },
			want:    Undecided,
			reason:  "in which form",
		},
		"better than asked": {
			methods: "webauthn",
			policy:  func(p *Policy) { p.Methods = []string{"strong_phishable"} },
			want:    Compliant,
		},
		"weak is enough here": {
			methods: "sms",
			policy:  func(p *Policy) { p.Methods = []string{"weak"} },
			want:    Compliant,
		},
		"but e-mail never": {
			methods: "email",
			policy:  func(p *Policy) { p.Methods = []string{"weak", "email"} },
			want:    NotEnrolled,
		},
		"named by type": {
			methods: "sms",
			policy:  func(p *Policy) { p.Methods = []string{"SMS"} },
			want:    Compliant,
		},
		"named by authenticator": {
			methods: "push",
			policy:  func(p *Policy) { p.Methods = []string{"okta_verify"} },
			want:    Compliant,
		},
		"an unknown one named by type": {
			methods: "brain_wave",
			policy:  func(p *Policy) { p.Methods = []string{"brain_wave"} },
			want:    Compliant,
		},
		"not among the allowed types": {
			methods: "push",
			policy:  func(p *Policy) { p.AllowedFactorTypes = []string{"webauthn"} },
			want:    WeakOnly,
			reason:  "not among the allowed",
		},
		"allowed by authenticator": {
			methods: "push",
			policy:  func(p *Policy) { p.AllowedFactorTypes = []string{"okta_verify"} },
			want:    Compliant,
		},

		"exempt": {
			methods: "sms",
			ex:      exempt,
			want:    Exempt,
			until:   soon,
			reason:  `"Olga" answers for it: "break glass"; otherwise: has only sms`,
		},
		"exempt without anything": {methods: "", ex: exempt, want: Exempt, until: soon},
		"exempt though undecided": {
			methods: "brain_wave",
			ex:      exempt,
			want:    Exempt,
			until:   soon,
		},
		"exemption before grace": {
			methods: "",
			moments: newcomer,
			ex:      exempt,
			want:    Exempt,
			until:   soon,
		},
		"an exemption that is not needed": {methods: "push", ex: exempt, want: Compliant},
		"an exemption that has expired":   {methods: "sms", ex: expired, want: WeakOnly},
		"expired, but new": {
			methods: "sms",
			moments: newcomer,
			ex:      expired,
			want:    InGrace,
			until:   newcomer.Activated.Add(72 * time.Hour),
		},
		"the end of an exemption": {
			methods: "sms",
			ex:      &Exemption{Expires: judgedAt},
			want:    WeakOnly,
		},
		"in grace": {
			methods: "",
			moments: newcomer,
			want:    InGrace,
			until:   newcomer.Activated.Add(72 * time.Hour),
			reason:  "otherwise: nothing is enrolled",
		},
		"grace from creation": {
			methods: "",
			moments: Moments{Created: judgedAt.Add(-time.Hour)},
			want:    InGrace,
			until:   judgedAt.Add(71 * time.Hour),
		},
		"grace counts from activation": {
			methods: "",
			moments: Moments{Created: judgedAt, Activated: old.Activated},
			want:    NotEnrolled,
		},
		"no grace for the undecided": {methods: "brain_wave", moments: newcomer, want: Undecided},
		"no grace for the compliant": {methods: "push", moments: newcomer, want: Compliant},
		"the deadline lies ahead": {
			methods: "sms",
			policy:  func(p *Policy) { p.Deadline = soon },
			moments: old,
			want:    InGrace,
			until:   soon,
		},
		"the deadline is later than grace": {
			methods: "",
			policy:  func(p *Policy) { p.Deadline = judgedAt.Add(900 * time.Hour) },
			moments: newcomer,
			want:    InGrace,
			until:   judgedAt.Add(900 * time.Hour),
		},
		"grace outlasts the deadline": {
			methods: "",
			policy:  func(p *Policy) { p.Deadline = past },
			moments: newcomer,
			want:    InGrace,
			until:   newcomer.Activated.Add(72 * time.Hour),
		},
		"the instant of the deadline": {
			methods: "",
			policy:  func(p *Policy) { p.Deadline = judgedAt },
			moments: old,
			want:    NotEnrolled,
		},
		"no grace period": {
			methods: "",
			policy:  func(p *Policy) { p.GraceHours = 0 },
			moments: newcomer,
			want:    NotEnrolled,
		},
		"nobody knows when the person came": {methods: "", want: NotEnrolled},

		"unreadable": {methods: "push", unreadable: true, want: Unreadable},
		"unreadable, exempt and new": {
			methods:    "",
			unreadable: true,
			ex:         exempt,
			moments:    newcomer,
			want:       Unreadable,
		},
		"unreadable before the deadline": {
			methods:    "",
			unreadable: true,
			policy:     func(p *Policy) { p.Deadline = soon },
			want:       Unreadable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := DefaultPolicy()
			if c.policy == nil {
				c.policy = plainPolicy
			}
			c.policy(&p)
			f := Finding{Methods: methodsOf(c.methods), Until: judgedAt, Reason: untrusted.NewStored("stale")}
			p.Judge(&f, c.moments, c.ex, !c.unreadable, judgedAt)
			if f.Verdict != c.want || !f.Until.Equal(c.until) {
				t.Errorf("%s until %s, want %s until %s", f.Verdict, f.Until, c.want, c.until)
			}
			if !strings.Contains(f.Reason.Raw(), c.reason) || f.Reason.IsZero() || f.Reason.Raw() == "stale" {
				t.Errorf("reason %q, want %q in it", f.Reason, c.reason)
			}
		})
	}
}

func TestUsableAndSingleCountOnlyWhatProtects(t *testing.T) {
	for names, want := range map[string]struct {
		usable Strength
		single bool
	}{
		"": {None, false}, "email": {None, false}, "push": {Phishable, true}, "push email question": {Phishable, true},
		"!webauthn sms": {Weak, true}, "!webauthn": {None, false}, "webauthn webauthn": {Resistant, false},
		"push sms":                              {Phishable, false},
		"push signed_nonce token:software:totp": {Resistant, true}, "push push": {Phishable, false}, "sms call": {Weak, true},
		"~push sms": {Weak, true}, "brain_wave": {Unknown, true}, "brain_wave heart_beat": {Unknown, false},
	} {
		p, f := DefaultPolicy(), Finding{Methods: methodsOf(names)}
		p.Judge(&f, Moments{}, nil, true, judgedAt)
		if f.Usable != want.usable || f.Single != want.single {
			t.Errorf("%q: usable %s single %t, want %+v", names, f.Usable, f.Single, want)
		}
	}
}

func TestFactorsAreWantedWhereTheyDecide(t *testing.T) {
	resistant := func(p *Policy) { p.Methods = []string{"phishing_resistant"} }
	for name, c := range map[string]struct {
		methods string
		admin   bool
		policy  func(*Policy)
		want    bool
	}{
		"nobody's methods":             {"", false, nil, true},
		"only weak":                    {"phone_number", false, nil, true},
		"Okta Verify is strong":        {"okta_verify", false, nil, false},
		"an admin's Okta Verify":       {"okta_verify", true, nil, true},
		"everybody's, if asked":        {"okta_verify", false, func(p *Policy) { p.OktaVerify = true }, true},
		"an admin with a key":          {"okta_verify webauthn", true, nil, false},
		"an admin's inactive key":      {"okta_verify ~webauthn", true, nil, true},
		"an admin's code generator":    {"google_otp", true, nil, false},
		"inactive Okta Verify":         {"google_otp ~okta_verify", true, nil, false},
		"resistant wanted":             {"okta_verify", false, resistant, true},
		"a key that Okta forbids":      {"!webauthn", false, nil, true},
		"a policy by the factor alone": {"okta_verify", false, func(p *Policy) { p.Methods = []string{"push"} }, true},
	} {
		p := DefaultPolicy()
		if c.policy != nil {
			c.policy(&p)
		}
		if got := p.WantsFactors(methodsOf(c.methods), c.admin); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestExemptionsAreFoundByIDLoginAndEmail(t *testing.T) {
	p := Policy{Exemptions: []Exemption{
		{User: untrusted.NewStored("Svc@Acme.example"), Owner: untrusted.NewStored("1")}, {User: untrusted.NewStored("00uAbC"), Owner: untrusted.NewStored("2")},
		{User: untrusted.NewStored("late@acme.example"), Owner: untrusted.NewStored("3"), Expires: judgedAt}, {User: untrusted.NewStored(""), Owner: untrusted.NewStored("4")},
	}}
	index := p.IndexExemptions()
	for _, c := range []struct{ id, login, email, owner string }{
		{"00u1", "svc@acme.EXAMPLE", "", "1"}, {"00u1", "", "SVC@acme.example", "1"}, {"00uAbC", "x", "y", "2"},
		{"00uabc", "x", "y", ""},
		{"00uAbC", "late@acme.example", "", "3"}, {"", "", "", ""}, {"00u1", "other@acme.example", "other@acme.example", ""},
	} {
		for how, e := range map[string]*Exemption{"one": p.exemptionFor(c.id, c.login, c.email),
			"index": index.Of(c.id, c.login, c.email)} {
			if e == nil && c.owner != "" || e != nil && e.Owner.Raw() != c.owner {
				t.Errorf("%s: %+v: got %+v", how, c, e)
			}
			if e != nil && !slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return e == &p.Exemptions[i] }) {
				t.Errorf("%s: %+v: not the policy's own entry", how, c)
			}
		}
	}
}

// worlds makes random people under random policies.
type world struct {
	rng *rand.Rand
}

var worldMethods = strings.Fields("push signed_nonce sms call email question tac webauthn token:hotp " +
	"brain_wave okta_verify phone_number duo external_idp")

func (w world) methods() []Method {
	var names []string
	for range w.rng.IntN(4) {
		names = append(names, []string{"", "", "", "!", "~", "!~"}[w.rng.IntN(6)]+worldMethods[w.rng.IntN(len(worldMethods))])
	}
	return methodsOf(strings.Join(names, " "))
}

func (w world) policy() Policy {
	p := DefaultPolicy()
	all := []string{"weak", "strong_phishable", "phishing_resistant", "push", "okta_verify", "sms", "webauthn"}
	p.Methods = []string{all[w.rng.IntN(len(all))], all[w.rng.IntN(len(all))]}
	if w.rng.IntN(3) == 0 {
		p.AllowedFactorTypes = []string{all[3+w.rng.IntN(4)], all[3+w.rng.IntN(4)]}
	}
	p.GraceHours = w.rng.IntN(100)
	if w.rng.IntN(2) == 0 {
		p.Deadline = judgedAt.Add(time.Duration(w.rng.IntN(200)-100) * time.Hour)
	}
	return p
}

func TestJudgingKeepsItsPromises(t *testing.T) {
	verdicts := map[Verdict]int{}
	for seed := range uint64(20_000) {
		w := world{rand.New(rand.NewPCG(seed, 2))}
		p, methods := w.policy(), w.methods()
		var ex *Exemption
		if w.rng.IntN(4) == 0 {
			ex = &Exemption{Expires: judgedAt.Add(time.Duration(w.rng.IntN(100)-50) * time.Hour)}
		}
		m := Moments{Created: judgedAt.Add(-time.Duration(w.rng.IntN(100)) * time.Hour)}

		blind := Finding{Methods: methods}
		p.Judge(&blind, m, ex, false, judgedAt)
		if blind.Verdict != Unreadable || blind.Strength != Unknown {
			t.Fatalf("seed %d: unreadable is %s, strength %s", seed, blind.Verdict, blind.Strength)
		}
		f := Finding{Methods: methods}
		p.Judge(&f, m, ex, true, judgedAt)
		verdicts[f.Verdict]++
		if timed := f.Verdict == InGrace || f.Verdict == Exempt; timed != f.Until.After(judgedAt) ||
			!timed && !f.Until.IsZero() {
			t.Fatalf("seed %d: %s until %s", seed, f.Verdict, f.Until)
		}
		if f.Verdict == Compliant && (f.Usable == None || f.Strength == None) {
			t.Fatalf("seed %d: compliant with strength %s and usable %s", seed, f.Strength, f.Usable)
		}
		if ranks[f.Usable] > ranks[f.Strength] {
			t.Fatalf("seed %d: more is usable than registered", seed)
		}

		var good []Method
		for _, name := range worldMethods {
			if g := method(name); p.counts(g) {
				good = append(good, g)
			}
		}
		if len(good) > 0 {
			better := Finding{Methods: append(slices.Clone(methods), good[w.rng.IntN(len(good))])}
			p.Judge(&better, m, ex, true, judgedAt)
			if better.Verdict != Compliant {
				t.Fatalf("seed %d: with %+v still %s under %+v", seed, better.Methods, better.Verdict, p)
			}
		}
		any := Finding{Methods: append(slices.Clone(methods), method(worldMethods[w.rng.IntN(len(worldMethods))]))}
		p.Judge(&any, m, ex, true, judgedAt)
		if any.Verdict.Failing() && !f.Verdict.Failing() {
			t.Fatalf("seed %d: one method more turned %s into %s", seed, f.Verdict, any.Verdict)
		}
	}
	for _, v := range Verdicts {
		if v != Unreadable && verdicts[v] == 0 {
			t.Errorf("no world had the verdict %s", v)
		}
	}
}
