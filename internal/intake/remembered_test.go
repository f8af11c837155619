package intake_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
)

// TestAMappingMayNameWhatIsGone: answers of a person or of a conversation are about this file, so a word that it does
// not have is a slip. A saved mapping speaks of an earlier one.
func TestAMappingMayNameWhatIsGone(t *testing.T) {
	const report = "Username,Role,Decision,Application\n" +
		"ada.quill@acme.example.com,AP Clerk,Approve,SAP ECC\nbo.renner@acme.example.com,AP Clerk,Approve,SAP BW\n"
	word := intake.Answers{Rows: map[string][]string{"Application": {"SAP ECC"}},
		Words: map[string]map[string]string{"decision": {"Mothballed": intake.WordRefuses}}}
	rows := intake.Answers{Rows: map[string][]string{"Application": {"SAP ECC", "SAP R/3"}}}
	none := intake.Answers{Rows: map[string][]string{"Application": {"SAP R/3"}}}
	tests := []struct {
		name    string
		answers []intake.Answered
		code    trouble.Code
	}{
		{"a word, by mapping", []intake.Answered{{By: intake.ByMapping, Answers: word}}, ""},
		{"a word, by argument", []intake.Answered{{
			By:      intake.ByArgument,
			Answers: word,
		}}, trouble.UnknownWord},
		{"a word, by both", []intake.Answered{{
			By:      intake.ByForm,
			Answers: word,
		}, {By: intake.ByMapping, Answers: word}},
			trouble.UnknownWord},
		{"one of two applications, by mapping", []intake.Answered{{
			By:      intake.ByMapping,
			Answers: rows,
		}}, ""},
		{"one of two applications, by argument", []intake.Answered{{
			By:      intake.ByArgument,
			Answers: rows,
		}}, trouble.UnknownValue},
		{"the only application, by mapping", []intake.Answered{{
			By:      intake.ByMapping,
			Answers: none,
		}}, trouble.UnknownValue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep, err := intake.Read(t.Context(), strings.NewReader(report), intake.Options{
				File:    "r.csv",
				Answers: tt.answers,
				Today:   time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC),
			})
			if got := trouble.CodeOf(err); got != tt.code || tt.code == "" && err != nil {
				t.Fatalf("error %v, want code %q", err, tt.code)
			}
			if err != nil {
				return
			}
			states := []intake.RowState{rep.Rows[0].State, rep.Rows[1].State}
			if want := []intake.RowState{intake.RowWanted, intake.RowNotSelected}; !slices.Equal(states, want) {
				t.Errorf("rows are %v, want %v (doubts %v)", states, want, rep.Open())
			}
		})
	}
}
