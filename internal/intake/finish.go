package intake

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/intake/charset"
	"okta-entitlements-mcp/internal/untrusted"
)

// finish completes the report when all records are read.
func (b *builder) finish() error {
	if err := b.unmet(); err != nil {
		return err
	}
	b.rep.Rows = b.rows.join()
	b.access.combos, b.access.results = table{}, nil
	b.settleDates()
	b.settleLimits()
	b.countByUser()
	b.nearDuplicates()
	b.separatorsInNames()
	b.struckValues()
	b.settledValues()
	b.openQuestions()
	b.reading()
	b.rep.Problems, b.rep.ProblemCounts = b.problems.list(), b.problems.counts
	return nil
}

// reading writes down how the file was understood.
func (b *builder) reading() {
	r := &b.rep.Reading
	r.Header, r.Spans, r.Layout, r.Columns, r.People = b.columns.head.line, b.spans.spans, b.columns.layout, b.rep.Columns, b.columns.people
	for _, v := range b.wordColumns() {
		if len(v.seen) > 0 {
			r.Words = append(r.Words, v.reading(b.header[v.index]))
		}
	}
	r.Doubts, r.Settled = b.doubts, b.settled
	if r.DateOrder == "" {
		r.DateOrder = b.rep.DateOrder
	}
}

func (b *builder) aboutHeader(line int) {
	seen := map[string]int{}
	for i, name := range b.header {
		key := strings.ToLower(foldSpace(name))
		if key == "" {
			b.problems.note(Problem{Code: ProblemEmptyHead, Severity: SeverityWarning, Line: line,
				Message: fmt.Sprintf("column %d has no name", i+1), Fix: "name the column, or delete it"})
		} else if first, known := seen[key]; known {
			b.problems.note(Problem{
				Code:     ProblemDuplicateHead,
				Severity: SeverityWarning,
				Line:     line,
				Column:   untrusted.New(name),
				Message:  fmt.Sprintf("columns %d and %d have the same name", first+1, i+1),
				Fix:      "give each column its own name",
			})
		} else {
			seen[key] = i
		}
	}
	for _, c := range b.rep.Columns {
		if c.Role == RoleEntitlement {
			b.entitlementHeader(c, line)
		}
		if c.Role == RoleFilter && c.Name.Raw() != b.rep.Mapping.Filter {
			b.problems.note(Problem{
				Code:     ProblemSecondFilter,
				Severity: SeverityWarning,
				Line:     line,
				Column:   c.Name.Text,
				Message: fmt.Sprintf("this column says permitted or denied too, beside %q; a row grants only when both "+
					"permit it", shown(b.rep.Mapping.Filter)),
				Fix: "name it in the mapping as an attribute if it does not decide",
			})
		}
	}
	if len(b.columns.with(RoleEntitlement)) == 0 {
		b.problems.note(Problem{
			Code:     ProblemNoEntitlements,
			Severity: SeverityError,
			Line:     line,
			Message:  "no column looks like access, so there is nothing to grant",
			Fix:      "name the entitlement columns in the mapping",
		})
	}
}

// entitlementHeader checks a header that becomes the name of an entitlement.
func (b *builder) entitlementHeader(c Column, line int) {
	name := c.Name.Raw()
	if n := utf8.RuneCountInString(foldSpace(name)); n > maxOktaName {
		b.tooLong(int32(line), c.Index, name, n)
	}
	b.odd(inspect([]byte(name)), line, c.Index, []byte(name), SeverityError)
}

func (b *builder) aboutFile(src *source) {
	if b.rep.Encoding != encUTF8 {
		p := Problem{
			Code:     ProblemEncoding,
			Severity: SeverityInfo,
			Message:  "the file is encoded as " + b.rep.Encoding,
			Fix:      "nothing to do; CSV UTF-8 is the safest choice for exports",
		}
		switch b.rep.Encoding {
		case encUTF8BOM, encUTF16LE, encUTF16BE:
		default:
			p.Severity = SeverityWarning
			p.Message = "the file is not valid UTF-8 and was read as " + b.rep.Encoding
			if b.rep.Encoding == string(charset.UTF8Twice) {
				p.Message = "the file was encoded as UTF-8 twice, and was read so"
			}
			p.Fix = "check names with accents, or save the file as CSV UTF-8"
		}
		b.problems.note(p)
	}
	if src.torn {
		b.problems.note(Problem{
			Code:     ProblemBadEncoding,
			Severity: SeverityWarning,
			Line:     int(b.lastLine()),
			Message:  "the file ends within a character",
			Fix:      "export the report again, it may be cut",
		})
	}
	if b.rep.Delimiter != "," {
		name := map[string]string{";": "a semicolon", "\t": "a tab", "|": "a vertical bar", "^": "a caret"}[b.rep.Delimiter]
		if name == "" {
			name = fmt.Sprintf("the sign %q", b.rep.Delimiter)
		}
		b.problems.note(Problem{
			Code:     ProblemDelimiter,
			Severity: SeverityInfo,
			Message:  "fields are separated by " + name,
			Fix:      "nothing to do",
		})
	}
}

