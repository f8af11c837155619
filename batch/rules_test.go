package batch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// inOffice runs a test in a bubble with an office of its own.
func inOffice(t *testing.T, tenant oktasim.Options, test func(t *testing.T, o *office)) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) { test(t, newOffice(t, lines, tenant, plan.ModeAdditive)) })
}

func TestAPlanRunsUnderItsOwnPermitAndUnchangedOnly(t *testing.T) {
	inOffice(t, oktasim.Options{}, func(t *testing.T, o *office) {
		ctx, writes := t.Context(), o.Writes()
		other, err := plan.PlanStructure(ctx, o.Okta, plan.StructureRequest{
			Report: simtest.Report(t, "Email,Duty\nada@acme.example.com,Night\n"),
			AppID:  o.AppID,
			Now:    time.Now(),
		})
		must(t, err)
		edited := *o.plan
		edited.Ops = slices.Clone(o.plan.Ops)
		edited.Ops[0].UserID = o.users[1]
		nameless := edited
		nameless.ID = ""
		for name, try := range map[string]struct {
			plan   *plan.Plan
			permit policy.Permit
		}{
			"no permit": {o.plan, policy.Permit{}}, "another plan's permit": {o.plan, o.Permit(ctx, other)},
			"an edited plan": {&edited, o.Permit(ctx, o.plan)}, "a plan without an id": {&nameless, policy.Permit{}},
		} {
			if summary, err := o.Engine.Run(ctx, try.plan, try.permit, nil); err == nil || summary != nil {
				t.Errorf("%s: the run went ahead: %+v", name, summary)
			}
		}
		if o.Writes() != writes {
			t.Errorf("%d writes", o.Writes()-writes)
		}
	})
}

func TestAPlanOfAnotherOrganisationIsRefused(t *testing.T) {
	lines := simtest.Lines(t, 2, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		here := newOffice(t, lines[:1], oktasim.Options{}, plan.ModeAdditive)
		there := simtest.New(t, simtest.Options{Lines: lines[1:], Tenant: oktasim.Options{Seed: 99}})
		summary := there.Apply(t.Context(), here.plan)
		if stopCode(summary) != "other_org" || there.Writes() != 0 || summary.Rows[plan.NotAttempted] != len(here.plan.Rows) {
			t.Errorf("ended %s %q with %d writes and rows %v", summary.Ended, stopCode(summary), there.Writes(), summary.Rows)
		}
	})
}

func TestOneProcessPerPlanAndOneRunPerApplication(t *testing.T) {
	slow := oktasim.Limits{Overrides: map[string]int{"POST " + onGrants: 10}}
	inOffice(t, oktasim.Options{
		Latency:  oktasim.LatencyReal,
		GrantLag: 30 * time.Second,
		Limits:   slow,
	}, func(t *testing.T, o *office) {
		ctx := t.Context()
		// The last whom the first run comes to is to get what that run gives, and something else.
		report := simtest.Report(t, "Email,Role\nperson39@acme.example.com,Role 4\nperson39@acme.example.com,Role 5\n")
		time.Sleep(time.Second)
		second := o.PlanGrants(ctx, report, plan.ModeAdditive)
		first := make(chan *batch.Summary)
		live := progress.New(0, "starting")
		go func() {
			summary, err := o.Engine.Run(ctx, o.plan, o.Permit(ctx, o.plan), live)
			if err != nil {
				t.Error(err)
			}
			first <- summary
		}()
		time.Sleep(20 * time.Second)
		if p := live.Progress(); p.Done == 0 || p.Done == p.Total {
			t.Fatalf("the first run is not under way: %+v", p)
		}
		if _, err := o.Engine.Run(ctx, o.plan, o.Permit(ctx, o.plan), nil); trouble.CodeOf(err) != trouble.RunBusy {
			t.Errorf("a second process on the same plan: %v", err)
		}
		// Another plan on the application waits, and then knows what the first one did.
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if summary, err := o.Engine.Run(short, second, o.Permit(ctx, second), nil); err != nil ||
			stopCode(summary) != "interrupted" {
			t.Errorf("a run that waits for another was cancelled and ended %+v, %v", summary, err)
		}
		summary := o.Apply(ctx, second)
		if done := <-first; done.Ended != batch.EndedComplete || summary.Ended != batch.EndedComplete {
			t.Errorf("the runs ended %s and %s", done.Ended, summary.Ended)
		}
		if twice := photograph(o.World).twice; len(twice) > 0 {
			t.Error(twice)
		}
	})
}

