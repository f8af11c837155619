package batch_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

const (
	onGrants      = "/governance/api/v1/grants"
	onAssignments = "/api/v1/apps/{id}/users"
	onRevocations = "/governance/api/v2/revoke-principal-access"
)

// mishap is one thing that goes wrong in one run.
type mishap struct {
	name   string
	tenant oktasim.Options
	cause  func(*office) (happened func() bool) // brings the trouble about; it must have happened when the run has ended
	fix    func(*office)                        // ends it; removing the faults is enough when nil
	ended  string                               // how the disturbed run ends; complete when empty
	stop   string                               // code of the stop, when it stops
	undo   bool                                 // it happens to the undo of the import
	within time.Duration                        // bound on the disturbed run; an hour when 0
}

// TestEachTroubleDoesNoHarm runs one import through each trouble. Either the run ends as it would have in peace, or
// the rows that differ say why, and applying the same plan again once the trouble is over ends there. No one ever
// loses access, and no one is granted anything twice.
func TestEachTroubleDoesNoHarm(t *testing.T) {
	for _, mode := range []plan.Mode{plan.ModeAdditive, plan.ModeCustomMerge} {
		var imported, undone picture
		lines := simtest.Lines(t, 1, oktaclient.Options{})
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t, lines, oktasim.Options{}, mode)
			o.apply()
			imported = photograph(o.World)
			o.plan = planUndo(t, o.World, o.plan)
			o.apply()
			undone = photograph(o.World)
		})
		if len(imported.differs(undone)) == 0 {
			t.Fatal("the undo took nothing back")
		}
		for _, c := range mishaps() {
			peace := imported
			if c.undo {
				peace = undone
			}
			t.Run(string(mode)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				lines := simtest.Lines(t, 1, oktaclient.Options{})
				synctest.Test(t, func(t *testing.T) { c.happens(t, lines, mode, peace) })
			})
		}
	}
}

func mishaps() []mishap {
	all := []mishap{
		{
			name:  "app deactivated",
			cause: once("POST", onGrants, 4, func(o *office) { o.Tenant.SetAppStatus(o.AppID, "INACTIVE") }),
			fix:   func(o *office) { o.Tenant.SetAppStatus(o.AppID, "ACTIVE") },
			ended: batch.EndedStopped,
			stop:  "error_rate",
		},
		{
			name:  "user deprovisioned",
			cause: once("POST", onGrants, 4, func(o *office) { o.Tenant.SetUserStatus(o.users[20], "DEPROVISIONED") }),
			fix:   func(o *office) { o.Tenant.SetUserStatus(o.users[20], "ACTIVE") },
			ended: batch.EndedPartly,
		},
		{
			name:  "token revoked",
			cause: once("POST", onGrants, 4, func(o *office) { o.Tenant.RevokeToken("") }),
			fix:   func(o *office) { o.Tenant.AddToken(o.Tenant.Token()) },
			ended: batch.EndedStopped,
			stop:  "token_rejected",
		},
		{
			name:  "page cursor rejected",
			cause: fault(oktasim.Fault{Method: "GET", Effect: oktasim.EffectRejectCursor}),
		},
		{name: "network away for an hour", cause: away(time.Hour), within: 2 * time.Hour},
		{
			name:   "network away for a day",
			cause:  away(24 * time.Hour),
			ended:  batch.EndedStopped,
			stop:   "okta_unavailable",
			within: 14 * time.Hour,
		},
		{
			name:   "another client uses 60 percent",
			cause:  crowd,
			within: time.Hour,
			tenant: oktasim.Options{
				Latency: oktasim.LatencyReal,
				Limits: oktasim.Limits{
					Mode:      oktasim.LimitsReal,
					Share:     1,
					Overrides: map[string]int{"POST " + onGrants: 50},
				},
			},
		},
		{
			name:  "okta answers no write",
			cause: fault(oktasim.Fault{Method: "POST", Effect: oktasim.Effect500, Times: -1}),
			ended: batch.EndedStopped,
			stop:  "error_rate",
		},
		{
			name:  "all answers to writes are lost",
			cause: fault(oktasim.Fault{Method: "POST", Effect: oktasim.EffectLoseReply, Times: -1}),
		},
		{
			name:   "all answers to writes are lost and lists lag",
			tenant: oktasim.Options{GrantLag: 30 * time.Second},
			cause:  fault(oktasim.Fault{Method: "POST", Effect: oktasim.EffectLoseReply, Times: -1}),
		},
	}
	for _, minutes := range []time.Duration{-5, 5} {
		all = append(all, mishap{
			name: fmt.Sprintf("clock %d minutes off", minutes),
			cause: fault(oktasim.Fault{
				Method:  "POST",
				Pattern: onGrants,
				Nth:     3,
				Effect:  oktasim.EffectLoseReply,
			}),
			tenant: oktasim.Options{
				Skew:     minutes * time.Minute,
				GrantLag: 30 * time.Second,
				Limits:   oktasim.Limits{Mode: oktasim.LimitsReal},
			},
		})
	}
	return append(all, passing()...)
}

