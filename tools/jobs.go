package tools

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/progress"
)

// JobIn names a run.
type JobIn struct {
	JobID string `json:"job_id" jsonschema:"As a tool gave it: a plan_id, or the audit_id of okta_mfa_audit"`
}

// ProgressItem is how far a run is.
type ProgressItem struct {
	Phase   string         `json:"phase" jsonschema:"What the run is doing"`
	Done    int            `json:"done"`
	Total   int            `json:"total"`
	Ended   map[string]int `json:"ended,omitempty" jsonschema:"Operations by outcome"`
	Rate    float64        `json:"per_minute"`
	ETA     string         `json:"eta,omitempty"`
	Elapsed string         `json:"elapsed"`
	Wait    string         `json:"waiting_for,omitempty" jsonschema:"What the next call to Okta waits for"`
}

var specGetJob = Spec{
	Name: "get_job", Title: "Progress of a run", Effect: ReadsLocal,
	Description: "Shows how a run stands: progress, rate, time to go, and what it waits for; or how it ended. Works for runs of earlier sessions too. " +
		"Makes no call to Okta. A run that stopped goes on when its plan_id is applied again with the tool that planned it.",
}

func getJob(_ context.Context, d *Deps, _ *Call, in JobIn) (PlanOut, error) {
	if mfa.IsAuditID(in.JobID) {
		return d.auditJob(in.JobID)
	}
	if p := d.Jobs.Plan(in.JobID); p != nil {
		return d.running(p, d.Jobs.Get(in.JobID)), nil
	}
	p, err := d.Plans.Load(in.JobID)
	if err != nil {
		return PlanOut{}, err
	}
	if job := d.Jobs.Get(p.ID); job != nil {
		select {
		case <-job.Ended():
			if summary, err := job.Result(); err != nil || summary != nil {
				return d.endedOr(p, summary, err)
			}
		default:
			return d.running(p, job), nil
		}
	}
	summary, err := d.Engine.ReadSummary(p.ID)
	if errors.Is(err, fs.ErrNotExist) {
		out := planOut(p, d)
		if len(p.Ops) == 0 {
			out.Status, out.Next = "nothing_to_do", "the plan writes nothing, so there is nothing to carry out"
			return out, nil
		}
		out.Status, out.Next = "needs_confirmation", "the plan has not been carried out to an end; apply it with the tool that planned it"
		return out, nil
	}
	return d.endedOr(p, summary, err)
}

func (d *Deps) endedOr(p *plan.Plan, s *batch.Summary, err error) (PlanOut, error) {
	if err != nil {
		return PlanOut{}, err
	}
	return d.ended(p, s), nil
}

var specCancelJob = Spec{
	Name: "cancel_job", Title: "Stop a run", Effect: WritesLocal,
	Description: "Stops a run at once. What is done stays done and is remembered; the run goes on later when its plan_id is applied again. Nothing is undone.",
}

// cancelWait bounds how long a cancelled run may take to write its journal and sum up.
const cancelWait = 10 * time.Second

func cancelJob(ctx context.Context, d *Deps, _ *Call, in JobIn) (PlanOut, error) {
	if mfa.IsAuditID(in.JobID) {
		return d.cancelAudit(ctx, in.JobID)
	}
	p, err := d.Plans.Load(in.JobID)
	if err != nil {
		return PlanOut{}, err
	}
	job := d.Jobs.Get(p.ID)
	if job == nil {
		return PlanOut{}, &Problem{Code: "job_not_running", Message: "no run of this plan is under way in this server", Next: "get_job says how it ended"}
	}
	job.Cancel()
	ended, err := endsSoon(ctx, job)
	if err != nil {
		return PlanOut{}, err
	}
	if !ended {
		return d.running(p, job), nil
	}
	summary, err := job.Result()
	return d.endedOr(p, summary, err)
}

// work is what goes on in the background: a run of a plan, or an audit.
type work interface {
	Ended() <-chan struct{}
	Progress() progress.Progress
}

// watch waits for work as long as a call may, sending progress, and says whether it has ended. When the call is given up the
// work goes on; get_job finds it.
func (d *Deps) watch(ctx context.Context, c *Call, w work) (ended bool, err error) {
	deadline := time.NewTimer(d.ToolWait)
	defer deadline.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-w.Ended():
			return true, nil
		case <-ctx.Done():
			return false, ctx.Err()
		case <-deadline.C:
			return false, nil
		case <-tick.C:
			p := w.Progress()
			c.Progress(ctx, float64(p.Done), float64(p.Total), d.progressLine(p))
		}
	}
}

// endsSoon waits for cancelled work, and says whether it has ended.
func endsSoon(ctx context.Context, w work) (ended bool, err error) {
	timer := time.NewTimer(cancelWait)
	defer timer.Stop()
	select {
	case <-w.Ended():
		return true, nil
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (d *Deps) progressItem(p progress.Progress) *ProgressItem {
	item := &ProgressItem{Phase: p.Phase, Done: p.Done, Total: p.Total, Rate: float64(int(p.Rate*10)) / 10, Elapsed: p.Elapsed.Round(time.Second).String(), Wait: d.longestWait()}
	if p.ETA > 0 {
		item.ETA = p.ETA.String()
	}
	for outcome, n := range p.Ended {
		if item.Ended == nil {
			item.Ended = map[string]int{}
		}
		item.Ended[outcome] = n
	}
	return item
}

// longestWait says what the slowest bucket waits for.
func (d *Deps) longestWait() string {
	longest, reason := time.Duration(0), ""
	for _, b := range d.Okta.RateStatus() {
		if b.Waiting > 0 && b.Wait > longest {
			longest = b.Wait
			reason = fmt.Sprintf("%s %s: %s, %s", b.Method, b.Pattern, b.Reason, b.Wait.Round(100*time.Millisecond))
		}
	}
	return reason
}

func (d *Deps) progressLine(p progress.Progress) string {
	line := fmt.Sprintf("%s: %d of %d", p.Phase, p.Done, p.Total)
	if p.Rate > 0 {
		line += fmt.Sprintf(", %.0f a minute, %s to go", p.Rate, p.ETA)
	}
	if wait := d.longestWait(); wait != "" {
		line += " (waiting for " + wait + ")"
	}
	return line
}
