package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/report"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Audits the organisation, headless", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(auditMFACommand())
	return cmd
}

// auditOptions are the flags of `audit mfa`.
type auditOptions struct {
	common
	full, slack, messages, dry, asJSON bool
	group, search, policy, jira, out   string
	failOn, baseline                   string
}

func auditMFACommand() *cobra.Command {
	var o auditOptions
	cmd := &cobra.Command{Use: "mfa", Short: "Audits who signs in without strong MFA, and reports it", Args: cobra.NoArgs,
		Long: "Audits MFA enrolment of everybody, or of one group, and reports it as files, tickets, a digest and messages.\n" +
			"Only reads Okta. Interrupt it at any time: the same command goes on where it stopped.\n" +
			"Exit code 4: a condition of --fail-on holds. Exit code 3: the audit is complete, and a part of the report could not be delivered; the next run tries it again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			conditions, err := o.check()
			if err != nil {
				return &failure{exitUsage, err}
			}
			return o.run(cmd, func(ctx context.Context, p *program) error { return p.auditMFA(ctx, &o, conditions, cmd.OutOrStdout()) })
		}}
	o.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.full, "full", false, "read everybody again, although earlier readings may still hold")
	f.StringVar(&o.group, "group", "", "audit one group: its id or exact name")
	f.StringVar(&o.search, "search", "", "audit users whom an Okta search finds")
	f.StringVar(&o.policy, "policy", "", "audit policy, YAML or JSON, instead of MFA_POLICY_FILE")
	f.StringVar(&o.baseline, "baseline", "", "take the Admin Console's CSV export instead of asking Okta")
	f.StringVar(&o.jira, "jira", "", "tickets: per_user, per_manager or bulk")
	f.BoolVar(&o.slack, "slack", false, "post a digest to the Slack channel")
	f.BoolVar(&o.messages, "notify-users", false, "message everybody who is not compliant; needs SLACK_NOTIFY_USERS=true")
	f.BoolVar(&o.dry, "dry-run", false, "make no tickets and send nothing; say what would be done")
	f.StringVar(&o.out, "out", "", "write findings.csv, summary.json and report.html into this folder")
	f.StringVar(&o.failOn, "fail-on", "", "conditions for exit code 4, such as 'not_enrolled>0, admins.weak_only>0'")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

// check reads what can be read before anything is asked of Okta.
func (o *auditOptions) check() (report.Conditions, error) {
	if o.jira != "" {
		if _, err := oneOf("jira", o.jira, string(report.PerUser), string(report.PerManager), string(report.Bulk)); err != nil {
			return nil, err
		}
	}
	if o.group != "" && o.search != "" {
		return nil, errors.New("--group and --search: an audit covers one of them; leave the other out")
	}
	if o.baseline != "" && (o.jira != "" || o.messages) {
		return nil, errors.New("--baseline: the Admin Console's export is too coarse to make tickets of or to write to people; leave --jira and --notify-users out")
	}
	if o.baseline != "" && (o.group != "" || o.search != "" || o.full) {
		return nil, errors.New("--baseline: an export holds everybody; leave --group, --search and --full out")
	}
	if o.failOn == "" {
		return nil, nil
	}
	conditions, err := report.ParseConditions(o.failOn)
	if err != nil {
		return nil, fmt.Errorf("--fail-on: %w", err)
	}
	return conditions, nil
}

// auditReport is what `audit mfa --json` prints.
type auditReport struct {
	Summary *mfa.Summary      `json:"summary"`
	Receipt *delivery.Receipt `json:"receipt,omitempty"`
	Met     []string          `json:"fail_on,omitempty"` // conditions that hold
}

func (p *program) auditMFA(ctx context.Context, o *auditOptions, conditions report.Conditions, out io.Writer) error {
	policy, notes := p.deps.MFA.Policy, p.deps.MFA.Notes
	if o.policy != "" {
		var err error
		if policy, notes, err = auditPolicy("--policy", o.policy, mfa.DefaultPolicy()); err != nil {
			return err
		}
	}
	order := delivery.Order{Files: o.out != "", Dir: o.out, Tickets: report.Mode(o.jira), Digest: o.slack, Messages: o.messages, DryRun: o.dry}
	if err := p.deps.MFA.Courier.Ready(order); err != nil {
		return &failure{exitUsage, err}
	}
	for _, note := range notes {
		fmt.Fprintln(os.Stderr, "okta-entitlements-mcp: note:", note)
	}
	summary, err := p.auditOnce(ctx, o, policy)
	if errors.Is(err, audit.ErrNoGroup) {
		return &failure{exitUsage, fmt.Errorf("--group: %w", err)}
	}
	if err != nil {
		return err
	}
	result := auditReport{Summary: summary}
	var undelivered error
	if order.Files || o.jira != "" || o.slack || o.messages {
		order.AuditID = summary.AuditID
		result.Receipt, undelivered = p.deps.MFA.Courier.Deliver(ctx, order)
	}
	for _, met := range report.Failed(conditions.Check(*summary)) {
		result.Met = append(result.Met, met.Text)
	}
	return errors.Join(printAudit(out, &result, o.asJSON), result.failure(undelivered))
}

// failure is what the exit status says, nil when all is well. A finding outweighs a report that could not be delivered.
func (r *auditReport) failure(undelivered error) error {
	switch {
	case len(r.Met) > 0:
		return &failure{exitFinding, errors.Join(errors.New("--fail-on: "+strings.Join(r.Met, "; ")), undelivered)}
	case undelivered != nil:
		return fmt.Errorf("the audit is complete, its report was not delivered: %w", undelivered)
	case r.Receipt != nil && r.Receipt.Failed():
		return &failure{exitUnfinished, errors.New("the audit is complete, and a part of its report could not be delivered; run the same command again, it repeats nothing")}
	}
	return nil
}

// exitFinding is the exit code of an audit that found what --fail-on names.
const exitFinding = 4

// auditOnce audits in the foreground, showing progress on stderr.
func (p *program) auditOnce(ctx context.Context, o *auditOptions, policy mfa.Policy) (*mfa.Summary, error) {
	if o.baseline != "" {
		return p.baseline(ctx, o.baseline, policy)
	}
	job, err := p.deps.MFA.Auditor.Start(ctx, audit.Request{Group: o.group, Search: o.search, Full: o.full, Policy: policy, Client: "audit mfa"})
	if err != nil {
		return nil, err
	}
	meter := newMeter(os.Stderr)
	tick := time.NewTicker(meter.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			meter.show(job.Progress())
		case <-job.Ended():
			meter.show(job.Progress())
			meter.end()
			return job.Result()
		}
	}
}

func (p *program) baseline(ctx context.Context, name string, policy mfa.Policy) (*mfa.Summary, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &failure{exitUsage, fmt.Errorf("--baseline: %w", err)}
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := mfa.ParseBaseline(f)
	if err != nil {
		return nil, &failure{exitUsage, fmt.Errorf("--baseline: %w", err)}
	}
	return p.deps.MFA.Auditor.FromBaseline(ctx, b, info.Name(), info.ModTime(), policy)
}

func printAudit(out io.Writer, r *auditReport, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	newStage(out).audit(r.Summary, r.Receipt)
	return nil
}
