package report_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	audits "okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/simtest"
)

// TestPageOfAnAuditedTenantInABrowser audits a tenant of 5,000 people, lets some of them enrol, audits it again, and opens the
// report of the second audit.
func TestPageOfAnAuditedTenantInABrowser(t *testing.T) {
	b := open(t)
	w := simtest.New(t, simtest.Options{Tenant: oktasim.Options{Seed: 7, Users: 5000}})
	people := w.Tenant.People()
	for i, role := range []string{"ORG_ADMIN", "HELP_DESK_ADMIN", "USER_ADMIN", "READ_ONLY_ADMIN"} {
		w.Tenant.GiveRole(people[10+7*i], role)
	}
	for range 5 {
		w.Tenant.AddEvent(oktasim.Event{Type: "user.mfa.okta_verify.deny_push", UserID: people[17]})
	}
	auditor, err := audits.New(w.Okta, audits.Options{Dir: t.TempDir(), Domain: "acme.okta.test", LogSettle: -1})
	if err != nil {
		t.Fatal(err)
	}
	var s *mfa.Summary
	for round := range 2 {
		if s, err = auditor.Run(context.Background(), audits.Request{Policy: mfa.DefaultPolicy()}, nil); err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			w.Tenant.Enroll(people[100*(i+1)+round], "webauthn", "FIDO")
		}
	}
	if s.Kind != mfa.KindIncremental || s.Change == nil || s.Change.Fixed == 0 || len(s.History) != 2 || s.Total < 4500 {
		t.Fatalf("the second audit is %s of %d people, with %+v", s.Kind, s.Total, s.Change)
	}
	files, err := report.WriteFiles(t.TempDir(), *s, func() iter.Seq2[mfa.Finding, error] { return auditor.All(s.AuditID) })
	if err != nil {
		t.Fatal(err)
	}
	shots := screenshots(t)
	for _, scheme := range []string{"light", "dark"} {
		b.look(1280, scheme)
		b.visit(files.Page.Path)
		checkPage(t, b, scheme, 1280, 4)
		checkBrightness(t, scheme, b.shoot(shots, fmt.Sprintf("tenant-%s.png", scheme), 1280, 0, 2400), scheme == "dark")
	}
	if c := b.complaints(); len(c) > 0 {
		t.Errorf("the browser complains: %q", c)
	}
}
