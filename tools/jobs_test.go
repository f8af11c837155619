package tools_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/tools"
)

const grants = "/governance/api/v1/grants"

// slowly runs a test in a bubble, where waiting costs nothing and time is exact, on a tenant that takes some
// seconds for each grant. One operation is under way at a time.
func slowly(t *testing.T, wait time.Duration, users int, body func(t *testing.T, r *rig, args arguments)) {
	t.Helper()
	o := rigOptions{wait: wait, world: simtest.Options{Engine: batch.Options{Workers: 1}}}
	inBubble(t, o, func(t *testing.T, r *rig) {
		var report strings.Builder
		report.WriteString("Email,Role\n")
		for i := range users {
			fmt.Fprintf(&report, "user%d@acme.example.com,Admin\n", i)
			r.people(fmt.Sprintf("user%d@acme.example.com", i))
		}
		r.file("report.csv", report.String())
		r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin")
		slow := r.Tenant.Inject(oktasim.Fault{
			Method:   "POST",
			Pattern:  grants,
			Times:    -1,
			Effect:   oktasim.EffectStall,
			Duration: 3 * time.Second,
			Acted:    true,
		})
		t.Cleanup(func() {
			if slow.Fired() == 0 {
				t.Error("no grant was slow")
			}
		})
		body(t, r, arguments{"filename": "report.csv", "app_id": r.AppID})
	})
}

// start plans and applies, and expects to be sent away with a job.
func (r *rig) start(args arguments) tools.PlanOut {
	r.t.Helper()
	out := r.applied("execute_user_grants", args)
	if out.Status != "running" || out.JobID != out.PlanID || out.Progress == nil ||
		!strings.Contains(out.Next, "get_job") {
		r.t.Fatalf("got %+v, want a running job", out)
	}
	return out
}

// run asks for the job of a run.
func (r *rig) run(id string) tools.JobOut {
	r.t.Helper()
	job := call[tools.JobOut](r, "get_job", arguments{"job_id": id})
	if job.Kind != "run" || job.JobID != id || job.Run == nil || job.Audit != nil {
		r.t.Fatalf("get_job: got %+v, want run %s", job, id)
	}
	return job
}

// eachGrantedOnce fails unless every user of the report has the one grant that it asks for.
func (r *rig) eachGrantedOnce(users int) {
	r.t.Helper()
	for i := range users {
		id := r.Tenant.UserByEmail(fmt.Sprintf("user%d@acme.example.com", i))
		if n := len(r.Tenant.ActiveGrants(r.AppID, id)); n != 1 {
			r.t.Errorf("user%d has %d grants, want 1", i, n)
		}
	}
}

func TestProgressGrowsAndComesBeforeTheResult(t *testing.T) {
	slowly(t, time.Minute, 6, func(t *testing.T, r *rig, args arguments) {
		out := r.applied("execute_user_grants", args)
		r.mu.Lock()
		seen := slices.Clone(r.progress)
		r.mu.Unlock()
		if out.Status != "complete" || out.Rows["granted"] != 6 {
			t.Errorf("got %+v", out)
		}
		if len(seen) < 3 || !slices.IsSorted(seen) || len(slices.Compact(slices.Clone(seen))) != len(seen) {
			t.Errorf("progress was %v, want at least three growing values", seen)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.progress) != len(seen) {
			t.Errorf("progress %v came after the result", r.progress[len(seen):])
		}
	})
}

