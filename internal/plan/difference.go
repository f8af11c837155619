package plan

import (
	"context"
	"fmt"
	"slices"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// finish subtracts what the users have and writes the operations.
func (b *grantsBuilder) finish(ctx context.Context, okta *oktaclient.Client) (*Plan, error) {
	users := make([]string, len(b.wishes))
	for i, w := range b.wishes {
		users[i] = w.userID
	}
	assigned, holdings := map[string]bool{}, map[string]*Holding{}
	if len(users) > 0 {
		var err error
		if assigned, err = ReadAssigned(ctx, okta, b.plan.App.ID, users); err != nil {
			return nil, err
		}
		if b.plan.Stage == StageGrants {
			if holdings, err = ReadHoldings(ctx, okta, b.plan.App.ID, users); err != nil {
				return nil, err
			}
		}
	}
	relies := map[string]bool{}
	for _, w := range b.wishes {
		if b.plan.Stage == StageAssign {
			b.assignOnly(w, assigned[w.userID])
			continue
		}
		b.grant(w, assigned[w.userID], holdings[w.userID], relies)
	}
	for v := range relies {
		b.plan.Relies = append(b.plan.Relies, v)
	}
	slices.Sort(b.plan.Relies)
	b.plan.nameValues(b.live)
	b.warn()
	return b.plan, nil
}

func (b *grantsBuilder) assignOnly(w *wish, assigned bool) {
	if assigned {
		b.settle(w, AlreadyGranted, "")
		return
	}
	b.decide(w, b.assign(w))
}

// assign adds the operation that brings the user to the application, and returns its index.
func (b *grantsBuilder) assign(w *wish) int {
	op := Op{Kind: KindAssignUser, Needs: -1, UserID: w.userID}
	if b.plan.Group != "" {
		op.Kind, op.GroupID = KindAddGroupMember, b.plan.Group
	}
	b.plan.Ops = append(b.plan.Ops, op)
	return len(b.plan.Ops) - 1
}

func (b *grantsBuilder) grant(w *wish, assigned bool, has *Holding, relies map[string]bool) {
	var adds []string
	for _, v := range w.values {
		if !has.Has(v) {
			adds = append(adds, v)
		} else if _, soon := slices.BinarySearch(has.Expiring, v); soon {
			b.expires++
		}
	}
	state, reason := b.verdict(w, has, adds)
	if state != Planned {
		b.settle(w, state, reason)
		return
	}
	op := Op{
		Kind:      KindCreateGrant,
		Needs:     -1,
		UserID:    w.userID,
		GrantType: oktaclient.GrantEntitlement,
		Adds:      adds,
	}
	posted := adds
	if b.plan.Mode == ModeCustomMerge {
		op.GrantType, op.Had = oktaclient.GrantCustom, has.Values
		posted = union(has.Values, adds)
	}
	op.Grant = b.byEntitlement(posted)
	for _, v := range adds {
		relies[v] = true
	}
	if !assigned {
		op.Needs = b.assign(w)
	}
	b.plan.Ops = append(b.plan.Ops, op)
	b.decide(w, len(b.plan.Ops)-1)
}

// verdict says whether the user's missing values may be granted. It errs towards leaving a user out.
func (b *grantsBuilder) verdict(w *wish, has *Holding, adds []string) (State, string) {
	switch {
	case has != nil && has.Denied:
		return Blocked, "a DENY grant is in force on this application"
	case len(adds) == 0:
		return AlreadyGranted, ""
	}
	if name := b.displaces(has, adds); !name.IsZero() {
		return WouldStrip, fmt.Sprintf(
			"entitlement %q takes one value per user, and a second one would displace the first", name.Show(untrusted.Name))
	}
	if b.plan.Mode == ModeCustomMerge {
		switch {
		case has != nil && has.Fragile != "":
			return WouldStrip, "a CUSTOM grant would replace " + has.Fragile
		case b.foreign(has):
			return WouldStrip, "the user has values that the application no longer lists, and a CUSTOM grant would drop them"
		case has != nil && len(has.Values)+len(adds) > valuesPerGrant:
			return WouldStrip, "the union has more values than one CUSTOM grant takes"
		}
	}
	if len(adds) > valuesPerGrant {
		return Blocked, "more values for one user than one grant takes (1000)"
	}
	return Planned, ""
}

// displaces names a single-valued entitlement of which the user would get a second value.
func (b *grantsBuilder) displaces(has *Holding, adds []string) untrusted.Text {
	counts := map[string]int{}
	all := adds
	if has != nil {
		all = union(has.Values, adds)
	}
	for _, v := range all {
		if e := b.owner[v]; e != nil && !e.MultiValue {
			counts[e.ID]++
		}
	}
	for _, v := range adds {
		if e := b.owner[v]; e != nil && counts[e.ID] > 1 {
			return e.Name
		}
	}
	return untrusted.Text{}
}

func (b *grantsBuilder) foreign(has *Holding) bool {
	if has == nil {
		return false
	}
	return b.firstUnknown(has.Values) != ""
}

// byEntitlement groups value ids under their entitlement, in a stable order.
func (b *grantsBuilder) byEntitlement(values []string) []oktaclient.GrantedEntitlement {
	place := map[string]int{}
	var out []oktaclient.GrantedEntitlement
	for _, v := range values {
		e := b.owner[v]
		at, ok := place[e.ID]
		if !ok {
			at = len(out)
			place[e.ID] = at
			out = append(out, oktaclient.GrantedEntitlement{ID: e.ID})
		}
		out[at].Values = append(out[at].Values, v)
	}
	return out
}

// settle gives all rows of a wish their final state.
func (b *grantsBuilder) settle(w *wish, state State, reason string) {
	for _, i := range w.rows {
		b.plan.Rows[i].State, b.plan.Rows[i].Reason = state, reason
	}
}

// decide hands the rows of a wish to an operation.
func (b *grantsBuilder) decide(w *wish, op int) {
	for _, i := range w.rows {
		b.plan.Rows[i].Op = op
	}
}

func (b *grantsBuilder) warn() {
	p := b.plan
	states := p.States()
	p.warn(trouble.MatchedLoosely, b.loose, "values match Okta's only when letter case and spaces are ignored", "")
	p.warn(trouble.ExpiringAccess, b.expires,
		"wanted values are held only through grants that expire; they count as already granted",
		"prolong those grants in Okta if the access should last")
	p.warn(trouble.UnresolvedValues, states[UnresolvedValue],
		"rows name values that the application does not have", "run prepare_entitlement_structure first")
	p.warn(trouble.UnknownUsers, states[UnknownUser], "rows name users that Okta does not have", "")
	p.warn(trouble.WouldStrip, states[WouldStrip],
		"rows are left out because granting them would take other access away", "see the rows in report.csv")
	p.warn(trouble.DenyGrants, states[Blocked],
		"rows are left out because a DENY grant is in force or a limit is passed", "see the rows in report.csv")
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, v := range b {
		if at, found := slices.BinarySearch(out, v); !found {
			out = slices.Insert(out, at, v)
		}
	}
	return out
}
