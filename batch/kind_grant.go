package batch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// createGrant posts a user's one grant.
func createGrant() kind {
	return kind{
		Declaration: plan.KindOf(plan.KindCreateGrant),
		send:        sendGrant,
		look:        lookForGrant,
		fits: func(ctx context.Context, r *run) error {
			live, err := r.structure(ctx)
			if err != nil {
				return err
			}
			return live.MustHave(r.plan.Relies)
		},
		compare: compareGrants,
		refused: grantTypeRefused,
		missing: missingAfterGrant,
		sum:     func(s *Summary, _ *plan.Op) { s.UsersGranted++ },
	}
}

// sendGrant posts the grant. A CUSTOM grant replaces what the user has, so what the user has is read immediately before,
// and anything that the plan did not know of stops it.
func sendGrant(ctx context.Context, r *run, op *plan.Op) (Result, error) {
	if op.GrantType == oktaclient.GrantCustom {
		has, _, err := r.holding(ctx, op.UserID)
		if err != nil {
			return Result{}, err
		}
		if changed := changes(op, has); changed != "" {
			return Result{
				Outcome: Failed,
				Code:    string(trouble.StaleUser),
				Error:   "a CUSTOM grant would now " + changed + "; plan again",
			}, nil
		}
	}
	made, err := r.writer.CreateGrant(ctx, oktaclient.NewGrant{
		Type:         op.GrantType,
		AppID:        r.plan.App.ID,
		UserID:       op.UserID,
		Entitlements: r.posted(op),
	})
	return Result{Outcome: Created, ID: made.ID}, err
}

func lookForGrant(ctx context.Context, r *run, op *plan.Op) (Result, bool, error) {
	has, grants, err := r.holding(ctx, op.UserID)
	if err != nil {
		return Result{}, false, err
	}
	return Result{Outcome: Created, ID: grantWith(grants, op.GrantType, r.lacking(op))}, holdsAll(has, op.Adds), nil
}

// compareGrants reads what the users of pending grants have, and ends those whose user has it all.
func compareGrants(ctx context.Context, r *run, ops []int) error {
	users := make([]string, len(ops))
	for at, i := range ops {
		users[at] = r.plan.Ops[i].UserID
	}
	var err error
	if r.holdings, err = plan.ReadHoldings(ctx, r.okta, r.plan.App.ID, users); err != nil {
		return err
	}
	for _, i := range ops {
		op := &r.plan.Ops[i]
		if !holdsAll(r.holdings[op.UserID], op.Adds) {
			continue
		}
		result := Result{Outcome: AlreadyPresent}
		if earlier := r.resultOf(i); earlier.ours() { // the run's own grant, of which something else was missing
			result = Result{Outcome: Created, ID: earlier.ID, Request: earlier.Request}
			r.mu.Lock()
			r.readUntil[i] = time.Now().Add(r.engine.ripe()) // it was read back; what it found is for a person
			r.mu.Unlock()
		}
		if err := r.note(i, result); err != nil {
			return err
		}
	}
	return nil
}

// grantTypeRefused ends a run whose first grant was refused as malformed, which is how an organisation without additive
// grants answers.
func grantTypeRefused(op *plan.Op, result Result) *Stop {
	malformed := result.Code == oktaclient.CodeValidation || result.Code == oktaclient.CodeBadBody
	if op.GrantType != oktaclient.GrantEntitlement || result.Outcome != Failed || !malformed {
		return nil
	}
	return &Stop{
		Code: trouble.GrantModeRefused,
		What: "Okta refused the first grant of type " + oktaclient.GrantEntitlement + ": " + result.Error,
		Next: "if the message speaks of the grant type, this organisation does not have additive grants yet: " +
			"set GRANT_MODE=custom-merge, restart and plan again; otherwise fix what it says and apply again",
	}
}

// missingAfterGrant counts the values of a grant that are not in force, giving Okta time to catch up.
func missingAfterGrant(ctx context.Context, r *run, op *plan.Op) (int, error) {
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

// changes says what a CUSTOM grant would do beside adding what the plan adds, "" when nothing: it would drop what came
// since the plan was made, and give back what was taken away since.
func changes(op *plan.Op, has *plan.Holding) string {
	if has.Denied {
		return "take away a DENY grant"
	}
	if has.Fragile != "" {
		return "take away " + has.Fragile
	}
	posted := map[string]bool{}
	for _, e := range op.Grant {
		for _, v := range e.Values {
			posted[v] = true
		}
	}
	for _, v := range has.Values {
		if !posted[v] {
			return "take away value " + v
		}
	}
	for v := range posted {
		if !has.Has(v) && !slices.Contains(op.Adds, v) {
			return "give back value " + v + ", which was taken away"
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

// posted is what a grant carries. An additive grant leaves out what the user has got since the plan was made, so that no
// one holds a value through two grants of ours. A CUSTOM grant carries everything, because it replaces everything.
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

// grantWith names the grant of this type that carries all of these values.
func grantWith(grants []oktaclient.Grant, grantType string, values []string) string {
	for _, g := range grants {
		if g.Type == grantType && holdsAll(plan.HoldingOf([]oktaclient.Grant{g}), values) {
			return g.ID
		}
	}
	return ""
}
