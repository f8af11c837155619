package mfa_test

import (
	"testing"

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
