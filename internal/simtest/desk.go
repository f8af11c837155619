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

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/server"
	"okta-entitlements-mcp/tools"
)

// Desk is where a person sits: an MCP client on the real server over a world, with an inbox, all in one process. It runs
// in a testing/synctest bubble as long as the world's clients were made before it.
type Desk struct {
	World *World
	Inbox string // the folder of the reports

	t      testing.TB
	client *client.Client
}

// Desk seats somebody at a world whose inbox holds these files, by name.
func (w *World) Desk(ctx context.Context, files map[string]string) *Desk {
	w.t.Helper()
	d := &Desk{World: w, Inbox: filepath.Join(filepath.Dir(w.Dir), "csv"), t: w.t}
	d.must(os.MkdirAll(d.Inbox, 0o700))
	for name, text := range files {
		d.must(os.WriteFile(filepath.Join(d.Inbox, name), []byte(text), 0o600))
	}
	deps := d.dependencies(ctx)
	catalog, err := tools.Catalog(deps)
	d.must(err)
	book, err := trail.Open(ctx, filepath.Join(filepath.Dir(w.Dir), "trail"))
	d.must(err)
	s, err := server.New(server.Options{Version: "test", Tools: catalog, Trail: book, Actor: "test", Log: slog.New(slog.DiscardHandler)})
	d.must(err)
	d.client, err = client.NewInProcessClient(s)
	d.must(err)
	d.must(d.client.Start(ctx))
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = mcp.LATEST_LEGACY_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	_, err = d.client.Initialize(ctx, hello)
	d.must(err)
	return d
}

func (d *Desk) dependencies(ctx context.Context) *tools.Deps {
	d.t.Helper()
	inbox, err := intake.NewInbox(d.Inbox)
	d.must(err)
	plans, err := plan.NewStore(filepath.Join(filepath.Dir(d.World.Dir), "plans"))
	d.must(err)
	deps := &tools.Deps{About: tools.About{Version: "test", Domain: "acme.okta.test"}, Okta: d.World.Okta, Inbox: inbox, Plans: plans,
		Gate: d.World.Gate, Engine: d.World.Engine, Mode: plan.ModeAdditive, ToolWait: 45 * time.Second,
		MFA: Audits(ctx, d.t, d.World.Okta, filepath.Join(filepath.Dir(d.World.Dir), "mfa"))}
	deps.Jobs = batch.NewJobs(ctx, d.World.Engine, func(p *plan.Plan, s *batch.Summary) {
		if _, err := deps.Finish(p, s); err != nil {
			d.t.Errorf("move the finished report: %v", err)
		}
	})
	d.t.Cleanup(func() { _ = inbox.Close() })
	return deps
}

func (d *Desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// Close lets the client go.
func (d *Desk) Close() { _ = d.client.Close() }

// Call calls a tool and decodes its structured answer. A tool error fails the test.
func (d *Desk) Call(ctx context.Context, tool string, arguments map[string]any, into any) {
	d.t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, arguments
	result, err := d.client.CallTool(ctx, req)
	if err != nil {
		d.t.Fatalf("call %s: %v", tool, err)
	}
	text := ""
	if len(result.Content) > 0 {
		if content, ok := result.Content[0].(mcp.TextContent); ok {
			text = content.Text
		}
	}
	if result.IsError {
		d.t.Fatalf("%s answers %s", tool, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		d.t.Fatalf("%s: decode %q: %v", tool, text, err)
	}
}

// Plan calls a writing tool for a file and returns the plan, with nothing written.
func (d *Desk) Plan(ctx context.Context, tool, file string) *tools.PlanOut {
	d.t.Helper()
	out := &tools.PlanOut{}
	d.Call(ctx, tool, map[string]any{"filename": file, "app_id": d.World.AppID}, out)
	return out
}

// Confirm applies a plan through its tool and follows the job to its end, asking as seldom as pace says.
func (d *Desk) Confirm(ctx context.Context, tool, planID string, pace time.Duration) *tools.PlanOut {
	d.t.Helper()
	out := &tools.PlanOut{}
	d.Call(ctx, tool, map[string]any{"plan_id": planID}, out)
	for out.Status == "running" {
		time.Sleep(pace)
		job := &tools.JobOut{}
		d.Call(ctx, "get_job", map[string]any{"job_id": out.JobID}, job)
		out.Renew(job)
	}
	return out
}