// passing are the troubles of a single call, on each kind of call and with lists up to date and behind.
func passing() []mishap {
	var all []mishap
	for _, f := range effects() {
		for _, at := range []oktasim.Fault{{
			Method:  "POST",
			Pattern: onGrants,
		}, {
			Method:  "POST",
			Pattern: onAssignments,
		}, {Method: "GET"}, {Method: "POST", Pattern: onRevocations}} {
			f.Method, f.Pattern, f.Nth = at.Method, at.Pattern, 3
			c := mishap{
				name:   fmt.Sprintf("%s acted=%v on %s %s", f.Effect, f.Acted, f.Method, f.Pattern),
				cause:  fault(f),
				tenant: oktasim.Options{GrantLag: 30 * time.Second},
			}
			c.undo = at.Pattern == onRevocations
			if f.Effect == oktasim.EffectExpireToken {
				c.ended, c.stop = batch.EndedStopped, "token_rejected"
			}
			all = append(all, c)
		}
	}
	return all
}

func fault(f oktasim.Fault) func(*office) func() bool {
	return func(o *office) func() bool {
		injection := o.Tenant.Inject(f)
		o.faults = append(o.faults, injection)
		return func() bool { return injection.Fired() > 0 }
	}
}

// once changes the world at the nth call of a kind, and lets the call go on.
func once(method, pattern string, nth int, change func(*office)) func(*office) func() bool {
	return func(o *office) func() bool {
		return fault(oktasim.Fault{
			Method:  method,
			Pattern: pattern,
			Nth:     nth,
			Do:      func() { change(o) },
		})(o)
	}
}

func away(d time.Duration) func(*office) func() bool {
	return func(o *office) func() bool {
		fired := fault(oktasim.Fault{Nth: 12, Times: -1, Effect: oktasim.EffectRefuse})(o)
		time.AfterFunc(d, func() { o.faults[0].Remove() })
		return fired
	}
}

func crowd(o *office) func() bool {
	o.Tenant.AddForeignLoad(oktasim.ForeignLoad{Method: "POST", Pattern: onGrants, PerMinute: 30})
	return func() bool {
		made, refused := o.Tenant.ForeignCalls()
		if refused > 0 {
			o.t.Errorf("the other client was refused %d times", refused)
		}
		if n := o.Tenant.CallCount("", "", 429); n > 0 {
			o.t.Errorf("we were refused %d times", n)
		}
		return made > 0
	}
}

// office is a world of forty people: some have access, some are assigned, all are to get a role.
type office struct {
	*simtest.World
	t      *testing.T
	users  []string
	plan   *plan.Plan
	report *intake.Report
	before picture
	faults []*oktasim.Injection
}

const headcount = 40

