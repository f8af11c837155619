package app

import (
	"errors"
	"strings"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/server"
	"okta-entitlements-mcp/tools"
)

// Unconfigured builds the MCP server of a program whose settings cannot be used: it lists the same tools, and each says
// what is missing.
func Unconfigured(why error) (*mcpserver.MCPServer, error) {
	catalog, resources, err := tools.Unconfigured(notConfigured(why))
	if err != nil {
		return nil, err
	}
	return server.NewUnconfigured(server.Options{Version: Version(), Tools: catalog, Resources: resources}), nil
}

// notConfigured says in a client's words why the program could not start.
func notConfigured(why error) *trouble.Error {
	if known := trouble.Find(why); known != nil {
		return known
	}
	e := &trouble.Error{
		Code: trouble.NotConfigured,
		What: "this server is not configured: " + why.Error(),
		Next: "change the settings in the client's entry for this server or in its .env file, then start the server again; " +
			"OKTA_DOMAIN=demo tries it without an organisation",
		Err: why,
	}
	var problems config.Problems
	if errors.As(why, &problems) {
		parts := make([]string, len(problems))
		for i, p := range problems {
			parts[i] = p.Setting + ": " + p.Text
		}
		e.What = "this server is not configured: " + strings.Join(parts, "; ")
	}
	return e
}
