package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/secret"
)

type workspace struct {
	t    testing.TB
	fake *notifytest.Slack
	dir  string
	log  *bytes.Buffer
}

func newWorkspace(t testing.TB, o notifytest.SlackOptions) *workspace {
	return &workspace{t: t, fake: notifytest.NewSlack(o), dir: memoryDir(t), log: &bytes.Buffer{}}
}

func (w *workspace) client(change ...func(*notify.SlackOptions)) *notify.Slack {
	w.t.Helper()
	register, err := notify.NewOnce(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	o := notify.SlackOptions{
		Token:     secret.New(w.fake.Token()),
		Channel:   "#security",
		BaseURL:   w.fake.BaseURL(),
		Transport: w.fake.Transport(),
		Register:  register,
		Log:       slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	s, err := notify.NewSlack(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// safe fails when the token is in what came out.
func (w *workspace) safe(result notify.Result, err error) (notify.Result, error) {
	w.t.Helper()
	if said := fmt.Sprintf("%+v %v %s", result, err, w.log); strings.Contains(said, w.fake.Token()) {
		w.t.Fatalf("the token came out: %s", said)
	}
	if err != nil && (result.Outcome != notify.Failed || result.Error == "") {
		w.t.Fatalf("error %v with result %+v", err, result)
	}
	return result, err
}

func bulletin() notify.Bulletin {
	return notify.Bulletin{
		Key:       "audit-1",
		Title:     "MFA audit",
		Lines:     []string{"12 of 3,000 people sign in without strong MFA.", "4 fewer than last week."},
		Facts:     [][2]string{{"Enrolled", "99.6 %"}, {"Not enrolled", "12"}},
		People:    []string{"Kim Lee", "Ana Ruiz"},
		Link:      "https://jira.example.com/issues/?jql=labels%20%3D%20%22mfa%22",
		LinkText:  "Open tickets",
		Chart:     []byte("\x89PNG not really"),
		ChartText: "Enrolment over time, rising",
	}
}

func TestABulletinIsPostedOnceWithItsChartInTheThread(t *testing.T) {
	w := newWorkspace(t, notifytest.SlackOptions{})
	result, err := w.safe(w.client().Post(t.Context(), bulletin()))
	if err != nil || result.Outcome != notify.Sent || result.Error != "" {
		t.Fatalf("%+v, %v", result, err)
	}
	posts := w.fake.Posts()
	if len(posts) != 2 || len(posts[1].Files) != 1 || posts[1].Thread != posts[0].TS ||
		string(posts[1].Files[0].Content) != string(bulletin().Chart) || posts[1].Files[0].Alt == "" {
		t.Fatalf("posts: %+v", posts)
	}
	for _, text := range []string{"MFA audit", "4 fewer than last week.", "99.6 %", "Open tickets"} {
		if !strings.Contains(posts[0].Shown(), text) {
			t.Errorf("%q is not shown in %s", text, posts[0].Shown())
		}
	}
	if result, err := w.safe(w.client().Post(t.Context(),
		bulletin())); err != nil || result.Outcome != notify.Skipped || len(w.fake.Posts()) != 2 {
		t.Errorf("a second time: %+v, %v", result, err)
	}
}

func TestNamesAreShownOnlyInAChannelThatIsListed(t *testing.T) {
	for _, c := range []struct {
		allowed []string
		shown   bool
	}{{nil, false}, {[]string{"general", ""}, false}, {[]string{"#Security"}, true},
		{[]string{"C0OTHER", "security"}, true}} {
		w := newWorkspace(t, notifytest.SlackOptions{})
		if _, err := w.safe(w.client(func(o *notify.SlackOptions) { o.NamesAllowed = c.allowed }).Post(t.Context(),
			bulletin())); err != nil {
			t.Fatal(err)
		}
		post := w.fake.Posts()[0]
		if got := strings.Contains(post.Shown()+post.Text, "Kim Lee"); got != c.shown {
			t.Errorf("allowed %q: names shown: %t", c.allowed, got)
		}
	}
}

func TestHostileTextsStayTextsInSlackAndWithinItsLimits(t *testing.T) {
	bad := "<!channel> <@U123> *bold* & <https://evil.example|click> \u202e\x1b[31m\x00"
	d := notify.Bulletin{
		Title:     strings.Repeat(bad, 40),
		ChartText: bad,
		Link:      "javascript:alert(1)",
		LinkText:  bad,
	}
	for range 400 {
		d.Lines, d.Facts = append(d.Lines, strings.Repeat(bad, 100)), append(d.Facts, [2]string{bad, strings.Repeat(bad, 50)})
		d.People = append(d.People, bad)
	}
	w := newWorkspace(t, notifytest.SlackOptions{People: []notifytest.Member{{
		ID:    "U1",
		Email: "kim@example.com",
	}}})
	s := w.client(func(o *notify.SlackOptions) { o.NamesAllowed = []string{"security"} })
	if _, err := w.safe(s.Post(t.Context(), d)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.safe(s.Message(t.Context(), notify.Message{
		Email: "kim@example.com",
		Lines: d.Lines,
		Link:  d.Link,
	})); err != nil {
		t.Fatal(err)
	}
	for _, post := range w.fake.Posts() {
		raw, err := json.Marshal(post.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(raw, &decoded); err != nil {
			t.Fatal(err)
		}
		for _, text := range append(texts(decoded), post.Text) {
			if strings.ContainsAny(text, "<>\u202e\x1b\x00") {
				t.Errorf("markup or control characters in %q", text)
			}
		}
		if strings.Contains(string(raw), `"mrkdwn"`) || strings.Contains(string(raw), "javascript") {
			t.Error("a text could be read as markup")
		}
	}
}

func TestManyShortLinesStayWithinTheNumberOfBlocks(t *testing.T) {
	d := notify.Bulletin{Title: "T", Link: "https://example.com", People: []string{"Kim"}}
	for n := range 200 {
		d.Lines = append(d.Lines, fmt.Sprint("line ", n))
	}
	w := newWorkspace(t, notifytest.SlackOptions{})
	if _, err := w.safe(w.client().Post(t.Context(), d)); err != nil {
		t.Fatal(err)
	}
	if shown := w.fake.Posts()[0].Shown(); !strings.Contains(shown, "more lines did not fit") ||
		!strings.Contains(shown, "Open") {
		t.Errorf("what was left out, or the link, is not shown: %s", shown)
	}
}

func texts(value any) (all []string) {
	switch v := value.(type) {
	case map[string]any:
		if text, ok := v["text"].(string); ok {
			all = append(all, text)
		}
		for _, one := range v {
			all = append(all, texts(one)...)
		}
	case []any:
		for _, one := range v {
			all = append(all, texts(one)...)
		}
	}
	return all
}

func TestAPersonIsToldAtMostOnceInTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkspace(t, notifytest.SlackOptions{People: []notifytest.Member{{ID: "U1",
			Email: "Kim@example.com"}, {ID: "U2", Email: "gone@example.com", Deleted: true}}})
		tell := func(email string) notify.Outcome {
			result, err := w.safe(w.client().Message(context.Background(), notify.Message{Email: email,
				Lines: []string{"Please enrol."}, Link: "https://example.okta.com/enduser/settings"}))
			if err != nil {
				t.Fatal(err)
			}
			return result.Outcome
		}
		for _, step := range []struct {
			pass time.Duration
			want notify.Outcome
		}{{0, notify.Sent}, {time.Hour, notify.Skipped}, {6 * 24 * time.Hour, notify.Skipped},
			{24 * time.Hour, notify.Sent}} {
			time.Sleep(step.pass)
			if got := tell("kim@EXAMPLE.com"); got != step.want {
				t.Errorf("after %s: %s, want %s", step.pass, got, step.want)
			}
		}
		for _, email := range []string{"nobody@example.com", "gone@example.com"} {
			if got := tell(email); got != notify.Skipped {
				t.Errorf("%s: %s", email, got)
			}
		}
		if n := len(w.fake.Posts()); n != 2 {
			t.Errorf("%d messages", n)
		}
	})
}

func TestAMessageWhoseReplyIsLostIsNotSentTwiceAndOneThatNeverLeftIsSentLater(t *testing.T) {
	for _, c := range []struct {
		fault notifytest.Fault
		posts int // in the end
	}{{notifytest.Lost, 1}, {notifytest.Done500, 1}, {notifytest.Cut, 1}, {notifytest.Expired, 1},
		{notifytest.Limited, 1}} {
		t.Run(string(c.fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorkspace(t, notifytest.SlackOptions{People: []notifytest.Member{{
					ID:    "U1",
					Email: "kim@example.com",
				}}})
				fired := 0
				nth := notifytest.Nth(1, c.fault, func(c notifytest.Call) bool {
					return strings.HasSuffix(c.Path,
						"chat.postMessage")
				})
				w.fake.SetFault(func(call notifytest.Call) notifytest.Fault {
					f := nth(call)
					if f != notifytest.None {
						fired++
					}
					return f
				})
				m := notify.Message{Email: "kim@example.com", Lines: []string{"Please enrol."}}
				_, err := w.safe(w.client().Message(context.Background(), m))
				if fired != 1 || (err == nil) != (c.fault == notifytest.Limited) {
					t.Fatalf("fired %d times, error %v", fired, err)
				}
				if _, err := w.safe(w.client().Message(context.Background(), m)); err != nil {
					t.Fatal(err)
				}
				if n := len(w.fake.Posts()); n != c.posts {
					t.Errorf("%d messages, want %d", n, c.posts)
				}
			})
		})
	}
}

func TestWhatSlackRefusesSaysTheNextStep(t *testing.T) {
	channels := []notifytest.Channel{{ID: "C0A", Name: "a"}, {ID: "C0B", Name: "b"}, {ID: "C0OUTSIDE9",
		Name: "outside", Outside: true}, {ID: "C0OLD", Name: "old", Archived: true}}
	few := []string{"chat:write", "channels:read"}
	for _, c := range []struct {
		name, channel, token, words string
		scopes                      []string
		check                       bool // Check alone notices it
	}{
		{"not joined", "#outside", "", "/invite", nil, false},
		{"not joined, by id", "C0OUTSIDE9", "", "/invite", nil, false},
		{"no such channel", "#nowhere", "", "set its id", nil, false},
		{"wrong token", "#a", "xoxb-wrong", "Bot User OAuth Token", nil, false},
		{"scopes", "#a", "", "files:write, users:read.email, im:write", few, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorkspace(t, notifytest.SlackOptions{Channels: channels, Scopes: c.scopes})
			s := w.client(func(o *notify.SlackOptions) {
				o.Channel = c.channel
				if c.token != "" {
					o.Token = secret.New(c.token)
				}
			})
			err := s.Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Errorf("check: %v", err)
			}
			_, err = w.safe(s.Post(t.Context(), notify.Bulletin{Key: "k", Title: "T"}))
			if !c.check && (err == nil || !strings.Contains(err.Error(), c.words)) {
				t.Errorf("post: %v", err)
			}
			if text := fmt.Sprint(err); c.token != "" && strings.Contains(text, c.token) {
				t.Errorf("the token came out: %s", text)
			}
		})
	}
	w := newWorkspace(t, notifytest.SlackOptions{
		Channels: channels,
		Scopes:   []string{"users:read.email"},
	})
	if _, err := w.safe(w.client(func(o *notify.SlackOptions) { o.Channel = "#b" }).Post(t.Context(),
		bulletin())); err == nil || !strings.Contains(err.Error(), "needed: chat:write") {
		t.Errorf("a missing scope: %v", err)
	}
	w = newWorkspace(t, notifytest.SlackOptions{Channels: channels})
	if err := w.client(func(o *notify.SlackOptions) { o.Channel = "#b" }).Check(t.Context()); err != nil {
		t.Errorf("all in order: %v", err)
	}
}

