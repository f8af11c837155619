package batch

import (
	"context"

	"okta-entitlements-mcp/internal/plan"
)

// addGroupMember adds a user to the group that brings the application.
func addGroupMember() kind {
	return kind{
		Declaration: plan.KindOf(plan.KindAddGroupMember),
		send: func(ctx context.Context, r *run, op *plan.Op) (Result, error) {
			return Result{Outcome: Created}, r.writer.AddGroupMember(ctx, op.GroupID, op.UserID)
		},
		look: func(context.Context, *run, *plan.Op) (Result, bool, error) {
			// PUT of a membership says the same thing twice without harm (Okta API: groups), so it is simply sent again.
			return Result{}, false, nil
		},
		compare: compareAssignments,
	}
}
