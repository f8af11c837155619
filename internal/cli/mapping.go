package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/intake/exports"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

func mappingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mapping",
		Short: "The saved mappings: how reports of one header are read",
		Args:  cobra.NoArgs,
		Long: "A mapping keeps the answers about a report: which columns name the user and the access, and what " +
			"its words mean.\n" +
			"It is proposed with the first plan and applied to the next report with the same header once a person " +
			"confirmed that plan.\n" +
			"Known exports of well-known systems are built in.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(mappingListCommand(), mappingShowCommand(), mappingImportCommand(), mappingExportCommand(),
		mappingDeleteCommand())
	return cmd
}

// mappings opens the store that the flags name.
func (c *common) mappings() (*mapping.Store, error) {
	places, err := config.LoadPlaces(c.options())
	if err != nil {
		return nil, usage(err)
	}
	return mapping.At(places.StateDir.Path), nil
}

// MappingLine is a line of `mapping list --json`.
type MappingLine struct {
	Name        string         `json:"name"`
	Status      mapping.Status `json:"status"` // proposed, confirmed, imported or built in
	Application string         `json:"application,omitempty"`
	Title       string         `json:"title,omitempty"`
	Columns     int            `json:"columns"`
	Refused     bool           `json:"refused,omitempty"` // no plan can be made from such an export
}

// imported is the status of an export that a person brought.
const imported mapping.Status = "imported"

func mappingListCommand() *cobra.Command {
	var flags common
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists the mappings and the known exports",
		Args:  cobra.NoArgs,
		Long: "Lists the mappings with their status, and the exports that are built in.\n" +
			"Exit code 1: a mapping file cannot be read; the others are listed, and the message names file, line and reason.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := flags.mappings()
			if err != nil {
				return err
			}
			files, damaged := store.List()
			lines := []MappingLine{}
			for _, f := range files {
				lines = append(lines, lineOf(f, f.Status))
			}
			for _, f := range exports.All() {
				lines = append(lines, lineOf(f, mapping.BuiltIn))
			}
			if asJSON {
				return errors.Join(printJSON(cmd.OutOrStdout(), lines), damaged)
			}
			return errors.Join(printMappings(cmd.OutOrStdout(), lines), damaged)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return cmd
}

func lineOf(f *mapping.File, status mapping.Status) MappingLine {
	if status == "" {
		status = imported
	}
	return MappingLine{
		Name:        f.Name,
		Status:      status,
		Application: f.Application.Label,
		Title:       f.Title,
		Columns:     len(f.Header),
		Refused:     f.Refuse != nil,
	}
}

func printMappings(out io.Writer, lines []MappingLine) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSTATUS\tFOR")
	for _, l := range lines {
		purpose := l.Title
		if purpose == "" {
			purpose = l.Application
		}
		if l.Refused {
			purpose += " (refused: no plan can be made from it)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", l.Name, l.Status, untrusted.New(purpose).Show(untrusted.Line))
	}
	return table.Flush()
}

// named finds a saved mapping, or an export that is built in.
func named(store *mapping.Store, name string) (*mapping.File, error) {
	f, err := store.Show(name)
	if trouble.CodeOf(err) == trouble.MappingNotFound {
		if builtIn, ok := exports.Named(name); ok {
			return builtIn, nil
		}
	}
	return f, mappingError(err)
}

// mappingError gives a name that is not there the exit code of wrong use.
func mappingError(err error) error {
	if code := trouble.CodeOf(err); code == trouble.MappingNotFound || code == trouble.MissingArgument {
		return usage(err)
	}
	return err
}

func mappingShowCommand() *cobra.Command {
	var flags common
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Shows what a mapping says",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := flags.mappings()
			if err != nil {
				return err
			}
			f, err := named(store, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), f)
			}
			newScreen(cmd.OutOrStdout()).mapping(f)
			return nil
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the mapping as JSON")
	return cmd
}