func (b *builder) lastLine() int32 {
	chunk := b.rows.chunks[len(b.rows.chunks)-1]
	return chunk[len(chunk)-1].Line
}

// settleDates gives ambiguous dates their meaning and finds the first and last day.
func (b *builder) settleDates() {
	d := &b.dates
	order := d.order()
	b.rep.DateOrder = order
	first, last := int32(0), int32(0)
	for i := range b.rep.Rows {
		row := &b.rep.Rows[i]
		if row.Date < 0 {
			row.Date = resolveDate(-row.Date, order)
		}
		if row.Date != 0 && (first == 0 || row.Date < first) {
			first = row.Date
		}
		last = max(last, row.Date)
	}
	b.rep.First, b.rep.Last = Day(first), Day(last)
	if d.dayFirst > 0 && d.monthFirst > 0 {
		b.problems.note(Problem{
			Code:     ProblemMixedDates,
			Severity: SeverityWarning,
			Column:   untrusted.New(b.rep.Mapping.Date),
			Message: fmt.Sprintf("%d dates have the day first and %d the month", d.dayFirst,
				d.monthFirst),
			Fix: "write dates as 2026-03-31",
		})
	}
	if d.ambiguous > 0 && d.dayFirst == 0 && d.monthFirst == 0 {
		b.problems.note(Problem{
			Code:     ProblemAmbiguousDate,
			Severity: SeverityWarning,
			Column:   untrusted.New(b.rep.Mapping.Date),
			Line:     d.firstAmbiguous,
			Message: fmt.Sprintf("%d dates can be read with the day or the month first; they were read with the "+
				"month first", d.ambiguous),
			Fix: "write dates as 2026-03-31",
		})
	}
}

// byPerson returns the indexes of all rows with a person, grouped by person and in file order within each: those of
// person p are order[start[p]:start[p+1]].
func (r *Report) byPerson() (order, start []int32) {
	start = make([]int32, len(r.People)+2)
	for i := range r.Rows {
		if p := r.Rows[i].Person; p >= 0 {
			start[p+2]++
		}
	}
	for i := 2; i < len(start); i++ {
		start[i] += start[i-1]
	}
	order = make([]int32, start[len(start)-1])
	for i := range r.Rows {
		if p := r.Rows[i].Person; p >= 0 {
			order[start[p+1]] = int32(i)
			start[p+1]++
		}
	}
	return order, start[:len(start)-1]
}

// countByUser counts rows and users of each value, finds entitlements with several values for one user, rows that
// repeat another, and access that was permitted and later denied.
func (b *builder) countByUser() {
	r := b.rep
	order, start := r.byPerson()
	largest := int32(0)
	for p := range r.People {
		largest = max(largest, start[p+1]-start[p])
	}
	seen := newRepeats(int(largest))
	mark := make([]int32, len(r.Values)) // the person in whose rows the value was seen last, plus one
	held := make([]int32, len(r.Entitlements))
	denials := newDenials(r)
	for p := range r.People {
		clear(held)
		rows := order[start[p]:start[p+1]]
		denied := false
		for _, at := range rows {
			row := &r.Rows[at]
			denied = denied || row.State == RowDenied
			if row.State == RowWanted || row.State == RowDenied {
				if first := seen.add(int32(p), at, row, r.Rows); first >= 0 {
					b.duplicateRow(row, &r.Rows[first])
				}
			}
			if row.State != RowWanted {
				continue
			}
			for _, v := range r.Accesses[row.Access] {
				r.Values[v].Rows++
				if mark[v] == int32(p)+1 {
					continue
				}
				mark[v] = int32(p) + 1
				r.Values[v].Users++
				held[r.Values[v].Entitlement]++
			}
		}
		for e, n := range held {
			if n > 1 {
				r.Entitlements[e].MultiValue = true
			}
		}
		if denied && len(rows) > 1 {
			for _, d := range denials.of(int32(p), rows) {
				b.laterDenied(d)
			}
		}
	}
}

func (b *builder) duplicateRow(row, first *Row) {
	if b.problems.want(ProblemDuplicateRow) {
		b.problems.add(Problem{Code: ProblemDuplicateRow, Severity: SeverityInfo, Line: int(row.Line),
			Message: fmt.Sprintf("the row says the same as line %d: same user, access, date and decision",
				first.Line), Fix: "nothing to do; it counts once"})
	}
}

func (b *builder) laterDenied(d laterRows) {
	if b.problems.want(ProblemLaterDenied) {
		v := b.rep.Values[d.value]
		b.problems.add(Problem{
			Code:     ProblemLaterDenied,
			Severity: SeverityWarning,
			Line:     int(b.rep.Rows[d.denied].Line),
			Column:   b.rep.Entitlements[v.Entitlement].Name,
			Value:    v.Text,
			Message: fmt.Sprintf("line %d permits this to the same user, and this later row denies or removes it",
				b.rep.Rows[d.permitted].Line),
			Fix: "delete the row that no longer holds",
		})
	}
}
