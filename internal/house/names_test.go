package house

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ours are the folders in which a path of the documents must be found.
var ours = regexp.MustCompile(`^(internal|tools|server|batch|oktaclient|s3sync|docs|testdata|\.ci)/`)

// TestFilesInTheDocumentsExist: a path in backticks that leads into one of our folders, or ends in .go, is there. A name
// without a folder is that of some file.
func TestFilesInTheDocumentsExist(t *testing.T) {
	tree := map[string]bool{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && name == ".git" {
			return fs.SkipDir
		}
		tree[name] = true
		tree["*/"+path.Base(name)] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`\\s]+)`")
	seen := 0
	for document, text := range allDocuments(t) {
		for _, match := range quoted.FindAllStringSubmatch(text, -1) {
			name := strings.TrimSuffix(strings.TrimPrefix(match[1], "./"), "/")
			switch {
			case strings.ContainsAny(name, "*<>{}$"):
			case ours.MatchString(name):
				if seen++; !tree[name] {
					t.Errorf("%s names %s, which does not exist", document, name)
				}
			case strings.HasSuffix(name, ".go"):
				if seen++; !tree[name] && !tree["*/"+name] {
					t.Errorf("%s names %s, and no file has this name", document, name)
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d paths were found: the test looks in the wrong place", seen)
	}
}

// TestTestsInTheDocumentsExist: what the documents name as a test, a fuzz target or a benchmark is one, or the beginning
// of its name as `go test -run` takes it.
func TestTestsInTheDocumentsExist(t *testing.T) {
	var functions strings.Builder
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") {
			text, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				t.Fatal(err)
			}
			functions.Write(text)
		}
	}
	all := functions.String()
	name := regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`)
	seen := 0
	for document, text := range allDocuments(t) {
		for _, match := range name.FindAllString(text, -1) {
			if seen++; !strings.Contains(all, "func "+match) {
				t.Errorf("%s names %s, which does not exist", document, match)
			}
		}
	}
	if seen < 3 {
		t.Errorf("only %d names were found", seen)
	}
}

// allDocuments are the documents with CONTRIBUTING.md. CHANGELOG.md is not among them: it may name what has gone.
func allDocuments(t *testing.T) map[string]string {
	t.Helper()
	texts := documents(t)
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	texts["CONTRIBUTING.md"] = string(text)
	return texts
}
