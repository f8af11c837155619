package tools

import "okta-entitlements-mcp/internal/plan"

// PlanCounts says how much a plan writes.
type PlanCounts struct {
	CreateEntitlements int `json:"create_entitlements,omitempty"`
	CreateValues       int `json:"create_values,omitempty"`
	AssignUsers        int `json:"assign_users,omitempty"`
	AddToGroup         int `json:"add_to_group,omitempty"`
	GrantUsers         int `json:"grant_users,omitempty"`
	GrantValues        int `json:"grant_values,omitempty" jsonschema:"Values that users did not have before"`
	TakeAway           int `json:"take_away,omitempty"`
}

// byName returns each count under the name that plans give it.
func (c *PlanCounts) byName() map[string]*int {
	return map[string]*int{
		"create_entitlements": &c.CreateEntitlements,
		"create_values":       &c.CreateValues,
		"assign_users":        &c.AssignUsers,
		"add_to_group":        &c.AddToGroup,
		"grant_users":         &c.GrantUsers,
		"grant_values":        &c.GrantValues,
		"take_away":           &c.TakeAway,
	}
}

func countsOf(p *plan.Plan) (c PlanCounts) {
	fields := c.byName()
	for _, count := range p.Counts() {
		*fields[count.Name] = count.N
	}
	return c
}

// Lines says the counts in words, one each; counts of nothing are left out. The question to the user, the demo and
// whatever else speaks of a plan use these.
func (c PlanCounts) Lines() []string {
	var lines []string
	fields := c.byName() // of the copy, which is used up
	for _, kind := range plan.Kinds() {
		for _, tally := range kind.Tallies {
			n := fields[tally.Name]
			if *n == 0 {
				continue
			}
			lines = append(lines, plural(*n, tally.One, tally.Many))
			*n = 0 // values are created by two kinds, and counted once
		}
	}
	return lines
}
