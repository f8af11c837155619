package delivery_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/report"
)

func perUser() delivery.Order { return delivery.Order{Tickets: report.PerUser} }

func TestAnotherDeliveryOfTheSameCreatesNothing(t *testing.T) {
	for _, mode := range report.Modes {
		t.Run(string(mode), func(t *testing.T) {
			inOffice(t, 5, setUp{}, func(o *office) {
				o.audit()
				first := o.deliver(setUp{}, delivery.Order{Tickets: mode})
				issues, writes := len(o.jira.Issues()), o.written()
				if first.Failed() || first.Tickets.Created == 0 || first.Tickets.Created != issues {
					t.Fatalf("%+v with %d issues", first.Tickets, issues)
				}
				for range 2 { // the same audit, then another one that finds the same
					again := o.deliver(setUp{}, delivery.Order{Tickets: mode})
					if again.Tickets.Unchanged != issues || o.written() != writes || len(o.jira.Issues()) != issues {
						t.Errorf("%+v, %d writes before and %d now", again.Tickets, writes, o.written())
					}
					o.audit()
				}
			})
		})
	}
}

func TestATicketFollowsThePerson(t *testing.T) {
	inOffice(t, 4, setUp{}, func(o *office) {
		o.audit()
		o.counts(o.deliver(setUp{}, perUser()), "created 4 updated 0 unchanged 0 closed 0 reopened 0 bulk 0 failed 0")
		o.Tenant.Enroll(o.person(2), "webauthn", "FIDO")
		if s := o.audit(); s.Kind != mfa.KindIncremental {
			t.Errorf("the second audit is %s", s.Kind)
		}
		o.counts(o.deliver(setUp{}, perUser()), "created 0 updated 0 unchanged 3 closed 1 reopened 0 bulk 0 failed 0")
		closed := ""
		for _, i := range o.jira.Issues() {
			if i.Done() {
				closed = i.Key + i.Summary + string(i.Comments[len(i.Comments)-1])
			}
		}
		if !strings.Contains(closed, "Person") || !strings.Contains(closed, "enrolled") {
			t.Errorf("what was closed does not say why: %s", closed)
		}
		o.Tenant.ResetFactors(o.person(2))
		o.audit()
		o.counts(o.deliver(setUp{}, perUser()), "created 0 updated 0 unchanged 3 closed 0 reopened 1 bulk 0 failed 0")
		if len(o.jira.Issues()) != 4 || len(o.jira.Open()) != 4 {
			t.Errorf("%d issues, %d open", len(o.jira.Issues()), len(o.jira.Open()))
		}
	})
}

// TestAFailureInTheMiddleIsRepaired: of 200 tickets the 73rd goes wrong in every way there is. The rest goes on,
// another delivery repairs, and no one has two tickets.
func TestAFailureInTheMiddleIsRepaired(t *testing.T) {
	const people = 200
	for _, fault := range []notifytest.Fault{notifytest.Refused, notifytest.Lost, notifytest.Cut,
		notifytest.Error500, notifytest.Done500, notifytest.Limited, notifytest.Silent} {
		for name, c := range map[string]struct {
			hits  func(n int) bool // whether the n-th create is hit
			least int              // tickets that the first delivery makes at least
		}{
			"once":              {func(n int) bool { return n == 73 }, people - 1},
			"for the whole run": {func(n int) bool { return n == 73 || n > people }, people - 1},
			"and all after it":  {func(n int) bool { return n >= 73 }, 72},
		} {
			t.Run(string(fault)+" "+name, func(t *testing.T) {
				inOffice(t, people, setUp{}, func(o *office) {
					o.audit()
					first := o.spoiled(fault, c.hits)
					if first.Tickets.Created < c.least || first.Tickets.Created+first.Tickets.Failed != people ||
						name == "and all after it" && first.Tickets.Failed == 0 {
						t.Fatalf("%+v", first.Tickets)
					}
					if failed := first.Tickets.Failed > 0; failed != first.Failed() || failed != (len(first.Waiting) == 1) {
						t.Errorf("failed tickets %d, yet the receipt says %v and %+v waits", first.Tickets.Failed,
							first.Failed(), first.Waiting)
					}
					time.Sleep(time.Hour)
					second := o.deliver(setUp{}, perUser())
					if second.Failed() || second.Tickets.Created+second.Tickets.Unchanged != people {
						t.Errorf("the second delivery: %+v, waiting %+v", second.Tickets, second.Waiting)
					}
					o.oneTicketEach(people)
				})
			})
		}
	}
}

