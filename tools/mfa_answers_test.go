package tools_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// TestWhichAdminsHaveOnlySMSCostsOktaNothing: the question for which the audit is kept.
func TestWhichAdminsHaveOnlySMSCostsOktaNothing(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		if n := r.asks(func() { r.audited(nil) }); n == 0 {
			t.Fatal("the audit asked Okta nothing, so that nothing is shown here")
		}
		n := r.asks(func() {
			found := call[tools.FindingsOut](r, "okta_mfa_findings",
				arguments{"admins_only": true, "method": "sms", "only_this_method": true})
			if got := logins(found); !slices.Equal(got, []string{"ada"}) || found.Matched != 1 ||
				!slices.Equal(found.People[0].Roles, []string{"SUPER_ADMIN"}) {
				t.Errorf("admins with nothing but SMS: %v of %d, want ada, a SUPER_ADMIN", got, found.Matched)
			}
			if !strings.Contains(found.Coverage, "8 people listed") {
				t.Errorf("coverage: %q", found.Coverage)
			}
			by := call[tools.FindingsOut](r, "okta_mfa_findings",
				arguments{"admins_only": true, "method": "phone_number", "only_this_method": true})
			if got := logins(by); !slices.Equal(got, []string{"ada", "cy"}) {
				t.Errorf("admins with nothing but a phone: %v, want ada and, through a group, cy", got)
			}
			s := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil)
			r.addsUp("okta_mfa_summary", s.Coverage, s.TallyItem)
			r.addsUp("its admins", s.Coverage, s.Admins)
			if s.Total != 8 || s.Enrolled != 5 || s.Not != 3 || s.Admins.Total != 4 {
				t.Errorf("summary: %+v, admins %+v", s.TallyItem, s.Admins)
			}
		})
		if n != 0 {
			t.Errorf("the answers cost Okta %d calls", n)
		}
	})
}

// TestFindingsAreFilteredPagedAndCountedAlike goes through every verdict and strength: what the summary counts is
// what is listed.
func TestFindingsAreFilteredPagedAndCountedAlike(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		out := r.audited(nil)
		for verdict, n := range out.Summary.ByVerdict {
			if f := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"verdict": verdict}); f.Matched != n ||
				len(f.People) != n {
				t.Errorf("%s: %d matched and %d listed, the summary has %d", verdict, f.Matched, len(f.People), n)
			}
		}
		for strength, n := range out.Summary.ByStrength {
			if f := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"strength": strength}); f.Matched != n {
				t.Errorf("%s: %d matched, the summary has %d", strength, f.Matched, n)
			}
		}
		var seen []string
		cursor := ""
		for range 20 {
			f := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"limit": 3, "cursor": cursor})
			if f.Matched != 8 || !strings.Contains(f.Coverage, "people listed") {
				t.Errorf("a page: matched %d, coverage %q", f.Matched, f.Coverage)
			}
			seen = append(seen, logins(f)...)
			if cursor = f.NextCursor; cursor == "" {
				break
			}
		}
		if whole := logins(call[tools.FindingsOut](r, "okta_mfa_findings", nil)); !slices.Equal(seen, whole) ||
			len(whole) != 8 {
			t.Errorf("in pages %v, in one %v", seen, whole)
		}
		if f := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"text": "FLO"}); !slices.Equal(logins(f),
			[]string{"flo"}) {
			t.Errorf("by text: %v", logins(f))
		}
		group := r.Tenant.AddGroup("Field staff", ids["ed"], ids["flo"])
		for _, by := range []string{"Field staff", group} {
			if f := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"group": by}); !slices.Equal(logins(f),
				[]string{"flo", "ed"}) {
				t.Errorf("of group %s: %v", by, logins(f))
			}
		}
	})
}

// TestPeopleUnderAttackComeFirst: recent events outrank the alphabet.
func TestPeopleUnderAttackComeFirst(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		for range 4 {
			r.Tenant.AddEvent(oktasim.Event{Type: "user.mfa.okta_verify.deny_push", UserID: ids["ed"]})
		}
		r.audited(nil)
		f := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"with_recent_events": true})
		if !slices.Equal(logins(f), []string{"ed"}) || len(f.People[0].Recent) != 1 ||
			f.People[0].Recent[0].Kind != "push_denied" || f.People[0].Recent[0].Count != 4 {
			t.Errorf("with recent events: %+v", f.People)
		}
		all := logins(call[tools.FindingsOut](r, "okta_mfa_findings", nil))
		if slices.Index(all, "ed") > slices.Index(all, "flo") {
			t.Errorf("the order is %v; ed, who is attacked, is to come before others without a role", all)
		}
	})
}

