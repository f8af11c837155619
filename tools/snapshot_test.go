package tools_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const snapshots = "testdata/snapshots"

// TestPublicFaceOfEachToolIsAsSnapshot pins what clients see of each tool, so that a change to it is seen in
// review.
func TestPublicFaceOfEachToolIsAsSnapshot(t *testing.T) {
	const fix = "if that is meant, run: UPDATE=1 go test ./tools"
	update := os.Getenv("UPDATE") != ""
	if update {
		if err := os.MkdirAll(snapshots, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	known := map[string]bool{}
	for _, tool := range newRig(t, rigOptions{}).list() {
		file := filepath.Join(snapshots, tool.name+".json")
		known[filepath.Base(file)] = true
		got := indented(t, tool.json)
		if update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		switch {
		case err != nil:
			t.Errorf("%s has no snapshot; %s", tool.name, fix)
		case !bytes.Equal(got, bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))):
			t.Errorf("%s differs from its snapshot at %s; %s", tool.name, firstDifference(string(want), string(got)), fix)
		}
	}
	files, err := os.ReadDir(snapshots)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if known[file.Name()] {
			continue
		}
		if update {
			if err := os.Remove(filepath.Join(snapshots, file.Name())); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s is the snapshot of no tool; %s", file.Name(), fix)
	}
}

func indented(t *testing.T, text []byte) []byte {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func firstDifference(want, got string) string {
	before, after := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(before), len(after)) {
		if before[i] != after[i] {
			return "\n  was " + strings.TrimSpace(before[i]) + "\n  is  " + strings.TrimSpace(after[i]) + "\n"
		}
	}
	return "its end"
}
