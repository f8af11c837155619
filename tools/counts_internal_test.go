package tools

import (
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/plan"
)

// A count that has no field would be left out of the question that the user answers.
func TestEachCountOfAPlanIsAnsweredAndSaid(t *testing.T) {
	for _, kind := range plan.Kinds() {
		for _, tally := range kind.Tallies {
			var counts PlanCounts
			field, ok := counts.byName()[tally.Name]
			if !ok {
				t.Errorf("PlanCounts has no field for %s of %s", tally.Name, kind.Kind)
				continue
			}
			*field = 2
			if lines := counts.Lines(); len(lines) != 1 || !strings.HasSuffix(lines[0], tally.Many) {
				t.Errorf("two of %s are said as %q", tally.Name, lines)
			}
		}
	}
}