func TestLongRunIsFollowedAsAJob(t *testing.T) {
	slowly(t, 2*time.Second, 5, func(t *testing.T, r *rig, args arguments) {
		begun := time.Now()
		out := r.start(args)
		if waited := time.Since(begun).Round(time.Second); waited != 2*time.Second {
			t.Errorf("the call waited %s, want 2s", waited)
		}
		if same := call[tools.PlanOut](r, "execute_user_grants",
			arguments{"plan_id": out.PlanID}); same.JobID != out.JobID || same.Status != "running" {
			t.Errorf("applied again while it runs: %+v", same)
		}
		last := 0
		for range 3 {
			time.Sleep(3 * time.Second)
			now := r.run(out.JobID)
			if now.Status != "running" {
				break
			}
			if now.Progress.Done < last || now.Progress.Total != 10 {
				t.Errorf("progress %+v after %d", now.Progress, last)
			}
			last = now.Progress.Done
		}
		if last == 0 {
			t.Error("no progress was seen")
		}
		time.Sleep(time.Minute)
		ended := r.run(out.JobID)
		if ended.Status != "complete" || ended.Run.Rows["granted"] != 5 || ended.Progress != nil ||
			!r.has("processed_and_assigned/report.csv") {
			t.Errorf("at the end: %+v", ended)
		}
		r.eachGrantedOnce(5)
	})
}

func TestCancelledRunStopsWithinASecondAndGoesOnLater(t *testing.T) {
	const users = 30
	slowly(t, 10*time.Second, users, func(t *testing.T, r *rig, args arguments) {
		out := r.start(args)
		begun := time.Now()
		stopped := call[tools.JobOut](r, "cancel_job", arguments{"job_id": out.JobID})
		if took := time.Since(begun); took > time.Second {
			t.Errorf("it took %s to stop", took)
		}
		if stopped.Status != "stopped" || stopped.Run.Stop == nil || stopped.Run.Stop.Code != "cancelled" ||
			sum(stopped.Run.Rows) != users || stopped.Run.Rows["not_attempted"] == 0 {
			t.Errorf("got %+v", stopped)
		}
		if !r.has("report.csv") {
			t.Error("the report was moved though rows are open")
		}
		if seen := r.run(out.JobID); seen.Status != "stopped" {
			t.Errorf("get_job says %s", seen.Status)
		}
		again := call[tools.PlanOut](r, "execute_user_grants", arguments{"plan_id": out.PlanID})
		if again.Status != "running" {
			t.Errorf("applied again: %+v", again)
		}
		time.Sleep(10 * time.Minute)
		if ended := r.run(out.JobID); ended.Status != "complete" || ended.Run.Rows["granted"] != users {
			t.Errorf("in the end: %+v", ended)
		}
		r.eachGrantedOnce(users)
	})
}

// TestRunsOfEarlierProcessesAreKnown: what a job is called outlives the process that ran it.
func TestRunsOfEarlierProcessesAreKnown(t *testing.T) {
	const users = 8
	slowly(t, 5*time.Second, users, func(t *testing.T, r *rig, args arguments) {
		waiting := call[tools.PlanOut](r, "execute_user_grants", args)
		if seen := r.run(waiting.PlanID); seen.Status != "needs_confirmation" || seen.Run.Total != users {
			t.Errorf("a plan that never ran: %+v", seen)
		}
		out := call[tools.PlanOut](r, "execute_user_grants", arguments{"plan_id": waiting.PlanID})
		r.deps.Jobs.Close()
		next := r.restart(rigOptions{wait: 5 * time.Minute})
		if seen := next.run(out.JobID); seen.Status != "stopped" || sum(seen.Run.Rows) != users ||
			!strings.Contains(seen.Next, "again") {
			t.Errorf("a run that the restart interrupted: %+v", seen)
		}
		next.refused("cancel_job", arguments{"job_id": out.JobID}, "job_not_running")
		if ended := call[tools.PlanOut](next, "execute_user_grants",
			arguments{"plan_id": out.PlanID}); ended.Status != "complete" {
			t.Errorf("going on: %+v", ended)
		}
		last := next.restart(rigOptions{})
		if seen := last.run(out.JobID); seen.Status != "complete" || seen.Run.Rows["granted"] != users {
			t.Errorf("a run that ended in an earlier process: %+v", seen)
		}
		r.eachGrantedOnce(users)
	})
}
