package tools_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/tools"
)

const readmeFile = "../README.md"

// With UPDATE=1 in the environment the tables are written instead of compared.
func TestReadmeTablesAreUpToDate(t *testing.T) {
	text := readText(t, readmeFile)
	want := replaceBlock(t, text, "tools", toolTable(documentedTools(t)))
	want = replaceBlock(t, want, "states", stateTable(rowStates(t)))
	if want == text {
		return
	}
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(readmeFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("README.md is out of date; run: UPDATE=1 go test ./tools")
}

// documentedTools builds the catalogue over parts that are never used: only the definitions are read.
func documentedTools(t *testing.T) []tools.Tool {
	t.Helper()
	okta, writer, err := oktaclient.Connect(t.Context(), oktaclient.Options{
		BaseURL:     "https://acme.okta.test",
		Credentials: oktaclient.Credentials{Token: secret.New("00notUsed")},
	})
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := intake.NewInbox(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inbox.Close() })
	plans, err := plan.NewStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	engine, err := batch.New(okta, writer, batch.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	list, err := tools.Catalog(&tools.Deps{
		Okta:     okta,
		Inbox:    inbox,
		Plans:    plans,
		Mappings: mapping.At(t.TempDir()),
		Gate:     policy.New(policy.Options{}),
		Engine:   engine,
		Jobs:     batch.NewJobs(t.Context(), engine, nil),
		MFA:      simtest.Audits(t.Context(), t, okta, t.TempDir()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func toolTable(list []tools.Tool) string {
	var b strings.Builder
	b.WriteString("| tool | what it does | effect |\n|---|---|---|\n")
	for _, tool := range list {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", tool.Definition.Name, firstSentence(tool.Definition.Description),
			effectOf(tool.Definition.Name, tool.Definition.Annotations))
	}
	return b.String()
}

// firstSentence cuts a description.
func firstSentence(description string) string {
	first, _, _ := strings.Cut(description, ". ")
	return strings.ReplaceAll(strings.TrimSuffix(first, ".")+".", "|", `\|`)
}

// effectOf says what a tool reaches. Hints do not separate Okta from other systems.
func effectOf(name string, hints mcp.ToolAnnotation) string {
	reads, far := *hints.ReadOnlyHint, *hints.OpenWorldHint
	switch {
	case name == "okta_mfa_report":
		return "writes files; tickets and messages when asked to"
	case reads && far:
		return "reads Okta or S3"
	case reads:
		return "reads this machine"
	case far:
		return "writes to Okta once confirmed"
	default:
		return "writes on this machine"
	}
}

func stateTable(states []plan.State) string {
	var b strings.Builder
	b.WriteString("| state | what it means and what to do |\n|---|---|\n")
	for _, state := range states {
		fmt.Fprintf(&b, "| `%s` | %s |\n", state, state.Explain())
	}
	return b.String()
}

// rowStates reads the constants of plan.State from their source, in their order, so that none can be forgotten.
func rowStates(t *testing.T) []plan.State {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../internal/plan/state.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var states []plan.State
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "State" {
			return true
		}
		for _, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok {
				word, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				states = append(states, plan.State(word))
			}
		}
		return true
	})
	if len(states) < 10 {
		t.Fatalf("only %d states found: %v", len(states), states)
	}
	for _, state := range states {
		if state.Explain() == "" {
			t.Errorf("state %s explains nothing", state)
		}
	}
	return states
}

// codesInSource finds the codes of packages that do not take theirs from internal/trouble yet.
var codesInSource = []*regexp.Regexp{
	regexp.MustCompile(`\bRefusal\{"([a-z0-9_]+)"`),
	regexp.MustCompile(`\bRefusal\{Code:\s+"([a-z0-9_]+)"`),
	regexp.MustCompile(`\bStop\{"([a-z0-9_]+)"`),
	regexp.MustCompile(`\bCode:\s+"([a-z0-9_]+)"`),
	regexp.MustCompile(`\bCode[A-Z]\w*\s+= "([a-z0-9_]+)"`),
	regexp.MustCompile(`\bstop[A-Z]\w* = "([a-z0-9_]+)"`),
	regexp.MustCompile(`"(state_not_writable|run_busy|journal_damaged|plan_stale|okta_unavailable|scope_missing|token_rejected)"`),
}

// declaredCodes reads the constants of trouble.Code.
func declaredCodes(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../internal/trouble/codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for name, object := range file.Scope.Objects {
		spec, ok := object.Decl.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			t.Fatalf("%s is not a constant with a value", name)
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if codes[code] {
			t.Errorf("the code %s is declared twice", code)
		}
		codes[code] = true
	}
	return codes
}

// Each code that a tool can answer with has a row in the README, and the README has rows for no other.
func TestReadmeExplainsEveryErrorCode(t *testing.T) {
	codes := declaredCodes(t)
	for _, dir := range []string{"../tools", "../batch", "../s3sync", "../internal/intake", "../internal/plan"} {
		for _, file := range sources(t, dir) {
			if filepath.Base(file) == "problems.go" {
				continue // findings about rows, which are no failures
			}
			text := readText(t, file)
			for _, pattern := range codesInSource {
				for _, match := range pattern.FindAllStringSubmatch(text, -1) {
					codes[match[1]] = true
				}
			}
		}
	}
	if len(codes) < 80 {
		t.Fatalf("only %d codes found: %v", len(codes), codes)
	}
	_, section, ok := strings.Cut(readText(t, readmeFile), "\n## Troubleshooting\n")
	section, _, ok2 := strings.Cut(section, "\n## ")
	if !ok || !ok2 {
		t.Fatal("README.md has no section on troubleshooting")
	}
	named := map[string]bool{}
	for line := range strings.Lines(section) {
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok && strings.HasPrefix(line, "| `") {
			for _, match := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(cell, -1) {
				named[match[1]] = true
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if !named[code] {
			t.Errorf("README.md does not explain the error code %s; add it to a table under Troubleshooting", code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(named)) {
		if !codes[code] {
			t.Errorf("README.md explains the error code %s, which nothing answers with", code)
		}
	}
}

var (
	testName = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`)
	fileName = regexp.MustCompile("`([\\w.-]+(?:/[\\w.-]+)*\\.(?:go|md)|csv/[\\w.-]+\\.csv)`")
)

// What the documents name is there: tests as proof, files as places.
func TestDocumentsNameOnlyWhatExists(t *testing.T) {
	tests, files := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, _ := filepath.Rel("..", path)
		files[filepath.ToSlash(relative)] = true
		files[filepath.Base(path)] = true
		if strings.HasSuffix(path, "_test.go") {
			for _, name := range testName.FindAllString(readText(t, path), -1) {
				tests[name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	documents := []string{readmeFile, "../CONTRIBUTING.md"}
	for path := range files {
		if strings.HasPrefix(path, "docs/") && strings.HasSuffix(path, ".md") {
			documents = append(documents, "../"+path)
		}
	}
	for _, document := range documents {
		text := readText(t, document)
		for _, name := range testName.FindAllString(text, -1) {
			if !tests[name] {
				t.Errorf("%s names the test %s, which does not exist", document, name)
			}
		}
		for _, match := range fileName.FindAllStringSubmatch(text, -1) {
			if !files[match[1]] {
				t.Errorf("%s names the file %s, which does not exist", document, match[1])
			}
		}
	}
}

func sources(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	return slices.DeleteFunc(all, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// replaceBlock puts content between the marks of a block.
func replaceBlock(t *testing.T, text, name, content string) string {
	t.Helper()
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md has no block between %q and %q", strings.TrimSpace(begin), end)
	}
	return before + begin + content + end + after
}
