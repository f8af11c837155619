package batch_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// TestAnUndoRefusesAJournalThatIsShorterThanItWas: it would take back nothing, or too little, without a word.
func TestAnUndoRefusesAJournalThatIsShorterThanItWas(t *testing.T) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, lines, oktasim.Options{}, plan.ModeAdditive)
		if made, err := o.Engine.Made(o.plan); err != nil || len(made) != 0 {
			t.Fatalf("a plan that never ran: %d made, %v", len(made), err)
		}
		o.Apply(t.Context(), o.plan)
		path := filepath.Join(o.Engine.Dir(o.plan.ID), "journal.jsonl")
		whole, err := os.ReadFile(path)
		must(t, err)
		made, err := o.Engine.Made(o.plan)
		if err != nil || len(made) == 0 {
			t.Fatalf("%d made, %v", len(made), err)
		}
		lastLine := len(whole) - 1
		for lastLine > 0 && whole[lastLine-1] != '\n' {
			lastLine--
		}
		summary := filepath.Join(o.Engine.Dir(o.plan.ID), "summary.json")
		kept, err := os.ReadFile(summary)
		must(t, err)
		for name, spoil := range map[string]func() error{
			"emptied":                   func() error { return os.WriteFile(path, nil, 0o600) },
			"a line cut off":            func() error { return os.WriteFile(path, whole[:lastLine], 0o600) },
			"removed":                   func() error { return os.Remove(path) },
			"emptied, without summary":  func() error { os.Remove(summary); return os.WriteFile(path, nil, 0o600) },
			"the first line left alone": func() error { return os.WriteFile(path, whole[:len(whole)/2], 0o600) },
		} {
			must(t, spoil())
			if _, err := o.Engine.Made(o.plan); trouble.CodeOf(err) != trouble.JournalDamaged {
				t.Errorf("%s: %v, want journal_damaged", name, err)
			}
			must(t, os.WriteFile(path, whole, 0o600))
			must(t, os.WriteFile(summary, kept, 0o600))
		}
	})
}

// TestEveryFileOfARunThatCannotBeWrittenHasOneCode: a disk that is full at the very end is no mistake of this program.
func TestEveryFileOfARunThatCannotBeWrittenHasOneCode(t *testing.T) {
	for _, file := range []string{"report.csv", "summary.json"} {
		lines := simtest.Lines(t, 1, oktaclient.Options{})
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, lines, oktasim.Options{GrantLag: time.Second}, plan.ModeAdditive)
			// A folder that is not empty cannot be replaced by a file, whoever tries.
			must(t, os.MkdirAll(filepath.Join(o.Engine.Dir(o.plan.ID), file, "in the way"), 0o700))
			_, err := o.Engine.Run(t.Context(), o.plan, o.Permit(t.Context(), o.plan), nil)
			if trouble.CodeOf(err) != trouble.StateNotWritable {
				t.Errorf("%s: %v, want state_not_writable", file, err)
			}
		})
	}
}
