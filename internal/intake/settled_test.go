package intake_test

import (
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/intake"
)

func TestWhoTookADecisionAwayIsSaid(t *testing.T) {
	const report = "Email,Role,Decision\na@x.example,Admin,Approve\nb@x.example,Viewer,Revoke\n"
	for name, c := range map[string]struct {
		answers intake.Answers
		settled bool
	}{
		"the column only describes": {intake.Answers{Columns: intake.Mapping{Attributes: []string{"Decision"}}},
			true},
		"the column is named as it was read": {intake.Answers{Columns: intake.Mapping{Filter: "Decision"}}, false},
		"another column is named":            {intake.Answers{Columns: intake.Mapping{User: "Email"}}, false},
	} {
		rep, err := intake.Read(t.Context(), strings.NewReader(report),
			intake.Options{Answers: []intake.Answered{{By: intake.ByArgument, Answers: c.answers}}})
		if err != nil {
			t.Fatal(err)
		}
		got := rep.Reading.Settled
		if (len(got) == 1 && got[0].Column.Raw() == "Decision" && got[0].By == intake.ByArgument) != c.settled || len(got) > 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