func TestUnfinishedRunsAreListedUnderThePermitTheyHad(t *testing.T) {
	inOffice(t, oktasim.Options{Latency: oktasim.LatencyReal}, func(t *testing.T, o *office) {
		load := func(id string) (*plan.Plan, error) {
			if id != o.plan.ID {
				return nil, errors.New("no such plan")
			}
			return o.plan, nil
		}
		listed := func(when string, want bool) {
			t.Helper()
			runs, err := o.Engine.Unfinished(load)
			must(t, err)
			if len(runs) > 0 != want {
				t.Errorf("%s the run is listed as unfinished: %v, want %v", when, !want, want)
			}
			for _, run := range runs {
				if permit, err := o.Gate.Permit(t.Context(), o.plan, run.Permit); err != nil || permit.PlanID() != o.plan.ID {
					t.Errorf("%s its permit is not good any more: %v", when, err)
				}
			}
		}
		stopAfter := func(d time.Duration, cause error) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(d, func() { cancel(cause) })
			_, err := o.Engine.Run(ctx, o.plan, o.Permit(t.Context(), o.plan), nil)
			must(t, err)
		}
		listed("before it began", false)
		stopAfter(6*time.Second, errors.New("the server stops"))
		listed("when the server stopped", true)
		stopAfter(3*time.Second, progress.ErrCancelled)
		listed("when a person cancelled it", false)
		wire := &mortal{tenant: o.Tenant.Transport(), dir: o.Engine.Dir(o.plan.ID), calls: 12, late: true}
		ctx, kill := context.WithCancel(t.Context())
		wire.kill = kill
		o.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: wire}})
		_, _ = o.Engine.Run(ctx, o.plan, o.Permit(t.Context(), o.plan), nil)
		if !wire.isDead() {
			t.Fatal("the process was not killed")
		}
		wire.leave(t, o.fate())
		o.Reconnect(simtest.Options{})
		listed("when it was killed after a person had cancelled it once", true)
		if s := o.apply(); s.Ended != batch.EndedComplete {
			t.Errorf("ended %s", s.Ended)
		}
		listed("when it was done", false)
	})
}

// TestTheSummaryTellsOfEarlierRunsToo resumes a run and looks at what it leaves behind.
func TestTheSummaryTellsOfEarlierRunsToo(t *testing.T) {
	inOffice(t, oktasim.Options{Latency: oktasim.LatencyReal}, func(t *testing.T, o *office) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(8*time.Second, func() { cancel(progress.ErrCancelled) })
		part, err := o.Engine.Run(ctx, o.plan, o.Permit(t.Context(), o.plan), nil)
		must(t, err)
		if part.UsersGranted == 0 || part.UsersGranted == headcount || part.Operations[batch.NotAttempted] == 0 {
			t.Fatalf("the first run was not stopped in the middle: %+v", part)
		}
		whole := o.apply()
		if whole.UsersGranted != headcount || whole.Rows[plan.Granted] != len(o.plan.Rows) ||
			whole.Operations[batch.Created] != len(o.plan.Ops) {
			t.Errorf("after going on: %+v", whole)
		}
		for _, row := range readReport(t, whole.Report) {
			if !strings.HasPrefix(row["okta_grant_id"], "gra") || !strings.HasPrefix(row["okta_user_id"], "00u") {
				t.Errorf("row without ids: %v", row)
			}
		}
	})
}

// TestWhatFailsForGoodDoesNotKeepTheRestFromBeingDone has so many failures that a run stops by itself, before it came
// to those who can be granted. Each further run comes closer to them, because what failed comes last.
func TestWhatFailsForGoodDoesNotKeepTheRestFromBeingDone(t *testing.T) {
	inOffice(t, oktasim.Options{}, func(t *testing.T, o *office) {
		for _, user := range o.users[:headcount*3/4] {
			o.Tenant.SetUserStatus(user, "DEPROVISIONED")
		}
		o.Reconnect(simtest.Options{Engine: batch.Options{Workers: 2}})
		if s := o.apply(); stopCode(s) != "error_rate" || s.UsersGranted == headcount/4 {
			t.Fatalf("ended %s %q with %d users granted", s.Ended, stopCode(s), s.UsersGranted)
		}
		granted := 0
		for range 10 { // two are under way at once, so a run may stop one short of the last
			s := o.apply()
			if s.UsersGranted == headcount/4 {
				return
			}
			granted = s.UsersGranted
		}
		t.Errorf("further runs came to %d of %d users who can be granted", granted, headcount/4)
	})
}

