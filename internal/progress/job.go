package progress

import (
	"context"
	"errors"
	"time"
)

// ErrCancelled is the cause of a job's cancellation when a person asked for it. A job that ends for another cause, such
// as the program stopping, is picked up by the next start.
var ErrCancelled = errors.New("cancelled by a person")

// ErrStopping is the cause of a job's cancellation when the program ends.
var ErrStopping = errors.New("the program is stopping")

// Job is work in the background that ends with a T: a run, an audit. Its methods are safe for concurrent use.
type Job[T any] struct {
	ID string

	live   *Live
	cancel context.CancelCauseFunc
	ended  chan struct{}
	result T // with err, set before ended is closed
	err    error
}

// Start begins work in the background. The job ends when the work returns; base is the context of the program, not of
// the call that asked, because a job outlives that call.
func Start[T any](base context.Context, id string, live *Live, work func(context.Context) (T, error)) *Job[T] {
	ctx, cancel := context.WithCancelCause(base)
	j := &Job[T]{ID: id, live: live, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(j.ended)
		defer cancel(nil)
		j.result, j.err = work(ctx)
	}()
	return j
}

// Cancel stops the job because a person asked. What is on disk stays; the same request goes on from there.
func (j *Job[T]) Cancel() { j.cancel(ErrCancelled) }

// Stop stops the job because the program ends.
func (j *Job[T]) Stop() { j.cancel(ErrStopping) }

// Ended is closed when the job has ended.
func (j *Job[T]) Ended() <-chan struct{} { return j.ended }

// IsEnded reports whether the job has ended.
func (j *Job[T]) IsEnded() bool {
	select {
	case <-j.ended:
		return true
	default:
		return false
	}
}

// Result returns what the job ended with; before that, the zero T and nil.
func (j *Job[T]) Result() (T, error) {
	if !j.IsEnded() {
		var none T
		return none, nil
	}
	return j.result, j.err
}

// Progress says how far the job is.
func (j *Job[T]) Progress() Progress { return j.live.Progress() }

// Wait returns when the job has ended or ctx has, and shows how far it is every so often until then. It never cancels
// the job.
func (j *Job[T]) Wait(ctx context.Context, every time.Duration, show func(Progress)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-j.ended:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			show(j.Progress())
		}
	}
}
