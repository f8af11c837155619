package tools_test

import (
	"os"
	"strings"
	"testing"

	"okta-entitlements-mcp/tools"
)

// TestALooserPolicyIsAWhatIf: what a conversation loosens is shown as such, is never the latest, never compared with and
// never delivered. Found from outside: H2.
func TestALooserPolicyIsAWhatIf(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		r.delivering(false)
		record := r.audited(nil)
		if record.WhatIf != nil {
			t.Fatalf("an audit without arguments is a what-if: %q", record.WhatIf)
		}
		loose := r.audited(arguments{"mfa_methods": []string{"weak"}, "minimum_coverage": 0.1, "grace_period_hours": 40000})
		if len(loose.WhatIf) != 3 || loose.Summary.ByVerdict["weak_only"] != 0 || loose.Summary.Fixed != 0 ||
			!strings.Contains(strings.Join(loose.Summary.Notes, " "), "what-if") || !strings.Contains(loose.Next, "what-if") {
			t.Errorf("the what-if: %+v %+v", loose, loose.Summary)
		}
		latest := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil)
		if latest.AuditID != record.AuditID || latest.WhatIf != nil {
			t.Errorf("the latest is %s, want %s", latest.AuditID, record.AuditID)
		}
		shown := call[tools.MFASummaryOut](r, "okta_mfa_summary", arguments{"audit_id": loose.AuditID})
		found := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"audit_id": loose.AuditID})
		if len(shown.WhatIf) != 3 || shown.Change != nil || len(found.WhatIf) != 3 {
			t.Errorf("by its id: what-if %q and %q, change %+v", shown.WhatIf, found.WhatIf, shown.Change)
		}
		for _, order := range []arguments{{"jira": "per_user"}, {"slack": true}, {"notify_users": true}} {
			order["audit_id"] = loose.AuditID
			r.refused("okta_mfa_report", order, "audit_what_if")
		}
		out := call[tools.ReportOut](r, "okta_mfa_report", arguments{"audit_id": loose.AuditID, "files": true})
		page, err := os.ReadFile(out.Receipt.Files.Page.Path)
		if err != nil || !strings.Contains(string(page), "What-if, not an audit of record") {
			t.Errorf("the page does not say that it is a what-if: %v", err)
		}
		next := r.audited(nil)
		change := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil).Change
		if next.Summary.Regressed != 0 || change == nil || change.Since != record.AuditID || change.Policy != nil {
			t.Errorf("the next audit compares with %+v; %d fallen back", change, next.Summary.Regressed)
		}
	})
}

// TestAStricterPolicyIsOfRecordAndNoOneChanged: the policy changed, and no person did.
func TestAStricterPolicyIsOfRecordAndNoOneChanged(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		before := r.audited(nil)
		strict := r.audited(arguments{"mfa_methods": []string{"phishing_resistant"}})
		s := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil)
		if strict.WhatIf != nil || s.AuditID != strict.AuditID {
			t.Fatalf("a stricter policy is no audit of record: %q, the latest is %s", strict.WhatIf, s.AuditID)
		}
		more := s.ByVerdict["weak_only"] - before.Summary.ByVerdict["weak_only"]
		c := s.Change
		if c == nil || c.Policy == nil || c.Regressed != 0 || c.NewFail != 0 || len(c.Verdicts) != 0 ||
			c.Policy.Failing == 0 || c.Policy.Failing != c.Policy.Verdicts["weak_only"] || c.Policy.Failing != more {
			t.Fatalf("%d people more are weak_only; the change is %+v, of the policy %+v", more, c, c.Policy)
		}
		r.factor(ids["di"], "webauthn")
		again := r.audited(arguments{"mfa_methods": []string{"phishing_resistant"}, "full": true})
		c = call[tools.MFASummaryOut](r, "okta_mfa_summary", nil).Change
		if again.Summary.Fixed != 1 || c.Policy != nil {
			t.Errorf("one person put it right under the same policy: %+v", c)
		}
	})
}
