package tools_test

import (
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/tools"
)

// slowAudits runs a test of audits on a tenant that takes two seconds for each reading.
func slowAudits(t *testing.T, wait time.Duration, body func(t *testing.T, r *rig)) {
	t.Helper()
	audits(t, rigOptions{wait: wait}, func(t *testing.T, r *rig, _ map[string]string) {
		for i := range 40 {
			id := r.Tenant.AddUser(oktasim.NewUser{
				Email:   "user" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "@acme.example.com",
				Created: time.Now().Add(-time.Hour),
			})
			r.factor(id, "sms")
		}
		slow := r.Tenant.Inject(oktasim.Fault{
			Method:   "GET",
			Path:     "/api/v1/users/{id}/authenticator-enrollments",
			Times:    -1,
			Effect:   oktasim.EffectStall,
			Duration: 2 * time.Second,
			Acted:    true,
		})
		t.Cleanup(func() {
			if slow.Fired() == 0 {
				t.Error("no reading was slow")
			}
		})
		body(t, r)
	})
}

// reads counts how often a person's enrolments were read.
func (r *rig) reads() int {
	return r.Tenant.CallCount("GET", "/api/v1/users/{userId}/authenticator-enrollments", 200)
}

// auditJob asks for the job of an audit.
func (r *rig) auditJob(id string) tools.JobOut {
	r.t.Helper()
	job := call[tools.JobOut](r, "get_job", arguments{"job_id": id})
	if job.Kind != "audit" || job.JobID != id || job.Audit == nil || job.Run != nil {
		r.t.Fatalf("get_job: got %+v, want audit %s", job, id)
	}
	return job
}

func TestALongAuditIsFollowedAsAJob(t *testing.T) {
	slowAudits(t, 5*time.Second, func(t *testing.T, r *rig) {
		begun := time.Now()
		out := call[tools.AuditOut](r, "okta_mfa_audit", nil)
		if took := time.Since(begun).Round(time.Second); took != 5*time.Second || out.Status != "running" ||
			out.JobID != out.AuditID || out.Progress == nil || !strings.Contains(out.Next, "get_job") {
			t.Fatalf("after %s: %+v", took, out)
		}
		// the three in person; those of groups come next
		if out.Admins == nil || out.Admins.Total != 3 || sum(out.Admins.ByVerdict) != 3 {
			t.Errorf("administrators so far: %+v", out.Admins)
		}
		if same := call[tools.AuditOut](r, "okta_mfa_audit", nil); same.AuditID != out.AuditID {
			t.Errorf("asked again, it is another audit: %s", same.AuditID)
		}
		r.refused("okta_mfa_audit", arguments{"full": true}, "audit_busy")
		job := r.auditJob(out.JobID)
		if job.Status != "running" || sum(job.Audit.Admins) < 3 || job.Progress == nil || job.Progress.Total == 0 ||
			!strings.Contains(job.Next, "administrators") {
			t.Errorf("get_job: %+v %+v", job, job.Progress)
		}
		r.refused("okta_mfa_summary", nil, "no_audit") // half an audit is none
		time.Sleep(5 * time.Minute)
		ended := r.auditJob(out.JobID)
		if ended.Status != "complete" || ended.Audit.Total != 48 || sum(ended.Audit.Verdicts) != 48 ||
			ended.Progress != nil || !strings.Contains(ended.Audit.Coverage, "48 people listed") {
			t.Errorf("at the end: %+v", ended)
		}
		s := call[tools.MFASummaryOut](r, "okta_mfa_summary", arguments{"audit_id": out.AuditID})
		r.addsUp("okta_mfa_summary", s.Coverage, s.TallyItem)
		r.refused("cancel_job", arguments{"job_id": noAudit}, "job_not_running")
	})
}

// TestACancelledAuditGoesOnUnderItsID: in this process, and in the next one, and no one is read twice.
func TestACancelledAuditGoesOnUnderItsID(t *testing.T) {
	slowAudits(t, 4*time.Second, func(t *testing.T, r *rig) {
		out := call[tools.AuditOut](r, "okta_mfa_audit", arguments{"sample": 0})
		if out.Status != "running" {
			t.Fatalf("%+v", out)
		}
		for _, say := range []string{"cancel_job", "get_job"} {
			if got := call[tools.JobOut](r, say, arguments{"job_id": out.JobID}); got.Status != "stopped" ||
				got.Kind != "audit" || got.JobID != out.JobID || !strings.Contains(got.Next, "okta_mfa_audit") {
				t.Errorf("%s: %+v", say, got)
			}
		}
		r.refused("okta_mfa_summary", arguments{"audit_id": out.AuditID}, "no_audit")
		again := call[tools.AuditOut](r, "okta_mfa_audit", arguments{"sample": 0})
		if again.AuditID != out.AuditID {
			t.Errorf("it went on as %s, it was %s", again.AuditID, out.AuditID)
		}
		r.deps.MFA.Auditor.Close() // as when the process ends
		next := r.restart(rigOptions{wait: 10 * time.Minute})
		if seen := next.auditJob(out.JobID); seen.Status != "stopped" {
			t.Errorf("in the next process get_job says %+v", seen)
		}
		ended := next.audited(arguments{"sample": 0})
		if ended.AuditID != out.AuditID || ended.Summary.Total != 48 ||
			!strings.Contains(ended.Summary.Coverage, "48 people listed: 48 read now") {
			t.Errorf("in the end: %s, %s", ended.AuditID, ended.Summary.Coverage)
		}
		// Those under way when it was stopped were asked for and not kept: at most as many as are read at once, each time.
		if n := next.reads(); n < 48 || n > 48+2*16 {
			t.Errorf("48 people were read %d times", n)
		}
		last := next.restart(rigOptions{})
		if seen := last.auditJob(out.JobID); seen.Status != "complete" || sum(seen.Audit.Verdicts) != 48 {
			t.Errorf("an audit of an earlier process: %+v", seen)
		}
	})
}
