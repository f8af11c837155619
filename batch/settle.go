package batch

import (
	"context"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/oktaclient"
)

// settle finds out whether an operation happened whose reply was lost at the given time. Okta's lists may lag behind
// writes, so absence counts only once the lag is over; presence counts at once.
func (r *run) settle(ctx context.Context, op *plan.Op, lost time.Time) (result Result, happened bool, err error) {
	look := func() error {
		return r.patiently(ctx, func() error {
			result, happened, err = r.look(ctx, op)
			return err
		})
	}
	if err := look(); err != nil || happened {
		return result, happened, err
	}
	if err := sleep(ctx, time.Until(lost.Add(r.engine.opts.SettleAfter))); err != nil {
		return Result{}, false, err
	}
	return result, happened, look()
}

// look asks Okta whether the effect of an operation is there.
func (r *run) look(ctx context.Context, op *plan.Op) (Result, bool, error) {
	found := Result{Outcome: Created}
	switch op.Kind {
	case plan.KindCreateEntitlement:
		for e, err := range r.okta.Entitlements(ctx, r.plan.App.ID) {
			if err != nil {
				return found, false, fmt.Errorf("list entitlements: %w", err)
			}
			if e.ExternalValue == op.Entitlement.ExternalValue {
				found.ID = e.ID
				r.know(e.ExternalValue, e.ID)
				return found, true, nil
			}
		}
		return found, false, nil
	case plan.KindAddValues:
		id := op.EntitlementID
		if id == "" {
			id = r.known(op.Attribute)
		}
		missing, err := r.missingValues(ctx, id, op)
		found.ID = id
		return found, err == nil && len(missing) == 0, err
	case plan.KindAssignUser:
		_, err := r.okta.AppUser(ctx, r.plan.App.ID, op.UserID)
		return found, err == nil, notFoundIsNil(err)
	case plan.KindAddGroupMember:
		// PUT of a membership says the same thing twice without harm (Okta API: groups), so it is simply sent again.
		return found, false, nil
	case plan.KindCreateGrant:
		has, grants, err := r.holding(ctx, op.UserID)
		if err != nil {
			return found, false, err
		}
		found.ID = grantWith(grants, op)
		return found, holdsAll(has, op.Adds), nil
	case plan.KindRevokeAccess:
		gone, err := r.revoked(ctx, op)
		found.ID = op.GrantID
		return found, gone, err
	default:
		return found, false, fmt.Errorf("operation of unknown kind %q", op.Kind)
	}
}

// holding reads what one user has on the application.
func (r *run) holding(ctx context.Context, userID string) (*plan.Holding, []oktaclient.Grant, error) {
	grants, err := plan.GrantsOf(ctx, r.okta, r.plan.App.ID, userID)
	if err != nil {
		return nil, nil, err
	}
	return plan.HoldingOf(grants), grants, nil
}

func holdsAll(has *plan.Holding, values []string) bool {
	for _, v := range values {
		if !has.Has(v) {
			return false
		}
	}
	return true
}

// grantWith names the grant of the posted type that carries everything that was posted.
func grantWith(grants []oktaclient.Grant, op *plan.Op) string {
	for _, g := range grants {
		if g.Type == op.GrantType && holdsAll(plan.HoldingOf([]oktaclient.Grant{g}), op.Adds) {
			return g.ID
		}
	}
	return ""
}
