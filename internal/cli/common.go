package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/config"
)

// common is what every command needs that reads the configuration: its flags, and the samples for --demo.
type common struct {
	samples fs.FS
	envFile string
	demo    bool
}

// register adds the common flags to a command.
func (c *common) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.envFile, "env-file", "", "settings file, instead of the .env that is searched for")
	cmd.Flags().BoolVar(&c.demo, "demo", false, "use the embedded simulated tenant, as OKTA_DOMAIN=demo does")
}

// options is where the configuration is read from.
func (c *common) options() config.LoadOptions {
	options := config.FromProcess()
	options.EnvFile, options.Demo = c.envFile, c.demo
	return options
}

// load reads the configuration. What is doubtful in it is said on stderr at once.
func (c *common) load() (*config.Config, error) {
	cfg, err := config.Load(c.options())
	if err != nil {
		return nil, usage(err)
	}
	printNotes(cfg.Warnings)
	return cfg, nil
}

// run is the frame of every command that speaks to Okta: configuration, program, and an orderly end.
func (c *common) run(cmd *cobra.Command, do func(context.Context, *app.App) error) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	p, cleanup, err := app.Connect(cmd.Context(), cfg, c.samples, logger(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()
	defer p.Close()
	return do(cmd.Context(), p)
}

// logger writes to stderr: stdout belongs to the protocol, or to a command's result.
func logger(cfg *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel, ReplaceAttr: cfg.Secrets().Attr}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

func printNotes(notes []string) {
	for _, note := range notes {
		fmt.Fprintln(os.Stderr, "okta-entitlements-mcp: note:", note)
	}
}

func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// oneOf takes the value of a flag that must be one of a few words.
func oneOf[T ~string](flag, value string, words ...T) (T, error) {
	for _, word := range words {
		if string(word) == value {
			return word, nil
		}
	}
	return "", usage(fmt.Errorf("--%s: must be one of %v, not %q", flag, words, value))
}
