// Package house checks the tree itself: who imports whom, what lies where, and what the documents say of it.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "okta-entitlements-mcp/"

// imports says which of our packages each package may import, and why it needs them. A new package is a new row.
var imports = map[string][]string{
	// the door: it embeds the samples and starts the command line
	".": {"internal/cli"},
	// the commands: arguments, exit codes, printing
	"internal/cli": {"*"},
	// the wiring: where packages meet
	"internal/app": {"*"},
	"server": {
		"tools", "internal/trail", "internal/trouble",
	},
	"tools": {
		"batch", "oktaclient", "s3sync", "internal/intake", "internal/mapping", "internal/planning",
		"internal/plan", "internal/policy", "internal/audit", "internal/mfa", "internal/report",
		"internal/delivery", "internal/progress", "internal/trouble", "internal/untrusted", "internal/wait",
	},
	// trail: each run is recorded at its start and end
	"batch": {
		"oktaclient", "internal/plan", "internal/policy", "internal/durable", "internal/progress",
		"internal/trail", "internal/trouble", "internal/untrusted", "internal/wait",
	},
	// reads Okta and keeps what it read; asks mfa for the verdicts
	"internal/audit": {
		"internal/mfa", "internal/spelling", "oktaclient", "internal/durable", "internal/progress", "internal/trail",
		"internal/trouble", "internal/wait", "internal/untrusted",
	},
	// Okta's data types and the quoting of its filters alone: TestMFAIsPure
	"internal/mfa": {
		"oktaclient", "internal/spelling", "internal/untrusted",
	},
	// findings in the words of tickets, messages and files, for tools and commands alike
	"internal/report": {
		"internal/mfa", "internal/notify", "internal/durable", "internal/untrusted",
	},
	// brings reports out, for tools and commands alike
	"internal/delivery": {
		"internal/audit", "internal/spelling", "internal/mfa", "internal/report", "internal/notify", "internal/durable",
		"internal/trail", "internal/trouble", "internal/untrusted",
	},
	"internal/notify": {
		"internal/durable", "internal/secret", "internal/spelling", "internal/trouble", "internal/untrusted", "internal/wait",
	},
	// when two spellings are one person or one value, wherever they are compared
	"internal/spelling": {"internal/untrusted"},
	// text from outside made fit to be shown, wherever it is shown
	"internal/untrusted": {},
	// the one error that people read, for every layer alike
	"internal/trouble": {},
	// how far long work is, for runs and audits alike
	"internal/progress": {},
	"internal/policy": {
		"internal/plan", "internal/intake", "internal/trail", "internal/trouble",
	},
	"internal/plan": {
		"oktaclient", "internal/spelling", "internal/intake", "internal/durable", "internal/trouble", "internal/untrusted",
	},
	"internal/trail": {"internal/durable", "internal/secret"},
	"s3sync": {
		"internal/durable", "internal/secret", "internal/trouble", "internal/untrusted",
	},
	"oktaclient": {
		"internal/secret", "internal/trouble", "internal/untrusted", "internal/wait",
	},
	"internal/config": {"internal/secret"},
	"internal/intake": {
		"internal/intake/charset", "internal/intake/lexicon", "internal/intake/sheet", "internal/spelling",
		"internal/trouble", "internal/untrusted",
	},
	// plans from reports, for tools and commands alike
	"internal/planning": {
		"oktaclient", "internal/intake", "internal/intake/exports", "internal/mapping", "internal/plan",
		"internal/trouble",
	},
	// the words of reports in many languages
	"internal/intake/lexicon": {},
	// known exports: files of the mapping format, embedded
	"internal/intake/exports": {"internal/intake", "internal/mapping"},
	// answered readings that are kept
	"internal/mapping": {
		"internal/intake", "internal/durable", "internal/trouble", "internal/untrusted",
	},
	// rows of a workbook, for reports that are not CSV
	"internal/intake/sheet": {"internal/trouble"},
	// which encoding a text has, for reports that are not UTF-8
	"internal/intake/charset": {},
	// files that survive a power failure, for journal, trail, plans and S3 copies alike
	"internal/durable": {"internal/trouble"},
	// a wait that its context ends, for client, runs, audits, deliveries and simulated latency
	"internal/wait": {},
	// credentials that cannot print, for config, client and S3
	"internal/secret": {},
	// the kernel of simulated services: routing, faults, latency, the log of calls, transport
	"internal/simwire": {"internal/wait"},
	// product code: the commands demo and sim run on it
	"internal/oktasim": {"internal/simwire"},
	// tests only: a Jira and a Slack on the same kernel
	"internal/notify/notifytest": {"internal/simwire"},
	// tests only
	"internal/simtest": {"*"},
	// tests only: a full disk, in a process of its own; apart from simtest, which the packages under test would import in a circle
	"internal/fulldisk": {},
	// tests only
	"internal/contract": {"*"},
	// tests only: the built program
	"internal/e2e": {"*"},
	// tests only: the tree and the documents
	"internal/house": {},
}

