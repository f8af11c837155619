package audit_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// noted reports whether a note of the summary holds all of the words.
func noted(s *mfa.Summary, words ...string) bool {
	return slices.ContainsFunc(s.Notes, func(note untrusted.Stored) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(note.Raw(), w) })
	})
}

// part is something that an audit can do without, and what its summary says then.
type part struct {
	name   string
	prefix string // path whose permission is missing
	scope  string // OAuth scope, likewise
	note   []string
	check  func(*mfa.Summary) bool
}

func parts() []part {
	return []part{
		{"roles", "/api/v1/iam/assignees/users", "okta.roles.read", []string{"who holds admin roles is not known"},
			func(s *mfa.Summary) bool { return !s.AdminsKnown && s.Admins.Total == 0 }},
		{"policies", "/api/v1/policies", "okta.policies.read", []string{"enrolment policies", "not known"},
			func(s *mfa.Summary) bool { return s.AdminsKnown }},
		{"log", "/api/v1/logs", "okta.logs.read",
			[]string{"System Log cannot be read", "every audit has to read everyone"},
			func(s *mfa.Summary) bool { return s.Kind == mfa.KindFull }},
		{"authenticators", "/api/v1/authenticators", "okta.authenticators.read",
			[]string{"authenticators are not known"}, func(s *mfa.Summary) bool { return len(s.Sources.Authentic) == 0 }},
		{"groups", "/api/v1/groups", "okta.groups.read", []string{"through groups are not known"},
			func(s *mfa.Summary) bool { return s.AdminsKnown && s.Admins.Total > 0 }},
	}
}

// TestAnAuditDoesWithoutWhatOktaRefusesItAndSaysSo takes one permission at a time away, before the first audit and
// between two.
func TestAnAuditDoesWithoutWhatOktaRefusesItAndSaysSo(t *testing.T) {
	for _, p := range parts() {
		t.Run(p.name, func(t *testing.T) {
			inBubble(t, oktasim.Options{Seed: 11, Users: 60}, 0, func(t *testing.T, r *rig, _ *wire) {
				group := r.Tenant.AddGroup("Policy group")
				r.Tenant.AddEnrollmentPolicy("Strict", []string{group}, map[string]string{"webauthn": "REQUIRED"}, 1)
				time.Sleep(time.Hour)
				before := r.audit(nil)
				if noted(before, p.note...) {
					t.Fatalf("the note is there with the permission, too: %v", before.Notes)
				}
				r.Tenant.SetPermission(p.prefix, false)
				for _, name := range []string{"the next audit", "the one after that"} {
					s := r.audit(nil)
					if !noted(s, append(p.note, "Okta refuses it to this credential")...) || !p.check(s) {
						t.Errorf("%s: %v", name, s.Notes)
					}
					if s.Total != before.Total || s.Coverage.Share != 1 {
						t.Errorf("%s: %s", name, s.Coverage.Line)
					}
				}
				r.Tenant.SetPermission(p.prefix, true)
				after := r.audit(nil)
				if noted(after, p.note...) {
					t.Errorf("with the permission back the notes are %v", after.Notes)
				}
				same(t, 11, r.findings(after.AuditID), r.findings(before.AuditID), after, before)
			})
		})
	}
}

// TestAnAuditNamesTheMissingScope does the same with a service app that lacks a scope.
func TestAnAuditNamesTheMissingScope(t *testing.T) {
	all := []string{"okta.users.read"} // not okta.orgs.read: nothing depends on it
	for _, p := range parts() {
		all = append(all, p.scope)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	text, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	private := secret.New(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})))
	for _, p := range parts() {
		t.Run(p.name, func(t *testing.T) {
			const id = "0oaServiceApp0000001"
			scopes := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == p.scope })
			lines := simtest.Lines(t, 1, oktaclient.Options{Credentials: oktaclient.Credentials{
				ClientID:   id,
				KeyID:      "kid1",
				PrivateKey: private,
				Scopes:     scopes,
			}})
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, simtest.Options{Lines: lines, Tenant: oktasim.Options{
					Seed:    12,
					Users:   30,
					Clients: []oktasim.Client{{ID: id, KeyID: "kid1", PublicKey: key.Public(), Scopes: scopes}},
				}}, 0)
				s := r.audit(nil)
				if !noted(s, append(p.note, "the OAuth scope "+p.scope+" is missing")...) || !p.check(s) || s.Coverage.Share != 1 {
					t.Errorf("%s; %v", s.Coverage.Line, s.Notes)
				}
			})
		})
	}
}

