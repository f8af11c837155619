package tools_test

import (
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// staff are the people of the tests about MFA: who has which factors, and who holds which admin role.
var staff = []struct{ name, department, role, group, factors string }{
	{"ada", "IT", "SUPER_ADMIN", "", "sms"},              // an admin with SMS and nothing else
	{"bob", "IT", "HELP_DESK_ADMIN", "", "sms webauthn"}, // an admin with SMS and something better
	{"cy", "IT", "", "Identity team", "call"},            // an admin by a group, with a phone
	{"di", "Sales", "", "", "push token:software:totp"},
	{"ed", "Sales", "", "", "sms"},
	{"flo", "Sales", "", "", ""},
	{"gus", "", "", "", "email question"}, // which do not count
}

// staffed puts the staff into the tenant and returns their ids by name. The tenant's own administrator is there as
// well.
func (r *rig) staffed() map[string]string {
	r.t.Helper()
	ids := map[string]string{}
	long := time.Now().Add(-300 * 24 * time.Hour)
	for _, p := range staff {
		id := r.Tenant.AddUser(oktasim.NewUser{
			Email:      p.name + "@acme.example.com",
			Department: p.department,
			Created:    long,
		})
		ids[p.name] = id
		for _, kind := range strings.Fields(p.factors) {
			r.factor(id, kind)
		}
		if p.role != "" {
			r.Tenant.GiveRole(id, p.role)
		}
		if p.group != "" {
			r.Tenant.GiveGroupRole(r.Tenant.AddGroup(p.group, id), "USER_ADMIN")
		}
	}
	return ids
}

func (r *rig) factor(user, kind string) {
	provider := "OKTA"
	if kind == "webauthn" {
		provider = "FIDO"
	}
	r.Tenant.AddFactor(user, kind, provider, "", nil)
}

// audited audits to the end and holds the answer to what every answer must have.
func (r *rig) audited(args arguments) tools.AuditOut {
	r.t.Helper()
	out := call[tools.AuditOut](r, "okta_mfa_audit", args)
	if out.Status != "complete" || out.Summary == nil || !audit.IsAuditID(out.AuditID) {
		r.t.Fatalf("okta_mfa_audit %v: %+v", args, out)
	}
	b := out.Summary
	r.addsUp("okta_mfa_audit", b.Coverage, b.TallyItem)
	return out
}

// addsUp fails unless verdicts and strengths add up to all people, and the answer says how much of it is known.
func (r *rig) addsUp(what, coverage string, t *tools.TallyItem) {
	r.t.Helper()
	if !strings.Contains(coverage, "people listed") {
		r.t.Errorf("%s has no coverage line: %q", what, coverage)
	}
	if t == nil || sum(t.ByVerdict) != t.Total || sum(t.ByStrength) != t.Total || t.Total == 0 {
		r.t.Errorf("%s does not add up: %+v", what, t)
	}
}

// asks counts the calls to Okta that something makes.
func (r *rig) asks(do func()) int {
	r.t.Helper()
	before := calls(r)
	do()
	return calls(r) - before
}

func calls(r *rig) int {
	n := 0
	for _, c := range r.Tenant.Calls() {
		n += c.Count
	}
	return n
}

// audits runs a test of audits in virtual time.
func audits(t *testing.T, o rigOptions, body func(t *testing.T, r *rig, ids map[string]string)) {
	t.Helper()
	inBubble(t, o, func(t *testing.T, r *rig) { body(t, r, r.staffed()) })
}

// logins names the people of a page, without their domain.
func logins(f tools.FindingsOut) []string {
	var names []string
	for _, p := range f.People {
		name, _, _ := strings.Cut(p.Login, "@")
		names = append(names, name)
	}
	return names
}

// noAudit is an id of an audit that there never was.
const noAudit = "mfa_20200101T000000Z_000000zz"
