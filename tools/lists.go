package tools

import (
	"context"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
)

// BatchAssignIn asks for assignments by user id, or confirms a plan of them.
type BatchAssignIn struct {
	AppID   string   `json:"app_id,omitempty" jsonschema:"Okta application id (0oa…). Needed to plan"`
	UserIDs []string `json:"user_ids,omitempty" jsonschema:"Okta user ids (00u…), at most 200. Needed to plan"`
	PlanID  string   `json:"plan_id,omitempty" jsonschema:"Confirms and applies this plan"`
}

var specBatchAssign = Spec{
	Name:   "okta_batch_assign_users",
	Title:  "Assign users to an application",
	Effect: WritesOkta,
	Description: "Assigns up to 200 users, given by Okta id, to one application. Users who are assigned already " +
		"cost no call. " +
		"Not needed before execute_user_grants or okta_batch_create_grants, which assign where needed.",
}

func batchAssign(ctx context.Context, d *Deps, c *Call, in BatchAssignIn) (PlanOut, error) {
	items := make([]plan.Item, len(in.UserIDs))
	for i, id := range in.UserIDs {
		items[i].UserID = id
	}
	return d.list(ctx, c, specBatchAssign, plan.ListRequest{
		Stage: plan.StageAssign,
		AppID: in.AppID,
		Items: items,
	}, in.PlanID)
}

// BatchGrantsIn asks for grants by ids, or confirms a plan of them.
type BatchGrantsIn struct {
	AppID  string      `json:"app_id,omitempty" jsonschema:"Okta application id (0oa…). Needed to plan"`
	Grants []GrantItem `json:"grants,omitempty" jsonschema:"At most 200. Needed to plan"`
	PlanID string      `json:"plan_id,omitempty" jsonschema:"Confirms and applies this plan"`
}

// GrantItem is one user with the values wanted.
type GrantItem struct {
	UserID   string   `json:"user_id" jsonschema:"Okta user id (00u…)"`
	ValueIDs []string `json:"value_ids" jsonschema:"Entitlement value ids (ent…) from okta_iga_list_entitlement_values"`
}

var specBatchGrants = Spec{
	Name:   "okta_batch_create_grants",
	Title:  "Grant entitlement values to users",
	Effect: WritesOkta,
	Description: "Grants entitlement values, given by id, to up to 200 users of one application, one grant call " +
		"per user; users who are not assigned are assigned first. " +
		"What users have already is left as it is.",
}

func batchGrants(ctx context.Context, d *Deps, c *Call, in BatchGrantsIn) (PlanOut, error) {
	items := make([]plan.Item, len(in.Grants))
	for i, g := range in.Grants {
		if len(g.ValueIDs) == 0 {
			return PlanOut{}, &trouble.Error{
				Code: trouble.MissingArgument,
				What: "a grant without value_ids",
				Next: "name at least one value, or use okta_batch_assign_users to assign only",
			}
		}
		items[i] = plan.Item{UserID: g.UserID, Values: g.ValueIDs}
	}
	return d.list(ctx, c, specBatchGrants, plan.ListRequest{
		Stage: plan.StageGrants,
		AppID: in.AppID,
		Mode:  d.Mode,
		Items: items,
	}, in.PlanID)
}

// list plans or applies wishes that came as ids.
func (d *Deps) list(ctx context.Context, c *Call, tool Spec, req plan.ListRequest, planID string) (PlanOut, error) {
	return d.planOrApply(ctx, c, planID, madeBy(tool, "", req.AppID, intake.Answers{}), func() (*plan.Plan, error) {
		if req.AppID == "" {
			return nil, &trouble.Error{
				Code: trouble.MissingArgument,
				What: "planning needs app_id",
				Next: "send it, or plan_id alone to apply a plan",
			}
		}
		if err := countBetween(len(req.Items), "the list"); err != nil {
			return nil, err
		}
		if err := d.Engine.AwaitLists(ctx, req.AppID, req.Stage); err != nil {
			return nil, err
		}
		req.Now = time.Now()
		return plan.PlanList(ctx, d.Okta, req)
	})
}
