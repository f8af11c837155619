package intake_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

// TestEveryProblemSaysWhatItMeansForAPlan holds the codes that the preflight has against those that plans know.
func TestEveryProblemSaysWhatItMeansForAPlan(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "problems.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for name, object := range file.Scope.Objects {
		if spec, ok := object.Decl.(*ast.ValueSpec); ok && strings.HasPrefix(name, "Problem") {
			code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[code] = true
		}
	}
	meanings := intake.ProblemMeanings()
	if len(codes) < 35 || len(codes) != len(meanings) {
		t.Errorf("the preflight has %d codes, and plans know %d", len(codes), len(meanings))
	}
	for code := range codes {
		m := meanings[code]
		switch m.Concern {
		case intake.ConcernsValues, intake.ConcernsAccess:
			if m.What == "" || m.Next == "" {
				t.Errorf("%s concerns what a plan writes, and has no words for it", code)
			}
		case intake.ConcernsLeftOut, intake.ConcernsForm:
		default:
			t.Errorf("plans do not know what %s means", code)
		}
	}
}
