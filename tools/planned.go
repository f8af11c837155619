package tools

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/internal/wait"
)

// PlanOut is the answer of every tool that writes to Okta: the plan that waits for confirmation, or how its run goes.
type PlanOut struct {
	Status    string           `json:"status"`
	Answer    plan.Answer      `json:"user_answer,omitempty"`
	PlanID    string           `json:"plan_id"`
	JobID     string           `json:"job_id,omitempty" jsonschema:"Follow with get_job"`
	Stage     string           `json:"stage"`
	AppID     string           `json:"app_id"`
	AppLabel  string           `json:"app_label" jsonschema:"Untrusted text from Okta"`
	File      string           `json:"file,omitempty"`
	Counts    PlanCounts       `json:"planned"`
	Rows      map[string]int   `json:"rows,omitempty" jsonschema:"Rows by state; they add up to the rows of the file"`
	Total     int              `json:"total_rows"`
	Sample    []OpItem         `json:"sample,omitempty" jsonschema:"The first few operations"`
	Warnings  []plan.Warning   `json:"warnings,omitempty"`
	Reading   *PlanReading     `json:"reading,omitempty"`
	Verdict   *policy.Verdict  `json:"policy,omitempty"`
	Cost      *Cost            `json:"cost,omitempty"`
	Progress  *ProgressItem    `json:"progress,omitempty"`
	Done      *DoneItem        `json:"done,omitempty"`
	Stop      *batch.Stop      `json:"stopped_because,omitempty"`
	Errors    []batch.RowError `json:"errors,omitempty" jsonschema:"The first few; report.csv has all"`
	Report    string           `json:"report_csv,omitempty" jsonschema:"Every row with its state, on this machine"`
	Resources []string         `json:"resources,omitempty" jsonschema:"report.csv and summary.json of the run as MCP resources"`
	Next      string           `json:"next_step"`
}

func (PlanOut) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"status": {About: "needs_confirmation, needs_terminal (a person applies it there), nothing_to_do, declined, running, " +
			"complete, partly or stopped"},
		"user_answer": {About: "decline, cancel, unticked or error: how the question ended that closed the plan"},
	}
}

// OpItem is one operation in words.
type OpItem struct {
	Kind   string   `json:"kind"`
	User   string   `json:"user,omitempty" jsonschema:"Untrusted text"`
	Target string   `json:"target,omitempty" jsonschema:"Untrusted text"`
	Values []string `json:"values,omitempty" jsonschema:"Untrusted text"`
	More   int      `json:"more_values,omitempty"`
}

// Cost is what carrying the plan out takes at the pace that Okta allows.
type Cost struct {
	Calls   int    `json:"okta_calls"`
	About   string `json:"about" jsonschema:"Estimated time"`
	Quicker string `json:"quicker,omitempty" jsonschema:"A quicker way, and by how much"`
	Grounds string `json:"grounds"`
}

// DoneItem says what a run has written.
type DoneItem struct {
	EntitlementsCreated int `json:"entitlements_created"`
	ValuesCreated       int `json:"values_created"`
	UsersAssigned       int `json:"users_assigned"`
	UsersGranted        int `json:"users_granted"`
}

const sampleOps = 5

func planOut(p *plan.Plan, d *Deps) PlanOut {
	out := PlanOut{
		PlanID:   p.ID,
		Stage:    string(p.Stage),
		AppID:    p.App.ID,
		AppLabel: p.App.Label.Show(untrusted.Name),
		File:     p.File,
		Counts:   countsOf(p),
		Total:    len(p.Rows),
		Rows:     stateCounts(p.States()),
		Warnings: p.Warnings,
		Reading:  planReading(p.Reading),
	}
	for i := range p.Ops {
		if len(out.Sample) == sampleOps {
			break
		}
		if p.Ops[i].Kind != plan.KindAssignUser || p.Stage == plan.StageAssign {
			out.Sample = append(out.Sample, opItem(p, &p.Ops[i]))
		}
	}
	return out
}

func stateCounts(states map[plan.State]int) map[string]int {
	counts := make(map[string]int, len(states))
	for state, n := range states {
		counts[string(state)] = n
	}
	return counts
}

const shownValues = 6

func opItem(p *plan.Plan, op *plan.Op) OpItem {
	item := OpItem{Kind: string(op.Kind), User: op.UserID}
	if describe := plan.KindOf(op.Kind).Describe; describe != nil {
		target, values := describe(op)
		item.Target = target.Show(untrusted.Name)
		for _, v := range values {
			item.add(v)
		}
	}
	for i := range p.People {
		if op.UserID != "" && p.People[i].UserID == op.UserID {
			item.User = intake.ShortenEmail(p.People[i].Email.Text) + " (" + op.UserID + ")"
			break
		}
	}
	return item
}

func (o *OpItem) add(value untrusted.Text) {
	if len(o.Values) == shownValues {
		o.More++
		return
	}
	o.Values = append(o.Values, value.Show(untrusted.Name))
}

// needsTerminal is the status of a plan that no conversation may apply, whatever its user says.
const needsTerminal = "needs_terminal"

