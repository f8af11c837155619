package audit

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
)

// ahead reads people while the list of all is still being read: pages of people and readings have rate limits of their own, and
// what one leaves unused the other cannot make up for. It takes as many as it can and leaves the rest to readThese.
type ahead struct {
	queue   chan *person
	workers *errgroup.Group
}

// readAhead begins, unless it is not known yet where readings come from.
func (s *scan) readAhead(ctx context.Context) *ahead {
	a := &ahead{}
	if s.primary == "" {
		return a
	}
	a.queue = make(chan *person, 4*s.opts.Workers)
	a.workers, ctx = errgroup.WithContext(ctx)
	for range s.opts.Workers {
		a.workers.Go(func() error {
			for p := range a.queue {
				// A person that Okta does not let be read now is met again by readThese, which knows what to do about it.
				if err := s.readOne(ctx, p); err != nil && !transient(err) && !errors.Is(err, errSource) {
					return err
				}
			}
			return nil
		})
	}
	return a
}

// offer hands someone over when there is room.
func (a *ahead) offer(p *person) {
	select {
	case a.queue <- p: // never, when there is no queue
	default:
	}
}

// end waits until those who were taken have been read.
func (a *ahead) end() error {
	if a.workers == nil {
		return nil
	}
	close(a.queue)
	return a.workers.Wait()
}
