package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/oktaclient"
)

// TestClocksThatDisagreeMakeNoDifference holds incremental audits against full ones where Okta's clock is an hour
// off, with changes right before, while and after an audit reads, and with an audit that was killed and went on later
// than the clocks differ.
func TestClocksThatDisagreeMakeNoDifference(t *testing.T) {
	for _, skew := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			inBubble(t, oktasim.Options{
				Seed:   31,
				Users:  40,
				Skew:   skew,
				LogLag: 2 * time.Minute,
			}, 150*time.Second, func(t *testing.T, r *rig, w *wire) {
				first := r.audit(nil)
				var people []string
				for user := range r.byID(first.AuditID) {
					people = append(people, user)
				}
				at := 0
				change := func() {
					at++
					(&org{rig: r}).touch(people[at*7%len(people)], at)
				}
				for round := range 4 {
					time.Sleep(time.Duration(round) * 26 * time.Hour)
					change()
					time.Sleep(time.Duration(round) * 20 * time.Second)
					change()
					r.again(audit.Options{LogSettle: 150 * time.Second})
					s := r.audit(nil)
					if s.Kind != mfa.KindIncremental || s.Coverage.Cached == 0 {
						t.Errorf("round %d: the audit is %s (%s): %s", round, s.Kind, s.WhyFull, s.Coverage.Line)
					}
					r.holds(s, fmt.Sprint("round ", round))
				}
				// Killed in the middle of its reading; then people who were read already change.
				held := r.killAt(w, 40, full)
				time.Sleep(20 * time.Minute)
				for user := range held {
					r.Tenant.ResetFactors(user)
				}
				time.Sleep(45 * time.Minute)
				if len(held) == 0 {
					t.Fatal("no one was read before the kill")
				}
				r.again(audit.Options{LogSettle: 150 * time.Second})
				r.holds(r.audit(full), "after the kill")
			})
		})
	}
}

// holds compares an audit with one that knows nothing of earlier ones.
func (r *rig) holds(s *mfa.Summary, when string) {
	r.t.Helper()
	want, whole := r.aside(strings.ReplaceAll(when, " ", "-"), nil)
	if same(r.t, 0, r.findings(s.AuditID), want, s, whole); r.t.Failed() {
		r.t.Fatal(when)
	}
}

func TestAnOldMemoryOrNewPoliciesMakeAFullAudit(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 32, Users: 20}, 0, func(t *testing.T, r *rig, _ *wire) {
		if s := r.audit(nil); s.WhyFull != "no earlier audit is known" {
			t.Errorf("the first audit is full because of %q", s.WhyFull)
		}
		time.Sleep(84 * 24 * time.Hour)
		if s := r.audit(nil); s.Kind != mfa.KindIncremental {
			t.Errorf("after 84 days: %s, %s", s.Kind, s.WhyFull)
		}
		time.Sleep(86 * 24 * time.Hour)
		if s := r.audit(nil); s.Kind != mfa.KindFull || !strings.Contains(s.WhyFull, "longer ago than the System Log keeps") {
			t.Errorf("after 86 days: %s, %s", s.Kind, s.WhyFull)
		}
		r.Tenant.AddEnrollmentPolicy("Stricter", []string{r.Tenant.AddGroup("Some")},
			map[string]string{"webauthn": "REQUIRED"}, 1)
		if s := r.audit(nil); s.Kind != mfa.KindFull || !strings.Contains(s.WhyFull, "policies or authenticators changed") {
			t.Errorf("under a new policy: %s, %s", s.Kind, s.WhyFull)
		}
		r.Tenant.AddAuthenticator("duo", "app", "Duo", "ACTIVE")
		if s := r.audit(nil); s.Kind != mfa.KindFull || !strings.Contains(s.WhyFull, "policies or authenticators changed") {
			t.Errorf("with a new authenticator: %s, %s", s.Kind, s.WhyFull)
		}
		if s := r.audit(full); s.Kind != mfa.KindFull || s.WhyFull != "asked for" || s.Coverage.Read != s.Total {
			t.Errorf("asked for: %s, %s, %s", s.Kind, s.WhyFull, s.Coverage.Line)
		}
		if s := r.audit(nil); s.Kind != mfa.KindIncremental || s.Coverage.Read != 0 {
			t.Errorf("with nothing new: %s, %s, %s", s.Kind, s.WhyFull, s.Coverage.Line)
		}
	})
}

