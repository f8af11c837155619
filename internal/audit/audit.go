package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
)

// Options of an auditor. The zero value of a field is its default.
type Options struct {
	Dir       string        // where audits and readings are kept; it is created
	Domain    string        // the organisation's address, for reports
	Workers   int           // readings under way at once; 16. The client below keeps the pace
	LogSettle time.Duration // how late the System Log may show what happened; 150 s. Negative: it is never late
	Patience  time.Duration // how long an audit waits while Okta cannot be reached; 2 h
	Keep      int           // audits whose findings are kept; 26. Summaries stay
	Log       *slog.Logger  // nil discards

	// Record writes audit_started, audit_users (verdict → ids of users, separated by spaces) and audit_ended into the
	// trail before the audit goes on; nil records nothing. An error stops the audit.
	Record trail.Record
}

// Request says what to audit. The zero value is everyone, under the zero policy: take DefaultPolicy.
type Request struct {
	Group  string // id or exact name of one group, or
	Search string // Okta's user search expression; at most one of the two
	Policy mfa.Policy
	WhatIf []string // where the policy asks for less than the operator's, in words: a what-if is kept apart
	Full   bool     // read everyone again
	Client string   // who asked, for the trail
}

// Scope names the people that the request covers, in words.
func (r Request) Scope() string {
	switch {
	case r.Group != "":
		return "group " + r.Group
	case r.Search != "":
		return "search " + r.Search
	}
	return mfa.Everybody
}

// Auditor audits one organisation. One audit runs at a time, in this process and any other on the same directory.
type Auditor struct {
	okta Okta
	opts Options

	mu  sync.Mutex
	job *Job // the latest one
}

// New returns an auditor whose state lies in a directory.
func New(okta Okta, o Options) (*Auditor, error) {
	if okta == nil || o.Dir == "" {
		return nil, errors.New("mfa: an auditor needs Okta and a directory")
	}
	if o.Workers <= 0 {
		o.Workers = 16
	}
	if o.LogSettle == 0 {
		o.LogSettle = 150 * time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 2 * time.Hour
	}
	if o.Keep <= 0 {
		o.Keep = 26
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Record == nil {
		o.Record = func(context.Context, trail.Entry) error { return nil }
	}
	if err := durable.MkdirAll(filepath.Join(o.Dir, auditsDir), 0o700); err != nil {
		return nil, fmt.Errorf("create the audits' directory: %w", err)
	}
	return &Auditor{okta: okta, opts: o}, nil
}

// same reports whether two requests would give the same audit.
func (r Request) same(o Request) bool {
	return r.Group == o.Group && r.Search == o.Search && r.Full == o.Full && r.Policy.Digest() == o.Policy.Digest() &&
		slices.Equal(r.WhatIf, o.WhatIf)
}

// Check refuses a request that names two scopes. It asks Okta nothing.
func (r Request) Check() error {
	if r.Group != "" && r.Search != "" {
		return &trouble.Error{
			Code: trouble.ConflictingArguments,
			What: "an audit covers a group or a search, not both",
			Next: "leave one of the two out",
		}
	}
	return nil
}

// Dir is where an audit's files lie; the audit need not exist.
func (a *Auditor) Dir(auditID string) string { return filepath.Join(a.opts.Dir, auditsDir, auditID) }

// openRoot opens an audit's directory for reading; the id comes from outside.
func (a *Auditor) openRoot(auditID string) (*os.Root, error) {
	root, err := os.OpenRoot(filepath.Join(a.opts.Dir, auditsDir))
	if err != nil {
		return nil, fmt.Errorf("open the audits' directory: %w", err)
	}
	defer func() { _ = root.Close() }()
	sub, err := root.OpenRoot(auditID)
	if err != nil {
		return nil, noAudit("no such audit: %q", auditID)
	}
	return sub, nil
}
