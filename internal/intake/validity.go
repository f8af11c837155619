package intake

import (
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/intake/lexicon"

	"okta-entitlements-mcp/internal/untrusted"
)

// limits reads the first and the last day of rows. Which of day and month comes first is known only at the end, so days
// are kept by row until then.
type limits struct {
	from, until limitColumn
	rows        []rowLimits // by row, when the file has such a column
}

type rowLimits struct{ from, until int32 } // days as dateColumn has them; 0 for none

// limitColumn is one column with limits.
type limitColumn struct {
	index int // -1 when absent
	dates dateColumn
	words *verdictColumn // cells that are no dates
}

// Days that stand for limits without a date.
const (
	never    int32 = 1 << 30   // refused: the cell is not understood, or an answer says so
	unending int32 = 1<<30 - 1 // no limit
)

func newLimits() limits {
	return limits{
		from:  limitColumn{index: -1},
		until: limitColumn{index: -1},
	}
}

func (l *limits) any() bool { return l.from.index >= 0 || l.until.index >= 0 }

// read takes the limits of a record.
func (l *limits) read(rec *record) rowLimits {
	return rowLimits{from: l.from.day(rec), until: l.until.day(rec)}
}

func (c *limitColumn) day(rec *record) int32 {
	if c.index < 0 {
		return 0
	}
	cell := trim(rec.fields[c.index])
	if len(cell) == 0 {
		return 0
	}
	if day, found := c.dates.read(cell, rec.line); found {
		return day
	}
	if isFarDate(cell) {
		return unending
	}
	switch w := c.words.read(rec); w.meaning {
	case MeansGrants, MeansNothing:
		return unending
	}
	return never
}

// meaningOfLimit reads a cell of such a column that is no date.
func meaningOfLimit(text string) Meaning {
	senses := lexicon.Load().Senses(text)
	switch {
	case senses[lexicon.Forever], senses[lexicon.Placeholder], senses[lexicon.Ambiguous]:
		return MeansNothing
	case senses[lexicon.Inactive], senses[lexicon.Refuses]:
		return MeansRefuses
	}
	return MeansUnknown
}

// state compares the limits with today and gives the state that a permitted row has.
func (r rowLimits) state(today int32, from, until DateOrder) (RowState, int32) {
	first, last := resolved(r.from, from), resolved(r.until, until)
	switch {
	case first == never || last == never:
		return RowDenied, 0
	case last != 0 && last != unending && (today == 0 || last < today):
		return RowExpired, 0
	case first != 0 && first != unending && (today == 0 || first > today):
		return RowNotYetValid, 0
	}
	if last == unending {
		last = 0
	}
	return RowWanted, last
}

func resolved(day int32, order DateOrder) int32 {
	if day < 0 {
		return resolveDate(-day, order)
	}
	return day
}

// settleLimits gives permitted rows that have expired, or are to come, their state.
func (b *builder) settleLimits() {
	l := &b.limits
	if !l.any() {
		return
	}
	today := int32(0)
	if !b.opts.Today.IsZero() {
		today = int32(b.opts.Today.UTC().Unix() / 86400)
		b.rep.Reading.Today = b.opts.Today.UTC().Format(time.DateOnly)
	}
	from, until := b.limitOrder(&l.from), b.limitOrder(&l.until)
	earliest := int32(0)
	for i := range b.rep.Rows {
		row := &b.rep.Rows[i]
		if row.State != RowWanted {
			continue
		}
		state, last := l.rows[i].state(today, from, until)
		row.State = state
		switch state {
		case RowExpired:
			b.limitProblem(ProblemExpired, row.Line, l.until.index,
				"the last day of the access has passed, so the row grants nothing")
		case RowNotYetValid:
			b.limitProblem(ProblemNotYetValid, row.Line, l.from.index,
				"the first day of the access is to come, so the row grants nothing")
		case RowWanted:
			if last == 0 {
				continue
			}
			if b.rep.LastDays == nil {
				b.rep.LastDays = make([]int32, len(b.rep.Rows))
			}
			b.rep.LastDays[i] = last
			if earliest == 0 || last < earliest {
				earliest = last
			}
		}
	}
	b.rep.EarliestEnd = Day(earliest)
}

func (b *builder) limitProblem(code string, line int32, column int, message string) {
	if b.problems.want(code) {
		b.problems.add(Problem{
			Code:     code,
			Severity: SeverityWarning,
			Line:     int(line),
			Column:   b.rep.Header[column],
			Message:  message,
			Fix:      "correct the date, or leave the row out",
		})
	}
}

// limitOrder settles the order of day and month in a column that limits access, or doubts it: a guess could grant what
// has expired.
func (b *builder) limitOrder(c *limitColumn) DateOrder {
	d := &c.dates
	if c.index < 0 || d.ambiguous == 0 {
		return d.order()
	}
	if given := b.answers.DateOrder; given != "" {
		b.rep.Reading.DateOrder = given
		b.settled = append(b.settled, Settled{
			Code:   DoubtDates,
			Column: untrusted.NewStored(b.header[c.index]),
			Answer: string(given),
			By:     b.layers.by(func(a Answers) bool { return a.DateOrder != "" }),
		})
		return given
	}
	if (d.dayFirst > 0) != (d.monthFirst > 0) {
		b.rep.Reading.DateOrder = d.order()
		return d.order()
	}
	name := b.header[c.index]
	b.doubt(Doubt{
		Code:     DoubtDates,
		Column:   untrusted.NewStored(name),
		Lines:    []int{d.firstAmbiguous},
		Question: fmt.Sprintf("do dates such as %q under %s have the day or the month first?", d.example, quoted(name)),
		Answers: []Answer{answer("the day first", Answers{DateOrder: DateOrderDayFirst}), answer("the month first",
			Answers{DateOrder: DateOrderMonth})},
	})
	return d.order()
}
