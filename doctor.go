package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/tools"
)

func doctorCommand() *cobra.Command {
	var flags common
	cmd := &cobra.Command{Use: "doctor", Short: "Checks the configuration and what the credential may do; writes nothing to Okta", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.run(cmd, func(ctx context.Context, p *program) error { return p.examine(ctx, cmd.OutOrStdout()) })
		}}
	flags.flags(cmd)
	return cmd
}

func (p *program) examine(ctx context.Context, out io.Writer) error {
	p.describe(out)
	report, err := tools.Diagnose(ctx, p.deps)
	if err != nil {
		problem := tools.Explain(err)
		return fmt.Errorf("okta cannot be used: %s: %w", problem.Code, problem)
	}
	for _, c := range tools.AuditChecks(ctx, p.deps) {
		describeCheck(out, "for audits", c)
	}
	reports := p.examineReports(ctx, out)
	return errors.Join(reports, describeOkta(out, report))
}

// describe says where the program found what.
func (p *program) describe(out io.Writer) {
	where := func(what, path, why string) {
		if path == "" {
			path = "none"
		}
		fmt.Fprintf(out, "%-10s %s (%s)\n", what, path, why)
	}
	about := p.deps.About
	fmt.Fprintf(out, "%-10s %s\n", "version", about.Version)
	if about.EnvFile.Path == "" {
		about.EnvFile.Why = "no .env in " + strings.Join(p.cfg.Sources.Searched, ", ")
	}
	where("settings", about.EnvFile.Path, about.EnvFile.Why)
	where("inbox", about.Inbox.Path, about.Inbox.Why)
	where("state", about.State.Path, about.State.Why)
	fmt.Fprintf(out, "%-10s %s\n", "okta", about.Domain)
}

func describeOkta(out io.Writer, r tools.OktaTestOut) error {
	fmt.Fprintf(out, "%-10s %s %q, %s, acting as %s\n", "org", r.OrgID, r.OrgName, r.Pipeline, r.Acting)
	for _, c := range r.Checks {
		describeCheck(out, "check", c)
	}
	for _, app := range r.Apps {
		fmt.Fprintf(out, "%-10s %s %q, entitlement management on\n", "app", app.AppID, app.Label)
	}
	if r.Cannot > 0 {
		return fmt.Errorf("%d of %d checks are not ok", r.Cannot, len(r.Checks))
	}
	fmt.Fprintln(out, "all is well")
	return nil
}

func describeCheck(out io.Writer, what string, c tools.Check) {
	fmt.Fprintf(out, "%-10s %-18s %s", what, c.What, c.Result)
	if c.Next != "" {
		fmt.Fprintf(out, " (%s: %s)", c.Code, c.Next)
	}
	fmt.Fprintln(out)
}