func newOffice(t *testing.T, lines []*simtest.Line, tenant oktasim.Options, mode plan.Mode) *office {
	tenant.Seed, tenant.NoEntitlements = 7, mode == plan.ModeCustomMerge
	o := &office{
		t: t,
		World: simtest.New(t, simtest.Options{
			Lines:  lines,
			Tenant: tenant,
			Engine: batch.Options{RingAbove: 10},
		}),
	}
	many := make([]string, 201) // more than a page
	for i := range many {
		many[i] = fmt.Sprintf("license %d", i)
	}
	_, licenses := o.Tenant.AddEntitlement(o.AppID, "License", true, many...)
	var report strings.Builder
	report.WriteString("Email,Role\n")
	for i := range headcount {
		email := fmt.Sprintf("person%02d@acme.example.com", i)
		o.users = append(o.users, o.Tenant.AddUser(oktasim.NewUser{Email: email}))
		if i%4 != 0 {
			o.Tenant.AssignApp(o.AppID, o.users[i])
		}
		if i%5 == 0 {
			o.Tenant.AddGrant(oktasim.NewGrant{
				Type:   "CUSTOM",
				AppID:  o.AppID,
				UserID: o.users[i],
				Values: licenses[i : i+2],
			})
		}
		fmt.Fprintf(&report, "%s,Role %d\n%s,Role %d\n", email, i%3, email, i%7)
	}
	time.Sleep(tenant.GrantLag + tenant.IndexLag)
	parsed := simtest.Report(t, report.String())
	o.report = parsed
	o.Structure(t.Context(), parsed)
	o.plan = o.PlanGrants(t.Context(), parsed, mode)
	o.before = photograph(o.World)
	return o
}

func (c mishap) happens(t *testing.T, lines []*simtest.Line, mode plan.Mode, peace picture) {
	o := newOffice(t, lines, c.tenant, mode)
	if c.undo {
		o.apply()
		o.plan = planUndo(t, o.World, o.plan)
	}
	happened := c.cause(o)
	began := time.Now()
	summary := o.apply()
	if !happened() {
		t.Fatal("the trouble never happened")
	}
	within := c.within
	if within == 0 {
		within = time.Hour
	}
	if took := time.Since(began); took > within {
		t.Errorf("the disturbed run took %s", took)
	}
	wanted := c.ended
	if wanted == "" {
		wanted = batch.EndedComplete
	}
	if stop := stopCode(summary); summary.Ended != wanted || stop != c.stop {
		t.Fatalf("the disturbed run ended %s %q, want %s %q: %+v", summary.Ended, stop, wanted, c.stop, summary)
	}
	if wanted != batch.EndedComplete {
		for _, f := range o.faults {
			f.Remove()
		}
		if c.fix != nil {
			c.fix(o)
		}
		if again := o.apply(); again.Ended != batch.EndedComplete {
			t.Fatalf("once the trouble was over the plan ended %s: %+v %v", again.Ended, again.Stop, again.Errors)
		}
	}
	for _, difference := range peace.differs(photograph(o.World)) {
		t.Errorf("in peace and disturbed: %s", difference)
	}
	writes := o.Writes()
	if o.apply(); o.Writes() != writes {
		t.Errorf("applying a finished plan again wrote %d times", o.Writes()-writes)
	}
}

func stopCode(s *batch.Summary) string {
	if s.Stop == nil {
		return ""
	}
	return string(s.Stop.Code)
}

