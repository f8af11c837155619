package intake

import (
	"context"
	"fmt"
	"io"

	"okta-entitlements-mcp/internal/trouble"
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
