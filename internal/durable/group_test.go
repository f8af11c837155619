package durable_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"okta-entitlements-mcp/internal/durable"
)

func TestLinesOfSeveralGoroutinesAreWholeAndInTheOrderOfEach(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	l, err := durable.OpenLines(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	const callers, each = 32, 20
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := range each {
				line := fmt.Sprintf("%d %d %s", caller, i, strings.Repeat("x", caller))
				if err := l.Append([]byte(line)); err != nil {
					t.Error(err)
					return
				}
				// What Append acknowledged is in the file, whatever the others do.
				if text, err := os.ReadFile(path); err != nil || !bytes.Contains(text, []byte(line+"\n")) {
					t.Errorf("line %q is not there, %v", line, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	next := map[int]int{}
	for line, err := range durable.ReadLines(path) {
		var caller, i int
		if _, scan := fmt.Sscanf(string(line.Text), "%d %d", &caller, &i); err != nil || scan != nil || i != next[caller] {
			t.Fatalf("line %d is %q, %v, %v", line.Number, line.Text, err, scan)
		}
		next[caller]++
	}
	info, err := os.Stat(path)
	if err != nil || len(next) != callers || l.Size() != info.Size() {
		t.Errorf("%d callers, size %d, %v", len(next), l.Size(), err)
	}
}

// Lines larger than what shares a write go through as well, and a line that has a newline fails for its caller alone.
func TestALargeLineAndABadOneAmongOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	l, err := durable.OpenLines(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := l.Append(bytes.Repeat([]byte{'a' + byte(i)}, 700<<10)); err != nil {
				t.Error(err)
			}
			if err := l.Append([]byte("two\nlines")); err == nil {
				t.Error("two lines passed for one")
			}
		})
	}
	wg.Wait()
	n := 0
	for line, err := range durable.ReadLines(path) {
		if err != nil || len(line.Text) != 700<<10 || len(bytes.Trim(line.Text, string(line.Text[:1]))) > 0 {
			t.Fatalf("line %d has %d bytes, %v", line.Number, len(line.Text), err)
		}
		n++
	}
	if n != 8 || l.Close() != nil {
		t.Errorf("%d lines", n)
	}
}
