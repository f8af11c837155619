package tools_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/s3sync"
	"okta-entitlements-mcp/tools"
)

// rig is a server over the whole catalogue on a simulated tenant, with an MCP client connected to it.
type rig struct {
	*simtest.World
	t      *testing.T
	inbox  string // the folder
	deps   *tools.Deps
	server *mcpserver.MCPServer
	client *client.Client
	schema map[string]*jsonschema.Schema // output schemas by tool, as the client got them

	mu       sync.Mutex
	progress []float64
}

// rigOptions say how a rig differs from the usual one: a client that cannot ask its user, on a tenant without limits.
type rigOptions struct {
	world    simtest.Options
	mode     plan.Mode
	gate     policy.Options
	wait     time.Duration
	s3       *s3sync.Syncer
	answer   string    // the word with which the client's user answers; empty = the client cannot ask
	form     answering // how that user fills in forms
	protocol string    // empty = 2025-11-25
}

// settle: the tenant's lists do not lag unless a test says so.
func (o *rigOptions) settle() {
	if o.world.Engine.SettleAfter == 0 {
		o.world.Engine.SettleAfter = time.Millisecond
	}
}

func newRig(t *testing.T, o rigOptions) *rig {
	t.Helper()
	o.settle()
	r := &rig{t: t, World: simtest.New(t, o.world), inbox: filepath.Join(t.TempDir(), "csv")}
	r.build(o)
	return r
}

// restart builds everything but tenant, inbox and state again, as the next process would.
func (r *rig) restart(o rigOptions) *rig {
	r.t.Helper()
	o.settle()
	again := &rig{t: r.t, World: r.World, inbox: r.inbox}
	again.World.Connect(o.world)
	again.build(o)
	return again
}

func (r *rig) build(o rigOptions) {
	t := r.t
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r.deps = r.Deps(ctx, r.inbox)
	o.gate.Declined = r.deps.Plans.Declined
	r.Gate = policy.New(o.gate)
	r.deps.Gate = r.Gate
	t.Cleanup(func() { stop(); r.deps.Jobs.Close() })
	r.deps.About = tools.About{Version: "test", Domain: "demo", Demo: true, ReadOnly: o.gate.ReadOnly}
	r.deps.S3 = o.s3
	r.deps.ToolWait = 30 * time.Second
	if o.mode != "" {
		r.deps.Mode = o.mode
	}
	if o.wait != 0 {
		r.deps.ToolWait = o.wait
	}
	catalog, err := tools.Catalog(r.deps)
	if err != nil {
		t.Fatal(err)
	}
	// Not package server: its trail syncs the disk twice a call, which the hundreds of calls here need not wait for.
	r.server = mcpserver.NewMCPServer("tools", "test", mcpserver.WithToolCapabilities(false))
	for _, tool := range catalog {
		r.server.AddTool(tool.Definition, tool.Handler)
	}
	r.connect(o)
}

// answering is a client's user who always says the same.
type answering struct {
	word   string                                        // accept, decline or cancel; rigOptions.answer
	apply  string                                        // what is said to a confirmation, when not word
	choose func(question string, labels []string) string // fills in a field of a form; nil takes the first
	asked  func(mcp.ElicitationParams)                   // sees each question, unless nil
	boxed  any                                           // sent as the box of an earlier version's form, unless nil
	fails  error                                         // what the client's dialogue fails with
	silent bool                                          // never answers
}

func (a answering) Elicit(ctx context.Context, req mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	if a.asked != nil {
		a.asked(req.Params)
	}
	var form struct {
		Properties map[string]struct {
			Type  string
			Title string
			Enum  []string
		}
	}
	text, err := json.Marshal(req.Params.RequestedSchema)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &form); err != nil {
		return nil, err
	}
	word, content := a.word, map[string]any{}
	if len(form.Properties) == 0 { // a confirmation
		switch {
		case a.silent:
			<-ctx.Done()
			return nil, ctx.Err()
		case a.fails != nil:
			return nil, a.fails
		case a.boxed != nil:
			content["apply"] = a.boxed
		case a.apply != "":
			word = a.apply
		}
	}
	for name, field := range form.Properties {
		switch {
		case a.choose != nil:
			content[name] = a.choose(field.Title, field.Enum)
		default:
			content[name] = field.Enum[0]
		}
	}
	response := mcp.ElicitationResponse{Action: mcp.ElicitationResponseAction(word)}
	if word == "accept" {
		response.Content = content
	}
	return &mcp.ElicitationResult{ElicitationResponse: response}, nil
}

