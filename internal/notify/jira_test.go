package notify_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
)

func TestASecondRunRightAfterTheFirstSendsNothingThoughTheSearchLags(t *testing.T) {
	both(t, notifytest.JiraOptions{Lag: time.Minute}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		want(t, p.sync(p.client(with), wantedOf(tickets(7))), "created 7, failed 0")
		if n, err := p.fake.Count(`labels = "` + set + `" ORDER BY created ASC`); err != nil || n != 0 {
			t.Fatalf("the search shows %d issues at once (%v); the lag is not there", n, err)
		}
		for _, pass := range []time.Duration{0, 2 * time.Minute} {
			time.Sleep(pass)
			p.fake.Forget()
			want(t, p.sync(p.client(with), wantedOf(tickets(7))), "created 0, unchanged 7")
			if n := writes(p.fake.Calls()); n != 0 {
				t.Errorf("%d writes", n)
			}
		}
		if n := len(p.fake.Issues()); n != 7 {
			t.Errorf("%d issues", n)
		}
	})
}

func TestARunWithoutTheLedgerFindsItsIssuesByTheirLabels(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		want(t, p.sync(p.client(with), wantedOf(tickets(8))), "created 8")
		p.dir = memoryDir(t)
		p.fake.Forget()
		want(t, p.sync(p.client(with), wantedOf(tickets(8))), "created 0, unchanged 8")
		if n := writes(p.fake.Calls()); n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}

func TestWhatIsFixedClosesAndWhatRegressesReopensEachWithItsReason(t *testing.T) {
	for _, lag := range []time.Duration{0, time.Minute} {
		both(t, notifytest.JiraOptions{Lag: lag}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
			p.sync(p.client(with), wantedOf(tickets(3)))
			want(t, p.sync(p.client(with), wantedOf(tickets(2), "t2", "never-seen")), "closed 1, unchanged 2")
			if open := p.fake.Open(); len(open) != 2 {
				t.Fatalf("%d open", len(open))
			}
			want(t, p.sync(p.client(with), wantedOf(tickets(2), "t2")), "closed 0, unchanged 2")
			want(t, p.sync(p.client(with), wantedOf(tickets(3))), "reopened 1, unchanged 2")
			want(t, p.sync(p.client(with), wantedOf(tickets(3))), "reopened 0, unchanged 3")
			all := p.fake.Issues()
			if len(all) != 3 || len(p.fake.Open()) != 3 {
				t.Fatalf("%d issues, %d open", len(all), len(p.fake.Open()))
			}
			comments := all[2].Comments
			if len(comments) != 2 || !strings.Contains(string(comments[0]),
				"enrolled a security key") || !strings.Contains(string(comments[1]), "Reopened") {
				t.Errorf("comments: %s", comments)
			}
			want(t, p.sync(p.client(with), wantedOf(tickets(2))), "unchanged 2, closed 0") // in neither: left alone
			if len(p.fake.Open()) != 3 {
				t.Error("a ticket that is in neither list was closed")
			}
		})
	}
}

func TestAChangedTicketIsUpdatedAndLabelsOfPeopleStay(t *testing.T) {
	both(t, notifytest.JiraOptions{Lag: 30 * time.Second}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		d := wantedOf(tickets(2))
		d.Open[0].Urgent = true
		p.sync(p.client(with), d)
		p.fake.Edit("SEC-1", func(i *notifytest.Issue) { i.Labels = append(i.Labels, "watched-by-kim") })
		d = wantedOf(tickets(2))
		d.Open[0].Lines, d.Open[0].Due = []string{"Has nothing now."}, time.Time{}
		want(t, p.sync(p.client(with), d), "updated 1, unchanged 1")
		i := p.fake.Issues()[0]
		labels := strings.Join(i.Labels, " ")
		if !strings.Contains(i.Text(), "Has nothing now.") || i.Due != "" || !strings.Contains(labels,
			"watched-by-kim") || strings.Contains(labels, "urgent") || strings.Count(labels, "content-") != 1 {
			t.Errorf("issue: due %q, %s, %s", i.Due, labels, i.Text())
		}
		want(t, p.sync(p.client(with), d), "updated 0, unchanged 2")
	})
}

