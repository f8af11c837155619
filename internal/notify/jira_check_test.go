package notify_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/secret"
)

var demanded = []notifytest.Field{
	{
		ID:       "customfield_10042",
		Name:     "Risk",
		Required: true,
		Type:     "option",
		Options:  []string{"Low", "High"},
	},
	{ID: "customfield_10043", Name: "Cost centre", Required: true, Type: "string"},
	{ID: "customfield_10044", Name: "Remark", Type: "string"},
}

func TestCheckNamesEveryFieldThatIsDemandedAndHowToFillIt(t *testing.T) {
	both(t, notifytest.JiraOptions{Fields: demanded}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		err := p.client(with).Check(t.Context())
		for _, words := range []string{`"Risk" (customfield_10042)`, `{"value": "Low"}`,
			`"Cost centre" (customfield_10043)`} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s is not in %v", words, err)
			}
		}
		if err != nil && strings.Contains(err.Error(), "Remark") {
			t.Errorf("a field that no one demands: %v", err)
		}
		report := p.sync(p.client(with), wantedOf(tickets(2)))
		want(t, report, "failed 2")
		if !strings.Contains(report.Results[0].Error, "customfield_10042") {
			t.Errorf("result: %s", report.Results[0].Error)
		}
		filled := func(o *notify.JiraOptions) {
			o.Fields = map[string]any{"customfield_10042": map[string]any{"value": "High"}, "customfield_10043": "4711"}
		}
		if err := p.client(with, filled).Check(t.Context()); err != nil {
			t.Errorf("filled: %v", err)
		}
		want(t, p.sync(p.client(with, filled), wantedOf(tickets(2))), "created 2")
		if got := string(p.fake.Issues()[0].Custom["customfield_10042"]); got != `{"value":"High"}` {
			t.Errorf("custom field %s", got)
		}
	})
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, words string
		fake        notifytest.JiraOptions
		change      func(*notify.JiraOptions)
	}{
		{"no such project", "no such project", notifytest.JiraOptions{}, func(o *notify.JiraOptions) { o.Project = "NOPE" }},
		{"no such type", "there are: Task, Bug", notifytest.JiraOptions{},
			func(o *notify.JiraOptions) { o.IssueType = "Epic" }},
		{"no labels", "labels: not on the create screen", notifytest.JiraOptions{Without: []string{"labels"}},
			func(*notify.JiraOptions) {}},
		{"wrong token", "make a new token", notifytest.JiraOptions{},
			func(o *notify.JiraOptions) { o.Token = secret.New("stale-token-99") }},
	} {
		p := newPlace(t, c.fake)
		err := p.client(c.change).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "stale-token-99") {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := writes(p.fake.Calls()); n != 0 {
			t.Errorf("%s: a check wrote %d times", c.name, n)
		}
	}
	if err := newPlace(t, notifytest.JiraOptions{}).client().Check(t.Context()); err != nil {
		t.Errorf("all in order: %v", err)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	good := notify.JiraOptions{
		BaseURL: "https://x.atlassian.net",
		Email:   "a@b.c",
		Token:   secret.New("tttt"),
		Project: "SEC",
		Dir:     t.TempDir(),
	}
	for name, change := range map[string]func(*notify.JiraOptions){
		"no address":     func(o *notify.JiraOptions) { o.BaseURL = "" },
		"plain http":     func(o *notify.JiraOptions) { o.BaseURL = "http://x.atlassian.net" },
		"no credential":  func(o *notify.JiraOptions) { o.Email, o.Token = "", secret.Secret{} },
		"no e-mail":      func(o *notify.JiraOptions) { o.Email = "" },
		"both":           func(o *notify.JiraOptions) { o.PAT = secret.New("pppp") },
		"project":        func(o *notify.JiraOptions) { o.Project = `SEC" OR 1=1` },
		"label":          func(o *notify.JiraOptions) { o.Labels = []string{"two words"} },
		"no directory":   func(o *notify.JiraOptions) { o.Dir = "" },
		"user in URL":    func(o *notify.JiraOptions) { o.BaseURL = "https://me:pw@x.atlassian.net" },
		"negative index": func(o *notify.JiraOptions) { o.IndexLag = -1 },
	} {
		o := good
		change(&o)
		if _, err := notify.NewJira(o); err == nil {
			t.Errorf("%s: taken", name)
		} else if text := err.Error(); strings.Contains(text, "tttt") || strings.Contains(text, "pppp") ||
			strings.Contains(text, "me:pw") {
			t.Errorf("%s: a credential in %s", name, text)
		}
	}
	j, err := notify.NewJira(good)
	if err != nil {
		t.Fatal(err)
	}
	two := append(tickets(1), tickets(1)...)
	for name, d := range map[string]notify.Wanted{
		"set": {Set: `x" OR project = "HR`}, "key": {
			Set:  "s",
			Open: []notify.Ticket{{Key: `a"b`}},
		}, "twice": {Set: "s", Open: two},
		"open and settled": wantedOf(tickets(1), "t0"), "cap": {Set: "s", MaxNew: -1},
	} {
		if _, err := j.Sync(t.Context(), d); err == nil {
			t.Errorf("wanted with bad %s: taken", name)
		}
	}
}