func TestAnOrganisationWithoutEnrollmentsIsReadByFactors(t *testing.T) {
	for name, o := range map[string]oktasim.Options{"feature off": {
		Seed:          13,
		Users:         40,
		NoEnrollments: true,
	}, "Classic": {Seed: 13, Users: 40, Classic: true}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, o, 0, func(t *testing.T, r *rig, w *wire) {
				s := r.audit(nil)
				if s.Sources.Primary != "factors" || !noted(s, "authenticator-enrollments are not available") ||
					s.Coverage.Share != 1 || s.Total == 0 {
					t.Errorf("%s by %s; %v", s.Coverage.Line, s.Sources.Primary, s.Notes)
				}
				if s.Sources.ByUsers["factors"] != s.Total {
					t.Errorf("sources of %d people: %v", s.Total, s.Sources.ByUsers)
				}
				tried := 0
				for _, path := range w.order {
					if strings.HasSuffix(path, "/authenticator-enrollments") {
						tried++
					}
				}
				if tried != 1 {
					t.Errorf("enrolments were asked for %d times", tried)
				}
			})
		})
	}
}

func TestACredentialThatMayNotReadEnrollmentsReadsFactors(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 24, Users: 40}, 0, func(t *testing.T, r *rig, _ *wire) {
		r.Tenant.SetPermission("/api/v1/users/{id}/authenticator-enrollments", false)
		s := r.audit(nil)
		if s.Sources.Primary != "factors" || s.Coverage.Unreadable != 0 || s.Coverage.Share != 1 ||
			!noted(s, "Okta refuses authenticator-enrollments") {
			t.Errorf("%s by %s; %v", s.Coverage.Line, s.Sources.Primary, s.Notes)
		}
		again := r.audit(nil)
		if again.Kind != mfa.KindIncremental || again.Coverage.Read != 0 {
			t.Errorf("the next audit is %s: %s", again.Kind, again.Coverage.Line)
		}
	})
}

func TestEnrollmentsThatAreLostBetweenTwoAuditsMakeAFullOneByFactors(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 14, Users: 40}, 0, func(t *testing.T, r *rig, _ *wire) {
		first := r.audit(nil)
		r.Tenant.SetFeature("/api/v1/users/{id}/authenticator-enrollments", false)
		time.Sleep(24 * time.Hour)
		for user := range r.byID(first.AuditID) {
			r.Tenant.Enroll(user, "webauthn", "FIDO")
			break
		}
		time.Sleep(time.Hour)
		s := r.audit(nil)
		if s.Kind != mfa.KindFull || s.WhyFull != "the source of readings changed" || s.Sources.Primary != "factors" ||
			s.Coverage.Read != s.Total || !noted(s, "not available any more") {
			t.Errorf("the audit is %s (%s) by %s: %s; %v", s.Kind, s.WhyFull, s.Sources.Primary, s.Coverage.Line, s.Notes)
		}
		want, whole := r.aside("peace", nil)
		same(t, 14, r.findings(s.AuditID), want, s, whole)
	})
}

// byID is everyone's finding by the person's id.
func (r *rig) byID(auditID string) map[string]mfa.Finding {
	r.t.Helper()
	found := map[string]mfa.Finding{}
	for _, f := range r.findings(auditID) {
		found[f.UserID] = f
	}
	return found
}

