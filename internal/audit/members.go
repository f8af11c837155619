package audit

import "slices"

// memberships says who is in the groups that enrolment policies name. A large group has everybody in it, so a person holds
// the number of a combination of groups, of which there are few.
type memberships struct {
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

func newMemberships() *memberships {
	return &memberships{numbers: map[string]int{}, combos: [][]int{nil}, byCombo: map[string]int{"": 0}, of: map[string]int32{}}
}

// add puts users into a group; changed is when Okta says that its membership last changed.
func (m *memberships) add(group string, changed int64, users []string) {
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

// empty takes everybody out of a group, to read it again.
func (m *memberships) empty(group string) {
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

func (m *memberships) move(user string, change func([]int) []int) {
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

// changed is when a group's members were known to have last changed, 0 when they are not known.
func (m *memberships) changed(group string) int64 {
	if n, ok := m.numbers[group]; ok {
		return m.groups[n].changed
	}
	return 0
}

func (m *memberships) has(group, user string) bool {
	n, ok := m.numbers[group]
	if !ok {
		return false
	}
	_, in := slices.BinarySearch(m.combos[m.of[user]], n)
	return in
}

// save writes the groups whose members are known, in lines of bounded length.
func (m *memberships) save(s *scribe) error {
	const most = 500
	for n, g := range m.groups {
		if g.changed == 0 {
			continue
		}
		l := &line{T: "group", Group: g.id, Changed: g.changed}
		if err := s.line(l); err != nil {
			return err
		}
		for user, combo := range m.of {
			if _, in := slices.BinarySearch(m.combos[combo], n); !in {
				continue
			}
			if l.Members = append(l.Members, user); len(l.Members) == most {
				if err := s.line(l); err != nil {
					return err
				}
				l.Members = l.Members[:0]
			}
		}
		if len(l.Members) > 0 {
			if err := s.line(l); err != nil {
				return err
			}
		}
	}
	return nil
}
