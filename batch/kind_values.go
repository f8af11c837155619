package batch

import (
	"context"
	"fmt"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// addValues adds values to an entitlement, of the application or made by the operation before.
func addValues() kind {
	return kind{
		Declaration: plan.KindOf(plan.KindAddValues),
		send:        sendValues,
		look:        lookForValues,
		fits:        structureFits,
		sum:         func(s *Summary, op *plan.Op) { s.ValuesMade += len(op.Values) },
	}
}

// sendValues sends the values that the entitlement still lacks.
func sendValues(ctx context.Context, r *run, op *plan.Op) (Result, error) {
	id := r.entitlementOf(op)
	if id == "" {
		return Result{
			Outcome: Failed,
			Code:    string(trouble.NoEntitlement),
			Error:   "the entitlement that the values belong to was not created",
		}, nil
	}
	missing, err := r.missingValues(ctx, id, op.Values)
	if err != nil {
		return Result{}, err
	}
	if len(missing) == 0 {
		return Result{Outcome: AlreadyPresent, ID: id}, nil
	}
	_, err = r.writer.AddValues(ctx, id, missing)
	return Result{Outcome: Created, ID: id}, err
}

func lookForValues(ctx context.Context, r *run, op *plan.Op) (Result, bool, error) {
	id := r.entitlementOf(op)
	if id == "" {
		return Result{}, false, nil // its entitlement was never made, so neither were its values
	}
	missing, err := r.missingValues(ctx, id, op.Values)
	return Result{Outcome: Created, ID: id}, err == nil && len(missing) == 0, err
}

// entitlementOf is the id of the entitlement that an operation adds values to, "" while it has not been created.
func (r *run) entitlementOf(op *plan.Op) string {
	if op.EntitlementID != "" {
		return op.EntitlementID
	}
	return r.known(op.Attribute.Text)
}

// missingValues lists those of the values that the entitlement does not have.
func (r *run) missingValues(
	ctx context.Context, entitlementID string, values []oktaclient.NewValue,
) ([]oktaclient.NewValue, error) {
	present := map[untrusted.Text]bool{}
	for v, err := range r.okta.ValuesOf(ctx, entitlementID) {
		if err != nil {
			return nil, fmt.Errorf("list values: %w", err)
		}
		present[v.ExternalValue] = true
	}
	var missing []oktaclient.NewValue
	for _, v := range values {
		if !present[v.ExternalValue.Text] {
			missing = append(missing, v)
		}
	}
	return missing, nil
}
