package oktaclient

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

var anHour = LogQuery{
	Since: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
	Until: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC),
}

const firstLogPage = "GET /api/v1/logs?limit=1000&since=2026-11-20T08%3A00%3A00.000Z&sortOrder=ASCENDING&until=2026-11-20T09%3A00%3A00.000Z"

func TestEventsOfOddShapesAreRead(t *testing.T) {
	s := (&script{}).then(200, `[
		{"uuid":"u1","published":"2026-11-20T08:30:00.123Z","eventType":"user.mfa.factor.activate",
"displayMessage":"Activate","version":"0","actor":{"id":"00u1","type":"User","alternateId":"a@x.example",
"displayName":"Ann","detailEntry":null},
		 "outcome":{"result":"SUCCESS","reason":null},"target":[{"id":"00u2","type":"User","alternateId":"b@x.example",
"displayName":"</b>"},{"id":"au1","type":"AuthenticatorEnrollment"}],
		 "debugContext":{"debugData":{"factor":"OKTA_VERIFY_PUSH","url":"/x?"}},"client":{"ipAddress":"192.0.2.1","zone":"null"}},
		{"uuid":"u2","published":"2026-11-20T08:31:00Z","eventType":"policy.lifecycle.update",
"outcome":{"result":"FAILURE","reason":"because\u0000"},"target":null,"actor":null,"client":null,
"debugContext":{"debugData":{"factor":{"odd":1}}}},
		{"uuid":"u3","outcome":null,"debugContext":null,"client":{"ipAddress":7}}]`)
	c, _ := connect(t, s)
	got := collect(t, c.Log(t.Context(), anHour))
	want := []Event{
		{
			ID:        "u1",
			Published: time.Date(2026, 11, 20, 8, 30, 0, 123e6, time.UTC),
			Type:      "user.mfa.factor.activate",
			Result:    "SUCCESS",
			Message:   untrusted.New("Activate"),
			Actor: EventParty{
				ID:          "00u1",
				Type:        "User",
				AlternateID: untrusted.New("a@x.example"),
				Name:        untrusted.New("Ann"),
			},
			Targets: []EventParty{{
				ID:          "00u2",
				Type:        "User",
				AlternateID: untrusted.New("b@x.example"),
				Name:        untrusted.New("</b>"),
			}, {ID: "au1", Type: "AuthenticatorEnrollment"}},
			Factor: untrusted.New("OKTA_VERIFY_PUSH"),
			IP:     untrusted.New("192.0.2.1"),
		},
		{
			ID:        "u2",
			Published: time.Date(2026, 11, 20, 8, 31, 0, 0, time.UTC),
			Type:      "policy.lifecycle.update",
			Result:    "FAILURE",
			Reason:    untrusted.New("because\x00"),
			Targets:   []EventParty{},
		},
		{ID: "u3", Targets: []EventParty{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("events are\n%+v\nwant\n%+v", got, want)
	}
	s.check(t, firstLogPage)
}

func TestALogQueryThatIsNotBoundedIsNotSent(t *testing.T) {
	s := &script{}
	c, _ := connect(t, s)
	for _, q := range []LogQuery{{}, {Since: anHour.Since}, {Until: anHour.Until}, {
		Since: anHour.Since,
		Until: anHour.Since,
	}, {Since: anHour.Until, Until: anHour.Since}} {
		if err := firstError(c.Log(t.Context(), q)); !errors.Is(err, ErrBadArgument) {
			t.Errorf("%+v gave %v", q, err)
		}
	}
	s.check(t)
}

func TestEdgesFinerThanOktasAreWidened(t *testing.T) {
	s := (&script{}).then(200, `[]`)
	c, _ := connect(t, s)
	zone := time.FixedZone("", 3600)
	collect(t, c.Log(t.Context(), LogQuery{
		Since:      anHour.Since.In(zone).Add(1500 * time.Microsecond),
		Until:      anHour.Until.Add(1 * time.Nanosecond),
		Descending: true,
		Filter:     `target.id eq ` + Quote("00u1"),
	}))
	s.check(t, "GET /api/v1/logs?filter=target.id+eq+%2200u1%22&limit=1000&since=2026-11-20T08%3A00%3A00.001Z&sortOrder=DESCENDING&until=2026-11-20T09%3A00%3A00.001Z")
}

func TestSinceStandsBesideTheCursorOnlyWhereOktaPutsIt(t *testing.T) {
	s := (&script{}).
		then(200, `[{"uuid":"u1"}]`, "Link", `<https://evil.example/api/v1/logs?until=2030-01-01T00:00:00Z&after=A>; rel="next"`).
		then(200, `[{"uuid":"u2"}]`, "Link", `<https://acme.okta.com/api/v1/logs?since=2001-01-01T00:00:00Z&after=B>; rel="next"`).
		then(200, `[{"uuid":"u2"},{"uuid":"u3"}]`)
	c, _ := connect(t, s)
	if got := collect(t, c.Log(t.Context(), anHour)); len(got) != 3 || got[2].ID != "u3" {
		t.Errorf("events are %+v", got)
	}
	s.check(t, firstLogPage, "GET /api/v1/logs?after=A&limit=1000&sortOrder=ASCENDING&until=2026-11-20T09%3A00%3A00.000Z",
		"GET /api/v1/logs?after=B&limit=1000&since=2026-11-20T08%3A00%3A00.000Z&sortOrder=ASCENDING&until=2026-11-20T09%3A00%3A00.000Z")
}

func next(after string) (name, value string) {
	return "Link", `<https://acme.okta.com/api/v1/logs?after=` + after + `>; rel="next"`
}

func TestALogThatNeverSaysItIsOverEndsAllTheSame(t *testing.T) {
	page := func(s *script, body, after string) *script {
		name, value := next(after)
		return s.then(200, body, name, value)
	}
	cases := map[string]struct {
		s    *script
		want int
	}{
		"nothing at all, same cursor": {page(page(&script{}, `[]`, "A"), `[]`, "A"), 0},
		"nothing at all, new cursors": {page(page(&script{}, `[]`, "A"), `[]`, "B"), 0},
		"an empty page between": {page(page(&script{}, `[{"uuid":"u1"}]`, "A"), `[]`, "B").then(200,
			`[{"uuid":"u2"}]`), 2},
		"an empty page at the end":            {page(&script{}, `[{"uuid":"u1"}]`, "A").then(200, `[]`), 1},
		"an empty page that points at itself": {page(page(&script{}, `[{"uuid":"u1"}]`, "A"), `[]`, "A"), 1},
		"two empty pages":                     {page(page(page(&script{}, `[{"uuid":"u1"}]`, "A"), `[]`, "B"), `[]`, "C"), 1},
	}
	for name, c := range cases {
		client, _ := connect(t, c.s)
		if got := collect(t, client.Log(t.Context(), anHour)); len(got) != c.want || len(c.s.replies) != 0 {
			t.Errorf("%s: %d events, want %d; %d replies left", name, len(got), c.want, len(c.s.replies))
		}
	}
}

func TestARefusedLogCursorStartsAgainFromTheBeginning(t *testing.T) {
	name, value := next("A")
	s := (&script{}).then(200, `[{"uuid":"u1"},{"uuid":"u2"}]`, name, value).then(400,
		`{"errorCode":"E0000031","errorSummary":"Invalid paging request."}`).
		then(200, `[{"uuid":"u1"},{"uuid":"u2"},{"uuid":"u3"}]`)
	c, _ := connect(t, s)
	if got := collect(t, c.Log(t.Context(), anHour)); len(got) != 3 || got[2].ID != "u3" {
		t.Errorf("events are %+v", got)
	}
	s.check(t, firstLogPage, "GET /api/v1/logs?after=A&limit=1000&sortOrder=ASCENDING&until=2026-11-20T09%3A00%3A00.000Z",
		firstLogPage)
}

func TestOneLogQueryCanBeWalkedTwice(t *testing.T) {
	name, value := next("A")
	s := (&script{}).then(200, `[{"uuid":"u1"}]`, name, value).then(200, `[]`).then(200, `[]`)
	c, _ := connect(t, s)
	events := c.Log(t.Context(), anHour)
	if first, second := collect(t, events), collect(t, events); len(first) != 1 || len(second) != 0 {
		t.Errorf("walks gave %+v and %+v", first, second)
	}
}
