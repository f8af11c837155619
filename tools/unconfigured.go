package tools

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/trouble"
)

// Unconfigured is the catalogue of a program that cannot start its work: the same tools and resources, each of which
// answers with what is missing. A server that ended instead would be mute in the client.
func Unconfigured(missing *trouble.Error) ([]Tool, []Resource, error) {
	all, err := everyTool(&Deps{})
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		all[i].Handler = func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return errorResult(missing), nil
		}
	}
	readable := Resources(&Deps{})
	for i := range readable {
		readable[i].Handler = func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return nil, missing
		}
	}
	return all, readable, nil
}
