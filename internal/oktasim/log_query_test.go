package oktasim

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

func TestBoundedLogQueriesEndAndPollingNeverDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{})
		group := d.tenant.AddGroup("Crew")
		add := func(email string) {
			d.want(204, "PUT", "/api/v1/groups/"+group+"/users/"+d.tenant.AddUser(NewUser{Email: email}), "")
			time.Sleep(time.Second)
		}
		start := time.Now()
		add("a@x.example")
		add("b@x.example")
		add("c@x.example")
		window := "&since=" + url.QueryEscape(start.UTC().Format(time.RFC3339)) + "&until=" +
			url.QueryEscape(time.Now().UTC().Format(time.RFC3339))
		filter := "/api/v1/logs?filter=" + url.QueryEscape(`eventType eq "group.user_membership.add"`)
		items, pages := d.all(filter + window + "&limit=2")
		if len(items) != 3 || pages != 2 {
			t.Errorf("bounded: %d events on %d pages, want 3 on 2", len(items), pages)
		}
		s := d.get(filter + "&limit=100")
		if len(d.list(s)) != 3 || s.next() == "" {
			t.Fatal("polling: no next link")
		}
		quiet := d.get(s.next())
		if len(d.list(quiet)) != 0 || quiet.next() == "" {
			t.Error("polling ended on an empty page")
		}
		add("d@x.example")
		if got := d.list(d.get(quiet.next())); len(got) != 1 {
			t.Errorf("polling on: %d events, want 1", len(got))
		}
	})
}

func TestLogEventsNameTokenOwnerTokenAndTargets(t *testing.T) {
	d := newCaller(t, Options{})
	user, group := d.tenant.AddUser(NewUser{Email: "a@x.example"}), d.tenant.AddGroup("Crew")
	d.want(204, "PUT", "/api/v1/groups/"+group+"/users/"+user, "")
	me := d.want(200, "GET", "/api/v1/users/me", "")
	got := d.list(d.get("/api/v1/logs?filter=" + url.QueryEscape(`target.type eq "User" and target.id eq "`+user+`"`)))
	if len(got) != 1 {
		t.Fatalf("%d events, want 1", len(got))
	}
	token, _ := got[0]["transaction"].(map[string]any)["detail"].(map[string]any)["requestApiTokenId"].(string)
	if got[0]["actor"].(map[string]any)["id"] != me["id"] || len(token) != 20 || token[:3] != "00T" {
		t.Errorf("event %v", got[0])
	}
	if n := len(d.list(d.get("/api/v1/logs?q=crew"))); n != 1 {
		t.Errorf("keyword search found %d", n)
	}
}

func TestLogQueriesAreRefused(t *testing.T) {
	d := newCaller(t, Options{})
	old := url.QueryEscape(time.Now().AddDate(0, 0, -200).UTC().Format(time.RFC3339))
	for query, code := range map[string]errorCode{
		"since=yesterday": codeValidation, "limit=1001": codeValidation, "filter=x": codeBadFilter,
		"since=" + old: codeBadFilter, "after=junk": codePaging,
		"filter=" + url.QueryEscape(`published gt "2020-01-01T00:00:00Z"`): codeBadFilter,
	} {
		d.refusal(d.get("/api/v1/logs?"+query), 400, code)
	}
}

// logsOf is a bounded query of a day around now for a filter.
func logsOf(filter string) string {
	now := time.Now().UTC()
	return "/api/v1/logs?limit=1000&since=" + url.QueryEscape(now.Add(-24*time.Hour).Format(time.RFC3339)) +
		"&until=" + url.QueryEscape(now.Add(24*time.Hour).Format(time.RFC3339)) + "&filter=" + url.QueryEscape(filter)
}