func TestARefusedGrantTypeStopsTheRunAtTheFirstCall(t *testing.T) {
	inOffice(t, oktasim.Options{}, func(t *testing.T, o *office) {
		fired := once("POST", onGrants, 1, func(o *office) {})(o)
		o.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: answering{o.Tenant.Transport(), "POST",
			onGrants, 400,
			`{"errorCode":"E0000001","errorSummary":"Api validation failed: grantType",
"errorCauses":[{"errorSummary":"grantType ENTITLEMENT is not supported"}]}`}}})
		writes := o.Writes()
		s := o.apply()
		if stopCode(s) != "grant_mode_refused" || o.Writes()-writes > 1 || fired() {
			t.Errorf("ended %s %q after %d writes", s.Ended, stopCode(s), o.Writes()-writes)
		}
	})
}

func TestARingThatDoesNotShowStopsTheRun(t *testing.T) {
	inOffice(t, oktasim.Options{}, func(t *testing.T, o *office) {
		o.Reconnect(simtest.Options{
			Engine: batch.Options{RingAbove: 10, RingSize: 5},
			Client: oktaclient.Options{
				Transport: answering{o.Tenant.Transport(), "GET", "/governance/api/v1/principal-entitlements", 200, `{"data":[]}`}},
		})
		s := o.apply()
		if stopCode(s) != "ring_mismatch" || s.UsersGranted != 6 {
			t.Errorf("ended %s %q with %d users granted, want the first and a ring of 5", s.Ended, stopCode(s), s.UsersGranted)
		}
	})
}

// answering answers one kind of call by itself and hands the rest on.
type answering struct {
	tenant       http.RoundTripper
	method, path string
	status       int
	body         string
}

func (a answering) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != a.method || req.URL.Path != a.path {
		return a.tenant.RoundTrip(req)
	}
	return &http.Response{
		StatusCode:    a.status,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Request:       req,
		Body:          io.NopCloser(bytes.NewBufferString(a.body)),
		ContentLength: int64(len(a.body)),
	}, nil
}

func TestReportCellsAreNoFormulas(t *testing.T) {
	inOffice(t, oktasim.Options{}, func(t *testing.T, o *office) {
		report := simtest.Report(t, "Email,Role\n=1+1@evil.example.com,Role 1\n+cmd@evil.example.com,Role "+
			"2\n@sum@evil.example.com,Role 3\nperson01@acme.example.com,=Role 9\n")
		s := o.Apply(t.Context(), o.PlanGrants(t.Context(), report, plan.ModeAdditive))
		guarded := 0
		for _, row := range readReport(t, s.Report) {
			for name, cell := range row {
				if strings.HasPrefix(cell, "'") {
					guarded++
				}
				if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@") {
					t.Errorf("%s begins like a formula: %q", name, cell)
				}
			}
		}
		if guarded < 2 {
			t.Errorf("only %d cells were guarded: %v", guarded, fmt.Sprint(readReport(t, s.Report)))
		}
	})
}

// TestACustomGrantTakesNothingThatCameAfterThePlan has someone else grant access between plan and run, where the
// grants of the run replace what their users have.
func TestACustomGrantTakesNothingThatCameAfterThePlan(t *testing.T) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, lines, oktasim.Options{}, plan.ModeCustomMerge)
		_, values := o.Tenant.AddEntitlement(o.AppID, "Duty", true, "Night")
		o.Tenant.AddGrant(oktasim.NewGrant{
			Type:   "ENTITLEMENT",
			AppID:  o.AppID,
			UserID: o.users[9],
			Values: values,
		})
		o.before = photograph(o.World)
		s := o.apply()
		if s.Operations[batch.Failed] != 1 || len(s.Errors) == 0 || s.Errors[0].Code != "stale_user" {
			t.Errorf("ended %s with %v and errors %+v", s.Ended, s.Operations, s.Errors)
		}
		if !o.Tenant.Effective(o.AppID, o.users[9])[values[0]] {
			t.Error("access that came after the plan is gone")
		}
	})
}
