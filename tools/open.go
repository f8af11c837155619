package tools

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/plan"
)

// statusBlocked is the status of a plan that writes nothing because nothing that is wanted could be planned.
const statusBlocked = "blocked"

// openStates are the states of rows that want access and do not get it, with what the rows do and what helps.
var openStates = map[plan.State]struct{ does, next string }{
	plan.UnknownUser:     {"name people that Okta does not know", "create the users or correct the names"},
	plan.AmbiguousUser:   {"name people whom several users in Okta answer to", "name them by login or Okta id"},
	plan.InactiveUser:    {"name people who are not active in Okta", "activate them or take them out of the report"},
	plan.UnresolvedValue: {"name entitlement values that the application does not have", "run prepare_entitlement_structure first"},
	plan.WouldStrip:      {"would take something else away", "see would_strip in the warnings"},
	plan.Blocked:         {"are forbidden by a DENY grant or by policy", "remove what forbids them in the Admin Console"},
	plan.BadRow:          {"cannot be read or name no one", "validate_csv_preflight shows them"},
}

// openRows says in words which rows are left open, most first, and what helps the first of them; n is how many.
func openRows(rows map[string]int, total int) (n int, words, next string) {
	var open []plan.State
	for state := range openStates {
		if rows[string(state)] > 0 {
			open = append(open, state)
			n += rows[string(state)]
		}
	}
	slices.SortFunc(open, func(a, b plan.State) int {
		return cmp.Or(rows[string(b)]-rows[string(a)], strings.Compare(string(a), string(b)))
	})
	var parts []string
	for _, state := range open {
		parts = append(parts, fmt.Sprintf("%d of %d rows %s", rows[string(state)], total, openStates[state].does))
	}
	if len(open) > 0 {
		next = openStates[open[0]].next
	}
	return n, strings.Join(parts, "; "), next
}

// idle fills in the status and the next step of a plan that writes nothing. Where no row has what it wants, and some want
// what could not be planned, that is no success.
func (o *PlanOut) idle(stage plan.Stage) {
	n, words, next := openRows(o.Rows, o.Total)
	granting := stage == plan.StageGrants || stage == plan.StageAssign
	switch {
	case granting && n > 0 && o.Rows[string(plan.AlreadyGranted)] == 0:
		o.Status = statusBlocked
		o.Next = fmt.Sprintf("nothing could be planned: %s; %s, then plan again", words, next)
	case granting && n > 0:
		o.Status = "nothing_to_do"
		o.Next = fmt.Sprintf("nothing can be added now, and %s left open: %s; %s, then plan again", areRows(n), words, next)
	default:
		o.Status = "nothing_to_do"
		o.Next = "everything that can be done is done; rows in other states say why"
	}
}

func areRows(n int) string {
	if n == 1 {
		return "1 row is"
	}
	return fmt.Sprintf("%d rows are", n)
}
