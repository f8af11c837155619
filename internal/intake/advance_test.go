package intake_test

import (
	"testing"

	"okta-entitlements-mcp/internal/intake"

	"okta-entitlements-mcp/internal/trouble"
)

func TestAReportIsFoundUnderTheNameItWasListedWith(t *testing.T) {
	inbox, dir := newInbox(t)
	put(t, dir, "new.csv", smallReport)
	put(t, dir, "processed/hr/made.csv", smallReport)
	put(t, dir, "processed_and_assigned/done.csv", smallReport)
	for name, want := range map[string]string{
		"new.csv":               "new.csv",
		"processed/new.csv":     "new.csv",
		"hr/made.csv":           "processed/hr/made.csv",
		"processed/hr/made.csv": "processed/hr/made.csv",
		"done.csv":              "processed_and_assigned/done.csv",
		"processed/done.csv":    "processed_and_assigned/done.csv",
	} {
		if got, err := inbox.Find(name); err != nil || got != want {
			t.Errorf("Find(%q): got %q, %v, want %q", name, got, err, want)
		}
		if report, err := inbox.Read(t.Context(), name, intake.Options{}); err != nil || report.File != want {
			t.Errorf("Read(%q): %v, want the report of %q", name, err, want)
		}
	}
	if _, err := inbox.Find("missing.csv"); trouble.CodeOf(err) != trouble.FileNotFound {
		t.Errorf("a missing report: got %v", err)
	}
}

func TestAReportOnlyAdvancesWithTheBytesThatWerePlanned(t *testing.T) {
	tests := []struct {
		name, at string // where the report is
		state    intake.FileState
		other    bool // its bytes differ from those that were planned
		want     string
	}{
		{"structure made", "r.csv", intake.FileProcessed, false, "processed/r.csv"},
		{"access granted", "processed/r.csv", intake.FileAssigned, false, "processed_and_assigned/r.csv"},
		{"stays where it is", "processed/r.csv", intake.FileProcessed, false, ""},
		{"never goes back", "processed_and_assigned/r.csv", intake.FileProcessed, false, ""},
		{"replaced since", "r.csv", intake.FileProcessed, true, ""},
		{"deleted since", "elsewhere.csv", intake.FileProcessed, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inbox, dir := newInbox(t)
			put(t, dir, tt.at, smallReport)
			sum, err := inbox.Hash(t.Context(), tt.at)
			if err != nil {
				t.Fatal(err)
			}
			if tt.other {
				put(t, dir, tt.at, smallReport+"\n")
			}
			got, err := inbox.Advance(t.Context(), "r.csv", sum, tt.state)
			if err != nil || got != tt.want {
				t.Fatalf("got %q, %v, want %q", got, err, tt.want)
			}
			want := tt.want
			if want == "" {
				want = tt.at
			}
			if now, err := inbox.Find(want); err != nil || now != want {
				t.Errorf("the report is at %q, %v, want %q", now, err, want)
			}
		})
	}
}
