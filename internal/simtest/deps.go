package simtest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

// Deps puts together what the tools need on a world, with an inbox in a folder. It is the tests' counterpart of package app,
// for what that cannot do: run in a testing/synctest bubble, on a client that was made before it and with an engine that
// need not sync, and restart on the same client. Jobs end with ctx; the rest ends with the test.
func (w *World) Deps(ctx context.Context, inboxDir string) *tools.Deps {
	w.t.Helper()
	inbox, err := intake.NewInbox(inboxDir)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = inbox.Close() })
	state := filepath.Dir(w.Dir)
	plans, err := plan.NewStore(filepath.Join(state, "plans"))
	if err != nil {
		w.t.Fatal(err)
	}
	deps := &tools.Deps{
		About:    tools.About{Version: "test", Domain: "acme.okta.test"},
		Okta:     w.Okta,
		Inbox:    inbox,
		Plans:    plans,
		Mappings: mapping.At(state),
		Gate:     w.Gate,
		Engine:   w.Engine,
		Mode:     plan.ModeAdditive,
		ToolWait: 45 * time.Second,
		MFA:      Audits(ctx, w.t, w.Okta, filepath.Join(state, "mfa")),
	}
	deps.Jobs = batch.NewJobs(ctx, w.Engine, func(p *plan.Plan, s *batch.Summary) {
		if _, err := deps.Finish(p, s); err != nil {
			w.t.Errorf("move the finished report: %v", err)
		}
	})
	return deps
}

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
	return &tools.MFA{Auditor: auditor, Sender: c, Policy: mfa.DefaultPolicy(), Base: ctx}
}
