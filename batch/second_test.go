package batch_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// Found from outside, B2: what came instead of a list of grants, each with status 200.
var noLists = []string{`{}`, `{"error":"temporarily unavailable"}`, `{"data":null}`, `{"Data":[]}`, `null`, `{"data":[{}]}`}

// TestAListThatIsNoneStripsAndDoublesNoOne runs an import while every list of grants is answered with something else, and
// in additive mode every reply to a grant is lost.
func TestAListThatIsNoneStripsAndDoublesNoOne(t *testing.T) {
	for _, mode := range []plan.Mode{plan.ModeAdditive, plan.ModeCustomMerge} {
		for _, body := range noLists {
			t.Run(fmt.Sprint(mode, " ", body), func(t *testing.T) {
				t.Parallel()
				lines := simtest.Lines(t, 1, oktaclient.Options{})
				synctest.Test(t, func(t *testing.T) { noList(t, newOffice(t, lines, oktasim.Options{}, mode), mode, body) })
			})
		}
	}
}

func noList(t *testing.T, o *office, mode plan.Mode, body string) {
	ctx := t.Context()
	lying := answering{o.Tenant.Transport(), "GET", onGrants, 200, body}
	if mode == plan.ModeAdditive {
		o.Tenant.Inject(oktasim.Fault{Method: "POST", Pattern: onGrants, Times: -1, Effect: oktasim.EffectLoseReply})
	}
	look := func(when string) {
		t.Helper()
		now := photograph(o.World)
		for _, what := range append(o.before.lost(now), now.twice...) {
			t.Errorf("%s: %s", when, what)
		}
	}
	o.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: lying}})
	if s, err := o.Engine.Run(ctx, o.plan, o.Permit(ctx, o.plan), nil); err == nil && s.Ended == batch.EndedComplete {
		t.Errorf("the run ended %s with rows %v", s.Ended, s.Rows)
	}
	look("while lists are none")

	// Lists turn into nothing once the run has begun.
	var reads atomic.Int64
	o.Reconnect(simtest.Options{Engine: batch.Options{Workers: 2}, Client: oktaclient.Options{Transport: later{lying, &reads, 6}}})
	_, _ = o.Engine.Run(ctx, o.plan, o.Permit(ctx, o.plan), nil)
	look("when lists became none")

	o.Reconnect(simtest.Options{})
	if s := o.apply(); s.Ended != batch.EndedComplete {
		t.Errorf("once lists were back the plan ended %s: %+v %v", s.Ended, s.Stop, s.Errors)
	}
	look("afterwards")
}

// later lies from a later read on.
type later struct {
	answering
	seen  *atomic.Int64
	after int64
}

func (l later) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == l.method && req.URL.Path == l.path && l.seen.Add(1) <= l.after {
		return l.tenant.RoundTrip(req)
	}
	return l.answering.RoundTrip(req)
}

// TestTwoInstallationsOnOneApplication has two of this program, which share no state, grant different values to the same
// people at once. Found from outside, B3: with custom-merge 40 accesses were gone and 4 rows said so; additive held 80
// values twice and no word of it.
func TestTwoInstallationsOnOneApplication(t *testing.T) {
	for _, mode := range []plan.Mode{plan.ModeAdditive, plan.ModeCustomMerge} {
		for _, lag := range []time.Duration{0, 20 * time.Second} {
			t.Run(fmt.Sprint(mode, " ", lag), func(t *testing.T) {
				t.Parallel()
				lines := simtest.Lines(t, 2, oktaclient.Options{})
				synctest.Test(t, func(t *testing.T) { twoAtOnce(t, lines, mode, lag) })
			})
		}
	}
}

