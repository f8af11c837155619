package tools

import (
	"context"
	"errors"
	"fmt"
	"os"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// AuditJobItem is an audit as a job; okta_mfa_summary has its numbers.
type AuditJobItem struct {
	Scope    string         `json:"scope,omitempty" jsonschema:"Untrusted text"`
	Total    int            `json:"people,omitempty"`
	Verdicts map[string]int `json:"by_verdict,omitempty" jsonschema:"They add up to people"`
	Admins   map[string]int `json:"admins_by_verdict,omitempty" jsonschema:"Administrators are read first"`
	Coverage string         `json:"coverage,omitempty" jsonschema:"Say this with every number"`
}

// auditJob answers get_job for an audit: how far the job of this process is, or how the audit ended.
func (d *Deps) auditJob(id string) (JobOut, error) {
	if job := d.MFA.Auditor.Current(); job != nil && job.ID == id {
		select {
		case <-job.Ended():
			_, err := job.Result()
			if errors.Is(err, progress.ErrCancelled) {
				return auditStopped(id, d.progressItem(job.Progress())), nil
			}
			if err != nil {
				return JobOut{}, err
			}
		default:
			return d.runningAudit(job), nil
		}
	}
	s, err := d.MFA.Auditor.Summary(id)
	if errors.Is(err, audit.ErrNoAudit) {
		if _, begun := os.Stat(d.MFA.Auditor.Dir(id)); begun == nil {
			return auditStopped(id, nil), nil // an earlier process began it and did not end it
		}
	}
	if err != nil {
		return JobOut{}, err
	}
	return endedAudit(s), nil
}

func (d *Deps) runningAudit(job *audit.Job) JobOut {
	out := d.auditRunning(job)
	item := &AuditJobItem{Scope: out.Scope}
	next := out.Next
	if t := job.Admins(); t != nil {
		item.Admins = verdictCounts(t.ByVerdict)
		failing := t.ByVerdict[mfa.NotEnrolled] + t.ByVerdict[mfa.WeakOnly]
		next = fmt.Sprintf("administrators are read first: of %d, %d fail; ", t.Total, failing) + next
	}
	return JobOut{
		JobID:    job.ID,
		Kind:     JobAudit,
		Status:   out.Status,
		Progress: out.Progress,
		Audit:    item,
		Next:     next,
	}
}

func endedAudit(s *mfa.Summary) JobOut {
	item := &AuditJobItem{
		Scope:    s.Scope.Show(untrusted.Line),
		Total:    s.Total,
		Verdicts: verdictCounts(s.ByVerdict),
		Coverage: s.Coverage.Line,
	}
	if s.AdminsKnown {
		item.Admins = verdictCounts(s.Admins.ByVerdict)
	}
	return JobOut{
		JobID:  s.AuditID,
		Kind:   JobAudit,
		Status: "complete",
		Audit:  item,
		Next:   "okta_mfa_summary with this audit_id shows what it found",
	}
}

// auditStopped is an audit that was cancelled or interrupted.
func auditStopped(id string, p *ProgressItem) JobOut {
	return JobOut{
		JobID:    id,
		Kind:     JobAudit,
		Status:   "stopped",
		Progress: p,
		Audit:    &AuditJobItem{},
		Next:     "what was read is kept for a week; okta_mfa_audit with the same arguments goes on from there",
	}
}

// cancelAudit stops the audit of this process.
func (d *Deps) cancelAudit(ctx context.Context, id string) (JobOut, error) {
	job := d.MFA.Auditor.Current()
	if job == nil || job.ID != id {
		return JobOut{}, &trouble.Error{
			Code: trouble.JobNotRunning,
			What: "no such audit is under way in this server",
			Next: "get_job says how it ended",
		}
	}
	job.Cancel()
	if _, err := endsSoon(ctx, job); err != nil {
		return JobOut{}, err
	}
	if s, err := job.Result(); err == nil && s != nil {
		return d.auditJob(id) // it had ended before
	}
	return auditStopped(id, d.progressItem(job.Progress())), nil
}

func verdictCounts(by map[mfa.Verdict]int) map[string]int {
	counts := make(map[string]int, len(by))
	for verdict, n := range by {
		counts[string(verdict)] = n
	}
	return counts
}