func TestAFailureInTheMiddleLeavesTheRestAndTheNextRunRepairs(t *testing.T) {
	for _, fault := range []notifytest.Fault{notifytest.Error500, notifytest.Done500, notifytest.Lost,
		notifytest.Cut, notifytest.Refused, notifytest.Limited, notifytest.Silent} {
		t.Run(string(fault), func(t *testing.T) {
			both(t, notifytest.JiraOptions{Lag: 50 * time.Second}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
				p.fake.SetFault(notifytest.Nth(73, fault, isCreate))
				d := wantedOf(tickets(200))
				d.MaxNew = 500
				report := p.sync(p.client(with), d)
				fired := false
				for _, c := range p.fake.Calls() {
					fired = fired || c.Effect == fault
				}
				if !fired {
					t.Fatal("the fault never fired")
				}
				if report.Created+report.Failed != 200 || report.Failed > 1 {
					want(t, report, "created 199")
				}
				p.fake.SetFault(nil)
				p.sync(p.client(with), d)
				checkOneOpenEach(t, p, 200)
			})
		})
	}
}

func checkOneOpenEach(t testing.TB, p *place, n int) {
	t.Helper()
	keys := perKey(p.fake.Open())
	for key, count := range keys {
		if count != 1 {
			t.Errorf("%d open issues of %s", count, key)
		}
	}
	if len(keys) != n {
		t.Errorf("%d tickets have an open issue, want %d", len(keys), n)
	}
}

func TestALostReplyOfACreateMakesNoSecondIssue(t *testing.T) {
	both(t, notifytest.JiraOptions{Lag: 90 * time.Second}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.fake.SetFault(notifytest.Nth(2, notifytest.Lost, isCreate))
		want(t, p.sync(p.client(with), wantedOf(tickets(3))), "created 3, failed 0")
		if n := len(p.fake.Issues()); n != 3 {
			t.Errorf("%d issues", n)
		}
	})
}

func TestACreateThatNeverArrivedIsSentAgainOnceTheSearchMustHaveShownIt(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.fake.SetFault(notifytest.Nth(1, notifytest.Refused, isCreate))
		start := time.Now()
		want(t, p.sync(p.client(with), wantedOf(tickets(2))), "created 2, failed 0")
		if time.Since(start) < 2*time.Minute {
			t.Error("the second create went out before the search could have shown the first")
		}
		checkOneOpenEach(t, p, 2)
	})
}

func TestWhatIsBeyondTheCapIsInTheBulkTicketUntilAllHaveTheirOwn(t *testing.T) {
	both(t, notifytest.JiraOptions{Lag: time.Minute}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		d := wantedOf(tickets(12))
		d.MaxNew, d.Bulk = 5, &notify.Ticket{Key: "rest", Title: "The rest", Lines: []string{"Without a ticket of their own:"}}
		want(t, p.sync(p.client(with), d), "created 6, deferred 7")
		bulk := p.fake.Issues()[5]
		if text := bulk.Text(); bulk.Summary != "The rest" || !strings.Contains(text,
			"Person 11 signs in") || strings.Contains(text, "Person 4 signs in") {
			t.Errorf("bulk ticket %q: %s", bulk.Summary, text)
		}
		want(t, p.sync(p.client(with), d), "created 5, unchanged 5, deferred 2, updated 1")
		want(t, p.sync(p.client(with), d), "created 2, unchanged 10, deferred 0, closed 1")
		want(t, p.sync(p.client(with), d), "created 0, unchanged 12, closed 0")
		if n := len(p.fake.Open()); n != 12 {
			t.Errorf("%d open", n)
		}
	})
}

func TestADryRunWritesNothingAndSaysWhatWouldBeDone(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(4)))
		p.sync(p.client(with), wantedOf(tickets(3), "t3"))
		p.fake.Forget()
		d := wantedOf(tickets(7)[1:], "t0")
		d.Open[0].Title, d.MaxNew, d.DryRun = "Changed", 2, true
		report := p.sync(p.client(with), d)
		want(t, report, "created 2, updated 1, unchanged 1, reopened 1, closed 1, deferred 1")
		for _, result := range report.Results {
			if result.Outcome != notify.Unchanged && (result.Outcome != notify.WouldDo || result.Planned == "") {
				t.Errorf("%+v", result)
			}
		}
		if n := writes(p.fake.Calls()); n != 0 || len(p.fake.Calls()) == 0 {
			t.Errorf("%d writes in %d calls", n, len(p.fake.Calls()))
		}
		d.DryRun = false
		want(t, p.sync(p.client(with), d), "created 2, updated 1, unchanged 1, reopened 1, closed 1, deferred 1")
	})
}

