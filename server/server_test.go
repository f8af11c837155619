package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/server"
	"okta-entitlements-mcp/tools"
)

// tool makes a tool for tests of the surface.
func tool(name string, handle mcpserver.ToolHandlerFunc) tools.Tool {
	return tools.Tool{Definition: mcp.NewTool(name), Handler: handle}
}

func says(text string) mcpserver.ToolHandlerFunc {
	return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultStructured(json.RawMessage(text), text), nil
	}
}

// surface is a server over some tools, with the folder of its trail and what it logs.
type surface struct {
	t      *testing.T
	server *mcpserver.MCPServer
	dir    string
	log    *kept
	logger *slog.Logger
}

type kept struct {
	mu   sync.Mutex
	text strings.Builder
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.String()
}

func newSurface(t *testing.T, all ...tools.Tool) *surface {
	t.Helper()
	s := &surface{t: t, dir: filepath.Join(t.TempDir(), "trail"), log: &kept{}}
	s.logger = slog.New(slog.NewTextHandler(s.log, nil))
	record, err := trail.Open(t.Context(), s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.server, err = server.New(server.Options{
		Version: "test",
		Tools:   all,
		Trail:   record,
		Actor:   "tester",
		Log:     s.logger,
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// call calls a tool and returns its text.
func (s *surface) call(name string, args map[string]any) (text string, failed bool) {
	s.t.Helper()
	message, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call",
		"params": map[string]any{"name": name, "arguments": args}})
	if err != nil {
		s.t.Fatal(err)
	}
	reply, err := json.Marshal(s.server.HandleMessage(s.t.Context(), message))
	if err != nil {
		s.t.Fatal(err)
	}
	var got struct {
		Result struct {
			IsError bool
			Content []struct{ Text string }
		}
	}
	if err := json.Unmarshal(reply, &got); err != nil || len(got.Result.Content) != 1 {
		s.t.Fatalf("%v: %s", err, reply)
	}
	return got.Result.Content[0].Text, got.Result.IsError
}

// entries reads the trail back, and checks its chain.
func (s *surface) entries() []trail.Entry {
	s.t.Helper()
	if _, err := trail.VerifyDir(s.t.Context(), s.dir); err != nil {
		s.t.Errorf("the trail is broken: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "trail.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	var all []trail.Entry
	for line := range strings.Lines(string(text)) {
		var e trail.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestEachCallIsRecordedBeforeAndAfter(t *testing.T) {
	s := newSurface(t, tool("plans", says(`{"status":"needs_confirmation","plan_id":"plan_x"}`)),
		tool("reads", says(`{"rows":3}`)),
		tool("fails", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return tools.Failure("some_code", "it failed", "do this"), nil
		}))
	s.call("plans", map[string]any{"filename": "a.csv", "api_token": "not to be seen"})
	s.call("reads", nil)
	s.call("fails", nil)
	all := s.entries()
	if len(all) != 6 {
		t.Fatalf("%d entries, want 6", len(all))
	}
	for i, want := range []struct{ tool, outcome, plan string }{{"plans", "needs_confirmation", "plan_x"},
		{"reads", "ok", ""}, {"fails", "error:some_code", ""}} {
		before, after := all[2*i], all[2*i+1]
		if before.Step != "call" || before.Tool != want.tool || before.Actor != "tester" || before.Outcome != "" {
			t.Errorf("before %s: %+v", want.tool, before)
		}
		if after.Step != "result" || after.Tool != want.tool || after.Outcome != want.outcome || after.PlanID != want.plan {
			t.Errorf("after %s: %+v, want outcome %s", want.tool, after, want.outcome)
		}
	}
	if text := fmt.Sprint(all[0].Arguments); !strings.Contains(text, "a.csv") || strings.Contains(text, "not to be seen") {
		t.Errorf("arguments recorded as %s", text)
	}
}

func TestCallThatCannotBeRecordedIsNotMade(t *testing.T) {
	made := false
	s := newSurface(t, tool("writes", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		made = true
		return mcp.NewToolResultText("done"), nil
	}))
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.dir, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, failed := s.call("writes", nil)
	if !failed || made || !strings.Contains(text, "trail_not_writable") || !strings.Contains(text, "STATE_DIR") {
		t.Errorf("made: %v; %s", made, text)
	}
}

// TestPanicShowsTheClientNothing: the cause may hold data of anybody, so it stays in the log.
func TestPanicShowsTheClientNothing(t *testing.T) {
	s := newSurface(t, tool("panics", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		panic("secret of a person")
	}), tool("reads", says(`{}`)))
	text, failed := s.call("panics", nil)
	var shown struct{ Error tools.Problem }
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		t.Fatal(err)
	}
	if !failed || shown.Error.Code != "internal" || strings.Contains(text, "secret") || strings.Contains(text, ".go") {
		t.Errorf("shown: %s", text)
	}
	number := shown.Error.Message[strings.LastIndex(shown.Error.Message, " ")+1:]
	if log := s.log.String(); !strings.Contains(log, number) || !strings.Contains(log, "secret of a person") ||
		!strings.Contains(log, "server_test.go") {
		t.Errorf("the log does not explain number %s: %s", number, log)
	}
	if all := s.entries(); all[len(all)-1].Outcome != "error:internal" {
		t.Errorf("recorded as %+v", all[len(all)-1])
	}
	if _, failed := s.call("reads", nil); failed {
		t.Error("the server does not go on after a panic")
	}
}

func TestHalfBuiltServersAreRefused(t *testing.T) {
	record, err := trail.Open(t.Context(), filepath.Join(t.TempDir(), "trail"))
	if err != nil {
		t.Fatal(err)
	}
	one, log := []tools.Tool{tool("reads", says(`{}`))}, slog.New(slog.DiscardHandler)
	for name, o := range map[string]server.Options{"no trail": {
		Tools: one,
		Log:   log,
	}, "no log": {Tools: one, Trail: record}, "no tools": {Trail: record, Log: log}} {
		if _, err := server.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSlowCallsDoNotHoldOthersUp: calls may wait for most of a minute, and a client makes several at once. Messages
// stay whole while many goroutines write, a call that the client gives up is cancelled and gets no answer, and blank
// lines are no messages.
func TestSlowCallsDoNotHoldOthersUp(t *testing.T) {
	const slow = 40
	release := make(chan struct{})
	var waiting, cancelled atomic.Int32
	s := newSurface(t, tool("waits", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		waiting.Add(1)
		select {
		case <-release:
			return mcp.NewToolResultText(strings.Repeat("x", 5000)), nil
		case <-ctx.Done():
			cancelled.Add(1)
			return nil, ctx.Err()
		}
	}), tool("reads", says(`{}`)))
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- server.ServeStdio(context.Background(), s.server, in, out, s.logger); _ = out.Close() }()
	send := func(format string, args ...any) {
		if _, err := fmt.Fprintf(toServer, format+"\n", args...); err != nil {
			t.Error(err)
		}
	}
	lines := bufio.NewScanner(fromServer)
	lines.Buffer(nil, 1<<20)
	read := func() (id int) {
		var message struct {
			JSONRPC string
			ID      int
		}
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &message) != nil || message.JSONRPC != "2.0" {
			t.Fatalf("not a message: %.200q, %v", lines.Text(), lines.Err())
		}
		return message.ID
	}
	send(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",` +
		`"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	read()
	for i := range slow {
		send(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"waits","arguments":{}}}`, 100+i)
	}
	send(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"reads","arguments":{}}}`)
	if id := read(); id != 2 {
		t.Fatalf("the answer to %d came first", id)
	}
	for waiting.Load() < slow {
		send(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"reads","arguments":{}}}`)
		read()
	}
	send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":100}}`)
	for cancelled.Load() == 0 {
		send("\r\n \n" + `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"reads","arguments":{}}}`)
		if id := read(); id != 3 {
			t.Fatalf("an answer to %d came, where a blank line and request 3 were sent", id)
		}
	}
	close(release)
	for range slow - 1 {
		if id := read(); id == 100 {
			t.Error("request 100 was cancelled and is answered")
		}
	}
	send(`{"jsonrpc":"2.0","id":100,"method":"tools/call","params":{"name":"reads","arguments":{}}}`)
	if id := read(); id != 100 {
		t.Errorf("a new request of id 100 is not answered; %d is", id)
	}
	_ = toServer.Close()
	if err := <-ended; err != nil {
		t.Errorf("at the end of input: %v", err)
	}
}

func TestServingEndsWithItsContext(t *testing.T) {
	s := newSurface(t, tool("reads", says(`{}`)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, never := io.Pipe()
	defer func() { _ = never.Close() }()
	if err := server.ServeStdio(ctx, s.server, in, io.Discard, s.logger); err != nil {
		t.Errorf("a stop that was asked for is no error: %v", err)
	}
}
