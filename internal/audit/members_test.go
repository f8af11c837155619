package audit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// Recorded at Okta: the list of a group's members lags seconds behind the group's stamp. An audit that reads in between is
// wrong about whoever has just come or gone, and no later audit may be.
func TestAStaleListOfMembersIsNotRemembered(t *testing.T) {
	for _, c := range []struct {
		name    string
		settle  time.Duration
		noEvent bool // the log does not show the membership
		then    func(*audit.Request)
		atOnce  bool // the audit that met the stale list is right, too
	}{
		{"the next audit", -1, false, nil, false},
		{"the next audit without an event", -1, true, nil, false},
		{"a full audit", -1, true, full, false},
		{"the same audit, which reads the log twice", 150 * time.Second, false, nil, true},
		{"the same audit without an event", 150 * time.Second, true, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := simtest.Options{
				Tenant: oktasim.Options{Seed: 3, Users: 20},
				Lines:  simtest.Lines(t, 1, oktaclient.Options{}),
			}
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, o, c.settle)
				people := r.Tenant.People()
				group := r.Tenant.AddGroup("Staff", people[3])
				r.Tenant.AddEnrollmentPolicy("Strict", []string{group}, map[string]string{"webauthn": "REQUIRED"}, 1)
				time.Sleep(time.Hour)
				r.audit(nil)
				time.Sleep(time.Hour)
				if c.noEvent {
					r.Tenant.HideEvents(func(oktasim.Event) bool { return true })
				}
				r.Tenant.JoinGroup(group, people[5])
				r.Tenant.LeaveGroup(group, people[3])
				policies := func(change func(*audit.Request)) [2]string {
					findings := r.findings(r.audit(change).AuditID)
					var got [2]string
					for login, f := range findings {
						switch r.Tenant.UserByEmail(login) {
						case people[3]:
							got[0] = f.Policy.Raw()
						case people[5]:
							got[1] = f.Policy.Raw()
						}
					}
					return got
				}
				want := [2]string{"Default Policy", "Strict"}
				if got := policies(nil); c.atOnce && got != want {
					t.Errorf("the audit that met the stale list says %v", got)
				} else if !c.atOnce && got == want {
					t.Error("the list was not stale: nothing is tested")
				}
				time.Sleep(2 * time.Minute)
				if got := policies(c.then); got != want {
					t.Errorf("the next audit says %v, want %v", got, want)
				}
			})
		})
	}
}

// Two changes within one second have the same stamp: a list that was read between them must not be remembered under it.
func TestEqualStampsDoNotHideASecondChange(t *testing.T) {
	o := simtest.Options{
		Tenant: oktasim.Options{Seed: 3, Users: 20, MemberLag: -1},
		Lines:  simtest.Lines(t, 1, oktaclient.Options{}),
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, o, 0)
		people := r.Tenant.People()
		group := r.Tenant.AddGroup("Staff", people[3])
		r.Tenant.AddEnrollmentPolicy("Strict", []string{group}, map[string]string{"webauthn": "REQUIRED"}, 1)
		time.Sleep(time.Hour)
		r.Tenant.HideEvents(func(oktasim.Event) bool { return true })
		r.Tenant.JoinGroup(group, people[4])
		r.audit(nil)
		r.Tenant.JoinGroup(group, people[5])
		time.Sleep(time.Hour)
		for login, f := range r.findings(r.audit(nil).AuditID) {
			if r.Tenant.UserByEmail(login) == people[5] && f.Policy.Raw() != "Strict" {
				t.Errorf("the policy of who joined in the same second is %q", f.Policy)
			}
		}
	})
}
