package cli

import (
	"context"
	"io"
	"io/fs"
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
			return flags.run(cmd, func(ctx context.Context, p *app.App) error { return serve(ctx, p, out) })
		}}
	flags.register(cmd)
	return cmd
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
