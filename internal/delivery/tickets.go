package delivery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/untrusted"
)

// Tickets says what became of the tickets of an order.
type Tickets struct {
	Mode      report.Mode     `json:"mode"`
	Created   int             `json:"created"`
	Updated   int             `json:"updated"`
	Unchanged int             `json:"unchanged"`
	Closed    int             `json:"closed"`
	Reopened  int             `json:"reopened"`
	Deferred  int             `json:"in_bulk_ticket"`
	Failed    int             `json:"failed"`
	Filter    string          `json:"jira_filter,omitempty"`
	Sample    []notify.Result `json:"sample,omitempty"` // failed ones first, then the others that changed
	Error     string          `json:"error,omitempty"`  // why nothing could be done
}

// problem is why the tickets have to be tried again, nil when they need not.
func (t *Tickets) problem() error {
	switch {
	case t.Error != "":
		return errors.New(t.Error)
	case t.Failed > 0:
		return fmt.Errorf("%d tickets failed", t.Failed)
	}
	return nil
}

func (c *Sender) tickets(ctx context.Context, s *mfa.Summary, order Order, r *Receipt) error {
	if r.Tickets == nil { // otherwise they were done in place of those that had waited
		var err error
		if r.Tickets, err = c.sync(ctx, s, order.Tickets, order.DryRun); err != nil {
			return err
		}
	}
	problem := r.Tickets.problem()
	if problem == nil || order.DryRun {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // they wait also when the delivery was stopped
	return errors.Join(c.outbox.Put(ctx, kindTickets, s.Scope.Raw(), waitingTickets{s.AuditID, order.Tickets}),
		c.record(ctx, s.AuditID, "audit_tickets", "waits", map[string]any{"reason": untrusted.New(problem.Error()).String()}))
}

// sync brings Jira to what the audit says. The error is about this machine; Jira's is in the tickets.
func (c *Sender) sync(ctx context.Context, s *mfa.Summary, mode report.Mode, dry bool) (*Tickets, error) {
	o := report.TicketOptions{EnrollURL: c.o.EnrollURL, AssignPeople: c.o.Assign, MaxNew: c.o.MaxNew, DryRun: dry}
	wanted, err := report.Tickets(*s, c.findings(s), mode, o)
	if err != nil {
		return nil, err
	}
	done, err := c.o.Jira.Sync(ctx, wanted)
	t := &Tickets{Mode: mode, Created: done.Created, Updated: done.Updated, Unchanged: done.Unchanged, Closed: done.Closed, Reopened: done.Reopened,
		Deferred: done.Deferred, Failed: done.Failed, Filter: done.Filter, Sample: sampleOf(done.Results)}
	if err != nil {
		t.Error = untrusted.New(err.Error()).Show(untrusted.Long)
		c.o.Log.Warn("tickets wait", "error", err)
	}
	if dry {
		return t, nil
	}
	return t, c.recordTickets(ctx, s.AuditID, done.Results)
}

// shownTickets bounds a receipt.
const shownTickets = 10

// sampleOf picks what someone wants to see first: failures, then what changed.
func sampleOf(results []notify.Result) []notify.Result {
	var sample []notify.Result
	for _, wanted := range []func(notify.Result) bool{
		func(r notify.Result) bool { return r.Outcome == notify.Failed },
		func(r notify.Result) bool { return r.Outcome != notify.Failed && r.Outcome != notify.Unchanged },
	} {
		for _, r := range results {
			if len(sample) < shownTickets && wanted(r) {
				sample = append(sample, r)
			}
		}
	}
	return sample
}

// recordTickets writes which ticket each finding has into the trail.
func (c *Sender) recordTickets(ctx context.Context, auditID string, results []notify.Result) error {
	const atOnce = 500
	for part := range slices.Chunk(results, atOnce) {
		by := map[notify.Outcome][]string{}
		for _, r := range part {
			by[r.Outcome] = append(by[r.Outcome], r.Key+"="+r.ID)
		}
		details := map[string]any{}
		for _, outcome := range slices.Sorted(maps.Keys(by)) {
			details[string(outcome)] = strings.Join(by[outcome], " ")
		}
		if err := c.record(context.WithoutCancel(ctx), auditID, "audit_tickets", "delivered", details); err != nil {
			return err
		}
	}
	return nil
}
