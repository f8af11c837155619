package tools

import (
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/trouble"
)

func TestSealOpensOnlyForTheSameCallInTime(t *testing.T) {
	s, err := newSeal()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	argument := [32]byte{1, 2, 3}
	text, err := s.close(sealed{
		Tool:     "a_tool",
		Argument: argument[:],
		PlanID:   "plan_x",
		Expires:  now.Add(answerWithin),
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "plan_x") {
		t.Error("the state can be read on its way")
	}
	stranger, err := newSeal()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		seal     *seal
		tool     string
		argument [32]byte
		at       time.Time
		good     bool
	}{
		{"as it was closed", s, "a_tool", argument, now, true},
		{"at the last moment", s, "a_tool", argument, now.Add(answerWithin), true},
		{"too late", s, "a_tool", argument, now.Add(answerWithin + time.Second), false},
		{"another tool", s, "b_tool", argument, now, false},
		{"other arguments", s, "a_tool", [32]byte{1, 2, 4}, now, false},
		{"another process", stranger, "a_tool", argument, now, false},
	} {
		answer, err := c.seal.open(text, c.tool, c.argument, c.at)
		switch {
		case c.good && (err != nil || answer.PlanID != "plan_x" || answer.Accepted):
			t.Errorf("%s: %+v, %v", c.name, answer, err)
		case !c.good && trouble.CodeOf(err) != trouble.QuestionVoid:
			t.Errorf("%s: %+v, %v; want question_void", c.name, answer, err)
		}
	}
}

func FuzzSealNeverOpensForMadeUpText(f *testing.F) {
	s, err := newSeal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add("AAAA")
	f.Add(strings.Repeat("A", 200))
	f.Fuzz(func(t *testing.T, text string) {
		if answer, err := s.open(text, "a_tool", [32]byte{}, time.Now()); err == nil {
			t.Errorf("%q opened as %+v", text, answer)
		}
	})
}
