package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/plan"
)

// linesOf counts the records of a sample; none has a quoted newline.
func linesOf(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return len(strings.Split(strings.TrimSpace(string(text)), "\n")) - 1
}

func storyOf(t *testing.T, text string) cli.Story {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var shown cli.Story
	if err := decoder.Decode(&shown); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if decoder.More() {
		t.Errorf("more than one object: %s", text)
	}
	return shown
}

// keepsPromises holds a demo to its promises: every row has an end, no call is refused for rate, the second run
// writes nothing.
func keepsPromises(t *testing.T, shown cli.Story, file string, rows int) {
	t.Helper()
	total := 0
	for _, n := range shown.Grants.Rows {
		total += n
	}
	if shown.File != file || shown.Rows != rows || total != rows {
		t.Errorf("%s has %d rows; the story says %s, %d rows, states %v", file, rows, shown.File, shown.Rows,
			shown.Grants.Rows)
	}
	for _, open := range []plan.State{plan.Planned, plan.Failed, plan.Unknown, plan.NotAttempted} {
		if n := shown.Grants.Rows[string(open)]; n != 0 {
			t.Errorf("%d rows are %s", n, open)
		}
	}
	if shown.Okta.HTTP429 != 0 || shown.Rerun.Writes != 0 || shown.Okta.Calls == 0 || shown.Users == 0 {
		t.Errorf("the story is %+v", shown)
	}
}

// auditKeepsPromises holds the second act to its promises: figures that add up, an incremental audit that reads who
// changed and the sample and no one else, nothing written to Okta, and a digest without names.
func auditKeepsPromises(t *testing.T, a cli.AuditStory) {
	t.Helper()
	sum := 0
	for _, n := range a.Verdict {
		sum += n
	}
	if a.People == 0 || sum != a.People || a.First.Kind != mfa.KindFull || a.First.Read != a.People ||
		a.Second.Kind != mfa.KindIncremental {
		t.Errorf("%d people, verdicts %v, first %+v, second %+v", a.People, a.Verdict, a.First, a.Second)
	}
	if a.Changed == 0 || a.Fixed != a.Changed || a.Second.Read < a.Changed || a.Second.Read > a.Changed+a.People/3 ||
		a.Second.Calls >= a.First.Calls {
		t.Errorf("%d enrolled, %d are put right, %d were read with %d calls, %d before", a.Changed, a.Fixed,
			a.Second.Read, a.Second.Calls, a.First.Calls)
	}
	if a.Writes != 0 {
		t.Errorf("the audits wrote %d times", a.Writes)
	}
	failing := a.Verdict[string(mfa.NotEnrolled)] + a.Verdict[string(mfa.WeakOnly)]
	for _, part := range []string{fmt.Sprintf("%d people of %d fail", failing, a.People),
		fmt.Sprintf("%d fixed", a.Fixed), "Coverage"} {
		if !strings.Contains(a.Digest, part) {
			t.Errorf("the digest does not say %q: %s", part, a.Digest)
		}
	}
	if strings.Contains(a.Digest, "@") {
		t.Errorf("the digest names people: %s", a.Digest)
	}
}

// treeOf lists everything beneath a folder with its contents, to see that nothing changed.
func treeOf(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			b.WriteString(path + "\n")
			return err
		}
		text, err := os.ReadFile(path)
		b.WriteString(path + ": " + string(text) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDemoOfEachSample(t *testing.T) {
	samples, err := filepath.Glob(filepath.Join("..", "..", "csv", "sample_*.csv"))
	if err != nil || len(samples) != 3 {
		t.Fatalf("samples %v, %v; want three", samples, err)
	}
	for _, path := range samples {
		name := filepath.Base(path)
		rows := linesOf(t, path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			stdout, stderr, code := runProgram(t, p.env, "demo", "--json", "--file", name)
			if code != 0 {
				t.Fatalf("code %d: %s", code, stderr)
			}
			shown := storyOf(t, stdout)
			keepsPromises(t, shown, name, rows)
			auditKeepsPromises(t, shown.MFA)
			if shown.Structure.Entitlements == 0 || shown.Structure.Values == 0 || shown.Grants.Granted == 0 ||
				shown.Grants.Assigned == 0 {
				t.Errorf("nothing was done: %+v", shown)
			}
		})
	}
}

// TestDemoOfTheCallersFile shows a report of CSV_DIR, and leaves inbox and state as they were.
func TestDemoOfTheCallersFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.put(t, "mine.csv", "E-Mail;Role\nzoe@acme.example.com;Red\nyan@elsewhere.example.org;Blue\nzoe@acme.example.com;Blue\n")
	p.put(t, "broken.csv", "\x00\x01\x02 no report\n")
	p.put(t, sample, e2eReport) // a file of the caller's that bears a sample's name
	if err := os.MkdirAll(p.state, 0o700); err != nil {
		t.Fatal(err)
	}
	before := treeOf(t, p.home)
	stdout, stderr, code := runProgram(t, p.env, "demo", "--json", "--file", "mine.csv")
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	shown := storyOf(t, stdout)
	keepsPromises(t, shown, "mine.csv", 3)
	if shown.Grants.Granted != 2 || shown.Grants.Rows["granted"] != 3 {
		t.Errorf("every person that the file names exists in the demo, yet: %+v", shown.Grants)
	}
	if stdout, stderr, code = runProgram(t, p.env, "demo", "--json"); code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	keepsPromises(t, storyOf(t, stdout), sample, 2)
	if after := treeOf(t, p.home); after != before {
		t.Errorf("the demo changed what is the caller's; before:\n%s\nafter:\n%s", before, after)
	}
}

func TestDemoRefusesWhatItCannotShow(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.put(t, "empty.csv", "")
	for name, want := range map[string][]string{
		"nothing.csv":      {"nothing.csv", "file_not_found"},
		"../../etc/passwd": {"outside_inbox"},
		"empty.csv":        {"empty_file"},
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := runProgram(t, p.env, "demo", "--json", "--file", name)
			if code == 0 || stdout != "" || strings.Contains(stderr, "goroutine") {
				t.Errorf("code %d, stdout %q, stderr %s", code, stdout, stderr)
			}
			for _, word := range want {
				if !strings.Contains(stderr, word) {
					t.Errorf("stderr does not speak of %s: %s", word, stderr)
				}
			}
		})
	}
}

// TestDemoReadsWellInAPipe: without a terminal there is plain text, each line of which can be read by itself.
func TestDemoReadsWellInAPipe(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := runProgram(t, newPlace(t).env, "demo")
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	for line := range strings.Lines(stdout + stderr) {
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), unicode.IsControl) {
			t.Errorf("control characters in %q", line)
		}
	}
	for _, part := range []string{"analyze_csv_for_entitlements", "prepare_entitlement_structure",
		"execute_user_grants", "planned", "granted",
		"claude_desktop_config.json", "OKTA_DOMAIN", "doctor", "Second act", "okta_mfa_audit", "full audit",
		"incremental audit", "ORG_ADMIN", "push_denied", "security key",
		"put right", "okta_mfa_report", "without names", "| MFA audit of demo", "audit mfa"} {
		if !strings.Contains(stdout, part) {
			t.Errorf("the story does not say %s", part)
		}
	}
	if strings.Contains(stdout, "%!") {
		t.Errorf("a line was worded wrongly: %s", stdout)
	}
}
