// Package wait is the one wait of the program: it ends with its context. Retries, polls and simulated latency use it.
package wait

import (
	"context"
	"time"
)

// For returns after d, or with ctx's error as soon as ctx ends. A wait of zero or less is over at once.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
