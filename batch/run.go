package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/oktaclient"
)

// run is one execution of a plan.
type run struct {
	engine      *Engine
	okta        *oktaclient.Client
	writer      *oktaclient.Writer
	plan        *plan.Plan
	journal     *journal
	live        *progress.Live
	started     time.Time // every process that carried this plan out before had ended by then
	resumed     bool      // an earlier run of the plan got as far as an operation
	lastWritten time.Time // the last write of an earlier run of this kind here: Okta's lists may lag behind it
	pending     [][]int   // chains of operations still to do; within a chain each needs the one before

	holdings map[string]*plan.Holding // what the users of pending grants had when the run began; not written after that

	mu       sync.Mutex
	memories []memory
	made     map[string]string // entitlement ids by external value, once known
	tried    int
	failures int
	stop     *Stop
}

// Stop says why a run ended before its last operation.
type Stop struct {
	Code    string `json:"code"` // cancelled, interrupted, error_rate, token_rejected, scope_missing, feature_off, grant_mode_refused, ring_mismatch, plan_stale, okta_unavailable, okta_unreadable, or the code of a plan.Refusal, okta_unreadable, interrupted, other_org
	Message string `json:"message"`
	Next    string `json:"next"`
}

func newRun(e *Engine, p *plan.Plan, memories []memory) *run {
	r := &run{engine: e, okta: e.okta, writer: e.writer, plan: p, memories: memories, live: progress.New(len(p.Ops), "checking"), made: map[string]string{}, started: time.Now()}
	chain := make([]int, len(p.Ops)) // which chain an operation belongs to
	var chains [][]int
	for i := range p.Ops {
		if needs := p.Ops[i].Needs; needs >= 0 {
			chain[i] = chain[needs]
		} else {
			chain[i] = len(chains)
			chains = append(chains, nil)
		}
		r.remember(i)
		if memories[i].result.Outcome.done() && memories[i].began.IsZero() {
			r.live.Count(string(memories[i].result.Outcome), false)
			continue
		}
		chains[chain[i]] = append(chains[chain[i]], i)
	}
	for _, c := range chains {
		if len(c) > 0 {
			r.pending = append(r.pending, c)
		}
	}
	r.failedLast()
	return r
}

// remember takes in what the journal says of an operation.
func (r *run) remember(i int) {
	m := &r.memories[i]
	if !m.began.IsZero() || m.result.Outcome != "" {
		r.resumed = true
	}
	if op := &r.plan.Ops[i]; op.Kind == plan.KindCreateEntitlement && m.result.Outcome.done() {
		r.made[op.Entitlement.ExternalValue] = m.result.ID
	}
}

// failedLast puts off what failed before. What fails for good would otherwise stop each further run by its error rate before
// it came to the rest.
func (r *run) failedLast() {
	failed := func(chain []int) int {
		for _, i := range chain {
			if r.memories[i].result.Outcome == Failed {
				return 1
			}
		}
		return 0
	}
	slices.SortStableFunc(r.pending, func(a, b []int) int { return failed(a) - failed(b) })
}

// carryOut does what is pending. It returns an error only when the run could not be kept honestly (the journal, or Okta
// could not be read beforehand); whatever happens to single operations is in their results.
func (r *run) carryOut(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		if stop := stopFor(ctx, err); stop != nil {
			r.halt(*stop)
			return nil
		}
		return fmt.Errorf("compare the plan with Okta as it is now: %w", err)
	}
	r.pending = slices.DeleteFunc(r.pending, func(chain []int) bool { return r.settled(chain) })
	err := r.inRings(ctx)
	switch {
	case err == nil || errors.Is(err, errJournal):
		return err
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		r.halt(*cancelled(ctx))
	default:
		stop := stopFor(ctx, err)
		if stop == nil {
			stop = &Stop{"okta_unreadable", err.Error(), "apply the plan again; it goes on where it stopped"}
		}
		r.halt(*stop)
	}
	return nil
}

func (r *run) settled(chain []int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range chain {
		if !r.memories[i].result.Outcome.done() || !r.memories[i].began.IsZero() {
			return false
		}
	}
	return true
}

