package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// prepare settles what an earlier run left open and compares the rest of the plan with Okta as it is now: what is there
// already ends without a call, and a plan that no longer fits is refused. A run that goes on has nobody in front of it who
// would try again, so it waits for Okta as it would have before; a new one says at once that Okta cannot be reached.
func (r *run) prepare(ctx context.Context) error {
	if !r.resumed {
		return r.compare(ctx)
	}
	return r.patiently(ctx, func() error { return r.compare(ctx) })
}

func (r *run) compare(ctx context.Context) error {
	if err := r.sameOrg(ctx); err != nil {
		return err
	}
	if err := r.settleOpen(ctx); err != nil {
		return err
	}
	// What an earlier run has just written may not be listed yet; reading now would plan it a second time.
	r.live.Enter("waiting for Okta's lists to show the run before")
	if err := wait.For(ctx, time.Until(r.lastWritten.Add(r.engine.opts.SettleAfter))); err != nil {
		return err
	}
	r.live.Enter("checking")
	switch r.plan.Stage {
	case plan.StageStructure:
		return r.prepareStructure(ctx)
	case plan.StageGrants, plan.StageAssign:
		return r.prepareGrants(ctx)
	default:
		_, err := plan.ReadApp(ctx, r.okta, r.plan.App.ID)
		return err
	}
}

// sameOrg refuses a plan of another organisation: a credential that was exchanged must not carry it there.
func (r *run) sameOrg(ctx context.Context) error {
	org, err := r.okta.Org(ctx)
	if err != nil {
		return fmt.Errorf("read organisation: %w", err)
	}
	if org.ID != r.plan.OrgID {
		return &plan.Refusal{Code: "other_org", Message: "the plan was made for organisation " + r.plan.OrgID + ", the credential belongs to " + org.ID,
			Next: "use the credential of the plan's organisation, or plan again in this one"}
	}
	return nil
}

// settleOpen looks up every operation with a begin and no end. Its begin does not tell when it was sent: it may have waited
// for its turn, or for the network, until the moment the process died. All that is certain is that this was before the
// present run began.
func (r *run) settleOpen(ctx context.Context) error {
	for _, chain := range r.pending {
		for _, i := range chain {
			if r.memories[i].began.IsZero() {
				continue
			}
			r.live.Enter("settling")
			result, happened, err := r.settle(ctx, &r.plan.Ops[i], r.started)
			switch {
			case err != nil:
				return fmt.Errorf("look up an operation that an earlier run left open: %w", err)
			case !happened:
				result = Result{Outcome: NotAttempted}
			}
			if err := r.note(i, result); err != nil {
				return err
			}
		}
	}
	return nil
}

// note journals a result that was found by looking, outside the error rate.
func (r *run) note(i int, result Result) error {
	if err := r.journal.end(i, r.plan.Ops[i].Key, result); err != nil {
		return err
	}
	r.mu.Lock()
	r.memories[i] = memory{result: result}
	r.mu.Unlock()
	if result.Outcome.done() {
		r.live.Count(string(result.Outcome), false)
	}
	return nil
}

func (r *run) prepareStructure(ctx context.Context) error {
	live, err := plan.CheckStructure(ctx, r.okta, r.plan)
	if err != nil {
		return err
	}
	for _, e := range live.Entitlements {
		r.know(e.ExternalValue, e.ID)
	}
	return r.eachPending(func(i int, op *plan.Op) error {
		if op.Kind != plan.KindCreateEntitlement {
			return nil // add_values asks for itself which of its values are missing
		}
		id := r.known(op.Entitlement.ExternalValue)
		if id == "" {
			return nil
		}
		if !offers(live, id, op.Entitlement.Values) {
			return plan.Stale("somebody created the entitlement " + id + " since, with other values")
		}
		return r.note(i, Result{Outcome: AlreadyPresent, ID: id})
	})
}

// offers reports whether an entitlement has all of these values.
func offers(live *plan.Structure, id string, values []oktaclient.NewValue) bool {
	present := map[string]bool{}
	for _, e := range live.Entitlements {
		if e.ID == id {
			for _, v := range e.Values {
				present[v.ExternalValue] = true
			}
		}
	}
	for _, v := range values {
		if !present[v.ExternalValue] {
			return false
		}
	}
	return true
}

func (r *run) prepareGrants(ctx context.Context) error {
	var assignees, grantees []string
	_ = r.eachPending(func(_ int, op *plan.Op) error {
		switch op.Kind {
		case plan.KindCreateGrant:
			grantees = append(grantees, op.UserID)
		case plan.KindAssignUser, plan.KindAddGroupMember:
			assignees = append(assignees, op.UserID)
		}
		return nil
	})
	if err := r.reliable(ctx, len(grantees) > 0); err != nil {
		return err
	}
	assigned := map[string]bool{}
	var err error
	if len(assignees) > 0 {
		if assigned, err = plan.ReadAssigned(ctx, r.okta, r.plan.App.ID, assignees); err != nil {
			return err
		}
	}
	if len(grantees) > 0 {
		if r.holdings, err = plan.ReadHoldings(ctx, r.okta, r.plan.App.ID, grantees); err != nil {
			return err
		}
	}
	return r.eachPending(func(i int, op *plan.Op) error {
		if op.Kind == plan.KindCreateGrant && holdsAll(r.holdings[op.UserID], op.Adds) || op.Kind != plan.KindCreateGrant && assigned[op.UserID] {
			return r.note(i, Result{Outcome: AlreadyPresent})
		}
		return nil
	})
}

// reliable checks that the application still works and still has every value that the plan grants.
func (r *run) reliable(ctx context.Context, grants bool) error {
	if !grants {
		_, err := plan.ReadApp(ctx, r.okta, r.plan.App.ID)
		return err
	}
	live, err := plan.ReadStructure(ctx, r.okta, r.plan.App.ID)
	if err != nil {
		return err
	}
	return live.MustHave(r.plan.Relies)
}

// eachPending visits the operations that have not ended well.
func (r *run) eachPending(visit func(i int, op *plan.Op) error) error {
	for _, chain := range r.pending {
		for _, i := range chain {
			if r.resultOf(i).Outcome.done() {
				continue
			}
			if err := visit(i, &r.plan.Ops[i]); err != nil {
				return err
			}
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