// testOnly packages are imported by tests alone.
var testOnly = []string{"internal/simtest", "internal/fulldisk",
	"internal/contract", "internal/notify/notifytest", "internal/e2e", "internal/house"}

func TestImportsPointDown(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range goFiles(t) {
		pkg := path.Dir(file)
		seen[pkg] = true
		checkFile(t, pkg, file)
	}
	for pkg := range imports {
		if !seen[pkg] {
			t.Errorf("the table has a row for %s, which does not exist", pkg)
		}
	}
	for pkg := range seen {
		if _, ok := imports[pkg]; !ok {
			t.Errorf("package %s has no row in the table", pkg)
		}
	}
}

func checkFile(t *testing.T, pkg, file string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("parse %s: %v", file, err)
	}
	isTest := strings.HasSuffix(file, "_test.go")
	for _, spec := range parsed.Imports {
		ours, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
		if !ok || ours == pkg {
			continue
		}
		switch {
		case isTest && (pkg == "oktaclient" && ours == "internal/oktasim" || pkg == "internal/oktasim" && ours == "oktaclient"):
			t.Errorf("%s: the client and the simulated tenant must not know each other, not even in tests", file)
		case isTest:
		case slices.Contains(testOnly, ours) && !slices.Contains(testOnly, pkg):
			t.Errorf("%s imports %s, which is for tests only", file, ours)
		case !slices.Contains(imports[pkg], ours) && !slices.Contains(imports[pkg], "*"):
			t.Errorf("%s imports %s, which the table does not allow", file, ours)
		}
	}
}

// TestOnlyTheEngineWrites holds the one door for writes: no other product file names the writer.
func TestOnlyTheEngineWrites(t *testing.T) {
	for _, pkg := range []string{"tools", "server", "internal/plan", "internal/policy"} {
		files, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", pkg, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			names := namesOf(parsed)
			for _, forbidden := range []string{"oktaclient.Writer", "oktaclient.Connect"} {
				if names[forbidden] {
					t.Errorf("%s names %s; only batch and the wiring may", file, forbidden)
				}
			}
		}
	}
}

// TestMFAIsPure holds the judgement apart from the acts: no product file of internal/mfa reaches the network, the disk
// or the clock, and of oktaclient it names data alone.
func TestMFAIsPure(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "internal", "mfa", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in internal/mfa: %v", err)
	}
	impure := []string{"time.Now", "time.Since", "oktaclient.Client", "oktaclient.Reader", "oktaclient.Writer", "oktaclient.Connect"}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			switch imported := strings.Trim(spec.Path.Value, `"`); imported {
			case "os", "net/http", "context", "log/slog", "sync", "math/rand/v2":
				t.Errorf("%s imports %s: what acts belongs to internal/audit", file, imported)
			}
		}
		for name := range namesOf(parsed) {
			if slices.Contains(impure, name) {
				t.Errorf("%s names %s: what acts belongs to internal/audit", file, name)
			}
		}
	}
}

// namesOf collects the qualified names that a file uses.
func namesOf(file *ast.File) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := selector.X.(*ast.Ident); ok {
				names[pkg.Name+"."+selector.Sel.Name] = true
			}
		}
		return true
	})
	return names
}
