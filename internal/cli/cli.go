// Package cli is the command line: a file a command, exit codes, what is printed, and the progress meter.
package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
)

// softMemory is where the garbage collector begins to work harder, in bytes: the program runs beside others on a laptop.
// GOMEMLIMIT overrides it.
const softMemory = 224 << 20

// Main runs the command that the process was started with and returns its exit code. Samples has the built-in access
// reports in its folder csv.
func Main(samples fs.FS) int {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return exitCode(Commands(samples).ExecuteContext(ctx))
}

// Commands is the parts list: what the program can do, one file each.
func Commands(samples fs.FS) *cobra.Command {
	root := &cobra.Command{
		Use:           "okta-entitlements-mcp",
		Short:         "Governs Okta entitlements from access reports: by conversation over MCP, or headless",
		Long:          "Without a command it serves MCP over stdio, as `serve` does.",
		Version:       app.Version(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	serve := serveCommand(samples)
	root.RunE = serve.RunE
	root.Flags().AddFlagSet(serve.Flags())
	root.AddCommand(
		serve,                  // serve.go: MCP over stdio, for Claude Desktop and other clients
		demoCommand(samples),   // demo.go: the whole workflow on an embedded tenant
		simCommand(),           // sim.go: the simulated tenant on a local address
		planCommand(samples),   // plan.go: makes a plan from a report, headless
		applyCommand(samples),  // apply.go: carries a saved plan out, headless
		auditCommand(samples),  // audit.go: audits MFA headless, for cron
		undoCommand(samples),   // undo.go: takes back what a run added
		mappingCommand(),       // mapping.go: the saved mappings and the known exports
		trailCommand(),         // trail.go: checks the record of everything
		doctorCommand(samples), // doctor.go: checks configuration and credential, read-only
		versionCommand(),       // version.go: build information
	)
	wrongUse(root)
	return root
}

// wrongUse gives flags and arguments that a command does not take the exit code of wrong use.
func wrongUse(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(advised(cmd, err, nil)) })
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage(advised(cmd, err, args))
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrongUse(sub)
	}
}

// advised adds what the command takes, or which command may be meant, to an error of wrong use.
func advised(cmd *cobra.Command, err error, args []string) error {
	advice := "it is used as: " + cmd.UseLine()
	if cmd.HasSubCommands() && len(args) > 0 {
		advice = "see: " + cmd.CommandPath() + " --help"
		cmd.SuggestionsMinimumDistance = 2
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			advice = "is " + strings.Join(near, " or ") + " meant? " + advice
		}
	}
	return fmt.Errorf("%w; %s", err, advice)
}
