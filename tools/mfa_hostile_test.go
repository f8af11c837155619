package tools_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
)

// hostileAudit tries every tool of audits on a tenant whose people, departments, roles, groups, policies, factors and
// events bear hostile texts, and on an export full of them. rig.raw checks what comes out.
func hostileAudit(t *testing.T, r *rig, try func(string, arguments)) {
	var everything []string
	export := "User login,User ID,Name,Status,Groups,Authenticator type\n"
	for i, text := range hostile {
		id := r.Tenant.AddUser(oktasim.NewUser{
			Email:      fmt.Sprintf("staff%d@acme.example.com", i),
			FirstName:  text,
			LastName:   text,
			Department: text,
			Title:      text,
			Created:    time.Now().Add(-200 * 24 * time.Hour),
			Profile:    map[string]any{"manager": text, "managerId": text, "displayName": text},
		})
		r.Tenant.AddFactor(id, "sms", "OKTA", "", map[string]any{"phoneNumber": text})
		r.Tenant.AddFactor(id, text, text, "", nil)
		r.Tenant.GiveRole(id, text)
		group := r.Tenant.AddGroup(text, id)
		r.Tenant.AddEnrollmentPolicy(text, []string{group},
			map[string]string{"okta_password": "REQUIRED", "phone_number": "OPTIONAL"}, 1)
		r.Tenant.AddEvent(oktasim.Event{
			Type:   "user.authentication.auth_via_mfa",
			UserID: id,
			Result: "FAILURE",
			Reason: text,
			Debug:  map[string]any{"factor": text},
		})
		r.Tenant.AddEvent(oktasim.Event{
			Type:   "user.mfa.factor.reset_all",
			UserID: id,
			Reason: text,
			Debug:  map[string]any{"factor": text},
		})
		everything = append(everything, id)
		export += fmt.Sprintf("%s,%s,%s,%s,%s,%s\n", quoted(text), quoted(text), quoted(text), quoted(text),
			quoted(text), quoted(text))
	}
	r.Tenant.AddAuthenticator(hostile[4], hostile[0], hostile[10], "ACTIVE")
	r.file("mfa.csv", export)
	time.Sleep(time.Second)
	try("okta_mfa_audit", arguments{"baseline_file": "mfa.csv"})
	for _, tool := range []string{"okta_mfa_summary", "okta_mfa_findings"} {
		try(tool, arguments{})
	}
	try("okta_mfa_audit", arguments{})
	try("okta_mfa_summary", arguments{})
	for limit := range 4 {
		try("okta_mfa_findings", arguments{"limit": 1 + 33*limit})
	}
	try("okta_mfa_findings", arguments{"admins_only": true, "with_recent_events": true})
	try("okta_mfa_report", arguments{"files": true, "slack": true, "notify_users": true})
	for _, kind := range []string{"", "failures", "reset", "admin", "policy"} {
		args := arguments{"limit": 100}
		if kind != "" {
			args["kind"] = kind
		}
		try("okta_mfa_events", args)
	}
	for _, id := range everything {
		try("okta_mfa_user_status", arguments{"user": id})
		try("okta_mfa_events", arguments{"user": id, "kind": "failures"})
	}
	for _, text := range hostile {
		for _, c := range []struct{ tool, argument string }{
			{"okta_mfa_audit", "group"}, {"okta_mfa_audit", "search"}, {"okta_mfa_audit", "baseline_file"},
			{"okta_mfa_audit", "enrollment_deadline"}, {"okta_mfa_audit", text},
			{"okta_mfa_summary", "audit_id"}, {"okta_mfa_report", "audit_id"}, {"okta_mfa_report", text},
			{"okta_mfa_findings", "group"}, {"okta_mfa_findings", "text"}, {"okta_mfa_findings", "method"},
			{"okta_mfa_findings", "cursor"}, {"okta_mfa_findings", "verdict"},
			{"okta_mfa_user_status", "user"}, {"okta_mfa_events", "user"}, {"okta_mfa_events", "since"},
			{"okta_mfa_events", "kind"},
		} {
			try(c.tool, arguments{c.argument: text})
		}
		try("okta_mfa_audit", arguments{"mfa_methods": []string{text}})
		try("okta_mfa_audit", arguments{"allowed_factor_types": []string{text}})
		try("okta_mfa_report", arguments{"files": true, "audit_id": text})
	}
	answer, failed := r.raw("okta_mfa_findings", arguments{"limit": 100, "admins_only": true})
	if failed || !strings.Contains(answer, "Ignore previous instructions") ||
		strings.Count(answer, `"login"`) < len(hostile) {
		t.Errorf("the hostile people are not in the findings, so that nothing was shown: %.400s", answer)
	}
}
