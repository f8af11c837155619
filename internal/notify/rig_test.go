package notify_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/secret"
)

// place is where a test happens: a simulated Jira, a client of it, and what it logs.
type place struct {
	t    testing.TB
	fake *notifytest.Jira
	dir  string
	log  *bytes.Buffer
}

// newPlace makes a Jira with a client; change may alter the client's options.
func newPlace(t testing.TB, o notifytest.JiraOptions) *place {
	t.Helper()
	return &place{t: t, fake: notifytest.NewJira(o), dir: memoryDir(t), log: &bytes.Buffer{}}
}

// memoryDir is a temporary directory, in memory where the system has a place for that: what the many runs fsync is gone with
// the test anyway.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "notify-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// client is a new client, as a new process would make one.
func (p *place) client(change ...func(*notify.JiraOptions)) *notify.Jira {
	p.t.Helper()
	o := notify.JiraOptions{
		BaseURL: p.fake.BaseURL(), Project: p.fake.Project(), Dir: p.dir, Transport: p.fake.Transport(),
		Email: p.fake.Email(), Token: secret.New(p.fake.Token()),
		Log: slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	j, err := notify.NewJira(o)
	if err != nil {
		p.t.Fatalf("new jira: %v", err)
	}
	return j
}

func asDataCenter(p *place) func(*notify.JiraOptions) {
	return func(o *notify.JiraOptions) {
		o.Email, o.Token, o.PAT = "", secret.Secret{}, secret.New(p.fake.Token())
	}
}

// sync runs one sync and checks what holds for every one: no credential comes out, and each result has words when it failed.
func (p *place) sync(j *notify.Jira, d notify.Wanted) notify.Report {
	p.t.Helper()
	report, err := p.trySync(j, d)
	if err != nil {
		p.t.Fatalf("sync: %v", err)
	}
	return report
}

func (p *place) trySync(j *notify.Jira, d notify.Wanted) (notify.Report, error) {
	p.t.Helper()
	report, err := j.Sync(context.Background(), d)
	if said := fmt.Sprintf("%+v %v %s", report, err, p.log); strings.Contains(said, p.fake.Token()) {
		p.t.Fatalf("the token came out: %s", said)
	}
	for _, result := range report.Results {
		if result.Outcome == notify.Failed && result.Error == "" {
			p.t.Fatalf("a failure without words: %+v", result)
		}
	}
	return report, err
}

// tickets makes n tickets with the keys t0, t1, ...
func tickets(n int) []notify.Ticket {
	var all []notify.Ticket
	for i := range n {
		all = append(all, ticket(i))
	}
	return all
}

func ticket(i int) notify.Ticket {
	return notify.Ticket{
		Key: fmt.Sprintf("t%d", i), Title: fmt.Sprintf("Person %d signs in without MFA", i),
		Lines: []string{"Has SMS only.", "Enrol a security key."}, Due: time.Date(2027, 1, 4, 0, 0, 0, 0, time.UTC),
	}
}

const set = "mfa-00o1"

func wantedOf(open []notify.Ticket, settled ...string) notify.Wanted {
	d := notify.Wanted{Set: set, Open: open, Settled: map[string]string{}}
	for _, key := range settled {
		d.Settled[key] = "enrolled a security key"
	}
	return d
}

// want compares the counts of a report.
func want(t testing.TB, got notify.Report, counts string) {
	t.Helper()
	said := fmt.Sprintf("created %d updated %d unchanged %d closed %d reopened %d deferred %d failed %d",
		got.Created, got.Updated, got.Unchanged, got.Closed, got.Reopened, got.Deferred, got.Failed)
	for _, count := range strings.Split(counts, ", ") {
		if !strings.Contains(said, count) {
			t.Errorf("got %s; want %s; results: %+v", said, counts, got.Results)
		}
	}
	sum := got.Created + got.Updated + got.Unchanged + got.Closed + got.Reopened + got.Deferred + got.Failed
	if sum != len(got.Results) {
		t.Errorf("%d counted, %d results", sum, len(got.Results))
	}
}

// perKey counts the open issues of each ticket's title.
func perKey(issues []notifytest.Issue) map[string]int {
	n := map[string]int{}
	for _, i := range issues {
		at := slices.IndexFunc(i.Labels, func(l string) bool { return strings.HasPrefix(l, set+"-key-") })
		if at >= 0 {
			n[i.Labels[at]]++
		}
	}
	return n
}

func writes(calls []notifytest.Call) (n int) {
	for _, c := range calls {
		if c.Method != "GET" && !strings.Contains(c.Path, "/search") {
			n++
		}
	}
	return n
}

func isCreate(c notifytest.Call) bool {
	return c.Method == "POST" && strings.HasSuffix(c.Path, "/issue")
}

// both runs a test at Cloud and at Data Center, with a clock that waits for nothing.
func both(t *testing.T, o notifytest.JiraOptions, test func(t *testing.T, p *place, with func(*notify.JiraOptions))) {
	for _, dc := range []bool{false, true} {
		name := "cloud"
		if dc {
			name = "data center"
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := o
				o.DataCenter = dc
				p := newPlace(t, o)
				with := func(*notify.JiraOptions) {}
				if dc {
					with = asDataCenter(p)
				}
				test(t, p, with)
			})
		})
	}
}
