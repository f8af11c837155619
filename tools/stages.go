package tools

import (
	"context"
	"fmt"
	"reflect"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/planning"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// PrepareIn asks for the entitlements of a report, or confirms a plan of them.
type PrepareIn struct {
	Filename string `json:"filename,omitempty" jsonschema:"As list_csv_files gives it. Needed to plan"`
	AppID    string `json:"app_id,omitempty" jsonschema:"Okta application id (0oa…). Needed to plan"`
	Mode     string `json:"mode,omitempty"`
	PlanID   string `json:"plan_id,omitempty" jsonschema:"Confirms and applies this plan"`
	intake.Answers
}

func (PrepareIn) afterStage1() {}

func (PrepareIn) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"mode": {
			About: "update (default) adds what is missing; replace is refused",
			OneOf: []string{"update", "replace"},
		},
	}
}

var specPrepare = Spec{
	Name:   "prepare_entitlement_structure",
	Title:  "Stage 2: create entitlements",
	Effect: WritesOkta,
	Description: "Creates the entitlements and values of a report that the Okta application lacks, as stage 2 " +
		"of 3; nothing existing is changed or removed. Next: execute_user_grants.",
}

func prepare(ctx context.Context, d *Deps, c *Call, in PrepareIn) (PlanOut, error) {
	if in.Mode == "replace" {
		return PlanOut{}, &trouble.Error{
			Code: trouble.RefusedByPolicy,
			What: "mode replace would remove entitlements that people hold, and no policy allows that yet",
			Next: "use mode update, which adds what is missing; remove by hand in the Admin Console what is no longer wanted",
		}
	}
	out, err := d.planOrApply(ctx, c, in.PlanID,
		madeBy(specPrepare, in.Filename, in.AppID, in.Answers), func() (*plan.Plan, error) {
			return d.draft(ctx, c, planning.Request{
				File:    in.Filename,
				AppID:   in.AppID,
				Stage:   plan.StageStructure,
				Answers: c.answered(in.Answers),
			})
		})
	if err == nil && out.Status == "nothing_to_do" {
		out.Next = "the application has everything that the report needs; execute_user_grants plans the grants"
	}
	return out, err
}

// GrantsIn asks for the grants of a report, or confirms a plan of them.
type GrantsIn struct {
	Filename string `json:"filename,omitempty" jsonschema:"As list_csv_files gives it. Needed to plan"`
	AppID    string `json:"app_id,omitempty" jsonschema:"Okta application id (0oa…). Needed to plan"`
	Group    string `json:"assign_via_group,omitempty"`
	PlanID   string `json:"plan_id,omitempty" jsonschema:"Confirms and applies this plan"`
	intake.Answers
}

func (GrantsIn) afterStage1() {}

func (GrantsIn) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"assign_via_group": {About: "Okta group id (00g…) that brings the application: users who lack it are added " +
			"to the group, which is quicker than assigning them one by one"},
	}
}

var specGrants = Spec{
	Name:   "execute_user_grants",
	Title:  "Stage 3: grant access",
	Effect: WritesOkta,
	Description: "Grants the access that a report permits and the users lack in Okta, as stage 3 of 3: " +
		"assignment where needed, then one grant per user. No one loses anything. " +
		"Large plans answer running; follow them with get_job.",
}

func executeGrants(ctx context.Context, d *Deps, c *Call, in GrantsIn) (PlanOut, error) {
	check := madeBy(specGrants, in.Filename, in.AppID, in.Answers)
	return d.planOrApply(ctx, c, in.PlanID, check, func() (*plan.Plan, error) {
		return d.draft(ctx, c, planning.Request{
			File:    in.Filename,
			AppID:   in.AppID,
			Stage:   plan.StageGrants,
			Group:   in.Group,
			Answers: c.answered(in.Answers),
		})
	})
}

// draft reads the report of a planning call and makes the plan. While a doubt is open there is none: a client that
// has forms asks its user, and others are refused with the arguments that settle it.
func (d *Deps) draft(ctx context.Context, c *Call, req planning.Request) (*plan.Plan, error) {
	reading, err := d.Planner().Read(ctx, req.File, req.AppID, req.Answers)
	if err != nil {
		return nil, err
	}
	report := reading.Report
	if c.Answer != nil && c.Answer.sha256 != report.SHA256 {
		return nil, &trouble.Error{
			Code: trouble.FileChanged,
			What: "the report changed after the questions about it were asked",
			Next: "call the tool again; it asks about the report as it is now",
		}
	}
	declined := c.Answer != nil && !c.Answer.Accepted
	if refusal := report.Refusal(); refusal != nil {
		if form := doubtForm(report, c.forms()); form != nil && c.canAsk && !declined {
			return nil, form
		}
		return nil, withAnalysis(refusal)
	}
	made, err := d.Planner().Draft(ctx, req, reading)
	c.notes = reading.Notes
	return made, err
}

// withAnalysis adds to a refusal where all answers are listed: it names the first few.
func withAnalysis(refusal error) error {
	e := trouble.Find(refusal)
	if e == nil {
		return refusal
	}
	return &trouble.Error{
		Code: e.Code,
		What: e.What,
		Next: e.Next + "; analyze_csv_for_entitlements lists all answers, with what each would do",
		Err:  e.Err,
	}
}

// makerOf names the tool that makes plans of this kind. Plans of a report name its file, plans of a list have none.
func makerOf(p *plan.Plan) string {
	switch {
	case p.Stage == plan.StageStructure:
		return specPrepare.Name
	case p.Stage == plan.StageAssign:
		return specBatchAssign.Name
	case p.Stage == plan.StageUndo:
		return specPlanUndo.Name
	case p.File == "":
		return specBatchGrants.Name
	default:
		return specGrants.Name
	}
}

// madeBy refuses to apply a plan through another tool than the one that made it, or with arguments that speak of something
// else than the plan.
func madeBy(tool Spec, filename, appID string, answers intake.Answers) func(*plan.Plan) error {
	return func(p *plan.Plan) error {
		maker := makerOf(p)
		switch {
		case maker == specPlanUndo.Name:
			return &trouble.Error{
				Code: trouble.PlanOfOtherTool,
				What: "the plan was made by " + maker + " and takes access away, which no tool does",
				Next: "a person runs on a terminal: " + undoCommand(p),
			}
		case maker != tool.Name:
			return &trouble.Error{
				Code: trouble.PlanOfOtherTool,
				What: fmt.Sprintf("the plan was made by %s, and %s applies its own plans only", maker, tool.Name),
				Next: fmt.Sprintf("call %s with plan_id %s", maker, p.ID),
			}
		case appID != "" && appID != p.App.ID:
			return &trouble.Error{
				Code: trouble.PlanOfOtherApp,
				What: "the plan is for application " + p.App.ID,
				Next: "leave app_id out, or plan again for the application that you mean",
			}
		case filename != "" && !sameReport(filename, p.File):
			return &trouble.Error{
				Code: trouble.PlanOfOtherFile,
				What: fmt.Sprintf("the plan is for the file %q", shorten(p.File, untrusted.Line)),
				Next: "leave filename out, or plan again for the file that you mean",
			}
		case !reflect.DeepEqual(answers, intake.Answers{}):
			return &trouble.Error{
				Code: trouble.ConflictingArguments,
				What: "the call applies a saved plan and says how to read the report",
				Next: "send plan_id alone to apply the plan, or leave plan_id out to plan again with these answers",
			}
		default:
			return nil
		}
	}
}

// sameReport compares names without the folder that says how far a report has come.
func sameReport(a, b string) bool { return intake.Bare(a) == intake.Bare(b) }
