package simtest

import (
	"context"
	"testing"

	"okta-entitlements-mcp/internal/courier"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

// Audits puts together what the tools of audits need, with state in a folder, and ends it with the test. The log of the
// tenant is taken never to be late, and neither Jira nor Slack is configured.
func Audits(ctx context.Context, t testing.TB, okta *oktaclient.Client, dir string) *tools.MFA {
	t.Helper()
	auditor, err := mfa.New(okta, mfa.Options{Dir: dir, Domain: "acme.okta.test", LogSettle: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(auditor.Close)
	c, err := courier.New(courier.Options{Audits: auditor, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return &tools.MFA{Auditor: auditor, Courier: c, Policy: mfa.DefaultPolicy(), Base: ctx}
}
