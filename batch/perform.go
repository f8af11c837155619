package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// outagePatience is how long a run keeps trying while Okta cannot be reached at all: a laptop that sleeps or a network that
// drops on Friday night must not end an import that has until Monday. Nothing is written in that time.
const outagePatience = 12 * time.Hour

// perform carries one operation out: begin on disk, send, and when the reply was lost, look before sending again.
func (r *run) perform(ctx context.Context, i int) (Result, error) {
	op := &r.plan.Ops[i]
	for attempt := 1; ; attempt++ {
		if err := r.journal.begin(i, op.Key); err != nil {
			return Result{}, err
		}
		result, err := r.send(ctx, op)
		if err == nil {
			return result, nil
		}
		if !oktaclient.MayHaveHappened(err) {
			if again, result := r.conflicts(ctx, op, err, attempt); again {
				continue
			} else if result != nil {
				return *result, nil
			}
			return r.refused(ctx, err), nil
		}
		r.engine.opts.Log.Warn("reply lost, looking before sending again", "kind", op.Kind, "attempt", attempt, "error", err)
		found, happened, lookErr := r.settle(ctx, op, time.Now())
		switch {
		case lookErr != nil:
			return Result{Outcome: Unknown, Code: "unsettled", Error: lookErr.Error()}, nil
		case happened:
			return found, nil
		case attempt >= r.engine.opts.Attempts:
			return Result{Outcome: Failed, Code: "no_answer", Error: fmt.Sprintf("sent %d times without an answer, and looking shows that it did not happen: %v", attempt, err)}, nil
		case ctx.Err() != nil || r.stopped():
			return Result{Outcome: NotAttempted}, nil
		}
	}
}

// conflicts handles a refusal that says that something stands in the way (Okta API: 409, 423; a duplicate of an entitlement
// is a 400). What stands there may be just what was asked for; a change under way passes, so the call is made again.
func (r *run) conflicts(ctx context.Context, op *plan.Op, refusal error, attempt int) (again bool, _ *Result) {
	conflict := errors.Is(refusal, oktaclient.ErrConflict)
	if !conflict && !(op.Kind == plan.KindCreateEntitlement && errors.Is(refusal, oktaclient.ErrBadRequest)) {
		return false, nil
	}
	switch op.Kind {
	case plan.KindCreateEntitlement, plan.KindAssignUser:
		if found, there, err := r.look(ctx, op); err == nil && there {
			if found.Outcome == Created {
				found.Outcome = AlreadyPresent
			}
			return false, &found
		}
	}
	if !conflict || attempt >= r.engine.opts.Attempts || r.stopped() {
		return false, nil
	}
	return wait.For(ctx, time.Second<<attempt) == nil, nil
}

// refused turns an answer of Okta, or a request that never left, into an outcome. What concerns the credential or the whole
// organisation stops the run, since the next operation would end the same way.
func (r *run) refused(ctx context.Context, err error) Result {
	if stop := stopFor(ctx, err); stop != nil {
		r.halt(*stop)
		return Result{Outcome: NotAttempted}
	}
	result := Result{Outcome: Failed, Error: err.Error()}
	var okta *oktaclient.Error
	if errors.As(err, &okta) {
		result.Code, result.Request = okta.Code, okta.RequestID
	}
	return result
}

// stopFor returns why a run must end on this error, nil when only the one operation is concerned.
func stopFor(ctx context.Context, err error) *Stop {
	switch {
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return cancelled(ctx)
	case errors.Is(err, plan.ErrStale):
		return &Stop{"plan_stale", err.Error(), "plan again from the same report; what was done is found and not done twice"}
	case errors.Is(err, oktaclient.ErrUnauthorized):
		return &Stop{"token_rejected", err.Error(), "renew the credential, restart, and apply the plan again"}
	case errors.Is(err, oktaclient.ErrScope):
		return &Stop{"scope_missing", err.Error(), "grant the scope to the service app, restart, and apply the plan again"}
	case errors.Is(err, oktaclient.ErrFeatureOff):
		return &Stop{"feature_off", err.Error(), "Identity Governance must be licensed for this organisation"}
	case errors.Is(err, oktaclient.ErrUnavailable), errors.Is(err, oktaclient.ErrRateLimited):
		return &Stop{stopUnavailable, err.Error(), "apply the plan again once Okta answers"}
	}
	var refusal *plan.Refusal
	if errors.As(err, &refusal) {
		return &Stop{refusal.Code, refusal.Message, refusal.Next}
	}
	return nil
}

const (
	stopInterrupted = "interrupted"
	stopUnavailable = "okta_unavailable"
)

// cancelled tells a person's cancellation from the end of the process.
func cancelled(ctx context.Context) *Stop {
	if errors.Is(context.Cause(ctx), ErrCancelled) {
		return &Stop{"cancelled", "the run was cancelled", "apply the plan again to go on where it stopped"}
	}
	return &Stop{stopInterrupted, "the program was stopped", "start the server again or apply the plan again; it goes on where it stopped"}
}

// send makes the one call of an operation.
func (r *run) send(ctx context.Context, op *plan.Op) (result Result, err error) {
	ctx, witness := oktaclient.WithWitness(ctx)
	err = r.patiently(ctx, func() error {
		result, err = r.call(ctx, op)
		return err
	})
	if result.Request == "" {
		result.Request = witness.Last()
	}
	return result, err
}