func TestAKillBetweenIntentAndReplyIsRepairedByTheNextRun(t *testing.T) {
	for _, fault := range []notifytest.Fault{notifytest.Lost, notifytest.Refused} {
		both(t, notifytest.JiraOptions{Lag: time.Minute}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
			// From the third create on nothing is answered, searches included, as for a process that is killed there.
			creates := 0
			p.fake.SetFault(func(c notifytest.Call) notifytest.Fault {
				if isCreate(c) {
					creates++
				}
				if creates < 3 {
					return notifytest.None
				}
				if isCreate(c) && creates == 3 {
					return fault
				}
				return notifytest.Refused
			})
			report, _ := p.trySync(p.client(with), wantedOf(tickets(6)))
			if report.Created != 2 || report.Failed != 4 {
				want(t, report, "created 2, failed 4")
			}
			p.fake.SetFault(nil)
			want(t, p.sync(p.client(with), wantedOf(tickets(6))), "failed 0")
			checkOneOpenEach(t, p, 6)
		})
	}
}

func TestAClosedTicketGetsItsReasonLaterWhenTheCommentFails(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(1)))
		isComment := func(c notifytest.Call) bool { return c.Method == "POST" && strings.HasSuffix(c.Path, "/comment") }
		p.fake.SetFault(notifytest.Nth(1, notifytest.Error500, isComment))
		report := p.sync(p.client(with), wantedOf(nil, "t0"))
		want(t, report, "closed 1")
		if report.Results[0].Error == "" || len(p.fake.Issues()[0].Comments) != 0 {
			t.Errorf("the comment did not fail: %+v", report.Results)
		}
		p.sync(p.client(with), wantedOf(nil, "t0"))
		p.sync(p.client(with), wantedOf(nil, "t0"))
		if n := len(p.fake.Issues()[0].Comments); n != 1 {
			t.Errorf("%d comments", n)
		}
	})
}

func TestAnIssueThatSomebodyDeletedIsMadeAnew(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		p.sync(p.client(with), wantedOf(tickets(2)))
		p.fake.Delete("SEC-1")
		want(t, p.sync(p.client(with), wantedOf(tickets(2))), "created 1, unchanged 1")
		checkOneOpenEach(t, p, 2)
	})
}

func TestTheRateLimitIsWaitedFor(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		limited := 0
		p.fake.SetFault(func(c notifytest.Call) notifytest.Fault {
			if c.N%3 == 0 {
				limited++
				return notifytest.Limited
			}
			return notifytest.None
		})
		start := time.Now()
		want(t, p.sync(p.client(with), wantedOf(tickets(5))), "created 5, failed 0")
		if limited == 0 || time.Since(start) != time.Duration(limited)*7*time.Second {
			t.Errorf("%d refusals, waited %s", limited, time.Since(start))
		}
	})
}

func TestAnExpiredCredentialStopsTheRunAndSaysWhatToDo(t *testing.T) {
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		creates := 0
		p.fake.SetFault(func(c notifytest.Call) notifytest.Fault {
			if isCreate(c) {
				creates++
			}
			if creates >= 2 {
				return notifytest.Expired
			}
			return notifytest.None
		})
		report := p.sync(p.client(with), wantedOf(tickets(50)))
		want(t, report, "created 1, failed 49")
		if !strings.Contains(report.Results[10].Error, "expired") || creates != 2 {
			t.Errorf("%d creates; %s", creates, report.Results[10].Error)
		}
		if err := p.client(with).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "make a new token") {
			t.Errorf("check: %v", err)
		}
	})
}

func TestAJiraThatIsDownFailsSoonAndCreatesNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, notifytest.JiraOptions{})
		p.fake.SetFault(func(notifytest.Call) notifytest.Fault { return notifytest.Error500 })
		if _, err := p.trySync(p.client(), wantedOf(tickets(100))); err == nil || !strings.Contains(err.Error(), "run again later") {
			t.Errorf("error %v", err)
		}
		if n := len(p.fake.Calls()); n > 6 {
			t.Errorf("%d calls to a Jira that is down", n)
		}
	})
}
