// Package delivery brings what an audit found to people: files on disk, tickets in Jira, a bulletin and messages in
// Slack. What cannot be delivered waits in an outbox and is tried again; a ticket system that is down never changes
// an audit.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
)

// Options of a Sender.
type Options struct {
	Audits *audit.Auditor
	Jira   *notify.Jira  // nil: not configured
	Slack  *notify.Slack // nil: not configured
	Dir    string        // where the outbox lies; it is created

	EnrollURL   string // where people enrol; "" means their settings page in Okta
	MaxNew      int    // tickets that one delivery creates at most
	Assign      bool   // a person's ticket is assigned to that person
	NotifyUsers bool   // whether people may be messaged at all

	Record trail.Record // writes into the trail; nil records nothing
	Log    *slog.Logger
}

// Sender delivers the reports of one organisation's audits.
type Sender struct {
	o      Options
	outbox *notify.Outbox
}

// New makes a Sender.
func New(o Options) (*Sender, error) {
	if o.Audits == nil || o.Dir == "" {
		return nil, errors.New("make the sender: audits and a directory are needed")
	}
	if o.Record == nil {
		o.Record = func(context.Context, trail.Entry) error { return nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir := filepath.Join(o.Dir, "outbox")
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the outbox: %w", err)
	}
	outbox, err := notify.NewOutbox(dir, 0)
	return &Sender{o: o, outbox: outbox}, err
}

// Order says what to deliver of which audit.
type Order struct {
	AuditID  string      // empty: the latest
	Files    bool        // findings.csv, summary.json and report.html
	Dir      string      // where to; empty: beside the audit
	Tickets  report.Mode // "" for none
	Bulletin bool        // to the Slack channel
	Messages bool        // to the people themselves
	DryRun   bool        // deliver nothing but files, say what would be
}

// CheckOf refuses an order that cannot be made of this audit. It asks no one.
func (o Order) CheckOf(s *mfa.Summary) error {
	if len(s.WhatIf) > 0 && (o.Tickets != "" || o.Messages || o.Bulletin) {
		return &trouble.Error{
			Code: trouble.AuditWhatIf,
			What: "the audit is a what-if under a looser policy, which is never delivered: " + strings.Join(s.WhatIf, "; "),
			Next: "deliver the latest audit (leave audit_id out), or audit again under the audit policy",
		}
	}
	return o.Check(s.Kind)
}

// Check refuses an order that cannot be made of an audit of this kind. It asks no one.
func (o Order) Check(kind string) error {
	if kind == mfa.KindBaseline && (o.Tickets != "" || o.Messages) {
		return &trouble.Error{
			Code: trouble.AuditTooCoarse,
			What: "the Admin Console's export is too coarse to make tickets of or to write to people",
			Next: "audit Okta itself, or leave tickets and messages out",
		}
	}
	return nil
}

// Receipt says what became of an order.
type Receipt struct {
	AuditID  string        `json:"audit_id"`
	Coverage string        `json:"coverage"` // of the audit, to be said with its numbers
	DryRun   bool          `json:"dry_run"`
	Files    *report.Files `json:"files,omitempty"`
	Tickets  *Tickets      `json:"tickets,omitempty"`
	Bulletin *Bulletin     `json:"digest,omitempty"`
	Messages *Messages     `json:"messages,omitempty"`
	// what could not be delivered and is tried again by the next delivery
	Waiting []Waiting `json:"waiting,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
}

// Waiting is one delivery in the outbox.
type Waiting struct {
	Kind  string    `json:"kind"` // tickets, digest (a bulletin), message
	Key   string    `json:"key"`
	Since time.Time `json:"since"`
	Tries int       `json:"tries"`
	Error string    `json:"error,omitempty"`
}

// Failed reports whether something of the order was not delivered, or would not be.
func (r *Receipt) Failed() bool {
	return r.Tickets != nil && r.Tickets.problem() != nil || r.Bulletin != nil && r.Bulletin.Outcome == notify.Failed ||
		r.Messages != nil && r.Messages.Failed > 0 || len(r.Waiting) > 0 && !r.DryRun
}

// ErrNotConfigured is what errors.Is finds, by code, when Jira or Slack is asked for and not set up.
var ErrNotConfigured error = &trouble.Error{Code: trouble.NotConfigured}

func notConfigured(what, next string) error {
	return &trouble.Error{Code: trouble.NotConfigured, What: what, Next: next}
}

// Deliver carries an order out. What waits from earlier goes first. The error is about the order itself; what could
// not be delivered is in the receipt, and in the outbox.
func (c *Sender) Deliver(ctx context.Context, order Order) (*Receipt, error) {
	summary, err := c.o.Audits.Summary(order.AuditID)
	if err != nil {
		return nil, err
	}
	if err := order.CheckOf(summary); err != nil {
		return nil, err
	}
	if err := c.Ready(order); err != nil {
		return nil, err
	}
	r := &Receipt{AuditID: summary.AuditID, Coverage: summary.Coverage.Line, DryRun: order.DryRun}
	if !order.DryRun {
		if err := c.begin(ctx, summary, order); err != nil {
			return nil, err
		}
		if err := c.flush(ctx, summary, order, r); err != nil {
			return r, err
		}
	}
	steps := []struct {
		wanted bool
		do     func(context.Context, *mfa.Summary, Order, *Receipt) error
	}{{order.Files, c.files}, {order.Tickets != "", c.tickets}, {order.Bulletin, c.bulletin}, {order.Messages, c.messages}}
	for _, step := range steps {
		if !step.wanted {
			continue
		}
		if err := step.do(ctx, summary, order, r); err != nil {
			return r, err
		}
	}
	return r, c.waiting(r)
}

// Ready says whether what an order needs is set up; it is asked before an audit that may take hours. It asks no one.
func (c *Sender) Ready(order Order) error {
	switch {
	case order.Tickets != "" && c.o.Jira == nil:
		return notConfigured("jira is not configured", "set JIRA_URL, JIRA_PROJECT and a credential")
	case (order.Bulletin || order.Messages) && c.o.Slack == nil && !order.DryRun:
		return notConfigured("slack is not configured", "set SLACK_BOT_TOKEN and SLACK_CHANNEL")
	case order.Messages && !c.o.NotifyUsers && !order.DryRun:
		return notConfigured("messages to people are not configured", "set SLACK_NOTIFY_USERS=true to allow them")
	}
	return nil
}

// begin writes into the trail what is about to be sent to others: what the trail cannot hold is not sent.
func (c *Sender) begin(ctx context.Context, s *mfa.Summary, order Order) error {
	waiting, err := c.outbox.Waiting()
	if err != nil {
		return err
	}
	if order.Tickets == "" && !order.Bulletin && !order.Messages && len(waiting) == 0 {
		return nil
	}
	return c.record(ctx, s.AuditID, "audit_delivery", "begun",
		map[string]any{"tickets": string(order.Tickets), "digest": order.Bulletin, "messages": order.Messages,
			"waiting": len(waiting)})
}

// findings is the audit's findings, to be gone through any number of times.
func (c *Sender) findings(s *mfa.Summary) iter.Seq2[mfa.Finding, error] {
	return c.o.Audits.All(s.AuditID)
}

// files writes the report's files.
func (c *Sender) files(ctx context.Context, s *mfa.Summary, order Order, r *Receipt) error {
	dir := order.Dir
	if dir == "" {
		dir = filepath.Join(c.o.Audits.Dir(s.AuditID), "report")
	}
	files, err := report.WriteFiles(dir, *s, func() iter.Seq2[mfa.Finding, error] { return c.findings(s) })
	if err != nil {
		return err
	}
	r.Files = &files
	return c.record(ctx, s.AuditID, "audit_report", "written",
		map[string]any{"findings_csv_sha256": files.Findings.SHA256, "report_html_sha256": files.Page.SHA256})
}

func (c *Sender) record(ctx context.Context, auditID, name, outcome string, details map[string]any) error {
	if err := c.o.Record(ctx, trail.Entry{
		Step:      name,
		RunID:     auditID,
		Outcome:   outcome,
		Arguments: details,
	}); err != nil {
		return fmt.Errorf("record the delivery in the trail: %w", err)
	}
	return nil
}
