package durable_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/trouble"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWriteFileReplacesTheContentAndLeavesNothingElse(t *testing.T) {
	dir := t.TempDir()
	for _, content := range []string{"first, and longer", "second"} {
		if err := durable.WriteFile(dir, "plan.json", 0o600, text(content)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, filepath.Join(dir, "plan.json")); got != content {
			t.Errorf("content = %q, want %q", got, content)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("directory holds %v (%v), want only plan.json", entries, err)
	}
}

func TestWriteFileKeepsTheOldContentWhenTheWriterFails(t *testing.T) {
	dir := t.TempDir()
	if err := durable.WriteFile(dir, "a", 0o600, text("old")); err != nil {
		t.Fatal(err)
	}
	fault := errors.New("no more data")
	err := durable.WriteFile(dir, "a", 0o600, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return fault
	})
	if !errors.Is(err, fault) {
		t.Fatalf("error = %v, want the writer's", err)
	}
	if got := read(t, filepath.Join(dir, "a")); got != "old" {
		t.Errorf("content = %q, want old", got)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("a failed write left %v", entries)
	}
}

func TestWriteFileCannotLeaveItsDirectory(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "in")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outer, filepath.Join(dir, "link")); err != nil {
		t.Skip("no symlinks here:", err)
	}
	for _, name := range []string{"../out", "link/out", filepath.Join(outer, "out"), "", "sub/"} {
		if err := durable.WriteFile(dir, name, 0o600, text("x")); err == nil {
			t.Errorf("name %q was written", name)
		}
	}
	if entries, _ := os.ReadDir(outer); len(entries) != 1 {
		t.Errorf("something got out: %v", entries)
	}
}

func TestSweepRemovesOnlyLeftoversOfTheNamedFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".tmp-a-ABCDEFGHIJ~", ".tmp-b-ABCDEFGHIJ~", ".tmp-a-b-ABCDEFGHIJ~", "a", ".tmp-a", "notes~"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := durable.Sweep(root, ".", "a"); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 5 {
		t.Errorf("left %v (%v), want all but the leftover of a", left, err)
	}
}

func TestMkdirAllMakesParentsAndRefusesAFileInTheWay(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b", "c")
	for range 2 {
		if err := durable.MkdirAll(deep, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if runtime.GOOS != "windows" {
		if info, err := os.Stat(deep); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("mode = %v, %v, want 0700", info.Mode(), err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.MkdirAll(filepath.Join(dir, "f", "g"), 0o700); err == nil {
		t.Error("a directory was made under a file")
	}
}

func TestLockKeepsOthersOutUntilItIsReleased(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.lock")
	first, err := durable.TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := durable.TryLock(path); !errors.Is(err, durable.ErrLocked) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("second lock: %v, want ErrLocked with the holder", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := durable.Lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, durable.ErrLocked) {
		t.Errorf("waiting lock: %v, want deadline and ErrLocked", err)
	}
	if err := errors.Join(first.Unlock(), first.Unlock()); err != nil {
		t.Fatal(err)
	}
	second, err := durable.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Unlock(); err != nil {
		t.Fatal(err)
	}
}

func TestLinesSurviveReopeningAndCutATornTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	for _, torn := range []string{"", "half a li", strings.Repeat("x", 200_000)} {
		if err := os.WriteFile(path, []byte("one\ntwo\n"+torn), 0o600); err != nil {
			t.Fatal(err)
		}
		lines, err := durable.OpenLines(path, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if string(lines.Torn()) != torn {
			t.Errorf("torn = %d bytes, want %d", len(lines.Torn()), len(torn))
		}
		if err := lines.Append([]byte("three")); err != nil {
			t.Fatal(err)
		}
		if err := lines.Append([]byte("fo\nur")); err == nil {
			t.Error("a line with a newline in it was appended")
		}
		if got := read(t, path); got != "one\ntwo\nthree\n" || lines.Size() != int64(len(got)) {
			t.Errorf("file = %q, size %d", got, lines.Size())
		}
		if err := lines.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTornTailIsTheSameWhereverTheBlocksFall(t *testing.T) {
	for _, before := range []int{0, 1, 65535, 65536, 65537, 131072} {
		for _, after := range []int{0, 1, 65535, 65536, 65537} {
			content := append(bytes.Repeat([]byte("a"), before), '\n')
			content = append(content, bytes.Repeat([]byte("b"), after)...)
			end, torn, err := durable.TornTail(bytes.NewReader(content), int64(len(content)))
			if err != nil || end != int64(before+1) || len(torn) != after {
				t.Errorf("%d before, %d after: end %d, torn %d, %v", before, after, end, len(torn), err)
			}
		}
	}
}

func TestEveryFailureToWriteHasTheCodeOfTheState(t *testing.T) {
	dir := t.TempDir()
	gone := filepath.Join(dir, "gone")
	if err := os.MkdirAll(filepath.Join(dir, "name", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, opening := durable.OpenLines(filepath.Join(gone, "x"), 0o600)
	for name, err := range map[string]error{
		"folder missing": durable.WriteFile(gone, "x", 0o600, text("a")),
		"name taken":     durable.WriteFile(dir, "name", 0o600, text("a")),
		"lines":          opening,
	} {
		if trouble.CodeOf(err) != trouble.StateNotWritable {
			t.Errorf("%s: %v", name, err)
		}
	}
	own := errors.New("content is wrong")
	if err := durable.WriteFile(dir, "y", 0o600, func(io.Writer) error { return own }); trouble.CodeOf(err) != "" || !errors.Is(err, own) {
		t.Errorf("the writer's own error: %v", err)
	}
}
