package batch

import (
	"context"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// settle finds out whether an operation happened whose reply was lost at the given time. Okta's lists may lag behind
// writes, so absence counts only once the lag is over; presence counts at once.
func (r *run) settle(ctx context.Context, op *plan.Op, lost time.Time) (result Result, happened bool, err error) {
	look := func() {
		err = r.patiently(ctx, func() error {
			var err error
			result, happened, err = r.look(ctx, op)
			return err
		})
	}
	if caughtUp := lost.Add(r.engine.opts.SettleAfter); time.Now().Before(caughtUp) {
		if look(); err != nil || happened {
			return result, happened, err
		}
		if err := wait.For(ctx, time.Until(caughtUp)); err != nil {
			return Result{}, false, err
		}
	}
	look()
	return result, happened, err
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
				return r.entitlementThere(ctx, e.ID, op)
			}
		}
		return found, false, nil
	case plan.KindAddValues:
		id := r.entitlementOf(op)
		if id == "" {
			return found, false, nil // its entitlement was never made, so neither were its values
		}
		missing, err := r.missingValues(ctx, id, op.Values)
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
		found.ID = grantWith(grants, op.GrantType, r.lacking(op))
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

// entitlementThere says what it means that the application has an entitlement of this name: it is ours when it has all the
// values that we create it with. Okta creates an entitlement with its values or not at all.
func (r *run) entitlementThere(ctx context.Context, id string, op *plan.Op) (Result, bool, error) {
	missing, err := r.missingValues(ctx, id, op.Entitlement.Values)
	if err != nil {
		return Result{}, false, err
	}
	if len(missing) > 0 {
		return Result{Outcome: Failed, Code: "foreign_entitlement", Error: "somebody else created the entitlement " + id + " with other values; plan again"}, true, nil
	}
	r.know(op.Entitlement.ExternalValue, id)
	return Result{Outcome: Created, ID: id}, true, nil
}

// grantWith names the grant of this type that carries all of these values.
func grantWith(grants []oktaclient.Grant, grantType string, values []string) string {
	for _, g := range grants {
		if g.Type == grantType && holdsAll(plan.HoldingOf([]oktaclient.Grant{g}), values) {
			return g.ID
		}
	}
	return ""
}