// TestHostileTextsAreTextInJira writes markup of every kind and reads it back as text.
func TestHostileTextsAreTextInJira(t *testing.T) {
	hostile := []string{
		"h1. Heading", "bq. quoted", "{code}rm -rf{code}",
		"[~admin] [click|https://evil.example] !https://evil.example/x.png!", "*b* _i_ -s- +u+ ^x^ ~y~ ??c?? {{m}}",
		"||a||b||", "# one", "* two", `a\\b {noformat}`, "<script>alert(1)</script>",
		"line\r\nbreak\u2028x \u202egnirts \x1b[31mred\x00", "----", "(!) :)",
	}
	both(t, notifytest.JiraOptions{}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
		d := wantedOf([]notify.Ticket{
			{
				Key:    "a",
				Title:  strings.Join(hostile, "\n") + strings.Repeat("😀", 300),
				Lines:  hostile,
				Rows:   [][]string{{"x", "y"}, hostile[:4], {"", "|"}},
				Labels: []string{"ok", "not ok", "\u202ebad"},
			},
			{Key: "b", Title: "\x00\n", Lines: nil},
			{
				Key:   "c",
				Title: "long",
				Lines: []string{strings.Repeat("{*}", 20_000), strings.Repeat("é", 60_000)},
				Rows:  rows(5_000),
			},
		})
		want(t, p.sync(p.client(with), d), "created 3, failed 0")
		want(t, p.sync(p.client(with), d), "unchanged 3")
		issues := p.fake.Issues()
		for _, i := range issues {
			if strings.ContainsAny(i.Summary+i.Text(), "\x00\x1b\u202e\u2028") {
				t.Errorf("control characters in %q", i.Summary)
			}
		}
		text := issues[0].Text()
		if p.client(with); strings.HasPrefix(string(issues[0].Description), "{") { // a document: the texts are as they were
			for _, line := range []string{hostile[0], hostile[2], hostile[3], hostile[9]} {
				if !strings.Contains(text, line) {
					t.Errorf("%q is not in the text", line)
				}
			}
		} else if active := liveMarkup(text); active != "" {
			t.Errorf("live markup %q in %s", active, text)
		}
		if !strings.Contains(issues[2].Text(), "more rows") && !strings.Contains(issues[2].Text(), "more paragraphs") {
			t.Error("what was left out is not said")
		}
	})
}

func rows(n int) [][]string {
	all := [][]string{{"Person", "Method"}}
	for i := range n {
		all = append(all, []string{fmt.Sprintf("Person %d", i), "sms"})
	}
	return all
}

// liveMarkup finds an unescaped character of Jira's notation outside of table bars, which are the program's own.
func liveMarkup(text string) string {
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "h1.") || strings.HasPrefix(line, "bq.") {
			return line
		}
		table := strings.HasPrefix(line, "|")
		for n, r := range line {
			if strings.ContainsRune("*_-+^~?{}[]!@(", r) && (n == 0 || line[n-1] != '\\') || r == '<' || r == '>' {
				return line[n:]
			}
			if r == '|' && !table && (n == 0 || line[n-1] != '\\') {
				return line[n:]
			}
		}
	}
	return ""
}

