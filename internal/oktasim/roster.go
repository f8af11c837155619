package oktasim

import (
	"maps"
	"slices"
	"sort"
)

// roster is a set of members in the order in which they came, with lookups by id and pages by cursor in O(log n).
type roster[V any] struct {
	byID  map[string]*member[V]
	order []*member[V] // sorted by seq
	next  int
	gone  map[string]int // where members that left stood, so that a cursor outlives its item
}

type member[V any] struct {
	id  string
	seq int
	val V
}

// get returns a member's value.
func (r *roster[V]) get(id string) (V, bool) {
	if m := r.byID[id]; m != nil {
		return m.val, true
	}
	var none V
	return none, false
}

func (r *roster[V]) has(id string) bool { return r.byID[id] != nil }
func (r *roster[V]) size() int          { return len(r.order) }

// set adds a member at the end, or replaces its value in its place.
func (r *roster[V]) set(id string, v V) {
	if m := r.byID[id]; m != nil {
		m.val = v
		return
	}
	if r.byID == nil {
		r.byID = map[string]*member[V]{}
	}
	m := &member[V]{id, r.next, v}
	r.next++
	r.byID[id] = m
	r.order = append(r.order, m)
}

// remove reports whether there was such a member.
func (r *roster[V]) remove(id string) bool {
	m := r.byID[id]
	if m == nil {
		return false
	}
	i := r.position(m.seq)
	r.order = slices.Delete(r.order, i, i+1)
	delete(r.byID, id)
	if r.gone == nil {
		r.gone = map[string]int{}
	}
	r.gone[id] = m.seq
	return true
}

// clone copies the roster; its members are the same.
func (r *roster[V]) clone() *roster[V] {
	return &roster[V]{byID: maps.Clone(r.byID), order: slices.Clone(r.order), next: r.next, gone: maps.Clone(r.gone)}
}

// restore puts a member that left back into its place.
func (r *roster[V]) restore(m *member[V]) {
	r.byID[m.id] = m
	r.order = slices.Insert(r.order, r.position(m.seq), m)
}

// after returns the members after the one with that id; everything for an empty id. ok is false for a cursor that never was.
func (r *roster[V]) after(id string) (rest []*member[V], ok bool) {
	if id == "" {
		return r.order, true
	}
	if m := r.byID[id]; m != nil {
		return r.order[r.position(m.seq+1):], true
	}
	seq, ok := r.gone[id]
	return r.order[r.position(seq+1):], ok
}

func (r *roster[V]) position(seq int) int {
	return sort.Search(len(r.order), func(i int) bool { return r.order[i].seq >= seq })
}