// spoiled delivers tickets while some creates go wrong.
func (o *office) spoiled(fault notifytest.Fault, hits func(n int) bool) *delivery.Receipt {
	o.t.Helper()
	seen, hit := 0, 0
	o.jira.SetFault(func(c notifytest.Call) notifytest.Fault {
		if !creates(c) {
			return notifytest.None
		}
		if seen++; !hits(seen) {
			return notifytest.None
		}
		hit++
		return fault
	})
	defer o.jira.SetFault(nil)
	r := o.deliver(setUp{}, perUser())
	if hit == 0 {
		o.t.Fatal("the fault never hit")
	}
	return r
}

func (o *office) oneTicketEach(people int) {
	o.t.Helper()
	titles := map[string]int{}
	for _, i := range o.jira.Open() {
		titles[i.Summary]++
	}
	for title, n := range titles {
		if n != 1 {
			o.t.Errorf("%d tickets %q", n, title)
		}
	}
	if len(titles) != people || len(o.jira.Issues()) != people {
		o.t.Errorf("%d people have tickets, %d issues in all; want %d", len(titles), len(o.jira.Issues()), people)
	}
}

// TestADeliveryThatIsStoppedGoesOn: someone presses Ctrl-C at the 73rd ticket.
func TestADeliveryThatIsStoppedGoesOn(t *testing.T) {
	const people = 120
	inOffice(t, people, setUp{}, func(o *office) {
		o.audit()
		ctx, stop := context.WithCancel(o.t.Context())
		strike := notifytest.Nth(73, notifytest.Silent, creates)
		o.jira.SetFault(func(c notifytest.Call) notifytest.Fault {
			f := strike(c)
			if f != notifytest.None {
				stop()
			}
			return f
		})
		r, err := o.sender(setUp{}).Deliver(ctx, perUser())
		if ctx.Err() == nil || r == nil || r.Tickets == nil || r.Tickets.Failed == 0 || len(r.Waiting) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		recorded := 0
		for _, step := range o.steps {
			made, _ := step.Arguments[string(notify.Created)].(string)
			recorded += len(strings.Fields(made))
		}
		if recorded != r.Tickets.Created {
			t.Errorf("%d tickets were made, the trail knows %d", r.Tickets.Created, recorded)
		}
		o.jira.SetFault(nil)
		if r := o.deliver(setUp{}, perUser()); r.Failed() {
			t.Errorf("%+v", r.Tickets)
		}
		o.oneTicketEach(people)
	})
}

func TestTheCapPutsTheRestIntoTheBulkTicket(t *testing.T) {
	inOffice(t, 10, setUp{}, func(o *office) {
		capped := setUp{sender: func(c *delivery.Options) { c.MaxNew = 3 }}
		o.audit()
		r := o.deliver(capped, perUser())
		if r.Tickets.Deferred != 7 || r.Failed() {
			t.Fatalf("%+v", r.Tickets)
		}
		bulk := 0
		for _, i := range o.jira.Open() {
			named := 0
			for n := range 10 {
				if strings.Contains(i.Text(), address(n)) {
					named++
				}
			}
			if named == 7 {
				bulk++
			}
		}
		if issues := len(o.jira.Open()); issues != 4 || bulk != 1 {
			t.Errorf("%d issues, %d of them name seven people; want 3 of one person and 1 of seven", issues, bulk)
		}
		for range 3 {
			r = o.deliver(capped, perUser())
		}
		if r.Tickets.Deferred != 0 || len(o.jira.Open()) < 10 {
			t.Errorf("after four deliveries: %+v, %d open", r.Tickets, len(o.jira.Open()))
		}
	})
}

