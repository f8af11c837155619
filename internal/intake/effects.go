package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/trouble"

	"okta-entitlements-mcp/internal/untrusted"
)

const (
	effectAnswers = 6         // answers of one doubt whose effect is worked out
	effectReads   = 16        // of all doubts together
	effectBytes   = 512 << 20 // read for that at most
)

// effects works out what each answer would do, by reading the report with it. Doubts are rare, so this costs nothing
// where nothing is in doubt.
func effects(ctx context.Context, r io.ReadSeeker, opts Options, rep *Report) error {
	reads := 0
	for i := range rep.Reading.Doubts {
		q := &rep.Reading.Doubts[i]
		for j := range q.Answers[:min(len(q.Answers), effectAnswers)] {
			if reads >= effectReads || int64(reads)*rep.Bytes > effectBytes {
				return nil
			}
			reads++
			if _, err := r.Seek(0, io.SeekStart); err != nil {
				return &trouble.Error{
					Code: trouble.NotReadable,
					What: "read the report again: " + err.Error(),
					Next: "check the file, then try again",
					Err:  err,
				}
			}
			a := &q.Answers[j]
			tried := opts
			tried.Answers = append([]Answered{{Answers: a.gives}}, opts.Answers...)
			with, err := readOnce(ctx, r, tried)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				a.Effect = "more is needed: " + err.Error()
				continue
			}
			a.Effect = with.effect()
		}
	}
	return nil
}

// effect says in numbers what a reading grants.
func (r *Report) effect() string {
	grants, values := 0, map[int32]bool{}
	for _, row := range r.Rows {
		if row.State == RowWanted {
			grants++
			for _, v := range r.Accesses[row.Access] {
				values[v] = true
			}
		}
	}
	denies := len(r.Rows) - grants
	return fmt.Sprintf("%s %s, %d %s not; %s, %s", counted(grants, "row"), verb(grants, "grants", "grant"), denies,
		verb(denies, "does", "do"), counted(r.Counts().UsersWanted, "user"), counted(len(values), "value"))
}

// settledByAnswers notes which questions about columns the answers settled: those that the file alone would raise and
// that are not open now. A column that decides and that answers made one that only describes is among them, whether
// it was in doubt or not: rows that it refuses may grant now.
func (b *builder) settledByAnswers(h *head) {
	if reflect.DeepEqual(b.answers, Answers{}) {
		return
	}
	bare, err := decideColumns(h, nil)
	if err != nil {
		if trouble.CodeOf(err) == trouble.NoUserColumn {
			b.settled = append(b.settled, Settled{
				Code:   DoubtUser,
				Column: untrusted.NewStored(b.rep.Mapping.User),
				Answer: "user",
				By:     b.layers.by(func(a Answers) bool { return a.Columns.User != "" }),
			})
		}
		return
	}
	for _, q := range bare.doubts {
		if slices.ContainsFunc(b.columns.doubts, func(o Doubt) bool { return o.Code == q.Code && o.Column == q.Column }) {
			continue
		}
		b.settled = append(b.settled, b.settledAs(q))
	}
	for i, c := range bare.list {
		now := b.columns.list[i].Role
		known := slices.ContainsFunc(b.settled, func(s Settled) bool { return s.Column == c.Name })
		if c.Role.decides() && !now.decides() && !known {
			s := b.settledAs(Doubt{Code: DoubtMayDecide, Column: c.Name})
			s.Answer = string(now)
			b.settled = append(b.settled, s)
		}
	}
}

// decides reports whether cells of such a column can refuse their rows.
func (r Role) decides() bool {
	switch r {
	case RoleFilter, RoleState, RoleBlocked, RoleAction, RoleValidFrom, RoleValidUntil:
		return true
	}
	return false
}

// settledAs finds the answer that settled a question, and who gave it.
func (b *builder) settledAs(q Doubt) Settled {
	s := Settled{Code: q.Code, Column: q.Column, Answer: "by other answers"}
	for _, a := range q.Answers {
		if b.answers.include(a.gives) {
			s.Answer = a.Label
			s.By = b.layers.by(func(layer Answers) bool { return layer.include(a.gives) })
			return s
		}
	}
	for _, c := range b.rep.Columns {
		if c.Name == q.Column && c.Confidence == sureByCaller {
			s.Answer = string(c.Role)
		}
	}
	s.By = b.layers.by(func(layer Answers) bool {
		return slices.ContainsFunc(layer.Columns.claims(), func(c claim) bool { return strings.EqualFold(c.name, q.Column.Raw()) })
	})
	if s.By == "" {
		s.By = b.layers.by(func(Answers) bool { return true })
	}
	return s
}

// include reports whether the answers say everything that others say.
func (a Answers) include(o Answers) bool {
	with, _ := json.Marshal(a.with(o)) // plain fields always encode
	was, _ := json.Marshal(Answers{}.with(a))
	return string(with) == string(was)
}
