package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/trail"
)

func trailCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "trail", Short: "The tamper-evident record of what was asked, decided and done"}
	cmd.AddCommand(trailVerifyCommand())
	return cmd
}

func trailVerifyCommand() *cobra.Command {
	var flags common
	var dir string
	cmd := &cobra.Command{Use: "verify", Short: "Checks the trail's chain and says where it is broken", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fresh := false
			if dir == "" {
				places, err := config.LoadPlaces(flags.options())
				if err != nil {
					return usage(err)
				}
				dir = filepath.Join(places.StateDir.Path, "trail")
				fresh = unused(places.StateDir.Path)
			}
			sum, err := trail.VerifyDir(cmd.Context(), dir)
			if fresh && errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintf(cmd.OutOrStdout(), "there is no trail in %s yet: nothing was asked or done with this state directory\n", dir)
				return nil
			}
			if err != nil {
				return fmt.Errorf("the trail in %s is not intact: %w", dir, err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "intact: %d entries, last hash %s\n", sum.Entries, sum.Hash)
			return nil
		}}
	flags.register(cmd)
	cmd.Flags().StringVar(&dir, "dir", "", "the trail's directory, instead of STATE_DIR/trail")
	return cmd
}

// unused reports whether a state directory holds no plan and no run. Where there are some, a trail that is not there is
// not one that was never begun.
func unused(state string) bool {
	for _, name := range []string{"plans", "runs"} {
		entries, err := os.ReadDir(filepath.Join(state, name))
		if len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}