// apply carries the plan out and checks what holds after every run.
func (o *office) apply() *batch.Summary {
	o.t.Helper()
	summary := carryOut(o.t, o.World, o.plan)
	now := photograph(o.World)
	for _, what := range append(o.before.lost(now), now.twice...) {
		o.t.Error(what)
	}
	total := 0
	for _, n := range summary.Rows {
		total += n
	}
	if total != len(o.plan.Rows) || summary.Rows[plan.Planned] > 0 {
		o.t.Errorf("%d rows ended as %v", len(o.plan.Rows), summary.Rows)
	}
	counted := map[plan.State]int{}
	for _, row := range readReport(o.t, summary.Report) {
		state := plan.State(row["state"])
		counted[state]++
		if (state == plan.Failed || state == plan.Unknown) && row["error"] == "" || row["next_step"] == "" {
			o.t.Errorf("line %s is %s without a reason: %v", row["line"], state, row)
		}
		if state == plan.NotAttempted && summary.Stop == nil && row["error"] == "" {
			o.t.Errorf("line %s was not attempted and nothing says why", row["line"])
		}
	}
	for state, n := range summary.Rows {
		if counted[state] != n {
			o.t.Errorf("report.csv has %d rows %s, the summary %d", counted[state], state, n)
		}
	}
	return summary
}

// readReport reads a report.csv into one map per row.
func readReport(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	must(t, err)
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// TestADeletedValueStopsThePlanThatReliesOnIt deletes a value in the middle of a run: those who were to get it fail
// with the reason, the plan is stale from then on, and a new plan of the same report ends the work.
func TestADeletedValueStopsThePlanThatReliesOnIt(t *testing.T) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, lines, oktasim.Options{}, plan.ModeAdditive)
		var deleted string
		happened := once("POST", onGrants, 15, func(o *office) {
			deleted = o.plan.Ops[len(o.plan.Ops)-1].Adds[0]
			o.Tenant.DeleteValue(deleted)
		})(o)
		summary := o.apply()
		if !happened() || summary.Rows[plan.Failed] == 0 {
			t.Fatalf("no one failed (value deleted: %v): %v", happened(), summary.Rows)
		}
		writes := o.Writes()
		if again := o.apply(); stopCode(again) != "plan_stale" || o.Writes() != writes {
			t.Errorf("the plan relies on a value that is gone and ended %s %q with %d writes", again.Ended,
				stopCode(again), o.Writes()-writes)
		}
	})
}

// TestARunCanBeCancelledWithinASecondAtAnyMoment cancels at many instants of a run that waits, looks and sends, and
// goes on.
func TestARunCanBeCancelledWithinASecondAtAnyMoment(t *testing.T) {
	lines := simtest.Lines(t, 2, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		tenant := oktasim.Options{
			Latency:  oktasim.LatencyReal,
			GrantLag: 30 * time.Second,
			Limits:   oktasim.Limits{Mode: oktasim.LimitsReal},
		}
		peace, o := newOffice(t, lines[:1], tenant, plan.ModeAdditive), newOffice(t, lines[1:], tenant, plan.ModeAdditive)
		peace.Apply(t.Context(), peace.plan)
		o.Tenant.Inject(oktasim.Fault{Method: "POST", Nth: 5, Times: 3, Effect: oktasim.EffectLoseReply})
		cancelled := 0
		for wait := 400 * time.Millisecond; ; wait += 7300 * time.Millisecond {
			ctx, cancel := context.WithCancelCause(t.Context())
			var at time.Time
			timer := time.AfterFunc(wait, func() { at = time.Now(); cancel(progress.ErrCancelled) })
			summary, err := o.Engine.Run(ctx, o.plan, o.Permit(ctx, o.plan), nil)
			must(t, err)
			if timer.Stop() {
				cancel(errors.New("over"))
				if summary.Ended != batch.EndedComplete {
					t.Fatalf("ended %s %v", summary.Ended, summary.Stop)
				}
				break
			}
			if took := time.Since(at); took > time.Second || stopCode(summary) != "cancelled" {
				t.Errorf("cancelled after %s: ended %q after %s more", wait, stopCode(summary), took)
			}
			cancelled++
		}
		if cancelled < 5 {
			t.Errorf("cancelled only %d times", cancelled)
		}
		if found := slices.Concat(photograph(peace.World).differs(photograph(o.World)),
			photograph(o.World).twice); len(found) > 0 {
			t.Error(found)
		}
	})
}
