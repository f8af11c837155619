package report_test

import (
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/untrusted"
)

func TestExemptionsAreInTheBulletinAndInTheBulkTicket(t *testing.T) {
	asOf := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	s := mfa.Summary{AuditID: "mfa_1", OrgID: "00o1", Org: "acme.okta.test", AsOf: asOf,
		Scope: untrusted.NewStored(mfa.Everybody), Kind: mfa.KindFull, Policy: mfa.DefaultPolicy(), Coverage: mfa.Coverage{Listed: 1, Read: 1},
		Exemptions: []mfa.Exemption{
			{User: untrusted.NewStored("svc-backup@acme.example.com"), Owner: untrusted.NewStored("Grace"), Reason: untrusted.NewStored("unattended"), Expires: asOf.AddDate(0, 2, 0), State: "in_force"},
			{User: untrusted.NewStored("glass@acme.example.com"), Owner: untrusted.NewStored("Ada"), Reason: untrusted.NewStored("break glass"), Expires: asOf.AddDate(0, 1, 0), State: "in_force"},
			{User: untrusted.NewStored("old@acme.example.com"), Owner: untrusted.NewStored("Ada"), Reason: untrusted.NewStored("migration"), Expires: asOf.AddDate(0, -1, 0), State: "expired"},
		}}
	d, err := report.Bulletin(s, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(d.Lines, "\n")
	if !strings.Contains(text,
		"2 exemptions are in force, the next ends on 23 December 2026. 1 exemption has "+
			"expired") || strings.Contains(text, "glass") || strings.Contains(text, "Ada") {
		t.Errorf("the bulletin says %q", text)
	}
	failing := mfa.Finding{UserID: "00u1", Login: untrusted.NewStored("bob@acme.example.com"), Verdict: mfa.NotEnrolled, Sources: "both"}
	wanted, err := report.Tickets(s, func(yield func(mfa.Finding, error) bool) { yield(failing, nil) }, report.Bulk, report.TicketOptions{})
	if err != nil || len(wanted.Open) != 1 {
		t.Fatalf("tickets %+v, %v", wanted.Open, err)
	}
	lines := strings.Join(wanted.Open[0].Lines, "\n")
	for _, want := range []string{"Exempt: glass@acme.example.com until 23 December 2026, Ada answers " +
		"for it: break glass", "old@acme.example.com, expired on"} {
		if !strings.Contains(lines, want) {
			t.Errorf("the bulk ticket does not say %q:\n%s", want, lines)
		}
	}
	if strings.Index(lines, "glass@") > strings.Index(lines, "svc-backup@") {
		t.Error("the exemption that ends first is not first")
	}
}