// inRings carries out the first chain alone, then a small ring whose effect is read back, then the rest: what is wrong with
// a plan or a credential shows on few people.
func (r *run) inRings(ctx context.Context) error {
	rest := r.pending
	if len(rest) == 0 {
		return nil
	}
	r.live.Enter("first operation")
	if err := r.all(ctx, rest[:1]); err != nil || r.stopped() {
		return err
	}
	if r.refusesGrantType(rest[0]) {
		r.halt(Stop{"grant_mode_refused", "Okta refused the first grant of type " + oktaclient.GrantEntitlement + ": " + r.resultOf(rest[0][len(rest[0])-1]).Error,
			"if the message speaks of the grant type, this organisation does not have additive grants yet: set GRANT_MODE=custom-merge, restart and plan again; otherwise mend what it says and apply again"})
		return nil
	}
	rest = rest[1:]
	if opts := r.engine.opts; opts.RingAbove >= 0 && len(rest) > opts.RingAbove && r.plan.Stage == plan.StageGrants {
		r.live.Enter("ring")
		ring := rest[:min(opts.RingSize, len(rest))]
		if err := r.all(ctx, ring); err != nil || r.stopped() {
			return err
		}
		if err := r.readBack(ctx, ring); err != nil || r.stopped() {
			return err
		}
		rest = rest[len(ring):]
	}
	r.live.Enter(string(r.plan.Stage))
	return r.all(ctx, rest)
}

// all carries chains out, a bounded number at once. Chains that begin alike wait for the same rate limit, so each kind has
// its own share of workers: users who only need a grant do not queue behind those who wait to be assigned.
func (r *run) all(ctx context.Context, chains [][]int) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, alike := range r.byFirst(chains) {
		group.Go(func() error {
			slots := semaphore.NewWeighted(int64(r.engine.opts.Workers))
			for _, chain := range alike {
				if slots.Acquire(groupCtx, 1) != nil || r.stopped() {
					return nil
				}
				group.Go(func() error {
					defer slots.Release(1)
					return r.chain(groupCtx, chain)
				})
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// byFirst sorts chains by the kind of their first operation, in the order of the plan.
func (r *run) byFirst(chains [][]int) [][][]int {
	var sorted [][][]int
	place := map[plan.Kind]int{}
	for _, chain := range chains {
		kind := r.plan.Ops[chain[0]].Kind
		at, known := place[kind]
		if !known {
			at = len(sorted)
			place[kind] = at
			sorted = append(sorted, nil)
		}
		sorted[at] = append(sorted[at], chain)
	}
	return sorted
}

// chain carries out operations of which each needs the one before.
func (r *run) chain(ctx context.Context, chain []int) error {
	for _, i := range chain {
		if ctx.Err() != nil || r.stopped() {
			return nil
		}
		if r.settled([]int{i}) {
			continue // found in place, or found to have happened in an earlier run
		}
		if needs := r.plan.Ops[i].Needs; needs >= 0 && !r.resultOf(needs).Outcome.done() {
			if err := r.finish(i, withoutNeeds(r.resultOf(needs))); err != nil {
				return err
			}
			continue
		}
		result, err := r.perform(ctx, i)
		if err != nil {
			return err
		}
		if err := r.finish(i, result); err != nil {
			return err
		}
	}
	return nil
}

// withoutNeeds is the outcome of an operation whose precondition ended without success.
func withoutNeeds(needs Result) Result {
	if needs.Outcome == Failed {
		return Result{Outcome: Failed, Code: "needs_failed", Error: "what it needs did not happen: " + needs.Error}
	}
	return Result{Outcome: NotAttempted, Code: "needs_open", Error: "what it needs has not been settled"}
}

// finish journals how an operation ended. An unknown outcome gets no end line: its begin stays open, which is what makes
// the next run look it up.
func (r *run) finish(i int, result Result) error {
	ended := memory{result: result}
	if result.Outcome == Unknown {
		ended.began = time.Now()
	} else if err := r.journal.end(i, r.plan.Ops[i].Key, result); err != nil {
		return err
	}
	r.mu.Lock()
	r.memories[i] = ended
	if result.Outcome != NotAttempted {
		r.tried++
	}
	if result.Outcome == Failed {
		r.failures++
	}
	stop := r.overRate()
	r.mu.Unlock()
	r.live.Count(string(result.Outcome), true)
	if stop != nil {
		r.halt(*stop)
	}
	return nil
}

// rateSample is the least number of operations from which an error rate is read.
const rateSample = 20

func (r *run) overRate() *Stop {
	if r.tried < rateSample || float64(r.failures) <= r.engine.opts.StopRate*float64(r.tried) {
		return nil
	}
	return &Stop{"error_rate", fmt.Sprintf("%d of %d operations failed, more than the %.0f %% that a run may lose", r.failures, r.tried, 100*r.engine.opts.StopRate),
		"read the errors in report.csv, mend the cause, then apply the plan again"}
}

// halt ends the run before its last operation: nothing new is started, and what is on the wire is awaited, so that it
// ends in a known outcome. The first reason stands.
func (r *run) halt(s Stop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == nil {
		r.stop = &s
	}
}

func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stop != nil
}

func (r *run) resultOf(i int) Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.memories[i].result
}
