// Command okta-entitlements-mcp governs Okta entitlements from access reports, by conversation over MCP or headless.
package main

import (
	"embed"
	"os"

	"okta-entitlements-mcp/internal/cli"
)

// samples are the access reports that the demo and the simulated tenant use.
//
//go:embed csv/*.csv
var samples embed.FS

func main() { os.Exit(cli.Main(samples)) }
