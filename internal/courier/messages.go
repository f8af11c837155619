package courier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/report"
)

// Digest says what became of the digest.
type Digest struct {
	Outcome notify.Outcome `json:"outcome"`
	ID      string         `json:"id,omitempty"` // channel and timestamp
	Error   string         `json:"error,omitempty"`
	Text    string         `json:"text,omitempty"` // as it would be posted, in a dry run
}

// Messages says what became of the messages to people.
type Messages struct {
	Sent    int            `json:"sent"`
	Skipped int            `json:"skipped"` // told lately, or unknown to Slack
	Failed  int            `json:"failed"`
	Would   int            `json:"would_send,omitempty"` // in a dry run
	Reasons map[string]int `json:"reasons,omitempty"`    // of skipped and failed ones
	Example []string       `json:"example,omitempty"`    // the first message, in a dry run
}

func (c *Courier) digest(ctx context.Context, s *mfa.Summary, order Order, r *Receipt) error {
	link := ""
	if r.Tickets != nil {
		link = r.Tickets.Filter
	}
	people, err := c.o.Audits.Findings(s.AuditID, mfa.Query{Limit: 40})
	if err != nil {
		return err
	}
	failing := slices.DeleteFunc(people.Findings, func(f mfa.Finding) bool { return !f.Verdict.Failing() })
	d, err := report.Digest(*s, failing, link)
	if err != nil {
		return err
	}
	if order.DryRun {
		if c.o.Slack == nil || !c.o.Slack.ShowsNames() {
			d.People = nil
		}
		r.Digest = &Digest{Outcome: notify.WouldDo, Text: report.DigestText(d)}
		return nil
	}
	done, err := c.o.Slack.Post(ctx, d)
	r.Digest = &Digest{Outcome: done.Outcome, ID: done.ID, Error: done.Error}
	if err != nil {
		return errors.Join(c.outbox.Put(ctx, kindDigest, d.Key, d), c.record(ctx, s.AuditID, "audit_digest", "waits", map[string]any{"reason": clip(err.Error(), 200)}))
	}
	return c.record(ctx, s.AuditID, "audit_digest", string(done.Outcome), map[string]any{"message": done.ID})
}

// waitingMessage is a message that could not be sent, and to whom.
type waitingMessage struct {
	UserID  string         `json:"user_id"`
	AuditID string         `json:"audit_id"`
	Message notify.Message `json:"message"`
}

// mostFailures is how many messages may fail in a row before Slack is taken to be down: the rest waits without being tried.
const mostFailures = 3

func (c *Courier) messages(ctx context.Context, s *mfa.Summary, order Order, r *Receipt) error {
	ids, err := c.userIDs(s)
	if err != nil {
		return err
	}
	r.Messages = &Messages{Reasons: map[string]int{}}
	sent, inARow := map[notify.Outcome][]string{}, 0
	for m, err := range report.Messages(*s, c.findings(s), c.o.EnrollURL) {
		if err != nil {
			return err
		}
		if order.DryRun {
			if r.Messages.Would++; r.Messages.Would == 1 {
				r.Messages.Example = m.Lines
			}
			continue
		}
		done := notify.Result{Outcome: notify.Failed, Error: "slack did not answer for those before"}
		if inARow < mostFailures {
			if done, err = c.o.Slack.Tell(ctx, m); err != nil {
				inARow++
			} else {
				inARow = 0
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.Messages.count(done)
		id := ids[strings.ToLower(m.Email)]
		sent[done.Outcome] = append(sent[done.Outcome], strings.TrimSpace(id+"="+done.ID))
		if done.Outcome == notify.Failed {
			if err := c.outbox.Put(ctx, kindMessage, id, waitingMessage{id, s.AuditID, m}); err != nil {
				return err
			}
		}
	}
	return c.recordMessages(ctx, s.AuditID, sent)
}

func (m *Messages) count(r notify.Result) {
	switch r.Outcome {
	case notify.Sent:
		m.Sent++
		return
	case notify.Skipped:
		m.Skipped++
	default:
		m.Failed++
	}
	reason, _, _ := strings.Cut(r.Error, " at ") // without the time, so that equal reasons count together
	if len(m.Reasons) < 10 || m.Reasons[clip(reason, 160)] > 0 {
		m.Reasons[clip(reason, 160)]++
	}
}

// userIDs maps addresses to Okta ids, for the trail: an address is no name for a person in a record that is kept.
func (c *Courier) userIDs(s *mfa.Summary) (map[string]string, error) {
	ids := map[string]string{}
	for f, err := range c.findings(s) {
		if err != nil {
			return nil, err
		}
		if f.Verdict.Failing() || f.Verdict == mfa.InGrace {
			ids[strings.ToLower(f.Email)] = f.UserID
		}
	}
	return ids, nil
}

func (c *Courier) recordMessages(ctx context.Context, auditID string, sent map[notify.Outcome][]string) error {
	const atOnce = 500
	for outcome, list := range sent {
		for part := range slices.Chunk(list, atOnce) {
			if err := c.record(ctx, auditID, "audit_messages", string(outcome), map[string]any{"people": strings.Join(part, " ")}); err != nil {
				return err
			}
		}
	}
	return nil
}

// The kinds of deliveries in the outbox.
const (
	kindTickets = "tickets"
	kindDigest  = "digest"
	kindMessage = "message"
)

// flush tries what waits from earlier.
func (c *Courier) flush(ctx context.Context, r *Receipt) error {
	flushed, err := c.outbox.Flush(ctx, c.again)
	if err != nil {
		return err
	}
	if n := len(flushed.Delivered); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d earlier deliveries that had waited are done", n))
	}
	if n := len(flushed.Expired); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d earlier deliveries waited for too long and were given up", n))
	}
	if n := len(flushed.Damaged); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d files in the outbox cannot be read: %s", n, strings.Join(flushed.Damaged, ", ")))
	}
	return nil
}