func (r *rig) connect(o rigOptions) {
	t := r.t
	t.Helper()
	if o.protocol == "" {
		o.protocol = "2025-11-25"
	}
	options := []client.ClientOption{client.WithProtocolVersion(o.protocol)}
	if o.answer != "" {
		o.form.word = o.answer
		options = append(options, client.WithElicitationHandler(o.form))
	}
	c, err := client.NewInProcessClientWithOptions(r.server, options...)
	if err != nil {
		t.Fatal(err)
	}
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method == "notifications/progress" {
			r.mu.Lock()
			defer r.mu.Unlock()
			value, _ := n.Params.AdditionalFields["progress"].(float64)
			r.progress = append(r.progress, value)
		}
	})
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "tools test", Version: "1"}
	got, err := c.Initialize(t.Context(), hello)
	if err != nil {
		t.Fatal(err)
	}
	if got.ProtocolVersion != o.protocol {
		t.Fatalf("the client speaks %s, wanted %s", got.ProtocolVersion, o.protocol)
	}
	r.client = c
	r.schema = map[string]*jsonschema.Schema{}
	for _, tool := range r.list() {
		closed(tool.output) // answers here are held to the fields that the schema has
		if r.schema[tool.name], err = compiled(tool.output); err != nil {
			t.Fatalf("output schema of %s: %v", tool.name, err)
		}
	}
}

// outputSchemas are the compiled schemas by their text: every rig of this process has the same ones.
var outputSchemas sync.Map

func compiled(schema any) (*jsonschema.Schema, error) {
	text, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	compile := sync.OnceValues(func() (*jsonschema.Schema, error) {
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("mem:///output", schema); err != nil {
			return nil, err
		}
		return compiler.Compile("mem:///output")
	})
	known, _ := outputSchemas.LoadOrStore(string(text), compile)
	return known.(func() (*jsonschema.Schema, error))()
}

// closed says in a schema that objects have no fields but those that it names.
func closed(node any) {
	switch n := node.(type) {
	case map[string]any:
		if _, said := n["additionalProperties"]; n["properties"] != nil && !said {
			n["additionalProperties"] = false
		}
		for _, child := range n {
			closed(child)
		}
	case []any:
		for _, child := range n {
			closed(child)
		}
	}
}

// listed is one tool as tools/list gives it.
type listed struct {
	name   string
	json   []byte
	fields map[string]any
	input  any
	output any
}

func (r *rig) list() []listed {
	r.t.Helper()
	// Past the client's types, which would add to what the server said.
	answer, err := r.client.GetTransport().SendRequest(context.Background(), transport.JSONRPCRequest{
		JSONRPC: "2.0",
		ID:      mcp.NewRequestId("list"),
		Method:  "tools/list",
	})
	if err != nil || answer.Error != nil {
		r.t.Fatalf("list tools: %v %v", err, answer)
	}
	var result struct{ Tools []json.RawMessage }
	if err := json.Unmarshal(answer.Result, &result); err != nil {
		r.t.Fatal(err)
	}
	all := make([]listed, len(result.Tools))
	for i, text := range result.Tools {
		one := listed{json: text}
		if err := json.Unmarshal(text, &one.fields); err != nil {
			r.t.Fatal(err)
		}
		one.name, _ = one.fields["name"].(string)
		one.input, one.output = one.fields["inputSchema"], one.fields["outputSchema"]
		all[i] = one
	}
	return all
}

// arguments of a tool call.
type arguments = map[string]any

// raw calls a tool and returns its answer as text, and whether it is an error. It holds every answer to its schema
// and to the size bound, and every error to its form, so that each test in this package proves that too.
func (r *rig) raw(tool string, args arguments) (string, bool) {
	r.t.Helper()
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = tool, args
	req.Params.Meta = &mcp.Meta{ProgressToken: "p"}
	result, err := r.client.CallTool(context.Background(), req)
	if err != nil {
		r.t.Fatalf("%s: protocol error: %v", tool, err)
	}
	if len(result.Content) != 1 {
		r.t.Fatalf("%s: %d pieces of content", tool, len(result.Content))
	}
	text := result.Content[0].(mcp.TextContent).Text
	if len(text) > maxAnswer {
		r.t.Errorf("%s: the answer has %d bytes", tool, len(text))
	}
	checkClean(r.t, tool, text)
	if result.IsError {
		if result.StructuredContent != nil {
			r.t.Errorf("%s: an error with structured content", tool)
		}
		return text, true
	}
	var structured any
	encoded, err := json.Marshal(result.StructuredContent)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &structured); err != nil {
		r.t.Fatal(err)
	}
	if err := r.schema[tool].Validate(structured); err != nil {
		r.t.Errorf("%s: the answer does not fit the output schema: %v\n%s", tool, err, text)
	}
	var same any
	if err := json.Unmarshal([]byte(text), &same); err != nil || !equalJSON(same, structured) {
		r.t.Errorf("%s: text and structured content differ", tool)
	}
	return text, false
}

