package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// desk is the assembled program before a simulated tenant, with a client on its MCP server: all that is real but the
// socket. Tests spoil something and see what the client gets.
type desk struct {
	t      *testing.T
	tenant *oktasim.Tenant
	app    string
	cfg    *config.Config
	client *client.Client
}

// good is a report that can be carried out on every desk: two people, a value each.
const good = "Email,Role,Effective_Access\nada@acme.example.com,Admin,Permitted\nbob@acme.example.com,Viewer,Permitted\n"

// newDesk sets a desk up with the good report, people and an application that has what the report wants.
func newDesk(t *testing.T, settings map[string]string, options oktasim.Options) *desk {
	t.Helper()
	d := &desk{t: t, tenant: oktasim.New(options)}
	d.app = d.tenant.AddApp(oktasim.NewApp{Label: "Finance"})
	d.tenant.SeedPeople([]string{"ada@acme.example.com", "bob@acme.example.com"})
	d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	home := t.TempDir()
	set := map[string]string{"OKTA_DOMAIN": d.tenant.BaseURL(), "OKTA_API_TOKEN": d.tenant.Token(),
		"CSV_DIR": filepath.Join(home, "csv"), "STATE_DIR": filepath.Join(home, "state")}
	for name, value := range settings {
		set[name] = value
	}
	var err error
	d.cfg, err = config.Load(config.LoadOptions{Environ: func(name string) (string, bool) {
		v, ok := set[name]
		return v,
			ok
	}})
	if err != nil {
		t.Fatal(err)
	}
	d.start()
	d.put("report.csv", []byte(good))
	return d
}

// start assembles the program and connects a client.
func (d *desk) start() {
	t := d.t
	t.Helper()
	p, err := Assemble(context.Background(), d.cfg, d.tenant.Transport(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if d.client, err = p.Client(context.Background(), "desk"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.client.Close() })
}

func (d *desk) path(name string) string { return filepath.Join(d.cfg.CSVDir, filepath.FromSlash(name)) }

func (d *desk) put(name string, content []byte) {
	d.t.Helper()
	if err := os.WriteFile(d.path(name), content, 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// ask calls a tool and returns its answer's text.
func (d *desk) ask(tool string, args map[string]any) (text string, failed bool) {
	d.t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, args
	result, err := d.client.CallTool(d.t.Context(), req)
	if err != nil {
		d.t.Fatalf("%s: %v", tool, err)
	}
	return result.Content[0].(mcp.TextContent).Text, result.IsError
}

// plan plans the grants of the good report.
func (d *desk) plan() tools.PlanOut {
	d.t.Helper()
	text, failed := d.ask("execute_user_grants", map[string]any{"filename": "report.csv", "app_id": d.app})
	var out tools.PlanOut
	if err := json.Unmarshal([]byte(text), &out); failed || err != nil || out.Status != "needs_confirmation" {
		d.t.Fatalf("plan: %s", text)
	}
	return out
}

// refuses calls a tool that must fail with a code, say what to do next, and leave everything as it was.
func (d *desk) refuses(tool string, args map[string]any, code string) tools.Problem {
	d.t.Helper()
	text, failed := d.ask(tool, args)
	if !failed {
		d.t.Errorf("%s answered: %.400s", tool, text)
		return tools.Problem{}
	}
	var answer struct{ Error tools.Problem }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		d.t.Fatalf("%s: %s", tool, text)
	}
	p := answer.Error
	if p.Code != code || p.Message == "" || p.Next == "" {
		d.t.Errorf("%s: got %s, want code %s with a message and a next step", tool, text, code)
	}
	for _, leak := range []string{"goroutine", "panic", "0x", "%!", d.tenant.Token()} {
		if strings.Contains(text, leak) {
			d.t.Errorf("%s: the answer holds %q: %s", tool, leak, text)
		}
	}
	d.untouched()
	return p
}

// untouched fails when Okta was asked to change anything or the report moved.
func (d *desk) untouched() {
	d.t.Helper()
	for _, call := range d.tenant.Calls() {
		if call.Method != "GET" && call.Pattern != "/oauth2/v1/token" && call.Status < 300 {
			d.t.Errorf("Okta was changed: %+v", call)
		}
	}
	for _, folder := range []string{"processed", "processed_and_assigned"} {
		if entries, err := os.ReadDir(d.path(folder)); err == nil && len(entries) > 0 {
			d.t.Errorf("%v was moved to %s", entries, folder)
		}
	}
}
