package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// transient reports whether trying again later may help.
func transient(err error) bool {
	return errors.Is(err, oktaclient.ErrUnavailable) || errors.Is(err, oktaclient.ErrRateLimited) ||
		errors.Is(err, oktaclient.ErrBadAnswer)
}

// retryLater reads those who could not be read. While the organisation as a whole does not answer, it waits; someone
// who cannot be read while it does answer is unreadable.
func (s *scan) retryLater(ctx context.Context, later []*person, outage bool) error {
	if len(later) == 0 {
		return nil
	}
	if err := s.waitForOkta(ctx); err != nil {
		return err
	}
	s.job.live.Enter("reading")
	if outage {
		return s.afterOutage(ctx)
	}
	later, outage, err := s.readBatch(ctx, later)
	if err != nil {
		return err
	}
	if _, away := s.readOrg(ctx); away != nil || outage { // it is not these people: Okta is away again
		return s.retryLater(ctx, later, outage)
	}
	return s.markUnreadable(later)
}

func (s *scan) markUnreadable(people []*person) error {
	for _, p := range people {
		if err := s.unreadable(p, p.why); err != nil {
			return err
		}
	}
	return nil
}

// gaveUp says that Okta did not answer for as long as the options allow. It is final, although its cause is transient.
func gaveUp(patience time.Duration, cause error) error {
	code := trouble.OktaUnavailable
	switch {
	case errors.Is(cause, oktaclient.ErrRateLimited):
		code = trouble.RateLimited
	case errors.Is(cause, oktaclient.ErrBadAnswer):
		code = trouble.BadAnswer
	}
	return &trouble.Error{
		Code: code,
		What: fmt.Sprintf("the audit gave up waiting: okta has not answered for %s: %v", patience, cause),
		Next: "ask for the same audit again: it goes on where it stopped",
		Err:  cause,
	}
}

// waitForOkta waits until Okta answers, for as long as the options say.
func (s *scan) waitForOkta(ctx context.Context) error {
	deadline := time.Now().Add(s.opts.Patience)
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		_, err := s.readOrg(ctx)
		if err == nil || !transient(err) {
			return err
		}
		if time.Now().After(deadline) {
			return gaveUp(s.opts.Patience, err)
		}
		s.job.live.Enter("waiting for Okta to answer")
		if wait.For(ctx, pause) != nil {
			return context.Cause(ctx)
		}
	}
}

// withRetries carries out a step that can be begun again. While Okta as a whole does not answer it waits; when Okta
// does answer, and the step fails all the same, the audit stops after a few attempts.
func (s *scan) withRetries(ctx context.Context, step func(context.Context) error) error {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		err := step(ctx)
		final := err == nil || !transient(err) || trouble.Find(err) != nil // an error with a code has been decided
		if final || attempt == attempts || ctx.Err() != nil {
			return err
		}
		if err := s.waitForOkta(ctx); err != nil {
			return err
		}
	}
}

// afterOutage reads all who are left after Okta was away. When it answers, and yet none of them can be read, a few
// are unreadable. When they are more than that, the audit stops: to call everyone unreadable would be a false report.
func (s *scan) afterOutage(ctx context.Context) error {
	if s.rounds++; len(s.mem.fresh) > s.freshBefore {
		s.rounds, s.freshBefore = 0, len(s.mem.fresh)
	}
	s.hadOutage = true
	left := s.todo(s.scope())
	few := len(left)*20 <= len(s.scope())
	untried := slices.ContainsFunc(left, func(p *person) bool { return p.failed == 0 })
	switch {
	case s.rounds <= 3 || few && untried: // each round tries some who were not tried yet
		return s.readThese(ctx, s.scope())
	case !few:
		return &trouble.Error{
			Code: trouble.OktaUnavailable,
			What: "okta answers, but it fails for one person after another",
			Next: "see Okta's status page, then ask for the same audit again: it goes on where it stopped",
		}
	}
	return s.markUnreadable(left)
}
