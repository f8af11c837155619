package audit_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
)

// request is what rig.audit asks for.
func request(change func(*audit.Request)) audit.Request {
	req := audit.Request{Policy: mfa.DefaultPolicy()}
	req.Policy.Sample = 0
	if change != nil {
		change(&req)
	}
	return req
}

// killAt audits until a call, at which the process dies. It returns the people that the journals held then, nil when the audit
// ended before.
func (r *rig) killAt(w *wire, call int, change func(*audit.Request)) map[string]bool {
	r.t.Helper()
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	w.arm(call, kill)
	_, err := r.mfa.Run(ctx, request(change), nil)
	r.mfa.Close()
	if !w.died() {
		must(r.t, err)
		return nil
	}
	if !errors.Is(err, context.Canceled) {
		r.t.Fatalf("the killed audit ended with %v", err)
	}
	w.leave(r.t)
	r.again(audit.Options{})
	return journalled(r.t, w.disk)
}

// tear lets a journal end in the middle of a line that was never acknowledged.
func tear(t *testing.T, dir string, rng *rand.Rand) {
	t.Helper()
	f, err := os.OpenFile(journalOf(t, dir), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	const line = `{"t":"read","u":"00uNobody","a":1795291200000,"e":[[0,1795291200]]}`
	_, err = f.WriteString(line[:1+rng.IntN(len(line)-1)])
	must(t, errors.Join(err, f.Close()))
}

// aside runs the audit of a request with a state of its own, undisturbed.
func (r *rig) aside(name string, change func(*audit.Request)) (map[string]mfa.Finding, *mfa.Summary) {
	r.t.Helper()
	other := *r
	other.dir = r.folder(name)
	other.again(audit.Options{})
	s := other.audit(change)
	return other.findings(s.AuditID), s
}

// TestAKilledAuditGoesOnAndReadsNobodyTwice kills full and incremental audits at random calls, some of them again and
// again.
func TestAKilledAuditGoesOnAndReadsNobodyTwice(t *testing.T) {
	for _, c := range []struct {
		name    string
		tenant  oktasim.Options
		prepare func(*org, *rand.Rand)
	}{
		{name: "full", tenant: oktasim.Options{Seed: 3, Users: 40}},
		{name: "full, by factors", tenant: oktasim.Options{Seed: 4, Users: 40, NoEnrollments: true}},
		{
			name:   "incremental",
			tenant: oktasim.Options{Seed: 5, Users: 40},
			prepare: func(w *org, rng *rand.Rand) {
				w.audit(nil)
				time.Sleep(48 * time.Hour)
				for range 25 {
					w.touch(w.users[rng.IntN(len(w.users))], rng.IntN(4))
				}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, c.tenant, 0, func(t *testing.T, r *rig, w *wire) {
				rng := rand.New(rand.NewPCG(c.tenant.Seed, 2))
				o := newOrg(r, rng)
				if c.prepare != nil {
					c.prepare(o, rng)
				}
				time.Sleep(time.Hour) // who changed in the last seconds is read twice in peace, too
				start := readTree(r.dir)
				w.forget()
				peaceful := r.audit(nil)
				want, calls := r.findings(peaceful.AuditID), len(w.order)
				kills, kept := 0, 0
				for range 15 {
					writeTree(t, r.dir, start)
					r.again(audit.Options{})
					w.forget()
					got, n, k := r.stumble(w, rng, calls)
					kills, kept = kills+n, kept+k
					same(t, int(c.tenant.Seed), r.findings(got.AuditID), want, got, peaceful)
					if got.Coverage.Read != peaceful.Coverage.Read || got.Coverage.Cached != peaceful.Coverage.Cached ||
						got.Kind != peaceful.Kind || got.Sources.Primary != peaceful.Sources.Primary {
						t.Errorf("after kills the audit is %s from %s with %s, in peace %s from %s with %s", got.Kind,
							got.Sources.Primary, got.Coverage.Line, peaceful.Kind, peaceful.Sources.Primary, peaceful.Coverage.Line)
					}
				}
				if kills < 15 || kept == 0 {
					t.Errorf("%d kills with %d readings on disk: that shows nothing", kills, kept)
				}
				t.Logf("%d kills, %d readings kept over them, %d calls in peace", kills, kept, calls)
			})
		})
	}
}

