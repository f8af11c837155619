package mfa

import "slices"

// Roles says who holds admin roles.
type Roles struct {
	Known  bool                // false when Okta does not let them be read
	Direct map[string][]string // role types by user id
	Via    map[string][]string // role types by user id, through a group
}

// Holds reports whether a user has an admin role, directly or through a group.
func (b *Roles) Holds(user string) bool { return len(b.Direct[user]) > 0 || len(b.Via[user]) > 0 }

// Of returns a person's role types, and how they came.
func (b *Roles) Of(user string) (roles []string, via string) {
	direct, group := b.Direct[user], b.Via[user]
	roles = append(slices.Clone(direct), group...)
	slices.Sort(roles)
	roles = slices.Compact(roles)
	switch {
	case len(direct) > 0 && len(group) > 0:
		return roles, "both"
	case len(group) > 0:
		return roles, "group"
	case len(direct) > 0:
		return roles, "direct"
	}
	return nil, ""
}

// UserIDs lists the users with admin roles, sorted.
func (b *Roles) UserIDs() []string {
	var ids []string
	for _, of := range []map[string][]string{b.Direct, b.Via} {
		for id := range of {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
