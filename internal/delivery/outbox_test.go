package delivery_test

import (
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
)

// TestAJiraThatIsDownChangesNoAudit: the order waits, and what goes out in the end is the latest audit, not the one
// of then.
func TestAJiraThatIsDownChangesNoAudit(t *testing.T) {
	inOffice(t, 6, setUp{}, func(o *office) {
		first := o.audit()
		before := tree(t, o.mfa.Dir(first.AuditID))
		o.jira.SetFault(always(notifytest.Refused))
		r := o.deliver(setUp{}, delivery.Order{Tickets: report.PerUser, Files: true})
		if !r.Failed() || r.Tickets.Error == "" || len(r.Waiting) != 1 || r.Waiting[0].Kind != "tickets" || r.Files == nil {
			t.Fatalf("%+v, %+v", r, r.Tickets)
		}
		o.must(os.RemoveAll(filepath.Join(o.mfa.Dir(first.AuditID), "report")))
		if after := tree(t, o.mfa.Dir(first.AuditID)); after != before {
			t.Errorf("the audit changed; before:\n%s\nafter:\n%s", before, after)
		}
		o.Tenant.Enroll(o.person(1), "webauthn", "FIDO")
		second := o.audit()
		if r = o.deliver(setUp{}, delivery.Order{Files: true}); !r.Failed() || len(r.Waiting) != 1 ||
			r.Waiting[0].Tries != 1 {
			t.Errorf("still down: %+v", r)
		}
		o.jira.SetFault(nil)
		if r = o.deliver(setUp{}, delivery.Order{Files: true}); r.Failed() || len(r.Waiting) != 0 || len(r.Notes) != 1 ||
			r.AuditID != second.AuditID {
			t.Errorf("after the outage: %+v", r)
		}
		o.oneTicketEach(5)
		for _, i := range o.jira.Issues() {
			if strings.Contains(i.Text(), address(1)) {
				t.Errorf("%s is about a user who had enrolled when Jira came back", i.Key)
			}
		}
	})
}

// TestWhatWaitsFollowsItsOwnScope: the latest audit of a group is not overlooked because another one is of everyone.
func TestWhatWaitsFollowsItsOwnScope(t *testing.T) {
	inOffice(t, 6, setUp{}, func(o *office) {
		group := o.Tenant.AddGroup("Finance", o.person(0), o.person(1), o.person(2))
		ofGroup := func(req *audit.Request) { req.Group = group }
		o.audit(ofGroup)
		o.jira.SetFault(always(notifytest.Refused))
		finance := o.deliver(setUp{}, delivery.Order{Tickets: report.PerUser})
		o.jira.SetFault(nil)
		o.Tenant.Enroll(o.person(0), "webauthn", "FIDO")
		o.audit(ofGroup)
		o.audit()
		if r := o.deliver(setUp{}, delivery.Order{Files: true}); r.Failed() || !finance.Failed() {
			t.Errorf("%+v, then %+v", finance, r)
		}
		o.oneTicketEach(2)
	})
}

// TestAnOrderTakesThePlaceOfWhatWaits: the cap holds for the whole delivery, and a mode that is not asked for any
// more is not delivered first.
func TestAnOrderTakesThePlaceOfWhatWaits(t *testing.T) {
	inOffice(t, 10, setUp{}, func(o *office) {
		capped := setUp{sender: func(c *delivery.Options) { c.MaxNew = 4 }}
		o.audit()
		o.jira.SetFault(always(notifytest.Refused))
		if r := o.deliver(capped, delivery.Order{Tickets: report.Bulk}); !r.Failed() {
			t.Fatalf("%+v", r)
		}
		o.jira.Forget()
		if r := o.deliver(capped, perUser()); !r.Failed() || len(r.Waiting) != 1 {
			t.Fatalf("%+v", r)
		}
		if n := len(o.jira.Calls()); n > 5 {
			t.Errorf("a Jira that is down was asked %d times in one delivery: twice the patience", n)
		}
		o.jira.SetFault(nil)
		r := o.deliver(capped, perUser())
		if r.Failed() || r.Tickets.Mode != report.PerUser || r.Tickets.Deferred != 6 || len(o.jira.Issues()) != 5 ||
			len(r.Waiting) != 0 {
			t.Errorf("%+v with %d issues, waiting %+v; want four and the bulk ticket", r.Tickets, len(o.jira.Issues()),
				r.Waiting)
		}
	})
}

// TestAnOutboxForANewModeKeepsTheNewOne: what waits is what was ordered last.
func TestAnOutboxForANewModeKeepsTheNewOne(t *testing.T) {
	inOffice(t, 3, setUp{}, func(o *office) {
		o.audit()
		o.jira.SetFault(always(notifytest.Refused))
		o.deliver(setUp{}, delivery.Order{Tickets: report.Bulk})
		o.deliver(setUp{}, perUser())
		o.jira.SetFault(nil)
		if r := o.deliver(setUp{}, delivery.Order{Files: true}); r.Failed() {
			t.Fatalf("%+v", r)
		}
		o.oneTicketEach(3)
	})
}

