package e2e

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/oktasim"
)

// TestAuditCommandFromOktaToTheTicket is a week's run and the next one, at Jira Cloud and at Data Center.
func TestAuditCommandFromOktaToTheTicket(t *testing.T) {
	for _, center := range []bool{false, true} {
		t.Run(map[bool]string{false: "cloud", true: "data center"}[center], func(t *testing.T) {
			t.Parallel()
			b := newBureau(t, bureauOf{
				tenant: oktasim.Options{Seed: 3, Users: 80},
				jira:   notifytest.JiraOptions{DataCenter: center},
			})
			if center {
				b.env = append(b.without("JIRA_EMAIL", "JIRA_API_TOKEN"), "JIRA_PAT="+b.jira.Token())
			}
			out := filepath.Join(b.home, "report")
			first := b.audited(0, "--out", out, "--jira", "per_user", "--slack")
			failing := first.Summary.ByVerdict[mfa.NotEnrolled] + first.Summary.ByVerdict[mfa.WeakOnly]
			if first.Summary.Kind != mfa.KindFull || failing < 10 || first.Receipt.Tickets.Created != failing ||
				len(b.jira.Open()) != failing || first.Receipt.Bulletin.Outcome != notify.Sent {
				t.Fatalf("%s, %d failing, tickets %+v, digest %+v", first.Summary.Kind, failing, first.Receipt.Tickets,
					first.Receipt.Bulletin)
			}
			b.onlyRead()
			b.holdsFiles(out, first.Summary)
			calls := b.called("/authenticator-enrollments")
			second := b.audited(0, "--jira", "per_user", "--slack")
			if tickets := second.Receipt.Tickets; second.Summary.Kind != mfa.KindIncremental ||
				tickets.Created+tickets.Updated+tickets.Closed+tickets.Reopened != 0 || tickets.Unchanged != failing {
				t.Errorf("%s (%s), tickets %+v", second.Summary.Kind, second.Summary.WhyFull, tickets)
			}
			drawn := 0
			if sample := second.Summary.Sample; sample != nil {
				drawn = sample.Drawn
			}
			if again := b.called("/authenticator-enrollments") - calls; again != drawn {
				t.Errorf("the second audit read %d people, its sample is %d", again, drawn)
			}
			weak := b.one(out, mfa.WeakOnly)
			b.tenant.Enroll(weak, "webauthn", "FIDO")
			third := b.audited(0, "--jira", "per_user")
			if third.Summary.Change.Fixed != 1 || third.Receipt.Tickets.Closed != 1 || len(b.jira.Open()) != failing-1 {
				t.Errorf("after an enrolment: %+v, tickets %+v", third.Summary.Change, third.Receipt.Tickets)
			}
			b.tenant.ResetFactors(weak)
			fourth := b.audited(0, "--jira", "per_user")
			if fourth.Summary.Change.Regressed != 1 || fourth.Receipt.Tickets.Reopened != 1 || len(b.jira.Issues()) != failing {
				t.Errorf("after a reset: %+v, tickets %+v", fourth.Summary.Change, fourth.Receipt.Tickets)
			}
			b.trailHolds(4, first.Summary.Total)
		})
	}
}

// onlyRead fails when anything but GET was asked of the tenant.
func (b *bureau) onlyRead() {
	b.t.Helper()
	for _, call := range b.tenant.Calls() {
		if call.Method != http.MethodGet {
			b.t.Errorf("an audit called %s %s", call.Method, call.Pattern)
		}
	}
}

// holdsFiles looks at the files of a report: readable by the owner alone, with all people in them.
func (b *bureau) holdsFiles(dir string, s *mfa.Summary) {
	b.t.Helper()
	if people := b.table(dir); len(people) != s.Total {
		b.t.Errorf("findings.csv has %d people, the audit %d", len(people), s.Total)
	}
	var saved mfa.Summary
	text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	fails(b.t, err)
	fails(b.t, json.Unmarshal(text, &saved))
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	fails(b.t, err)
	if saved.AuditID != s.AuditID || saved.Total != s.Total || !strings.Contains(string(page), "</html>") ||
		!strings.Contains(string(page), s.AuditID) {
		b.t.Errorf("summary.json is of %s, report.html ends with %q", saved.AuditID, page[max(0, len(page)-40):])
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, root := range []string{dir, b.state} {
		fails(b.t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				b.t.Errorf("others may use %s: %s", path, info.Mode())
			}
			return err
		}))
	}
}

// one is the id of a person with a verdict.
func (b *bureau) one(dir string, v mfa.Verdict) string {
	b.t.Helper()
	for id, row := range b.table(dir) {
		if strings.Contains(row, "|"+string(v)+"|") {
			return id
		}
	}
	b.t.Fatalf("no one is %s", v)
	return ""
}

