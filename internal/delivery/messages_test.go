package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/trail"
)

func TestNamesStandOnlyInAChannelThatIsListed(t *testing.T) {
	for _, c := range []struct {
		listed []string
		shown  bool
	}{{nil, false}, {[]string{"#management"}, false}, {[]string{"#security"}, true}} {
		t.Run(fmt.Sprint(c.listed), func(t *testing.T) {
			inOffice(t, 20, setUp{}, func(o *office) {
				o.audit()
				s := setUp{names: c.listed}
				r := o.deliver(s, delivery.Order{Bulletin: true})
				if r.Failed() || posted(o, "20 people of 21 fail") != 1 {
					t.Fatalf("%+v, %v", r.Bulletin, o.slack.Posts())
				}
				named := 0
				for i := range 20 {
					if posted(o, address(i)) > 0 || posted(o, fmt.Sprintf("Person%03d", i)) > 0 {
						named++
					}
				}
				if want := map[bool]int{false: 0, true: 15}[c.shown]; named != want {
					t.Errorf("%d people are named, want %d: %s", named, want, o.slack.Posts()[0].Shown())
				}
				if more := posted(o, "and 5 more") == 1; more != c.shown {
					t.Errorf("how many are not named: got %v", more)
				}
				preview := o.deliver(s, delivery.Order{Bulletin: true, DryRun: true}).Bulletin.Text
				if strings.Contains(preview, address(0)) != c.shown {
					t.Errorf("the preview: %s", preview)
				}
			})
		})
	}
}

func TestABulletinIsPostedOnceWithItsChart(t *testing.T) {
	inOffice(t, 3, setUp{}, func(o *office) {
		o.audit()
		for i, want := range []notify.Outcome{notify.Sent, notify.Skipped, notify.Skipped} {
			if r := o.deliver(setUp{}, delivery.Order{Bulletin: true}); r.Failed() || r.Bulletin.Outcome != want {
				t.Errorf("delivery %d: %+v", i, r.Bulletin)
			}
		}
		pictures := 0
		for _, p := range o.slack.Posts() {
			pictures += len(p.Files)
		}
		if posted(o, "3 people of 4 fail") != 1 || pictures != 1 {
			t.Errorf("posts: %+v", o.slack.Posts())
		}
		o.audit()
		if r := o.deliver(setUp{}, delivery.Order{Bulletin: true}); r.Bulletin.Outcome != notify.Sent {
			t.Errorf("the next audit's: %+v", r.Bulletin)
		}
	})
}

func TestPeopleAreMessagedOnlyWhenThatIsAllowed(t *testing.T) {
	inOffice(t, 3, setUp{}, func(o *office) {
		o.audit()
		silent := setUp{sender: func(c *delivery.Options) { c.NotifyUsers = false }}
		_, err := o.sender(silent).Deliver(o.t.Context(), delivery.Order{Messages: true})
		if !errors.Is(err, delivery.ErrNotConfigured) || !strings.Contains(err.Error(), "SLACK_NOTIFY_USERS") ||
			len(o.slack.Calls()) != 0 || len(o.steps) != 0 {
			t.Errorf("%v after %d calls", err, len(o.slack.Calls()))
		}
	})
}

// TestNoOneIsMessagedTwiceInAWeek delivers audits every other day for a month. Who is in grace is messaged as well, with the
// end of it; who enrols hears nothing more.
func TestNoOneIsMessagedTwiceInAWeek(t *testing.T) {
	inOffice(t, 3, setUp{slack: notifytest.SlackOptions{People: []notifytest.Member{{
		ID:    "UNEW",
		Email: "new@acme.example.com",
	}}}}, func(o *office) {
		o.Tenant.CreateUser(oktasim.NewUser{Email: "new@acme.example.com"})
		for day := 0; day < 30; day += 2 {
			if day == 10 {
				o.Tenant.Enroll(o.person(0), "webauthn", "FIDO")
			}
			o.audit()
			if r := o.deliver(setUp{}, delivery.Order{Messages: true}); r.Failed() {
				t.Errorf("day %d: %+v", day, r.Messages)
			}
			time.Sleep(48 * time.Hour)
		}
		sent := map[string]int{}
		for _, p := range o.slack.Posts() {
			sent[p.Channel]++
		}
		if sent["DU001"] != 4 || sent["DU002"] != 4 || sent["DU000"] != 2 || sent["DUNEW"] != 4 {
			t.Errorf("messages in a month: %v", sent)
		}
		if first := o.slack.Posts(); posted(o, "/enduser/settings") == 0 &&
			!strings.Contains(string(first[0].Blocks[len(first[0].Blocks)-1]), "enduser/settings") {
			t.Errorf("where to enrol is not said: %+v", first[0])
		}
	})
}

func TestPeopleWhomSlackDoesNotKnowAreCounted(t *testing.T) {
	inOffice(t, 2, setUp{}, func(o *office) {
		for i := range 3 {
			o.Tenant.AddUser(oktasim.NewUser{
				Email:   fmt.Sprintf("unknown%d@acme.example.com", i),
				Created: time.Now().Add(-30 * 24 * time.Hour),
			})
		}
		o.audit()
		r := o.deliver(setUp{}, delivery.Order{Messages: true})
		if r.Failed() || r.Messages.Sent != 2 || r.Messages.Skipped != 3 ||
			r.Messages.Reasons["no one in Slack has this e-mail address"] != 3 {
			t.Errorf("%+v", r.Messages)
		}
	})
}

