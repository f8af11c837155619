package delivery_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/tools"
)

// TestWhatIsWrongWithJiraOrSlackIsSaid: each trouble has a sentence that says what to do; nothing is lost, and once
// it is fixed the same order goes through.
func TestWhatIsWrongWithJiraOrSlackIsSaid(t *testing.T) {
	outside := notifytest.SlackOptions{Channels: []notifytest.Channel{{
		ID:      "C0SECURITY",
		Name:    "security",
		Outside: true,
	}}}
	required := notifytest.JiraOptions{Fields: []notifytest.Field{{
		ID:       "customfield_10042",
		Name:     "Security team",
		Required: true,
		Type:     "option",
		Options:  []string{"Blue"},
	}}}
	for _, c := range []struct {
		name  string
		s     setUp
		order delivery.Order
		spoil func(*office)
		words []string
		fix   func(*office)
		again setUp // how the next process is set up
	}{
		{"jira token expired", setUp{}, perUser(), func(o *office) { o.jira.SetFault(always(notifytest.Expired)) },
			[]string{"credential", "expired", "make a new token"}, func(o *office) { o.jira.SetFault(nil) }, setUp{}},
		{"jira project missing", setUp{client: func(j *notify.JiraOptions) { j.Project = "GONE" }}, perUser(),
			func(*office) {},
			[]string{"GONE"}, func(*office) {}, setUp{}},
		{"jira issue type missing", setUp{client: func(j *notify.JiraOptions) { j.IssueType = "Saga" }}, perUser(),
			func(*office) {},
			[]string{"Saga", "Task"}, func(*office) {}, setUp{}},
		{"jira field required", setUp{jira: required}, perUser(), func(*office) {},
			[]string{"Security team", "customfield_10042", "Blue"}, func(*office) {},
			setUp{client: func(j *notify.JiraOptions) {
				j.Fields = map[string]any{"customfield_10042": map[string]any{"value": "Blue"}}
			}}},
		{"jira limits the rate", setUp{jira: notifytest.JiraOptions{RetryAfter: time.Hour}}, perUser(),
			func(o *office) { o.jira.SetFault(always(notifytest.Limited)) },
			[]string{"limit"}, func(o *office) { o.jira.SetFault(nil) }, setUp{}},
		{"slack token expired", setUp{}, delivery.Order{Bulletin: true},
			func(o *office) { o.slack.SetFault(always(notifytest.Expired)) },
			[]string{"token", "expired"}, func(o *office) { o.slack.SetFault(nil) }, setUp{}},
		{"slack channel not joined", setUp{slack: outside}, delivery.Order{Bulletin: true}, func(*office) {},
			[]string{"/invite"}, nil, setUp{}},
		{"slack channel missing", setUp{slack: notifytest.SlackOptions{Channels: []notifytest.Channel{{
			ID:   "C0OTHER00",
			Name: "other",
		}}}}, delivery.Order{Bulletin: true}, func(*office) {},
			[]string{"no such channel"}, nil, setUp{}},
		{"slack scope missing", setUp{slack: notifytest.SlackOptions{Scopes: []string{"chat:write"}}},
			delivery.Order{Messages: true}, func(*office) {}, []string{"users:read.email"}, nil, setUp{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inOffice(t, 4, c.s, func(o *office) {
				s := o.audit()
				before := tree(t, o.mfa.Dir(s.AuditID))
				c.spoil(o)
				r := o.deliver(c.s, c.order)
				said := sayings(r)
				for _, word := range c.words {
					if !strings.Contains(said, word) {
						t.Errorf("%q is not said: %s", word, said)
					}
				}
				if !r.Failed() || len(r.Waiting) == 0 || len(o.jira.Issues())+len(o.slack.Posts()) != 0 ||
					tree(t, o.mfa.Dir(s.AuditID)) != before {
					t.Errorf("%+v, waiting %+v", r, r.Waiting)
				}
				if strings.ContainsAny(said, "\n{}") && !strings.Contains(said, "customfield") || strings.Contains(said, "%!") {
					t.Errorf("no sentence: %q", said)
				}
				if c.fix == nil {
					return
				}
				c.fix(o)
				time.Sleep(time.Hour)
				if r = o.deliver(c.again, c.order); r.Failed() || len(r.Waiting) != 0 ||
					len(o.jira.Issues())+len(o.slack.Posts()) == 0 {
					t.Errorf("after it was fixed: %+v, waiting %+v; %s", r, r.Waiting, sayings(r))
				}
			})
		})
	}
}

