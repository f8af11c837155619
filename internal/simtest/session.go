package simtest

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/server"
	"okta-entitlements-mcp/tools"
)

// Session is an MCP client on the real server over a world, with an inbox, all in one process. It runs
// in a testing/synctest bubble as long as the world's clients were made before it.
type Session struct {
	World *World
	Inbox string // the folder of the reports

	t      testing.TB
	client *client.Client
}

// Session starts one on a world whose inbox holds these files, by name.
func (w *World) Session(ctx context.Context, files map[string]string) *Session {
	w.t.Helper()
	s := &Session{World: w, Inbox: filepath.Join(filepath.Dir(w.Dir), "csv"), t: w.t}
	s.must(os.MkdirAll(s.Inbox, 0o700))
	for name, text := range files {
		s.must(os.WriteFile(filepath.Join(s.Inbox, name), []byte(text), 0o600))
	}
	catalog, err := tools.Catalog(w.Deps(ctx, s.Inbox))
	s.must(err)
	book, err := trail.Open(ctx, filepath.Join(filepath.Dir(w.Dir), "trail"))
	s.must(err)
	srv, err := server.New(server.Options{
		Version: "test",
		Tools:   catalog,
		Trail:   book,
		Actor:   "test",
		Log:     slog.New(slog.DiscardHandler),
	})
	s.must(err)
	s.client, err = client.NewInProcessClient(srv)
	s.must(err)
	s.must(s.client.Start(ctx))
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_LEGACY_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	_, err = s.client.Initialize(ctx, hello)
	s.must(err)
	return s
}

func (s *Session) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// Close lets the client go.
func (s *Session) Close() { _ = s.client.Close() }

// Call calls a tool and decodes its structured answer. A tool error fails the test.
func (s *Session) Call(ctx context.Context, tool string, arguments map[string]any, into any) {
	s.t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, arguments
	result, err := s.client.CallTool(ctx, req)
	if err != nil {
		s.t.Fatalf("call %s: %v", tool, err)
	}
	text := ""
	if len(result.Content) > 0 {
		if content, ok := result.Content[0].(mcp.TextContent); ok {
			text = content.Text
		}
	}
	if result.IsError {
		s.t.Fatalf("%s answers %s", tool, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		s.t.Fatalf("%s: decode %q: %v", tool, text, err)
	}
}

// Plan calls a writing tool for a file and returns the plan, with nothing written.
func (s *Session) Plan(ctx context.Context, tool, file string) *tools.PlanOut {
	s.t.Helper()
	out := &tools.PlanOut{}
	s.Call(ctx, tool, map[string]any{"filename": file, "app_id": s.World.AppID}, out)
	return out
}

// Confirm applies a plan through its tool and follows the job to its end, asking as seldom as pace says.
func (s *Session) Confirm(ctx context.Context, tool, planID string, pace time.Duration) *tools.PlanOut {
	s.t.Helper()
	out := &tools.PlanOut{}
	s.Call(ctx, tool, map[string]any{"plan_id": planID}, out)
	for out.Status == "running" {
		time.Sleep(pace)
		job := &tools.JobOut{}
		s.Call(ctx, "get_job", map[string]any{"job_id": out.JobID}, job)
		out.Renew(job)
	}
	return out
}
