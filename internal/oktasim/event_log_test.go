package oktasim

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// kinds reads a whole bounded list as event types, in its order.
func (d *caller) kinds(target string) []string {
	d.Helper()
	items, _ := d.all(target)
	var out []string
	for _, e := range items {
		out = append(out, e["eventType"].(string))
	}
	return out
}

func TestEventsShowAfterTheirLagWithTheTimeOfTheHappening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Users: 300, LogLag: 2 * time.Minute})
		start := time.Now()
		for _, id := range d.tenant.userOrder[1:301] {
			d.tenant.Enroll(id, "push", "")
		}
		filter := `eventType eq "user.mfa.factor.activate"`
		at, times := []int{}, map[any]bool{}
		for range 4 {
			items, _ := d.all(logsOf(filter))
			at = append(at, len(items))
			for _, e := range items {
				times[e["published"]] = true
			}
			time.Sleep(time.Minute)
		}
		if at[0] > 10 || at[1] < 100 || at[1] > 200 || at[2] != 300 || at[3] != 300 {
			t.Errorf("shown after 0, 1, 2 and 3 minutes: %v of 300", at)
		}
		if len(times) != 1 || !times[millis(start)] {
			t.Errorf("published is the time of the happening: %v", times)
		}
		if shown, waiting := d.tenant.EventsShown(); shown != 300 || waiting != 0 {
			t.Errorf("%d shown, %d waiting", shown, waiting)
		}
	})
}

func TestPollingFollowsTheOrderOfPersistenceAndMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Users: 3})
		ids := d.tenant.userOrder[1:]
		d.tenant.LagEvents(func(e Event) (time.Duration, bool) { return time.Minute, e.UserID == ids[0] })
		poll := "/api/v1/logs?filter=" + url.QueryEscape(`eventType sw "user.mfa."`)
		var seen []string
		look := func() {
			for {
				s := d.get(poll)
				items := d.list(s)
				for _, e := range items {
					seen = append(seen, e["target"].([]any)[0].(map[string]any)["id"].(string))
				}
				if poll = s.next(); poll == "" {
					t.Fatal("polling ended")
				}
				if len(items) == 0 {
					return
				}
			}
		}
		look()
		d.tenant.Enroll(ids[0], "push", "") // persisted last
		time.Sleep(time.Second)
		d.tenant.Enroll(ids[1], "push", "")
		look()
		d.tenant.ResetFactors(ids[2])
		look()
		time.Sleep(2 * time.Minute)
		look()
		if want := []string{ids[1], ids[2], ids[0]}; !slices.Equal(seen, want) {
			t.Errorf("seen %v, want %v", seen, want)
		}
		if got := d.kinds(logsOf(`eventType sw "user.mfa."`)); !slices.Equal(got,
			[]string{"user.mfa.factor.activate", "user.mfa.factor.activate", "user.mfa.factor.reset_all"}) {
			t.Errorf("a bounded query goes by the time of the happening: %v", got)
		}
	})
}

func TestABoundedQueryMissesWhatArrivesBehindItsCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Users: 5})
		ids := d.tenant.userOrder[1:]
		d.tenant.LagEvents(func(e Event) (time.Duration, bool) { return time.Minute, e.UserID == ids[0] })
		for _, id := range ids {
			d.tenant.Enroll(id, "push", "")
			time.Sleep(time.Second)
		}
		first := d.get(strings.Replace(logsOf(`eventType eq "user.mfa.factor.activate"`), "limit=1000", "limit=2", 1))
		time.Sleep(2 * time.Minute)
		rest, _ := d.all(first.next())
		if len(d.list(first)) != 2 || len(rest) != 2 {
			t.Errorf("%d and %d events, want 2 and 2: the late one is behind the cursor", len(d.list(first)), len(rest))
		}
		if all := d.kinds(logsOf(`eventType eq "user.mfa.factor.activate"`)); len(all) != 5 {
			t.Errorf("a new query sees %d, want 5", len(all))
		}
	})
}

func TestTheSameSeedLagsTheSame(t *testing.T) {
	shown := func(seed uint64) (out []int) {
		synctest.Test(t, func(t *testing.T) {
			d := newCaller(t, Options{Seed: seed, Users: 40, LogLag: time.Minute})
			for _, id := range d.tenant.userOrder {
				d.tenant.Enroll(id, "push", "")
			}
			for range 6 {
				n, _ := d.tenant.EventsShown()
				out = append(out, n)
				time.Sleep(10 * time.Second)
			}
		})
		return out
	}
	if a, b := shown(1), shown(1); !slices.Equal(a, b) {
		t.Errorf("%v and %v", a, b)
	}
	if a, b := shown(1), shown(2); slices.Equal(a, b) {
		t.Errorf("two seeds lag the same: %v", a)
	}
}

