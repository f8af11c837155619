package batch

import (
	"context"
	"errors"
	"fmt"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// createEntitlement makes an entitlement with its first values. Okta creates it with all of them or not at all.
func createEntitlement() kind {
	return kind{
		Declaration: plan.KindOf(plan.KindCreateEntitlement),
		send:        sendEntitlement,
		look:        lookForEntitlement,
		fits:        structureFits,
		compare:     compareEntitlements,
		exists: func(refusal error) bool { // Okta API: a duplicate of an entitlement is a 400
			return errors.Is(refusal, oktaclient.ErrConflict) || errors.Is(refusal, oktaclient.ErrBadRequest)
		},
		learn: func(r *run, op *plan.Op, result Result) { r.know(op.Entitlement.ExternalValue.Text, result.ID) },
		sum:   func(s *Summary, op *plan.Op) { s.ValuesMade += len(op.Entitlement.Values) },
	}
}

func sendEntitlement(ctx context.Context, r *run, op *plan.Op) (Result, error) {
	made, err := r.writer.CreateEntitlement(ctx, *op.Entitlement)
	return Result{Outcome: Created, ID: made.ID}, err
}

// lookForEntitlement finds an entitlement of this name. It is ours when it has all the values that we create it with.
func lookForEntitlement(ctx context.Context, r *run, op *plan.Op) (Result, bool, error) {
	for e, err := range r.okta.Entitlements(ctx, r.plan.App.ID) {
		if err != nil {
			return Result{}, false, fmt.Errorf("list entitlements: %w", err)
		}
		if e.ExternalValue != op.Entitlement.ExternalValue.Text {
			continue
		}
		missing, err := r.missingValues(ctx, e.ID, op.Entitlement.Values)
		if err != nil {
			return Result{}, false, err
		}
		if len(missing) > 0 {
			return Result{
				Outcome: Failed,
				Code:    string(trouble.ForeignEntitlement),
				Error:   "someone else created the entitlement " + e.ID + " with other values; plan again",
			}, true, nil
		}
		return Result{Outcome: Created, ID: e.ID}, true, nil
	}
	return Result{}, false, nil
}

// structureFits reads the application's entitlements, remembers their ids, and checks those that the plan adds to.
func structureFits(ctx context.Context, r *run) error {
	live, err := r.structure(ctx)
	if err != nil {
		return err
	}
	if err := live.MustHaveEntitlements(r.plan); err != nil {
		return err
	}
	for _, e := range live.Entitlements {
		r.know(e.ExternalValue, e.ID)
	}
	return nil
}

func compareEntitlements(ctx context.Context, r *run, ops []int) error {
	live, err := r.structure(ctx)
	if err != nil {
		return err
	}
	for _, i := range ops {
		want := r.plan.Ops[i].Entitlement
		for _, e := range live.Entitlements {
			if e.ExternalValue != want.ExternalValue.Text {
				continue
			}
			if !offers(e, want.Values) {
				return plan.Stale("someone created the entitlement " + e.ID + " since, with other values")
			}
			if err := r.note(i, Result{Outcome: AlreadyPresent, ID: e.ID}); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// offers reports whether an entitlement has all of these values.
func offers(e oktaclient.Entitlement, values []oktaclient.NewValue) bool {
	present := map[untrusted.Text]bool{}
	for _, v := range e.Values {
		present[v.ExternalValue] = true
	}
	for _, v := range values {
		if !present[v.ExternalValue.Text] {
			return false
		}
	}
	return true
}

func (r *run) know(attribute untrusted.Text, entitlementID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made[attribute] = entitlementID
}

func (r *run) known(attribute untrusted.Text) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made[attribute]
}
