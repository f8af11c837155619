package app

import (
	"context"
	"fmt"
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
	"okta-entitlements-mcp/tools"
)

// audits puts together what audits of multifactor authentication and their reports need.
func (p *App) audits(ctx context.Context) (*tools.MFA, error) {
	dir := p.stateDir("mfa")
	settle := p.Config.MFA.LogSettle
	if settle == 0 {
		settle = -1 // the auditor's word for a log that is never late
	}
	auditor, err := audit.New(p.Okta, audit.Options{
		Dir:       dir,
		Domain:    domainOf(p.Config),
		LogSettle: settle,
		Keep:      p.Config.MFA.Keep,
		Log:       p.Log,
		Record:    p.record,
	})
	if err != nil {
		return nil, err
	}
	m := &tools.MFA{Auditor: auditor, Policy: mfa.DefaultPolicy(), Base: ctx}
	if file := p.Config.MFA.PolicyFile; file != "" {
		if m.Policy, m.Notes, err = AuditPolicy("MFA_POLICY_FILE", file); err != nil {
			return nil, err
		}
	}
	m.Sender, err = p.sender(auditor, dir)
	return m, err
}

// AuditPolicy reads a policy file that a setting or flag names, and returns what is doubtful in it as notes.
func AuditPolicy(setting, name string) (mfa.Policy, []string, error) {
	base := mfa.DefaultPolicy()
	f, err := os.Open(name)
	if err != nil {
		return base, nil, &UsageError{fmt.Errorf("%s: %w", setting, err)}
	}
	defer func() { _ = f.Close() }()
	policy, notes, err := mfa.ParsePolicy(f, base, time.Now())
	if err != nil {
		return base, nil, &UsageError{fmt.Errorf("%s %s: %w", setting, name, err)}
	}
	return policy, notes, nil
}

// sender builds the deliveries that are configured.
func (p *App) sender(auditor *audit.Auditor, dir string) (*delivery.Sender, error) {
	wire, err := network(nil)
	if err != nil {
		return nil, err
	}
	registers := filepath.Join(dir, "delivered")
	if err := durable.MkdirAll(registers, 0o700); err != nil {
		return nil, err
	}
	if p.jira, err = p.newJira(registers, wire); err != nil {
		return nil, &UsageError{err}
	}
	if p.slack, err = p.newSlack(registers, wire); err != nil {
		return nil, &UsageError{err}
	}
	return delivery.New(delivery.Options{
		Audits:      auditor,
		Dir:         dir,
		EnrollURL:   p.Config.MFA.EnrollURL,
		MaxNew:      p.Config.Jira.MaxNew,
		Assign:      p.Config.Jira.AssignToThePerson,
		NotifyUsers: p.Config.Slack.Notify,
		Jira:        p.jira,
		Slack:       p.slack,
		Record:      p.record,
		Log:         p.Log,
	})
}

// newJira returns nil when no site is set.
func (p *App) newJira(dir string, wire http.RoundTripper) (*notify.Jira, error) {
	j := p.Config.Jira
	if j.URL == "" {
		return nil, nil
	}
	return notify.NewJira(notify.JiraOptions{
		BaseURL:          j.URL,
		Email:            j.Email,
		Token:            j.Token,
		PAT:              j.PAT,
		Project:          j.Project,
		IssueType:        j.IssueType,
		Fields:           j.Fields,
		CloseTransition:  j.CloseTransition,
		ReopenTransition: j.ReopenTransition,
		Dir:              dir,
		Transport:        wire,
		Log:              p.Log,
	})
}

// newSlack returns nil when no token is set.
func (p *App) newSlack(dir string, wire http.RoundTripper) (*notify.Slack, error) {
	s := p.Config.Slack
	if s.Token.IsZero() {
		return nil, nil
	}
	once, err := notify.NewOnce(dir)
	if err != nil {
		return nil, err
	}
	return notify.NewSlack(notify.SlackOptions{
		Token:        s.Token,
		Channel:      s.Channel,
		NamesAllowed: s.NamesAllowed,
		Register:     once,
		Every:        s.NotifyEvery,
		BaseURL:      s.APIURL,
		Transport:    wire,
		Log:          p.Log,
	})
}

// ResumeAudit goes on with an audit that a crash or a restart interrupted.
func (p *App) ResumeAudit(ctx context.Context) {
	req, ok := p.Deps.MFA.Auditor.Interrupted()
	switch {
	case !ok:
	case p.Config.ResumeRuns == config.ReportRuns:
		p.Log.Info("interrupted MFA audit", "scope", req.Scope(), "next", "ask for it again: it goes on where it stopped")
	default:
		job, err := p.Deps.MFA.Auditor.Start(ctx, req)
		if err != nil {
			p.Log.Warn("interrupted MFA audit does not go on", "scope", req.Scope(), "error", err)
			return
		}
		p.Log.Info("resuming MFA audit", "audit", job.ID, "scope", req.Scope())
	}
}
