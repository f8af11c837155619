package audit_test

import (
	"slices"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
)

// TestARoleThatCameThroughAGroupGoesWithTheMembership: of who leaves a group the log says no word about roles.
func TestARoleThatCameThroughAGroupGoesWithTheMembership(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 81, Users: 10}, 0, func(t *testing.T, r *rig, _ *wire) {
		both := r.Tenant.CreateUser(oktasim.NewUser{Email: "both@acme.example.com"})
		member := r.Tenant.CreateUser(oktasim.NewUser{Email: "member@acme.example.com"})
		group := r.Tenant.AddGroup("Helpers", both, member)
		r.Tenant.GiveGroupRole(group, "HELP_DESK_ADMIN")
		r.Tenant.GiveRole(both, "READ_ONLY_ADMIN")
		time.Sleep(time.Hour)
		found := r.byID(r.audit(nil).AuditID)
		if f := found[both]; f.RolesVia != "both" || !slices.Equal(f.Roles, []string{"HELP_DESK_ADMIN", "READ_ONLY_ADMIN"}) {
			t.Errorf("in person and through the group: %v, %s", f.Roles, f.RolesVia)
		}
		if f := found[member]; f.RolesVia != "group" || !slices.Equal(f.Roles, []string{"HELP_DESK_ADMIN"}) {
			t.Errorf("through the group: %v, %s", f.Roles, f.RolesVia)
		}
		r.Tenant.LeaveGroup(group, both)
		r.Tenant.LeaveGroup(group, member)
		time.Sleep(time.Hour)
		s := r.audit(nil)
		found = r.byID(s.AuditID)
		if f := found[both]; s.Kind != mfa.KindIncremental || f.RolesVia != "direct" || !slices.Equal(f.Roles, []string{"READ_ONLY_ADMIN"}) {
			t.Errorf("%s audit, after leaving the group: %v, %s", s.Kind, f.Roles, f.RolesVia)
		}
		if f := found[member]; f.Admin() {
			t.Errorf("after leaving the group: %v, %s", f.Roles, f.RolesVia)
		}
	})
}

// TestOneAdminWhomOktaHidesDoesNotStopTheAudit refuses the account, and then the roles, of one admin.
func TestOneAdminWhomOktaHidesDoesNotStopTheAudit(t *testing.T) {
	for name, c := range map[string]struct {
		path   string
		effect oktasim.Effect
		roles  []string
	}{
		"account refused": {"", oktasim.Effect403, []string{"SUPER_ADMIN"}},
		"account fails":   {"", oktasim.Effect500, []string{"SUPER_ADMIN"}},
		"roles refused":   {"/roles", oktasim.Effect403, []string{"UNREADABLE"}},
		"roles fail":      {"/roles", oktasim.Effect500, []string{"UNREADABLE"}},
		"roles are none":  {"/roles", oktasim.EffectBare, []string{"UNREADABLE"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, oktasim.Options{Seed: 82, Users: 10}, 0, func(t *testing.T, r *rig, _ *wire) {
				admin := r.Tenant.CreateUser(oktasim.NewUser{Email: "root@acme.example.com"})
				r.Tenant.GiveRole(admin, "SUPER_ADMIN")
				time.Sleep(time.Hour)
				f := oktasim.Fault{Path: "/api/v1/users/" + admin + c.path, Times: -1, Effect: c.effect}
				if c.path == "" {
					f.Pattern = "/api/v1/users/{id}" // and nothing below it
				}
				fault := r.Tenant.Inject(f)
				s := r.audit(nil)
				got := r.byID(s.AuditID)[admin]
				if fault.Fired() == 0 || !slices.Equal(got.Roles, c.roles) || !got.Admin() || got.Verdict == mfa.Unreadable ||
					s.Coverage.Share != 1 {
					t.Errorf("fired %d times; %v, %s; %s; %v", fault.Fired(), got.Roles, got.Verdict, s.Coverage.Line, s.Notes)
				}
				if hidden := c.path != ""; noted(s, "which admin roles some role holders have could not be read") != hidden {
					t.Errorf("notes: %v", s.Notes)
				}
				fault.Remove()
				if got := r.byID(r.audit(nil).AuditID)[admin]; !slices.Equal(got.Roles, []string{"SUPER_ADMIN"}) {
					t.Errorf("once Okta shows them, the roles are %v", got.Roles)
				}
			})
		})
	}
}
