package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/tools"
)

// audits puts together what audits of multifactor authentication and their reports need.
func (p *program) audits(ctx context.Context) (*tools.MFA, error) {
	dir := p.stateDir("mfa")
	settle := p.cfg.MFA.LogSettle
	if settle == 0 {
		settle = -1 // the auditor's word for a log that is never late
	}
	auditor, err := audit.New(p.okta, audit.Options{Dir: dir, Domain: domainOf(p.cfg), LogSettle: settle, Keep: p.cfg.MFA.Keep, Log: p.log, Record: p.recordAudit})
	if err != nil {
		return nil, err
	}
	m := &tools.MFA{Auditor: auditor, Policy: mfa.DefaultPolicy(), Base: ctx}
	if m.Policy, m.Notes, err = auditPolicy("MFA_POLICY_FILE", p.cfg.MFA.PolicyFile, m.Policy); err != nil {
		return nil, err
	}
	m.Courier, err = p.courier(auditor, dir)
	return m, err
}

// auditPolicy reads a policy file that a setting or flag names; an empty name leaves the policy as it is.
func auditPolicy(setting, name string, base mfa.Policy) (mfa.Policy, []string, error) {
	if name == "" {
		return base, nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return base, nil, &failure{exitUsage, fmt.Errorf("%s: %w", setting, err)}
	}
	defer func() { _ = f.Close() }()
	policy, notes, err := mfa.ParsePolicy(f, base, time.Now())
	if err != nil {
		return base, nil, &failure{exitUsage, fmt.Errorf("%s %s: %w", setting, name, err)}
	}
	return policy, notes, nil
}

// courier builds the deliveries that are configured.
func (p *program) courier(auditor *audit.Auditor, dir string) (*delivery.Courier, error) {
	o := delivery.Options{Audits: auditor, Dir: dir, EnrollURL: p.cfg.MFA.EnrollURL, MaxNew: p.cfg.Jira.MaxNew, Assign: p.cfg.Jira.AssignToThePerson,
		NotifyUsers: p.cfg.Slack.Notify, Record: p.recordAudit, Log: p.log}
	wire, err := network(nil)
	if err != nil {
		return nil, err
	}
	registers := filepath.Join(dir, "delivered")
	if err := durable.MkdirAll(registers, 0o700); err != nil {
		return nil, err
	}
	if o.Jira, err = p.jira(registers, wire); err != nil {
		return nil, &failure{exitUsage, err}
	}
	if o.Slack, err = p.slack(registers, wire); err != nil {
		return nil, &failure{exitUsage, err}
	}
	return delivery.New(o)
}

// jira is nil when no site is set.
func (p *program) jira(dir string, wire http.RoundTripper) (*notify.Jira, error) {
	j := p.cfg.Jira
	if j.URL == "" {
		return nil, nil
	}
	return notify.NewJira(notify.JiraOptions{BaseURL: j.URL, Email: j.Email, Token: j.Token, PAT: j.PAT, Project: j.Project, IssueType: j.IssueType, Fields: j.Fields,
		CloseTransition: j.CloseTransition, ReopenTransition: j.ReopenTransition, Dir: dir, Transport: wire, Log: p.log})
}

// slack is nil when no token is set.
func (p *program) slack(dir string, wire http.RoundTripper) (*notify.Slack, error) {
	s := p.cfg.Slack
	if s.Token.IsZero() {
		return nil, nil
	}
	once, err := notify.NewOnce(dir)
	if err != nil {
		return nil, err
	}
	return notify.NewSlack(notify.SlackOptions{Token: s.Token, Channel: s.Channel, NamesAllowed: s.NamesAllowed, Register: once, Every: s.NotifyEvery, BaseURL: s.APIURL, Transport: wire, Log: p.log})
}

// resumeAudit goes on with an audit that a crash or a restart interrupted.
func (p *program) resumeAudit(ctx context.Context) {
	req, ok := p.deps.MFA.Auditor.Interrupted()
	switch {
	case !ok:
	case p.cfg.ResumeRuns == config.ReportRuns:
		p.log.Info("interrupted MFA audit", "scope", req.Scope(), "next", "ask for it again: it goes on where it stopped")
	default:
		job, err := p.deps.MFA.Auditor.Start(ctx, req)
		if err != nil {
			p.log.Warn("interrupted MFA audit does not go on", "scope", req.Scope(), "error", err)
			return
		}
		p.log.Info("resuming MFA audit", "audit", job.ID, "scope", req.Scope())
	}
}

// recordAudit writes a step of an audit, or of the delivery of its report, into the trail.
func (p *program) recordAudit(ctx context.Context, s audit.Step) error {
	client, _ := s.Details["client"].(string)
	details := map[string]any{}
	for name, v := range s.Details {
		if name != "client" {
			details[name] = v
		}
	}
	_, err := p.trail.Append(ctx, trail.Entry{Actor: actorOf(p.cfg), Client: client, Step: s.Name, RunID: s.AuditID, Outcome: s.Outcome, Arguments: details})
	return err
}

// examineReports checks the ticket system and the channel, as far as they are configured.
func (p *program) examineReports(ctx context.Context, out io.Writer) error {
	wire, err := network(nil)
	if err != nil {
		return err
	}
	dir := p.stateDir("mfa")
	var failed []error
	say := func(what string, err error) {
		check := tools.Check{What: what, Result: "ok"}
		if err != nil {
			check.Result = err.Error()
			failed = append(failed, fmt.Errorf("%s: %w", what, err))
		}
		describeCheck(out, "check", check)
	}
	if jira, err := p.jira(dir, wire); err == nil && jira != nil {
		say("jira", jira.Check(ctx))
	}
	if slack, err := p.slack(dir, wire); err == nil && slack != nil {
		say("slack", slack.Check(ctx))
	}
	return errors.Join(failed...)
}