// trailHolds verifies the trail, and finds every person once in each audit.
func (b *bureau) trailHolds(audits, people int) {
	b.t.Helper()
	if r := b.command(nil, "trail", "verify"); r.code != 0 {
		b.t.Errorf("trail verify: code %d: %s %s", r.code, r.stdout, r.stderr)
	}
	judged := b.judged()
	if len(judged) != audits {
		b.t.Errorf("the trail holds %d audits, want %d", len(judged), audits)
	}
	for audit, users := range judged {
		for id, n := range users {
			if n != 1 {
				b.t.Errorf("%s holds %s %d times", audit, id, n)
			}
		}
		if len(users) != people {
			b.t.Errorf("%s holds %d people, want %d", audit, len(users), people)
		}
	}
}

func TestADryRunOfTheAuditCommandSendsNothing(t *testing.T) {
	t.Parallel()
	b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 3, Users: 30}})
	a := b.audited(0, "--dry-run", "--jira", "per_user", "--slack", "--notify-users")
	if !a.Receipt.DryRun || a.Receipt.Tickets.Created == 0 || a.Receipt.Bulletin.Text == "" ||
		a.Receipt.Messages.Would == 0 {
		t.Errorf("%+v", a.Receipt)
	}
	if len(b.jira.Issues()) != 0 || len(b.slack.Calls()) != 0 {
		t.Errorf("%d issues, %d calls to Slack", len(b.jira.Issues()), len(b.slack.Calls()))
	}
	if r := b.audit(nil, "--dry-run", "--jira", "bulk", "--slack"); r.code != 0 ||
		!strings.Contains(r.stdout, "would be 1 created") || !strings.Contains(r.stdout, "bulletin") {
		t.Errorf("code %d: %s %s", r.code, r.stdout, r.stderr)
	}
}

// TestJiraThatIsDownIsTriedByTheNextRun: the audit is complete and says so; the next run delivers.
func TestJiraThatIsDownIsTriedByTheNextRun(t *testing.T) {
	t.Parallel()
	b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 3, Users: 30}})
	b.jira.SetFault(func(notifytest.Call) notifytest.Fault { return notifytest.Expired })
	r := b.audit(nil, "--jira", "per_user")
	if r.code != cli.ExitUnfinished || !strings.Contains(r.stdout, "people listed") ||
		!strings.Contains(r.stdout, "waits") || !strings.Contains(r.stderr, "run the same command again") ||
		!strings.Contains(r.stdout, "expired") {
		t.Errorf("code %d: %s %s", r.code, r.stdout, r.stderr)
	}
	if a := b.audited(cli.ExitFinding, "--jira", "per_user", "--fail-on", "not_enrolled>0"); len(a.Met) != 1 ||
		len(a.Receipt.Waiting) != 1 {
		t.Errorf("a finding outweighs an outage: %+v", a)
	}
	b.jira.SetFault(nil)
	a := b.audited(0, "--jira", "per_user")
	if a.Receipt.Tickets.Created == 0 || len(b.jira.Open()) != a.Receipt.Tickets.Created || len(a.Receipt.Waiting) != 0 {
		t.Errorf("%+v", a.Receipt)
	}
}

func TestDoctorChecksJiraAndSlack(t *testing.T) {
	t.Parallel()
	b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 3, Users: 5}})
	b.tenant.AddApp(oktasim.NewApp{Label: "Finance"})
	r := b.command(nil, "doctor")
	for _, line := range []string{"jira               ok", "slack              ok"} {
		if r.code != 0 || !strings.Contains(r.stdout, line) {
			t.Errorf("code %d, want %q: %s %s", r.code, line, r.stdout, r.stderr)
		}
	}
	if r = b.command(b.without("JIRA_", "SLACK_"), "doctor"); r.code != 0 || strings.Contains(r.stdout, "jira") ||
		strings.Contains(r.stdout, "slack") {
		t.Errorf("neither is set up: code %d: %s %s", r.code, r.stdout, r.stderr)
	}
	b.jira.SetFault(func(notifytest.Call) notifytest.Fault { return notifytest.Expired })
	outside := append(b.without("SLACK_CHANNEL"), "SLACK_CHANNEL=#elsewhere")
	if r = b.command(outside, "doctor"); r.code != cli.ExitFailed || !strings.Contains(r.stdout, "expired") ||
		!strings.Contains(r.stdout, "no such channel") {
		t.Errorf("code %d: %s %s", r.code, r.stdout, r.stderr)
	}
	if len(b.jira.Issues())+len(b.slack.Posts()) != 0 {
		t.Error("doctor wrote something")
	}
}
