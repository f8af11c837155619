package tools

import (
	"context"
	"time"

	"okta-entitlements-mcp/internal/plan"
)

// PlanUndoIn names the run to take back.
type PlanUndoIn struct {
	JobID string `json:"job_id" jsonschema:"The run to take back: its job_id, which is the plan_id that was applied"`
}

var specPlanUndo = Spec{
	Name:   "plan_undo",
	Title:  "Plan the undo of a run",
	Effect: ReadsOkta,
	Description: "Plans to take back what a run of execute_user_grants or okta_batch_create_grants " +
		"added and what is still there. " +
		"What users had before, and what came later from elsewhere, stays; so do assignments. " +
		"Writes nothing: a conversation may not take access away. The answer names the command that a person runs " +
		"on a terminal.",
}

func planUndo(ctx context.Context, d *Deps, c *Call, in PlanUndoIn) (PlanOut, error) {
	p, err := PlanUndo(ctx, d, in.JobID)
	if err != nil {
		return PlanOut{}, err
	}
	out, err := d.propose(c, p)
	if err == nil && out.Status == needsTerminal {
		out.Next = "show this to the user; a person runs on a terminal: " + undoCommand(p)
	}
	return out, err
}

// undoCommand is the command with which a person takes a run back.
func undoCommand(p *plan.Plan) string {
	return "okta-entitlements-mcp undo " + p.Undoes + " --yes-undo " + p.Undoes
}

// PlanUndo makes the plan that takes a run back, from its journal and from Okta as it is now.
func PlanUndo(ctx context.Context, d *Deps, runID string) (*plan.Plan, error) {
	of, err := d.Plans.Load(runID)
	if err != nil {
		return nil, err
	}
	if err := d.Engine.AwaitLists(ctx, of.App.ID, plan.StageUndo); err != nil {
		return nil, err
	}
	made, err := d.Engine.Made(of)
	if err != nil {
		return nil, err
	}
	return plan.PlanUndo(ctx, d.Okta, plan.UndoRequest{Of: of, Made: made, Now: time.Now()})
}
