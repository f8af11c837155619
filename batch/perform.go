package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// perform carries one operation out: begin on disk, send, and when the reply was lost, look before sending again.
func (r *run) perform(ctx context.Context, i int) (Result, error) {
	op := &r.plan.Ops[i]
	kind := r.engine.kindOf(op)
	for attempt := 1; ; attempt++ {
		if err := r.journal.begin(i, op.Key); err != nil {
			return Result{}, err
		}
		seen, witness := oktaclient.WithWitness(ctx)
		result, err := kind.send(seen, r, op)
		for more := r.patience(); more.again(ctx, &err); {
			result, err = kind.send(seen, r, op)
		}
		switch {
		case err == nil:
			if result.Request == "" {
				result.Request = witness.Last()
			}
			return result, nil
		case oktaclient.MayHaveHappened(err):
			result = r.lost(ctx, op, err, attempt)
		default:
			result = r.refused(ctx, op, err, attempt)
		}
		if result.Outcome != "" {
			return result, nil
		}
	}
}

// lost settles an operation whose reply was lost. A result without an outcome says to send it again.
func (r *run) lost(ctx context.Context, op *plan.Op, err error, attempt int) Result {
	r.engine.opts.Log.Warn("reply lost, looking before sending again", "kind", op.Kind, "attempt", attempt, "error", err)
	found, happened, lookErr := r.settle(ctx, op, time.Now())
	switch {
	case lookErr != nil:
		return Result{Outcome: Unknown, Code: string(trouble.Unsettled), Error: lookErr.Error()}
	case happened:
		return found
	case attempt >= r.engine.opts.Attempts:
		return Result{
			Outcome: Failed,
			Code:    string(trouble.NoAnswer),
			Error: fmt.Sprintf("sent %d times without an answer, and looking shows that it did not happen: %v",
				attempt, err),
		}
	case ctx.Err() != nil || r.stopped():
		return Result{Outcome: NotAttempted}
	}
	return Result{}
}

// settle finds out whether an operation happened whose reply was lost at the given time. Okta's lists may lag behind
// writes, so absence counts only once the lag is over; presence counts at once.
func (r *run) settle(ctx context.Context, op *plan.Op, lost time.Time) (Result, bool, error) {
	if caughtUp := lost.Add(r.engine.opts.SettleAfter); time.Now().Before(caughtUp) {
		if result, happened, err := r.look(ctx, op); err != nil || happened {
			return result, happened, err
		}
		if err := wait.For(ctx, time.Until(caughtUp)); err != nil {
			return Result{}, false, err
		}
	}
	return r.look(ctx, op)
}

// look asks Okta whether the effect of an operation is there, for as long as Okta cannot be reached.
func (r *run) look(ctx context.Context, op *plan.Op) (Result, bool, error) {
	kind := r.engine.kindOf(op)
	result, happened, err := kind.look(ctx, r, op)
	for more := r.patience(); more.again(ctx, &err); {
		result, happened, err = kind.look(ctx, r, op)
	}
	return result, happened, err
}

// refused turns an answer of Okta, or a request that never left, into an outcome. A result without an outcome says to send
// the operation again: a change under way passes (Okta API: 409, 423). What is in the way may be just what was asked for.
// What concerns the credential or the whole organisation stops the run, since the next operation would end the same way.
func (r *run) refused(ctx context.Context, op *plan.Op, refusal error, attempt int) Result {
	kind := r.engine.kindOf(op)
	if kind.exists != nil && kind.exists(refusal) {
		if found, there, err := kind.look(ctx, r, op); err == nil && there {
			if found.Outcome == Created {
				found.Outcome = AlreadyPresent
			}
			return found
		}
	}
	passes := errors.Is(refusal, oktaclient.ErrConflict) && attempt < r.engine.opts.Attempts && !r.stopped()
	if passes && wait.For(ctx, time.Second<<attempt) == nil {
		return Result{}
	}
	if stop := stopFor(ctx, refusal); stop != nil {
		r.halt(*stop)
		return Result{Outcome: NotAttempted}
	}
	result := Result{Outcome: Failed, Error: refusal.Error()}
	var okta *oktaclient.Error
	if errors.As(refusal, &okta) {
		result.Code, result.Request = okta.Code, okta.RequestID
	}
	return result
}
