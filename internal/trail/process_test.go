//go:build linux || darwin

package trail_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/trail"
)

// child re-executes this test binary as another process that runs one test on the trail in dir.
func child(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "TRAIL_CHILD="+dir)
	return cmd
}

func TestWhatWasAcknowledgedSurvivesAKillAtAnyInstant(t *testing.T) {
	if dir := os.Getenv("TRAIL_CHILD"); dir != "" {
		tr := open(t, dir)
		var wg sync.WaitGroup
		for range 4 { // their entries share writes
			wg.Go(func() {
				for i := range 10_000 {
					seq, err := tr.Append(context.Background(), entry(i))
					if err != nil {
						t.Error(err)
						return
					}
					fmt.Printf("WROTE %d %d.\n", seq, i)
				}
			})
		}
		wg.Wait()
		return
	}
	dir := t.TempDir()
	var mu sync.Mutex
	acknowledged := map[int64]string{} // the step by number
	for range 6 {
		var wg sync.WaitGroup
		for range 2 { // two processes write the same trail
			cmd := child(t, dir)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for s, n := bufio.NewScanner(out), 0; s.Scan(); {
					var seq int64
					var i int
					if _, err := fmt.Sscanf(s.Text(), "WROTE %d %d.", &seq, &i); err != nil {
						continue // the last one may be cut off
					}
					mu.Lock()
					acknowledged[seq] = fmt.Sprint("step ", i)
					mu.Unlock()
					if n++; n == 3 {
						time.AfterFunc(time.Duration(rand.IntN(8_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
					}
				}
				_ = cmd.Wait()
			})
		}
		wg.Wait()
		open(t, dir)
		sum, err := trail.VerifyDir(t.Context(), dir)
		if err != nil || len(acknowledged) == 0 {
			t.Fatalf("%+v, %v; %d entries were acknowledged", sum, err, len(acknowledged))
		}
		lines, _ := files(t, dir)
		there := map[int64]string{}
		for line := range bytes.Lines(lines) {
			var e trail.Entry
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			there[e.Seq] = e.Step
		}
		for seq, step := range acknowledged {
			if there[seq] != step {
				t.Fatalf("entry %d was acknowledged as %q and is %q", seq, step, there[seq])
			}
		}
	}
}

// A file size limit acts as a full disk, and a limit on open files for every other step that can fail.
func TestAppendThatFailsLeavesTheTrailConsistent(t *testing.T) {
	if dir := os.Getenv("TRAIL_CHILD"); dir != "" {
		starve(t, dir)
		return
	}
	dir := t.TempDir()
	written(t, dir, 2)
	out, err := child(t, dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "STARVED") {
		t.Fatalf("%v\n%s", err, out)
	}
	sum, err := trail.VerifyDir(t.Context(), dir)
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("STARVED %d\n", sum.Entries)) || sum.Pending != 0 {
		t.Errorf("%+v, %v; the writer says\n%s", sum, err, out)
	}
}

func starve(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	tr := open(t, dir)
	entries := int64(2)
	for _, kind := range []int{syscall.RLIMIT_FSIZE, syscall.RLIMIT_NOFILE} {
		var usual syscall.Rlimit
		if err := syscall.Getrlimit(kind, &usual); err != nil {
			t.Fatal(err)
		}
		failed, worked := 0, 0
		for step := range uint64(30) {
			limit := usual
			limit.Cur = 3 + step
			if kind == syscall.RLIMIT_FSIZE {
				lines, _ := files(t, dir)
				limit.Cur = uint64(len(lines)) + step*50
			}
			if err := syscall.Setrlimit(kind, &limit); err != nil {
				t.Fatal(err)
			}
			_, err := tr.Append(context.Background(), entry(1))
			if err := syscall.Setrlimit(kind, &usual); err != nil {
				t.Fatal(err)
			}
			if err == nil {
				worked, entries = worked+1, entries+1
			} else {
				failed++
			}
			sum, verr := trail.VerifyDir(context.Background(), dir)
			if verr != nil || sum.Entries != entries {
				t.Fatalf("limit %d at %d: append says %v; trail %+v, %v, want %d entries", kind, limit.Cur, err, sum, verr, entries)
			}
		}
		if failed < 3 || worked < 3 {
			t.Fatalf("limit %d: %d appends failed, %d worked; want some of both", kind, failed, worked)
		}
	}
	fmt.Printf("STARVED %d\n", entries)
}
