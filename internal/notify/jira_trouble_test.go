package notify_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
)

func TestAStaleSearchDoesNotHideWhatTheRunBeforeDid(t *testing.T) {
	both(t, notifytest.JiraOptions{Lag: 10 * time.Minute}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(2)))
		time.Sleep(time.Hour) // the search shows both, open
		want(t, p.sync(p.client(with), wantedOf(tickets(1), "t1")), "closed 1, unchanged 1")
		want(t, p.sync(p.client(with), wantedOf(tickets(2))), "reopened 1, unchanged 1")
		want(t, p.sync(p.client(with), wantedOf(tickets(1), "t1")), "closed 1, unchanged 1")
		p.dir = memoryDir(t) // and without a ledger the issue itself is asked before anything is done
		want(t, p.sync(p.client(with), wantedOf(tickets(1), "t1")), "closed 0, unchanged 1, failed 0")
	})
}

func TestATransitionWhoseReplyIsLostIsLookedUp(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(1)))
		p.fake.SetFault(notifytest.Nth(1, notifytest.Lost,
			func(c notifytest.Call) bool { return c.Method == "POST" && strings.HasSuffix(c.Path, "/transitions") }))
		want(t, p.sync(p.client(with), wantedOf(nil, "t0")), "closed 1, failed 0")
		if i := p.fake.Issues()[0]; !i.Done() || len(i.Comments) != 1 {
			t.Errorf("status %s, %d comments", i.Status, len(i.Comments))
		}
	})
}

func TestARunThatIsStoppedSendsNoCreateAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, notifytest.JiraOptions{})
		creates := 0
		p.fake.SetFault(func(c notifytest.Call) notifytest.Fault {
			if !isCreate(c) {
				return notifytest.None
			}
			if creates++; creates == 1 {
				return notifytest.Refused
			}
			return notifytest.Expired
		})
		want(t, p.sync(p.client(), wantedOf(tickets(5))), "created 0, failed 5")
		if creates != 2 {
			t.Errorf("%d creates", creates)
		}
	})
}

func TestAJiraThatAnswersNoCreateIsAskedThreeTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, notifytest.JiraOptions{})
		creates := 0
		p.fake.SetFault(func(c notifytest.Call) notifytest.Fault {
			if isCreate(c) {
				creates++
				return notifytest.Error500
			}
			return notifytest.None
		})
		report := p.sync(p.client(), wantedOf(tickets(40)))
		want(t, report, "failed 40")
		if creates != 3 || !strings.Contains(report.Results[20].Error, "run again later") {
			t.Errorf("%d creates; %s", creates, report.Results[20].Error)
		}
	})
}

func TestAWaitThatIsTooLongEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, notifytest.JiraOptions{RetryAfter: time.Hour})
		p.fake.SetFault(notifytest.Nth(1, notifytest.Limited, isCreate))
		start := time.Now()
		want(t, p.sync(p.client(), wantedOf(tickets(3))), "created 0, failed 3")
		if waited := time.Since(start); waited > 5*time.Minute {
			t.Errorf("waited %s", waited)
		}
		want(t, p.sync(p.client(), wantedOf(tickets(3))), "created 3")
	})
}

func TestACopyThatSomebodyMadeIsLeftAlone(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(2)))
		copied := p.fake.Clone("SEC-1")
		for range 2 {
			want(t, p.sync(p.client(with), wantedOf(tickets(2))), "created 0, unchanged 2")
			p.dir = memoryDir(t) // without a ledger the oldest is the ticket's
		}
		want(t, p.sync(p.client(with), wantedOf(tickets(2)[1:], "t0")), "closed 1, unchanged 1")
		for _, i := range p.fake.Open() {
			if i.Key == "SEC-1" || i.Key != copied && i.Key != "SEC-2" {
				t.Errorf("%s is open", i.Key)
			}
		}
		if n := len(p.fake.Open()); n != 2 {
			t.Errorf("%d open", n)
		}
	})
}

func TestAPersonWhoMayNotHaveTicketsLeavesTheTicketToAnybody(t *testing.T) {
	both(t, notifytest.JiraOptions{People: []notifytest.Person{{ID: "kim", Email: "kim@example.com",
		Barred: true}}}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		d := wantedOf(tickets(2))
		d.Open[0].Assignee = "kim@example.com"
		want(t, p.sync(p.client(with), d), "created 2, failed 0")
		if got := p.fake.Issues()[0].Assignee; got != "" {
			t.Errorf("assignee %q", got)
		}
	})
}

func TestAnAccountThatSeesNothingAnyMoreCreatesNothing(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(4)))
		p.fake.Hide(true)
		p.fake.Forget()
		if _, err := p.trySync(p.client(with), wantedOf(tickets(4))); err == nil || !strings.Contains(err.Error(), "Browse Projects") {
			t.Errorf("error %v", err)
		}
		if n := writes(p.fake.Calls()); n != 0 {
			t.Errorf("%d writes", n)
		}
		p.fake.Hide(false)
		want(t, p.sync(p.client(with), wantedOf(tickets(4))), "unchanged 4")
	})
}

func TestATicketMovedByAPersonIsBroughtBack(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(2)))
		p.fake.Edit("SEC-1", func(i *notifytest.Issue) { i.Status = "Done" })
		p.fake.Edit("SEC-2", func(i *notifytest.Issue) { i.Status, i.Labels = "In Progress", nil })
		want(t, p.sync(p.client(with), wantedOf(tickets(2))), "reopened 1, updated 1")
		want(t, p.sync(p.client(with), wantedOf(tickets(2))), "unchanged 2")
		if i := p.fake.Issues()[1]; i.Status != "In Progress" {
			t.Errorf("status %s", i.Status)
		}
	})
}

func TestAReasonForAMoveThatDidNotHappenIsNotPosted(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(1)))
		p.fake.SetFault(notifytest.Nth(1, notifytest.Refused,
			func(c notifytest.Call) bool { return c.Method == "POST" && strings.HasSuffix(c.Path, "/transitions") }))
		want(t, p.sync(p.client(with), wantedOf(nil, "t0")), "closed 0, failed 1")
		want(t, p.sync(p.client(with), wantedOf(tickets(1))), "unchanged 1")
		if i := p.fake.Issues()[0]; i.Done() || len(i.Comments) != 0 {
			t.Errorf("status %s, comments %s", i.Status, i.Comments)
		}
	})
}
