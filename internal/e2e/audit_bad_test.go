package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/cli"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/oktasim"
)

func TestWrongUseOfTheAuditCommandCostsNothing(t *testing.T) {
	t.Parallel()
	b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 3, Users: 10}})
	file := func(name, text string) string {
		path := filepath.Join(b.home, name)
		fails(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	unknown := file("unknown.yaml", "enforcement_level: required\ngrace_hours: 3\n")
	for _, c := range []struct {
		name  string
		env   []string
		args  []string
		words []string
	}{
		{"unknown figure", nil, []string{"--fail-on", "no_one>0"}, []string{"--fail-on", "no_one", "not_enrolled"}},
		{"condition without comparison", nil, []string{"--fail-on", "not_enrolled"}, []string{"not_enrolled>0"}},
		{"unknown flag", nil, []string{"--all"}, []string{"--all"}},
		{"argument", nil, []string{"Finance"}, []string{"Finance"}},
		{"unknown mode", nil, []string{"--jira", "per_team"}, []string{"per_team", "per_manager"}},
		{"group and search", nil, []string{"--group", "A", "--search", "B"}, []string{"--group", "--search"}},
		{"export and group", nil, []string{"--baseline", "x.csv", "--group", "A"}, []string{"--baseline"}},
		{"export and tickets", nil, []string{"--baseline", "x.csv", "--jira", "bulk"}, []string{"--baseline", "--jira"}},
		{"export that is not there", nil, []string{"--baseline", "gone.csv"}, []string{"--baseline", "gone.csv"}},
		{"export of something else", nil, []string{"--baseline", file("other.csv", "Colour,Size\nred,1\n")},
			[]string{"--baseline"}},
		{"unknown field", nil, []string{"--policy", unknown},
			[]string{"--policy", "unknown.yaml", "line 2", "grace_hours", "grace_period_hours"}},
		{"unknown field in the setting", append(b.without("MFA_POLICY"), "MFA_POLICY_FILE="+unknown), nil,
			[]string{"MFA_POLICY_FILE", "grace_hours"}},
		{"policy that is not there", nil, []string{"--policy", "gone.yaml"}, []string{"--policy", "gone.yaml"}},
		{"tickets without Jira", b.without("JIRA_"), []string{"--jira", "bulk"}, []string{"JIRA_URL"}},
		{"digest without Slack", b.without("SLACK_"), []string{"--slack"}, []string{"SLACK_BOT_TOKEN"}},
		{"messages that are not allowed", nil, []string{"--notify-users"}, []string{"SLACK_NOTIFY_USERS"}},
		{"Jira over plain http", append(b.without("JIRA_URL"), "JIRA_URL=http://jira.acme.example.com"),
			[]string{"--jira", "bulk"}, []string{"https://"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := b.audit(c.env, c.args...)
			if r.code != cli.ExitUsage || r.stdout != "" {
				t.Errorf("code %d: %s %s", r.code, r.stdout, r.stderr)
			}
			for _, word := range c.words {
				if !strings.Contains(r.stderr, word) {
					t.Errorf("%q is not said: %s", word, r.stderr)
				}
			}
		})
	}
	if n := len(b.tenant.Calls()); n != 0 {
		t.Errorf("Okta was called: %v", b.tenant.Calls())
	}
}

func TestConditionsDecideTheExitCode(t *testing.T) {
	t.Parallel()
	b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 3, Users: 40}})
	for conditions, code := range map[string]int{"not_enrolled>0": cli.ExitFinding,
		"admins.failing>=1, rate<1%": cli.ExitFinding, "not_enrolled>1000": 0, "coverage<99%, cache_error>50%": 0} {
		r := b.audit(nil, "--fail-on", conditions)
		if r.code != code || !strings.Contains(r.stdout, "people listed") ||
			(code != 0) != strings.Contains(r.stderr, "is met") {
			t.Errorf("%s: code %d, want %d: %s %s", conditions, r.code, code, r.stdout, r.stderr)
		}
	}
	if a := b.audited(cli.ExitFinding, "--fail-on", "not_enrolled>0,compliant<0"); len(a.Met) != 1 ||
		!strings.Contains(a.Met[0], "not_enrolled>0") {
		t.Errorf("%v", a.Met)
	}
}

