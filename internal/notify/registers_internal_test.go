package notify

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write makes a register of 300 lines about two keys, as earlier runs left it.
func write(t *testing.T, path, format string) {
	t.Helper()
	var text strings.Builder
	for i := range 300 {
		fmt.Fprintf(&text, format+"\n", i%2, i)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func TestTheLedgerOfIssuesLosesItsHistoryAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "jira-set.jsonl")
	write(t, path, `{"key":"k%d","issue":"SEC-%d"}`)
	l, err := openLedger(t.Context(), dir, "jira-set")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.note(entry{Key: "k2", Issue: "SEC-7"}); err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	want := []string{`{"key":"k0","issue":"SEC-298"}`, `{"key":"k1","issue":"SEC-299"}`, `{"key":"k2","issue":"SEC-7"}`}
	if got := lines(t, path); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the ledger is %q, want %q", got, want)
	}
	read, err := readLedger(dir, "jira-set")
	if err != nil || len(read.entries) != 3 {
		t.Errorf("read again: %v, %v", read, err)
	}
	if err := read.note(entry{Key: "k3"}); err == nil {
		t.Error("a ledger that is open for reading was written")
	}
}

func TestTheRegisterOfMessagesLosesItsHistoryAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, onceFile), `{"key":"p%d@example.com","at":"2026-11-25T10:00:00.%03dZ"}`)
	once, err := NewOnce(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	if err := once.Forget(t.Context(), "P1@example.com", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := once.Note(t.Context(), "p2@example.com", at); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, filepath.Join(dir, onceFile)); len(got) != 4 {
		t.Errorf("the register has the lines %q, want 4", got)
	}
	for key, want := range map[string]time.Time{
		"p0@example.com": time.Date(2026, 11, 25, 10, 0, 0, 298_000_000, time.UTC), "p1@example.com": {}, "p2@example.com": at} {
		if got, err := once.LastSent(key); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v (%v), want %v", key, got, err, want)
		}
	}
}
