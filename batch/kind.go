package batch

import (
	"context"
	"fmt"

	"okta-entitlements-mcp/internal/plan"
)

// kind is how operations of one kind are carried out. Each has a file of its own, kind_*.go, beside its declaration in
// internal/plan; the engine knows kinds by these fields only.
type kind struct {
	plan.Declaration

	// send makes the call of one operation, after reading what it must not overwrite.
	send func(ctx context.Context, r *run, op *plan.Op) (Result, error)
	// look asks Okta whether the effect of an operation is there: it settles a lost reply.
	look func(ctx context.Context, r *run, op *plan.Op) (Result, bool, error)

	// fits returns a plan_stale error when Okta no longer has what the operations rest on. Nil: the application is enough.
	fits func(ctx context.Context, r *run) error
	// compare ends operations whose effect is in Okta before they are sent. Nil: send finds out.
	compare func(ctx context.Context, r *run, ops []int) error
	// exists reports whether a refusal can mean that the effect is there already, so that looking decides. Nil: never.
	exists func(refusal error) bool
	// learn takes in what later operations need to know of one that ended well. Nil: nothing.
	learn func(r *run, op *plan.Op, result Result)
	// refused returns why the whole run ends when its first operation was refused. Nil: it goes on.
	refused func(op *plan.Op, result Result) *Stop
	// missing counts what an operation that ended well should have brought into force and did not. Nil: not looked at.
	missing func(ctx context.Context, r *run, op *plan.Op) (int, error)
	// sum adds an operation that Okta carried out to the summary. Nil: it is counted by kind only.
	sum func(s *Summary, op *plan.Op)
}

// kinds lists the kinds of operation in the order in which a plan is compared with Okta.
func kinds() []kind {
	return []kind{
		createEntitlement(), addValues(), createGrant(), assignUser(), addGroupMember(), revokeAccess(),
	}
}

// kindOf returns how an operation is carried out.
func (e *Engine) kindOf(op *plan.Op) *kind {
	for i := range e.kinds {
		if e.kinds[i].Kind == op.Kind {
			return &e.kinds[i]
		}
	}
	return nil
}

// knows refuses a plan with operations that this program cannot carry out.
func (e *Engine) knows(p *plan.Plan) error {
	for i := range p.Ops {
		if e.kindOf(&p.Ops[i]) == nil {
			return fmt.Errorf("plan %s: operation %d is of unknown kind %q; plan again", p.ID, i, p.Ops[i].Kind)
		}
	}
	return nil
}

// declarations lists what plans know of the engine's kinds.
func (e *Engine) declarations() []plan.Declaration {
	declared := make([]plan.Declaration, len(e.kinds))
	for i := range e.kinds {
		declared[i] = e.kinds[i].Declaration
	}
	return declared
}
