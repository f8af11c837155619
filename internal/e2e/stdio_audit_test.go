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
	if audit.Status != "complete" || audit.Summary.Kind != mfa.KindFull || audit.Summary.Total == 0 {
		t.Fatalf("audit: %+v", audit)
	}
	if job := answer[tools.JobOut](s, "get_job", map[string]any{"job_id": audit.AuditID}); job.Status != "complete" || job.Audit.Total != audit.Summary.Total {
		t.Errorf("the audit as a job: %+v", job)
	}
	summary := answer[tools.MFASummaryOut](s, use("okta_mfa_summary"), nil)
	sum := 0
	for _, n := range summary.ByVerdict {
		sum += n
	}
	if summary.Total != audit.Summary.Total || sum != summary.Total {
		t.Errorf("summary: %+v", summary)
	}
	found := answer[tools.FindingsOut](s, use("okta_mfa_findings"), map[string]any{"verdict": "weak_only", "limit": 3})
	if found.Matched != summary.ByVerdict["weak_only"] || len(found.People) == 0 || found.Coverage == "" {
		t.Fatalf("findings: %+v", found)
	}
	status := answer[tools.UserStatusOut](s, use("okta_mfa_user_status"), map[string]any{"user": found.People[0].UserID})
	if status.Verdict != "weak_only" || len(status.Methods) == 0 || status.Audited != "" {
		t.Errorf("status: %+v", status)
	}
	if events := answer[tools.EventsOut](s, use("okta_mfa_events"), map[string]any{"user": found.People[0].UserID}); events.Since == "" || events.Until == "" {
		t.Errorf("events: %+v", events)
	}
	report := answer[tools.ReportOut](s, use("okta_mfa_report"), map[string]any{"files": true, "slack": true})
	if report.Status != "dry_run" || report.Receipt.Files == nil || len(report.Preview) == 0 || strings.Contains(strings.Join(report.Preview, " "), found.People[0].Login) {
		t.Errorf("report: %+v", report)
	}
	if text, failed := s.ask("okta_mfa_report", map[string]any{"jira": "bulk", "deliver": true}); !failed || !strings.Contains(text, "not_configured") {
		t.Errorf("tickets without Jira: %s", text)
	}
}

// TestReportsAreDeliveredOverStdioInBothEras: a client audits an organisation and has it reported, to Jira, Slack and files.
func TestReportsAreDeliveredOverStdioInBothEras(t *testing.T) {
	for _, era := range []string{legacy, modern} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			member := notifytest.Member{ID: "UADA", Email: "ada@acme.example.com"}
			b := newBureau(t, bureauOf{tenant: oktasim.Options{Seed: 3, Users: 30}, slack: notifytest.SlackOptions{People: []notifytest.Member{member}},
				env: []string{"SLACK_NOTIFY_USERS=true", "TOOL_WAIT=30s"}})
			b.tenant.AddUser(oktasim.NewUser{Email: member.Email})
			s := converse(t, era, nil, b.env, "serve")
			defer s.close()
			audit := answer[tools.AuditOut](s, "okta_mfa_audit", nil)
			all := map[string]any{"jira": "per_user", "slack": true, "files": true, "notify_users": true}
			if dry := answer[tools.ReportOut](s, "okta_mfa_report", all); dry.Status != "dry_run" || dry.Receipt.Tickets.Created == 0 || len(b.jira.Issues())+len(b.slack.Calls()) != 0 {
				t.Errorf("without deliver: %+v, %d issues", dry.Receipt, len(b.jira.Issues()))
			}
			all["deliver"] = true
			done := answer[tools.ReportOut](s, "okta_mfa_report", all)
			failing := audit.Summary.ByVerdict["not_enrolled"] + audit.Summary.ByVerdict["weak_only"]
			if done.Status != "delivered" || done.Receipt.Tickets.Created != failing || len(b.jira.Open()) != failing || done.Receipt.Messages.Sent != 1 {
				t.Errorf("delivered: %+v, tickets %+v, messages %+v; %d fail", done, done.Receipt.Tickets, done.Receipt.Messages, failing)
			}
			again := answer[tools.ReportOut](s, "okta_mfa_report", all)
			if again.Receipt.Tickets.Unchanged != failing || again.Receipt.Messages.Sent != 0 || again.Receipt.Bulletin.Outcome != "skipped" || len(b.jira.Issues()) != failing {
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
