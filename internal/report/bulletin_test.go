package report_test

import (
	"bytes"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/untrusted"
)

func bulletin(t *testing.T, a *audit, people ...mfa.Finding) notify.Bulletin {
	t.Helper()
	d, err := report.Bulletin(a.summary, people, "https://jira.example.com/filter")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBulletinSaysWhatAndHowMuchAndSinceWhen(t *testing.T) {
	a := company(5000)
	d := bulletin(t, a)
	text := report.BulletinText(d)
	for _, want := range []string{"761 people of 5,000 fail", "4 administrators of 44 fail",
		"41 fixed, 6 regressed, 12 new and failing", "Coverage: 5000 people listed",
		"31 December 2026", "Enrolled", "91.9 %", "https://jira.example.com/filter", "[picture] Best method registered"} {
		if !strings.Contains(text, want) {
			t.Errorf("the bulletin does not say %q:\n%s", want, text)
		}
	}
	for _, f := range a.findings[:50] {
		if strings.Contains(text, f.Login.Raw()) || strings.Contains(text, f.Name.Raw()) {
			t.Errorf("the bulletin names %s", f.Login)
		}
	}
	picture, err := png.Decode(bytes.NewReader(d.Chart))
	if err != nil || picture.Bounds().Dx() != 1200 {
		t.Fatalf("the picture is not a PNG of 1200 pixels: %v", err)
	}
	seen := map[[3]uint32]bool{}
	for x := 0; x < 1200; x += 3 {
		r, g, b, _ := picture.At(x, 130).RGBA()
		seen[[3]uint32{r >> 8, g >> 8, b >> 8}] = true
	}
	for _, colour := range [][3]uint32{{0, 0x72, 0xb2}, {0x56, 0xb4, 0xe9}, {0xe6, 0x9f, 0}, {0xd5, 0x5e, 0}} {
		if !seen[colour] {
			t.Errorf("the bar of strengths has no %x", colour)
		}
	}
	shots := screenshots(t)
	for name, a := range map[string]*audit{"many": a, "one": newAudit(person(1, mfa.NotEnrolled)),
		"first": newAudit(company(800).findings...)} {
		if err := os.WriteFile(filepath.Join(shots, "bulletin-"+name+".png"), bulletin(t, a).Chart, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBulletinNamesOnlyThePeopleGiven(t *testing.T) {
	a := company(100)
	d := bulletin(t, a, a.findings[:20]...)
	if len(d.People) != 16 || !strings.Contains(d.People[0], a.findings[0].Login.Raw()) || d.People[15] != "5 more people" {
		t.Errorf("people are %q", d.People)
	}
}

func TestBulletinBelowTheBoundGivesNoRateAndClaimsNothing(t *testing.T) {
	a := newAudit(person(1, mfa.Compliant, push()), person(2, mfa.Unreadable))
	d := bulletin(t, a)
	text := report.BulletinText(d)
	for _, want := range []string{"too few could be read",
		"No enrolment rate is given: 50 % of the people could be read, and 99 % is the least"} {
		if !strings.Contains(text, want) {
			t.Errorf("the bulletin does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "100 %") || strings.Contains(text, "no one fails") {
		t.Errorf("the bulletin claims too much:\n%s", text)
	}
}

func TestBulletinOfNobody(t *testing.T) {
	d := bulletin(t, newAudit())
	if !strings.Contains(d.Title, "no one in scope") || d.Chart != nil {
		t.Errorf("the bulletin of no one: %+v", d)
	}
}

func TestBulletinTextIsCleanForATerminal(t *testing.T) {
	text := report.BulletinText(notify.Bulletin{Title: "a\x1b[2Jb", Lines: []string{"x\u202ey\nz"},
		Facts: [][2]string{{"n\x07", "1"}, {"longer name", "2"}}, People: []string{"<p>\r"}, Link: "https://x/\x1b"})
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if at := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); at >= 0 {
			t.Errorf("line %q has something at %d that a terminal obeys", line, at)
		}
	}
	if !strings.Contains(text, "xy z") {
		t.Errorf("the text is lost:\n%q", text)
	}
}

func messages(t *testing.T, a *audit) map[string]notify.Message {
	t.Helper()
	out := map[string]notify.Message{}
	for m, err := range report.Messages(a.summary, a.stream(), "") {
		if err != nil {
			t.Fatal(err)
		}
		out[m.Email] = m
	}
	return out
}

func TestMessagesGoToThoseWhoMustEnrol(t *testing.T) {
	a := mixed()
	a.summary.Policy.Deadline = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	got := messages(t, a)
	for email, wants := range map[string][]string{
		"p1@example.com": {"no second factor", "by 31 December 2026"},
		"p2@example.com": {"has only SMS", "by 31 December 2026"},
		"p3@example.com": {"no second factor"},
		"p4@example.com": {"no second factor", "by 25 November 2026"},
	} {
		text := strings.Join(got[email].Lines, "\n")
		for _, want := range append(wants, "sign in to Okta as you always do") {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not read %q:\n%s", email, want, text)
			}
		}
		if got[email].Link != "https://example.okta.com/enduser/settings" {
			t.Errorf("%s is sent to %q", email, got[email].Link)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d people are written to, want 4: %v", len(got), got)
	}
	for _, level := range []mfa.Level{mfa.Off, mfa.Optional} {
		a.summary.Policy.Level = level
		if got := messages(t, a); len(got) != 0 {
			t.Errorf("level %s: %d people are written to", level, len(got))
		}
	}
}

func TestMessagesPassOverBadAddressesAndStopAtAnError(t *testing.T) {
	none, trick, good := person(1, mfa.NotEnrolled), person(2, mfa.NotEnrolled), person(3, mfa.NotEnrolled)
	none.Email, trick.Email = untrusted.NewStored(""), untrusted.NewStored("Eve <eve@evil.example>")
	if got := messages(t, newAudit(none, trick, good)); len(got) != 1 {
		t.Errorf("written to: %v", got)
	}
	a := newAudit(good)
	a.summary.Policy.Deadline = asOf().AddDate(0, -1, 0)
	for m := range report.Messages(a.summary, a.stream(), "") {
		if !strings.Contains(strings.Join(m.Lines, " "), "was due by 23 October 2026") {
			t.Errorf("a deadline that has passed is said as %q", m.Lines)
		}
	}
	var failed error
	for _, err := range report.Messages(a.summary, broken(good), "") {
		failed = err
	}
	if !errors.Is(failed, errStore) {
		t.Errorf("findings that cannot be read end with %v", failed)
	}
}
