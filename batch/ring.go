package batch

import (
	"context"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// refusesGrantType reports whether the first grant of the run was refused as malformed, which is how an organisation
// without additive grants answers.
func (r *run) refusesGrantType(chain []int) bool {
	last := chain[len(chain)-1]
	op, result := &r.plan.Ops[last], r.resultOf(last)
	return op.Kind == plan.KindCreateGrant && op.GrantType == oktaclient.GrantEntitlement &&
		result.Outcome == Failed && (result.Code == "E0000001" || result.Code == "E0000003")
}

// readBack asks Okta for the effective entitlements of a ring and stops the run when something planned is not there.
func (r *run) readBack(ctx context.Context, ring [][]int) error {
	for _, chain := range ring {
		last := chain[len(chain)-1]
		op := &r.plan.Ops[last]
		if op.Kind != plan.KindCreateGrant || !r.resultOf(last).Outcome.done() {
			continue
		}
		var missing int
		err := r.patiently(ctx, func() (err error) {
			missing, err = r.missingAfter(ctx, op)
			return err
		})
		if err != nil {
			return err
		}
		if missing > 0 {
			r.halt(Stop{"ring_mismatch", fmt.Sprintf("after granting to the first users, %d of user %s's planned values are not in force", missing, op.UserID),
				"look at that user's access in the Admin Console before applying the plan again"})
			return nil
		}
	}
	return nil
}

// missingAfter counts the values of a grant that are not in force, giving Okta time to catch up.
func (r *run) missingAfter(ctx context.Context, op *plan.Op) (int, error) {
	deadline := time.Now().Add(r.engine.opts.SettleAfter)
	for pause := time.Second; ; pause *= 2 {
		entitlements, err := r.okta.PrincipalEntitlements(ctx, r.plan.App.ID, op.UserID)
		if err != nil {
			return 0, fmt.Errorf("read effective entitlements of user %s: %w", op.UserID, err)
		}
		held := map[string]bool{}
		for _, e := range entitlements {
			for _, v := range e.Values {
				held[v.ID] = true
			}
		}
		missing := 0
		for _, v := range op.Adds {
			if !held[v] {
				missing++
			}
		}
		if missing == 0 || time.Now().After(deadline) {
			return missing, nil
		}
		if err := wait.For(ctx, pause); err != nil {
			return 0, err
		}
	}
}
