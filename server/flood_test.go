package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/server"
)

// TestAFloodOfCallsDoesNotStarveAPing has more calls wait than any queue holds. Found from outside: a ping behind 10,000
// calls waited over 90 seconds.
func TestAFloodOfCallsDoesNotStarveAPing(t *testing.T) {
	s := newSurface(t, tool("waits", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	in, send := io.Pipe()
	receive, out := io.Pipe()
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { ended <- server.ServeStdio(ctx, s.server, in, out, s.logger); _ = out.Close() }()
	const calls = 10_100
	go func() {
		for i := range calls {
			_, _ = fmt.Fprintf(send, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"waits"}}`+"\n", i)
		}
		_, _ = io.WriteString(send, `{"jsonrpc":"2.0","id":"ping","method":"ping"}`+"\n")
	}()
	refused := 0
	for lines := bufio.NewScanner(receive); ; {
		if !lines.Scan() {
			t.Fatalf("no answer to the ping, %v", lines.Err())
		}
		var answer struct {
			ID     any
			Result struct{ IsError bool }
		}
		if err := json.Unmarshal(lines.Bytes(), &answer); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		if answer.ID == "ping" {
			break
		}
		if !answer.Result.IsError || !strings.Contains(lines.Text(), "too_many_calls") {
			t.Fatalf("a call that waits was answered: %s", lines.Bytes())
		}
		refused++
	}
	if refused != calls-10_000 {
		t.Errorf("%d calls were refused, want those over 10,000", refused)
	}
	stop()
	go func() { _, _ = io.Copy(io.Discard, receive) }()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestCallsAreCountedUntilTheyAreAnswered sends many more calls than may wait, but one after the other.
func TestCallsAreCountedUntilTheyAreAnswered(t *testing.T) {
	s := newSurface(t, tool("reads", says(`{"rows":3}`)))
	in, send := io.Pipe()
	receive, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- server.ServeStdio(context.Background(), s.server, in, out, s.logger); _ = out.Close() }()
	lines := bufio.NewScanner(receive)
	for i, id := range []string{"1", "1.0", `"a"`, `"a"`, `"\u0061"`, "-5", "1e2"} {
		_, _ = fmt.Fprintf(send, `{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"reads"}}`+"\n", id)
		if !lines.Scan() || strings.Contains(lines.Text(), "error") {
			t.Errorf("call %d with id %s: %s", i, id, lines.Text())
		}
	}
	_ = send.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
