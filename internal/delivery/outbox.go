package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/untrusted"
)

// The kinds of deliveries in the outbox.
const (
	kindTickets  = "tickets"
	kindBulletin = "digest"
	kindMessage  = "message"
)

// waitingTickets is what the outbox keeps of tickets: what was wanted, not the tickets, since a later audit knows
// better. Its key is the scope.
type waitingTickets struct {
	AuditID string      `json:"audit_id"`
	Mode    report.Mode `json:"mode"`
}

// waitingMessage is a message that could not be sent, and its addressee. Its key is the user's id.
type waitingMessage struct {
	UserID  string         `json:"user_id"`
	AuditID string         `json:"audit_id"`
	Message notify.Message `json:"message"`
}

// silence is why something was not tried.
const silence = "slack did not answer for those before"

// round is one attempt at all that waits, before an order is carried out.
type round struct {
	*Sender
	summary *mfa.Summary // of the order
	order   Order
	receipt *Receipt
	silent  int // deliveries in a row that Slack did not take
}

// flush tries what waits from earlier.
func (c *Sender) flush(ctx context.Context, s *mfa.Summary, order Order, r *Receipt) error {
	again := &round{Sender: c, summary: s, order: order, receipt: r}
	flushed, err := c.outbox.Flush(ctx, again.deliver)
	if err != nil {
		return err
	}
	if n := len(flushed.Delivered); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("deliveries that had waited from earlier and are done: %d", n))
	}
	if n := len(flushed.Expired); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("deliveries that waited for too long and were given up: %d", n))
	}
	if n := len(flushed.Damaged); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("files in the outbox that cannot be read; move them away: %s",
			strings.Join(flushed.Damaged, ", ")))
	}
	return ctx.Err()
}

// deliver tries one item of the outbox, if that still makes sense.
func (r *round) deliver(ctx context.Context, item notify.Item) error {
	switch item.Kind {
	case kindTickets:
		return r.ticketsAgain(ctx, item)
	case kindBulletin:
		return r.unlessSilent(func() error { return r.bulletinAgain(ctx, item) })
	case kindMessage:
		return r.unlessSilent(func() error { return r.messageAgain(ctx, item) })
	}
	return fmt.Errorf("unknown kind of delivery %q", item.Kind)
}

// unlessSilent keeps an outbox full of messages from being tried one by one while Slack is down.
func (r *round) unlessSilent(try func() error) error {
	if r.silent >= mostFailures {
		return errors.New(silence)
	}
	err := try()
	if r.silent++; err == nil {
		r.silent = 0
	}
	return err
}

func missing(is bool, what string) error {
	if !is {
		return nil
	}
	return notConfigured(what+" is not configured any more", "set it up again, or leave it: what waits is kept")
}

// ticketsAgain brings Jira to the latest audit of the scope. When the order wants tickets of that scope as well, this
// is the order's turn already: twice would be twice the cap, and the mode of before is not asked for any more.
func (r *round) ticketsAgain(ctx context.Context, item notify.Item) error {
	var want waitingTickets
	if err := json.Unmarshal(item.Payload, &want); err != nil || r.o.Jira == nil {
		return errors.Join(err, missing(r.o.Jira == nil, "jira"))
	}
	if r.order.Tickets != "" && item.Key == r.summary.Scope.Raw() {
		var err error
		if r.receipt.Tickets, err = r.sync(ctx, r.summary, r.order.Tickets, false); err != nil {
			return err
		}
		return r.receipt.Tickets.problem()
	}
	s, err := r.o.Audits.Latest(item.Key)
	if errors.Is(err, audit.ErrNoAudit) {
		s, err = r.o.Audits.Summary(want.AuditID)
	}
	if err != nil {
		return err
	}
	t, err := r.sync(ctx, s, want.Mode, false)
	if err != nil {
		return err
	}
	return t.problem()
}

func (r *round) bulletinAgain(ctx context.Context, item notify.Item) error {
	var d notify.Bulletin
	if err := json.Unmarshal(item.Payload, &d); err != nil || r.o.Slack == nil {
		return errors.Join(err, missing(r.o.Slack == nil, "slack"))
	}
	done, err := r.o.Slack.Post(ctx, d)
	if err != nil {
		return err
	}
	return r.record(context.WithoutCancel(ctx), r.summary.AuditID, "audit_digest", string(done.Outcome),
		map[string]any{"message": done.ID, "waited": item.Key})
}

// messageAgain sends a message that had waited, unless the person has put things right meanwhile or no one is
// messaged any more.
func (r *round) messageAgain(ctx context.Context, item notify.Item) error {
	var m waitingMessage
	if err := json.Unmarshal(item.Payload, &m); err != nil || r.o.Slack == nil || !r.o.NotifyUsers {
		return errors.Join(err, missing(r.o.Slack == nil || !r.o.NotifyUsers, "slack"))
	}
	if latest, err := r.o.Audits.Summary(""); err == nil && m.UserID != "" {
		page, err := r.o.Audits.Findings(latest.AuditID, mfa.Query{Users: map[string]bool{m.UserID: true}})
		if err != nil {
			return err
		}
		rightNow := len(page.Findings) == 1 && !page.Findings[0].Verdict.Failing() && page.Findings[0].Verdict != mfa.InGrace
		if rightNow || latest.Policy.Level != mfa.Required {
			return nil
		}
	}
	done, err := r.o.Slack.Message(ctx, m.Message)
	if err != nil {
		return err
	}
	people := reached{c: r.Sender, auditID: m.AuditID}
	return errors.Join(people.add(ctx, done, m.UserID), people.record(ctx))
}

// waiting lists what is left in the outbox.
func (c *Sender) waiting(r *Receipt) error {
	items, err := c.outbox.Waiting()
	if err != nil {
		return err
	}
	for _, item := range items[:min(len(items), 20)] {
		r.Waiting = append(r.Waiting, Waiting{item.Kind, item.Key, item.Since, item.Tries,
			untrusted.New(item.Error).String()})
	}
	if more := len(items) - len(r.Waiting); more > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d more deliveries wait", more))
	}
	return nil
}
