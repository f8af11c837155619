package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/tools"
)

func auditCommand(samples fs.FS) *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Audits the organisation, headless", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(auditMFACommand(samples))
	return cmd
}

// auditOptions are the flags of `audit mfa`.
type auditOptions struct {
	common
	full     bool
	slack    bool
	messages bool
	dry      bool
	asJSON   bool
	group    string
	search   string
	policy   string
	jira     string
	out      string
	failOn   string
	baseline string

	conditions report.Conditions // of failOn
}

func auditMFACommand(samples fs.FS) *cobra.Command {
	o := auditOptions{common: common{samples: samples}}
	cmd := &cobra.Command{Use: "mfa", Short: "Audits who signs in without strong MFA, and reports it", Args: cobra.NoArgs,
		Long: "Audits the MFA enrolment of all people, or of one group, and reports it as files, tickets, a bulletin and messages.\n" +
			"Only reads Okta. Interrupt it at any time: the same command goes on where it stopped.\n" +
			"Exit code 4: a condition of --fail-on holds. Exit code 3: the audit is complete, and a part of the report could not be\n" +
			"delivered; the next run tries it again.",
		PreRunE: func(*cobra.Command, []string) error { return o.check() }, // before anything is asked of Okta
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, func(ctx context.Context, p *app.App) error { return o.audit(ctx, p, cmd.OutOrStdout()) })
		}}
	o.register(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.full, "full", false, "read all people again, although earlier readings may still hold")
	f.StringVar(&o.group, "group", "", "audit one group: its id or exact name")
	f.StringVar(&o.search, "search", "", "audit the users that an Okta search finds")
	f.StringVar(&o.policy, "policy", "", "audit policy, YAML or JSON, instead of MFA_POLICY_FILE")
	f.StringVar(&o.baseline, "baseline", "", "take the Admin Console's CSV export instead of asking Okta")
	f.StringVar(&o.jira, "jira", "", "tickets: per_user, per_manager or bulk")
	f.BoolVar(&o.slack, "slack", false, "post a bulletin to the Slack channel")
	f.BoolVar(&o.messages, "notify-users", false, "message every person who is not compliant; needs SLACK_NOTIFY_USERS=true")
	f.BoolVar(&o.dry, "dry-run", false, "make no tickets and send nothing; say what would be done")
	f.StringVar(&o.out, "out", "", "write findings.csv, summary.json and report.html into this folder")
	f.StringVar(&o.failOn, "fail-on", "", "conditions for exit code 4, such as 'not_enrolled>0, admins.weak_only>0'")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

// check reads what can be read before anything is asked of Okta.
func (o *auditOptions) check() (err error) {
	if o.jira != "" {
		if _, err := oneOf("jira", o.jira, string(report.PerUser), string(report.PerManager), string(report.Bulk)); err != nil {
			return err
		}
	}
	if err := (audit.Request{Group: o.group, Search: o.search}).Check(); err != nil {
		return usage(fmt.Errorf("--group and --search: %w", err))
	}
	if o.baseline != "" {
		if err := o.order().Check(mfa.KindBaseline); err != nil {
			return usage(fmt.Errorf("--baseline with --jira or --notify-users: %w", err))
		}
	}
	switch {
	case o.baseline != "" && (o.group != "" || o.search != "" || o.full):
		return usage(errors.New("--baseline: an export holds all people; leave --group, --search and --full out"))
	case o.failOn == "":
		return nil
	}
	if o.conditions, err = report.ParseConditions(o.failOn); err != nil {
		return usage(fmt.Errorf("--fail-on: %w", err))
	}
	return nil
}

// AuditReport is what `audit mfa --json` prints.
type AuditReport struct {
	Summary *mfa.Summary      `json:"summary"`
	Receipt *delivery.Receipt `json:"receipt,omitempty"`
	Met     []string          `json:"fail_on,omitempty"` // conditions that hold
}

// audit is the command once its flags are checked and the program is assembled.
func (o *auditOptions) audit(ctx context.Context, p *app.App, out io.Writer) error {
	policy, notes := p.Deps.MFA.Policy, p.Deps.MFA.Notes
	if o.policy != "" {
		var err error
		if policy, notes, err = app.AuditPolicy("--policy", o.policy); err != nil {
			return err
		}
	}
	order := o.order()
	if err := p.Deps.MFA.Sender.Ready(order); err != nil {
		return usage(err)
	}
	printNotes(notes)
	summary, err := o.find(ctx, p, policy)
	if errors.Is(err, audit.ErrNoGroup) {
		return usage(fmt.Errorf("--group: %w", err))
	}
	if err != nil {
		return err
	}
	result := AuditReport{Summary: summary}
	var undelivered error
	if order.Files || o.jira != "" || o.slack || o.messages {
		order.AuditID = summary.AuditID
		result.Receipt, undelivered = p.Deps.MFA.Sender.Deliver(ctx, order)
	}
	for _, met := range report.Failed(o.conditions.Check(*summary)) {
		result.Met = append(result.Met, met.Text)
	}
	return errors.Join(result.print(out, o.asJSON), result.failure(undelivered))
}

// order is what the flags say about delivery.
func (o *auditOptions) order() delivery.Order {
	return delivery.Order{
		Files:    o.out != "",
		Dir:      o.out,
		Tickets:  report.Mode(o.jira),
		Bulletin: o.slack,
		Messages: o.messages,
		DryRun:   o.dry,
	}
}

// find audits in the foreground.
func (o *auditOptions) find(ctx context.Context, p *app.App, policy mfa.Policy) (*mfa.Summary, error) {
	if o.baseline != "" {
		return readBaseline(ctx, p, o.baseline, policy)
	}
	job, err := p.Deps.MFA.Auditor.Start(ctx, audit.Request{
		Group:  o.group,
		Search: o.search,
		Full:   o.full,
		Policy: policy,
		Client: "audit mfa",
	})
	if err != nil {
		return nil, err
	}
	return follow(ctx, job.Job)
}

// readBaseline takes the Admin Console's export for the whole audit.
func readBaseline(ctx context.Context, p *app.App, name string, policy mfa.Policy) (*mfa.Summary, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usage(fmt.Errorf("--baseline: %w", err))
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := tools.ReadBaseline(f)
	if err != nil {
		return nil, usage(fmt.Errorf("--baseline: %w", err))
	}
	return p.Deps.MFA.Auditor.FromBaseline(ctx, b, info.Name(), info.ModTime(), policy, nil)
}

func (r *AuditReport) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(out, r)
	}
	newScreen(out).audit(r.Summary, r.Receipt)
	return nil
}

// failure is what the exit status says, nil when all is well. A finding outweighs a report that could not be delivered.
func (r *AuditReport) failure(undelivered error) error {
	switch {
	case len(r.Met) > 0:
		return &failure{ExitFinding, errors.Join(errors.New("--fail-on: "+strings.Join(r.Met, "; ")), undelivered)}
	case undelivered != nil:
		return fmt.Errorf("the audit is complete, its report was not delivered: %w", undelivered)
	case r.Receipt != nil && r.Receipt.Failed():
		return &failure{ExitUnfinished, errors.New("the audit is complete, and a part of its report could not be delivered; " +
			"run the same command again, it repeats nothing")}
	}
	return nil
}
