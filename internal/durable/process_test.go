//go:build linux || darwin

package durable_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"okta-entitlements-mcp/internal/durable"
)

// child re-executes this test binary as another process that runs one test with a role in its environment.
func child(t *testing.T, test, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), "DURABLE_CHILD="+path)
	return cmd
}

func TestLockIsFreeOnceItsHolderIsKilled(t *testing.T) {
	if path := os.Getenv("DURABLE_CHILD"); path != "" {
		if _, err := durable.TryLock(path); err != nil {
			t.Fatal(err)
		}
		fmt.Println("HELD")
		_, _ = io.Copy(io.Discard, os.Stdin) // until killed
		return
	}
	path := filepath.Join(t.TempDir(), "lock")
	cmd := child(t, t.Name(), path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	held := false
	for s := bufio.NewScanner(out); !held && s.Scan(); {
		held = strings.Contains(s.Text(), "HELD")
	}
	if _, err := durable.TryLock(path); !held || err == nil || !strings.Contains(err.Error(), fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("while another process holds it (held %v): %v, want its process id", held, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	lock, err := durable.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// A file size limit acts as a full disk: the write stops part way with an error.
func TestLinesStayWholeWhenTheDiskIsFull(t *testing.T) {
	if path := os.Getenv("DURABLE_CHILD"); path != "" {
		appendUntilFull(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "journal")
	out, err := child(t, t.Name(), path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "FULL") {
		t.Fatalf("the limit did not strike: %v\n%s", err, out)
	}
	got := read(t, path)
	if want := strings.Repeat(strings.Repeat("x", 99)+"\n", 10) + "short\n"; got != want {
		t.Errorf("file has %d bytes ending %q, want %d", len(got), got[max(0, len(got)-20):], len(want))
	}
}

func appendUntilFull(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	lines, err := durable.OpenLines(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	full := limit
	full.Cur = 1050
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	// The limit ends with the test: go test -cover writes a larger file then.
	t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) })
	refused := false
	for range 11 {
		refused = lines.Append([]byte(strings.Repeat("x", 99))) != nil
	}
	if err := lines.Append([]byte("short")); err != nil {
		t.Fatalf("a line that fits is refused after one that did not: %v", err)
	}
	if refused {
		fmt.Println("FULL")
	}
}
