package e2e

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/tools"
)

// The two eras of the protocol: with a handshake, and without.
const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// session is a conversation of the official SDK's client with the program.
type session struct {
	*mcp.ClientSession
	t    *testing.T
	cmd  *exec.Cmd
	said *kept // everything that the program wrote to stdout
	errs *kept
}

// answers is a user who says the same to every question, and remembers the questions.
type answers struct {
	word   string        // accept, decline, cancel, or untick: the box of an earlier version's form
	fails  error         // what the dialogue fails with
	silent chan struct{} // says nothing before it is closed, unless nil

	mu   sync.Mutex
	seen []string
}

// converse starts the program and connects in an era. The user may be nil: then the client cannot ask.
func converse(t *testing.T, era string, user *answers, env []string, args ...string) *session {
	t.Helper()
	cmd := startable(t, env, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, cmd: cmd, said: &kept{}, errs: &kept{}}
	cmd.Stderr = s.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	options := &mcp.ClientOptions{}
	if user != nil {
		options.ElicitationHandler = user.respond
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "e2e", Version: "1"}, options)
	transport := &mcp.IOTransport{Reader: io.NopCloser(io.TeeReader(stdout, s.said)), Writer: stdin}
	s.ClientSession, err = client.Connect(t.Context(), transport, &mcp.ClientSessionOptions{ProtocolVersion: era})
	if err != nil {
		t.Fatalf("connect: %v\n%s", err, s.errs)
	}
	if got := s.InitializeResult().ProtocolVersion; got != era {
		t.Fatalf("the conversation is in %s, wanted %s", got, era)
	}
	return s
}

// close ends the conversation and holds the program to its manners: it exits with 0 soon after its input ends, and
// nothing but protocol was ever on stdout.
func (s *session) close() {
	s.t.Helper()
	ended := make(chan error, 1)
	_ = s.ClientSession.Close()
	go func() { ended <- s.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			s.t.Errorf("exit: %v\n%s", err, s.errs)
		}
	case <-time.After(20 * time.Second):
		s.t.Error("the program does not exit when its input has ended")
		_ = s.cmd.Process.Kill()
		<-ended
	}
	onlyProtocol(s.t, s.said.String())
}

func onlyProtocol(t *testing.T, said string) {
	t.Helper()
	for line := range strings.Lines(said) {
		var message struct {
			JSONRPC string
			ID      any
			Method  string
			Result  json.RawMessage
			Error   json.RawMessage
		}
		decoder := json.NewDecoder(strings.NewReader(line))
		if err := decoder.Decode(&message); err != nil || message.JSONRPC != "2.0" ||
			message.Method == "" && message.Result == nil && message.Error == nil {
			t.Errorf("not a message on stdout: %.200q", line)
		}
	}
}

// ask calls a tool and returns its text.
func (s *session) ask(tool string, args map[string]any) (text string, failed bool) {
	s.t.Helper()
	result, err := s.CallTool(s.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", tool, err, s.errs)
	}
	if len(result.Content) != 1 {
		s.t.Fatalf("%s: %d pieces of content", tool, len(result.Content))
	}
	return result.Content[0].(*mcp.TextContent).Text, result.IsError
}

func answer[Out any](s *session, tool string, args map[string]any) Out {
	s.t.Helper()
	text, failed := s.ask(tool, args)
	if failed {
		s.t.Fatalf("%s: %s", tool, text)
	}
	var out Out
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		s.t.Fatalf("%s: %v: %s", tool, err, text)
	}
	return out
}

// applied plans and applies, in two calls, and waits for the end.
func (s *session) applied(tool string, args map[string]any) tools.PlanOut {
	s.t.Helper()
	out := answer[tools.PlanOut](s, tool, args)
	if out.Status != "needs_confirmation" {
		s.t.Fatalf("%s: %+v", tool, out)
	}
	return answer[tools.PlanOut](s, tool, map[string]any{"plan_id": out.PlanID})
}

// demoApp finds the id of the demo's application where a newcomer would.
func demoApp(s *session) string {
	s.t.Helper()
	// The demo names its application in about's notes, since there is no Admin Console to look at.
	about := answer[tools.AboutOut](s, "about", nil)
	for _, note := range append(about.Notes, about.Next) {
		if at := strings.Index(note, "0oa"); at >= 0 && len(note) >= at+20 {
			return note[at : at+20]
		}
	}
	s.t.Fatalf("about does not name the demo's application: %+v", about)
	return ""
}

func TestEachToolOverStdioInBothEras(t *testing.T) {
	for _, era := range []string{legacy, modern} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "TOOL_WAIT=20s")
			p.put(t, "report.csv", e2eReport)
			s := converse(t, era, nil, p.env, "serve", "--demo")
			defer s.close()
			w := &walk{session: s, app: demoApp(s), called: map[string]bool{"about": true}}
			w.report(t)
			w.stages(t)
			w.lists(t)
			w.rest(t)
			auditTools(s, w.use)
			for tool, err := range s.Tools(t.Context(), nil) {
				if err != nil {
					t.Fatal(err)
				}
				if !w.called[tool.Name] {
					t.Errorf("%s was not called; add it to this test", tool.Name)
				}
			}
			if !p.has("report.csv") || p.has("processed") {
				t.Error("the demo touched the caller's inbox")
			}
			if _, err := os.Stat(p.state); err == nil {
				t.Error("the demo made the caller's state directory")
			}
		})
	}
}

