package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"okta-entitlements-mcp/internal/app"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Prints build information", Args: cobra.NoArgs, Run: func(cmd *cobra.Command, _ []string) {
		fmt.Fprintln(cmd.OutOrStdout(), "okta-entitlements-mcp", app.Version())
		if info, ok := debug.ReadBuildInfo(); ok {
			fmt.Fprintln(cmd.OutOrStdout(), info.GoVersion)
		}
	}}
}
