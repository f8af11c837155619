package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/progress"
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

	// Record writes a step into the trail before the audit goes on; nil records nothing. An error stops the audit.
	Record func(context.Context, Step) error
}

// Step is what the trail learns of an audit.
type Step struct {
	Name    string // audit_started, audit_users, audit_ended
	AuditID string
	Outcome string
	Details map[string]any // audit_users: verdict → ids of users, separated by spaces
}

// Request says what to audit. The zero value is everybody, under the zero policy: take DefaultPolicy.
type Request struct {
	Group  string // id or exact name of one group, or
	Search string // Okta's user search expression; at most one of the two
	Policy mfa.Policy
	Full   bool   // read everybody again
	Client string // who asked, for the trail
}

// Scope names the people whom the request covers, in words.
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
	all sync.WaitGroup
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
		o.Record = func(context.Context, Step) error { return nil }
	}
	if err := durable.MkdirAll(filepath.Join(o.Dir, auditsDir), 0o700); err != nil {
		return nil, fmt.Errorf("create the audits' directory: %w", err)
	}
	return &Auditor{okta: okta, opts: o}, nil
}

// ErrBusy is what errors.Is finds when another audit is under way.
var ErrBusy = errors.New("another audit is under way")

// Job is one audit in the background.
type Job struct {
	ID      string
	Request Request
	live    *progress.Live
	cancel  context.CancelCauseFunc
	ended   chan struct{}

	mu      sync.Mutex
	admins  *mfa.Tally // as soon as they have been read
	summary *mfa.Summary
	err     error
}

// Start begins an audit, or goes on with one that was interrupted and asked for the same. While one is under way that asked
// for the same, its job is returned; while another one is, ErrBusy. The job ends with base or by Cancel.
func (a *Auditor) Start(base context.Context, req Request) (*Job, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.job != nil && !a.job.isEnded() {
		if a.job.Request.same(req) {
			return a.job, nil
		}
		return nil, fmt.Errorf("%w: %s of %s; wait for it, or cancel it with cancel_job", ErrBusy, a.job.ID, a.job.Request.Scope())
	}
	lock, err := durable.TryLock(filepath.Join(a.opts.Dir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("%w: %w; wait for that process to end", ErrBusy, err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the audits' directory: %w", err)
	}
	record, err := a.open(req)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	ctx, cancel := context.WithCancelCause(base)
	job := &Job{ID: record.ID, Request: req, live: progress.New(0, "starting"), cancel: cancel, ended: make(chan struct{})}
	a.job = job
	a.all.Add(1)
	go func() {
		defer a.all.Done()
		defer close(job.ended)
		defer cancel(nil)
		s := &scan{Auditor: a, req: req, record: record, job: job}
		summary, err := s.run(ctx)
		if err != nil && errors.Is(context.Cause(ctx), ErrCancelled) {
			err = a.cancelled(record)
		}
		err = errors.Join(err, lock.Unlock())
		job.mu.Lock()
		defer job.mu.Unlock()
		job.summary, job.err = summary, err
	}()
	return job, nil
}

// Run audits in the foreground; watch, when not nil, gets the job before anything is read.
func (a *Auditor) Run(ctx context.Context, req Request, watch func(*Job)) (*mfa.Summary, error) {
	job, err := a.Start(ctx, req)
	if err != nil {
		return nil, err
	}
	if watch != nil {
		watch(job)
	}
	<-job.Ended()
	return job.Result()
}

// Current returns the job of this process that is under way or ended last; nil when there was none.
func (a *Auditor) Current() *Job {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.job
}

// Close cancels what is under way and waits until it has left an audit that can be gone on with.
func (a *Auditor) Close() {
	a.mu.Lock()
	if a.job != nil {
		a.job.cancel(errors.New("the program is stopping"))
	}
	a.mu.Unlock()
	a.all.Wait()
}

func (j *Job) isEnded() bool {
	select {
	case <-j.ended:
		return true
	default:
		return false
	}
}

// ErrCancelled is what errors.Is finds in the error of an audit that a person cancelled.
var ErrCancelled = errors.New("cancelled by a person")

// Cancel stops the audit. What was read is kept; the same request goes on from there.
func (j *Job) Cancel() { j.cancel(ErrCancelled) }

// cancelled remembers that a person stopped an audit, so that a program that starts again leaves it alone.
func (a *Auditor) cancelled(r *record) error {
	r.Cancelled = true
	if err := writeJSON(a.Dir(r.ID), recordFile, r); err != nil {
		return errors.Join(ErrCancelled, err)
	}
	return ErrCancelled
}

// Ended is closed when the job has ended.
func (j *Job) Ended() <-chan struct{} { return j.ended }

// Result returns the summary once the job has ended; before that both are nil.
func (j *Job) Result() (*mfa.Summary, error) {
	if !j.isEnded() {
		return nil, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.summary, j.err
}

// Progress says how far the job is, in people.
func (j *Job) Progress() progress.Progress { return j.live.Progress() }

// Admins is how the admin role holders stand, nil until they have been read: the answer that cannot wait for everybody.
func (j *Job) Admins() *mfa.Tally {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.admins
}

func (j *Job) showAdmins(t mfa.Tally) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.admins = &t
}

// same reports whether two requests would give the same audit.
func (r Request) same(o Request) bool {
	return r.Group == o.Group && r.Search == o.Search && r.Full == o.Full && r.Policy.Digest() == o.Policy.Digest()
}

// Check refuses a request that cannot be carried out.
func (r Request) check() error {
	if r.Group != "" && r.Search != "" {
		return errors.New("an audit covers a group or a search, not both: leave one out")
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
		return nil, fmt.Errorf("%w: %q", ErrNoAudit, auditID)
	}
	return sub, nil
}

// ErrNoAudit is what errors.Is finds when there is no such audit.
var ErrNoAudit = errors.New("no such audit")
