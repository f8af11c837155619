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
		"status": {About: "needs_confirmation, needs_terminal (a person applies it there), nothing_to_do, blocked, declined, running, " +
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
		out.idle(p.Stage)
		out.Verdict = nil
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