func twoAtOnce(t *testing.T, lines []*simtest.Line, mode plan.Mode, lag time.Duration) {
	o := newOffice(t, lines[:1], oktasim.Options{Latency: oktasim.LatencyReal, GrantLag: lag}, mode)
	other := o.Another(simtest.Options{Lines: lines[1:]})
	var text strings.Builder
	text.WriteString("Email,Role,Duty\n")
	for i := range headcount {
		fmt.Fprintf(&text, "person%02d@acme.example.com,Role %d,Night\n", i, i%3)
	}
	theirs := simtest.Report(t, text.String())
	other.Structure(t.Context(), theirs)
	time.Sleep(time.Minute)
	first, second := o.plan, other.PlanGrants(t.Context(), theirs, mode)

	var wg sync.WaitGroup
	summaries := make([]*batch.Summary, 2)
	run := func(at int, w *simtest.World, p *plan.Plan) {
		wg.Go(func() {
			s, err := w.Engine.Run(t.Context(), p, w.Permit(t.Context(), p), nil)
			if err != nil {
				t.Error(err)
			}
			summaries[at] = s
		})
	}
	run(0, o.World, first)
	run(1, other, second)
	wg.Wait()
	if t.Failed() {
		return
	}
	now := photograph(o.World)
	for _, what := range o.before.lost(now) {
		t.Error(what)
	}
	missing := trueToTheirWord(t, o.World, first, summaries[0]) + trueToTheirWord(t, other, second, summaries[1])
	t.Logf("%d rows lack something, %d values held twice; ended %s %q and %s %q", missing, len(now.twice), summaries[0].Ended,
		stopCode(summaries[0]), summaries[1].Ended, stopCode(summaries[1]))
	named := summaries[0].DoubledTotal + summaries[1].DoubledTotal
	switch {
	case mode == plan.ModeCustomMerge && missing == 0:
		t.Error("the two never met: the test proves nothing")
	case mode == plan.ModeAdditive && len(now.twice) == 0:
		t.Error("nothing was held twice: the test proves nothing")
	case mode == plan.ModeAdditive && lag == 0 && named == 0:
		t.Errorf("%d values are held twice and no summary names them", len(now.twice))
	}
	for range 5 { // each by itself, everyone gets everything
		time.Sleep(time.Minute)
		carryOut(t, o.World, o.PlanGrants(t.Context(), o.report, mode))
		time.Sleep(time.Minute)
		carryOut(t, other, other.PlanGrants(t.Context(), theirs, mode))
	}
	time.Sleep(time.Minute)
	for _, p := range []*plan.Plan{o.PlanGrants(t.Context(), o.report, mode), other.PlanGrants(t.Context(), theirs, mode)} {
		if len(p.Ops) != 0 {
			t.Errorf("when both have ended, %d operations are left", len(p.Ops))
		}
	}
	for _, what := range o.before.lost(photograph(o.World)) {
		t.Error(what)
	}
}

// trueToTheirWord checks that whoever a run says it granted has it, and counts who does not.
func trueToTheirWord(t *testing.T, w *simtest.World, p *plan.Plan, s *batch.Summary) (missing int) {
	t.Helper()
	for _, row := range readReport(t, s.Report) {
		var line int
		fmt.Sscan(row["line"], &line)
		for _, r := range p.Rows {
			if r.Line != line || r.Op < 0 {
				continue
			}
			op := &p.Ops[r.Op]
			if op.Kind != plan.KindCreateGrant {
				continue
			}
			has := w.Tenant.Effective(w.AppID, op.UserID)
			lacks := 0
			for _, v := range op.Adds {
				if !has[v] {
					lacks++
				}
			}
			if lacks == 0 {
				continue
			}
			missing++
			if row["state"] == string(plan.Granted) {
				t.Errorf("line %d is granted, and %d of its user's values are not in force", line, lacks)
			}
			stopped := row["state"] == string(plan.NotAttempted) && s.Stop != nil
			if row["error"] == "" && !stopped || row["next_step"] == "" {
				t.Errorf("line %d says nothing of why: %v", line, row)
			}
		}
	}
	if missing > 0 && s.Ended == batch.EndedComplete {
		t.Errorf("%d rows lack something, and the run ended %s", missing, s.Ended)
	}
	return missing
}