func mappingImportCommand() *cobra.Command {
	var flags common
	var confirm bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Takes over a mapping or an export from a file",
		Args:  cobra.ExactArgs(1),
		Long: "Takes over a mapping, or an export of a system of yours. A mapping waits for a plan that a person " +
			"confirms, as every\n" +
			"proposal does; with --confirm it is applied from the next report on. An export is for every application " +
			"and needs --confirm.\n" +
			"docs/mapping.schema.json is the JSON Schema of such files.",
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := flags.mappings()
			if err != nil {
				return err
			}
			data, err := readBounded(args[0], mapping.MaxBytes)
			if err != nil {
				return usage(err)
			}
			file := untrusted.New(filepath.Base(args[0])).Show(untrusted.Name)
			f, err := mapping.Parse(file, data)
			if err != nil {
				return err
			}
			if _, taken := exports.Named(f.Name); taken {
				return usage(&trouble.Error{
					Code: trouble.MappingExists,
					What: fmt.Sprintf("an export named %s is built in", f.Name),
					Next: "give the other one another name in its file",
				})
			}
			if f, err = store.Import(cmd.Context(), file, data, confirm, time.Now()); err != nil {
				return mappingError(err)
			}
			status := f.Status
			if status == "" {
				status = imported
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", f.Name, status)
			return nil
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&confirm, "confirm", false,
		"you have read the file and vouch for it: apply it from the next report on")
	return cmd
}

// readBounded reads a file of at most some bytes; one that is longer is returned a byte too long.
func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most+1))
}

func mappingExportCommand() *cobra.Command {
	var flags common
	cmd := &cobra.Command{
		Use:   "export NAME",
		Short: "Prints a mapping or a known export as a file to keep or to change",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := flags.mappings()
			if err != nil {
				return err
			}
			f, err := named(store, args[0])
			if err != nil {
				return err
			}
			data, err := f.Encode()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(data)
			return err
		},
	}
	flags.register(cmd)
	return cmd
}

func mappingDeleteCommand() *cobra.Command {
	var flags common
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Deletes a saved mapping; such reports are asked about again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := flags.mappings()
			if err != nil {
				return err
			}
			if err := store.Delete(cmd.Context(), args[0]); err != nil {
				if _, ok := exports.Named(args[0]); ok && trouble.CodeOf(err) == trouble.MappingNotFound {
					return usage(&trouble.Error{
						Code: trouble.MappingNotFound,
						What: fmt.Sprintf("%s is built in and cannot be deleted", args[0]),
						Next: "a mapping that a person confirmed is applied before it",
					})
				}
				return mappingError(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is deleted\n", args[0])
			return nil
		},
	}
	flags.register(cmd)
	return cmd
}

// mapping prints what a mapping says.
func (s *screen) mapping(f *mapping.File) {
	shown := func(text string) string { return untrusted.New(text).Show(untrusted.Line) }
	status := f.Status
	if _, ok := exports.Named(f.Name); ok {
		status = mapping.BuiltIn
	}
	s.head("%s, %s", f.Name, lineOf(f, status).Status)
	for _, line := range []struct{ label, text string }{
		{"for", f.Title},
		{"application", strings.TrimSpace(f.Application.Label + " " + f.Application.ID)},
		{"documented", f.Source},
		{"columns", strings.Join(f.Header, ", ")},
		{"optional", strings.Join(f.Optional, ", ")},
		{"plans", strings.Join(f.Plans, ", ")},
	} {
		if line.text != "" {
			s.say("  %-12s %s", line.label, untrusted.New(line.text).Show(untrusted.Long))
		}
	}
	if f.Status == mapping.Confirmed {
		s.say("  %-12s %s, at the %s, with the plan %s", "confirmed", f.ConfirmedAt.Format("2 January 2006 15:04 MST"),
			f.ConfirmedBy, shown(f.ConfirmedPlan))
	}
	if f.Refuse != nil {
		s.say("  %-12s %s", "refused", shown(f.Refuse.Reason))
		return
	}
	for _, line := range f.Lines() {
		s.say("  %-12s %s", "says", untrusted.New(line).Show(untrusted.Long))
	}
}