// TestWhoCannotBeReadIsUnreadableAndReadAgainByTheNextAudit refuses single people, by permission and by failure.
func TestWhoCannotBeReadIsUnreadableAndReadAgainByTheNextAudit(t *testing.T) {
	for _, effect := range []oktasim.Effect{oktasim.Effect403, oktasim.Effect500} {
		t.Run(string(effect), func(t *testing.T) {
			inBubble(t, oktasim.Options{Seed: 15, Users: 60}, 0, func(t *testing.T, r *rig, w *wire) {
				before := r.audit(full)
				people := r.byID(before.AuditID)
				var broken []string
				for user, f := range people { // an administrator's roles are read before anyone's methods, and stop an audit
					if len(broken) < 3 && len(f.Roles) == 0 {
						broken = append(broken, user)
					}
				}
				var faults []*oktasim.Injection
				for _, user := range broken {
					faults = append(faults, r.Tenant.Inject(oktasim.Fault{
						Path:   "/api/v1/users/" + user + "/",
						Times:  -1,
						Effect: effect,
					}))
				}
				time.Sleep(time.Hour)
				s := r.audit(full)
				found := r.byID(s.AuditID)
				for i, user := range broken {
					f := found[user]
					if f.Verdict != mfa.Unreadable || f.Sources != mfa.SourceNone || f.Reason.IsZero() || f.Strength == mfa.Resistant {
						t.Errorf("%s is %s by %s: %s", user, f.Verdict, f.Sources, f.Reason)
					}
					if faults[i].Fired() == 0 {
						t.Error("the fault never fired")
					}
				}
				if s.Coverage.Unreadable != 3 || s.ByVerdict[mfa.Unreadable] != 3 || s.Rate != nil ||
					s.Coverage.Share >= 0.99 || !strings.Contains(s.Coverage.Line, "no rate") {
					t.Errorf("%s; rate %v, verdicts %v", s.Coverage.Line, s.Rate, s.ByVerdict)
				}
				lenient := r.audit(func(req *audit.Request) { req.Full, req.Policy.Bound = true, 0.5 })
				if lenient.Rate == nil {
					t.Errorf("under a bound of one half there is no rate: %s", lenient.Coverage.Line)
				}
				for _, f := range faults {
					f.Remove()
				}
				w.forget()
				next := r.audit(nil)
				if next.Kind != mfa.KindIncremental || next.Coverage.Read != 3 || next.Coverage.Unreadable != 0 {
					t.Errorf("the next audit is %s: %s", next.Kind, next.Coverage.Line)
				}
				same(t, 15, r.findings(next.AuditID), r.findings(before.AuditID), next, before)
			})
		})
	}
}

// TestAFewWhomOktaFailsForDoNotStopTheAudit lets Okta fail for many people who stand side by side, which looks like
// an outage until it is seen that it is always them.
func TestAFewWhomOktaFailsForDoNotStopTheAudit(t *testing.T) {
	inBubble(t, oktasim.Options{
		Seed:          25,
		Users:         8000,
		NoEnrollments: true,
	}, 0, func(t *testing.T, r *rig, _ *wire) {
		before := r.audit(nil)
		people := slices.Sorted(maps.Keys(r.byID(before.AuditID)))
		broken := map[string]bool{}
		for _, user := range people[1000:1300] {
			broken[user] = true
			r.Tenant.Inject(oktasim.Fault{
				Path:   "/api/v1/users/" + user + "/factors",
				Times:  -1,
				Effect: oktasim.EffectHTML,
			})
		}
		s := r.audit(full)
		for user, f := range r.byID(s.AuditID) {
			if unreadable := f.Verdict == mfa.Unreadable; unreadable != broken[user] {
				t.Errorf("%s is %s: %s", user, f.Verdict, f.Reason)
			}
		}
		if s.Coverage.Unreadable != len(broken) || s.Rate != nil {
			t.Errorf("%s, rate %v", s.Coverage.Line, s.Rate)
		}
	})
}

func TestSomebodyDeletedWhileTheAuditReadsLeavesIt(t *testing.T) {
	inBubble(t, oktasim.Options{
		Seed:    16,
		Users:   40,
		Latency: oktasim.LatencyReal,
	}, 0, func(t *testing.T, r *rig, _ *wire) {
		before := r.audit(nil)
		var user string
		for id, f := range r.byID(before.AuditID) {
			if !f.Admin() {
				user = max(user, id)
			}
		}
		fault := r.Tenant.Inject(oktasim.Fault{
			Pattern: "/api/v1/users/{userId}/authenticator-enrollments",
			Nth:     2,
			Effect:  oktasim.Effect500,
			Do:      func() { r.Tenant.DeleteUser(user) },
		})
		s := r.audit(full)
		if fault.Fired() != 1 {
			t.Fatal("no one was deleted")
		}
		if _, still := r.byID(s.AuditID)[user]; still || s.Total != before.Total-1 || s.Coverage.Unreadable != 0 ||
			s.Change.Gone != 1 {
			t.Errorf("%d people of %d: %s; %+v", s.Total, before.Total, s.Coverage.Line, s.Change)
		}
	})
}

func TestAnAuditThatCanReadNobodyStopsAndGoesOn(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 17, Users: 200}, 0, func(t *testing.T, r *rig, w *wire) {
		fault := r.Tenant.Inject(oktasim.Fault{
			Pattern: "/api/v1/users/{userId}/authenticator-enrollments",
			Nth:     40,
			Times:   -1,
			Effect:  oktasim.Effect500,
		})
		_, err := r.mfa.Run(t.Context(), request(nil), nil)
		if err == nil || !strings.Contains(err.Error(), "one person after another") ||
			!strings.Contains(err.Error(), "goes on where it stopped") {
			t.Fatalf("the audit ended with %v", err)
		}
		if _, err := r.mfa.Summary(""); err == nil {
			t.Error("the audit has a summary")
		}
		interrupted := r.mfa.Current().ID
		fault.Remove()
		s := r.audit(nil)
		if s.AuditID != interrupted || s.Coverage.Unreadable != 0 {
			t.Errorf("%s went on as %s: %s", interrupted, s.AuditID, s.Coverage.Line)
		}
		for user := range r.byID(s.AuditID) {
			if n := w.read(user); n[0] != 1 {
				t.Errorf("%s was read %d times", user, n[0])
			}
		}
	})
}

