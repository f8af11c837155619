package plan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// Made is one operation that a run carried out.
type Made struct {
	Op     *Op
	ID     string // what Okta made: gra…
	Line   int    // a row that asked for it
	Person int    // index into People of the run's plan, -1 when none
	Own    *Own   // the other runs of this program on the application; nil for none
}

// Own is what other runs of this program made on an application, as their journals say.
type Own struct {
	Undone map[string]bool   // grants of runs that were undone: what is left of them is no one else's
	Runs   map[string]string // the plans of grants whose runs were not undone
}

// Taking is how one operation is taken back.
type Taking struct {
	Op     *Op    // nil: what it made is left as it is
	Reason string // why a part of it is left
}

// UndoRequest asks for a plan that takes back what a run added.
type UndoRequest struct {
	Of    *Plan  // the plan that was carried out
	Made  []Made // what its journal says
	Now   time.Time
	Kinds []Declaration // Kinds() when nil
}

// PlanUndo takes back exactly what the run added and what is still in force: values that only the run's own grant gives.
// What users had before, what came later from elsewhere, and assignments to the application stay.
func PlanUndo(ctx context.Context, okta *oktaclient.Client, req UndoRequest) (*Plan, error) {
	if req.Of.Stage != StageGrants {
		return nil, &trouble.Error{
			Code: trouble.UndoNeedsGrants,
			What: fmt.Sprintf("a run of stage %s cannot be undone", req.Of.Stage),
			Next: "undo works on runs of execute_user_grants and okta_batch_create_grants; " +
				"entitlements and assignments are removed by hand in the Admin Console",
		}
	}
	if req.Kinds == nil {
		req.Kinds = Kinds()
	}
	org, err := okta.Org(ctx)
	if err != nil {
		return nil, fmt.Errorf("read organisation: %w", err)
	}
	live, err := ReadStructure(ctx, okta, req.Of.App.ID)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Stage:    StageUndo,
		OrgID:    org.ID,
		App:      live.App,
		Snapshot: live.digest(),
		Undoes:   req.Of.ID,
		People:   req.Of.People,
	}
	p.Values = req.Of.Values
	stay := 0
	for _, kind := range req.Kinds {
		if kind.Undo == nil {
			stay += req.Of.Count(kind.Kind)
			continue
		}
		if err := p.takeBack(ctx, okta, kind, req.Made); err != nil {
			return nil, err
		}
	}
	if len(p.Values) == 0 { // the run's plan is of format 1
		p.nameValues(live)
	}
	p.warn(trouble.Kept, p.States()[Kept],
		"users keep what the run gave them: it came from elsewhere as well, or is gone already", "")
	p.warn(trouble.AssignmentsStay, stay,
		"assignments to the application or its group that the run may have made stay",
		"remove them by hand in the Admin Console if they are not wanted")
	return p.seal(req.Now)
}

// takeBack adds the operations and rows that take back what was made of one kind.
func (p *Plan) takeBack(ctx context.Context, okta *oktaclient.Client, kind Declaration, made []Made) error {
	var ours []Made
	for _, m := range made {
		if m.Op.Kind == kind.Kind {
			ours = append(ours, m)
		}
	}
	if len(ours) == 0 {
		return nil
	}
	takings, err := kind.Undo(ctx, okta, p.App.ID, ours)
	if err != nil {
		return err
	}
	for i, taking := range takings {
		row := Row{Line: ours[i].Line, State: Kept, Op: -1, Person: ours[i].Person, Reason: taking.Reason}
		if taking.Op != nil {
			row.State, row.Op = Planned, len(p.Ops)
			p.Ops = append(p.Ops, *taking.Op)
		}
		p.Rows = append(p.Rows, row)
	}
	return nil
}

// takeGrantsBack revokes the values that only the run's own grants give.
func takeGrantsBack(ctx context.Context, okta *oktaclient.Client, appID string, made []Made) ([]Taking, error) {
	users := make([]string, len(made))
	for i, m := range made {
		users[i] = m.Op.UserID
	}
	grants, err := ReadGrants(ctx, okta, appID, users)
	if err != nil {
		return nil, err
	}
	takings := make([]Taking, len(made))
	for i, m := range made {
		user, all := m.Op.UserID, len(m.Op.Adds)
		ours := m.Own.undoneAmong(grants[user])
		revokes := OnlyFrom(grants[user], m.ID, ours, m.Op.Adds)
		if run := m.Own.alsoFrom(grants[user], m); run != "" && len(revokes) < all {
			takings[i].Reason = "run " + run + " of this program gave it too: undo that one as well to take it back"
		}
		if len(revokes) == 0 {
			continue
		}
		takings[i].Op = &Op{Kind: KindRevokeAccess, Needs: -1, UserID: user, GrantID: m.ID, Ours: ours, Revokes: revokes}
		if len(revokes) < all && takings[i].Reason == "" {
			takings[i].Reason = fmt.Sprintf("%d of %d values stay: they came from elsewhere too, or are gone",
				all-len(revokes), all)
		}
	}
	return takings, nil
}

// undoneAmong lists the additive grants of runs that were undone. One that replaced others carries more than its run gave.
func (o *Own) undoneAmong(grants []oktaclient.Grant) []string {
	if o == nil {
		return nil
	}
	var ids []string
	for _, g := range grants {
		if g.Type == oktaclient.GrantEntitlement && o.Undone[g.ID] {
			ids = append(ids, g.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// alsoFrom names another run whose grant gives a value of this one too, "" when there is none.
func (o *Own) alsoFrom(grants []oktaclient.Grant, m Made) string {
	if o == nil {
		return ""
	}
	for _, g := range grants {
		has := HoldingOf([]oktaclient.Grant{g})
		if run := o.Runs[g.ID]; run != "" && g.ID != m.ID && slices.ContainsFunc(m.Op.Adds, has.Has) {
			return run
		}
	}
	return ""
}

// OnlyFrom returns those of the values that this grant gives and no other grant does, sorted. Grants in ours do not count
// as others.
func OnlyFrom(grants []oktaclient.Grant, grantID string, ours, values []string) []string {
	if grantID == "" {
		return nil // nothing proves which grant is the run's
	}
	var own, others []oktaclient.Grant
	for _, g := range grants {
		if g.ID == grantID {
			own = append(own, g)
		} else if g.Action != "DENY" && !slices.Contains(ours, g.ID) {
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