// maxAnswer is the most that an answer may have, in bytes: about 10,000 tokens.
const maxAnswer = 40_000

func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// call calls a tool that must answer.
func call[Out any](r *rig, tool string, args arguments) Out {
	r.t.Helper()
	text, failed := r.raw(tool, args)
	if failed {
		r.t.Fatalf("%s: %s", tool, text)
	}
	var out Out
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		r.t.Fatalf("%s: %v", tool, err)
	}
	return out
}

// refused calls a tool that must fail with a code, and returns the problem.
func (r *rig) refused(tool string, args arguments, code string) tools.Problem {
	r.t.Helper()
	text, failed := r.raw(tool, args)
	if !failed {
		r.t.Fatalf("%s %v: it answered instead of failing with %s: %.300s", tool, args, code, text)
	}
	var problem struct{ Error tools.Problem }
	if err := json.Unmarshal([]byte(text), &problem); err != nil {
		r.t.Fatalf("%s: an error that is no JSON: %q", tool, text)
	}
	p := problem.Error
	if p.Code != code || p.Message == "" || p.Next == "" {
		r.t.Errorf("%s %v: got %+v, want code %s, a message and a next step", tool, args, p, code)
	}
	return p
}

// applied plans with a tool and applies the plan.
func (r *rig) applied(tool string, args arguments) tools.PlanOut {
	r.t.Helper()
	planned := call[tools.PlanOut](r, tool, args)
	if planned.Status != "needs_confirmation" {
		r.t.Fatalf("%s: status %s, want needs_confirmation: %+v", tool, planned.Status, planned)
	}
	return call[tools.PlanOut](r, tool, arguments{"plan_id": planned.PlanID})
}

// file puts a report into the inbox.
func (r *rig) file(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.inbox, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) has(name string) bool {
	_, err := os.Stat(filepath.Join(r.inbox, filepath.FromSlash(name)))
	return err == nil
}

// people makes active users and returns their ids.
func (r *rig) people(emails ...string) []string {
	r.t.Helper()
	r.Tenant.SeedPeople(emails)
	ids := make([]string, len(emails))
	for i, email := range emails {
		if ids[i] = r.Tenant.UserByEmail(email); ids[i] == "" {
			r.t.Fatalf("no user %s", email)
		}
	}
	return ids
}

// small is a report of two people with one value each, and one row that is denied.
const small = "Email,Role,Effective_Access\n" +
	"ada@acme.example.com,Admin,Permitted\n" +
	"bob@acme.example.com,Viewer,Permitted\n" +
	"bob@acme.example.com,Admin,Denied\n"

func (r *rig) small() []string {
	r.file("report.csv", small)
	return r.people("ada@acme.example.com", "bob@acme.example.com")
}

// checkClean fails when an answer holds characters that act on a terminal or hide from a reader. JSON escapes some of
// them, so the decoded strings are looked at.
func checkClean(t *testing.T, what, text string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Errorf("%s: no JSON: %v", what, err)
		return
	}
	eachString(value, func(s string) {
		if bad := strings.IndexFunc(s, hostileRune); bad >= 0 {
			t.Errorf("%s: hostile character %q in %q", what, []rune(s[bad:])[0], s)
		}
	})
}

func eachString(value any, see func(string)) {
	switch v := value.(type) {
	case string:
		see(v)
	case []any:
		for _, item := range v {
			eachString(item, see)
		}
	case map[string]any:
		for name, item := range v {
			see(name)
			eachString(item, see)
		}
	}
}

func hostileRune(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0: // C0, DEL, C1
	// zero width, bidi
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
	case r >= 0xe0000 && r <= 0xe01ef, r >= 0xfe00 && r <= 0xfe0f: // tags, variation selectors
	default:
		return false
	}
	return true
}

func worldOf(o oktasim.Options) simtest.Options { return simtest.Options{Tenant: o} }

// inBubble runs a test where time passes as soon as all goroutines wait for it: keeping to Okta's pace then costs
// nothing.
func inBubble(t *testing.T, o rigOptions, body func(t *testing.T, r *rig)) {
	t.Helper()
	o.world.Lines = simtest.Lines(t, 3, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) { body(t, newRig(t, o)) })
}
