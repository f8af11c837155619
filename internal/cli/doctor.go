package cli

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/tools"
)

func doctorCommand(samples fs.FS) *cobra.Command {
	flags := common{samples: samples}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Checks the configuration and what the credential may do; writes nothing to Okta",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.run(cmd, func(ctx context.Context, p *app.App) error { return doctor(ctx, p, cmd.OutOrStdout()) })
		},
	}
	flags.register(cmd)
	return cmd
}

func doctor(ctx context.Context, p *app.App, out io.Writer) error {
	printPlaces(out, p)
	found, err := p.Examine(ctx)
	if err != nil {
		return err
	}
	printExamination(out, found)
	return found.Failed()
}

// printPlaces says where the program found what.
func printPlaces(out io.Writer, p *app.App) {
	where := func(what, path, why string) {
		if path == "" {
			path = "none"
		}
		fmt.Fprintf(out, "%-10s %s (%s)\n", what, path, why)
	}
	about := p.Deps.About
	fmt.Fprintf(out, "%-10s %s\n", "version", about.Version)
	if about.EnvFile.Path == "" {
		about.EnvFile.Why = "no .env in " + strings.Join(p.Config.Sources.Searched, ", ")
	}
	where("settings", about.EnvFile.Path, about.EnvFile.Why)
	where("inbox", about.Inbox.Path, about.Inbox.Why)
	where("state", about.State.Path, about.State.Why)
	fmt.Fprintf(out, "%-10s %s\n", "writers", p.StateWriters)
	fmt.Fprintf(out, "%-10s %s\n", "okta", about.Domain)
}

func printExamination(out io.Writer, e *app.Examination) {
	fmt.Fprintf(out, "%-10s %s %q, %s, acting as %s\n", "org", e.Okta.OrgID, e.Okta.OrgName, e.Okta.Pipeline, e.Okta.Acting)
	if e.Clock != "" {
		fmt.Fprintf(out, "%-10s %s\n", "clock", e.Clock)
	}
	printChecks(out, "check", e.Okta.Checks)
	printChecks(out, "check", e.Reports)
	printChecks(out, "for audits", e.Audits)
	for _, a := range e.Okta.Apps {
		fmt.Fprintf(out, "%-10s %s %q, entitlement management on\n", "app", a.AppID, a.Label)
	}
	if e.Failed() == nil {
		fmt.Fprintln(out, "all is well")
	}
}

func printChecks(out io.Writer, kind string, checks []tools.Check) {
	for _, c := range checks {
		fmt.Fprintf(out, "%-10s %-18s %s", kind, c.What, c.Result)
		if c.Next != "" {
			fmt.Fprintf(out, " (%s: %s)", c.Code, c.Next)
		}
		fmt.Fprintln(out)
	}
}