// TestAnAuditOutlastsAnOutage takes the whole organisation away for 20 minutes, at each stage of an audit.
func TestAnAuditOutlastsAnOutage(t *testing.T) {
	for _, pattern := range []string{"/api/v1/users/{userId}/authenticator-enrollments", "/api/v1/users",
		"/api/v1/logs", "/api/v1/policies", "/api/v1/groups", "/api/v1/iam/assignees/users"} {
		t.Run(strings.ReplaceAll(pattern, "/", " "), func(t *testing.T) {
			inBubble(t, oktasim.Options{
				Seed:    18,
				Users:   120,
				Latency: oktasim.LatencyReal,
			}, 0, func(t *testing.T, r *rig, w *wire) {
				var outage *oktasim.Injection
				from := time.Now()
				away := func() {
					outage = r.Tenant.Inject(oktasim.Fault{Times: -1, Effect: oktasim.EffectRefuse})
					from = time.Now()
					time.AfterFunc(20*time.Minute, outage.Remove)
				}
				nth := 1
				if strings.HasSuffix(pattern, "enrollments") {
					nth = 50
				}
				r.Tenant.Inject(oktasim.Fault{Pattern: pattern, Nth: nth, Effect: oktasim.Effect503, Do: away})
				s := r.audit(nil)
				if outage == nil || outage.Fired() < 5 {
					t.Fatal("there was no outage")
				}
				if took := time.Since(from); s.Coverage.Unreadable != 0 || s.Coverage.Share != 1 || took < 20*time.Minute ||
					took > 40*time.Minute {
					t.Errorf("%s, %s after the outage began; %v", s.Coverage.Line, took, s.Notes)
				}
				want, whole := r.aside("peace", nil)
				same(t, 18, r.findings(s.AuditID), want, s, whole)
			})
		})
	}
}

func TestAnOutageLongerThanTheAuditsPatienceStopsIt(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 19, Users: 120}, 0, func(t *testing.T, r *rig, _ *wire) {
		outage := r.Tenant.Inject(oktasim.Fault{Nth: 100, Times: -1, Effect: oktasim.EffectRefuse})
		start := time.Now()
		_, err := r.mfa.Run(t.Context(), request(nil), nil)
		if took := time.Since(start); err == nil || !strings.Contains(err.Error(), "has not answered for 2h") ||
			took > 3*time.Hour || outage.Fired() == 0 {
			t.Fatalf("after %s the audit ended with %v", took, err)
		}
		interrupted := r.mfa.Current().ID
		outage.Remove()
		if s := r.audit(nil); s.AuditID != interrupted || s.Coverage.Share != 1 {
			t.Errorf("%s went on as %s: %s", interrupted, s.AuditID, s.Coverage.Line)
		}
	})
}

func TestARevokedTokenStopsTheAuditAndANewOneGoesOn(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 20, Users: 60}, 0, func(t *testing.T, r *rig, w *wire) {
		fault := r.Tenant.Inject(oktasim.Fault{
			Pattern: "/api/v1/users/{userId}/authenticator-enrollments",
			Nth:     30,
			Times:   -1,
			Effect:  oktasim.EffectExpireToken,
		})
		_, err := r.mfa.Run(t.Context(), request(nil), nil)
		if err == nil || !strings.Contains(err.Error(), "E0000011") || fault.Fired() == 0 {
			t.Fatalf("the audit ended with %v", err)
		}
		interrupted, held := r.mfa.Current().ID, map[string][2]int{}
		for user := range journalled(t, readTree(r.dir)) {
			held[user] = w.read(user)
		}
		fault.Remove()
		s := r.audit(nil)
		if s.AuditID != interrupted || s.Coverage.Unreadable != 0 || s.Coverage.Share != 1 || len(held) == 0 {
			t.Errorf("%s with %d readings went on as %s: %s", interrupted, len(held), s.AuditID, s.Coverage.Line)
		}
		for user, before := range held {
			if n := w.read(user); n != before {
				t.Errorf("%s was read %d times, then %d times", user, before, n)
			}
		}
	})
}
