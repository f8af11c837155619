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
	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/internal/untrusted"
)

// Bulletin says what became of the bulletin.
type Bulletin struct {
	Outcome notify.Outcome `json:"outcome"`
	ID      string         `json:"id,omitempty"` // channel and timestamp
	Error   string         `json:"error,omitempty"`
	Text    string         `json:"text,omitempty"` // as it would be posted, in a dry run
}

// Messages says what became of the messages to people.
type Messages struct {
	Sent    int            `json:"sent"`
	Skipped int            `json:"skipped"` // written to lately, or unknown to Slack
	Failed  int            `json:"failed"`
	Would   int            `json:"would_send,omitempty"` // in a dry run
	Reasons map[string]int `json:"reasons,omitempty"`    // of skipped and failed ones
	Example []string       `json:"example,omitempty"`    // the first message, in a dry run
}

func (c *Sender) bulletin(ctx context.Context, s *mfa.Summary, order Order, r *Receipt) error {
	if s.Policy.Level == mfa.Off {
		r.Bulletin = &Bulletin{
			Outcome: notify.Skipped,
			Error:   "enforcement_level is off: the audit is an inventory, and no one is messaged",
		}
		return nil
	}
	link := ""
	if r.Tickets != nil {
		link = r.Tickets.Filter
	}
	first, err := c.firstInLine(s)
	if err != nil {
		return err
	}
	d, err := report.Bulletin(*s, first, link)
	if err != nil {
		return err
	}
	if more := s.ByVerdict[mfa.NotEnrolled] + s.ByVerdict[mfa.WeakOnly] - len(first); more > 0 {
		d.People = append(d.People, fmt.Sprintf("and %d more", more))
	}
	if order.DryRun {
		if c.o.Slack == nil || !c.o.Slack.ShowsNames() {
			d.People = nil
		}
		r.Bulletin = &Bulletin{Outcome: notify.WouldDo, Text: report.BulletinText(d)}
		return nil
	}
	done, err := c.o.Slack.Post(ctx, d)
	r.Bulletin = &Bulletin{Outcome: done.Outcome, ID: done.ID, Error: done.Error}
	if err != nil {
		ctx = context.WithoutCancel(ctx) // it waits also when the delivery was stopped
		return errors.Join(c.outbox.Put(ctx, kindBulletin, d.Key, d),
			c.record(ctx, s.AuditID, "audit_digest", "waits", map[string]any{"reason": untrusted.New(err.Error()).String()}))
	}
	return c.record(context.WithoutCancel(ctx), s.AuditID, "audit_digest", string(done.Outcome),
		map[string]any{"message": done.ID})
}

// firstInLine is the people that a bulletin may name: the most urgent ones of those who fail.
func (c *Sender) firstInLine(s *mfa.Summary) ([]mfa.Finding, error) {
	const most = 15
	var first []mfa.Finding
	for f, err := range c.findings(s) {
		if err != nil {
			return nil, err
		}
		if f.Verdict.Failing() {
			first = append(first, f)
		}
		if len(first) == most {
			break
		}
	}
	return first, nil
}

// mostFailures is how many messages may fail in a row before Slack is taken to be down: the rest waits without being
// tried.
const mostFailures = 3

func (c *Sender) messages(ctx context.Context, s *mfa.Summary, order Order, r *Receipt) (err error) {
	ids, err := c.userIDs(s)
	if err != nil {
		return err
	}
	r.Messages = &Messages{Reasons: map[string]int{}}
	people, inARow := reached{c: c, auditID: s.AuditID}, 0
	defer func() { err = errors.Join(err, people.record(ctx)) }() // also of a delivery that was stopped
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
		done := notify.Result{Outcome: notify.Failed, Error: silence}
		if inARow < mostFailures {
			if done, err = c.o.Slack.Message(ctx, m); err != nil {
				inARow++
			} else {
				inARow = 0
			}
		}
		if ctx.Err() != nil && done.Outcome == notify.Failed {
			return ctx.Err()
		}
		r.Messages.count(done)
		id := ids[spelling.Fold(m.Email)]
		if err := people.add(ctx, done, id); err != nil {
			return err
		}
		if done.Outcome == notify.Failed {
			if err := c.outbox.Put(ctx, kindMessage, id, waitingMessage{id, s.AuditID, m}); err != nil {
				return err
			}
		}
	}
	return nil
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
	reason = untrusted.New(reason).String()
	if len(m.Reasons) < 10 || m.Reasons[reason] > 0 {
		m.Reasons[reason]++
	}
}

// userIDs maps addresses to Okta ids, for the trail: an address is no name for a person in a record that is kept.
func (c *Sender) userIDs(s *mfa.Summary) (map[string]string, error) {
	ids := map[string]string{}
	for f, err := range c.findings(s) {
		if err != nil {
			return nil, err
		}
		if f.Verdict.Failing() || f.Verdict == mfa.InGrace {
			ids[spelling.Fold(f.Email.Show(untrusted.Long))] = f.UserID
		}
	}
	return ids, nil
}

// reached gathers the people who were written to, for the trail. What it holds is written in portions, so that a
// program that is killed leaves few messages unrecorded.
type reached struct {
	c       *Sender
	auditID string
	by      map[notify.Outcome][]string // user id=message
	n       int
}

func (t *reached) add(ctx context.Context, done notify.Result, userID string) error {
	const portion = 50
	if t.by == nil {
		t.by = map[notify.Outcome][]string{}
	}
	t.by[done.Outcome] = append(t.by[done.Outcome], userID+"="+done.ID)
	if t.n++; t.n < portion {
		return nil
	}
	return t.record(ctx)
}

// record writes what was gathered, even when ctx has ended: it has happened.
func (t *reached) record(ctx context.Context) error {
	by := t.by
	t.by, t.n = nil, 0
	for _, outcome := range slices.Sorted(maps.Keys(by)) {
		people := map[string]any{"people": strings.Join(by[outcome], " ")}
		if err := t.c.record(context.WithoutCancel(ctx), t.auditID, "audit_messages", string(outcome), people); err != nil {
			return err
		}
	}
	return nil
}
