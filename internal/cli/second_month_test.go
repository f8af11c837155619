package cli

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheSecondMonthAsksNothingAndANewWordIsOneQuestion plays three months at a terminal: the first report has an unknown
// word, which is asked about; the second has the same header and is read by the mapping that the first one's confirmed plan
// left; the third has a new word, and only that is asked about. The transcript is pinned.
func TestTheSecondMonthAsksNothingAndANewWordIsOneQuestion(t *testing.T) {
	p, w := headless(t, nil)
	var transcript strings.Builder
	month := func(file, report, typed string) {
		inbox(t, w, file, report)
		var out, prompt bytes.Buffer
		person := desk{in: strings.NewReader(typed), prompt: &prompt, terminal: true}
		fmt.Fprintf(&transcript, "$ okta-entitlements-mcp plan %s --app %s\n", file, w.AppID)
		if err := makePlan(t.Context(), p, grantsOf(w, file), person, false, &out); err != nil {
			t.Fatalf("%s: %v\n%s", file, err, &prompt)
		}
		fmt.Fprintf(&transcript, "%s%s", prompt.String(), out.String())
		id := regexp.MustCompile(`plan_[0-9a-f]{32}`).FindString(out.String())
		fmt.Fprintf(&transcript, "$ okta-entitlements-mcp apply %s\n", id)
		prompt.Reset()
		if err := apply(t.Context(), p, id, person, &bytes.Buffer{}); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		fmt.Fprintf(&transcript, "%s\n", prompt.String())
		p = restart(t, w) // the next month is another process
	}
	month("march.csv", parked, "1\n")
	month("april.csv", "Email,Role,Decision\na@x.example,Admin;Viewer,Approve\nb@x.example,Viewer,Parked\nc@x.example,Viewer,Revoke\n", "")
	month("may.csv", "Email,Role,Decision\nd@x.example,Admin,Approve\nb@x.example,Viewer,Parked\nc@x.example,Viewer,Shelved\n", "1\n")

	got := regexp.MustCompile(`plan_[0-9a-f]{32}`).ReplaceAllString(transcript.String(), "plan_…")
	const pinned = "testdata/second_month.txt"
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(pinned, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(pinned)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the transcript is another one; if that is meant: UPDATE=1 go test ./internal/cli -run SecondMonth\n%s", got)
	}
}

// Nothing is remembered from a conversation alone, from a job, or from a plan that no one applied.
func TestWhatNoPersonConfirmedIsAskedAgain(t *testing.T) {
	p, w := headless(t, nil)
	inbox(t, w, "march.csv", parked)
	plain := func(person desk) string {
		var out bytes.Buffer
		req := grantsOf(w, "march.csv", answered(t, "argument", refuses))
		if err := makePlan(t.Context(), p, req, person, true, &out); err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`plan_[0-9a-f]{32}`).FindString(out.String())
	}
	id := plain(desk{})
	inbox(t, w, "april.csv", parked)
	again := func() int {
		return codeOf(makePlan(t.Context(), p, grantsOf(w, "april.csv"), desk{}, true, &bytes.Buffer{}))
	}
	if code := again(); code != ExitUnfinished {
		t.Errorf("a plan that no one applied is remembered: exit code %d", code)
	}
	if err := apply(t.Context(), p, id, desk{}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if code := again(); code != ExitUnfinished {
		t.Errorf("a plan that a job applied is remembered: exit code %d", code)
	}
	if err := apply(t.Context(), p, id, desk{prompt: &bytes.Buffer{}, terminal: true}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if code := again(); code != 0 {
		t.Errorf("a plan that a person applied is forgotten: exit code %d", code)
	}
}