// again delivers one item of the outbox, if that still makes sense.
func (c *Courier) again(ctx context.Context, item notify.Item) error {
	switch item.Kind {
	case kindTickets:
		return c.ticketsAgain(ctx, item)
	case kindDigest:
		var d notify.Digest
		if err := json.Unmarshal(item.Payload, &d); err != nil || c.o.Slack == nil {
			return errors.Join(err, missing(c.o.Slack == nil, "slack"))
		}
		_, err := c.o.Slack.Post(ctx, d)
		return err
	case kindMessage:
		return c.messageAgain(ctx, item)
	}
	return fmt.Errorf("unknown kind of delivery %q", item.Kind)
}

func missing(is bool, what string) error {
	if !is {
		return nil
	}
	return fmt.Errorf("%s is %w any more", what, ErrNotConfigured)
}

func (c *Courier) ticketsAgain(ctx context.Context, item notify.Item) error {
	var want waitingTickets
	if err := json.Unmarshal(item.Payload, &want); err != nil || c.o.Jira == nil {
		return errors.Join(err, missing(c.o.Jira == nil, "jira"))
	}
	s, err := c.o.Audits.Summary(want.AuditID)
	if err != nil {
		return err
	}
	if latest, err := c.o.Audits.Summary(""); err == nil && latest.Scope == s.Scope {
		s = latest
	}
	t, err := c.sync(ctx, s, want.Mode, false)
	if err == nil && t.Error != "" {
		err = errors.New(t.Error)
	}
	if err == nil && t.Failed > 0 {
		err = fmt.Errorf("%d tickets failed", t.Failed)
	}
	return err
}

// messageAgain sends a message that had waited, unless the person has put things right meanwhile.
func (c *Courier) messageAgain(ctx context.Context, item notify.Item) error {
	var m waitingMessage
	if err := json.Unmarshal(item.Payload, &m); err != nil || c.o.Slack == nil || !c.o.NotifyUsers {
		return errors.Join(err, missing(c.o.Slack == nil || !c.o.NotifyUsers, "slack"))
	}
	if latest, err := c.o.Audits.Summary(""); err == nil && m.UserID != "" {
		page, err := c.o.Audits.Findings(latest.AuditID, mfa.Query{Users: map[string]bool{m.UserID: true}})
		if err != nil {
			return err
		}
		if len(page.Findings) == 1 && !page.Findings[0].Verdict.Failing() && page.Findings[0].Verdict != mfa.InGrace {
			return nil
		}
	}
	done, err := c.o.Slack.Tell(ctx, m.Message)
	if err != nil {
		return err
	}
	return c.recordMessages(ctx, m.AuditID, map[notify.Outcome][]string{done.Outcome: {m.UserID + "=" + done.ID}})
}

// waiting lists what is left in the outbox.
func (c *Courier) waiting(r *Receipt) error {
	items, err := c.outbox.Waiting()
	if err != nil {
		return err
	}
	for _, item := range items[:min(len(items), 20)] {
		r.Waiting = append(r.Waiting, Waiting{item.Kind, item.Key, item.Since, item.Tries, clip(item.Error, 200)})
	}
	if more := len(items) - len(r.Waiting); more > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d more deliveries wait", more))
	}
	return nil
}
