package report_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// asOf is when the audits of these tests were taken.
func asOf() time.Time { return time.Date(2026, 11, 23, 8, 4, 0, 0, time.UTC) }

// audit is an audit's result made up for a test: findings, and the summary that goes with them.
type audit struct {
	summary  mfa.Summary
	findings []mfa.Finding
}

// stream plays findings as a store would.
func stream(findings ...mfa.Finding) iter.Seq2[mfa.Finding, error] {
	return func(yield func(mfa.Finding, error) bool) {
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (a *audit) stream() iter.Seq2[mfa.Finding, error] { return stream(a.findings...) }

var errStore = errors.New("the disk is gone")

// broken plays findings and then fails.
func broken(findings ...mfa.Finding) iter.Seq2[mfa.Finding, error] {
	return func(yield func(mfa.Finding, error) bool) {
		for f := range stream(findings...) {
			if !yield(f, nil) {
				return
			}
		}
		yield(mfa.Finding{}, errStore)
	}
}

// newAudit sums findings up, with full coverage.
func newAudit(findings ...mfa.Finding) *audit {
	a := &audit{findings: findings}
	s := &a.summary
	s.AuditID, s.Org, s.OrgID, s.Scope, s.Kind = "mfa_20261123T080000Z_1a2b3c4d", "example.okta.com",
		"00o123", untrusted.NewStored(mfa.Everybody), mfa.KindIncremental
	s.Started, s.Ended, s.AsOf = asOf().Add(-5*time.Minute), asOf(), asOf().Add(-4*time.Minute)
	s.AdminsKnown, s.Policy = true, mfa.DefaultPolicy()
	s.Tally, s.Admins = tally(findings, false), tally(findings, true)
	unreadable := s.ByVerdict[mfa.Unreadable]
	s.Coverage = mfa.Coverage{Listed: len(findings), Read: len(findings) - unreadable,
		Unreadable: unreadable, Share: 1, Bound: 0.99, OldestRead: asOf().AddDate(0, 0, -7)}
	if len(findings) > 0 {
		s.Coverage.Share = float64(s.Coverage.Read) / float64(len(findings))
	}
	s.Coverage.Line = fmt.Sprintf("%d people listed, %d read, 0 from cache, %d unreadable", len(findings), s.Coverage.Read, unreadable)
	if s.Coverage.Share < s.Coverage.Bound {
		s.Rate, s.Admins.Rate = nil, nil
	}
	s.Departments = departments(findings)
	s.History = []mfa.Point{point(s)}
	s.Sources = mfa.Sources{Primary: "enrollments", ByUsers: map[string]int{"both": len(findings)}, ReadFrom: "203.0.113.7"}
	for _, f := range findings {
		if f.Single {
			s.Single++
		}
		if len(f.Disagree) > 0 {
			s.Disagree++
		}
	}
	return a
}

func point(s *mfa.Summary) mfa.Point {
	return mfa.Point{AuditID: s.AuditID, At: s.AsOf, Total: s.Total, Enrolled: s.Enrolled,
		Strong:  s.ByStrength[mfa.Resistant] + s.ByStrength[mfa.Phishable],
		Failing: s.ByVerdict[mfa.NotEnrolled] + s.ByVerdict[mfa.WeakOnly]}
}

func tally(findings []mfa.Finding, admins bool) mfa.Tally {
	t := mfa.Tally{ByMethod: map[string]int{}, ByStrength: map[mfa.Strength]int{}, ByVerdict: map[mfa.Verdict]int{}}
	for _, f := range findings {
		if admins && !f.Admin() {
			continue
		}
		t.Total++
		t.ByVerdict[f.Verdict]++
		strength := f.Strength
		if f.Verdict == mfa.Unreadable {
			strength = mfa.Unknown
		}
		t.ByStrength[strength]++
		keys := map[string]bool{}
		for _, m := range f.Methods {
			if !keys[m.Key] {
				t.ByMethod[m.Key]++
			}
			keys[m.Key] = true
		}
		switch {
		case f.Verdict == mfa.Unreadable:
		case f.Strength == mfa.None:
			t.NotEnroll++
		default:
			t.Enrolled++
		}
	}
	if judged := t.Enrolled + t.NotEnroll; judged > 0 {
		rate := float64(t.Enrolled) / float64(judged)
		t.Rate = &rate
	}
	return t
}

func departments(findings []mfa.Finding) []mfa.Department {
	var out []mfa.Department
	for _, f := range findings {
		at := slices.IndexFunc(out, func(d mfa.Department) bool { return d.Name == f.Department })
		if at < 0 {
			at = len(out)
			out = append(out, mfa.Department{Name: f.Department})
		}
		out[at].Total++
		if f.Strength != mfa.None && f.Verdict != mfa.Unreadable {
			out[at].Enrolled++
		}
		if f.Verdict.Failing() {
			out[at].Failing++
		}
	}
	return out
}

func person(n int, verdict mfa.Verdict, methods ...mfa.Method) mfa.Finding {
	f := mfa.Finding{UserID: fmt.Sprintf("00u%05d", n), Login: untrusted.NewStored(fmt.Sprintf("p%d@example.com", n)), Email: untrusted.NewStored(fmt.Sprintf("p%d@example.com", n)),
		Name: untrusted.NewStored(fmt.Sprintf("Person %d", n)), Status: "ACTIVE", Department: untrusted.NewStored("Engineering"),
		Policy: untrusted.NewStored("Default Policy"), Verdict: verdict, Strength: mfa.None, Usable: mfa.None,
		Methods: methods, Sources: "both", ReadAt: asOf()}
	for _, m := range methods {
		if m.Strength == mfa.Weak && f.Strength == mfa.None || m.Strength == mfa.Phishable && f.Strength != mfa.Resistant || m.Strength == mfa.Resistant || m.Strength == mfa.Unknown && f.Strength == mfa.None {
			f.Strength, f.Usable = m.Strength, m.Strength
		}
	}
	f.Single = len(methods) == 1
	return f
}

func has(name, key string, strength mfa.Strength) mfa.Method {
	return mfa.Method{Name: name, Key: key, Provider: "OKTA", Status: "ACTIVE", Since: asOf().AddDate(-1,
		0, 0), Strength: strength, Allowed: "OPTIONAL", Source: "both"}
}

func sms() mfa.Method     { return has("sms", "phone_number", mfa.Weak) }
func push() mfa.Method    { return has("push", "okta_verify", mfa.Phishable) }
func passkey() mfa.Method { return has("webauthn", "webauthn", mfa.Resistant) }

// hostile is a person whose every text attacks its reader.
func hostile(n int) mfa.Finding {
	f := person(n, mfa.NotEnrolled)
	f.Name = untrusted.NewStored(`<script>alert("pwned")</script>` + "\u202egnp.exe")
	f.Login = untrusted.NewStored(`=HYPERLINK("http://evil.example","click")`)
	f.Department = untrusted.NewStored(`</text></svg><img src=x onerror=alert(1)>`)
	f.Title, f.Manager, f.Reason = untrusted.NewStored("+1+1"), untrusted.NewStored("@SUM(A1)"), untrusted.NewStored("-2+3\r\n=cmd|' /C calc'!A0")
	f.Policy = untrusted.NewStored("\t=1+1")
	f.Disagree = []string{`"><svg onload=alert(2)>`, "=1;=2"}
	f.Roles = []string{"SUPER_ADMIN", "<b>CUSTOM</b>"}
	f.Signals = []mfa.Signal{{Kind: "<i>kind</i>", Count: 3, Last: asOf()}}
	return f
}

// company is an audit of many people such as an organisation has them, the same for the same size.
func company(size int) *audit {
	random := rand.New(rand.NewPCG(7, uint64(size)))
	firsts := []string{"Ada", "Björn", "Chiara", "Dmitri", "Élodie", "Farah", "Grace", "Hiroshi", "Ines",
		"João", "Katarzyna", "Linus", "Mei", "Noor", "Oluwaseun", "山田 花子"}
	lasts := []string{"Lovelace", "Åkesson", "Rossi", "Ivanov", "Dupont", "Haddad", "Hopper", "Tanaka",
		"Silva", "Nowak", "Torvalds", "Chen", "van der Meer-Oosterhuizen", "Adeyemi"}
	units := []string{"Engineering", "Sales", "Customer Success", "Finance", "Legal", "Marketing",
		"People Operations", "IT", "Security", "Facilities",
		"Research and Advanced Development, Northern Europe and Baltics", "Procurement", "Manufacturing", "Logistics", "Treasury", ""}
	var list []mfa.Finding
	for n := range size {
		f := randomPerson(random, n)
		f.Name = untrusted.NewStored(firsts[random.IntN(len(firsts))] + " " + lasts[random.IntN(len(lasts))])
		f.Department = untrusted.NewStored(units[min(random.IntN(len(units)), random.IntN(len(units)))])
		f.Manager = untrusted.NewStored("Manager " + f.Department.Raw())
		if random.IntN(100) == 0 {
			f.Roles, f.RolesVia = []string{"HELP_DESK_ADMIN"}, "group"
			if random.IntN(4) == 0 {
				f.Roles = append(f.Roles, "SUPER_ADMIN")
			}
		}
		if f.Verdict.Failing() && random.IntN(20) == 0 {
			f.Signals = []mfa.Signal{{Kind: "push_denied", Count: 1 + random.IntN(9),
				Last: asOf().Add(-time.Hour * time.Duration(random.IntN(100)))}}
		}
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(a, b mfa.Finding) int {
		return slices.Index(mfa.Verdicts[:], a.Verdict) - slices.Index(mfa.Verdicts[:], b.Verdict)
	})
	a := newAudit(list...)
	a.summary.History = history(40, &a.summary)
	a.summary.Change = &mfa.Change{Since: "mfa_20261116T080000Z_0a0b0c0d", At: asOf().AddDate(0, 0, -7),
		Fixed: 41, Regressed: 6, NewFail: 12, Gone: 9,
		Verdicts: map[mfa.Verdict]int{mfa.NotEnrolled: -18, mfa.WeakOnly: -7, mfa.Compliant: 29}}
	a.summary.Sample = &mfa.SampleError{Drawn: 48, Wrong: 0}
	a.summary.Policy.Deadline = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	a.summary.Sources.Caveat = "Okta lists factors only where the enrolment policy allows their " +
		"authenticator, and judges that from the network of the caller"
	a.summary.Sources.Authentic = []string{"okta_verify", "webauthn", "phone_number", "okta_email", "okta_password"}
	a.summary.Notes = []untrusted.Stored{untrusted.NewStored("Two people were created while the audit ran; they are in the next one")}
	a.summary.Counted = map[string]int{"STAGED": 31, "SUSPENDED": 12}
	a.summary.Exemptions = []mfa.Exemption{
		{User: untrusted.NewStored("svc-backup@example.com"), Owner: untrusted.NewStored("it-operations@example.com"),
			Reason: untrusted.NewStored("Service account without interactive sign-in"), Expires: asOf().AddDate(0, 3, 0), State: "in_force"},
		{User: untrusted.NewStored("breakglass@example.com"), Owner: untrusted.NewStored("ciso@example.com"),
			Reason: untrusted.NewStored("Emergency access, sealed in the safe"), Expires: asOf().AddDate(0, 0, -9), State: "expired"},
	}
	return a
}

func randomPerson(random *rand.Rand, n int) mfa.Finding {
	until := asOf().Add(time.Hour * time.Duration(random.IntN(72)))
	switch roll := random.IntN(1000); {
	case roll < 60:
		return person(n, mfa.NotEnrolled)
	case roll < 150:
		f := person(n, mfa.WeakOnly, sms())
		f.Reason = untrusted.NewStored("SMS is the only second factor, and the policy asks for a strong one")
		return f
	case roll < 160:
		f := person(n, mfa.InGrace)
		f.Until = until
		return f
	case roll < 165:
		f := person(n, mfa.Exempt)
		f.Until = until.AddDate(0, 2, 0)
		f.Reason = untrusted.NewStored("exempt by it-operations@example.com: service account")
		return f
	case roll < 168:
		f := person(n, mfa.Unreadable)
		f.Methods, f.Sources = nil, "none"
		return f
	case roll < 170:
		return person(n, mfa.Undecided, has("retina_scan", "custom_app", mfa.Unknown))
	case roll < 180:
		f := person(n, mfa.Compliant, push(), sms())
		f.Disagree = []string{"enrolments show SMS, factors do not"}
		return f
	case roll < 700:
		return person(n, mfa.Compliant, push(), has("token:software:totp", "okta_verify", mfa.Phishable))
	case roll < 900:
		return person(n, mfa.Compliant, passkey(), push())
	default:
		return person(n, mfa.Compliant, has("signed_nonce", "okta_verify", mfa.Resistant))
	}
}

// history is a course of weekly audits that ends with the summary's own.
func history(weeks int, s *mfa.Summary) []mfa.Point {
	last := point(s)
	var out []mfa.Point
	for i := weeks - 1; i >= 0; i-- {
		p := last
		p.At = last.At.AddDate(0, 0, -7*i)
		p.AuditID = fmt.Sprintf("mfa_%s_1a2b3c4d", p.At.Format("20060102T150405Z"))
		p.Total -= i * last.Total / 300
		p.Enrolled = min(p.Total, max(0, last.Enrolled-i*last.Total/90))
		p.Strong = max(0, last.Strong-i*last.Total/70)
		p.Failing = min(p.Total, last.Failing+i*last.Total/120)
		out = append(out, p)
	}
	return out
}