func TestHiddenChangesLeaveNoEvent(t *testing.T) {
	d := newCaller(t, Options{Users: 2})
	ids := d.tenant.userOrder[1:]
	d.tenant.HideEvents(func(e Event) bool { return e.UserID == ids[0] && strings.HasPrefix(e.Type, "user.mfa.") })
	d.tenant.Enroll(ids[0], "webauthn", "")
	d.tenant.Enroll(ids[1], "webauthn", "")
	d.want(200, "POST", "/api/v1/users/"+ids[0]+"/lifecycle/reset_factors", "")
	d.tenant.HideEvents(nil)
	d.tenant.Enroll(ids[0], "sms", "")
	found := d.list(d.get(logsOf(`target.id eq "` + ids[0] + `"`)))
	if len(found) != 1 || d.tenant.Events("user.mfa.factor.activate") != 2 ||
		d.tenant.Events("user.mfa.factor.reset_all") != 0 {
		t.Errorf("found %v", found)
	}
	if got := d.tenant.Factors(ids[0]); !slices.Equal(got, []string{"sms"}) {
		t.Errorf("the changes happened all the same: %v", got)
	}
}

func TestEventsOfOthersCanBePutIntoTheLog(t *testing.T) {
	d := newCaller(t, Options{Users: 2})
	id := d.tenant.userOrder[1]
	yesterday := time.Now().Add(-20 * time.Hour)
	uuid := d.tenant.AddEvent(Event{
		Type: "user.authentication.auth_via_mfa", UserID: id, At: yesterday, Result: "FAILURE", Reason: "INVALID_CREDENTIALS",
		Debug: map[string]any{"factor": "OKTA_VERIFY_PUSH"},
	})
	d.tenant.AddEvent(Event{Type: "user.mfa.okta_verify.deny_push", UserID: id})
	d.tenant.AddEvent(Event{Type: "user.mfa.attempt_bypass", UserID: id, At: time.Now().Add(time.Hour)})
	found := d.list(d.get(logsOf(`target.id eq "` + id + `" and outcome.result eq "FAILURE"`)))
	if len(found) != 1 || found[0]["uuid"] != uuid || found[0]["published"] != millis(yesterday) ||
		found[0]["severity"] != "WARN" {
		t.Fatalf("found %v", found)
	}
	if who := found[0]["actor"].(map[string]any)["id"]; who != id ||
		found[0]["outcome"].(map[string]any)["reason"] != "INVALID_CREDENTIALS" {
		t.Errorf("event %v", found[0])
	}
	if got := d.kinds(logsOf(`target.id eq "` + id + `"`)); !slices.Equal(got,
		[]string{"user.authentication.auth_via_mfa", "user.mfa.okta_verify.deny_push"}) {
		t.Errorf("what has not happened yet does not show: %v", got)
	}
}

// TestCheapFiltersAgreeWithFullOnes holds filters that the tenant can narrow against the same ones in a form that it cannot.
func TestCheapFiltersAgreeWithFullOnes(t *testing.T) {
	d := newCaller(t, Options{Users: 8})
	ids := d.tenant.userOrder[1:]
	group := d.tenant.AddGroup("Crew")
	for i, id := range ids {
		d.tenant.JoinGroup(group, id)
		d.tenant.Enroll(id, []string{"push", "sms"}[i%2], "")
	}
	for _, pair := range [][2]string{
		{`eventType eq "user.mfa.factor.activate"`, `not (eventType ne "user.mfa.factor.activate")`},
		{`target.id eq "` + ids[0] + `"`, `not (target.id ne "` + ids[0] + `")`},
		{`target.id eq "` + strings.ToLower(ids[1]) + `" or target.id eq "` + ids[2] + `"`,
			`target.id sw "` + ids[1] + `" or target.id co "` + ids[2] + `"`},
		{`eventType eq "GROUP.user_membership.add" and target.type eq "UserGroup"`,
			`eventType sw "group." and target.type co "usergroup"`},
		{`eventType eq "user.mfa.factor.activate" and debugContext.debugData.factor eq "OKTA_SMS"`,
			`debugContext.debugData.factor co "sms"`},
	} {
		cheap, full := d.kinds(logsOf(pair[0])), d.kinds(logsOf(pair[1]))
		if len(cheap) == 0 || !slices.Equal(cheap, full) {
			t.Errorf("%s: %v, want %v", pair[0], cheap, full)
		}
	}
}

func TestWhatArrivesLateIsPolledButLiesInThePastOfABoundedQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Users: 1})
		id, start := d.tenant.userOrder[1], time.Now()
		since := url.QueryEscape(start.UTC().Format(time.RFC3339))
		poll := d.get("/api/v1/logs?since=" + since)
		time.Sleep(time.Minute)
		d.tenant.AddEvent(Event{Type: "user.mfa.attempt_bypass", UserID: id, At: start.Add(-time.Hour)})
		if got := d.list(d.get(poll.next())); len(got) != 1 || got[0]["published"] != millis(start.Add(-time.Hour)) {
			t.Errorf("polled: %v", got)
		}
		time.Sleep(time.Second)
		until := "&until=" + url.QueryEscape(time.Now().UTC().Format(time.RFC3339))
		if got := d.kinds("/api/v1/logs?since=" + since + until); len(got) != 0 {
			t.Errorf("a bounded query from then on: %v", got)
		}
	})
}

func TestTheStateShowsAdminRoles(t *testing.T) {
	d := newFixture(t, Options{})
	d.tenant.GiveRole(d.users[0], "ORG_ADMIN")
	own, _ := d.tenant.Roles(d.users[0])
	if got := d.tenant.State().Roles; !slices.Equal(got[d.users[0]], own) || !slices.Equal(own, []string{"ORG_ADMIN"}) ||
		len(got) != 2 {
		t.Errorf("roles %v, own %v", got, own)
	}
}