// TestTheTrailHoldsWhatWasDelivered: every ticket with its number, every message with the user's id; no address of
// anyone.
func TestTheTrailHoldsWhatWasDelivered(t *testing.T) {
	inOffice(t, 70, setUp{}, func(o *office) {
		s := o.audit()
		o.deliver(setUp{}, delivery.Order{
			Files:    true,
			Tickets:  report.PerUser,
			Bulletin: true,
			Messages: true,
		})
		held := map[string]map[string]string{} // step → user or key → ticket or message
		for _, step := range o.steps {
			if step.RunID != s.AuditID {
				t.Errorf("%s is of audit %q", step.Step, step.RunID)
			}
			for _, v := range step.Arguments {
				for _, pair := range strings.Fields(fmt.Sprint(v)) {
					who, what, found := strings.Cut(pair, "=")
					if held[step.Step] == nil {
						held[step.Step] = map[string]string{}
					}
					if found {
						held[step.Step][who] = what
					}
				}
				if strings.Contains(fmt.Sprint(v), "@") {
					t.Errorf("an address is in the trail: %v", v)
				}
			}
		}
		for i := range 70 {
			id := o.person(i)
			if issue := held["audit_tickets"]["user-"+id]; !strings.HasPrefix(issue, "SEC-") {
				t.Errorf("%s has the ticket %q", id, issue)
			}
			if message := held["audit_messages"][id]; !strings.HasPrefix(message, "DU") || !strings.Contains(message, ":") {
				t.Errorf("%s has the message %q", id, message)
			}
		}
		for _, name := range []string{"audit_delivery", "audit_report", "audit_digest"} {
			if held[name] == nil {
				t.Errorf("no step %s", name)
			}
		}
	})
}

// TestATrailThatCannotBeWrittenStopsTheDelivery fails at each step once. Before the first one nothing was sent.
func TestATrailThatCannotBeWrittenStopsTheDelivery(t *testing.T) {
	inOffice(t, 3, setUp{}, func(o *office) {
		o.audit()
		full := errors.New("the trail's disk is full")
		for n := 0; ; n++ {
			left := n
			failing := setUp{sender: func(c *delivery.Options) {
				c.Record = func(context.Context, trail.Entry) error {
					if left--; left < 0 {
						return full
					}
					return nil
				}
			}}
			_, err := o.sender(failing).Deliver(o.t.Context(), delivery.Order{
				Files:    true,
				Tickets:  report.PerUser,
				Bulletin: true,
				Messages: true,
			})
			if n == 0 && (o.written() != 0 || len(o.slack.Calls()) != 0) {
				t.Error("something was sent although the trail could not hold it")
			}
			if err == nil {
				if n < 5 {
					t.Errorf("only %d steps", n)
				}
				break
			}
			if !errors.Is(err, full) || !strings.Contains(err.Error(), "record the delivery in the trail") {
				t.Fatalf("step %d: %v", n, err)
			}
		}
		o.oneTicketEach(3)
		if n := len(o.slack.Posts()); n != 5 { // a bulletin, its chart, three messages
			t.Errorf("%d posts", n)
		}
	})
}

// TestMessagesOfAStoppedDeliveryAreInTheTrail: Ctrl-C among 200 messages.
func TestMessagesOfAStoppedDeliveryAreInTheTrail(t *testing.T) {
	inOffice(t, 120, setUp{}, func(o *office) {
		o.audit()
		ctx, stop := context.WithCancel(o.t.Context())
		o.slack.SetFault(func(c notifytest.Call) notifytest.Fault {
			if strings.HasSuffix(c.Path, "users.lookupByEmail") && len(o.slack.Posts()) == 73 {
				stop()
			}
			return notifytest.None
		})
		_, err := o.sender(setUp{}).Deliver(ctx, delivery.Order{Messages: true})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%v", err)
		}
		recorded := 0
		for _, s := range o.steps {
			if s.Step == "audit_messages" && s.Outcome == string(notify.Sent) {
				recorded += len(strings.Fields(s.Arguments["people"].(string)))
			}
		}
		if sent := len(o.slack.Posts()); recorded != sent || sent < 73 || sent > 80 {
			t.Errorf("%d messages were sent, %d are in the trail", sent, recorded)
		}
		o.slack.SetFault(nil)
		if r := o.deliver(setUp{}, delivery.Order{Messages: true}); r.Failed() || len(o.slack.Posts()) != 120 {
			t.Errorf("%+v, %d messages in all", r.Messages, len(o.slack.Posts()))
		}
	})
}

func TestAnInventoryIsPostedNowhere(t *testing.T) {
	inOffice(t, 3, setUp{}, func(o *office) {
		o.audit(level(mfa.Off))
		for _, dry := range []bool{true, false} {
			r := o.deliver(setUp{}, delivery.Order{Bulletin: true, DryRun: dry})
			if r.Bulletin.Outcome != notify.Skipped || r.Failed() || len(o.slack.Posts()) != 0 {
				t.Errorf("dry run %v: bulletin %+v, %d posts", dry, r.Bulletin, len(o.slack.Posts()))
			}
		}
	})
}
