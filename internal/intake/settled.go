package intake

import (
	"context"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// settlers notes all questions that the file raises without the answers and that are not open with them: a person who
// confirms sees what was settled, and by whom. Many of them come up in the rows, so the file is read once more, unless it
// is very large.
func settlers(ctx context.Context, r io.ReadSeeker, opts Options, rep *Report) error {
	answers := opts.layers()
	all := answers.merged()
	which := Answers{Sheet: all.Sheet, Delimiter: all.Delimiter} // which table is read, and not what it means
	if reflect.DeepEqual(all, which) || reflect.DeepEqual(all, Answers{}.with(which)) || rep.Bytes > effectBytes {
		return nil
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return notReadable(err)
	}
	bare := opts
	bare.Answers = []Answered{{Answers: which}}
	without, err := readOnce(ctx, r, bare)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return nil //nolint:nilerr // without the answers it is no report, which they say for themselves
	}
	for _, q := range without.Reading.Doubts {
		known := func(s Settled) bool {
			return s.Column == q.Column && (s.Code == q.Code || s.Code == DoubtMayDecide && q.Column.Raw() != "")
		}
		open := func(o Doubt) bool { return o.Code == q.Code && o.Column == q.Column }
		gone := q.Column.Raw() != "" && !slices.ContainsFunc(rep.Header, func(name untrusted.Text) bool {
			return foldSpace(name.Raw()) == foldSpace(q.Column.Raw())
		})
		if !gone && !slices.ContainsFunc(rep.Reading.Settled, known) && !slices.ContainsFunc(rep.Reading.Doubts, open) {
			rep.Reading.Settled = append(rep.Reading.Settled, rep.settledAs(q, answers))
		}
	}
	return nil
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

func (b *builder) settledAs(q Doubt) Settled { return b.rep.settledAs(q, b.layers) }

// settledAs finds the answer that settled a question, and who gave it.
func (r *Report) settledAs(q Doubt, answers layers) Settled {
	s, all := Settled{Code: q.Code, Column: q.Column, Answer: "by other answers"}, answers.merged()
	for _, a := range q.Answers {
		if all.include(a.gives) {
			s.Answer = a.Label
			s.By = answers.by(func(layer Answers) bool { return layer.include(a.gives) })
			return s
		}
	}
	for _, c := range r.Columns {
		if c.Name == q.Column && c.Confidence == sureByCaller {
			s.Answer = string(c.Role)
		}
	}
	s.By = answers.by(func(layer Answers) bool {
		return slices.ContainsFunc(layer.Columns.claims(), func(c claim) bool { return strings.EqualFold(c.name, q.Column.Raw()) })
	})
	if s.By == "" {
		s.By = answers.by(func(Answers) bool { return true })
	}
	return s
}

// include reports whether the answers say everything that others say.
func (a Answers) include(o Answers) bool {
	with, _ := json.Marshal(a.with(o)) // plain fields always encode
	was, _ := json.Marshal(Answers{}.with(a))
	return string(with) == string(was)
}