// sayings is all that a receipt says of what went wrong.
func sayings(r *delivery.Receipt) string {
	var all []string
	if r.Tickets != nil {
		all = append(all, r.Tickets.Error)
		for _, one := range r.Tickets.Sample {
			all = append(all, one.Error)
		}
	}
	if r.Bulletin != nil {
		all = append(all, r.Bulletin.Error)
	}
	if r.Messages != nil {
		for reason := range r.Messages.Reasons {
			all = append(all, reason)
		}
	}
	return strings.Join(all, "; ")
}

// TestAnOrderThatIsNotSetUpIsRefusedAtOnce: before anything is asked or written.
func TestAnOrderThatIsNotSetUpIsRefusedAtOnce(t *testing.T) {
	inOffice(t, 2, setUp{}, func(o *office) {
		o.audit()
		bare := setUp{sender: func(c *delivery.Options) { c.Jira, c.Slack = nil, nil }}
		for word, order := range map[string]delivery.Order{"JIRA_URL": perUser(),
			"SLACK_BOT_TOKEN": {Bulletin: true}, "slack is": {Messages: true}} {
			c := o.sender(bare)
			_, err := c.Deliver(o.t.Context(), order)
			for _, err := range []error{err, c.Ready(order)} {
				if !errors.Is(err, delivery.ErrNotConfigured) || !strings.Contains(err.Error(), word) {
					t.Errorf("%+v: %v", order, err)
				}
			}
		}
		if r := o.deliver(bare, delivery.Order{
			Bulletin: true,
			DryRun:   true,
		}); !strings.Contains(r.Bulletin.Text, "2 people of 3 fail") {
			t.Errorf("a bulletin can be looked at without Slack: %+v", r.Bulletin)
		}
		if _, err := o.sender(setUp{}).Deliver(o.t.Context(), delivery.Order{
			AuditID: "mfa_20200101T000000Z_abcdefgh",
			Files:   true,
		}); !errors.Is(err, audit.ErrNoAudit) {
			t.Errorf("an audit that is not there: %v", err)
		}
		if _, err := o.sender(setUp{}).Deliver(o.t.Context(), delivery.Order{Tickets: "per_team"}); err == nil ||
			!strings.Contains(err.Error(), "per_manager") {
			t.Errorf("a mode that is not there: %v", err)
		}
		if len(o.jira.Issues())+len(o.slack.Calls()) != 0 {
			t.Error("something was sent")
		}
	})
}

// TestAnExportIsNotTicketed: neither at once, nor in place of an audit whose tickets wait.
func TestAnExportIsNotTicketed(t *testing.T) {
	inOffice(t, 3, setUp{}, func(o *office) {
		o.audit()
		o.jira.SetFault(always(notifytest.Refused))
		o.deliver(setUp{}, perUser())
		o.jira.SetFault(nil)
		time.Sleep(time.Minute)
		export := "User login,User,User email,User status,User " +
			"isAdmin,Group,Authenticator\nghost@acme.example.com,Ghost,ghost@acme.example.com,Active,true,Staff,Password\n"
		b, err := tools.ReadBaseline(strings.NewReader(export))
		o.must(err)
		s, err := o.mfa.FromBaseline(context.Background(), b, "export.csv", time.Now(), mfa.DefaultPolicy(), nil)
		o.must(err)
		for _, order := range []delivery.Order{{Tickets: report.PerUser}, {Messages: true}} {
			order.AuditID = s.AuditID
			_, err := o.sender(setUp{}).Deliver(o.t.Context(), order)
			if trouble.CodeOf(err) != trouble.AuditTooCoarse || !strings.Contains(err.Error(), "audit Okta itself") {
				t.Errorf("%+v: %v", order, err)
			}
		}
		r := o.deliver(setUp{}, delivery.Order{AuditID: s.AuditID, Files: true, Bulletin: true})
		if r.Failed() || r.Bulletin.Outcome != notify.Sent {
			t.Errorf("%+v", r)
		}
		o.oneTicketEach(3)
	})
}

// TestADamagedOutboxIsSaid: a file that cannot be read does not keep the rest from being delivered, and it is named.
func TestADamagedOutboxIsSaid(t *testing.T) {
	inOffice(t, 2, setUp{}, func(o *office) {
		o.audit()
		o.jira.SetFault(always(notifytest.Refused))
		o.deliver(setUp{}, perUser())
		o.jira.SetFault(nil)
		name := "000000000009-00112233445566aa.json"
		o.must(os.WriteFile(filepath.Join(o.dir, "outbox", name), []byte("{half a line"), 0o600))
		r := o.deliver(setUp{}, delivery.Order{Files: true})
		if !strings.Contains(strings.Join(r.Notes, " "), name) || len(o.jira.Issues()) != 2 {
			t.Errorf("%+v with %d issues", r, len(o.jira.Issues()))
		}
	})
}
