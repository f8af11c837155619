package audit_test

import (
	"testing"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
)

func TestAnAuditCountsEverybodyOnceAndOnlyReads(t *testing.T) {
	r := newRig(t, simtest.Options{Tenant: oktasim.Options{Seed: 1, Users: 300}}, 0)
	s := r.audit(nil)
	sum := 0
	for _, n := range s.ByVerdict {
		sum += n
	}
	if s.Total < 250 || sum != s.Total || s.Enrolled+s.NotEnroll != s.Total || s.Rate == nil {
		t.Errorf("%d people, verdicts %v, %d enrolled and %d not, rate %v", s.Total, s.ByVerdict, s.Enrolled, s.NotEnroll, s.Rate)
	}
	if !s.AdminsKnown || s.Admins.Total == 0 {
		t.Errorf("admins known %v, %d of them", s.AdminsKnown, s.Admins.Total)
	}
	for _, c := range r.Tenant.Calls() {
		if c.Method != "GET" {
			t.Errorf("the audit called %s %s", c.Method, c.Pattern)
		}
	}
	t.Log(s.Coverage.Line, s.ByVerdict, s.ByStrength, s.ByMethod, s.Notes, s.Calls)
	again := r.audit(nil)
	if again.Kind != mfa.KindIncremental || again.Coverage.Read != 0 {
		t.Errorf("the second audit is %s (%s) and read %d", again.Kind, again.WhyFull, again.Coverage.Read)
	}
	t.Log(again.Coverage.Line, again.Calls)
}

func TestAFullAuditOfAGroupKeepsWhatIsKnownOfTheOthers(t *testing.T) {
	r := newRig(t, simtest.Options{Tenant: oktasim.Options{Seed: 2, Users: 60}}, 0)
	people := r.Tenant.People()
	group := r.Tenant.AddGroup("Finance", people[3], people[4], people[5])
	r.audit(nil)
	r.Tenant.Enroll(people[20], "webauthn", "FIDO") // outside the group, before its audit
	part := r.audit(func(req *audit.Request) { req.Group, req.Full = group, true })
	if part.Kind != mfa.KindFull || part.Coverage.Read != part.Total || part.Total != 3 {
		t.Errorf("the group's audit is %s and read %d of %d", part.Kind, part.Coverage.Read, part.Total)
	}
	after := r.audit(nil)
	if after.Kind != mfa.KindIncremental || after.Coverage.Read > 1 {
		t.Errorf("the audit of everyone is %s (%s) and read %d people", after.Kind, after.WhyFull, after.Coverage.Read)
	}
	fresh := r.audit(full)
	same(t, 0, r.findings(after.AuditID), r.findings(fresh.AuditID), after, fresh)
}
