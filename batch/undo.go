package batch

import (
	"context"
	"path/filepath"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/oktaclient"
)

// Made lists the grants that the runs of a plan made, as their journal has it: the before-image of an undo. A grant that was
// found in place by somebody else is not among them.
func (e *Engine) Made(p *plan.Plan) ([]plan.Made, error) {
	memories, _, err := replay(filepath.Join(e.Dir(p.ID), "journal.jsonl"), p.ID, keysOf(p))
	if err != nil {
		return nil, err
	}
	place := map[int]*plan.Row{} // the first row that an operation decides
	for i := range p.Rows {
		if op := p.Rows[i].Op; op >= 0 && place[op] == nil {
			place[op] = &p.Rows[i]
		}
	}
	var made []plan.Made
	for i := range p.Ops {
		op := &p.Ops[i]
		if op.Kind != plan.KindCreateGrant || memories[i].result.Outcome != Created {
			continue
		}
		m := plan.Made{UserID: op.UserID, GrantID: memories[i].result.ID, Adds: op.Adds, Person: -1}
		if row := place[i]; row != nil {
			m.Line, m.Person = row.Line, row.Person
		}
		made = append(made, m)
	}
	return made, nil
}

// revoke takes values back, at most five a call (Okta API: revoke-principal-access). What the user has is read immediately
// before: a revocation by value takes it from every grant, so a value that somebody else has granted since must not be named.
func (r *run) revoke(ctx context.Context, op *plan.Op) (Result, error) {
	grants, err := plan.GrantsOf(ctx, r.okta, r.plan.App.ID, op.UserID)
	if err != nil {
		return Result{}, err
	}
	values := plan.OnlyFrom(grants, op.GrantID, op.Revokes)
	if len(values) == 0 {
		return Result{Outcome: AlreadyPresent, ID: op.GrantID}, nil
	}
	const most = 5
	user := oktaclient.UserORN(r.plan.OrgID, op.UserID)
	for start := 0; start < len(values); start += most {
		var orns []string
		for _, v := range values[start:min(start+most, len(values))] {
			orns = append(orns, oktaclient.ValueORN(r.plan.OrgID, v))
		}
		if err := r.writer.RevokeAccess(ctx, user, orns); err != nil {
			return Result{}, err
		}
	}
	return Result{Outcome: Created, ID: op.GrantID}, nil
}

// revoked reports whether nothing of what an undo takes back is left in the run's own grant.
func (r *run) revoked(ctx context.Context, op *plan.Op) (bool, error) {
	grants, err := plan.GrantsOf(ctx, r.okta, r.plan.App.ID, op.UserID)
	return err == nil && len(plan.OnlyFrom(grants, op.GrantID, op.Revokes)) == 0, err
}
