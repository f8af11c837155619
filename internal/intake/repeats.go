package intake

import (
	"fmt"

	"okta-entitlements-mcp/internal/untrusted"
)

// repeats finds rows of one person that say the same. It is a hash table that is never cleared: each slot belongs to
// the person that wrote it last.
type repeats struct {
	slots []repeatSlot
}

type repeatSlot struct{ person, row int32 } // person plus one; 0 is free

func newRepeats(rows int) *repeats {
	size := 16
	for size < 2*rows {
		size *= 2
	}
	return &repeats{slots: make([]repeatSlot, size)}
}

// add enters a row and returns the index of an equal one of the same person, or -1.
func (t *repeats) add(person, at int32, row *Row, rows []Row) int32 {
	h := uint64(uint32(row.Access))*0x9e3779b97f4a7c15 ^ uint64(uint32(row.Date))*0xc2b2ae3d27d4eb4f ^ uint64(row.State)*0x165667b19e3779f9
	mask := uint64(len(t.slots) - 1)
	for i := (h ^ h>>29) & mask; ; i = (i + 1) & mask {
		slot := &t.slots[i]
		if slot.person != person+1 {
			*slot = repeatSlot{person + 1, at}
			return -1
		}
		other := &rows[slot.row]
		if other.Access == row.Access && other.Date == row.Date && other.State == row.State {
			return slot.row
		}
	}
}

// nearDuplicates reports values of one entitlement that look alike.
func (b *builder) nearDuplicates() {
	r := b.rep
	type foldKey struct {
		entitlement int32
		name        string
	}
	keep := map[foldKey]int32{} // the most used spelling, the first of them
	keys := make([]foldKey, len(r.Values))
	for i, v := range r.Values {
		keys[i] = foldKey{v.Entitlement, foldName(v.Text.Raw())}
		if best, known := keep[keys[i]]; !known || v.Rows > r.Values[best].Rows {
			keep[keys[i]] = int32(i)
		}
	}
	for i, v := range r.Values {
		best := keep[keys[i]]
		if best == int32(i) || !b.problems.want(ProblemNearDuplicate) {
			continue
		}
		b.problems.add(Problem{
			Code:     ProblemNearDuplicate,
			Severity: SeverityWarning,
			Line:     int(v.Line),
			Column:   r.Entitlements[v.Entitlement].Name,
			Value:    v.Text,
			Message: fmt.Sprintf("%q (%d rows) looks like %q (%d rows)", v.Text.Show(untrusted.Name), v.Rows,
				r.Values[best].Text.Show(untrusted.Name), r.Values[best].Rows),
			Fix: fmt.Sprintf("write %q in every row, if they are the same", r.Values[best].Text.Show(untrusted.Name)),
		})
	}
}
