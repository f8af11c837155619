package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// rawCallers are the product files that take an untrusted.Text as it was read, each with the reason. What they take is
// compared, looked up or sent, and never shown. A new row needs such a reason; a sentence for people has none.
var rawCallers = map[string]string{
	"internal/app/world.go":             "the people of a report are made in a simulated organisation",
	"internal/audit/list.go":            "a group is found by its exact name",
	"internal/delivery/outbox.go":       "waiting tickets are found by the scope of their audit",
	"internal/delivery/tickets.go":      "waiting tickets are kept under the scope of their audit",
	"internal/intake/access.go":         "a heading becomes the name of an entitlement",
	"internal/intake/settled.go":        "columns are compared with those of answers",
	"internal/intake/finish.go":         "the length of a heading that becomes the name of an entitlement; two columns that decide",
	"internal/intake/messages.go":       "the beginning of a cell is cut out of an identifier",
	"internal/intake/people.go":         "identifiers of people are compared",
	"internal/intake/problems.go":       "problems are sorted",
	"internal/intake/questions.go":      "values are compared with names of people",
	"internal/intake/repeats.go":        "spellings of values are compared",
	"internal/intake/separators.go":     "values are compared with parts of other values",
	"internal/intake/struck.go":         "values are compared with words that answers explain",
	"internal/intake/verdicts.go":       "columns are compared with those of answers",
	"internal/intake/watch.go":          "columns are compared with those of answers",
	"internal/mapping/answers.go":       "words and columns are kept and compared",
	"internal/mapping/proposal.go":      "columns are compared",
	"internal/mfa/baseline_findings.go": "people of an export are found by login or e-mail",
	"internal/mfa/enrollpolicy.go":      "the name of a rule is quoted and cut for the words of a rule",
	"internal/mfa/exempt.go":            "exemptions are indexed by id, login or e-mail",
	"internal/mfa/finding.go":           "the scope is compared with the word for everyone",
	"internal/mfa/organisation.go":      "an exemption is found by login or e-mail",
	"internal/mfa/policycheck.go":       "length of an exemption's texts, and two for one user",
	"internal/mfa/query.go":             "findings are searched by login, e-mail and name",
	"internal/mfa/signals.go":           "reason and factor of an event are compared with Okta's constants",
	"internal/mfa/tally.go":             "departments are sorted by name",
	"internal/notify/jira.go":           "the type of issue is found by its name",
	"internal/plan/grants.go":           "users are searched by e-mail",
	"internal/plan/match.go":            "entitlements and values are found by name",
	"internal/plan/people.go":           "users are found by login, e-mail or employee number",
	"internal/plan/snapshot.go":         "the digest of what a plan rests on",
	"internal/plan/structure.go":        "values are compared, and cut to the length that Okta takes",
	"internal/plan/twins.go":            "names are compared; those that are refused are shown with every letter outside ASCII escaped",
	"internal/planning/planning.go":     "names with commas are compared with the cells of a report, and headers with those of mappings",
	"internal/report/charts.go":         "departments are sorted by name",
	"internal/report/messages.go":       "Slack is asked for a user by e-mail",
	"internal/report/ticket_text.go":    "the key of a ticket is made of the scope",
	"oktaclient/entitlements.go":        "the length that Okta takes",
	"oktaclient/types.go":               "first and last name make one text",
}

// TestRawTextIsTakenInKnownPlacesOnly holds everyone else to showing text from outside cleaned and cut: a Text is no
// string, so that a handler which forgets does not compile.
func TestRawTextIsTakenInKnownPlacesOnly(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/untrusted/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			// The selector alone: a method value takes the text as well as a call.
			if selector, ok := n.(*ast.SelectorExpr); ok && selector.Sel.Name == "Raw" {
				seen[file] = true
			}
			return true
		})
	}
	for file := range seen {
		if rawCallers[file] == "" {
			t.Errorf("%s takes text from outside as it was read: show it by Show and a width, or give the reason in rawCallers", file)
		}
	}
	for file := range rawCallers {
		if !seen[file] {
			t.Errorf("%s is in rawCallers and takes no raw text", file)
		}
	}
}

// TestTextIsShownByANamedWidth holds everyone to Text.Show.
func TestTextIsShownByANamedWidth(t *testing.T) {
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/untrusted/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && selector.Sel.Name == "Clean" {
				if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "untrusted" {
					t.Errorf("%s cleans text by hand: make it an untrusted.Text and show it by a named width", file)
				}
			}
			return true
		})
	}
}