func TestQuestionsAreAskedInBothEras(t *testing.T) {
	for _, era := range []string{legacy, modern} {
		for word, status := range map[string]string{"accept": "complete", "decline": "declined", "cancel": "declined"} {
			t.Run(era+" "+word, func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				p.put(t, "report.csv", e2eReport)
				user := &answers{word: word}
				s := converse(t, era, user, p.env, "--demo")
				defer s.close()
				out := answer[tools.PlanOut](s, "prepare_entitlement_structure",
					map[string]any{"filename": "report.csv", "app_id": demoApp(s)})
				if out.Status != status || len(user.seen) != 1 || !strings.Contains(user.seen[0], "2 values to create") {
					t.Errorf("status %s, want %s; asked %q", out.Status, status, user.seen)
				}
			})
		}
	}
}

// TestPlacesAreFoundFromAnyDirectory: desktop clients start the program from a directory of their choice, with next
// to no environment.
func TestPlacesAreFoundFromAnyDirectory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the places are those of Linux")
	}
	home := t.TempDir()
	env := []string{"HOME=" + home}
	settings := filepath.Join(home, ".config", "okta-entitlements-mcp")
	if err := os.MkdirAll(filepath.Join(settings, "reports"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(settings, ".env"),
		[]byte("OKTA_DOMAIN=demo\nCSV_DIR=reports\nLOG_LEVEL=error\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(settings, "reports", "mine.csv"), []byte(e2eReport), 0o644); err != nil {
		t.Fatal(err)
	}
	s := converse(t, legacy, nil, env)
	defer s.close()
	about := answer[tools.AboutOut](s, "about", nil)
	if about.EnvFile.Path != filepath.Join(settings, ".env") || about.EnvFile.Why == "" || about.Mode != "demo" {
		t.Errorf("about: %+v", about)
	}
	if !strings.Contains(about.Inbox.Why, filepath.Join(settings, "reports")) {
		t.Errorf("the inbox is not named: %+v", about.Inbox)
	}
	listed := answer[tools.ListFilesOut](s, "list_csv_files", nil)
	if !slices.ContainsFunc(listed.Files, func(f tools.FileItem) bool { return f.Filename == "mine.csv" }) {
		t.Errorf("the caller's report is not listed: %+v", listed.Files)
	}
}

// TestNothingConfiguredIsExplained: the first start of a newcomer ends with what to do, on stderr, and with nothing
// on stdout.
func TestNothingConfiguredIsExplained(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := runProgram(t, []string{"HOME=" + t.TempDir()})
	if code != cli.ExitUsage || stdout != "" || !strings.Contains(stderr, "OKTA_DOMAIN") ||
		!strings.Contains(stderr, "demo") {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestServerEndsWithItsInput(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	stdout, stderr, code := runProgram(t, newPlace(t).env, "serve", "--demo")
	if code != 0 || stdout != "" {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if took := time.Since(begun); took > 20*time.Second { // a hang, not a measure
		t.Errorf("it took %s", took)
	}
}

func TestServerEndsOnASignal(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signal")
	}
	s := converse(t, legacy, nil, newPlace(t).env, "serve", "--demo")
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	s.close()
}

// TestHandwrittenMessagesAreAnswered sends what no client library would, and sees that the server stays in its senses.
func TestHandwrittenMessagesAreAnswered(t *testing.T) {
	t.Parallel()
	cmd := startable(t, newPlace(t).env, "serve", "--demo")
	cmd.Stdin = strings.NewReader(strings.Join([]string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",` +
			`"capabilities":{},"clientInfo":{"name":"hand","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`this is no message`,
		`{"jsonrpc":"2.0","id":2,"method":"no/such/method"}`,
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"no_such_tool","arguments":{}}}`,
		`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"about","arguments":"text"}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"about","arguments":[1]}}`,
		`[{"jsonrpc":"2.0","id":6,"method":"ping"}]`,
		`{"jsonrpc":"2.0","id":7,"method":"tools/list"}`,
	}, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	onlyProtocol(t, string(out))
	for _, id := range []string{`"id":1,`, `"id":2,`, `"id":7,`} {
		if !strings.Contains(string(out), id) {
			t.Errorf("no answer to %s in %.2000s", id, out)
		}
	}
}

func TestManyCallsAtOnceAreAllAnswered(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.put(t, "report.csv", e2eReport)
	s := converse(t, modern, nil, p.env, "serve", "--demo")
	defer s.close()
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			tool, args := "okta_get_rate_status", map[string]any{}
			if i%2 == 0 {
				tool, args = "analyze_csv_for_entitlements", map[string]any{"filename": "report.csv"}
			}
			result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
			if err != nil || result.IsError {
				t.Errorf("%s: %v %+v", tool, err, result)
			}
		})
	}
	wait.Wait()
}
