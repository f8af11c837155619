//go:build linux || darwin

package batch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"okta-entitlements-mcp/internal/policy"
)

// TestNothingIsWrittenAfterALineThatFailed keeps operations from being sent whose begin is on no disk. A bound on the
// size of files acts as the full disk; it holds for a whole process, so it is one of its own.
func TestNothingIsWrittenAfterALineThatFailed(t *testing.T) {
	const role = "TEST_GAP"
	if os.Getenv(role) != "" {
		signal.Ignore(syscall.SIGXFSZ)
		failOnce(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), role+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "A LINE FAILED") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func failOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	writeJournal(t, path)
	j, err := openJournal(path, testPlan(), policy.Confirmation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
		t.Fatal(err)
	}
	full := usual
	full.Cur = uint64(len(before)) + 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	failed := j.begin(1, testKeys[1])
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(failed, ErrJournal) {
		t.Errorf("a line on a full disk: %v", failed)
	}
	// There is space again, but the line before is not there.
	if err := j.begin(2, testKeys[2]); !errors.Is(err, ErrJournal) {
		t.Errorf("a line after one that failed: %v", err)
	}
	_ = j.close()
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(after, before) {
		t.Errorf("%d bytes became %d, %v", len(before), len(after), err)
	}
	fmt.Println("A LINE FAILED")
}
