// Package e2e drives the built program as a user does: over stdio, from a shell, and by killing it.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// e2eReport is a report that every tenant of these tests can carry out: two people, a value each.
const e2eReport = "Email,Role,Effective_Access\nada@acme.example.com,Admin,Permitted\nbob@acme.example.com,Viewer,Permitted\n"

// sample is the built-in report that the demo shows.
const sample = "sample_medium_denormalized.csv"

// modulePath is the module's main package.
const modulePath = "okta-entitlements-mcp"

// fails stops a test whose preparation did not work.
func fails(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// killsOf is how many processes a test kills; KILLS overrides it, and .ci/run takes 50.
func killsOf(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv("KILLS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 8 {
		t.Fatalf("KILLS=%q is not a number of at least 8", text)
	}
	return n
}

// theProgram is the real binary, built once for all tests that drive it.
var theProgram = sync.OnceValues(func() (path string, err error) {
	if builtIn, err = os.MkdirTemp("", "okta-entitlements-e2e-"); err != nil {
		return "", err
	}
	path = filepath.Join(builtIn, "okta-entitlements-mcp")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", path, modulePath).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// builtIn is the folder of the binary, removed when all tests have ended.
var builtIn string

func TestMain(m *testing.M) {
	code := m.Run()
	if builtIn != "" {
		_ = os.RemoveAll(builtIn)
	}
	os.Exit(code)
}

// place is a home of its own for a process: inbox, state, and nothing of this machine's environment.
type place struct {
	home, inbox, state string
	env                []string
}

func newPlace(t *testing.T, env ...string) *place {
	t.Helper()
	home := t.TempDir()
	p := &place{home: home, inbox: filepath.Join(home, "inbox"), state: filepath.Join(home, "state")}
	if err := os.MkdirAll(p.inbox, 0o755); err != nil {
		t.Fatal(err)
	}
	p.env = append([]string{"HOME=" + home, "CSV_DIR=" + p.inbox, "STATE_DIR=" + p.state, "LOG_LEVEL=warn"}, env...)
	return p
}

func (p *place) put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.inbox, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (p *place) has(name string) bool {
	_, err := os.Stat(filepath.Join(p.inbox, filepath.FromSlash(name)))
	return err == nil
}

// startable is the program with arguments, started from the root directory as a client of a desktop may do.
func startable(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := theProgram()
	if err != nil {
		t.Fatalf("build: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Dir = env, "/"
	if runtime.GOOS == "windows" {
		cmd.Dir, cmd.Env = os.TempDir(), append(env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"))
	}
	return cmd
}

// runProgram starts the program and waits for its end.
func runProgram(t *testing.T, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := startable(t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// kept is a buffer that one goroutine fills while another looks.
type kept struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.String()
}

// TestLittleIsDoneBeforeMain counts what our packages allocate before main: patterns and schemas that are compiled there
// delay every start of the program. Allocations are the same on every machine, times are not.
func TestLittleIsDoneBeforeMain(t *testing.T) {
	t.Parallel()
	_, stderr, code := runProgram(t, append(newPlace(t).env, "GODEBUG=inittrace=1"), "version")
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	ours := 0
	for line := range strings.Lines(stderr) {
		// init PACKAGE @N ms, N ms clock, N bytes, N allocs
		words := strings.Fields(line)
		if len(words) != 11 || !strings.HasPrefix(words[1], modulePath) {
			continue
		}
		ours++
		allocs, err := strconv.Atoi(words[9])
		if fails(t, err); allocs > 2000 {
			t.Errorf("%s allocates %d times before main", words[1], allocs)
		}
	}
	if ours < 5 {
		t.Errorf("only %d of our packages were seen: %s", ours, stderr)
	}
}
