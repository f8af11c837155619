package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify/notifytest"
)

// oldJira is the address that the register of issues belongs to.
const oldJira = "127.0.0.1:18432"

// oldAudits is the state of audits, with a Jira that holds the issues of then and a Slack.
type oldAudits struct {
	*oldState
	jira  *notifytest.Jira
	slack *notifytest.Slack
}

func openOldAudits(t *testing.T) *oldAudits {
	t.Helper()
	s := &oldAudits{
		jira: notifytest.NewJira(notifytest.JiraOptions{BaseURL: "http://" + oldJira}),
	}
	listenAt(t, oldJira, s.jira)
	slack := serveHTTP(t, func() http.Handler { return s.slack })
	s.slack = notifytest.NewSlack(notifytest.SlackOptions{BaseURL: slack + "/api", People: []notifytest.Member{
		{ID: "U0", Email: "person00@acme.example.com"},
		{ID: "U4", Email: "person04@acme.example.com"},
	}})
	s.oldState = openOldState(t, "audit",
		"MFA_LOG_SETTLE=0s", "JIRA_MAX_NEW=500", "JIRA_URL=http://"+oldJira, "JIRA_EMAIL="+s.jira.Email(), "JIRA_API_TOKEN="+s.jira.Token(),
		"JIRA_PROJECT="+s.jira.Project(), "SLACK_API_URL="+slack+"/api", "SLACK_BOT_TOKEN="+s.slack.Token(), "SLACK_CHANNEL=#security",
		"SLACK_NOTIFY_USERS=true")
	s.moveTimes()
	s.askJiraAgain()
	return s
}

// askJiraAgain asks of Jira what was asked of it then.
func (s *oldAudits) askJiraAgain() {
	s.t.Helper()
	f, err := os.Open(filepath.Join(s.from, "jira.jsonl"))
	fails(s.t, err)
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked struct{ Method, Path, Body string }
		fails(s.t, json.Unmarshal(lines.Bytes(), &asked))
		req := httptest.NewRequest(asked.Method, asked.Path, strings.NewReader(asked.Body))
		req.SetBasicAuth(s.jira.Email(), s.jira.Token())
		req.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		s.jira.ServeHTTP(answer, req)
		if answer.Code >= 300 {
			s.t.Fatalf("%s %s: %d %s", asked.Method, asked.Path, answer.Code, answer.Body)
		}
	}
	fails(s.t, lines.Err())
}

func (s *oldAudits) audited(code int, args ...string) cli.AuditReport {
	s.t.Helper()
	stdout, stderr := s.run(code, append([]string{"audit", "mfa", "--json"}, args...)...)
	var a cli.AuditReport
	if err := json.Unmarshal([]byte(stdout), &a); err != nil || a.Summary == nil {
		s.t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	return a
}

// readThen is who had been read when the audit was killed.
func (s *oldAudits) readThen() (people []string) {
	s.t.Helper()
	text, err := os.ReadFile(s.file("mfa/audits/*/readings.jsonl"))
	fails(s.t, err)
	for line := range strings.Lines(string(text)) {
		var l struct{ T, U string }
		if json.Unmarshal([]byte(line), &l) == nil && l.T == "read" {
			people = append(people, l.U)
		}
	}
	return people
}

func TestAnAuditOfTheFirstVersionGoesOnAndItsDeliveriesAreSent(t *testing.T) {
	t.Parallel()
	s := openOldAudits(t)
	interrupted := filepath.Base(filepath.Dir(s.file("mfa/audits/*/readings.jsonl")))
	held := s.readThen()
	if len(held) < 5 {
		t.Fatalf("only %d people had been read", len(held))
	}
	before := len(s.jira.Issues())
	a := s.audited(0, "--full", "--jira", "per_user", "--slack", "--notify-users")
	if a.Summary.AuditID != interrupted || a.Summary.Total != 25 {
		t.Errorf("audit %s of %d people, want %s to go on", a.Summary.AuditID, a.Summary.Total, interrupted)
	}
	for _, user := range held {
		s.mu.Lock()
		again := s.called["GET /api/v1/users/"+user+"/authenticator-enrollments"]
		s.mu.Unlock()
		if again != 0 {
			t.Errorf("%s had been read, and was read %d times more", user, again)
		}
	}
	if c := a.Summary.Change; c == nil || c.Since == "" {
		t.Errorf("the history is not seen: change %+v", c)
	}
	if left, err := filepath.Glob(filepath.Join(s.state, "mfa", "outbox", "*.json")); err != nil || len(left) != 0 {
		t.Errorf("deliveries still wait: %v %v", left, err)
	}
	failing := a.Summary.ByVerdict[mfa.NotEnrolled] + a.Summary.ByVerdict[mfa.WeakOnly]
	if before == 0 || len(s.jira.Open()) != failing {
		t.Errorf("%d issues before, %d open now, %d people fail", before, len(s.jira.Open()), failing)
	}
	keys := map[string]string{}
	for _, i := range s.jira.Issues() {
		at := slices.IndexFunc(i.Labels, func(l string) bool { return strings.Contains(l, "-key-") })
		if at < 0 || keys[i.Labels[at]] != "" {
			t.Errorf("%s is the second issue of %s, or nobody's: %v", i.Key, keys[i.Labels[at]], i.Labels)
		}
		keys[i.Labels[at]] = i.Key
	}
	s.wroteOnlyOncePerPerson()
	s.trailGoesOn()
}

// wroteOnlyOncePerPerson wants no message to whom one had been sent in the week before, and a digest for each of the two audits.
func (s *oldAudits) wroteOnlyOncePerPerson() {
	s.t.Helper()
	digests := 0
	for _, post := range s.slack.Posts() {
		if post.Channel == "C0SECURITY" {
			digests++
			continue
		}
		s.t.Errorf("a message in %s: %.200s", post.Channel, post.Text)
	}
	if digests == 0 {
		s.t.Error("the digest that waited was not sent")
	}
}