// TestWhoLacksWhatTheyHadStopsTheRunAndIsNamed takes a person's earlier access away behind the run's back.
func TestWhoLacksWhatTheyHadStopsTheRunAndIsNamed(t *testing.T) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, lines, oktasim.Options{Latency: oktasim.LatencyReal}, plan.ModeCustomMerge)
		robbed := o.users[5] // had two licences
		taken := once("POST", onGrants, headcount, func(o *office) {
			for _, g := range o.Tenant.ActiveGrants(o.AppID, robbed) {
				o.Tenant.AddGrant(oktasim.NewGrant{Type: "CUSTOM", AppID: o.AppID, UserID: robbed, Values: g.Values[len(g.Values)-1:]})
			}
		})(o)
		s := carryOut(t, o.World, o.plan)
		if !taken() || stopCode(s) != "access_lost" || s.Ended != batch.EndedStopped || !strings.Contains(s.Stop.What, robbed) {
			t.Fatalf("taken %v; ended %s with %+v", taken(), s.Ended, s.Stop)
		}
		named := false
		for _, e := range s.Errors {
			named = named || e.UserID == robbed && e.Code == "access_lost" && e.State == plan.Failed
		}
		if !named {
			t.Errorf("errors %+v do not name %s", s.Errors, robbed)
		}
		// Applying it again gives nothing back that someone took away, and says so.
		writes := o.Writes()
		again := carryOut(t, o.World, o.plan)
		if o.Writes() != writes || again.Ended == batch.EndedComplete {
			t.Errorf("again: %d writes, ended %s %v", o.Writes()-writes, again.Ended, again.Errors)
		}
	})
}

// TestACustomGrantGivesNothingBack has access taken away between plan and run: the plan would give it back unasked.
func TestACustomGrantGivesNothingBack(t *testing.T) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, lines, oktasim.Options{}, plan.ModeCustomMerge)
		had := o.Tenant.ActiveGrants(o.AppID, o.users[5])[0].Values
		o.Tenant.AddGrant(oktasim.NewGrant{Type: "CUSTOM", AppID: o.AppID, UserID: o.users[5], Values: had[:1]})
		s := carryOut(t, o.World, o.plan)
		if s.Operations[batch.Failed] != 1 || len(s.Errors) == 0 || s.Errors[0].Code != "stale_user" {
			t.Errorf("ended %s with %v and errors %+v", s.Ended, s.Operations, s.Errors)
		}
		if o.Tenant.Effective(o.AppID, o.users[5])[had[1]] {
			t.Error("access that was taken away after the plan was given back")
		}
	})
}

// TestRunsThatGrantedTheSameAreUndoneOneAfterTheOther: found from outside, B3: after a double grant neither run could be
// undone. A value that someone else granted too stays whatever is undone.
func TestRunsThatGrantedTheSameAreUndoneOneAfterTheOther(t *testing.T) {
	inOffice(t, oktasim.Options{}, func(t *testing.T, o *office) {
		ctx := t.Context()
		report := simtest.Report(t, "Email,Role\nperson01@acme.example.com,Role 4\nperson02@acme.example.com,Role 4\n")
		first := o.PlanGrants(ctx, report, plan.ModeAdditive)
		time.Sleep(time.Second)
		second := o.PlanGrants(ctx, report, plan.ModeAdditive)
		o.Apply(ctx, first)
		// The second run reads lists of before the first: a second machine, or a list that lags.
		stale := o.Tenant.Inject(oktasim.Fault{Times: -1, Effect: oktasim.EffectStaleList, Duration: time.Hour})
		o.Apply(ctx, second)
		stale.Remove()
		if twice := photograph(o.World).twice; len(twice) != 2 || stale.Fired() == 0 {
			t.Fatalf("held twice: %v", twice)
		}
		value := first.Ops[0].Adds[0]
		o.Tenant.AddGrant(oktasim.NewGrant{AppID: o.AppID, UserID: o.users[2], Values: []string{value}})
		time.Sleep(time.Minute)

		undo := planUndo(t, o.World, first)
		if len(undo.Ops) != 0 || undo.Rows[0].State != plan.Kept || !strings.Contains(undo.Rows[0].Reason, second.ID) {
			t.Errorf("the first undo: %d operations, rows %+v", len(undo.Ops), undo.Rows)
		}
		carryOut(t, o.World, undo)
		if !o.Tenant.Effective(o.AppID, o.users[1])[value] {
			t.Error("the undo of one run took what the other gave too")
		}
		if s := carryOut(t, o.World, planUndo(t, o.World, second)); s.Rows[plan.Revoked] != 1 || s.Rows[plan.Kept] != 1 {
			t.Errorf("the second undo ended with %v", s.Rows)
		}
		if o.Tenant.Effective(o.AppID, o.users[1])[value] {
			t.Error("both runs are undone, and the value is still there")
		}
		if !o.Tenant.Effective(o.AppID, o.users[2])[value] {
			t.Error("what someone else granted was taken")
		}
	})
}
