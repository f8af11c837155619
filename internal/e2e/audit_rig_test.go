package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/oktasim"
)

// bureau is an organisation, a Jira and a Slack behind sockets of their own, and a home for processes of the program that audit.
type bureau struct {
	*place
	t      *testing.T
	tenant *oktasim.Tenant
	jira   *notifytest.Jira
	slack  *notifytest.Slack

	mu    sync.Mutex
	paths map[string]int // calls to the tenant by path
	total int
	each  func(n int) // asked with every call to the tenant before it is served; may be nil
	slow  time.Duration
}

// bureauOf is what differs from the usual.
type bureauOf struct {
	tenant oktasim.Options
	jira   notifytest.JiraOptions
	slack  notifytest.SlackOptions
	env    []string
}

func newBureau(t *testing.T, o bureauOf) *bureau {
	t.Helper()
	b := &bureau{t: t, tenant: oktasim.New(o.tenant), paths: map[string]int{}}
	okta := serveHTTP(t, func() http.Handler { return http.HandlerFunc(b.serveOkta) })
	jira, slack := serveHTTP(t, func() http.Handler { return b.jira }), serveHTTP(t, func() http.Handler { return b.slack })
	o.jira.BaseURL, o.slack.BaseURL = jira, slack+"/api"
	b.jira, b.slack = notifytest.NewJira(o.jira), notifytest.NewSlack(o.slack)
	b.place = newPlace(t, append([]string{"OKTA_DOMAIN=" + okta, "OKTA_API_TOKEN=" + b.tenant.Token(), "MFA_LOG_SETTLE=0s", "JIRA_MAX_NEW=500",
		"JIRA_URL=" + jira, "JIRA_EMAIL=" + b.jira.Email(), "JIRA_API_TOKEN=" + b.jira.Token(), "JIRA_PROJECT=" + b.jira.Project(),
		"SLACK_API_URL=" + slack + "/api", "SLACK_BOT_TOKEN=" + b.slack.Token(), "SLACK_CHANNEL=#security"}, o.env...)...)
	return b
}

// serveHTTP listens for a handler that is made after its address is known.
func serveHTTP(t *testing.T, handler func() http.Handler) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	return server.URL
}

func (b *bureau) serveOkta(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.paths[r.URL.Path]++
	b.total++
	n, each := b.total, b.each
	b.mu.Unlock()
	if each != nil {
		each(n)
	}
	time.Sleep(b.slow)
	b.tenant.ServeHTTP(w, r)
}

// called counts the calls to the tenant whose path ends so.
func (b *bureau) called(suffix string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for path, times := range b.paths {
		if strings.HasSuffix(path, suffix) {
			n += times
		}
	}
	return n
}

// without is the environment less some settings.
func (b *bureau) without(names ...string) []string {
	var env []string
	for _, line := range b.env {
		name, _, _ := strings.Cut(line, "=")
		keep := true
		for _, gone := range names {
			keep = keep && !strings.HasPrefix(name, gone)
		}
		if keep {
			env = append(env, line)
		}
	}
	return env
}

// ran is how a process ended.
type ran struct {
	stdout, stderr string
	code           int
}

// audit runs `audit mfa` in an environment, nil for the bureau's own. No credential may come out of it, and no panic.
func (b *bureau) audit(env []string, args ...string) ran {
	b.t.Helper()
	return b.command(env, append([]string{"audit", "mfa"}, args...)...)
}

func (b *bureau) command(env []string, args ...string) (r ran) {
	b.t.Helper()
	if env == nil {
		env = b.env
	}
	r.stdout, r.stderr, r.code = runProgram(b.t, env, args...)
	for _, secret := range []string{b.jira.Token(), b.slack.Token(), b.tenant.Token(), "goroutine ", "%!"} {
		if strings.Contains(r.stdout+r.stderr, secret) {
			b.t.Errorf("%q came out of %v: %s %s", secret, args, r.stdout, r.stderr)
		}
	}
	return r
}

// report is the one JSON object that --json prints.
func (b *bureau) report(r ran) (a cli.AuditReport) {
	b.t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	if err := decoder.Decode(&a); err != nil || a.Summary == nil {
		b.t.Fatalf("code %d: %v: %s %s", r.code, err, r.stdout, r.stderr)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		b.t.Errorf("more than one object: %s", r.stdout)
	}
	return a
}

// audited runs an audit that must end with a code, and returns what it says.
func (b *bureau) audited(code int, args ...string) cli.AuditReport {
	b.t.Helper()
	r := b.audit(nil, append(args, "--json")...)
	if r.code != code {
		b.t.Fatalf("code %d, want %d: %s %s", r.code, code, r.stdout, r.stderr)
	}
	return b.report(r)
}

// judged counts for each audit how often the trail holds a verdict of each user.
func (b *bureau) judged() map[string]map[string]int {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.state, "trail", "trail.jsonl"))
	fails(b.t, err)
	audits := map[string]map[string]int{}
	for line := range bytes.Lines(text) {
		var entry struct {
			Step      string
			RunID     string `json:"run_id"`
			Arguments map[string]any
		}
		fails(b.t, json.Unmarshal(line, &entry))
		if entry.Step != "audit_users" {
			continue
		}
		if audits[entry.RunID] == nil {
			audits[entry.RunID] = map[string]int{}
		}
		for _, ids := range entry.Arguments {
			for _, id := range strings.Fields(fmt.Sprint(ids)) {
				audits[entry.RunID][id]++
			}
		}
	}
	return audits
}

// table reads findings.csv, by user, without when and whence each was read.
func (b *bureau) table(dir string) map[string]string {
	b.t.Helper()
	f, err := os.Open(filepath.Join(dir, "findings.csv"))
	fails(b.t, err)
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	fails(b.t, err)
	people := map[string]string{}
	for _, row := range rows[1:] {
		people[row[0]] = strings.Join(row[:len(row)-2], "|")
	}
	return people
}

// killable starts the program with arguments; kill is for its end.
func (b *bureau) killable(args ...string) (cmd *exec.Cmd, ended chan error) {
	b.t.Helper()
	cmd, ended = startable(b.t, b.env, args...), make(chan error, 1)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	fails(b.t, cmd.Start())
	go func() {
		err := cmd.Wait()
		if err != nil && cmd.ProcessState.ExitCode() > 0 {
			err = fmt.Errorf("%w: %s", err, &errs)
		}
		ended <- err
	}()
	return cmd, ended
}
