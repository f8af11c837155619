package app

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

func listed(t *testing.T, c *client.Client) string {
	t.Helper()
	all, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(all.Tools)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAServerWithoutSettingsSaysInEveryToolWhatIsMissing(t *testing.T) {
	_, why := config.Load(config.LoadOptions{
		Environ:      func(string) (string, bool) { return "", false },
		UserStateDir: t.TempDir(),
	})
	if why == nil {
		t.Fatal("nothing is missing")
	}
	s, err := Unconfigured(why)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.NewInProcessClient(s)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	if got, want := listed(t, c), listed(t, newDesk(t, nil, oktasim.Options{}).client); got != want {
		t.Errorf("tools differ from those of a configured server:\n%.500s\n%.500s", got, want)
	}
	all, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil || len(all.Tools) == 0 {
		t.Fatalf("%d tools, %v", len(all.Tools), err)
	}
	for _, tool := range all.Tools {
		var req mcp.CallToolRequest
		req.Params.Name = tool.Name
		result, err := c.CallTool(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Error tools.Problem }
		if err := json.Unmarshal([]byte(result.Content[0].(mcp.TextContent).Text), &answer); err != nil {
			t.Fatal(err)
		}
		p := answer.Error
		if !result.IsError || p.Code != "not_configured" || !strings.Contains(p.Message, "OKTA_DOMAIN") ||
			!strings.Contains(p.Message, "OKTA_API_TOKEN") || !strings.Contains(p.Next, ".env") {
			t.Errorf("%s: %+v", tool.Name, p)
		}
	}
	var read mcp.ReadResourceRequest
	read.Params.URI = "run://plan_0123456789abcdef0123456789abcdef/report.csv"
	if _, err := c.ReadResource(t.Context(), read); err == nil || !strings.Contains(err.Error(), "OKTA_DOMAIN") {
		t.Errorf("a resource: %v", err)
	}
}
