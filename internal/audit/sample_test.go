package audit_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
)

func everything(req *audit.Request) { req.Policy.Sample = 1 }

// TestASampleOfEverybodyMeasuresTheErrorOfTheMemory changes people without a trace in the log.
func TestASampleOfEverybodyMeasuresTheErrorOfTheMemory(t *testing.T) {
	for name, o := range map[string]oktasim.Options{"by enrolments": {
		Seed:  41,
		Users: 100,
	}, "by factors": {Seed: 41, Users: 100, NoEnrollments: true}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, o, 0, func(t *testing.T, r *rig, w *wire) {
				first := r.audit(everything)
				if first.Sample != nil {
					t.Errorf("a full audit has a sample: %+v", first.Sample)
				}
				time.Sleep(24 * time.Hour)
				hidden := 0
				for user := range r.byID(first.AuditID) {
					switch {
					case hidden == 12:
					case hidden%2 == 0:
						hidden++
						r.Tenant.AddFactor(user, "webauthn", "FIDO", "ACTIVE", map[string]any{"credentialId": "x"})
					default:
						hidden++
						r.Tenant.HideEvents(func(oktasim.Event) bool { return true })
						r.Tenant.Enroll(user, "sms", "OKTA")
						r.Tenant.HideEvents(nil)
					}
				}
				time.Sleep(time.Hour)
				s := r.audit(everything)
				if s.Sample == nil || s.Sample.Drawn != first.Total || s.Sample.Wrong != hidden ||
					s.Sample.Rate != float64(hidden)/float64(first.Total) {
					t.Fatalf("of %d people %d changed without an event, the sample says %+v", first.Total, hidden, s.Sample)
				}
				if s.Kind != mfa.KindIncremental || !noted(s, "had changed without an event in the System Log",
					"a full audit finds them") {
					t.Errorf("%s: %v", s.Kind, s.Notes)
				}
				r.holds(s, "with everyone drawn")
				again := r.audit(everything)
				if again.Sample == nil || again.Sample.Wrong != 0 || noted(again, "without an event") {
					t.Errorf("what the sample found wrong was not put right: %+v, %v", again.Sample, again.Notes)
				}
			})
		})
	}
}

// TestTheSampleIsRightAboutTheWhole draws three of ten in random worlds. Who was drawn shows in the calls: no one
// else is read, so the measured error can be worked out again exactly, and over all worlds it comes near the share of
// people who really changed.
func TestTheSampleIsRightAboutTheWhole(t *testing.T) {
	drawn, wrong, people, changed := 0, 0, 0, 0
	for seed := range uint64(12) {
		inBubble(t, oktasim.Options{Seed: 100 + seed, Users: 80}, 0, func(t *testing.T, r *rig, w *wire) {
			rng := rand.New(rand.NewPCG(seed, 41))
			share := rng.Float64() / 2
			some := func(req *audit.Request) { req.Policy.Sample = 0.3 }
			first := r.audit(some)
			time.Sleep(24 * time.Hour)
			before, silent := r.byID(first.AuditID), map[string]bool{}
			for user := range before {
				if rng.Float64() < share {
					silent[user] = true
					r.Tenant.AddFactor(user, "webauthn", "FIDO", "ACTIVE", map[string]any{"credentialId": "x"})
				}
			}
			w.forget()
			s := r.audit(some)
			want := mfa.SampleError{}
			for user, f := range r.byID(s.AuditID) {
				read := w.read(user)[0] > 0
				if read {
					want.Drawn++
				}
				if read && silent[user] {
					want.Wrong++
					if f.Strength != mfa.Resistant {
						t.Errorf("world %d: %s was drawn and is still %s", seed, user, f.Strength)
					}
				}
				if !read && len(f.Methods) != len(before[user].Methods) {
					t.Errorf("world %d: %s was not read and changed", seed, user)
				}
			}
			if s.Sample == nil || s.Sample.Drawn != want.Drawn || s.Sample.Wrong != want.Wrong ||
				math.Abs(s.Sample.Rate-float64(want.Wrong)/float64(want.Drawn)) > 1e-12 {
				t.Errorf("world %d: the sample says %+v, the calls %+v", seed, s.Sample, want)
				return
			}
			drawn, wrong, people, changed = drawn+want.Drawn, wrong+want.Wrong, people+s.Total, changed+len(silent)
		})
	}
	took, measured, real := float64(drawn)/float64(people), float64(wrong)/float64(drawn), float64(changed)/float64(people)
	t.Logf("%.3f drawn; error %.3f measured, %.3f real", took, measured, real)
	// Some 270 of 900 people are drawn: a tenth is four standard errors.
	if math.Abs(took-0.3) > 0.08 || math.Abs(measured-real) > 0.1 || real < 0.1 {
		t.Errorf("%.3f of the people were drawn, %.3f of them were wrong, %.3f of all", took, measured, real)
	}
}

// TestWhomALateEventNamesIsNoErrorOfTheMemory: the log shows a change two minutes late, after the sample has met it.
func TestWhomALateEventNamesIsNoErrorOfTheMemory(t *testing.T) {
	inBubble(t, oktasim.Options{
		Seed:  43,
		Users: 20,
	}, 150*time.Second, func(t *testing.T, r *rig, _ *wire) {
		first := r.audit(everything)
		time.Sleep(24 * time.Hour)
		r.Tenant.LagEvents(func(oktasim.Event) (time.Duration, bool) { return 2 * time.Minute, true })
		var late string
		for user := range r.byID(first.AuditID) {
			late = max(late, user)
		}
		r.Tenant.Enroll(late, "web", "DUO")
		time.Sleep(30 * time.Second)
		s := r.audit(everything)
		if s.Sample == nil || s.Sample.Wrong != 0 || s.Sample.Drawn != first.Total-1 ||
			noted(s, "without an event") {
			t.Errorf("of %d people one changed, with a late event; the sample says %+v; %v", first.Total, s.Sample, s.Notes)
		}
	})
}
