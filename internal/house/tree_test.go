package house

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the module's root, seen from this package.
const root = "../.."

// goFiles lists all Go files by their path from the module's root, with slashes.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && file != ".":
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(file, ".go"):
			files = append(files, file)
		}
		return nil
	})
	if err != nil || len(files) < 100 {
		t.Fatalf("%d Go files: %v", len(files), err)
	}
	return files
}

// topLevel is all that lies beside README.md. A new thing has its place in one of the folders.
var topLevel = []string{
	"main.go", "server", "tools", "oktaclient", "batch", "s3sync", "csv", ".env.example", "go.mod", "go.sum", "README.md",
	"LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "docs", "internal", ".ci", ".gitignore",
}

// unversioned are what Git, a build or a user puts beside them; see .gitignore.
var unversioned = []string{".git", ".env", "dist", "okta-entitlements-mcp"}

func TestTheTopLevelHoldsNothingElse(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, entry := range entries {
		found[entry.Name()] = true
		if !slices.Contains(topLevel, entry.Name()) && !slices.Contains(unversioned, entry.Name()) {
			t.Errorf("%s lies at the top level", entry.Name())
		}
	}
	for _, name := range topLevel {
		if !found[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestMainIsADoor(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(text, []byte("\n")); lines >= 60 {
		t.Errorf("main.go has %d lines; commands go into internal/cli", lines)
	}
}
