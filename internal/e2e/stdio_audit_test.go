package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify/notifytest"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// auditTools calls the tools of audits as a person does who wants to know who signs in without strong MFA.
func auditTools(s *session, use func(string) string) {
	s.t.Helper()
	t := s.t
	audit := answer[tools.AuditOut](s, use("okta_mfa_audit"), nil)
	for audit.Status == "running" {
		audit = answer[tools.AuditOut](s, "okta_mfa_audit", nil)
	}
	if audit.Summary == nil {
		t.Fatalf("audit: %s, want complete; %s", audit.Status, audit.Next)
	}
	want(t, "audit: status", audit.Status, "complete")
	want(t, "audit: kind", audit.Summary.Kind, mfa.KindFull)
	want(t, "audit: no people", audit.Summary.Total == 0, false)
	job := answer[tools.JobOut](s, "get_job", map[string]any{"job_id": audit.AuditID})
	want(t, "the audit as a job: status", job.Status, "complete")
	want(t, "the audit as a job: people", job.Audit.Total, audit.Summary.Total)
	summary := answer[tools.MFASummaryOut](s, use("okta_mfa_summary"), nil)
	sum := 0
	for _, n := range summary.ByVerdict {
		sum += n
	}
	want(t, "summary: people", summary.Total, audit.Summary.Total)
	want(t, "summary: sum of the verdicts", sum, summary.Total)
	weak := map[string]any{"verdict": "weak_only", "limit": 3}
	found := answer[tools.FindingsOut](s, use("okta_mfa_findings"), weak)
	want(t, "findings: matched", found.Matched, summary.ByVerdict["weak_only"])
	want(t, "findings: no coverage", found.Coverage == "", false)
	if len(found.People) == 0 {
		t.Fatal("findings: no people")
	}
	user := map[string]any{"user": found.People[0].UserID}
	status := answer[tools.UserStatusOut](s, use("okta_mfa_user_status"), user)
	want(t, "status: verdict", status.Verdict, "weak_only")
	want(t, "status: no methods", len(status.Methods) == 0, false)
	want(t, "status: last audit", status.Audited, "")
	events := answer[tools.EventsOut](s, use("okta_mfa_events"), user)
	want(t, "events: no since", events.Since == "", false)
	want(t, "events: no until", events.Until == "", false)
	report := answer[tools.ReportOut](s, use("okta_mfa_report"), map[string]any{"files": true, "slack": true})
	want(t, "report: status", report.Status, "dry_run")
	want(t, "report: no files", report.Receipt.Files == nil, false)
	want(t, "report: no preview", len(report.Preview) == 0, false)
	named := strings.Contains(strings.Join(report.Preview, " "), found.People[0].Login)
	want(t, "report: the preview names a person", named, false)
	if text, failed := s.ask("okta_mfa_report", map[string]any{"jira": "bulk", "deliver": true}); !failed ||
		!strings.Contains(text, "not_configured") {
		t.Errorf("tickets without Jira: %s", text)
	}
}

// TestReportsAreDeliveredOverStdioInBothEras: a client audits an organisation and has it reported, to Jira, Slack and
// files.
func TestReportsAreDeliveredOverStdioInBothEras(t *testing.T) {
	for _, era := range []string{legacy, modern} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			member := notifytest.Member{ID: "UADA", Email: "ada@acme.example.com"}
			b := newBureau(t, bureauOf{
				tenant: oktasim.Options{Seed: 3, Users: 30},
				slack:  notifytest.SlackOptions{People: []notifytest.Member{member}},
				env:    []string{"SLACK_NOTIFY_USERS=true", "TOOL_WAIT=30s"},
			})
			b.tenant.AddUser(oktasim.NewUser{Email: member.Email})
			s := converse(t, era, nil, b.env, "serve")
			defer s.close()
			audit := answer[tools.AuditOut](s, "okta_mfa_audit", nil)
			all := map[string]any{"jira": "per_user", "slack": true, "files": true, "notify_users": true}
			if dry := answer[tools.ReportOut](s, "okta_mfa_report", all); dry.Status != "dry_run" ||
				dry.Receipt.Tickets.Created == 0 || len(b.jira.Issues())+len(b.slack.Calls()) != 0 {
				t.Errorf("without deliver: %+v, %d issues", dry.Receipt, len(b.jira.Issues()))
			}
			all["deliver"] = true
			done := answer[tools.ReportOut](s, "okta_mfa_report", all)
			failing := audit.Summary.ByVerdict["not_enrolled"] + audit.Summary.ByVerdict["weak_only"]
			if done.Status != "delivered" || done.Receipt.Tickets.Created != failing || len(b.jira.Open()) != failing ||
				done.Receipt.Messages.Sent != 1 {
				t.Errorf("delivered: %+v, tickets %+v, messages %+v; %d fail", done, done.Receipt.Tickets,
					done.Receipt.Messages, failing)
			}
			again := answer[tools.ReportOut](s, "okta_mfa_report", all)
			if again.Receipt.Tickets.Unchanged != failing || again.Receipt.Messages.Sent != 0 ||
				again.Receipt.Bulletin.Outcome != "skipped" || len(b.jira.Issues()) != failing {
				t.Errorf("a second time: %+v, %+v, %+v", again.Receipt.Tickets, again.Receipt.Messages, again.Receipt.Bulletin)
			}
			if _, err := os.Stat(filepath.FromSlash(done.Receipt.Files.Page.Path)); err != nil {
				t.Error(err)
			}
			b.onlyRead()
			b.trailHolds(1, audit.Summary.Total)
			text, failed := s.ask("okta_mfa_audit", map[string]any{"group": "No such group"})
			if !failed || !strings.Contains(text, "No such group") {
				t.Errorf("a group that is not there: %s", text)
			}
		})
	}
}
