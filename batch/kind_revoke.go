package batch

import (
	"context"
	"slices"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/oktaclient"
)

// revokeAccess takes back what a run granted: the only kind that takes access away. It is not undone; a new plan grants.
func revokeAccess() kind {
	return kind{
		Declaration: plan.KindOf(plan.KindRevokeAccess),
		send:        sendRevocation,
		look: func(ctx context.Context, r *run, op *plan.Op) (Result, bool, error) {
			left, _, err := r.stillGranted(ctx, op)
			return Result{Outcome: Created, ID: op.GrantID}, err == nil && len(left) == 0, err
		},
	}
}

// sendRevocation takes values back, at most five a call (Okta API: revoke-principal-access). What the user has is read
// immediately before: a revocation by value takes it from every grant, so a value that someone else has granted since must
// not be named.
func sendRevocation(ctx context.Context, r *run, op *plan.Op) (Result, error) {
	values, user, err := r.stillGranted(ctx, op)
	if err != nil {
		return Result{}, err
	}
	if len(values) == 0 {
		return Result{Outcome: AlreadyPresent, ID: op.GrantID}, nil
	}
	const most = 5
	for some := range slices.Chunk(values, most) {
		var orns []string
		for _, v := range some {
			orns = append(orns, oktaclient.ValueORN(r.plan.OrgID, v))
		}
		if err := r.writer.RevokeAccess(ctx, user, orns); err != nil {
			return Result{}, err
		}
	}
	return Result{Outcome: Created, ID: op.GrantID}, nil
}

// stillGranted lists the values to take back that the run's own grant still gives, and nothing else but what is left of
// runs that were undone does, and how that grant
// names the user: a name that is made up here would not hold in preview organisations.
func (r *run) stillGranted(ctx context.Context, op *plan.Op) (values []string, user string, err error) {
	grants, err := plan.GrantsOf(ctx, r.okta, r.plan.App.ID, op.UserID)
	if err != nil {
		return nil, "", err
	}
	for _, g := range grants {
		if g.ID == op.GrantID {
			user = g.PrincipalORN
		}
	}
	return plan.OnlyFrom(grants, op.GrantID, op.Ours, op.Revokes), user, nil
}
