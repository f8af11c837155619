package plan

import (
	"context"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// Declaration is what a plan and its readers know of a kind of operation. How it is sent and how a lost reply is settled
// is in package batch, one file a kind.
type Declaration struct {
	Kind    Kind
	Route   string // method and pattern of its call to Okta, whose rate limit bounds it
	Removes bool   // takes access away, so that a conversation cannot confirm it
	Done    State  // of the rows that it decides, once Okta did it
	Found   State  // of those rows when it was so already

	Tallies  []Tally
	Describe func(*Op) (target untrusted.Text, values []untrusted.Text) // names for a sample of the plan; nil when it has none

	// Undo plans how operations that a run made are taken back, an answer for each in their order. Nil: they stay.
	Undo func(ctx context.Context, okta *oktaclient.Client, appID string, made []Made) ([]Taking, error)
}

// Tally is one count over a plan. Kinds that add to the same count name it alike.
type Tally struct {
	Name      string // as tools give it: grant_users
	One, Many string // in a sentence: "user to grant access", "users to grant access"
	Of        func(*Op) int
}

// Count is one count of a plan.
type Count struct {
	Tally
	N int
}

// Kinds lists the kinds of operation, in the order in which their counts are shown.
func Kinds() []Declaration {
	return []Declaration{
		createEntitlement(), addValues(), assignUser(), addGroupMember(), createGrant(), revokeAccess(),
	}
}

// KindOf returns the declaration of a kind. An unknown kind takes access away, as far as anyone knows.
func KindOf(kind Kind) Declaration {
	for _, d := range Kinds() {
		if d.Kind == kind {
			return d
		}
	}
	return Declaration{Kind: kind, Removes: true}
}

func one(*Op) int { return 1 }

func createEntitlement() Declaration {
	return Declaration{
		Kind:  KindCreateEntitlement,
		Route: "POST /governance/api/v1/entitlements",
		Tallies: []Tally{
			{"create_entitlements", "entitlement to create", "entitlements to create", one},
			{"create_values", "value to create", "values to create", (*Op).newValues},
		},
		Describe: func(op *Op) (untrusted.Text, []untrusted.Text) {
			return op.Entitlement.Name.Text, namesOf(op.Entitlement.Values)
		},
	}
}

func addValues() Declaration {
	return Declaration{
		Kind:    KindAddValues,
		Route:   "PATCH /governance/api/v1/entitlements/{id}",
		Tallies: []Tally{{"create_values", "value to create", "values to create", (*Op).newValues}},
		Describe: func(op *Op) (untrusted.Text, []untrusted.Text) {
			return op.Attribute.Text, namesOf(op.Values)
		},
	}
}

func assignUser() Declaration {
	return Declaration{
		Kind:    KindAssignUser,
		Route:   "POST /api/v1/apps/{id}/users",
		Done:    Assigned,
		Found:   AlreadyGranted,
		Tallies: []Tally{{"assign_users", "user to assign to the application", "users to assign to the application", one}},
	}
}

func addGroupMember() Declaration {
	return Declaration{
		Kind:    KindAddGroupMember,
		Route:   "PUT /api/v1/groups/{id}/users/{id}",
		Done:    Assigned,
		Found:   AlreadyGranted,
		Tallies: []Tally{{"add_to_group", "user to add to the group", "users to add to the group", one}},
	}
}

func createGrant() Declaration {
	return Declaration{
		Kind:  KindCreateGrant,
		Route: "POST /governance/api/v1/grants",
		Done:  Granted,
		Found: AlreadyGranted,
		Tallies: []Tally{
			{"grant_users", "user to grant access", "users to grant access", one},
			{"grant_values", "value granted in all", "values granted in all", func(op *Op) int { return len(op.Adds) }},
		},
		Describe: func(op *Op) (untrusted.Text, []untrusted.Text) {
			ids := make([]untrusted.Text, len(op.Adds))
			for i, id := range op.Adds {
				ids[i] = untrusted.New(id)
			}
			return untrusted.Text{}, ids
		},
		Undo: takeGrantsBack,
	}
}

func revokeAccess() Declaration {
	return Declaration{
		Kind:    KindRevokeAccess,
		Route:   "POST /governance/api/v2/revoke-principal-access",
		Removes: true,
		Done:    Revoked,
		Found:   Kept,
		Tallies: []Tally{{"take_away", "user to take access from", "users to take access from", one}},
	}
}

// newValues is how many entitlement values an operation creates.
func (op *Op) newValues() int {
	if op.Entitlement != nil {
		return len(op.Entitlement.Values)
	}
	return len(op.Values)
}

func namesOf(values []oktaclient.NewValue) []untrusted.Text {
	names := make([]untrusted.Text, len(values))
	for i, v := range values {
		names[i] = v.Name.Text
	}
	return names
}

// Removes reports how many operations take access away.
func (p *Plan) Removes() int {
	removes := map[Kind]bool{}
	n := 0
	for i := range p.Ops {
		kind := p.Ops[i].Kind
		takes, known := removes[kind]
		if !known {
			takes = KindOf(kind).Removes
			removes[kind] = takes
		}
		if takes {
			n++
		}
	}
	return n
}

// Count returns how many operations of a kind the plan holds.
func (p *Plan) Count(kind Kind) int {
	n := 0
	for i := range p.Ops {
		if p.Ops[i].Kind == kind {
			n++
		}
	}
	return n
}

// Counts says how much a plan writes, by the tallies of its kinds; counts of nothing are left out.
func (p *Plan) Counts() []Count { return p.CountsBy(Kinds()) }

// CountsBy counts by these kinds.
func (p *Plan) CountsBy(kinds []Declaration) []Count {
	var counts []Count
	place := map[string]int{}
	for _, kind := range kinds {
		for _, tally := range kind.Tallies {
			n := 0
			for i := range p.Ops {
				if p.Ops[i].Kind == kind.Kind {
					n += tally.Of(&p.Ops[i])
				}
			}
			at, known := place[tally.Name]
			switch {
			case n == 0:
			case known:
				counts[at].N += n
			default:
				place[tally.Name] = len(counts)
				counts = append(counts, Count{tally, n})
			}
		}
	}
	return counts
}
