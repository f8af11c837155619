package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/server"
)

// common are the flags of every command that reads the configuration.
type common struct {
	envFile string
	demo    bool
}

func (c *common) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.envFile, "env-file", "", "settings file, instead of the .env that is searched for")
	cmd.Flags().BoolVar(&c.demo, "demo", false, "use the embedded simulated tenant, as OKTA_DOMAIN=demo does")
}

// load reads the configuration. What is doubtful in it is said on stderr at once.
func (c *common) load() (*config.Config, error) {
	options := config.FromProcess()
	options.EnvFile, options.Demo = c.envFile, c.demo
	cfg, err := config.Load(options)
	if err != nil {
		return nil, &failure{exitUsage, err}
	}
	for _, warning := range cfg.Warnings {
		fmt.Fprintln(os.Stderr, "okta-entitlements-mcp: note:", warning)
	}
	return cfg, nil
}

// run is the frame of every command that speaks to Okta: configuration, program, and an orderly end.
func (c *common) run(cmd *cobra.Command, do func(context.Context, *program) error) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	p, cleanup, err := connect(cmd.Context(), cfg, logger(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()
	defer p.close()
	return do(cmd.Context(), p)
}

func serveCommand() *cobra.Command {
	var flags common
	cmd := &cobra.Command{Use: "serve", Short: "Serves MCP over stdio (the default)", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		// A stray print of a library must not reach the protocol.
		out := os.Stdout
		os.Stdout = os.Stderr
		return flags.run(cmd, func(ctx context.Context, p *program) error { return p.serve(ctx, out) })
	}}
	flags.flags(cmd)
	return cmd
}

func (p *program) serve(ctx context.Context, out io.Writer) error {
	s, err := p.mcp()
	if err != nil {
		return err
	}
	if !p.cfg.Okta.Demo {
		p.resume(ctx)
		p.resumeAudit(ctx)
	}
	p.log.Info("serving MCP on stdio", "okta", domainOf(p.cfg), "inbox", p.cfg.CSVDir, "state", p.cfg.StateDir, "env_file", p.cfg.Sources.EnvFile.Path)
	return server.ServeStdio(ctx, s, os.Stdin, out, p.log)
}
