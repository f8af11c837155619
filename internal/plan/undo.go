package plan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/oktaclient"
)

// Made is one grant that a run made, with the values that its user did not have before.
type Made struct {
	UserID  string
	GrantID string
	Adds    []string // value ids
	Line    int      // a row that asked for it
	Person  int      // index into People of the run's plan
}

// UndoRequest asks for a plan that takes back what a run added.
type UndoRequest struct {
	Of   *Plan  // the plan that was carried out
	Made []Made // what its journal says
	Now  time.Time
}

// PlanUndo takes back exactly what the run added and what still stands: values that only the run's own grant gives. What
// users had before, what came later from elsewhere, and assignments to the application stay.
func PlanUndo(ctx context.Context, okta *oktaclient.Client, req UndoRequest) (*Plan, error) {
	if req.Of.Stage != StageGrants {
		return nil, &Refusal{"undo_needs_grants", fmt.Sprintf("a run of stage %s cannot be undone", req.Of.Stage),
			"undo works on runs of execute_user_grants and okta_batch_create_grants; entitlements and assignments are removed by hand in the Admin Console"}
	}
	org, err := okta.Org(ctx)
	if err != nil {
		return nil, fmt.Errorf("read organisation: %w", err)
	}
	live, err := ReadStructure(ctx, okta, req.Of.App.ID)
	if err != nil {
		return nil, err
	}
	users := make([]string, len(req.Made))
	for i, made := range req.Made {
		users[i] = made.UserID
	}
	grants := map[string][]oktaclient.Grant{}
	if len(users) > 0 {
		if grants, err = ReadGrants(ctx, okta, req.Of.App.ID, users); err != nil {
			return nil, err
		}
	}
	p := &Plan{Stage: StageUndo, OrgID: org.ID, App: live.App, Snapshot: live.digest(), Undoes: req.Of.ID, People: req.Of.People}
	kept := 0
	for _, made := range req.Made {
		row := Row{Line: made.Line, State: Kept, Op: -1, Person: made.Person}
		if revokes := OnlyFrom(grants[made.UserID], made.GrantID, made.Adds); len(revokes) > 0 {
			row.State, row.Op = Planned, len(p.Ops)
			p.Ops = append(p.Ops, Op{Kind: KindRevokeAccess, Needs: -1, UserID: made.UserID, GrantID: made.GrantID, Revokes: revokes})
			if len(revokes) < len(made.Adds) {
				row.Reason = fmt.Sprintf("%d of %d values stay: they came from elsewhere too, or are gone", len(made.Adds)-len(revokes), len(made.Adds))
			}
		}
		if row.State == Kept {
			kept++
		}
		p.Rows = append(p.Rows, row)
	}
	p.warn("kept", kept, "users keep what the run gave them: it came from elsewhere as well, or is gone already", "")
	p.warn("assignments_stay", req.Of.Count(KindAssignUser)+req.Of.Count(KindAddGroupMember), "assignments to the application or its group that the run may have made stay", "remove them by hand in the Admin Console if they are not wanted")
	return p.seal(req.Now)
}

// OnlyFrom returns those of the values that this grant gives and no other grant does, sorted.
func OnlyFrom(grants []oktaclient.Grant, grantID string, values []string) []string {
	if grantID == "" {
		return nil // nothing proves which grant is the run's
	}
	var own, others []oktaclient.Grant
	for _, g := range grants {
		if g.ID == grantID {
			own = append(own, g)
		} else if g.Action != "DENY" {
			others = append(others, g)
		}
	}
	mine, theirs := HoldingOf(own), HoldingOf(others)
	var only []string
	for _, v := range values {
		if mine.Has(v) && !theirs.Has(v) {
			only = append(only, v)
		}
	}
	slices.Sort(only)
	return only
}
