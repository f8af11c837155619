package main

import (
	"context"
	"errors"
	"fmt"
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

func serveCommand() *cobra.Command {
	var flags common
	cmd := &cobra.Command{Use: "serve", Short: "Serves MCP over stdio (the default)", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := flags.load()
		if err != nil {
			return err
		}
		return serve(cmd.Context(), cfg)
	}}
	flags.flags(cmd)
	return cmd
}

func serve(ctx context.Context, cfg *config.Config) (err error) {
	log := logger(cfg)
	// A stray print of a library must not reach the protocol.
	out := os.Stdout
	os.Stdout = os.Stderr
	p, cleanup, err := connect(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()
	defer p.close()
	s, err := p.mcp()
	if err != nil {
		return err
	}
	if !cfg.Okta.Demo {
		p.resume(ctx)
	}
	log.Info("serving MCP on stdio", "okta", domainOf(cfg), "inbox", cfg.CSVDir, "state", cfg.StateDir, "env_file", cfg.Sources.EnvFile.Path)
	return server.ServeStdio(ctx, s, os.Stdin, out, log)
}
