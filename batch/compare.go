package batch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/wait"
)

// compare settles what an earlier run left open and compares the rest of the plan with Okta as it is now: what is there
// already ends without a call, and a plan that no longer fits is refused. A run that goes on has no one in front of it who
// would try again, so it waits for Okta as it would have before; a new one says at once that Okta cannot be reached.
func (r *run) compare(ctx context.Context) error {
	err := r.compareOnce(ctx)
	if r.resumed {
		for more := r.patience(); more.again(ctx, &err); {
			err = r.compareOnce(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("compare the plan with Okta as it is now: %w", err)
	}
	r.pending = slices.DeleteFunc(r.pending, func(chain []int) bool { return r.settled(chain) })
	return nil
}

func (r *run) compareOnce(ctx context.Context) error {
	if err := r.sameOrg(ctx); err != nil {
		return err
	}
	if err := r.settleOpen(ctx); err != nil {
		return err
	}
	// What an earlier run has just written may not be listed yet; reading now would plan it a second time.
	r.live.Enter("waiting for Okta's lists to show the run before")
	if err := wait.For(ctx, time.Until(r.lastWritten.Add(r.engine.opts.SettleAfter))); err != nil {
		return err
	}
	r.live.Enter("checking")
	if err := r.inTime(); err != nil {
		return err
	}
	r.read = nil
	if err := r.fits(ctx); err != nil {
		return err
	}
	for i := range r.engine.kinds {
		k := &r.engine.kinds[i]
		if ops := r.pendingOf(k.Kind); k.compare != nil && len(ops) > 0 {
			if err := k.compare(ctx, r, ops); err != nil {
				return err
			}
		}
	}
	return nil
}

// inTime refuses to go on with a plan once an access that it grants has ended. What earlier runs began is settled by then.
func (r *run) inTime() error {
	unsettled := slices.ContainsFunc(r.pending, func(chain []int) bool { return !r.settled(chain) })
	if !unsettled {
		return nil
	}
	return r.plan.Outdated(r.engine.opts.Now())
}

// fits checks that Okta still has what the pending operations rest on; that is at least the application.
func (r *run) fits(ctx context.Context) error {
	for i := range r.engine.kinds {
		k := &r.engine.kinds[i]
		if k.fits == nil || len(r.pendingOf(k.Kind)) == 0 {
			continue
		}
		if err := k.fits(ctx, r); err != nil {
			return err
		}
	}
	if r.read != nil {
		return nil
	}
	_, err := plan.ReadApp(ctx, r.okta, r.plan.App.ID)
	return err
}

// structure reads the application with its entitlements, once in a comparison.
func (r *run) structure(ctx context.Context) (*plan.Structure, error) {
	if r.read != nil {
		return r.read, nil
	}
	read, err := plan.ReadStructure(ctx, r.okta, r.plan.App.ID)
	if err != nil {
		return nil, err
	}
	r.read = read
	return read, nil
}

// sameOrg refuses a plan of another organisation: a credential that was exchanged must not carry it there.
func (r *run) sameOrg(ctx context.Context) error {
	org, err := r.okta.Org(ctx)
	if err != nil {
		return fmt.Errorf("read organisation: %w", err)
	}
	if org.ID != r.plan.OrgID {
		return &trouble.Error{
			Code: trouble.OtherOrg,
			What: "the plan was made for organisation " + r.plan.OrgID + ", the credential belongs to " + org.ID,
			Next: "use the credential of the plan's organisation, or plan again in this one",
		}
	}
	return nil
}

// settleOpen looks up every operation with a begin and no end. Its begin does not say when it was sent: it may have waited
// for its turn, or for the network, until the moment the process died. All that is certain is that this was before the
// present run began.
func (r *run) settleOpen(ctx context.Context) error {
	for _, chain := range r.pending {
		for _, i := range chain {
			if r.memories[i].began.IsZero() {
				continue
			}
			r.live.Enter("settling")
			result, happened, err := r.settle(ctx, &r.plan.Ops[i], r.started)
			switch {
			case err != nil:
				return fmt.Errorf("look up an operation that an earlier run left open: %w", err)
			case !happened:
				result = Result{Outcome: NotAttempted}
			}
			if err := r.note(i, result); err != nil {
				return err
			}
		}
	}
	return nil
}

// note journals a result that was found by looking, outside the error rate.
func (r *run) note(i int, result Result) error {
	if err := r.journal.end(i, r.plan.Ops[i].Key, result); err != nil {
		return err
	}
	r.mu.Lock()
	r.memories[i] = memory{result: result, ended: time.Now()}
	r.mu.Unlock()
	if result.Outcome.done() {
		r.learn(i, result)
		r.live.Count(string(result.Outcome), false)
	}
	return nil
}

// pendingOf lists the operations of a kind that have not ended well.
func (r *run) pendingOf(kind plan.Kind) []int {
	var ops []int
	for _, chain := range r.pending {
		for _, i := range chain {
			if r.plan.Ops[i].Kind == kind && !r.resultOf(i).Outcome.done() {
				ops = append(ops, i)
			}
		}
	}
	return ops
}
