package batch

import (
	"context"
	"errors"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/oktaclient"
)

// assignUser assigns a user to the application.
func assignUser() kind {
	return kind{
		Declaration: plan.KindOf(plan.KindAssignUser),
		send: func(ctx context.Context, r *run, op *plan.Op) (Result, error) {
			_, err := r.writer.AssignUser(ctx, r.plan.App.ID, op.UserID)
			return Result{Outcome: Created}, err
		},
		look: func(ctx context.Context, r *run, op *plan.Op) (Result, bool, error) {
			_, err := r.okta.AppUser(ctx, r.plan.App.ID, op.UserID)
			return Result{Outcome: Created}, err == nil, notFoundIsNil(err)
		},
		compare: compareAssignments,
		exists:  func(refusal error) bool { return errors.Is(refusal, oktaclient.ErrConflict) },
	}
}

// compareAssignments ends the operations of users who are assigned, by themselves or through a group.
func compareAssignments(ctx context.Context, r *run, ops []int) error {
	users := make([]string, len(ops))
	for at, i := range ops {
		users[at] = r.plan.Ops[i].UserID
	}
	assigned, err := plan.ReadAssigned(ctx, r.okta, r.plan.App.ID, users)
	if err != nil {
		return err
	}
	for _, i := range ops {
		if !assigned[r.plan.Ops[i].UserID] {
			continue
		}
		if err := r.note(i, Result{Outcome: AlreadyPresent}); err != nil {
			return err
		}
	}
	return nil
}

// notFoundIsNil turns "Okta has none" into an answer.
func notFoundIsNil(err error) error {
	if errors.Is(err, oktaclient.ErrNotFound) {
		return nil
	}
	return err
}