func TestAChangeOfModeSettlesTheOldTickets(t *testing.T) {
	inOffice(t, 6, setUp{}, func(o *office) {
		o.audit()
		open := map[report.Mode]int{}
		for _, mode := range []report.Mode{report.PerUser, report.Bulk, report.PerManager, report.PerUser} {
			r := o.deliver(setUp{}, delivery.Order{Tickets: mode})
			if r.Failed() {
				t.Fatalf("%s: %+v", mode, r.Tickets)
			}
			open[mode] = len(o.jira.Open())
		}
		if open[report.PerUser] != 6 || open[report.Bulk] != 1 || open[report.PerManager] != 1 {
			t.Errorf("open tickets by mode: %v", open)
		}
	})
}

func TestTheLevelOfThePolicyBoundsWhatIsDelivered(t *testing.T) {
	all := delivery.Order{Tickets: report.PerUser, Messages: true}
	for l, want := range map[mfa.Level]struct{ issues, messages int }{mfa.Off: {0, 0}, mfa.Optional: {1, 0},
		mfa.Required: {5, 5}} {
		t.Run(string(l), func(t *testing.T) {
			inOffice(t, 5, setUp{}, func(o *office) {
				s := o.audit(level(l))
				if s.ByVerdict[mfa.NotEnrolled] != 5 {
					t.Errorf("the level changed what was found: %v", s.ByVerdict)
				}
				r := o.deliver(setUp{}, all)
				if r.Failed() || len(o.jira.Open()) != want.issues || r.Messages.Sent != want.messages ||
					len(o.slack.Posts()) != want.messages {
					t.Errorf("%d issues, %d messages, %d posts; want %+v", len(o.jira.Open()), r.Messages.Sent,
						len(o.slack.Posts()), want)
				}
			})
		})
	}
}

// TestADryRunOnlyReads: nothing is sent, nothing is kept, and the receipt says what would be done.
func TestADryRunOnlyReads(t *testing.T) {
	inOffice(t, 5, setUp{}, func(o *office) {
		o.audit()
		o.deliver(setUp{}, perUser())
		o.Tenant.Enroll(o.person(0), "webauthn", "FIDO")
		o.jira.SetFault(always(notifytest.Refused))
		o.audit()
		o.deliver(setUp{}, perUser()) // something waits
		o.jira.SetFault(nil)
		o.jira.Forget()
		before, steps, posts := tree(t, o.dir), len(o.steps), len(o.slack.Calls())
		r := o.deliver(setUp{}, delivery.Order{
			Tickets:  report.PerUser,
			Bulletin: true,
			Messages: true,
			DryRun:   true,
		})
		o.counts(r, "created 0 updated 0 unchanged 4 closed 1 reopened 0 bulk 0 failed 0")
		if r.Bulletin.Outcome != notify.WouldDo || !strings.Contains(r.Bulletin.Text, "4 people of 6 fail") ||
			strings.Contains(r.Bulletin.Text, "person00") {
			t.Errorf("bulletin: %+v", r.Bulletin)
		}
		if r.Messages.Would != 4 || len(r.Messages.Example) == 0 || r.Messages.Sent != 0 {
			t.Errorf("messages: %+v", r.Messages)
		}
		if r.Failed() || len(r.Waiting) != 1 {
			t.Errorf("what waits from before is no failure of a dry run: %+v", r.Waiting)
		}
		if n := o.written(); n != 0 || len(o.jira.Calls()) == 0 || len(o.slack.Calls()) != posts || len(o.steps) != steps {
			t.Errorf("%d writes to Jira in %d calls, %d calls to Slack, %d steps in the trail", n, len(o.jira.Calls()),
				len(o.slack.Calls())-posts, len(o.steps)-steps)
		}
		if after := tree(t, o.dir); after != before {
			t.Errorf("files changed; before:\n%s\nafter:\n%s", before, after)
		}
	})
}
