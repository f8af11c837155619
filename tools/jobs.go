package tools

import (
	"context"
	"errors"
	"io/fs"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/trouble"
)

// JobIn names a job.
type JobIn struct {
	JobID string `json:"job_id" jsonschema:"As a tool gave it: a plan_id, or the audit_id of okta_mfa_audit"`
}

// The kinds of jobs.
const (
	JobRun   = "run"   // a plan is carried out; its job id is the plan's id
	JobAudit = "audit" // MFA enrolment is read; its job id is the audit's id
)

// JobOut is how far a job is, or how it ended, with the result of its own kind.
type JobOut struct {
	JobID    string        `json:"job_id"`
	Kind     string        `json:"kind" jsonschema:"run (of a plan; job_id is its plan_id) or audit (job_id is its audit_id)"`
	Status   string        `json:"status"`
	Progress *ProgressItem `json:"progress,omitempty"`
	Run      *RunItem      `json:"run,omitempty"`
	Audit    *AuditJobItem `json:"audit,omitempty"`
	Next     string        `json:"next_step"`
}

func (JobOut) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"status": {About: "running, complete, partly or stopped; of a plan that never ran needs_confirmation, " +
			"needs_terminal, declined, blocked or nothing_to_do"},
	}
}

// RunItem is the run of a plan.
type RunItem struct {
	Stage     string           `json:"stage"`
	AppID     string           `json:"app_id"`
	AppLabel  string           `json:"app_label" jsonschema:"Untrusted text from Okta"`
	File      string           `json:"file,omitempty"`
	Counts    PlanCounts       `json:"planned"`
	Rows      map[string]int   `json:"rows,omitempty" jsonschema:"Rows by state; they add up to total_rows"`
	Total     int              `json:"total_rows"`
	Warnings  []plan.Warning   `json:"warnings,omitempty"`
	Done      *DoneItem        `json:"done,omitempty" jsonschema:"What it has written"`
	Stop      *batch.Stop      `json:"stopped_because,omitempty"`
	Errors    []batch.RowError `json:"errors,omitempty" jsonschema:"The first few; report.csv has all"`
	Report    string           `json:"report_csv,omitempty" jsonschema:"Every row with its state, on this machine"`
	Resources []string         `json:"resources,omitempty" jsonschema:"report.csv and summary.json as MCP resources"`
}

// runJob is the answer of a tool that plans and applies, as a job.
func runJob(out PlanOut) JobOut {
	return JobOut{
		JobID:    out.PlanID,
		Kind:     JobRun,
		Status:   out.Status,
		Progress: out.Progress,
		Run: &RunItem{
			Stage:     out.Stage,
			AppID:     out.AppID,
			AppLabel:  out.AppLabel,
			File:      out.File,
			Counts:    out.Counts,
			Rows:      out.Rows,
			Total:     out.Total,
			Warnings:  out.Warnings,
			Done:      out.Done,
			Stop:      out.Stop,
			Errors:    out.Errors,
			Report:    out.Report,
			Resources: out.Resources,
		},
		Next: out.Next,
	}
}

// Renew brings the answer that started a run up to date with what get_job says of the run since, for clients that
// follow.
func (o *PlanOut) Renew(job *JobOut) {
	o.Status = job.Status
	o.Progress = job.Progress
	o.Next = job.Next
	if run := job.Run; run != nil {
		o.Rows = run.Rows
		o.Done = run.Done
		o.Stop = run.Stop
		o.Errors = run.Errors
		o.Report = run.Report
		o.Resources = run.Resources
	}
}

var specGetJob = Spec{
	Name:   "get_job",
	Title:  "Progress of a job",
	Effect: ReadsLocal,
	Description: "Shows how a run or an audit goes: progress, rate, time to go, what it waits for; or how it ended. " +
		"Knows jobs of earlier sessions too. Makes no call to Okta. " +
		"A run that stopped goes on when its plan_id is applied again with the tool that planned it.",
}

func getJob(_ context.Context, d *Deps, _ *Call, in JobIn) (JobOut, error) {
	if audit.IsAuditID(in.JobID) {
		return d.auditJob(in.JobID)
	}
	if p := d.Jobs.Plan(in.JobID); p != nil {
		return runJob(d.running(p, d.Jobs.Get(in.JobID))), nil
	}
	p, err := d.Plans.Load(in.JobID)
	if err != nil {
		return JobOut{}, err
	}
	if job := d.Jobs.Get(p.ID); job != nil {
		select {
		case <-job.Ended():
			if summary, err := job.Result(); err != nil || summary != nil {
				return d.endedOr(p, summary, err)
			}
		default:
			return runJob(d.running(p, job)), nil
		}
	}
	summary, err := d.Engine.ReadSummary(p.ID)
	if errors.Is(err, fs.ErrNotExist) {
		out, err := neverRan(p, d)
		return runJob(out), err
	}
	return d.endedOr(p, summary, err)
}

// neverRan is a plan that has no run that came to an end.
func neverRan(p *plan.Plan, d *Deps) (PlanOut, error) {
	out := planOut(p, d)
	out.Status = "needs_confirmation"
	out.Next = "the plan has not been carried out to an end; apply it with " + makerOf(p)
	declined, err := d.Plans.Declined(p.ID)
	verdict := d.Gate.Judge(p)
	switch {
	case err != nil:
		return out, err
	case declined != nil:
		out.Status = "declined"
		out.Next = declined.Words() + ", and nothing was written: plan again when the user wants to, or a person runs on a " +
			"terminal: " + policy.ApplyCommand(p.ID)
	case len(p.Ops) == 0:
		out.idle(p.Stage)
	case verdict.Decision == policy.Deny:
		out.Status, out.Next = needsTerminal, verdict.Next
	}
	return out, nil
}

func (d *Deps) endedOr(p *plan.Plan, s *batch.Summary, err error) (JobOut, error) {
	if err != nil {
		return JobOut{}, err
	}
	return runJob(d.ended(p, s)), nil
}

var specCancelJob = Spec{
	Name: "cancel_job", Title: "Stop a job", Effect: WritesLocal,
	Description: "Stops a run or an audit at once. What is done stays done and nothing is undone; " +
		"it goes on when its plan_id is applied, or the same audit asked for, again.",
}

func cancelJob(ctx context.Context, d *Deps, _ *Call, in JobIn) (JobOut, error) {
	if audit.IsAuditID(in.JobID) {
		return d.cancelAudit(ctx, in.JobID)
	}
	p, err := d.Plans.Load(in.JobID)
	if err != nil {
		return JobOut{}, err
	}
	job := d.Jobs.Get(p.ID)
	if job == nil {
		return JobOut{}, &trouble.Error{
			Code: trouble.JobNotRunning,
			What: "no run of this plan is under way in this server",
			Next: "get_job says how it ended",
		}
	}
	job.Cancel()
	ended, err := endsSoon(ctx, job)
	if err != nil {
		return JobOut{}, err
	}
	if !ended {
		return runJob(d.running(p, job)), nil
	}
	summary, err := job.Result()
	return d.endedOr(p, summary, err)
}
