// Package simtest puts the whole stack on a simulated tenant for tests: client, planner, gate and engine, in one process
// and without a socket, so that it runs in a testing/synctest bubble.
package simtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/oktaclient"
)

// World is a tenant with the stack on it.
type World struct {
	t      testing.TB
	Tenant *oktasim.Tenant
	AppID  string
	Okta   *oktaclient.Client
	Writer *oktaclient.Writer
	Gate   *policy.Gate
	Engine *batch.Engine
	Dir    string // where runs live

	line  *Line   // the client in use
	lines []*Line // clients not taken yet
}

// Options of a world.
type Options struct {
	Tenant oktasim.Options
	Engine batch.Options // Dir is filled in
	Client oktaclient.Options
	Disk   bool    // state lies where the system puts temporary files, so that what is fsynced costs what it costs there
	Lines  []*Line // made outside the bubble; New and each Connect take one
}

// Line is a client that does not know its tenant yet. The Okta SDK starts a goroutine for its cache, so a client for use in
// a testing/synctest bubble has to be made before the bubble.
type Line struct {
	okta   *oktaclient.Client
	writer *oktaclient.Writer
	wire   http.RoundTripper
}

// RoundTrip hands a request to the tenant that the line was connected to.
func (l *Line) RoundTrip(req *http.Request) (*http.Response, error) { return l.wire.RoundTrip(req) }

// Lines makes n clients with the standard token of a tenant.
func Lines(t testing.TB, n int, o oktaclient.Options) []*Line {
	t.Helper()
	lines := make([]*Line, n)
	for i := range lines {
		line := &Line{}
		o.BaseURL, o.Transport = oktasim.DefaultBaseURL, line
		if o.Credentials.ClientID == "" {
			o.Credentials.Token = secret.New(oktasim.DemoToken)
		}
		var err error
		if line.okta, line.writer, err = oktaclient.Connect(context.Background(), o); err != nil {
			t.Fatalf("connect: %v", err)
		}
		lines[i] = line
	}
	return lines
}

// New builds a world with one application that has entitlement management on.
func New(t testing.TB, o Options) *World {
	t.Helper()
	w := &World{t: t, Tenant: oktasim.New(o.Tenant), Gate: policy.New(policy.Options{})}
	w.AppID = w.Tenant.AddApp(oktasim.NewApp{Label: "Finance"})
	dir := memoryDir
	if o.Disk {
		dir = testing.TB.TempDir
	}
	w.Dir = filepath.Join(dir(t), "runs")
	w.Connect(o)
	return w
}

// Another is a second installation on the same tenant and application: a client of its own, and runs in another directory.
// It takes one of the lines.
func (w *World) Another(o Options) *World {
	w.t.Helper()
	other := &World{t: w.t, Tenant: w.Tenant, AppID: w.AppID, Gate: policy.New(policy.Options{})}
	other.Dir = filepath.Join(memoryDir(w.t), "runs")
	other.Connect(o)
	return other
}

// Connect takes a client and builds an engine on the same tenant and the same runs, as a new process would.
func (w *World) Connect(o Options) {
	w.t.Helper()
	if w.lines == nil {
		w.lines = o.Lines
	}
	if len(w.lines) == 0 {
		w.lines = Lines(w.t, 1, o.Client)
	}
	w.line = w.lines[0]
	w.lines = w.lines[1:]
	w.Okta, w.Writer = w.line.okta, w.line.writer
	w.Reconnect(o)
}

// Reconnect builds a new engine on the same client, with another wire towards the same tenant: o.Client.Transport when set.
// A test with many restarts in one bubble needs no client for each of them that way.
func (w *World) Reconnect(o Options) {
	w.t.Helper()
	w.line.wire = w.Tenant.Transport()
	if o.Client.Transport != nil {
		w.line.wire = o.Client.Transport
	}
	o.Engine.Dir = w.Dir
	var err error
	if w.Engine, err = batch.New(w.Okta, w.Writer, o.Engine); err != nil {
		w.t.Fatalf("engine: %v", err)
	}
}

// memoryDir is a temporary directory, in memory where the system has a place for that: worlds are many, and what they fsync
// is gone with the test anyway.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "simtest-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Report reads a report from text.
func Report(t testing.TB, text string) *intake.Report {
	t.Helper()
	r, err := intake.Read(context.Background(), strings.NewReader(text), intake.Options{File: "report.csv"})
	if err != nil {
		t.Fatalf("read report: %v", err)
	}
	return r
}

// Structure plans and carries out the entitlements of a report.
func (w *World) Structure(ctx context.Context, r *intake.Report) *batch.Summary {
	w.t.Helper()
	p, err := plan.PlanStructure(ctx, w.Okta, plan.StructureRequest{Report: r, AppID: w.AppID, Now: time.Now()})
	if err != nil {
		w.t.Fatalf("plan structure: %v", err)
	}
	return w.Apply(ctx, p)
}

// PlanGrants plans the grants of a report.
func (w *World) PlanGrants(ctx context.Context, r *intake.Report, mode plan.Mode) *plan.Plan {
	w.t.Helper()
	p, err := plan.PlanGrants(ctx, w.Okta, plan.GrantRequest{Report: r, AppID: w.AppID, Mode: mode, Now: time.Now()})
	if err != nil {
		w.t.Fatalf("plan grants: %v", err)
	}
	return p
}

// Permit has the gate let a plan through.
func (w *World) Permit(ctx context.Context, p *plan.Plan) policy.Permit {
	w.t.Helper()
	permit, err := w.Gate.Permit(ctx, p, policy.Confirmation{PlanID: p.ID, Channel: policy.CommandLine, Time: time.Now()})
	if err != nil {
		w.t.Fatalf("permit: %v", err)
	}
	return permit
}

// Apply carries a plan out to an end.
func (w *World) Apply(ctx context.Context, p *plan.Plan) *batch.Summary {
	w.t.Helper()
	s, err := w.Engine.Run(ctx, p, w.Permit(ctx, p), nil)
	if err != nil {
		w.t.Fatalf("run %s: %v", p.Stage, err)
	}
	return s
}

// Writes counts what the tenant was asked to change.
func (w *World) Writes() int {
	n := 0
	for _, call := range w.Tenant.Calls() {
		if call.Method != "GET" {
			n += call.Count
		}
	}
	return n
}

// RandomReport makes up an access report: few people and few values, so that rows meet.
func RandomReport(rng *rand.Rand, people []string) string {
	var b strings.Builder
	b.WriteString("Email,Role,Permission_Set,Effective_Access\n")
	for range 1 + rng.IntN(30) {
		access := []string{"Permitted", "Permitted", "Permitted", "Permitted", "permitted", "yes", "Denied",
			"perhaps"}[rng.IntN(8)]
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", people[rng.IntN(len(people))], randomCell(rng, "Role"), randomCell(rng, "Set"),
			access)
	}
	return b.String()
}

// randomCell makes up nothing, one value, or several.
func randomCell(rng *rand.Rand, prefix string) string {
	values := make([]string, 0, 3)
	for range rng.IntN(4) {
		values = append(values, fmt.Sprintf("%s %d", prefix, rng.IntN(6)))
	}
	return strings.Join(values, ";")
}