// planOrApply is the course of every tool that writes: an answer of the user is acted on, a named plan is applied once
// its user was asked where the client can ask, and otherwise a plan is made and proposed.
func (d *Deps) planOrApply(ctx context.Context, c *Call, planID string, check func(*plan.Plan) error,
	build func() (*plan.Plan, error)) (PlanOut, error) {
	switch {
	case c.Answer != nil && c.Answer.PlanID != "":
		return d.answered(ctx, c, check)
	case planID != "":
		return d.named(ctx, c, planID, check)
	}
	p, err := d.undeclined(ctx, build)
	if err != nil {
		return PlanOut{}, err
	}
	return d.propose(c, p)
}

// undeclined builds a plan that was not declined. A plan's time is in its id, in whole seconds: one that is made in the
// very second in which it was declined is made again in the next.
func (d *Deps) undeclined(ctx context.Context, build func() (*plan.Plan, error)) (*plan.Plan, error) {
	for {
		p, err := build()
		if err != nil {
			return nil, err
		}
		declined, err := d.Plans.Declined(p.ID)
		if declined == nil || err != nil {
			return p, err
		}
		if err := wait.For(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// propose saves a plan and answers with it, or has the client ask its user.
func (d *Deps) propose(c *Call, p *plan.Plan) (PlanOut, error) {
	out := planOut(p, d)
	for _, err := range c.notes {
		out.note(err)
	}
	verdict := d.Gate.Judge(p)
	out.Verdict = &verdict
	if len(p.Ops) == 0 {
		out.Status, out.Verdict = "nothing_to_do", nil
		out.Next = "everything that can be done is done; rows in other states say why"
		return out, d.Plans.Save(p)
	}
	if err := d.Plans.Save(p); err != nil {
		return PlanOut{}, err
	}
	if verdict.Decision == policy.Deny {
		out.Status, out.Next = needsTerminal, "show this to the user; "+verdict.Next
		return out, nil
	}
	out.Cost = d.cost(p)
	if c.canAsk {
		return PlanOut{}, confirmation(p.ID, out.ask(p.Reading))
	}
	out.Status = "needs_confirmation"
	out.Next = fmt.Sprintf("show this to the user; when the user agrees, call %s again with plan_id %s (nothing "+
		"has been written yet)", c.Tool, p.ID)
	return out, nil
}

// note adds what went wrong beside the plan, which is as good without it.
func (o *PlanOut) note(err error) {
	problem := Explain(err)
	o.Warnings = append(slices.Clone(o.Warnings), plan.Warning{
		Code: trouble.Code(problem.Code),
		What: problem.Message,
		Next: problem.Next,
	})
}

// ask words the question from counts and ids. Text of the file is only in the lines about the reading, in quotes.
func (o *PlanOut) ask(reading *intake.Reading) string {
	what := ""
	for _, line := range o.Counts.Lines() {
		what += "\n- " + line
	}
	ask := fmt.Sprintf("Apply this plan to Okta application %s?%s\nNothing is taken away from anyone.", o.AppID, what)
	ask += readingLines(reading)
	for _, w := range o.Warnings {
		ask += "\nNote: " + w.What + "."
	}
	return ask + "\nAbout " + o.Cost.About + ". Plan " + o.PlanID + "."
}

// cost estimates from the buckets that the plan writes through, as learned or, before that, as Okta has been seen to
// set them for one credential.
func (d *Deps) cost(p *plan.Plan) *Cost {
	const unseen = 50 // calls a minute, for governance writes and application users alike
	grants, assigns, grounds := unseen, unseen, "assumes 50 calls a minute for each kind of call, until Okta's "+
		"own headers show this credential's limits"
	for _, b := range d.Okta.RateStatus() {
		switch {
		case b.Method != "POST" || b.Limit <= 0:
		case b.Pattern == "/governance/api/v1/grants":
			grants, grounds = b.Limit, "the limits that Okta's headers state for this credential"
		case b.Pattern == "/api/v1/apps/{id}/users":
			assigns = b.Limit
		}
	}
	assigning := float64(p.Count(plan.KindAssignUser)) / (0.7 * float64(assigns))
	granting := float64(len(p.Ops)-p.Count(plan.KindAssignUser)-p.Count(plan.KindAddGroupMember)) / (0.7 * float64(grants))
	minutes := func(m float64) string { return spoken(time.Duration(m * float64(time.Minute))) }
	cost := &Cost{Calls: len(p.Ops), About: minutes(max(assigning, granting)), Grounds: grounds}
	// Group memberships go through a bucket of their own, about five times as wide as that of application users.
	if viaGroup := assigning / 5; assigning > granting && assigning-max(viaGroup, granting) > 5 {
		cost.Quicker = fmt.Sprintf("%d of these calls assign users one by one; with assign_via_group, naming a "+
			"group that brings the application, the plan takes about %s instead of %s",
			p.Count(plan.KindAssignUser), minutes(max(viaGroup, granting)), cost.About)
	}
	return cost
}

func spoken(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "a minute"
	case d < 2*time.Hour:
		return plural(int(d.Minutes()+0.5), "minute", "minutes")
	default:
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
}

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
