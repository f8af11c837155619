package e2e

import (
	"os"
	"strings"
	"testing"
)

func garble(text string) string { return text[:len(text)/2] + "}garbled{" + text[len(text)/2:] }

func replaced(old, with string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, with, 1) }
}

func cut(text string) string { return text[:len(text)*2/3] }

// TestDamagedStateOfTheFirstVersionIsRefused spoils one file at a time, or makes it of a version that is not known. Nothing is
// read as if it were empty: the program says which file it is and what to do, and writes nothing to Okta.
func TestDamagedStateOfTheFirstVersionIsRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		what, file string
		spoil      func(string) string
		label      string // the plan that is applied
		says       string // and then the next step
	}{
		{"a plan with a hole", "plans/PLAN.json", garble, "Waiting grants", "the saved plan"},
		{"a plan cut off", "plans/PLAN.json", cut, "Waiting grants", "the saved plan"},
		{"a plan that was changed", "plans/PLAN.json", replaced("person0", "person1"), "Waiting grants", "the saved plan"},
		{"an empty plan", "plans/PLAN.json", func(string) string { return "" }, "Waiting grants", "the saved plan"},
		{"a plan of a later version", "plans/PLAN.json", replaced(`"stage":"grants"`, `"stage":"telepathy"`), "Waiting grants", "the saved plan"},
		{"a journal with a hole", "runs/PLAN/journal.jsonl", garble, "Half", "journal is damaged"},
		{"a journal of a later version", "runs/PLAN/journal.jsonl", replaced(`"e":"begin"`, `"e":"commence"`), "Half", "journal is damaged"},
		{"a journal of another plan", "runs/PLAN/journal.jsonl", replaced("plan_", "plan_0"), "Half", "journal is damaged"},
		{"a trail cut off", "trail/trail.jsonl", cut, "Half", "truncated"},
		{"no trail, but its head", "trail/trail.jsonl", func(string) string { return "" }, "Half", "truncated"},
	}
	for _, tt := range cases {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			s := openOldRuns(t)
			path := s.file(strings.ReplaceAll(tt.file, "PLAN", s.Plans[tt.label]))
			text, err := os.ReadFile(path)
			fails(t, err)
			spoilt := tt.spoil(string(text))
			if spoilt == string(text) {
				t.Fatal("nothing was spoilt")
			}
			fails(t, os.WriteFile(path, []byte(spoilt), 0o600))
			stdout, stderr, code := runProgram(t, s.env, "apply", s.Plans[tt.label])
			if code == 0 {
				t.Errorf("it was applied: %s", stdout)
			}
			if !strings.Contains(stderr, tt.says) || !strings.Contains(stderr, "; ") {
				t.Errorf("code %d, says %s, want %q and the next step", code, stderr, tt.says)
			}
			if n := s.calls("POST "); n != 0 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

// TestAChangedTrailOfTheFirstVersionIsFound changes a line in the middle: opening looks at the end alone, verifying at all of it.
func TestAChangedTrailOfTheFirstVersionIsFound(t *testing.T) {
	t.Parallel()
	s := openOldRuns(t)
	path := s.file("trail/trail.jsonl")
	text, err := os.ReadFile(path)
	fails(t, err)
	fails(t, os.WriteFile(path, []byte(strings.Replace(string(text), "structure", "Structure", 1)), 0o600))
	if _, stderr := s.run(1, "trail", "verify"); !strings.Contains(stderr, "not intact") {
		t.Errorf("trail verify says %s", stderr)
	}
}