func TestABulletinWaitsWhileSlackIsDown(t *testing.T) {
	inOffice(t, 3, setUp{}, func(o *office) {
		o.audit()
		o.slack.SetFault(always(notifytest.Refused))
		for range 2 {
			if r := o.deliver(setUp{}, delivery.Order{Bulletin: true}); !r.Failed() ||
				r.Bulletin.Outcome != notify.Failed || len(r.Waiting) != 1 || r.Bulletin.Error == "" {
				t.Fatalf("%+v, %+v", r, r.Bulletin)
			}
		}
		o.slack.SetFault(nil)
		if r := o.deliver(setUp{}, delivery.Order{Files: true}); r.Failed() || len(r.Waiting) != 0 {
			t.Errorf("%+v", r)
		}
		if r := o.deliver(setUp{}, delivery.Order{Bulletin: true}); r.Failed() || r.Bulletin.Outcome != notify.Skipped {
			t.Errorf("%+v", r.Bulletin)
		}
		if titles := posted(o, "3 people of 4 fail"); titles != 1 {
			t.Errorf("the bulletin was posted %d times: %v", titles, o.slack.Posts())
		}
	})
}

// posted counts the messages that show a text.
func posted(o *office, text string) (n int) {
	for _, p := range o.slack.Posts() {
		if strings.Contains(p.Shown(), text) || strings.Contains(p.Text, text) {
			n++
		}
	}
	return n
}

// TestNobodyIsRemindedLate: messages wait while Slack is down, and who has enrolled in the meantime gets none.
func TestNobodyIsRemindedLate(t *testing.T) {
	inOffice(t, 12, setUp{}, func(o *office) {
		o.audit()
		o.slack.SetFault(always(notifytest.Refused))
		r := o.deliver(setUp{}, delivery.Order{Messages: true})
		if r.Messages.Failed != 12 || len(r.Waiting) != 12 {
			t.Fatalf("%+v, %d wait", r.Messages, len(r.Waiting))
		}
		for _, round := range []string{"in the delivery", "in the round of what waits"} {
			if n := len(o.slack.Calls()); n > 15 {
				t.Errorf("a Slack that is down was asked %d times %s", n, round)
			}
			o.slack.Forget()
			o.deliver(setUp{}, delivery.Order{Files: true})
		}
		o.slack.SetFault(nil)
		o.Tenant.Enroll(o.person(4), "webauthn", "FIDO")
		o.audit()
		if r = o.deliver(setUp{}, delivery.Order{Messages: true}); r.Failed() || r.Messages.Sent != 0 ||
			r.Messages.Skipped != 11 {
			t.Errorf("%+v, waiting %+v", r.Messages, r.Waiting)
		}
		sent := map[string]int{}
		for _, p := range o.slack.Posts() {
			sent[p.Channel]++
		}
		if len(sent) != 11 || sent["DU004"] != 0 || len(o.slack.Posts()) != 11 {
			t.Errorf("messages went to %v", sent)
		}
	})
}

// TestMessagesThatWaitAreDroppedWhenNobodyIsToBeTold: the policy was relaxed, or the setting taken back.
func TestMessagesThatWaitAreDroppedWhenNobodyIsToBeTold(t *testing.T) {
	down := func(o *office) {
		o.audit()
		o.slack.SetFault(always(notifytest.Refused))
		if r := o.deliver(setUp{}, delivery.Order{Messages: true}); len(r.Waiting) != 3 {
			o.t.Fatalf("%+v", r)
		}
		o.slack.SetFault(nil)
	}
	t.Run("policy", func(t *testing.T) {
		inOffice(t, 3, setUp{}, func(o *office) {
			down(o)
			o.audit(level(mfa.Optional))
			if r := o.deliver(setUp{}, delivery.Order{Files: true}); len(r.Waiting) != 0 || len(o.slack.Posts()) != 0 {
				t.Errorf("%+v, posts %v", r, o.slack.Posts())
			}
		})
	})
	t.Run("setting", func(t *testing.T) {
		inOffice(t, 3, setUp{}, func(o *office) {
			down(o)
			silent := setUp{sender: func(c *delivery.Options) { c.NotifyUsers = false }}
			if r := o.deliver(silent, delivery.Order{Files: true}); len(r.Waiting) != 3 || len(o.slack.Posts()) != 0 {
				t.Errorf("%+v, posts %v", r, o.slack.Posts())
			}
			time.Sleep(20 * 24 * time.Hour)
			r := o.deliver(silent, delivery.Order{Files: true})
			if len(r.Waiting) != 0 || !strings.Contains(strings.Join(r.Notes, " "), "given up: 3") {
				t.Errorf("after the outbox's time: %+v", r)
			}
		})
	})
}