func TestASecondAuditReadsOnlyWhoChanged(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		first := r.audited(arguments{"sample": 0})
		time.Sleep(24 * time.Hour)
		r.Tenant.Enroll(ids["ed"], "webauthn", "FIDO")
		r.Tenant.RemoveFactor(ids["di"], "push")
		second := r.audited(arguments{"sample": 0})
		b := second.Summary
		if b.Kind != "incremental" || b.WhyFull != "" ||
			!strings.Contains(b.Coverage, "8 people listed: 2 read now, 6 from earlier readings") {
			t.Errorf("the second audit is %s (%s): %s", b.Kind, b.WhyFull, b.Coverage)
		}
		if b.Fixed != 1 || b.Regressed != 1 || b.Calls >= first.Summary.Calls {
			t.Errorf("put right %d, fallen back %d, %d calls after %d", b.Fixed, b.Regressed, b.Calls, first.Summary.Calls)
		}
		if s := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil); s.Change == nil ||
			s.Change.Since != first.AuditID || s.Change.Fixed != 1 {
			t.Errorf("change: %+v", s.Change)
		}
		full := r.audited(arguments{"full": true, "sample": 0})
		if full.Summary.Kind != "full" || fmt.Sprint(full.Summary.ByVerdict) != fmt.Sprint(b.ByVerdict) ||
			fmt.Sprint(full.Summary.ByMethod) != fmt.Sprint(b.ByMethod) {
			t.Errorf("a full audit says %v %v, the incremental one said %v %v", full.Summary.ByVerdict,
				full.Summary.ByMethod, b.ByVerdict, b.ByMethod)
		}
		if old := call[tools.MFASummaryOut](r, "okta_mfa_summary",
			arguments{"audit_id": first.AuditID}); fmt.Sprint(old.ByVerdict) != fmt.Sprint(first.Summary.ByVerdict) {
			t.Errorf("the first audit now says %v, it said %v", old.ByVerdict, first.Summary.ByVerdict)
		}
	})
}

// export is the Admin Console's report on the staff. It is wrong about ed, who has SMS in Okta, and knows a person
// that Okta does not.
const export = "User login,User email,Name,Status,Authenticator type,Is admin\n" +
	"ada@acme.example.com,ada@acme.example.com,Ada,ACTIVE,Phone,true\n" +
	"bob@acme.example.com,bob@acme.example.com,Bob,ACTIVE,\"Phone, Security Key or Biometric\",true\n" +
	"cy@acme.example.com,cy@acme.example.com,Cy,ACTIVE,Phone,false\n" +
	"di@acme.example.com,di@acme.example.com,Di,ACTIVE,Okta Verify,false\n" +
	"ed@acme.example.com,ed@acme.example.com,Ed,ACTIVE,Google Authenticator,false\n" +
	"flo@acme.example.com,flo@acme.example.com,Flo,ACTIVE,,false\n" +
	"gone@acme.example.com,gone@acme.example.com,Gone,ACTIVE,Phone,false\n"

