package batch_test

import (
	"sync"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/simtest"
)

// settleRounds is how often two installations plan and apply, one after the other, until nothing is left for either.
const settleRounds = 6

// twoInstallations has a second installation, which knows nothing of this one, import a report of its own: afterwards, or
// while this one imports and calls go wrong. No one may lose what they had without being named, and planning again brings
// everyone what both reports say.
func (s *scene) twoInstallations(line *simtest.Line, storm bool) {
	if s.t.Failed() {
		return
	}
	ctx := s.t.Context()
	other := s.Another(simtest.Options{Lines: []*simtest.Line{line}, Engine: s.engine})
	ours := simtest.Report(s.t, simtest.RandomReport(s.rng, s.people))
	theirs := simtest.Report(s.t, simtest.RandomReport(s.rng, s.people))
	s.Structure(ctx, ours)
	other.Structure(ctx, theirs)
	time.Sleep(time.Minute)
	s.before = photograph(s.World)
	if storm {
		s.tally.add("second installation", 1)
		s.atOnce(other, s.planGrants(ours), other.PlanGrants(ctx, theirs, s.mode))
	}
	for range settleRounds {
		time.Sleep(time.Minute)
		first := s.planGrants(ours)
		carryOut(s.t, s.World, first)
		time.Sleep(time.Minute)
		second := other.PlanGrants(ctx, theirs, s.mode)
		carryOut(s.t, other, second)
		if len(first.Ops)+len(second.Ops) == 0 {
			return
		}
	}
	s.t.Errorf("two installations were not done in %d rounds", settleRounds)
}

// atOnce carries two plans out at the same time, with a few faults.
func (s *scene) atOnce(other *simtest.World, first, second *plan.Plan) {
	var faults []injected
	for range s.fate.IntN(3) {
		f := disturbances()[s.fate.IntN(len(disturbances()))]
		f.Nth, f.Times = 1+s.fate.IntN(6), 1+s.fate.IntN(3)
		faults = append(faults, injected{f.Effect, false, s.Tenant.Inject(f)})
	}
	var wg sync.WaitGroup
	summaries := make([]*batch.Summary, 2)
	run := func(at int, w *simtest.World, p *plan.Plan) {
		permit := permitFor(s.t, w, p)
		wg.Go(func() { summaries[at], _ = w.Engine.Run(s.t.Context(), p, permit, nil) }) // a fault may end it
	}
	run(0, s.World, first)
	run(1, other, second)
	wg.Wait()
	for _, f := range faults {
		s.tally.add(string(f.effect), f.Fired())
		f.Remove()
	}
	met := false
	for _, summary := range summaries {
		if summary == nil {
			continue
		}
		named := stopCode(summary) == "access_lost" || stopCode(summary) == "overwritten" || summary.DoubledTotal > 0
		for _, e := range summary.Errors {
			named = named || e.Code == "stale_user"
		}
		met = met || named
	}
	if met {
		s.tally.add("second installation met", 1)
	}
	for _, what := range s.before.lost(photograph(s.World)) {
		s.t.Errorf("two installations at once: %s", what)
	}
}
