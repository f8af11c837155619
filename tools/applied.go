package tools

import (
	"context"
	"fmt"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// answered carries on after the client has asked its user.
func (d *Deps) answered(ctx context.Context, c *Call, check func(*plan.Plan) error) (PlanOut, error) {
	p, err := d.Plans.Load(c.Answer.PlanID)
	if err != nil {
		return PlanOut{}, err
	}
	switch {
	case c.Answer.Accepted:
		return d.apply(ctx, c, p, policy.Dialogue, check)
	case c.Answer.Word == wordSilence:
		out := planOut(p, d)
		out.Status = "needs_confirmation"
		out.Next = fmt.Sprintf("the user has not answered in time, and a later answer does nothing; call %s again with "+
			"plan_id %s to have the user asked again, or a person runs on a terminal: %s", c.Tool, p.ID, policy.ApplyCommand(p.ID))
		return out, nil
	default:
		return d.declined(c, p)
	}
}

// declined closes a plan that its user did not confirm, and says so.
func (d *Deps) declined(c *Call, p *plan.Plan) (PlanOut, error) {
	known, err := d.Plans.Declined(p.ID)
	if err != nil {
		return PlanOut{}, err
	}
	no := plan.Declined{Answer: c.Answer.ended(), Client: c.Client, Time: time.Now().UTC()}
	if known == nil {
		if err := d.Plans.Decline(p.ID, no); err != nil {
			return PlanOut{}, err
		}
	}
	out := planOut(p, d)
	out.Status, out.Answer, out.Sample = "declined", no.Answer, nil
	if no.Answer == plan.AnswerError {
		out.Status = "needs_confirmation"
	}
	out.Next = no.Words() + "; nothing was written"
	if d.underWay(p.ID) {
		out.Next = no.Words() + ", but it was confirmed before and is being carried out; cancel_job stops it"
	}
	out.Next += "; this plan is closed to conversations: plan again when the user wants to, or a person runs on a terminal: " +
		policy.ApplyCommand(p.ID)
	return out, nil
}

// underWay reports whether a run of a plan goes on in this process.
func (d *Deps) underWay(planID string) bool {
	job := d.Jobs.Get(planID)
	if job == nil {
		return false
	}
	select {
	case <-job.Ended():
		return false
	default:
		return true
	}
}

// named carries out the plan that a call names. Where the client can ask, its user is asked: a model that names a plan
// proves nothing of its user. A run that is under way was confirmed already.
func (d *Deps) named(ctx context.Context, c *Call, planID string, check func(*plan.Plan) error) (PlanOut, error) {
	p, err := d.Plans.Load(planID)
	if err != nil {
		return PlanOut{}, err
	}
	declined, err := d.Plans.Declined(planID)
	if err != nil {
		return PlanOut{}, err
	}
	if !c.canAsk || declined != nil || d.underWay(planID) || d.Gate.Judge(p).Decision != policy.Ask {
		return d.apply(ctx, c, p, policy.Conversation, check) // where the gate refuses what it has to
	}
	if err := check(p); err != nil {
		return PlanOut{}, err
	}
	if err := d.unchanged(ctx, p); err != nil {
		return PlanOut{}, err
	}
	out := planOut(p, d)
	out.Cost = d.cost(p)
	return PlanOut{}, confirmation(p.ID, out.ask(p.Reading))
}

// apply starts the run, or finds it, and waits a while for its end.
func (d *Deps) apply(ctx context.Context, c *Call, p *plan.Plan, channel policy.Channel,
	check func(*plan.Plan) error) (PlanOut, error) {
	if err := check(p); err != nil {
		return PlanOut{}, err
	}
	if err := d.unchanged(ctx, p); err != nil {
		return PlanOut{}, err
	}
	permit, err := d.Gate.Permit(ctx, p, policy.Confirmation{
		PlanID:  p.ID,
		Channel: channel,
		Client:  c.Client,
		Time:    time.Now().UTC(),
	})
	if err != nil {
		return PlanOut{}, err
	}
	var kept error
	if channel == policy.Dialogue { // a person confirmed the plan in a form
		kept = d.Planner().Confirmed(ctx, p.ID, intake.ByForm)
	}
	out, err := d.follow(ctx, c, p, d.Jobs.Start(p, permit))
	if kept != nil && err == nil {
		out.note(kept)
	}
	return out, err
}

// follow waits for a job as long as a call may, sending progress, and answers how it goes.
func (d *Deps) follow(ctx context.Context, c *Call, p *plan.Plan, job *batch.Job) (PlanOut, error) {
	ended, err := d.watch(ctx, c, job)
	if err != nil {
		return PlanOut{}, err
	}
	if !ended {
		return d.running(p, job), nil
	}
	summary, err := job.Result()
	if err != nil {
		return PlanOut{}, err
	}
	return d.ended(p, summary), nil
}

func (d *Deps) running(p *plan.Plan, job *batch.Job) PlanOut {
	out := planOut(p, d)
	out.Status, out.JobID, out.Sample = "running", job.ID, nil
	out.Progress = d.progressItem(job.Progress())
	out.Next = "the run goes on in the background; get_job with this job_id shows its progress, cancel_job stops it"
	return out
}

func (d *Deps) ended(p *plan.Plan, s *batch.Summary) PlanOut {
	out := planOut(p, d)
	out.Status, out.JobID, out.Sample, out.Rows = s.Ended, p.ID, nil, stateCounts(s.Rows)
	out.Done = &DoneItem{
		EntitlementsCreated: s.Created[plan.KindCreateEntitlement],
		ValuesCreated:       s.ValuesMade,
		UsersAssigned:       s.Created[plan.KindAssignUser] + s.Created[plan.KindAddGroupMember],
		UsersGranted:        s.UsersGranted,
	}
	out.Errors, out.Stop, out.Report = s.Errors, s.Stop, s.Report
	if s.Report != "" {
		out.Resources = append(out.Resources, runURI(p.ID, reportFile))
	}
	out.Resources = append(out.Resources, runURI(p.ID, summaryFile))
	for i := range out.Errors {
		out.Errors[i].Error = shorten(out.Errors[i].Error, untrusted.Long)
	}
	out.Next = nextAfter(p, s)
	return out
}

func nextAfter(p *plan.Plan, s *batch.Summary) string {
	n, words, next := openRows(stateCounts(s.Rows), len(p.Rows))
	switch {
	case s.Stop != nil:
		return s.Stop.Next
	case s.Unfinished():
		return "fix what the errors say, then call the tool again with the same plan_id: only what has not ended " +
			"well is tried again"
	case p.Stage == plan.StageStructure:
		return "execute_user_grants with the same filename and app_id plans the grants"
	case s.DoubledTotal > 0:
		return fmt.Sprintf("nothing is left to do, but %d users now hold values through two grants (doubled in the summary names "+
			"them): another program or person granted the same at the same time", s.DoubledTotal)
	case n > 0:
		return fmt.Sprintf("%s left open: %s; %s, then plan again; report_csv has every row", areRows(n), words, next)
	default:
		return "nothing is left to do; report_csv has every row"
	}
}

// unchanged refuses a plan whose report was replaced since. A report that was moved or deleted is no objection: the
// plan holds all that it needs.
func (d *Deps) unchanged(ctx context.Context, p *plan.Plan) error {
	if p.File == "" {
		return nil
	}
	sum, err := d.Inbox.Hash(ctx, p.File)
	if err != nil && trouble.Find(err) == nil {
		return err
	}
	if err == nil && sum != p.SHA256 {
		return &trouble.Error{
			Code: trouble.FileChanged,
			What: "the file " + p.File + " changed after the plan was made",
			Next: "call the tool again without plan_id to plan from the file as it is now",
		}
	}
	return nil
}
