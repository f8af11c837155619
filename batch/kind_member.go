package batch

import (
	"context"
	"slices"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/oktaclient"
)

// addGroupMember adds a user to the group that brings the application.
func addGroupMember() kind {
	return kind{
		Declaration: plan.KindOf(plan.KindAddGroupMember),
		send: func(ctx context.Context, r *run, op *plan.Op) (Result, error) {
			return Result{Outcome: Created}, r.writer.AddGroupMember(ctx, op.GroupID, op.UserID)
		},
		look: func(ctx context.Context, r *run, op *plan.Op) (Result, bool, error) {
			groups, err := r.okta.UserGroups(ctx, op.UserID)
			in := slices.ContainsFunc(groups, func(g oktaclient.Group) bool { return g.ID == op.GroupID })
			return Result{Outcome: Created}, in, err
		},
		compare: compareAssignments,
	}
}