// TestAnExportIsAStartThatCostsNothingAndIsCompared: the Admin Console's CSV first, then Okta itself.
func TestAnExportIsAStartThatCostsNothingAndIsCompared(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		r.file("mfa.csv", export)
		if err := os.Chtimes(filepath.Join(r.inbox, "mfa.csv"), time.Now().Add(-5*time.Hour),
			time.Now().Add(-5*time.Hour)); err != nil {
			t.Fatal(err)
		}
		var base tools.AuditOut
		if n := r.asks(func() { base = r.audited(arguments{"baseline_file": "mfa.csv"}) }); n != 0 {
			t.Errorf("the export cost Okta %d calls", n)
		}
		if base.Summary.Kind != "baseline" || base.Summary.Total != 7 || base.Summary.ByVerdict["weak_only"] != 3 ||
			base.Summary.ByVerdict["not_enrolled"] != 1 {
			t.Errorf("of the export: %+v %+v", base.Summary, base.Summary.TallyItem)
		}
		s := call[tools.MFASummaryOut](r, "okta_mfa_summary", arguments{"audit_id": base.AuditID})
		if s.Baseline == nil || s.Baseline.File != "mfa.csv" || s.Baseline.Age == "" ||
			!strings.Contains(s.Caveat, "export") {
			t.Errorf("the summary does not say that it is of an export: %+v %q", s.Baseline, s.Caveat)
		}
		f := call[tools.FindingsOut](r, "okta_mfa_findings", arguments{"audit_id": base.AuditID, "admins_only": true})
		if !slices.Equal(logins(f), []string{"ada", "bob"}) {
			t.Errorf("admins of the export: %v", logins(f))
		}
		r.refused("okta_mfa_report", arguments{"audit_id": base.AuditID, "jira": "bulk"}, "audit_too_coarse")
		r.refused("okta_mfa_report", arguments{"audit_id": base.AuditID, "notify_users": true}, "audit_too_coarse")

		r.audited(nil)
		c := call[tools.MFASummaryOut](r, "okta_mfa_summary", nil).Baseline
		if c == nil || c.Rows != 7 || c.Agree != 5 || c.Differ != 1 || c.OnlyFile != 1 || c.OnlyAPI != 2 ||
			!slices.Equal(c.Sample, []string{ids["ed"]}) {
			t.Errorf("compared with Okta: %+v; want 5 that agree, ed who differs, one in the file alone, gus and the "+
				"administrator in Okta alone", c)
		}
	})
}

func TestUserStatusSaysWhenAMethodWasLastUsed(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		used := time.Now().UTC().Add(-3 * time.Hour).Truncate(time.Second)
		r.Tenant.AddEvent(oktasim.Event{
			Type:   "user.authentication.auth_via_mfa",
			UserID: ids["bob"],
			At:     used,
			Debug:  map[string]any{"factor": "FIDO_WEBAUTHN"},
		})
		status := call[tools.UserStatusOut](r, "okta_mfa_user_status", arguments{"user": "bob@acme.example.com"})
		if status.User.ID != ids["bob"] || status.Verdict != "compliant" || status.Sources != "both" {
			t.Errorf("bob: %+v", status)
		}
		shown := map[string]tools.MethodItem{}
		for _, m := range status.Methods {
			shown[m.Method] = m
		}
		if m := shown["webauthn"]; m.LastUsed != used.Format(time.RFC3339) || m.Since == "" ||
			m.Strength != "phishing_resistant" {
			t.Errorf("the security key: %+v, used at %s", m, used)
		}
		if m := shown["sms (phone_number)"]; m.Method == "" || m.LastUsed != "" {
			t.Errorf("SMS: %+v; the log shows no use", m)
		}
		r.audited(nil)
		r.Tenant.RemoveFactor(ids["bob"], "webauthn")
		later := call[tools.UserStatusOut](r, "okta_mfa_user_status", arguments{"user": ids["bob"]})
		if later.Verdict != "weak_only" || !strings.HasPrefix(later.Audited, "compliant on ") {
			t.Errorf("after the key is gone: %s, audited %q", later.Verdict, later.Audited)
		}
		r.Tenant.SetPermission("/api/v1/logs", false)
		blind := call[tools.UserStatusOut](r, "okta_mfa_user_status", arguments{"user": ids["bob"]})
		if !slices.ContainsFunc(blind.Notes, func(s string) bool {
			return strings.Contains(s, "System Log cannot be read")
		}) {
			t.Errorf("without the log the notes are %v", blind.Notes)
		}
	})
}