// stumble audits with one to three kills, and holds that anyone who was on disk at a kill was read once.
func (r *rig) stumble(w *wire, rng *rand.Rand, calls int) (s *mfa.Summary, kills, kept int) {
	r.t.Helper()
	known, ids := map[string][2]int{}, []string{}
	for range 1 + rng.IntN(3) {
		held := r.killAt(w, 1+rng.IntN(calls), nil)
		if held == nil { // the audit ended before
			s, _ = r.mfa.Current().Result()
			break
		}
		kills++
		for user := range held {
			if _, ok := known[user]; !ok {
				known[user] = w.read(user)
			}
		}
		found, err := filepath.Glob(filepath.Join(r.dir, "audits", "*", "audit.json"))
		must(r.t, err)
		for _, f := range found {
			if _, err := os.Stat(filepath.Join(filepath.Dir(f), "summary.json")); err != nil {
				ids = append(ids, filepath.Base(filepath.Dir(f)))
			}
		}
		if rng.IntN(2) == 0 && len(found) == 1 {
			tear(r.t, r.dir, rng)
		}
	}
	if s == nil {
		s = r.audit(nil)
	}
	for user, before := range known {
		if after := w.read(user); after != before || kills == 1 && (after[0] > 1 || after[1] > 1) {
			r.t.Errorf("%s was on disk at a kill after %d readings, by enrolments and by factors; in the end it is %d",
				user, before, after)
		}
	}
	if slices.ContainsFunc(ids, func(id string) bool { return id != s.AuditID }) {
		r.t.Errorf("audits %v went on as %s", ids, s.AuditID)
	}
	return s, kills, len(known)
}

func TestAGroupsAuditInBetweenDoesNotLoseAnInterruptedAuditOfEverybody(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 6, Users: 60}, 0, func(t *testing.T, r *rig, w *wire) {
		o := newOrg(r, rand.New(rand.NewPCG(6, 1)))
		group := r.Tenant.AddGroup("Finance people", o.users[:3]...)
		time.Sleep(time.Hour)
		held := r.killAt(w, 100, nil)
		if len(held) < 20 {
			t.Fatalf("only %d people were on disk at the kill", len(held))
		}
		interrupted := filepath.Base(filepath.Dir(journalOf(t, r.dir)))
		time.Sleep(time.Hour)
		// A person that the interrupted audit had read changes: its reading must not win over what comes later.
		var touched string
		for user := range held {
			touched = user
		}
		r.Tenant.Enroll(touched, "webauthn", "FIDO")
		time.Sleep(time.Minute)
		if s := r.audit(func(req *audit.Request) { req.Group = group }); s.Total > 3 {
			t.Fatalf("the group's audit has %d people", s.Total)
		}
		s := r.audit(nil)
		if s.AuditID != interrupted {
			t.Errorf("the interrupted audit %s did not go on, %s was made", interrupted, s.AuditID)
		}
		for user := range held {
			most := 1
			if slices.Contains(o.users[:3], user) {
				most = 2 // the group's audit is another audit: it reads its own people
			}
			if n := w.read(user); user != touched && (n[0] > most || n[1] > most) {
				t.Errorf("%s was read %d times", user, n)
			}
		}
		want, whole := r.aside("peace", nil)
		same(t, 6, r.findings(s.AuditID), want, s, whole)
	})
}

func TestADamagedMemoryIsRefusedWithTheNextStep(t *testing.T) {
	for _, damage := range []struct{ name, line string }{
		{"not JSON", "perhaps a page of somebody else's file\n"},
		{"a kind that was never named", `{"t":"read","u":"00u1","a":1795291200000,"e":[[99,0]]}` + "\n"},
		{"a line of no known sort", `{"t":"riddle"}` + "\n"},
		{"nobody's reading", `{"t":"read","a":1795291200000}` + "\n"},
	} {
		t.Run(damage.name, func(t *testing.T) {
			inBubble(t, oktasim.Options{Seed: 7, Users: 10}, 0, func(t *testing.T, r *rig, w *wire) {
				r.audit(nil)
				cache := filepath.Join(r.dir, "cache.jsonl")
				text, err := os.ReadFile(cache)
				must(t, err)
				must(t, os.WriteFile(cache, append(text, damage.line...), 0o600))
				w.forget()
				_, err = r.mfa.Run(t.Context(), request(nil), nil)
				if err == nil || !strings.Contains(err.Error(), "damaged") ||
					!strings.Contains(err.Error(), "cache.jsonl line") || !strings.Contains(err.Error(), "move the file away") {
					t.Errorf("the audit ended with %v", err)
				}
				if len(w.order) > 0 {
					t.Errorf("Okta was asked %v", w.order)
				}
				must(t, os.Remove(cache))
				if s := r.audit(nil); s.WhyFull == "" || s.Coverage.Read != s.Total {
					t.Errorf("without the cache the audit is %s (%s): %s", s.Kind, s.WhyFull, s.Coverage.Line)
				}
			})
		})
	}
}

func TestATornCacheIsNotTakenForAWholeOne(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 8, Users: 10}, 0, func(t *testing.T, r *rig, _ *wire) {
		want := r.findings(r.audit(nil).AuditID)
		cache := filepath.Join(r.dir, "cache.jsonl")
		text, err := os.ReadFile(cache)
		must(t, err)
		must(t, os.WriteFile(cache, text[:len(text)/2], 0o600))
		s := r.audit(nil)
		same(t, 8, r.findings(s.AuditID), want, s, s)
	})
}