// TestAnAuditSaysWhatItMeets: each trouble costs at most the people that it hits, and the report names it.
func TestAnAuditSaysWhatItMeets(t *testing.T) {
	someone := func(b *bureau) string { return b.tenant.UserByEmail("someone@acme.example.com") }
	for _, c := range []struct {
		name   string
		tenant oktasim.Options
		args   []string
		spoil  func(b *bureau)
		code   int
		words  []string // on stdout or stderr
		check  func(t *testing.T, b *bureau, r ran)
	}{
		{
			name:  "no such group",
			args:  []string{"--group", "No such group"},
			code:  cli.ExitUsage,
			words: []string{"--group", "no such group", "exact name"},
		},
		{
			name:  "a deadline that has passed",
			args:  []string{"--policy", "policy.yaml"},
			words: []string{"note:", "has passed"},
		},
		{
			name:   "a factor of unknown type",
			tenant: oktasim.Options{NoEnrollments: true},
			args:   []string{"--json"},
			words:  []string{`"unknown": 1`},
			spoil:  func(b *bureau) { b.tenant.AddFactor(someone(b), "brainwave", "ACME", "ACTIVE", nil) },
		},
		{
			name:   "roles are forbidden",
			tenant: oktasim.Options{Forbidden: []string{"/api/v1/iam/", "/api/v1/users/{id}/roles"}},
			words:  []string{"note:", "admin"},
		},
		{
			name:   "the log is forbidden",
			tenant: oktasim.Options{Forbidden: []string{"/api/v1/logs"}},
			words:  []string{"note:", "log"},
		},
		{
			name:   "policies are forbidden",
			tenant: oktasim.Options{Forbidden: []string{"/api/v1/policies"}},
			words:  []string{"note:", "polic"},
		},
		{
			name:   "a clock that is behind",
			tenant: oktasim.Options{Skew: 20 * time.Minute},
			check: func(t *testing.T, b *bureau, _ ran) {
				b.tenant.Enroll(someone(b), "webauthn", "FIDO")
				a := b.audited(0)
				if a.Summary.Kind != mfa.KindIncremental || a.Summary.Change.Fixed != 1 {
					t.Errorf("%s (%s), %+v", a.Summary.Kind, a.Summary.WhyFull, a.Summary.Change)
				}
			},
		},
		{
			name:  "a token that is refused",
			code:  cli.ExitFailed,
			words: []string{"401"},
			spoil: func(b *bureau) { b.tenant.RevokeToken("") },
			check: func(t *testing.T, _ *bureau, r ran) {
				if r.stdout != "" || !strings.Contains(r.stderr, "token") {
					t.Errorf("%s %s", r.stdout, r.stderr)
				}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.tenant.Seed, c.tenant.Users = 3, 20
			b := newBureau(t, bureauOf{tenant: c.tenant})
			b.tenant.AddUser(oktasim.NewUser{
				Email:   "someone@acme.example.com",
				Created: time.Now().Add(-60 * 24 * time.Hour),
			})
			args := c.args
			if len(args) == 2 && args[0] == "--policy" {
				args = []string{"--policy", filepath.Join(b.home, args[1])}
				fails(t, os.WriteFile(args[1], []byte("enrollment_deadline: 2020-01-01\n"), 0o600))
			}
			if c.spoil != nil {
				c.spoil(b)
			}
			r := b.audit(nil, args...)
			if r.code != c.code {
				t.Fatalf("code %d, want %d: %s %s", r.code, c.code, r.stdout, r.stderr)
			}
			for _, word := range c.words {
				if !strings.Contains(strings.ToLower(r.stdout+r.stderr), word) {
					t.Errorf("%q is not said: %s %s", word, r.stdout, r.stderr)
				}
			}
			if c.check != nil {
				c.check(t, b, r)
			}
		})
	}
}

