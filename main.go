// Command okta-entitlements-mcp governs Okta entitlements from access reports, by conversation over MCP or headless.
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// samples are the access reports that the demo and the simulated tenant use.
//
//go:embed csv/*.csv
var samples embed.FS

// softMemory is where the garbage collector begins to work harder, in bytes: the program runs beside others on a laptop.
// GOMEMLIMIT overrides it.
const softMemory = 224 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(exitCode(commands().ExecuteContext(ctx)))
}

// commands is the parts list: what the program can do, one file each.
func commands() *cobra.Command {
	root := &cobra.Command{
		Use:           "okta-entitlements-mcp",
		Short:         "Governs Okta entitlements from access reports: by conversation over MCP, or headless",
		Long:          "Without a command it serves MCP over stdio, as `serve` does.",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	serve := serveCommand()
	root.RunE = serve.RunE
	root.Flags().AddFlagSet(serve.Flags())
	root.AddCommand(
		serve,            // serve.go: MCP over stdio, for Claude Desktop and other clients
		demoCommand(),    // demo.go: the whole workflow on an embedded tenant
		simCommand(),     // sim.go: the simulated tenant on a local address
		applyCommand(),   // apply.go: carries a saved plan out, headless
		auditCommand(),   // audit.go: audits MFA headless, for cron
		undoCommand(),    // undo.go: takes back what a run added
		trailCommand(),   // trail.go: checks the record of everything
		doctorCommand(),  // doctor.go: checks configuration and credential, read-only
		versionCommand(), // below
	)
	wrongUse(root)
	return root
}

// wrongUse gives flags and arguments that a command does not take the exit code of wrong use.
func wrongUse(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &failure{exitUsage, err} })
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &failure{exitUsage, err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrongUse(sub)
	}
}

// failure is an error with an exit code of its own.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// Exit codes: 0 done, 1 it did not work, 2 wrong use or configuration, 3 a run ended with rows open.
const (
	exitFailed     = 1
	exitUsage      = 2
	exitUnfinished = 3
)

// exitCode prints an error once and turns it into the code of the process.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "okta-entitlements-mcp:", err)
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	return exitFailed
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Prints build information", Args: cobra.NoArgs, Run: func(cmd *cobra.Command, _ []string) {
		fmt.Fprintln(cmd.OutOrStdout(), "okta-entitlements-mcp", version())
		if info, ok := debug.ReadBuildInfo(); ok {
			fmt.Fprintln(cmd.OutOrStdout(), info.GoVersion)
		}
	}}
}

// version is the module's version, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	if revision == "" {
		return "devel"
	}
	return "devel-" + revision[:min(12, len(revision))] + changed
}