func (r *run) call(ctx context.Context, op *plan.Op) (Result, error) {
	result := Result{Outcome: Created}
	var err error
	switch op.Kind {
	case plan.KindCreateEntitlement:
		var made oktaclient.Entitlement
		if made, err = r.writer.CreateEntitlement(ctx, *op.Entitlement); err == nil {
			result.ID = made.ID
			r.know(op.Entitlement.ExternalValue, made.ID)
		}
	case plan.KindAddValues:
		return r.addValues(ctx, op)
	case plan.KindAssignUser:
		_, err = r.writer.AssignUser(ctx, r.plan.App.ID, op.UserID)
	case plan.KindAddGroupMember:
		err = r.writer.AddGroupMember(ctx, op.GroupID, op.UserID)
	case plan.KindCreateGrant:
		return r.grant(ctx, op)
	case plan.KindRevokeAccess:
		return r.revoke(ctx, op)
	default:
		err = fmt.Errorf("operation of unknown kind %q", op.Kind)
	}
	return result, err
}

// addValues sends the values that the entitlement still lacks.
func (r *run) addValues(ctx context.Context, op *plan.Op) (Result, error) {
	id := r.entitlementOf(op)
	if id == "" {
		return Result{Outcome: Failed, Code: "no_entitlement", Error: "the entitlement that the values belong to was not created"}, nil
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

// entitlementOf is the id of the entitlement that an operation adds values to, "" while it has not been created.
func (r *run) entitlementOf(op *plan.Op) string {
	if op.EntitlementID != "" {
		return op.EntitlementID
	}
	return r.known(op.Attribute)
}

// missingValues lists those of the values that the entitlement does not have.
func (r *run) missingValues(ctx context.Context, entitlementID string, values []oktaclient.NewValue) ([]oktaclient.NewValue, error) {
	present := map[string]bool{}
	for v, err := range r.okta.ValuesOf(ctx, entitlementID) {
		if err != nil {
			return nil, fmt.Errorf("list values: %w", err)
		}
		present[v.ExternalValue] = true
	}
	var missing []oktaclient.NewValue
	for _, v := range values {
		if !present[v.ExternalValue] {
			missing = append(missing, v)
		}
	}
	return missing, nil
}

// grant posts the user's one grant. A CUSTOM grant replaces what the user has, so what the user has is read immediately
// before, and anything that the plan did not know of stops it.
func (r *run) grant(ctx context.Context, op *plan.Op) (Result, error) {
	if op.GrantType == oktaclient.GrantCustom {
		has, _, err := r.holding(ctx, op.UserID)
		if err != nil {
			return Result{}, err
		}
		if reason := replaces(op, has); reason != "" {
			return Result{Outcome: Failed, Code: "stale_user", Error: "a CUSTOM grant would now take away " + reason + "; plan again"}, nil
		}
	}
	made, err := r.writer.CreateGrant(ctx, oktaclient.NewGrant{Type: op.GrantType, AppID: r.plan.App.ID, UserID: op.UserID, Entitlements: r.posted(op)})
	return Result{Outcome: Created, ID: made.ID}, err
}

// replaces names what a CUSTOM grant would drop, "" when nothing.
func replaces(op *plan.Op, has *plan.Holding) string {
	if has.Denied {
		return "a DENY grant"
	}
	if has.Fragile != "" {
		return has.Fragile
	}
	posted := map[string]bool{}
	for _, e := range op.Grant {
		for _, v := range e.Values {
			posted[v] = true
		}
	}
	for _, v := range has.Values {
		if !posted[v] {
			return "value " + v
		}
	}
	return ""
}

// lacking lists the values that an operation adds and that its user did not have when the run began. Between plan and run
// another plan may have granted a part of them.
func (r *run) lacking(op *plan.Op) []string {
	has := r.holdings[op.UserID]
	return slices.DeleteFunc(slices.Clone(op.Adds), has.Has)
}

// posted is what a grant carries. An additive grant leaves out what the user has got since the plan was made, so that nobody
// holds a value through two grants of ours. A CUSTOM grant carries everything, because it replaces everything.
func (r *run) posted(op *plan.Op) []oktaclient.GrantedEntitlement {
	has := r.holdings[op.UserID]
	if op.GrantType != oktaclient.GrantEntitlement || has == nil {
		return op.Grant
	}
	var posted []oktaclient.GrantedEntitlement
	for _, e := range op.Grant {
		if values := slices.DeleteFunc(slices.Clone(e.Values), has.Has); len(values) > 0 {
			posted = append(posted, oktaclient.GrantedEntitlement{ID: e.ID, Values: values})
		}
	}
	return posted
}

func (r *run) know(attribute, entitlementID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made[attribute] = entitlementID
}

func (r *run) known(attribute string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made[attribute]
}

// patiently repeats a call that certainly had no effect for as long as Okta cannot be reached.
func (r *run) patiently(ctx context.Context, call func() error) error {
	const longest = 2 * time.Minute
	started := time.Now()
	for pause := time.Second; ; pause = min(2*pause, longest) {
		err := call()
		down := errors.Is(err, oktaclient.ErrUnavailable) || errors.Is(err, oktaclient.ErrRateLimited)
		if err == nil || !down || oktaclient.MayHaveHappened(err) || r.stopped() || time.Since(started) > outagePatience {
			return err
		}
		r.engine.opts.Log.Warn("okta cannot be reached, waiting", "pause", pause, "error", err)
		if err := wait.For(ctx, pause); err != nil {
			return err
		}
	}
}
