package plan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"

	"okta-entitlements-mcp/internal/plan"
)

func TestStatesListsEveryStateInTheOrderOfItsDeclaration(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "state.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []plan.State
	ast.Inspect(file, func(n ast.Node) bool {
		spec, isValue := n.(*ast.ValueSpec)
		if !isValue {
			return true
		}
		if kind, named := spec.Type.(*ast.Ident); named && kind.Name == "State" {
			declared = append(declared, plan.State(spec.Values[0].(*ast.BasicLit).Value[1:len(spec.Values[0].(*ast.BasicLit).Value)-1]))
		}
		return true
	})
	if len(declared) < 10 || !slices.Equal(declared, plan.States()) {
		t.Errorf("declared %v, listed %v", declared, plan.States())
	}
}
