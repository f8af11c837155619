package mfa

import (
	"iter"
	"slices"
)

// Members says who is in the groups that enrolment policies name. A large group has everyone in it, so a person holds
// the number of a combination of groups, of which there are few.
type Members struct {
	numbers map[string]int // group id → place in groups
	groups  []memberGroup
	combos  [][]int // sorted places; combination 0 is empty
	byCombo map[string]int
	of      map[string]int32 // user id → combination
}

type memberGroup struct {
	id      string
	changed int64 // lastMembershipUpdated when the members were read, unix milliseconds; 0: not known
}

// NewMembers returns an empty book of members.
func NewMembers() *Members {
	return &Members{numbers: map[string]int{}, combos: [][]int{nil}, byCombo: map[string]int{"": 0}, of: map[string]int32{}}
}

// Add puts users into a group; changed is when Okta says that its membership last changed.
func (m *Members) Add(group string, changed int64, users []string) {
	n, ok := m.numbers[group]
	if !ok {
		n = len(m.groups)
		m.numbers[group] = n
		m.groups = append(m.groups, memberGroup{id: group})
	}
	m.groups[n].changed = changed
	for _, u := range users {
		m.move(u, func(places []int) []int {
			at, in := slices.BinarySearch(places, n)
			if in {
				return places
			}
			return slices.Insert(slices.Clone(places), at, n)
		})
	}
}

// Empty takes everyone out of a group, to read it again.
func (m *Members) Empty(group string) {
	n, ok := m.numbers[group]
	if !ok {
		return
	}
	m.groups[n].changed = 0
	for u := range m.of {
		m.move(u, func(places []int) []int {
			at, in := slices.BinarySearch(places, n)
			if !in {
				return places
			}
			return slices.Delete(slices.Clone(places), at, at+1)
		})
	}
}

func (m *Members) move(user string, change func([]int) []int) {
	places := change(m.combos[m.of[user]])
	if len(places) == 0 {
		delete(m.of, user)
		return
	}
	key := make([]byte, 0, 4*len(places))
	for _, p := range places {
		key = append(key, byte(p>>8), byte(p))
	}
	n, ok := m.byCombo[string(key)]
	if !ok {
		n = len(m.combos)
		m.combos, m.byCombo[string(key)] = append(m.combos, places), n
	}
	m.of[user] = int32(n)
}

// Changed is when a group's members were known to have last changed, 0 when they are not known.
func (m *Members) Changed(group string) int64 {
	if n, ok := m.numbers[group]; ok {
		return m.groups[n].changed
	}
	return 0
}

// Forget makes a group's members unknown, without taking them out: they are to be read again.
func (m *Members) Forget(group string) {
	if n, ok := m.numbers[group]; ok {
		m.groups[n].changed = 0
	}
}

// Has reports whether a user is in a group.
func (m *Members) Has(group, user string) bool {
	n, ok := m.numbers[group]
	if !ok {
		return false
	}
	_, in := slices.BinarySearch(m.combos[m.of[user]], n)
	return in
}

// Clear forgets all groups.
func (m *Members) Clear() { *m = *NewMembers() }

// Group is one group whose members are known.
type Group struct {
	ID      string
	Changed int64 // lastMembershipUpdated when the members were read, unix milliseconds
	number  int
}

// Groups lists the groups whose members are known.
func (m *Members) Groups() []Group {
	var known []Group
	for n, g := range m.groups {
		if g.changed != 0 {
			known = append(known, Group{ID: g.id, Changed: g.changed, number: n})
		}
	}
	return known
}

// In yields the users of a group, in no order.
func (m *Members) In(g Group) iter.Seq[string] {
	return func(yield func(string) bool) {
		for user, combo := range m.of {
			if _, in := slices.BinarySearch(m.combos[combo], g.number); in && !yield(user) {
				return
			}
		}
	}
}
