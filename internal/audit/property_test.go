package audit_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// worldsOf is how many random worlds a test makes; MFA_WORLDS overrides it.
func worldsOf(t *testing.T, usual int) int {
	t.Helper()
	if text := os.Getenv("MFA_WORLDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return usual
}

// TestAnIncrementalAuditSaysWhatAFullOneWould makes random organisations, changes them at random between audits, with
// a System Log that shows events up to two minutes late, and holds each incremental audit against a full one without
// memory.
func TestAnIncrementalAuditSaysWhatAFullOneWould(t *testing.T) {
	worlds := worldsOf(t, 40)
	kinds, changed, read, cached := map[string]int{}, map[string]int{}, 0, 0
	for seed := range worlds {
		lines := simtest.Lines(t, 1, oktaclient.Options{})
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(seed), 1))
			options := oktasim.Options{Seed: uint64(seed), Users: 5 + rng.IntN(25), LogLag: 2 * time.Minute,
				Classic: rng.IntN(8) == 0, NoEnrollments: rng.IntN(8) == 0}
			r := newRig(t, simtest.Options{Tenant: options, Lines: lines}, 150*time.Second)
			w := newOrg(r, rng)
			policy := randomPolicy(rng)
			ask := func(req *audit.Request) { req.Policy = policy }
			r.audit(ask)
			for range 1 + rng.IntN(3) {
				time.Sleep(time.Duration(rng.IntN(int(8 * 24 * time.Hour))))
				for range rng.IntN(7) {
					changed[w.change(rng)]++
					time.Sleep(time.Duration(rng.IntN(3)) * time.Duration(rng.IntN(int(time.Minute))))
				}
				got := r.audit(ask)
				kinds[got.Kind]++
				read, cached = read+got.Coverage.Read, cached+got.Coverage.Cached
				fresh := *r
				fresh.dir = r.folder(got.AuditID)
				fresh.again(audit.Options{LogSettle: 150 * time.Second})
				want := fresh.audit(ask)
				same(t, seed, r.findings(got.AuditID), fresh.findings(want.AuditID), got, want)
			}
		})
		if t.Failed() {
			t.Fatalf("world %d; MFA_WORLDS sets how many there are", seed)
		}
	}
	t.Logf("%d worlds: audits %v; %d readings, %d spared; changes %v", worlds, kinds, read, cached, changed)
	if worlds >= 300 && (kinds[mfa.KindIncremental] < worlds/2 || cached < read) {
		t.Errorf("audits %v with %d people read and %d spared: incremental audits were hardly tried", kinds, read, cached)
	}
	for name := range changesOf() {
		if worlds >= 300 && changed[name] == 0 {
			t.Errorf("no one ever tried %q", name)
		}
	}
}

// same holds two audits of one organisation against each other.
func same(t *testing.T, seed int, got, want map[string]mfa.Finding, g, w *mfa.Summary) {
	t.Helper()
	for login, f := range want {
		have, ok := got[login]
		if !ok {
			t.Errorf("world %d: %s is missing from the %s audit", seed, login, g.Kind)
			continue
		}
		// Grace and events are decided by the clock, and the two audits are minutes apart.
		have.Signals, f.Signals = nil, nil
		have.Change, f.Change = "", "" // a full audit without memory has nothing to compare with
		if !reflect.DeepEqual(have, f) {
			t.Errorf("world %d: %s of the %s audit\n got %+v\nwant %+v", seed, login, g.Kind, have, f)
			return // the first one tells
		}
	}
	for login := range got {
		if _, ok := want[login]; !ok {
			t.Errorf("world %d: %s is in the %s audit and in no full one", seed, login, g.Kind)
		}
	}
	if !maps.Equal(g.ByVerdict, w.ByVerdict) || !maps.Equal(g.ByStrength, w.ByStrength) ||
		!maps.Equal(g.ByMethod, w.ByMethod) || g.Enrolled != w.Enrolled {
		t.Errorf("world %d: counts %v %v %v, a full audit says %v %v %v", seed, g.ByVerdict, g.ByStrength,
			g.ByMethod, w.ByVerdict, w.ByStrength, w.ByMethod)
	}
}

func randomPolicy(rng *rand.Rand) mfa.Policy {
	p := mfa.DefaultPolicy()
	p.GraceHours = 0 // two audits, minutes apart, may see grace end between them
	p.Sample = []float64{0, 0.01, 0.5}[rng.IntN(3)]
	p.OktaVerify = rng.IntN(3) == 0
	switch rng.IntN(4) {
	case 0:
		p.Methods = []string{string(mfa.Resistant)}
	case 1:
		p.Methods, p.AllowedFactorTypes = []string{string(mfa.Phishable),
			string(mfa.Resistant)}, []string{"okta_verify", "webauthn", "push", "signed_nonce"}
	}
	return p
}

// org is a random organisation that can be changed.
type org struct {
	*rig
	users, groups, policies []string
	serial                  int
}

func newOrg(r *rig, rng *rand.Rand) *org {
	w := &org{rig: r, policies: []string{r.Tenant.DefaultEnrollmentPolicy()}}
	for range 4 + rng.IntN(10) {
		w.add(rng)
	}
	for i := range 1 + rng.IntN(3) {
		var members []string
		for _, u := range w.users {
			if rng.IntN(3) == 0 {
				members = append(members, u)
			}
		}
		w.groups = append(w.groups, r.Tenant.AddGroup(fmt.Sprintf("Group %d", i), members...))
	}
	for range rng.IntN(6) {
		w.change(rng)
	}
	return w
}

