package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fileWriters are the product files that make, rename or write files themselves, each with the reason. All others write
// through internal/durable: what they write survives a power failure, and a full disk is state_not_writable.
var fileWriters = map[string]string{
	"internal/app/temp.go":            "a folder for temporary files",
	"internal/app/world.go":           "the demo's state, which is thrown away",
	"internal/intake/inbox.go":        "makes the folder of the inbox",
	"internal/intake/move.go":         "moves reports; its errors say state_not_writable",
	"internal/intake/sheet/shared.go": "temporary files; its errors say state_not_writable",
	"internal/plan/store.go":          "makes its folder; its errors say state_not_writable",
	"internal/simwire/certificate.go": "certificates of a simulated service",
	"internal/simtest/session.go":     "worlds of tests",
	"internal/simtest/simtest.go":     "worlds of tests",
	"internal/trail/trail.go":         "opens what durable.WriteFile made",
	"s3sync/inbox.go":                 "folders of copies; a failure is the outcome disk",
}

var makesFiles = regexp.MustCompile(`\bos\.(WriteFile|Create|CreateTemp|OpenFile|Rename|Mkdir|MkdirAll|MkdirTemp)\(|` +
	`\broot\.(Create|OpenFile|Rename|Mkdir|MkdirAll|WriteFile)\(`)

func TestStateIsWrittenThroughDurableAlone(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/durable/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if !makesFiles.Match(text) {
			continue
		}
		seen[file] = true
		if fileWriters[file] == "" {
			t.Errorf("%s writes files itself: write through internal/durable, or give the reason in fileWriters", file)
		}
	}
	for file := range fileWriters {
		if !seen[file] {
			t.Errorf("%s is in fileWriters and writes no file", file)
		}
	}
}
