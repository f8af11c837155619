package tools_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

// TestEveryDoubtIsDocumented with the argument that settles it.
func TestEveryDoubtIsDocumented(t *testing.T) {
	source, err := os.ReadFile("../internal/intake/doubts.go")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`Doubt\w+\s+= "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(codes) < 16 || codes[0][1] != intake.DoubtUser {
		t.Fatalf("doubts.go declares %q", codes)
	}
	for _, code := range codes {
		if !strings.Contains(string(docs), "| `"+code[1]+"` |") {
			t.Errorf("docs/reports.md has no row for %s", code[1])
		}
	}
}
