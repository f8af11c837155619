package audit

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/trouble"
)

// Job is one audit in the background. Progress counts people.
type Job struct {
	*progress.Job[*mfa.Summary]
	Request Request

	live   *progress.Live
	mu     sync.Mutex
	admins *mfa.Tally // as soon as they have been read
}

// Admins is how the admin role holders are, nil until they have been read: the answer that cannot wait for everyone.
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

// Start begins an audit, or goes on with one that was interrupted and asked for the same. While one is under way that asked
// for the same, its job is returned; while another one is, ErrBusy. The job ends with base or by Cancel.
func (a *Auditor) Start(base context.Context, req Request) (*Job, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.job != nil && !a.job.IsEnded() {
		if a.job.Request.same(req) {
			return a.job, nil
		}
		return nil, &trouble.Error{
			Code: trouble.AuditBusy,
			What: fmt.Sprintf("another audit is under way: %s of %s", a.job.ID, a.job.Request.Scope()),
			Next: "wait for it, follow it with get_job, or stop it with cancel_job",
		}
	}
	lock, err := durable.TryLock(filepath.Join(a.opts.Dir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, &trouble.Error{
			Code: trouble.AuditBusy,
			What: fmt.Sprintf("another audit is under way: %s", err),
			Next: "wait for that process to end, or follow the audit there with get_job",
			Err:  err,
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock the audits' directory: %w", err)
	}
	record, err := a.open(req)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	job := &Job{Request: req, live: progress.New(0, "starting")}
	job.Job = progress.Start(base, record.ID, job.live, func(ctx context.Context) (*mfa.Summary, error) {
		summary, err := (&scan{Auditor: a, req: req, record: record, job: job}).run(ctx)
		if err != nil && errors.Is(context.Cause(ctx), progress.ErrCancelled) {
			err = a.cancelled(record)
		}
		return summary, errors.Join(err, lock.Unlock())
	})
	a.job = job
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

// Close stops what is under way and waits until it has left an audit that can be gone on with.
func (a *Auditor) Close() {
	if job := a.Current(); job != nil {
		job.Stop()
		<-job.Ended()
	}
}

// cancelled remembers that a person stopped an audit, so that a program that starts again leaves it alone.
func (a *Auditor) cancelled(r *record) error {
	r.Cancelled = true
	cancelled := &trouble.Error{
		Code: trouble.Cancelled,
		What: "the audit was cancelled",
		Next: "okta_mfa_audit with the same arguments goes on from there",
		Err:  progress.ErrCancelled,
	}
	if err := writeJSON(a.Dir(r.ID), recordFile, r); err != nil {
		return errors.Join(cancelled, err)
	}
	return cancelled
}
