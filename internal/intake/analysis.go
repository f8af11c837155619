package intake

import (
	"cmp"
	"slices"
	"time"
)

// Counts are the rows by state, and the users.
type Counts struct {
	Rows          int `json:"rows"` // the sum of the states below
	Wanted        int `json:"permitted"`
	Denied        int `json:"denied"`
	NoEntitlement int `json:"no_entitlement"`
	Bad           int `json:"bad"`
	Expired       int `json:"expired,omitempty"`
	NotYetValid   int `json:"not_yet_valid,omitempty"`
	NotSelected   int `json:"not_selected,omitempty"`
	InDoubt       int `json:"in_doubt,omitempty"` // permitted once the open doubts are settled
	Users         int `json:"users"`              // distinct users in any row
	UsersWanted   int `json:"users_permitted"`    // of these, users with a permitted row
}

// Counts adds up the rows.
func (r *Report) Counts() Counts {
	c := Counts{Rows: len(r.Rows), Users: len(r.People)}
	wanted := make([]bool, len(r.People))
	for i := range r.Rows {
		switch row := &r.Rows[i]; row.State {
		case RowWanted:
			c.Wanted++
			if !wanted[row.Person] {
				wanted[row.Person] = true
				c.UsersWanted++
			}
		case RowDenied:
			c.Denied++
		case RowNoEntitlement:
			c.NoEntitlement++
		case RowExpired:
			c.Expired++
		case RowNotYetValid:
			c.NotYetValid++
		case RowNotSelected:
			c.NotSelected++
		case RowInDoubt:
			c.InDoubt++
		default:
			c.Bad++
		}
	}
	return c
}

// UserAccess is what the report permits to one user, all rows together.
type UserAccess struct {
	Person int32   // index into Report.People
	Rows   int     // all rows of the user
	Denied int     // of these, denied
	Values []int32 // distinct permitted values, indexes into Report.Values, sorted
}

// SampleUsers returns the first n users of the file with their access. n below 1 returns all.
func (r *Report) SampleUsers(n int) []UserAccess {
	if n < 1 || n > len(r.People) {
		n = len(r.People)
	}
	order, start := r.byPerson()
	users := make([]UserAccess, n)
	for p := range users {
		u := UserAccess{Person: int32(p)}
		for _, at := range order[start[p]:start[p+1]] {
			row := &r.Rows[at]
			u.Rows++
			switch row.State {
			case RowDenied:
				u.Denied++
			case RowWanted, RowInDoubt:
				u.Values = append(u.Values, r.Accesses[row.Access]...)
			}
		}
		slices.Sort(u.Values)
		u.Values = slices.Compact(u.Values)
		users[p] = u
	}
	return users
}

// CreepStep is one day on which a user gained values.
type CreepStep struct {
	Date  time.Time
	Added []int32 // indexes into Report.Values, new for this user
}

// UserCreep is how one user's permitted access piled up.
type UserCreep struct {
	Person      int32
	Values      int // distinct values in all
	Gained      int // of these, gained after the first day
	First, Last time.Time
	Timeline    []CreepStep // by date; only days on which something was added
}

// Creep returns the users who gained values on more than one day, those who gained most after their first day foremost;
// at most top of them, all when top is below 1. The number tells how many there are. Undated rows are left out, and a
// report without dates gives none. A report shows only what was permitted, so a value that was given back in
// between still counts.
func (r *Report) Creep(top int) ([]UserCreep, int) {
	if r.First.IsZero() {
		return nil, 0
	}
	order, start := r.byPerson()
	mark := make([]int32, len(r.Values))
	var found []UserCreep
	for p := range r.People {
		if c := r.creepOf(int32(p), order[start[p]:start[p+1]], mark); len(c.Timeline) > 1 {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b UserCreep) int {
		return cmp.Or(cmp.Compare(b.Gained, a.Gained), cmp.Compare(b.Values, a.Values), cmp.Compare(a.Person, b.Person))
	})
	n := len(found)
	if top > 0 && top < n {
		found = slices.Clone(found[:top])
	}
	return found, n
}

