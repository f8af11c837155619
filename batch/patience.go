package batch

import (
	"context"
	"errors"
	"time"

	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// outagePatience is how long a run keeps trying while Okta cannot be reached at all: a laptop that sleeps or a network that
// drops on Friday night must not end an import that has until Monday. Nothing is written in that time.
const outagePatience = 12 * time.Hour

// patience repeats one call for as long as Okta cannot be reached, unless the call may have had an effect.
type patience struct {
	run     *run
	started time.Time
	pause   time.Duration
}

func (r *run) patience() *patience { return &patience{run: r, started: time.Now(), pause: time.Second} }

// again waits, and reports whether to make the call again after it ended with this error. A wait that is cut short takes
// the error's place.
func (p *patience) again(ctx context.Context, err *error) bool {
	const longest = 2 * time.Minute
	down := errors.Is(*err, oktaclient.ErrUnavailable) || errors.Is(*err, oktaclient.ErrRateLimited)
	if !down || oktaclient.MayHaveHappened(*err) || p.run.stopped() || time.Since(p.started) > outagePatience {
		return false
	}
	p.run.engine.opts.Log.Warn("okta cannot be reached, waiting", "pause", p.pause, "error", *err)
	if cut := wait.For(ctx, p.pause); cut != nil {
		*err = cut
		return false
	}
	p.pause = min(2*p.pause, longest)
	return true
}
