package delivery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/oktaclient"
)

// office is where a test happens: a tenant, an auditor on it, a Jira, a Slack, and a sender with the real clients
// between them.
type office struct {
	*simtest.World
	t     *testing.T
	mfa   *audit.Auditor
	jira  *notifytest.Jira
	slack *notifytest.Slack
	dir   string
	log   *bytes.Buffer
	steps []trail.Entry // what the trail learned
}

// setUp is what differs from the usual. The zero value is the usual: no names in the channel, people may be messaged.
type setUp struct {
	jira   notifytest.JiraOptions
	slack  notifytest.SlackOptions
	names  []string // channels in which names may be shown
	sender func(*delivery.Options)
	client func(*notify.JiraOptions)
}

// inOffice runs a test whose clock waits for nothing, in an organisation of n people who have no second factor, and
// one administrator who has one.
func inOffice(t *testing.T, n int, s setUp, test func(*office)) {
	t.Helper()
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		for i := range n {
			s.slack.People = append(s.slack.People, notifytest.Member{
				ID:    fmt.Sprintf("U%03d", i),
				Email: address(i),
			})
		}
		o := &office{
			t:     t,
			World: simtest.New(t, simtest.Options{Lines: lines, Tenant: oktasim.Options{Seed: 1}}),
			log:   &bytes.Buffer{},
			jira:  notifytest.NewJira(s.jira),
			slack: notifytest.NewSlack(s.slack),
		}
		o.dir = filepath.Join(filepath.Dir(o.Dir), "mfa")
		var err error
		o.mfa, err = audit.New(o.Okta, audit.Options{Dir: o.dir, Domain: "acme.okta.test", LogSettle: -1})
		o.must(err)
		t.Cleanup(o.mfa.Close)
		for i := range n {
			o.Tenant.AddUser(oktasim.NewUser{
				Email:   address(i),
				Created: time.Now().Add(-30 * 24 * time.Hour),
			})
		}
		o.Tenant.Enroll(o.Tenant.UserByEmail("okta.admin@acme.example.com"), "webauthn", "FIDO")
		test(o)
		o.keepsSecrets()
	})
}

func address(i int) string { return fmt.Sprintf("person%03d@acme.example.com", i) }

// person is the Okta id of one of the n people.
func (o *office) person(i int) string { return o.Tenant.UserByEmail(address(i)) }

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// audit audits everyone, or what change says.
func (o *office) audit(change ...func(*audit.Request)) *mfa.Summary {
	o.t.Helper()
	time.Sleep(time.Minute)
	req := audit.Request{Policy: mfa.DefaultPolicy()}
	req.Policy.Sample = 0
	for _, c := range change {
		c(&req)
	}
	s, err := o.mfa.Run(context.Background(), req, nil)
	o.must(err)
	return s
}

// sender is a new sender with new clients on the same state, as the next process has them.
func (o *office) sender(s setUp) *delivery.Sender {
	o.t.Helper()
	delivered := filepath.Join(o.dir, "delivered")
	o.must(os.MkdirAll(delivered, 0o700))
	log := slog.New(slog.NewTextHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ticketing := notify.JiraOptions{
		BaseURL:   o.jira.BaseURL(),
		Project:   o.jira.Project(),
		Email:     o.jira.Email(),
		Token:     secret.New(o.jira.Token()),
		Dir:       delivered,
		Transport: o.jira.Transport(),
		Log:       log,
	}
	if s.client != nil {
		s.client(&ticketing)
	}
	jira, err := notify.NewJira(ticketing)
	o.must(err)
	once, err := notify.NewOnce(delivered)
	o.must(err)
	slack, err := notify.NewSlack(notify.SlackOptions{
		Token:        secret.New(o.slack.Token()),
		Channel:      "#security",
		NamesAllowed: s.names,
		BaseURL:      o.slack.BaseURL(),
		Register:     once,
		Transport:    o.slack.Transport(),
		Log:          log,
	})
	o.must(err)
	options := delivery.Options{
		Audits:      o.mfa,
		Jira:        jira,
		Slack:       slack,
		Dir:         o.dir,
		MaxNew:      1000,
		NotifyUsers: true,
		Log:         log,
		Record:      func(_ context.Context, step trail.Entry) error { o.steps = append(o.steps, step); return nil },
	}
	if s.sender != nil {
		s.sender(&options)
	}
	c, err := delivery.New(options)
	o.must(err)
	return c
}

// deliver carries an order out in a new process.
func (o *office) deliver(s setUp, order delivery.Order) *delivery.Receipt {
	o.t.Helper()
	r, err := o.sender(s).Deliver(o.t.Context(), order)
	if err != nil {
		o.t.Fatalf("deliver %+v: %v", order, err)
	}
	text, err := json.Marshal(r)
	o.must(err)
	o.log.Write(text) // for keepsSecrets
	return r
}

// counts holds the tickets of a receipt against what was expected.
func (o *office) counts(r *delivery.Receipt, want string) {
	o.t.Helper()
	t := r.Tickets
	if t == nil {
		o.t.Fatalf("no tickets in %+v", r)
	}
	got := fmt.Sprintf("created %d updated %d unchanged %d closed %d reopened %d bulk %d failed %d", t.Created,
		t.Updated, t.Unchanged, t.Closed, t.Reopened, t.Deferred, t.Failed)
	if got != want || t.Error != "" {
		o.t.Errorf("tickets: %s %s; want %s; %+v", got, t.Error, want, t.Sample)
	}
}

// keepsSecrets fails when a credential came out anywhere: in receipts, in the log, in the trail, or in a file.
func (o *office) keepsSecrets() {
	o.t.Helper()
	steps, err := json.Marshal(o.steps)
	o.must(err)
	all := o.log.String() + string(steps) + tree(o.t, o.dir)
	for _, credential := range []string{o.jira.Token(), o.slack.Token()} {
		if strings.Contains(all, credential) {
			o.t.Error("a credential came out")
		}
	}
}

// tree is every file beneath a folder with its content.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".lock") {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s: %s\n", path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// written counts what was asked of Jira beyond reading.
func (o *office) written() (n int) {
	for _, c := range o.jira.Calls() {
		if c.Method != http.MethodGet && !strings.Contains(c.Path, "/search") {
			n++
		}
	}
	return n
}

func creates(c notifytest.Call) bool {
	return c.Method == http.MethodPost && strings.HasSuffix(c.Path, "/issue")
}

func always(fault notifytest.Fault) func(notifytest.Call) notifytest.Fault {
	return func(notifytest.Call) notifytest.Fault { return fault }
}

// level changes the policy's enforcement level.
func level(l mfa.Level) func(*audit.Request) {
	return func(req *audit.Request) { req.Policy.Level = l }
}
