package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestATrailThatWasNeverBegunIsNoAlarm(t *testing.T) {
	state := t.TempDir()
	t.Setenv("STATE_DIR", state)
	verify := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := trailVerifyCommand()
		cmd.SetArgs(args)
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if text, err := verify(); err != nil || !strings.Contains(text, "there is no trail in "+filepath.Join(state, "trail")+" yet") {
		t.Errorf("an empty state: %q, %v", text, err)
	}
	if text, err := verify("--dir", filepath.Join(state, "misspelt")); err == nil {
		t.Errorf("a directory that was named and is not there: %q", text)
	}
	if err := os.MkdirAll(filepath.Join(state, "plans", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if text, err := verify(); err == nil {
		t.Errorf("plans without a trail: %q", text)
	}
}
