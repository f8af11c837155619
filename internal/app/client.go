package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// Client serves the program in this process and connects an MCP client of this name to it: for the demo and for tests,
// which see all that a client sees but the pipe. The caller closes it before the program.
func (p *App) Client(ctx context.Context, name string) (_ *client.Client, err error) {
	s, err := p.MCP()
	if err != nil {
		return nil, err
	}
	c, err := client.NewInProcessClient(s)
	if err != nil {
		return nil, fmt.Errorf("connect client: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if err := c.Start(ctx); err != nil {
		return nil, fmt.Errorf("start client: %w", err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_LEGACY_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: name, Version: Version()}
	if _, err := c.Initialize(ctx, hello); err != nil {
		return nil, fmt.Errorf("initialize client: %w", err)
	}
	return c, nil
}
