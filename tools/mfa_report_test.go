package tools_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/tools"
)

// delivering puts a Jira and a Slack beside the tenant, with the real clients between.
func (r *rig) delivering(notifyUsers bool) (*notifytest.Jira, *notifytest.Slack) {
	r.t.Helper()
	jira := notifytest.NewJira(notifytest.JiraOptions{})
	slack := notifytest.NewSlack(notifytest.SlackOptions{People: []notifytest.Member{{
		ID:    "U0EDWARD1",
		Email: "ed@acme.example.com",
	}, {ID: "U0FLORENC", Email: "flo@acme.example.com"}}})
	dir := filepath.Join(filepath.Dir(r.Dir), "mfa")
	delivered := filepath.Join(dir, "delivered")
	if err := os.MkdirAll(delivered, 0o700); err != nil {
		r.t.Fatal(err)
	}
	must := func(err error) {
		if err != nil {
			r.t.Fatal(err)
		}
	}
	tickets, err := notify.NewJira(notify.JiraOptions{
		BaseURL:   jira.BaseURL(),
		Project:   jira.Project(),
		Email:     jira.Email(),
		Token:     secret.New(jira.Token()),
		Dir:       delivered,
		Transport: jira.Transport(),
	})
	must(err)
	once, err := notify.NewOnce(delivered)
	must(err)
	messages, err := notify.NewSlack(notify.SlackOptions{
		Token:     secret.New(slack.Token()),
		Channel:   "#security",
		BaseURL:   slack.BaseURL(),
		Register:  once,
		Transport: slack.Transport(),
	})
	must(err)
	r.deps.MFA.Sender, err = delivery.New(delivery.Options{
		Audits:      r.deps.MFA.Auditor,
		Jira:        tickets,
		Slack:       messages,
		Dir:         dir,
		NotifyUsers: notifyUsers,
	})
	must(err)
	return jira, slack
}

// TestReportsAreShownFirstAndDeliveredOnce: dry, for good, again, and after a person enrolled.
func TestReportsAreShownFirstAndDeliveredOnce(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		jira, slack := r.delivering(true)
		r.audited(nil)
		all := arguments{"jira": "per_user", "slack": true, "notify_users": true}
		dry := call[tools.ReportOut](r, "okta_mfa_report", all)
		if dry.Status != "dry_run" || dry.Receipt.Tickets == nil || dry.Receipt.Tickets.Created != 6 ||
			dry.Receipt.Messages.Would != 6 || len(dry.Preview) == 0 {
			t.Errorf("dry: %+v, tickets %+v", dry.Receipt, dry.Receipt.Tickets)
		}
		for _, c := range jira.Calls() {
			if c.Method != "GET" && !strings.Contains(c.Path, "search") {
				t.Errorf("a dry run called %s %s", c.Method, c.Path)
			}
		}
		if len(jira.Issues()) != 0 || len(slack.Posts()) != 0 || len(slack.Calls()) != 0 {
			t.Fatalf("a dry run made %d issues and %d posts, and called Slack %d times", len(jira.Issues()),
				len(slack.Posts()), len(slack.Calls()))
		}

		all["deliver"] = true
		done := call[tools.ReportOut](r, "okta_mfa_report", all)
		// Slack knows ed and flo; the other four who fail are unknown there.
		if done.Status != "delivered" || done.Receipt.Tickets.Created != 6 || len(jira.Open()) != 6 ||
			done.Receipt.Messages.Sent != 2 || done.Receipt.Messages.Skipped != 4 {
			t.Errorf("delivered: %s, tickets %+v, messages %+v", done.Status, done.Receipt.Tickets, done.Receipt.Messages)
		}
		for _, p := range slack.Posts() {
			if strings.HasPrefix(p.Channel, "C") &&
				(strings.Contains(p.Text+p.Shown(), "ada@") || strings.Contains(p.Text+p.Shown(), "Ed Doe")) {
				t.Errorf("a name is in the channel: %s", p.Shown())
			}
		}

		posts := len(slack.Posts())
		again := call[tools.ReportOut](r, "okta_mfa_report", all)
		if k := again.Receipt.Tickets; again.Status != "delivered" || k.Created+k.Updated+k.Closed+k.Reopened != 0 ||
			k.Unchanged != 6 || again.Receipt.Messages.Sent != 0 || len(slack.Posts()) != posts {
			t.Errorf("delivered twice: %s, tickets %+v, messages %+v, %d posts after %d", again.Status, k,
				again.Receipt.Messages, len(slack.Posts()), posts)
		}

		time.Sleep(24 * time.Hour)
		r.Tenant.Enroll(ids["ed"], "webauthn", "FIDO")
		r.audited(arguments{"sample": 0})
		if later := call[tools.ReportOut](r, "okta_mfa_report", all); later.Receipt.Tickets.Closed != 1 ||
			len(jira.Open()) != 5 || len(jira.Issues()) != 6 {
			t.Errorf("after ed enrolled: %+v, %d open", later.Receipt.Tickets, len(jira.Open()))
		}
	})
}

func TestPeopleAreNotMessagedBeforeThatIsAllowed(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		_, slack := r.delivering(false)
		r.audited(nil)
		if p := r.refused("okta_mfa_report", arguments{"notify_users": true, "deliver": true},
			"not_configured"); !strings.Contains(p.Next, "SLACK_NOTIFY_USERS") {
			t.Errorf("%+v", p)
		}
		if n := len(slack.Calls()); n != 0 {
			t.Errorf("Slack was called %d times", n)
		}
	})
}

// TestWhatCannotBeDeliveredWaitsAndIsSaid: a Jira that is down changes no audit, and the next report makes up for it.
func TestWhatCannotBeDeliveredWaitsAndIsSaid(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		jira, _ := r.delivering(false)
		before := r.audited(nil)
		fired := 0
		jira.SetFault(func(notifytest.Call) notifytest.Fault { fired++; return notifytest.Error500 })
		order := arguments{"jira": "per_user", "slack": true, "deliver": true}
		down := call[tools.ReportOut](r, "okta_mfa_report", order)
		if fired == 0 {
			t.Fatal("Jira was not down")
		}
		if down.Status != "partly" || len(down.Receipt.Waiting) != 1 || down.Receipt.Tickets.Error == "" ||
			down.Receipt.Bulletin == nil || down.Receipt.Bulletin.Outcome != notify.Sent {
			t.Errorf("with Jira down: %s %+v, digest %+v", down.Status, down.Receipt.Waiting, down.Receipt.Bulletin)
		}
		if s := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil); s.AuditID != before.AuditID {
			t.Errorf("the audit is another one: %s", s.AuditID)
		}
		jira.SetFault(nil)
		up := call[tools.ReportOut](r, "okta_mfa_report", order)
		if up.Status != "delivered" || len(up.Receipt.Waiting) != 0 || len(jira.Open()) != 6 {
			t.Errorf("with Jira up again: %s %+v, %d open", up.Status, up.Receipt.Waiting, len(jira.Open()))
		}
	})
}
