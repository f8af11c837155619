//go:build linux || darwin

package fulldisk

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

const role = "TEST_FULL_DISK"

// Alone runs a test in a process of its own. The test fails unless f prints struck, which it does once the disk was full
// and everything held.
func Alone(t *testing.T, struck string, f func(*testing.T)) {
	t.Helper()
	if os.Getenv(role) != "" {
		signal.Ignore(syscall.SIGXFSZ)
		f(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), role+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), struck) {
		t.Fatalf("%v\n%s", err, out)
	}
}

// Limit bounds the size in bytes of the files that this process writes; the largest number lifts the bound.
func Limit(t *testing.T, size uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = min(size, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}
