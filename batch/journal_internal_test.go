package batch

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/oktaclient"
)

var testKeys = []string{"create_grant:00", "create_grant:01", "create_grant:02"}

func testPlan() *plan.Plan {
	return &plan.Plan{ID: "plan_1", Stage: plan.StageGrants, App: oktaclient.App{ID: "0oa1"}}
}

// writeJournal leaves a journal in which the first operation was made, the second is open and the third failed once.
func writeJournal(t *testing.T, path string) {
	t.Helper()
	j, err := openJournal(path, testPlan(), policy.Confirmation{
		PlanID:  "plan_1",
		Channel: policy.CommandLine,
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	steps := []error{j.begin(0, testKeys[0]), j.begin(2, testKeys[2]), j.end(2, testKeys[2], Result{
		Outcome: Failed,
		Code:    "E0000001",
	}),
		j.end(0, testKeys[0], Result{Outcome: Created, ID: "gra1"}), j.begin(1, testKeys[1]), j.close()}
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestAJournalCutAnywhereIsReadUpToItsLastWholeLine cuts a journal at every byte: what was acknowledged before the
// cut is remembered, nothing is made up, and the journal goes on from there.
func TestAJournalCutAnywhereIsReadUpToItsLastWholeLine(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "journal.jsonl")
	writeJournal(t, whole)
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	for size := range len(data) + 1 {
		if err := os.WriteFile(path, data[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		memories, permit, err := replay(path, "plan_1", testKeys)
		if err != nil {
			t.Fatalf("cut at %d: %v", size, err)
		}
		lines := bytes.Count(data[:size], []byte("\n"))
		want := [3]struct {
			open    bool
			outcome Outcome
		}{{lines >= 2 && lines < 5, ""}, {lines >= 6, ""}, {lines == 3, ""}}
		if lines >= 5 {
			want[0].outcome = Created
		}
		if lines >= 4 {
			want[2].outcome = Failed
		}
		for i, m := range memories {
			if !m.began.IsZero() != want[i].open || m.result.Outcome != want[i].outcome {
				t.Errorf("cut at %d after %d lines: operation %d is open %v with %q, want %+v", size, lines, i,
					!m.began.IsZero(), m.result.Outcome, want[i])
			}
		}
		if (permit != nil) != (lines >= 1) {
			t.Errorf("cut at %d after %d lines: permit %v", size, lines, permit)
		}
		if size%9 != 0 {
			continue // opening makes the folder's entry last, which takes time on a disk
		}
		j, err := openJournal(path, testPlan(), policy.Confirmation{}, true)
		if err != nil {
			t.Fatalf("cut at %d: go on: %v", size, err)
		}
		if err := j.end(1, testKeys[1], Result{Outcome: Created}); err != nil {
			t.Fatal(err)
		}
		_ = j.close()
		if memories, _, err = replay(path, "plan_1", testKeys); err != nil || memories[1].result.Outcome != Created {
			t.Errorf("cut at %d: what was written after it is read as %v, %v", size, memories, err)
		}
	}
}

func TestADamagedJournalIsRefusedWithItsLine(t *testing.T) {
	for name, change := range map[string]func([]string) []string{
		"line 3 is no JSON": func(l []string) []string { l[2] = "{x}\n"; return l },
		"another plan": func(l []string) []string {
			l[0] = strings.Replace(l[0], "plan_1", "plan_2",
				1)
			return l
		},
		"another operation": func(l []string) []string {
			l[1] = strings.Replace(l[1], testKeys[0],
				"create_grant:99", 1)
			return l
		},
		"an operation too many": func(l []string) []string {
			l[1] = strings.Replace(l[1], `"op":0`, `"op":7`,
				1)
			return l
		},
		"a negative operation": func(l []string) []string {
			l[1] = strings.Replace(l[1], `"op":0`, `"op":-1`,
				1)
			return l
		},
		"an unknown event": func(l []string) []string {
			l[1] = strings.Replace(l[1], `"begin"`, `"start"`,
				1)
			return l
		},
		"an end without a result": func(l []string) []string {
			l[1] = strings.Replace(l[1], `"begin"`, `"end"`,
				1)
			return l
		},
	} {
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		writeJournal(t, path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Join(change(strings.SplitAfter(string(data), "\n")), "")
		if changed == string(data) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := replay(path, "plan_1", testKeys); err == nil || !strings.Contains(err.Error(), "is damaged") ||
			!strings.Contains(err.Error(), "plan again") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReplayNeverPanics(f *testing.F) {
	path := filepath.Join(f.TempDir(), "journal.jsonl")
	f.Add([]byte(`{"t":"2026-01-01T00:00:00Z","e":"open","plan":"plan_1","op":0}` + "\n" + `{"e":"begin","op":1,"key":"create_grant:01"}` + "\n"))
	f.Add([]byte(`{"e":"end","op":2,"key":"create_grant:02","result":{"outcome":"created"}}` + "\n{"))
	f.Add([]byte("\x00\x00\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		memories, _, err := replay(path, "plan_1", testKeys)
		if err == nil && len(memories) != len(testKeys) {
			t.Errorf("%d memories of %d operations", len(memories), len(testKeys))
		}
	})
}

// TestTheLastWriteIsNeverTakenForEarlierThanItWas says when a run may last have written, by what its journal has.
func TestTheLastWriteIsNeverTakenForEarlierThanItWas(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	open := entry{
		Time:  now.Add(-3 * time.Hour),
		Event: eventOpen,
		Plan:  "plan_1",
		App:   "0oa1",
		Stage: plan.StageGrants,
	}
	begin := entry{Time: now.Add(-2 * time.Hour), Event: eventBegin, Op: 1, Key: testKeys[1]}
	end := func(o Outcome) entry {
		return entry{
			Time:   now.Add(-time.Hour),
			Event:  eventEnd,
			Op:     1,
			Key:    testKeys[1],
			Result: &Result{Outcome: o},
		}
	}
	undo, structure, future, ancient := open, open, begin, begin
	undo.Stage, structure.Stage = plan.StageUndo, plan.StageStructure
	future.Time, ancient.Time = now.Add(48*time.Hour), now.Add(-48*time.Hour)
	for name, c := range map[string]struct {
		entries []entry
		want    time.Time
	}{
		"made":                            {[]entry{open, begin, end(Created)}, now.Add(-time.Hour)},
		"refused":                         {[]entry{open, begin, end(Failed)}, now.Add(-2 * time.Hour)},
		"open: perhaps sent just now":     {[]entry{open, begin}, now},
		"open for two days":               {[]entry{open, ancient}, now.Add(-36 * time.Hour)},
		"by a clock that ran ahead":       {[]entry{open, future, end(Failed)}, now},
		"an undo writes to the same list": {[]entry{undo, begin, end(Created)}, now.Add(-time.Hour)},
		"a structure run does not":        {[]entry{structure, begin, end(Created)}, time.Time{}},
	} {
		dir := t.TempDir()
		var data []byte
		for _, e := range c.entries {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			data = append(append(data, line...), '\n')
		}
		if err := os.Mkdir(filepath.Join(dir, "plan_1"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "plan_1", "journal.jsonl"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := lastWrite(dir, testPlan(), now); err != nil || !got.Equal(c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
}