func TestAPersonWhoIsDeletedWhileTheAuditRunsLeavesIt(t *testing.T) {
	t.Parallel()
	b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 3, Users: 20}})
	id := b.tenant.AddUser(oktasim.NewUser{Email: "leaver@acme.example.com"})
	fault := b.tenant.Inject(oktasim.Fault{
		Method:   "GET",
		Path:     "/api/v1/users/" + id + "/",
		Effect:   oktasim.EffectStall,
		Duration: time.Millisecond,
		Do:       func() { b.tenant.DeleteUser(id) },
	})
	a := b.audited(0, "--out", filepath.Join(b.home, "report"))
	if fault.Fired() == 0 || b.table(filepath.Join(b.home, "report"))[id] != "" || a.Summary.Coverage.Unreadable != 0 {
		t.Errorf("fired %d times; %s", fault.Fired(), a.Summary.Coverage.Line)
	}
}

func TestACursorOfTheLogThatIsRefusedLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 3, Users: 20}})
	id := b.tenant.AddUser(oktasim.NewUser{
		Email:   "someone@acme.example.com",
		Created: time.Now().Add(-60 * 24 * time.Hour),
	})
	b.audited(0)
	for range 1500 { // more than a page
		b.tenant.AddEvent(oktasim.Event{Type: "user.mfa.factor.deactivate", UserID: id})
	}
	b.tenant.Enroll(id, "webauthn", "FIDO")
	fault := b.tenant.Inject(oktasim.Fault{
		Pattern: "/api/v1/logs",
		Effect:  oktasim.EffectRejectCursor,
	})
	a := b.audited(0)
	if fault.Fired() == 0 || a.Summary.Change == nil || a.Summary.Change.Fixed != 1 {
		t.Errorf("fired %d times; %s (%s) %+v", fault.Fired(), a.Summary.Kind, a.Summary.WhyFull, a.Summary.Change)
	}
}

// TestTroubleWithJiraAndSlackIsSaidByTheCommand: a sentence, exit code 3, and nothing lost. Package delivery has the
// other cases.
func TestTroubleWithJiraAndSlackIsSaidByTheCommand(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     bureauOf
		env   string
		words []string
	}{
		{"project missing", bureauOf{}, "JIRA_PROJECT=GONE", []string{"GONE"}},
		{"field required", bureauOf{jira: notifytest.JiraOptions{Fields: []notifytest.Field{{
			ID:       "customfield_10042",
			Name:     "Team",
			Required: true,
			Type:     "string",
		}}}}, "", []string{"customfield_10042"}},
		{"jira token wrong", bureauOf{}, "JIRA_API_TOKEN=some-other-token", []string{"401", "make a new token"}},
		{"channel not joined", bureauOf{slack: notifytest.SlackOptions{Channels: []notifytest.Channel{{
			ID:      "C0SECURITY",
			Name:    "security",
			Outside: true,
		}}}}, "", []string{"/invite"}},
		{"slack token wrong", bureauOf{}, "SLACK_BOT_TOKEN=xoxb-some-other-token", []string{"token is wrong"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.tenant = oktasim.Options{Seed: 3, Users: 12}
			b := newBureau(t, c.o)
			if name, _, set := strings.Cut(c.env, "="); set {
				b.env = append(b.without(name), c.env)
			}
			r := b.audit(nil, "--jira", "bulk", "--slack")
			if r.code != cli.ExitUnfinished || strings.Contains(r.stdout+r.stderr, "some-other-token") {
				t.Errorf("code %d: %s %s", r.code, r.stdout, r.stderr)
			}
			for _, word := range append(c.words, "people listed", "waits") {
				if !strings.Contains(r.stdout, word) {
					t.Errorf("%q is not said: %s", word, r.stdout)
				}
			}
		})
	}
}