func (w *org) add(rng *rand.Rand) {
	w.serial++
	email := fmt.Sprintf("person%d@acme.example.com", w.serial)
	status := []string{"ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "STAGED", "LOCKED_OUT", "SUSPENDED"}[rng.IntN(7)]
	id := w.Tenant.CreateUser(oktasim.NewUser{Email: email, Status: status})
	w.users = append(w.users, id)
	for range rng.IntN(3) {
		w.enroll(rng, id)
	}
}

func (w *org) enroll(rng *rand.Rand, user string) {
	kinds := [][2]string{{"push", "OKTA"}, {"token:software:totp", "OKTA"}, {"token:software:totp", "GOOGLE"},
		{"sms", "OKTA"}, {"call", "OKTA"}, {"email", "OKTA"},
		{"question", "OKTA"}, {"webauthn", "FIDO"}, {"signed_nonce", "OKTA"}, {"web", "DUO"}, {"quantum_token", "ACME"}}
	k := kinds[rng.IntN(len(kinds))]
	w.Tenant.Enroll(user, k[0], k[1])
}

// changesOf are the ways in which an organisation changes between two audits.
func changesOf() map[string]func(*org, *rand.Rand, string) {
	toggle := func(settings ...string) map[string]string {
		m := map[string]string{"okta_password": "REQUIRED"}
		for _, s := range settings {
			m[s] = "OPTIONAL"
		}
		return m
	}
	return map[string]func(*org, *rand.Rand, string){
		"enrol":      func(w *org, rng *rand.Rand, user string) { w.enroll(rng, user) },
		"remove":     func(w *org, rng *rand.Rand, user string) { w.remove(rng, user) },
		"reset":      func(w *org, _ *rand.Rand, user string) { w.Tenant.ResetFactors(user) },
		"create":     func(w *org, rng *rand.Rand, _ string) { w.add(rng) },
		"suspend":    func(w *org, _ *rand.Rand, user string) { w.Tenant.Lifecycle(user, "suspend") },
		"unsuspend":  func(w *org, _ *rand.Rand, user string) { w.Tenant.Lifecycle(user, "unsuspend") },
		"deactivate": func(w *org, _ *rand.Rand, user string) { w.Tenant.Lifecycle(user, "deactivate") },
		"activate":   func(w *org, _ *rand.Rand, user string) { w.Tenant.Lifecycle(user, "activate") },
		"join":       func(w *org, rng *rand.Rand, user string) { w.Tenant.JoinGroup(w.someGroup(rng), user) },
		"leave":      func(w *org, rng *rand.Rand, user string) { w.Tenant.LeaveGroup(w.someGroup(rng), user) },
		"role":       func(w *org, _ *rand.Rand, user string) { w.Tenant.GiveRole(user, "HELP_DESK_ADMIN") },
		"role taken": func(w *org, _ *rand.Rand, user string) { w.Tenant.TakeRole(user, "HELP_DESK_ADMIN") },
		"group role": func(w *org, rng *rand.Rand, _ string) { w.Tenant.GiveGroupRole(w.someGroup(rng), "READ_ONLY_ADMIN") },
		"group role taken": func(w *org, rng *rand.Rand, _ string) {
			w.Tenant.TakeGroupRole(w.someGroup(rng), "READ_ONLY_ADMIN")
		},
		"new policy": func(w *org, rng *rand.Rand, _ string) {
			if len(w.groups) > 0 && len(w.policies) < 4 {
				w.policies = append(w.policies, w.Tenant.AddEnrollmentPolicy(fmt.Sprintf("Policy %d", len(w.policies)),
					[]string{w.someGroup(rng)},
					toggle([]string{"okta_verify", "webauthn", "phone_number"}[rng.IntN(3)], "okta_email"), 1))
			}
		},
		"rule": func(w *org, rng *rand.Rand, user string) {
			w.Tenant.AddEnrollmentRule(w.policies[rng.IntN(len(w.policies))], oktasim.EnrollmentRule{
				Name:         "Some",
				Self:         "LOGIN",
				ExcludeUsers: []string{user},
			})
		},
		"policy change": func(w *org, rng *rand.Rand, _ string) {
			w.Tenant.SetEnrollmentPolicy(w.policies[rng.IntN(len(w.policies))], nil,
				toggle([]string{"okta_verify", "webauthn", "phone_number", "google_otp"}[rng.IntN(4)], "security_question"))
		},
	}
}

func (w *org) someGroup(rng *rand.Rand) string {
	if len(w.groups) == 0 {
		w.groups = append(w.groups, w.Tenant.AddGroup("Late group"))
	}
	return w.groups[rng.IntN(len(w.groups))]
}

func (w *org) remove(rng *rand.Rand, user string) {
	if kinds := w.Tenant.Factors(user); len(kinds) > 0 {
		w.Tenant.RemoveFactor(user, kinds[rng.IntN(len(kinds))])
	}
}

// change makes one random change and says which.
func (w *org) change(rng *rand.Rand) string {
	changes := changesOf()
	names := slices.Sorted(maps.Keys(changes))
	name := names[rng.IntN(len(names))]
	if rng.IntN(2) == 0 {
		name = []string{"enrol", "remove", "reset"}[rng.IntN(3)]
	}
	changes[name](w, rng, w.users[rng.IntN(len(w.users))])
	return name
}
