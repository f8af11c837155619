package audit_test

import (
	"context"
	"reflect"
	"testing"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
)

// TestALookAtOnePersonSaysWhatAnAuditSays holds the two against each other for everyone in an organisation with
// policies of groups, roles of both kinds, and methods that a policy forbids.
func TestALookAtOnePersonSaysWhatAnAuditSays(t *testing.T) {
	r := newRig(t, simtest.Options{Tenant: oktasim.Options{Seed: 9, Users: 40}}, 0)
	people := r.Tenant.People()
	staff := r.Tenant.AddGroup("Staff", people[5:25]...)
	r.Tenant.AddEnrollmentPolicy("Keys only", []string{staff},
		map[string]string{"okta_password": "REQUIRED", "okta_email": "OPTIONAL", "webauthn": "REQUIRED"}, 1)
	r.Tenant.GiveRole(people[7], "ORG_ADMIN")
	r.Tenant.GiveGroupRole(r.Tenant.AddGroup("Desk", people[8], people[30]), "HELP_DESK_ADMIN")
	policy := mfa.DefaultPolicy()
	policy.OktaVerify, policy.GraceHours = true, 0
	s := r.audit(func(req *audit.Request) { req.Policy = policy; req.Policy.Sample = 0 })
	forbidden, admins := 0, 0
	for login, want := range r.findings(s.AuditID) {
		got, notes, err := r.mfa.Look(context.Background(), want.UserID, policy)
		must(t, err)
		if len(notes) > 0 {
			t.Errorf("%s: notes %q", login, notes)
		}
		for _, m := range want.Methods {
			if m.Active() && m.Allowed == "NOT_ALLOWED" {
				forbidden++
			}
		}
		if want.Admin() {
			admins++
		}
		if got.Verdict != want.Verdict || got.Usable != want.Usable || got.Policy != want.Policy ||
			got.RolesVia != want.RolesVia || !reflect.DeepEqual(got.Roles, want.Roles) ||
			!reflect.DeepEqual(got.Required, want.Required) {
			t.Errorf("%s\n looked at %s, %s under %q, roles %v %s\n audited as %s, %s under %q, roles %v %s", login,
				got.Verdict, got.Usable, got.Policy, got.Roles, got.RolesVia,
				want.Verdict, want.Usable, want.Policy, want.Roles, want.RolesVia)
		}
	}
	if forbidden == 0 || admins != 4 {
		t.Errorf("%d forbidden methods and %d admins: the organisation does not try enough", forbidden, admins)
	}
	r.Tenant.SetPermission("/api/v1/policies", false)
	f, notes, err := r.mfa.Look(context.Background(), people[6], policy)
	if err != nil || len(notes) != 1 || f.Policy.Raw() != "" {
		t.Errorf("without policies: %q under %q, %v", notes, f.Policy, err)
	}
}
