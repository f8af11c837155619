package batch_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// TestUndoTakesBackExactlyWhatTheRunAdded holds the undo over random worlds in which others change access between the
// run and its undo: what was there before stays, what came from elsewhere stays, what only the run gave is gone.
func TestUndoTakesBackExactlyWhatTheRunAdded(t *testing.T) {
	worlds := number(t, "UNDO_WORLDS", 20)
	revoked, foreign := 0, 0
	for seed := range uint64(worlds) {
		mode := []plan.Mode{plan.ModeAdditive, plan.ModeCustomMerge}[seed%2]
		lines := simtest.Lines(t, 1, oktaclient.Options{})
		t.Run(fmt.Sprintf("%s/seed=%d", mode, seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f := undoOnce(t, lines, seed, mode)
				revoked, foreign = revoked+r, foreign+f
			})
		})
	}
	// A property that was never put to the test must not pass.
	if revoked == 0 || foreign == 0 {
		t.Errorf("%d users were taken back, %d foreign changes were made; both must happen", revoked, foreign)
	}
}

func undoOnce(t *testing.T, lines []*simtest.Line, seed uint64, mode plan.Mode) (revoked, foreign int) {
	rng := rand.New(rand.NewPCG(seed, 3))
	w, people := randomWorld(t, lines, rng, mode)
	ctx := t.Context()
	report := simtest.Report(t, simtest.RandomReport(rng, people))
	w.Structure(ctx, report)
	giveRandomAccess(w, rng, people)
	before := snapshot(w, people)
	p := w.PlanGrants(ctx, report, mode)
	w.Apply(ctx, p)
	afterRun := snapshot(w, people)
	elsewhere := foreignGrants(w, rng, people)
	time.Sleep(5 * time.Second)
	beforeUndo := snapshot(w, people)

	undo := planUndo(t, w, p)
	if len(undo.Ops) == 0 {
		return 0, len(elsewhere)
	}
	if _, err := w.Gate.Permit(ctx, undo, policy.Confirmation{
		PlanID:  undo.ID,
		Channel: policy.Conversation,
	}); err == nil {
		t.Fatal("the gate let a conversation take access away")
	}
	summary := carryOut(t, w, undo)
	after := snapshot(w, people)
	for _, email := range people {
		for _, value := range slices.Sorted(maps.Keys(beforeUndo[email])) {
			ours := afterRun[email][value] && !before[email][value] && !elsewhere[email+" "+value]
			switch {
			case ours && after[email][value]:
				t.Errorf("%s still has %s, which only the run gave", email, value)
			case !ours && !after[email][value]:
				t.Errorf("%s lost %s, which the run did not give alone (before %t, elsewhere %t)", email, value,
					before[email][value], elsewhere[email+" "+value])
			}
		}
	}
	if _, err := w.Engine.Run(ctx, p, w.Permit(ctx, p), nil); trouble.CodeOf(err) != trouble.PlanStale {
		t.Errorf("a run that was undone was carried out again: %v", err)
	}
	if summary.Unfinished() {
		t.Errorf("undo left rows open: %v %v", summary.Rows, summary.Errors)
	}
	return summary.Rows[plan.Revoked], len(elsewhere)
}

// planUndo plans to take a run back, once Okta's lists show it.
func planUndo(t *testing.T, w *simtest.World, of *plan.Plan) *plan.Plan {
	t.Helper()
	must(t, w.Engine.AwaitLists(t.Context(), w.AppID, plan.StageUndo))
	made, err := w.Engine.Made(of)
	must(t, err)
	undo, err := plan.PlanUndo(t.Context(), w.Okta, plan.UndoRequest{
		Of:   of,
		Made: made,
		Now:  time.Now(),
	})
	must(t, err)
	return undo
}

// carryOut carries a plan out to an end, an undo on the word of a person at a terminal.
func carryOut(t *testing.T, w *simtest.World, p *plan.Plan) *batch.Summary {
	t.Helper()
	summary, err := w.Engine.Run(t.Context(), p, permitFor(t, w, p), nil)
	must(t, err)
	return summary
}

func permitFor(t *testing.T, w *simtest.World, p *plan.Plan) policy.Permit {
	t.Helper()
	channel := policy.CommandLine
	if p.Removes() > 0 {
		channel = policy.Terminal
	}
	permit, err := w.Gate.Permit(t.Context(), p, policy.Confirmation{
		PlanID:  p.ID,
		Channel: channel,
		Time:    time.Now(),
	})
	must(t, err)
	return permit
}

// foreignGrants lets someone else grant values, some of which the run granted too. Base grants, which replace, are
// left to others: they end the run's grant, and then nothing of it stands. It returns "email value" for all that was
// given.
func foreignGrants(w *simtest.World, rng *rand.Rand, people []string) map[string]bool {
	names := w.Tenant.ValueNames(w.AppID)
	ids := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return strings.Compare(names[a], names[b]) })
	given := map[string]bool{}
	for _, email := range people {
		id := w.Tenant.UserByEmail(email)
		if id == "" || len(ids) == 0 || rng.IntN(2) == 0 {
			continue
		}
		value := ids[rng.IntN(len(ids))]
		w.Tenant.AddGrant(oktasim.NewGrant{AppID: w.AppID, UserID: id, Values: []string{value}})
		given[email+" "+names[value]] = true
	}
	return given
}
