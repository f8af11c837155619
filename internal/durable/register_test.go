package durable_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/durable"
)

type note struct {
	Key  string `json:"key"`
	Text string `json:"text,omitempty"` // "" takes the note back
}

func (n note) RegisterKey() (string, bool) { return n.Key, n.Text != "" }

func openRegister(t *testing.T, path string) *durable.Register[note] {
	t.Helper()
	r, err := durable.OpenRegister[note](path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func put(t *testing.T, r *durable.Register[note], notes ...note) {
	t.Helper()
	for _, n := range notes {
		if err := r.Put(n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOfARegistersLinesTheLastOfAKeyHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.jsonl")
	r := openRegister(t, path)
	put(t, r, note{"a", "one"}, note{"b", "one"}, note{"a", "two"}, note{"b", ""})
	if err := r.Put(note{Text: "no key"}); err == nil {
		t.Error("an entry without a key was written")
	}
	for name, check := range map[string]map[string]note{"open": r.Entries(), "again": openRegister(t, path).Entries()} {
		if len(check) != 1 || check["a"].Text != "two" {
			t.Errorf("%s: %v", name, check)
		}
	}
	if got, ok := r.Get("b"); ok {
		t.Errorf("a note that was taken back is %v", got)
	}
	if got, want := read(t, path), `{"key":"a","text":"one"}
{"key":"b","text":"one"}
{"key":"a","text":"two"}
{"key":"b"}
`; got != want {
		t.Errorf("the file is\n%s, want\n%s", got, want)
	}
}

func TestARegisterIsCompactedWhenMostOfItIsHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.jsonl")
	r := openRegister(t, path)
	put(t, r, note{"gone", "x"}, note{"gone", ""})
	for i := range 300 {
		put(t, r, note{fmt.Sprint(i % 3), fmt.Sprint(i)})
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = openRegister(t, path)
	want := "{\"key\":\"0\",\"text\":\"297\"}\n{\"key\":\"1\",\"text\":\"298\"}\n{\"key\":\"2\",\"text\":\"299\"}\n"
	if got := read(t, path); got != want {
		t.Errorf("the file is\n%s, want\n%s", got, want)
	}
	put(t, r, note{"3", "new"})
	if entries, err := durable.ReadRegister[note](path); err != nil || len(entries) != 4 || entries["1"].Text != "298" {
		t.Errorf("after compaction it says %v (%v)", entries, err)
	}
}

func TestARegisterOfManyKeysKeepsItsHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.jsonl")
	r := openRegister(t, path)
	for i := range 300 {
		put(t, r, note{fmt.Sprint(i % 100), fmt.Sprint(i)})
	}
	before := read(t, path)
	if openRegister(t, path); read(t, path) != before {
		t.Error("it was written again although a third of its lines hold")
	}
}

func TestARegisterWithATornTailLosesThatLineAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.jsonl")
	content := "{\"key\":\"a\",\"text\":\"one\"}\n{\"key\":\"b\",\"text\":\"on"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if entries, err := durable.ReadRegister[note](path); err != nil || len(entries) != 1 || read(t, path) != content {
		t.Errorf("reading it: %v, %v", entries, err)
	}
	put(t, openRegister(t, path), note{"c", "one"})
	if got := read(t, path); got != "{\"key\":\"a\",\"text\":\"one\"}\n{\"key\":\"c\",\"text\":\"one\"}\n" {
		t.Errorf("the file is %s", got)
	}
}

func TestADamagedLineOfARegisterIsNamedAndNothingIsWritten(t *testing.T) {
	for name, line := range map[string]string{"no JSON": "{\"key\":", "no key": "{\"text\":\"x\"}", "empty": ""} {
		path := filepath.Join(t.TempDir(), "notes.jsonl")
		content := "{\"key\":\"a\",\"text\":\"one\"}\n" + line + "\n"
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := durable.OpenRegister[note](path)
		var damaged *durable.DamagedError
		if !errors.As(err, &damaged) || damaged.Line != 2 || damaged.File != "notes.jsonl" {
			t.Errorf("%s: %v, want line 2 of notes.jsonl", name, err)
		}
		if read(t, path) != content {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestLinesAreReadOneByOneAndTheEndIsReported(t *testing.T) {
	long := strings.Repeat("x", 100_000) // longer than the reader's buffer
	for name, test := range map[string]struct {
		content string
		want    []string
		end     error
	}{
		"nothing":       {"", nil, io.EOF},
		"whole":         {"one\n\nthree\n", []string{"one", "", "three"}, io.EOF},
		"torn":          {"one\ntw", []string{"one"}, durable.ErrTorn},
		"long":          {long + "\ntwo\n", []string{long, "two"}, io.EOF},
		"too long":      {"one\n" + long + "xx\n", []string{"one"}, durable.ErrLongLine},
		"torn and long": {"one\n" + long + "xx", []string{"one"}, durable.ErrLongLine},
	} {
		reader := durable.NewLineReader(strings.NewReader(test.content), len(long))
		var got []string
		var line durable.Line
		var err error
		for line, err = reader.Next(); err == nil; line, err = reader.Next() {
			got = append(got, string(line.Text))
			if line.Number != len(got) {
				t.Errorf("%s: line %d has number %d", name, len(got), line.Number)
			}
		}
		if !errors.Is(err, test.end) || strings.Join(got, "|") != strings.Join(test.want, "|") {
			t.Errorf("%s: %d lines, then %v; want %d and %v", name, len(got), err, len(test.want), test.end)
		}
		if errors.Is(err, durable.ErrTorn) && string(line.Text) != "tw" {
			t.Errorf("%s: the torn line is %q", name, line.Text)
		}
	}
}

func TestReadLinesLeavesTheTornTailOutAndReportsEveryError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lines")
	if err := os.WriteFile(path, []byte("one\ntwo\nthr"), 0o600); err != nil {
		t.Fatal(err)
	}
	count := 0
	for line, err := range durable.ReadLines(path) {
		if count++; err != nil || line.Number != count {
			t.Errorf("line %d: %+v, %v", count, line, err)
		}
	}
	if count != 2 {
		t.Errorf("%d lines, want 2", count)
	}
	for line, err := range durable.ReadLines(filepath.Join(dir, "none")) {
		t.Errorf("a file that does not exist has %v, %v", line, err)
	}
	var failed error
	for _, err := range durable.ReadLines(dir) {
		failed = err
	}
	if failed == nil {
		t.Error("a directory was read without an error")
	}
}
