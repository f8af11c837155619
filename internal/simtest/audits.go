package simtest

import (
	"context"
	"testing"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

// Audits puts together what the tools of audits need, with state in a folder, and ends it with the test. The log of the
// tenant is taken never to be late, and neither Jira nor Slack is configured.
func Audits(ctx context.Context, t testing.TB, okta *oktaclient.Client, dir string) *tools.MFA {
	t.Helper()
	auditor, err := audit.New(okta, audit.Options{Dir: dir, Domain: "acme.okta.test", LogSettle: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(auditor.Close)
	c, err := delivery.New(delivery.Options{Audits: auditor, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return &tools.MFA{Auditor: auditor, Courier: c, Policy: mfa.DefaultPolicy(), Base: ctx}
}