// TestEventsAreBoundedAndTheNewestComesFirst pages through a log in which several events share an instant.
func TestEventsAreBoundedAndTheNewestComesFirst(t *testing.T) {
	audits(t, rigOptions{}, func(t *testing.T, r *rig, ids map[string]string) {
		time.Sleep(48 * time.Hour)
		now := time.Now().UTC()
		for i := range 9 {
			r.Tenant.AddEvent(oktasim.Event{
				Type:   "user.mfa.factor.reset_all",
				UserID: ids["ed"],
				At:     now.Add(-time.Duration(i/3) * time.Hour),
			})
		}
		r.Tenant.AddEvent(oktasim.Event{
			Type:   "user.mfa.factor.reset_all",
			UserID: ids["flo"],
			At:     now.Add(-30 * time.Hour),
		}) // before the last 24 hours
		r.Tenant.AddEvent(oktasim.Event{
			Type:   "user.authentication.auth_via_mfa",
			UserID: ids["di"],
			At:     now.Add(-time.Hour),
			Result: "FAILURE",
			Reason: "INVALID_CREDENTIALS",
		})
		time.Sleep(time.Minute)

		all := call[tools.EventsOut](r, "okta_mfa_events", nil)
		if len(all.Events) != 9 || all.More {
			t.Fatalf("%d events, want the 9 resets of the last 24 hours and no failure", len(all.Events))
		}
		if !slices.IsSortedFunc(all.Events, func(a, b tools.EventItem) int { return strings.Compare(b.At, a.At) }) {
			t.Errorf("the newest does not come first: %+v", all.Events)
		}
		if all.Since == "" || all.Until == "" {
			t.Errorf("the answer does not say from when to when: %+v", all)
		}
		pages, until, shown := 0, "", map[string]int{}
		for more := true; more && pages < 9; pages++ {
			args := arguments{"limit": 4}
			if until != "" {
				args["until"] = until
			}
			page := call[tools.EventsOut](r, "okta_mfa_events", args)
			for _, e := range page.Events {
				shown[e.At]++
			}
			if more = page.More; more {
				_, rest, _ := strings.Cut(page.Next, "until ")
				until, _, _ = strings.Cut(rest, " ")
			}
		}
		for _, e := range all.Events {
			if shown[e.At] < 3 {
				t.Errorf("of the three events at %s, paging shows %d", e.At, shown[e.At])
			}
		}
		if pages >= 9 {
			t.Error("paging does not end")
		}
		if f := call[tools.EventsOut](r, "okta_mfa_events",
			arguments{"kind": "failures", "user": "di@acme.example.com"}); len(f.Events) != 1 ||
			f.Events[0].Reason != "INVALID_CREDENTIALS" {
			t.Errorf("failures of di: %+v", f.Events)
		}
		if f := call[tools.EventsOut](r, "okta_mfa_events", arguments{"user": ids["flo"]}); len(f.Events) != 0 {
			t.Errorf("of flo in the last 24 hours: %+v", f.Events)
		}
		wider := arguments{"user": ids["flo"], "kind": "reset", "since": now.Add(-40 * time.Hour).Format(time.RFC3339)}
		if f := call[tools.EventsOut](r, "okta_mfa_events", wider); len(f.Events) != 1 ||
			!slices.Equal(f.Events[0].Users, []string{"flo@acme.example.com"}) {
			t.Errorf("of flo in the last 40 hours: %+v", f.Events)
		}
	})
}

// auditInWorkflow gives each tool of audits its main use, after an import.
func (r *rig) auditInWorkflow(use func(string) string, user string) {
	t := r.t
	t.Helper()
	r.factor(user, "sms")
	audit := call[tools.AuditOut](r, use("okta_mfa_audit"), arguments{"search": `profile.email sw "ada@"`})
	if audit.Summary == nil {
		t.Fatalf("audit: %s, want complete; %s", audit.Status, audit.Next)
	}
	want(t, "audit: status", audit.Status, "complete")
	want(t, "audit: people", audit.Summary.Total, 1)
	want(t, "audit: weak_only", audit.Summary.ByVerdict["weak_only"], 1)
	summary := call[tools.MFASummaryOut](r, use("okta_mfa_summary"), nil)
	want(t, "summary: audit", summary.AuditID, audit.AuditID)
	want(t, "summary: phones", summary.ByMethod["phone_number"], 1)
	found := call[tools.FindingsOut](r, use("okta_mfa_findings"), arguments{"verdict": "weak_only"})
	want(t, "findings: matched", found.Matched, 1)
	want(t, "findings: person", found.People[0].UserID, user)
	status := call[tools.UserStatusOut](r, use("okta_mfa_user_status"), arguments{"user": user})
	want(t, "status: verdict", status.Verdict, "weak_only")
	want(t, "status: no methods", len(status.Methods) == 0, false)
	r.Tenant.ResetFactors(user)
	events := call[tools.EventsOut](r, use("okta_mfa_events"), arguments{"kind": "reset"})
	if len(events.Events) != 1 {
		t.Fatalf("events: %d, want 1", len(events.Events))
	}
	want(t, "events: type", events.Events[0].Type, "user.mfa.factor.reset_all")
	done := call[tools.ReportOut](r, use("okta_mfa_report"), arguments{"files": true})
	want(t, "report: status", done.Status, "delivered")
	want(t, "report: no files", done.Receipt.Files == nil, false)
}
