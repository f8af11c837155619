package tools_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/tools"
)

// TestAuditsAreRefusedBeforeTheyAreBegun: what makes no sense costs Okta next to nothing, and the next step says what
// would.
func TestAuditsAreRefusedBeforeTheyAreBegun(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		r.Tenant.AddGroup("Twins", ids["ada"])
		r.Tenant.AddGroup("Twins", ids["bob"])
		for _, c := range []struct {
			args arguments
			code string
			says string // in the message or the next step
			most int    // calls
		}{
			{arguments{"group": "No such"}, "group_not_found", "00g", 1},
			{arguments{"group": "00gNothingLikeIt"}, "group_not_found", "00g", 2},
			{arguments{"group": "Twins"}, "group_not_found", "2 groups are called", 1},
			{arguments{"group": "Twins", "search": `status eq "ACTIVE"`}, "conflicting_arguments", "leave one", 0},
			{arguments{"baseline_file": "mfa.csv", "full": true}, "conflicting_arguments", "leave group", 0},
			{arguments{"baseline_file": "mfa.csv"}, "file_not_found", "list_csv_files", 0},
			{arguments{"baseline_file": "../mfa.csv"}, "outside_inbox", "", 0},
			{arguments{"mfa_methods": []string{}}, "policy_refused", "no one could comply", 0},
			{arguments{"mfa_methods": []string{"pigeon"}}, "policy_refused", "webauthn", 0},
			{arguments{"mfa_methods": []string{"email"}}, "policy_refused", "second factor", 0},
			{arguments{"mfa_methods": []string{"webauthn"}, "allowed_factor_types": []string{"sms"}}, "policy_refused",
				"no one could comply", 0},
			{arguments{"grace_period_hours": -1}, "policy_refused", "negative", 0},
			{arguments{"sample": 1.5}, "policy_refused", "between 0 and 1", 0},
			{arguments{"minimum_coverage": 99}, "policy_refused", "between 0 and 1", 0},
			{arguments{"enrollment_deadline": "next week"}, "policy_refused", "2026-12-31", 0},
			{arguments{"enforcement_level": "strict"}, "wrong_value", "off", 0},
			{arguments{"policy": "strict"}, "unknown_argument", "known are", 0},
			{arguments{"grace_hours": 3}, "unknown_argument", "grace_period_hours", 0},
			{arguments{"sample": "all"}, "wrong_type", "number", 0},
		} {
			n := r.asks(func() {
				p := r.refused("okta_mfa_audit", c.args, c.code)
				if !strings.Contains(p.Message+" "+p.Next, c.says) {
					t.Errorf("%v: %+v does not say %q", c.args, p, c.says)
				}
			})
			if n > c.most {
				t.Errorf("%v: refused after %d calls to Okta, want %d at most", c.args, n, c.most)
			}
		}
		r.refused("okta_mfa_audit", arguments{"search": "nonsense ("}, "okta_refused")
		r.refused("okta_mfa_summary", nil, "no_audit") // nothing above has left one
	})
}

func TestExportsThatCannotBeReadAreRefused(t *testing.T) {
	r := newRig(t, rigOptions{})
	for name, c := range map[string]struct{ text, says string }{
		"no one named":      {"Authenticator type,Groups\nPhone,All\n", "names people"},
		"nothing listed":    {"User login,Groups\nada@acme.example.com,All\n", "lists authenticators"},
		"nothing":           {"", "empty"},
		"a workbook":        {"PK\x03\x04", "an Excel workbook"},
		"an access report.": {small, "is of a report about administrators"},
	} {
		r.file("export.csv", c.text)
		p := r.refused("okta_mfa_audit", arguments{"baseline_file": "export.csv"}, "baseline_unreadable")
		if !strings.Contains(p.Message, c.says) || !strings.Contains(p.Next, "MFA enrollment by user") {
			t.Errorf("%s: %+v", name, p)
		}
	}
	r.refused("okta_mfa_summary", nil, "no_audit")
}

func TestQuestionsAboutNoAuditAreRefused(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		for tool, args := range map[string]arguments{"okta_mfa_summary": {}, "okta_mfa_findings": {},
			"okta_mfa_report": {"files": true}} {
			if p := r.refused(tool, args, "no_audit"); !strings.Contains(p.Next, "okta_mfa_audit") {
				t.Errorf("%s: %+v", tool, p)
			}
			for _, id := range []string{noAudit, "../../etc", "latest"} {
				args["audit_id"] = id
				r.refused(tool, args, "no_audit")
			}
		}
		r.refused("get_job", arguments{"job_id": noAudit}, "no_audit")
		r.refused("cancel_job", arguments{"job_id": noAudit}, "job_not_running")

		first := r.audited(nil)
		page := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"limit": 2})
		time.Sleep(time.Hour)
		r.audited(nil)
		r.refused("okta_mfa_findings", arguments{"cursor": page.NextCursor}, "wrong_cursor")
		r.refused("okta_mfa_findings", arguments{"cursor": "nonsense"}, "wrong_cursor")
		r.refused("okta_mfa_findings", arguments{"cursor": first.AuditID + ".-1", "audit_id": first.AuditID}, "wrong_cursor")
		if next := call[tools.FindingsOut](r, "okta_mfa_findings",
			arguments{"cursor": page.NextCursor, "audit_id": first.AuditID, "limit": 2}); len(next.People) != 2 {
			t.Errorf("the first audit's second page has %d people", len(next.People))
		}
		for _, limit := range []int{-1, 101} {
			r.refused("okta_mfa_findings", arguments{"limit": limit}, "wrong_limit")
			r.refused("okta_mfa_events", arguments{"limit": limit}, "wrong_limit")
		}
		r.refused("okta_mfa_findings", arguments{"verdict": "fine"}, "wrong_value")
		r.refused("okta_mfa_findings", arguments{"group": "No such"}, "group_not_found")
		r.refused("okta_mfa_findings", arguments{"factor": "sms"}, "unknown_argument")
		r.refused("okta_mfa_summary", arguments{"group": "x"}, "unknown_argument")
	})
}