func TestAChartThatCannotBeUploadedLeavesTheBulletinPosted(t *testing.T) {
	w := newWorkspace(t, notifytest.SlackOptions{Scopes: []string{"chat:write"}})
	result, err := w.safe(w.client().Post(t.Context(), bulletin()))
	if err != nil || result.Outcome != notify.Sent || !strings.Contains(result.Error, "files:write") ||
		len(w.fake.Posts()) != 1 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestSlackAndJiraOverRealConnections(t *testing.T) {
	slackServer := httptest.NewUnstartedServer(nil)
	slackFake := notifytest.NewSlack(notifytest.SlackOptions{BaseURL: "http://" + slackServer.Listener.Addr().String() + "/api"})
	slackServer.Config.Handler = slackFake
	slackServer.Start()
	defer slackServer.Close()
	s, err := notify.NewSlack(notify.SlackOptions{
		Token:   secret.New(slackFake.Token()),
		Channel: "security",
		BaseURL: slackFake.BaseURL(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if result, err := s.Post(t.Context(), bulletin()); err != nil || result.Error != "" || len(slackFake.Posts()) != 2 {
		t.Errorf("%+v, %v", result, err)
	}
	jiraServer := httptest.NewUnstartedServer(nil)
	fake := notifytest.NewJira(notifytest.JiraOptions{BaseURL: "http://" + jiraServer.Listener.Addr().String()})
	jiraServer.Config.Handler = fake
	jiraServer.Start()
	defer jiraServer.Close()
	j, err := notify.NewJira(notify.JiraOptions{BaseURL: fake.BaseURL(), Email: fake.Email(),
		Token: secret.New(fake.Token()), Project: "SEC", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	fake.SetFault(notifytest.Nth(2, notifytest.Lost, isCreate))
	report, err := j.Sync(t.Context(), wantedOf(tickets(3)))
	if err != nil {
		t.Fatal(err)
	}
	want(t, report, "created 3, failed 0")
	if n := len(fake.Issues()); n != 3 {
		t.Errorf("%d issues", n)
	}
}
