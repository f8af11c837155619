package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/server"
)

func serveCommand(samples fs.FS) *cobra.Command {
	flags := common{samples: samples}
	cmd := &cobra.Command{Use: "serve", Short: "Serves MCP over stdio (the default)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// A stray print of a library must not reach the protocol.
			out := os.Stdout
			os.Stdout = os.Stderr
			served := false
			err := flags.run(cmd, func(ctx context.Context, p *app.App) error {
				served = true
				return serve(ctx, p, out)
			})
			if served || err == nil || cmd.Context().Err() != nil {
				return err
			}
			return serveUnconfigured(cmd.Context(), err, out)
		}}
	flags.register(cmd)
	return cmd
}

// serveUnconfigured answers every tool with why the program cannot start: a client shows answers of tools, and hides how
// a server ended. It ends as the command would have without it.
func serveUnconfigured(ctx context.Context, why error, out io.Writer) error {
	fmt.Fprintln(os.Stderr, "okta-entitlements-mcp: every tool answers only this:", why)
	s, err := app.Unconfigured(why)
	if err != nil {
		return errors.Join(why, err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return errors.Join(server.ServeStdio(ctx, s, os.Stdin, out, log), why)
}

func serve(ctx context.Context, p *app.App, out io.Writer) error {
	s, err := p.MCP()
	if err != nil {
		return err
	}
	if !p.Config.Okta.Demo {
		p.Resume(ctx)
		p.ResumeAudit(ctx)
	}
	p.Log.Info("serving MCP on stdio",
		"okta", p.Deps.About.Domain,
		"inbox", p.Config.CSVDir,
		"state", p.Config.StateDir,
		"env_file", p.Config.Sources.EnvFile.Path)
	return server.ServeStdio(ctx, s, os.Stdin, out, p.Log)
}