func TestPeopleAndTimesThatAreNotThereAreRefused(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		for _, tool := range []string{"okta_mfa_user_status", "okta_mfa_events"} {
			r.refused(tool, arguments{"user": "ghost@acme.example.com"}, "not_found")
			r.refused(tool, arguments{"user": "00uNobodyAtAll00000"}, "not_found")
		}
		r.refused("okta_mfa_user_status", arguments{"user": "  "}, "missing_argument")
		r.refused("okta_mfa_user_status", nil, "missing_argument")
		now := time.Now().UTC()
		for _, args := range []arguments{
			{"since": now.Add(-time.Hour).Format(time.RFC3339), "until": now.Add(-2 * time.Hour).Format(time.RFC3339)},
			{"since": now.Add(time.Hour).Format(time.RFC3339)},
			{"since": now.Add(-91 * 24 * time.Hour).Format(time.RFC3339)},
			{"until": now.Add(-91 * 24 * time.Hour).Format(time.RFC3339)},
			{"since": "yesterday"},
		} {
			if n := r.asks(func() { r.refused("okta_mfa_events", args, "wrong_time") }); n != 0 {
				t.Errorf("%v: refused after %d calls", args, n)
			}
		}
		r.refused("okta_mfa_events", arguments{"kind": "weather"}, "wrong_value")
	})
}

// TestReportsThatCannotBeMadeAreRefused, and dry ones deliver nothing.
func TestReportsThatCannotBeMadeAreRefused(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		out := r.audited(nil)
		r.refused("okta_mfa_report", nil, "missing_argument")
		r.refused("okta_mfa_report", arguments{"deliver": true}, "missing_argument")
		r.refused("okta_mfa_report", arguments{"jira": "per_team"}, "wrong_value")
		for says, args := range map[string]arguments{
			"JIRA_URL": {"jira": "bulk"}, "SLACK_BOT_TOKEN": {"slack": true, "deliver": true},
		} {
			if p := r.refused("okta_mfa_report", args, "not_configured"); !strings.Contains(p.Next, says) {
				t.Errorf("%v: %+v", args, p)
			}
		}
		dry := call[tools.ReportOut](r, "okta_mfa_report", arguments{"files": true, "slack": true, "notify_users": true})
		if dry.Status != "dry_run" || !dry.Receipt.DryRun || len(dry.Preview) < 4 || dry.Receipt.Messages == nil ||
			dry.Receipt.Messages.Would == 0 || dry.Receipt.Messages.Sent != 0 {
			t.Errorf("a dry run: %+v %+v", dry, dry.Receipt)
		}
		if !strings.Contains(dry.Receipt.Coverage, "people listed") {
			t.Errorf("the receipt has no coverage line: %q", dry.Receipt.Coverage)
		}
		for _, line := range dry.Preview {
			if strings.Contains(line, "ada@") || strings.Contains(line, "Flo ") {
				t.Errorf("the bulletin names a person, and no channel is listed for that: %q", line)
			}
		}
		folder := filepath.Join(r.deps.MFA.Auditor.Dir(out.AuditID), "report")
		for _, name := range []string{"findings.csv", "summary.json", "report.html"} {
			info, err := os.Stat(filepath.Join(folder, name))
			if err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v, want a file for its owner alone", name, info, err)
			}
		}
		if files := call[tools.ReportOut](r, "okta_mfa_report", arguments{"files": true}); files.Status != "delivered" ||
			files.Receipt.Files == nil {
			t.Errorf("files alone need no leave: %+v", files)
		}
	})
}

// TestAnAuditOnlyReads: whatever the tools of audits do, Okta is asked by GET alone.
func TestAnAuditOnlyReads(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		r.audited(nil)
		r.audited(arguments{"group": "Identity team"})
		r.audited(arguments{"search": `profile.department eq "Sales"`})
		call[tools.UserStatusOut](r, "okta_mfa_user_status", arguments{"user": ids["ed"]})
		call[tools.EventsOut](r, "okta_mfa_events", nil)
		call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"group": "Identity team"})
		call[tools.ReportOut](r, "okta_mfa_report", arguments{"files": true})
		if calls(r) == 0 {
			t.Fatal("Okta was asked nothing")
		}
		r.nothingWritten()
	})
}