func TestAFactorOfAnUnknownTypeIsUnknownAndNotNone(t *testing.T) {
	for name, o := range map[string]oktasim.Options{"by enrolments": {Seed: 33}, "by factors": {
		Seed:          33,
		NoEnrollments: true,
	}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, o, 0, func(t *testing.T, r *rig, _ *wire) {
				user := r.Tenant.AddUser(oktasim.NewUser{Email: "quantum@acme.example.com"})
				r.Tenant.Enroll(user, "quantum_token", "ACME")
				s := r.audit(nil)
				f := r.byID(s.AuditID)[user]
				if f.Verdict != mfa.Undecided || f.Strength != mfa.Unknown {
					t.Errorf("%s with strength %s: %+v", f.Verdict, f.Strength, f.Methods)
				}
				if s.ByStrength[mfa.Unknown] != 1 || s.ByVerdict[mfa.Undecided] != 1 || s.Coverage.Unreadable != 0 {
					t.Errorf("%v, %v, %s", s.ByStrength, s.ByVerdict, s.Coverage.Line)
				}
			})
		})
	}
}

func TestARefusedCursorOfTheLogLosesNoEvent(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 34, Users: 30}, 0, func(t *testing.T, r *rig, _ *wire) {
		first := r.audit(nil)
		time.Sleep(time.Hour)
		var people []string
		for user := range r.byID(first.AuditID) {
			people = append(people, user)
		}
		for i := range 1200 { // a page of the log has 1,000
			user := people[i%len(people)]
			if id := r.Tenant.Enroll(user, "webauthn", "FIDO"); i >= len(people) {
				r.Tenant.RemoveFactor(user, id)
			}
		}
		time.Sleep(time.Hour)
		fault := r.Tenant.Inject(oktasim.Fault{
			Pattern: "/api/v1/logs",
			Effect:  oktasim.EffectRejectCursor,
		})
		s := r.audit(nil)
		if fault.Fired() == 0 || s.Kind != mfa.KindIncremental || s.Coverage.Read != len(people) {
			t.Errorf("fired %d times; %s: %s", fault.Fired(), s.Kind, s.Coverage.Line)
		}
		r.holds(s, "afterwards")
	})
}

func TestAScopeThatIsNotThereIsRefusedBeforeAnybodyIsRead(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 35, Users: 20}, 0, func(t *testing.T, r *rig, w *wire) {
		one, two := r.Tenant.AddGroup("Twins"), r.Tenant.AddGroup("Twins")
		for _, c := range []struct {
			name   string
			change func(*audit.Request)
			is     error
			says   string
		}{
			{"no such name", func(req *audit.Request) { req.Group = "Nobody's \"group\"" }, audit.ErrNoGroup,
				"give its id (00g...) or its exact name"},
			{"no such id", func(req *audit.Request) { req.Group = "00gNobody00000000001" }, audit.ErrNoGroup, "give its id"},
			{"two of one name", func(req *audit.Request) { req.Group = "Twins" }, audit.ErrNoGroup, "2 groups are called"},
			{"part of a name", func(req *audit.Request) { req.Group = "Twin" }, audit.ErrNoGroup, "exact name"},
			{"group and search", func(req *audit.Request) { req.Group, req.Search = one, `profile.department eq "IT"` }, nil,
				"not both"},
			{"a search that Okta refuses", func(req *audit.Request) { req.Search = `profile.department is "IT"` },
				oktaclient.ErrBadRequest, "E0000031"},
		} {
			w.forget()
			_, err := r.mfa.Run(t.Context(), request(c.change), nil)
			if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%s: %v", c.name, err)
			}
			for user := range w.paths {
				if strings.HasSuffix(user, "/factors") || strings.HasSuffix(user, "/authenticator-enrollments") {
					t.Errorf("%s: %s was read", c.name, user)
				}
			}
		}
		if s := r.audit(func(req *audit.Request) { req.Group = two }); s.Total != 0 || s.Scope.Raw() != "group "+two {
			t.Errorf("one of the two by its id: %d people, %s", s.Total, s.Scope)
		}
	})
}
