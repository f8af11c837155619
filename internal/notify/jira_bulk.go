package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func (r *run) isBulk(t Ticket) bool { return r.wanted.Bulk != nil && r.wanted.Bulk.Key == t.Key }

// bulk keeps the bulk ticket: open with a row for each ticket beyond the cap, closed when there is none.
func (r *run) bulk(ctx context.Context) {
	if r.wanted.Bulk == nil {
		return
	}
	t := *r.wanted.Bulk
	if len(r.deferred) == 0 {
		r.settle(ctx, t.Key, "every finding has a ticket of its own now.")
		return
	}
	t.Rows = [][]string{{"Finding", "Due"}}
	for _, d := range r.deferred {
		due := ""
		if !d.Due.IsZero() {
			due = d.Due.UTC().Format(time.DateOnly)
		}
		t.Rows = append(t.Rows, []string{d.Title, due})
	}
	r.open(ctx, t)
}

// finishLost looks for the issues of creates that got no answer in this run, and sends those once more that Jira's search
// must have shown by then if they existed.
func (r *run) finishLost(ctx context.Context) {
	if len(r.lost) == 0 {
		return
	}
	var keys []string
	for _, p := range r.lost {
		keys = append(keys, p.ticket.Key)
	}
	looking := r.broken
	if looking == nil {
		looking = r.recover(ctx, keys)
	}
	for _, p := range r.lost {
		r.finishOne(ctx, p, looking)
	}
}

func (r *run) finishOne(ctx context.Context, p pending, looking error) {
	key := p.ticket.Key
	if looking != nil {
		r.fail(Result{Key: key},
			fmt.Errorf("%w; whether the issue exists is not known, the next run looks for it before it creates one", errors.Join(p.cause, looking)))
		return
	}
	if id := r.ledger.entries[key].Issue; id != "" {
		r.report.add(Result{Key: key, ID: id, URL: r.url(id), Outcome: Created})
		return
	}
	if r.stopped != nil {
		r.fail(Result{Key: key}, p.cause)
		return
	}
	id, err := r.sendCreate(ctx, p.ticket)
	if err != nil {
		r.fail(Result{Key: key}, fmt.Errorf("%w; the next run looks for the issue before it creates one", err))
		return
	}
	r.report.add(Result{Key: key, ID: id, URL: r.url(id), Outcome: Created})
}
