package batch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// run is one execution of a plan.
type run struct {
	engine      *Engine
	okta        *oktaclient.Client
	writer      *oktaclient.Writer
	plan        *plan.Plan
	journal     *journal
	application *durable.FileLock // from waitForApplication to close
	live        *progress.Live
	started     time.Time // every process that carried this plan out before had ended by then
	resumed     bool      // an earlier run of the plan got as far as an operation
	lastWritten time.Time // the last write of an earlier run of this kind here: Okta's lists may lag behind it
	pending     [][]int   // chains of operations still to do; within a chain each needs the one before

	read     *plan.Structure          // the application as the comparison read it; nil until then
	holdings map[string]*plan.Holding // what the users of pending grants had when the run began; not written after that

	mu           sync.Mutex
	memories     []memory
	readUntil    map[int]time.Time         // CUSTOM grants: what was made until then was read back
	lacks        map[int]Result            // of those whose users lack something; written between waves only
	made         map[untrusted.Text]string // entitlement ids by external value, once known
	doubled      []Doubled                 // found when the run had ended
	doubledTotal int
	doubledSeen  int
	tried        int
	failures     int
	stop         *Stop
}

func newRun(e *Engine, p *plan.Plan, memories []memory, live *progress.Live) *run {
	live.Expect(len(p.Ops))
	live.Enter("checking")
	r := &run{
		engine:    e,
		okta:      e.okta,
		writer:    e.writer,
		plan:      p,
		memories:  memories,
		live:      live,
		readUntil: map[int]time.Time{},
		lacks:     map[int]Result{},
		made:      map[untrusted.Text]string{},
		started:   time.Now(),
	}
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
	if m.result.Outcome.done() {
		r.learn(i, m.result)
	}
}

// learn takes in what later operations need to know of one that ended well.
func (r *run) learn(i int, result Result) {
	op := &r.plan.Ops[i]
	if k := r.engine.kindOf(op); k.learn != nil {
		k.learn(r, op, result)
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

// first carries out the first chain alone: what is wrong with a plan or a credential shows on one person.
func (r *run) first(ctx context.Context) error {
	if len(r.pending) == 0 {
		return nil
	}
	r.live.Enter("first operation")
	chain := r.pending[0]
	r.pending = r.pending[1:]
	if err := r.all(ctx, [][]int{chain}); err != nil || r.stopped() {
		return err
	}
	last := chain[len(chain)-1]
	op := &r.plan.Ops[last]
	if k := r.engine.kindOf(op); k.refused != nil {
		if stop := k.refused(op, r.resultOf(last)); stop != nil {
			r.halt(*stop)
		}
	}
	return nil
}

// ring carries out a few chains of a large plan and reads their effect back before the rest.
func (r *run) ring(ctx context.Context) error {
	opts := r.engine.opts
	if opts.RingAbove < 0 || len(r.pending) <= opts.RingAbove || r.plan.Stage != plan.StageGrants {
		r.live.Enter(string(r.plan.Stage))
		return nil
	}
	r.live.Enter("ring")
	size := min(opts.RingSize, len(r.pending))
	ring := r.pending[:size]
	r.pending = r.pending[size:]
	if err := r.all(ctx, ring); err != nil || r.stopped() {
		return err
	}
	if err := r.readBack(ctx, ring); err != nil {
		return err
	}
	r.live.Enter(string(r.plan.Stage))
	return nil
}

// readBack asks Okta for the effect of a ring and stops the run when something planned is not there.
func (r *run) readBack(ctx context.Context, ring [][]int) error {
	for _, chain := range ring {
		last := chain[len(chain)-1]
		op := &r.plan.Ops[last]
		k := r.engine.kindOf(op)
		if k.missing == nil || !r.resultOf(last).Outcome.done() {
			continue
		}
		missing, err := k.missing(ctx, r, op)
		for more := r.patience(); more.again(ctx, &err); {
			missing, err = k.missing(ctx, r, op)
		}
		if err != nil {
			return unreadable(ctx, err)
		}
		if missing > 0 {
			r.halt(Stop{
				Code: trouble.RingMismatch,
				What: fmt.Sprintf("after granting to the first users, %d of user %s's planned values are not in force",
					missing, op.UserID),
				Next: "look at that user's access in the Admin Console before applying the plan again",
			})
			return nil
		}
	}
	return nil
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
		if err := r.plan.Outdated(r.engine.opts.Now()); err != nil { // the day ended while the run was under way
			r.halt(*stopFor(ctx, err))
			return nil
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
		return Result{
			Outcome: Failed,
			Code:    string(trouble.NeedsFailed),
			Error:   "what it needs did not happen: " + needs.Error,
		}
	}
	return Result{
		Outcome: NotAttempted,
		Code:    string(trouble.NeedsOpen),
		Error:   "what it needs has not been settled",
	}
}

// finish journals how an operation ended. An unknown outcome gets no end line: its begin stays open, which is what makes
// the next run look it up.
func (r *run) finish(i int, result Result) error {
	ended := memory{result: result, ended: time.Now()}
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
	if result.Outcome.done() {
		r.learn(i, result)
	}
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
	return &Stop{
		Code: trouble.ErrorRate,
		What: fmt.Sprintf("%d of %d operations failed, more than the %.0f %% that a run may lose",
			r.failures, r.tried, 100*r.engine.opts.StopRate),
		Next: "read the errors in report.csv, fix the cause, then apply the plan again",
	}
}

func (r *run) resultOf(i int) Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.memories[i].result
}