// creepOf follows one person's rows; mark is scratch.
func (r *Report) creepOf(person int32, rows []int32, mark []int32) UserCreep {
	c := UserCreep{Person: person}
	var dated []int32
	for _, at := range rows {
		if row := &r.Rows[at]; (row.State == RowWanted || row.State == RowInDoubt) && row.Date != 0 {
			dated = append(dated, at)
		}
	}
	slices.SortStableFunc(dated, func(a, b int32) int { return cmp.Compare(r.Rows[a].Date, r.Rows[b].Date) })
	for _, at := range dated {
		row := &r.Rows[at]
		for _, v := range r.Accesses[row.Access] {
			if mark[v] == person+1 {
				continue
			}
			mark[v] = person + 1
			c.Values++
			day := Day(row.Date)
			if n := len(c.Timeline); n == 0 || !c.Timeline[n-1].Date.Equal(day) {
				c.Timeline = append(c.Timeline, CreepStep{Date: day})
			}
			step := &c.Timeline[len(c.Timeline)-1]
			step.Added = append(step.Added, v)
		}
	}
	if len(c.Timeline) > 0 {
		c.Gained = c.Values - len(c.Timeline[0].Added)
		c.First, c.Last = Day(r.Rows[dated[0]].Date), Day(r.Rows[dated[len(dated)-1]].Date)
	}
	return c
}

// LaterDenial is a value that one row permits to a user and a later one denies or removes.
type LaterDenial struct {
	Person        int32
	Value         int32
	PermittedLine int
	DeniedLine    int
	Permitted     time.Time // zero when undated
	Denied        time.Time
}

// LaterDenials returns at most max of them, all when max is below 1, and how many there are. "Later" is by date, and by
// line where dates are missing or equal. A value that is permitted once more after the denial is not among them.
func (r *Report) LaterDenials(max int) ([]LaterDenial, int) {
	order, start := r.byPerson()
	var found []LaterDenial
	n, denials := 0, newDenials(r)
	for p := range r.People {
		for _, d := range denials.of(int32(p), order[start[p]:start[p+1]]) {
			if n++; max < 1 || n <= max {
				found = append(found, denials.denial(int32(p), d))
			}
		}
	}
	return found, n
}

// denials finds values that were permitted and later denied, one person after the other.
type denials struct {
	rep    *Report
	latest []latestRows // by value
	values []int32      // scratch: the values of the person at hand
	found  []laterRows  // scratch: what of returns
}

// laterRows are a value and the indexes of the rows that permit it and deny it later.
type laterRows struct{ value, permitted, denied int32 }

// latestRows are the indexes of the last row that permits a value and of the last that denies it, -1 for none.
type latestRows struct {
	person            int32 // whom they concern, plus one
	permitted, denied int32
}

func newDenials(r *Report) *denials {
	return &denials{rep: r, latest: make([]latestRows, len(r.Values))}
}

// of looks through one person's rows, given in file order. The result is valid until the next call.
func (d *denials) of(person int32, rows []int32) []laterRows {
	r := d.rep
	d.values = d.values[:0]
	for _, at := range rows { // which values are denied at all
		if row := &r.Rows[at]; row.State == RowDenied && row.Access >= 0 {
			for _, v := range r.Accesses[row.Access] {
				if l := &d.latest[v]; l.person != person+1 {
					*l = latestRows{person + 1, -1, -1}
					d.values = append(d.values, v)
				}
				if l := &d.latest[v]; d.newer(at, l.denied) {
					l.denied = at
				}
			}
		}
	}
	if len(d.values) == 0 {
		return nil
	}
	for _, at := range rows {
		if row := &r.Rows[at]; row.State == RowWanted || row.State == RowInDoubt {
			for _, v := range r.Accesses[row.Access] {
				if l := &d.latest[v]; l.person == person+1 && d.newer(at, l.permitted) {
					l.permitted = at
				}
			}
		}
	}
	d.found = d.found[:0]
	for _, v := range d.values {
		l := d.latest[v]
		if l.permitted >= 0 && d.newer(l.denied, l.permitted) {
			d.found = append(d.found, laterRows{v, l.permitted, l.denied})
		}
	}
	return d.found
}

// denial returns what of found, for a caller of the package.
func (d *denials) denial(person int32, l laterRows) LaterDenial {
	granted, denied := &d.rep.Rows[l.permitted], &d.rep.Rows[l.denied]
	return LaterDenial{
		Person:        person,
		Value:         l.value,
		PermittedLine: int(granted.Line),
		DeniedLine:    int(denied.Line),
		Permitted:     Day(granted.Date),
		Denied:        Day(denied.Date),
	}
}

// newer reports whether a row is later than another: by date, and by line where dates are missing or equal.
func (d *denials) newer(at, than int32) bool {
	if than < 0 {
		return true
	}
	a, b := &d.rep.Rows[at], &d.rep.Rows[than]
	if a.Date != 0 && b.Date != 0 && a.Date != b.Date {
		return a.Date > b.Date
	}
	return at > than
}
