package progress_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/progress"
)

func TestAJobEndsWithItsResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := progress.Start(t.Context(), "job", progress.New(1, "working"), func(context.Context) (string, error) {
			time.Sleep(25 * time.Second)
			return "done", nil
		})
		if got, err := job.Result(); got != "" || err != nil {
			t.Errorf("before the end: got %q, %v", got, err)
		}
		shown := 0
		if err := job.Wait(t.Context(), 10*time.Second, func(progress.Progress) { shown++ }); err != nil {
			t.Fatal(err)
		}
		if got, err := job.Result(); got != "done" || err != nil {
			t.Errorf("after the end: got %q, %v", got, err)
		}
		if shown != 2 {
			t.Errorf("progress was shown %d times, want 2", shown)
		}
	})
}

func TestAJobKnowsWhyItWasCancelled(t *testing.T) {
	for want, cancel := range map[error]func(*progress.Job[int]){
		progress.ErrCancelled: (*progress.Job[int]).Cancel,
		progress.ErrStopping:  (*progress.Job[int]).Stop,
	} {
		job := progress.Start(t.Context(), "job", progress.New(1, "working"), func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, context.Cause(ctx)
		})
		cancel(job)
		<-job.Ended()
		if _, err := job.Result(); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func TestWaitingForAJobDoesNotEndIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := progress.Start(t.Context(), "job", progress.New(1, "working"), func(context.Context) (int, error) {
			time.Sleep(time.Minute)
			return 7, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := job.Wait(ctx, time.Hour, func(progress.Progress) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: got %v", err)
		}
		<-job.Ended()
		if got, _ := job.Result(); got != 7 {
			t.Errorf("the job ended with %d, want 7", got)
		}
	})
}