func TestAssigneesAndUrgencyAreSetWhereTheScreenHasThem(t *testing.T) {
	people := []notifytest.Person{{
		ID:    "acc-kim",
		Email: "kim@example.com",
	}, {ID: "acc-ana", Email: "ana@example.com", Hidden: true}}
	for _, without := range [][]string{nil, {"assignee", "priority", "duedate"}} {
		both(t, notifytest.JiraOptions{
			People:  people,
			Without: without,
		}, func(t *testing.T, p *place, with func(*notify.JiraOptions)) {
			d := wantedOf(tickets(3))
			d.Open[0].Assignee, d.Open[0].Urgent, d.Open[1].Assignee = "Kim@Example.com", true, "nobody@example.com"
			urgent := func(o *notify.JiraOptions) { o.UrgentPriority = "Highest" }
			want(t, p.sync(p.client(with, urgent), d), "created 3")
			i := p.fake.Issues()
			who, priority, due := "acc-kim", "Highest", "2027-01-04"
			if without != nil {
				who, priority, due = "", "", ""
			}
			if i[0].Assignee != who || i[0].Priority != priority || i[0].Due != due || i[1].Assignee != "" {
				t.Errorf("assignees %q %q, priority %q, due %q", i[0].Assignee, i[1].Assignee, i[0].Priority, i[0].Due)
			}
			p.fake.Edit(i[0].Key, func(i *notifytest.Issue) { i.Assignee = "somebody-else" })
			d.Open[0].Title = "Changed"
			want(t, p.sync(p.client(with, urgent), d), "updated 1")
			if got := p.fake.Issues()[0].Assignee; got != "somebody-else" {
				t.Errorf("the assignee was changed to %q", got)
			}
		})
	}
}

func TestWorkflowsOfTheirOwnAreFollowed(t *testing.T) {
	moves := []notifytest.Move{
		{ID: "5", Name: "Won't do", To: "Won't do"}, {ID: "6", Name: "Accept", To: "Closed"}, {ID: "7",
			Name: "Back to work", From: []string{"Closed", "Won't do"}, To: "In Progress"},
	}
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, notifytest.JiraOptions{Moves: moves, Strict: true})
		set := func(o *notify.JiraOptions) { o.CloseTransition, o.Resolution = "accept", "Done" }
		p.sync(p.client(set), wantedOf(tickets(1)))
		report := p.sync(p.client(func(o *notify.JiraOptions) { o.CloseTransition = "Finish" }), wantedOf(nil, "t0"))
		want(t, report, "failed 1")
		if !strings.Contains(report.Results[0].Error, "Won't do, Accept") {
			t.Errorf("result: %s", report.Results[0].Error)
		}
		// no resolution
		want(t, p.sync(p.client(func(o *notify.JiraOptions) { o.CloseTransition = "Accept" }), wantedOf(nil, "t0")),
			"failed 1")
		want(t, p.sync(p.client(set), wantedOf(nil, "t0")), "closed 1")
		if i := p.fake.Issues()[0]; i.Status != "Closed" || i.Resolution != "Done" {
			t.Errorf("%s, %s", i.Status, i.Resolution)
		}
		want(t, p.sync(p.client(set), wantedOf(tickets(1))), "reopened 1")
	})
}

func TestOtherSetsAreNeverTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t, notifytest.JiraOptions{})
		other := wantedOf(tickets(2))
		other.Set = set + "-other"
		p.sync(p.client(), other)
		p.sync(p.client(), wantedOf(tickets(2)))
		p.sync(p.client(), wantedOf(nil, "t0", "t1"))
		for _, i := range p.fake.Open() {
			if text, err := json.Marshal(i.Labels); err != nil || !strings.Contains(string(text), set+"-other") {
				t.Errorf("%s %s", i.Key, text)
			}
		}
		if n := len(p.fake.Open()); n != 2 {
			t.Errorf("%d open", n)
		}
	})
}

func TestTheFilterShowsTheOpenTicketsOfTheSet(t *testing.T) {
	p := newPlace(t, notifytest.JiraOptions{})
	report := p.sync(p.client(), wantedOf(tickets(2)))
	_, query, _ := strings.Cut(report.Filter, "?jql=")
	query, err := url.QueryUnescape(query)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.fake.Count(query); err != nil || n != 2 {
		t.Errorf("%q finds %d (%v)", query, n, err)
	}
	if want := fmt.Sprintf("%s/browse/SEC-1", p.fake.BaseURL()); report.Results[0].URL != want {
		t.Errorf("url %s", report.Results[0].URL)
	}
}
