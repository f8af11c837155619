package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/intake/exports"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/untrusted"
)

// run executes a command line on a state directory and returns what it printed and its exit code.
func run(t *testing.T, state string, args ...string) (string, int, error) {
	t.Helper()
	t.Setenv("STATE_DIR", state)
	var out bytes.Buffer
	cmd := Commands(samples)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), codeOf(err), err
}

// kept saves a confirmed mapping and returns its name.
func kept(t *testing.T, state string) string {
	t.Helper()
	s := mapping.At(state)
	at := time.Date(2026, 3, 31, 8, 0, 0, 0, time.UTC)
	_, err := s.Propose(t.Context(), mapping.Proposal{
		Application: mapping.Application{ID: "0oa1", Label: "Acme \x1b[31mFinance"},
		Header:      []string{"Username", "Role", "Decision"},
		Answers: []intake.Answered{{By: intake.ByArgument, Answers: intake.Answers{
			Words: map[string]map[string]string{"Decision": {"Mothballed": intake.WordRefuses}}}}},
		Words: []intake.Words{{
			Column: untrusted.NewStored("Decision"),
			Role:   intake.RoleFilter,
			Words:  []intake.WordUse{{Word: untrusted.NewStored("Mothballed")}},
		}},
		Plan: "plan-1",
		At:   at,
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Confirm(t.Context(), "plan-1", intake.ByForm, at)
	if err != nil {
		t.Fatal(err)
	}
	return f.Name
}

func TestMappingListHasSavedAndBuiltInOnes(t *testing.T) {
	state := t.TempDir()
	name := kept(t, state)
	out, code, err := run(t, state, "mapping", "list")
	if err != nil || code != 0 {
		t.Fatalf("exit code %d: %v", code, err)
	}
	for _, want := range []string{name, "confirmed", "aws-credential-report", "built in", "refused"} {
		if !strings.Contains(out, want) {
			t.Errorf("the list has no %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("a text of a report reaches the terminal as it is")
	}
	out, _, err = run(t, state, "mapping", "list", "--json")
	var lines []MappingLine
	if jsonErr := json.Unmarshal([]byte(out), &lines); err != nil || jsonErr != nil || len(lines) != 1+len(exports.All()) {
		t.Errorf("%d lines, %v, %v", len(lines), err, jsonErr)
	}
}

func TestMappingShowSaysWhatAMappingSays(t *testing.T) {
	state := t.TempDir()
	name := kept(t, state)
	out, _, err := run(t, state, "mapping", "show", name)
	if err != nil || !strings.Contains(out, `"Mothballed" refuses`) || !strings.Contains(out, "plan-1") || strings.Contains(out, "\x1b") {
		t.Errorf("%v\n%s", err, out)
	}
	out, _, err = run(t, state, "mapping", "show", "aws-credential-report")
	if err != nil || !strings.Contains(out, "built in") || !strings.Contains(out, "https://docs.aws.amazon.com/") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, code, err := run(t, state, "mapping", "show", "nothing-like-it"); code != ExitUsage {
		t.Errorf("exit code %d: %v", code, err)
	}
}

func TestAMappingMovesToAnotherMachine(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	name := kept(t, here)
	out, _, err := run(t, here, "mapping", "export", name)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mine.json")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, err := run(t, there, "mapping", "import", file); err != nil || out != name+" is proposed\n" {
		t.Errorf("%v: %q", err, out)
	}
	if _, code, err := run(t, there, "mapping", "import", file); code != ExitFailed {
		t.Errorf("a second import: exit code %d, %v", code, err)
	}
	if _, code, err := run(t, there, "mapping", "delete", name); code != 0 {
		t.Errorf("exit code %d: %v", code, err)
	}
	if out, _, err := run(t, there, "mapping", "import", file, "--confirm"); err != nil || out != name+" is confirmed\n" {
		t.Errorf("%v: %q", err, out)
	}
	if m, err := mapping.At(there).Find([]string{"username", "role", "decision"}, "0oa1"); err != nil || m.File == nil {
		t.Errorf("found %v, %v", m.File, err)
	}
}

func TestAKnownExportIsAPatternForOnesOwn(t *testing.T) {
	state := t.TempDir()
	out, _, err := run(t, state, "mapping", "export", "sap-agr-users")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "own.json")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(out)
	if _, code, err := run(t, state, "mapping", "import", file, "--confirm"); code != ExitUsage {
		t.Errorf("a built-in name is taken: exit code %d, %v", code, err)
	}
	put(strings.Replace(out, `"sap-agr-users"`, `"sap-of-ours"`, 1))
	if _, code, err := run(t, state, "mapping", "import", file); code != ExitUsage {
		t.Errorf("an export without --confirm: exit code %d, %v", code, err)
	}
	if out, _, err := run(t, state, "mapping", "import", file, "--confirm"); err != nil || out != "sap-of-ours is imported\n" {
		t.Errorf("%v: %q", err, out)
	}
	if _, code, err := run(t, state, "mapping", "delete", "sap-agr-users"); code != ExitUsage || !strings.Contains(err.Error(), "built in") {
		t.Errorf("exit code %d: %v", code, err)
	}
}

func TestAMappingFileThatWasEditedWronglyIsNamedAndTheOthersAreListed(t *testing.T) {
	state := t.TempDir()
	name := kept(t, state)
	broken := filepath.Join(state, mapping.Folder, "broken.json")
	if err := os.WriteFile(broken, []byte("{\n  \"format\": 1,\n  \"kinds\": \"mapping\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code, err := run(t, state, "mapping", "list")
	if code != ExitFailed || !strings.Contains(out, name) || !strings.Contains(err.Error(), `broken.json line 3: there is no field "kinds"`) {
		t.Errorf("exit code %d, %v\n%s", code, err, out)
	}
	if _, code, err := run(t, state, "mapping", "import", broken); code != ExitFailed || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("import: exit code %d, %v", code, err)
	}
	if _, code, err := run(t, state, "mapping", "import", filepath.Join(state, "none.json")); code != ExitUsage {
		t.Errorf("import of no file: exit code %d, %v", code, err)
	}
}
