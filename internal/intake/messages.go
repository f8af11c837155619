package intake

import (
	"bytes"
	"fmt"
	"slices"

	"okta-entitlements-mcp/internal/untrusted"
)

// The methods of this file word the problems. They format nothing that is beyond the cap.

func (b *builder) rowProblem(code string, severity Severity, rec *record, column int, value []byte,
	message, fix string) {
	p := Problem{
		Code:     code,
		Severity: severity,
		Line:     rec.line,
		Message:  message,
		Fix:      fix,
		Value:    problemText(value),
	}
	if column >= 0 {
		p.Column = b.rep.Header[column]
	}
	b.problems.add(p)
}

func (b *builder) quoteProblem(rec *record) {
	text := bytes.Join(rec.fields, []byte(" "))
	switch rec.flaw {
	case flawStray:
		if b.problems.want(ProblemStrayQuote) {
			b.rowProblem(ProblemStrayQuote, SeverityWarning, rec, -1, text,
				"there is a quote inside a field that is not quoted; it was taken literally",
				"put the whole field in quotes and double the quote inside it")
		}
	case flawMalformed:
		if b.problems.want(ProblemBadQuote) {
			b.rowProblem(ProblemBadQuote, SeverityError, rec, -1, text,
				"text follows a closing quote, so the fields cannot be told apart",
				"double the quotes inside the field")
		}
	case flawUnclosed:
		if b.problems.want(ProblemUnclosedQuote) {
			b.rowProblem(ProblemUnclosedQuote, SeverityError, rec, -1, text,
				"a quote opens on this line and is never closed; only this line was left out",
				"close the quote, or double it")
		}
	}
}

func (b *builder) raggedProblem(rec *record) {
	if b.problems.want(ProblemRagged) {
		message := fmt.Sprintf("the row has %d fields and the header has %d", len(rec.fields), len(b.header))
		b.rowProblem(ProblemRagged, SeverityError, rec, -1, bytes.Join(rec.fields, []byte(" ")), message,
			"add the missing fields, or put fields that hold the delimiter in quotes")
	}
}

func (b *builder) missingEmail(rec *record) {
	for _, f := range rec.fields {
		if len(bytes.TrimSpace(f)) > 0 {
			if b.problems.want(ProblemMissingEmail) {
				b.rowProblem(ProblemMissingEmail, SeverityError, rec, b.userCol, nil, "the row names no user",
					"fill in the e-mail address")
			}
			return
		}
	}
	if b.problems.want(ProblemEmptyRow) {
		b.rowProblem(ProblemEmptyRow, SeverityError, rec, -1, nil, "the row holds delimiters and nothing else",
			"delete the row")
	}
}

func (b *builder) malformedEmail(rec *record, text, flaw string) {
	if b.problems.want(ProblemMalformedEmail) {
		b.rowProblem(ProblemMalformedEmail, SeverityError, rec, b.userCol, []byte(text), "this names no user: "+flaw,
			"write one plain address, such as ada@acme.example.com")
	}
}

func (b *builder) unusualEmail(rec *record, text string) {
	if b.problems.want(ProblemUnusualEmail) {
		b.rowProblem(ProblemUnusualEmail, SeverityWarning, rec, b.userCol, []byte(text),
			"the address holds letters outside ASCII, perhaps look-alikes",
			"compare it with the address in Okta")
	}
}

func (b *builder) noEntitlement(rec *record) {
	if b.problems.want(ProblemNoValue) {
		b.rowProblem(ProblemNoValue, SeverityWarning, rec, -1, nil, "the row names a user and no access",
			"fill in an entitlement column, or delete the row")
	}
}

func (b *builder) unknownAccess(rec *record, column int) {
	if b.problems.want(ProblemUnknownAccess) {
		b.rowProblem(ProblemUnknownAccess, SeverityWarning, rec, column, rec.fields[column],
			"the cell says neither permitted nor denied; the row is treated as denied",
			"write Permitted or Denied")
	}
}

func (b *builder) removalRow(rec *record, column int) {
	if b.problems.want(ProblemRemovalRow) {
		b.rowProblem(ProblemRemovalRow, SeverityWarning, rec, column, rec.fields[column],
			"the row speaks of taking access away; an import only adds, so the row grants nothing",
			"remove the access in Okta, or in a certification campaign")
	}
}

func (b *builder) notInForce(rec *record, column int) {
	if b.problems.want(ProblemNotInForce) {
		b.rowProblem(ProblemNotInForce, SeverityWarning, rec, column, rec.fields[column],
			"the cell does not say that the access is in force, so the row grants nothing",
			"leave the row out, or say in words what the cell means")
	}
}

func (b *builder) notAPerson(rec *record) {
	if b.problems.want(ProblemNotAPerson) {
		b.rowProblem(ProblemNotAPerson, SeverityError, rec, b.kind.index, rec.fields[b.kind.index],
			"the row is about a group or a program and not about a person",
			"leave the row out")
	}
}

func (b *builder) notAccessCell(line int32, column int, value string) {
	if b.problems.want(ProblemNotAccess) {
		b.problems.add(Problem{
			Code:     ProblemNotAccess,
			Severity: SeverityError,
			Line:     int(line),
			Column:   b.rep.Header[column],
			Value:    problemText(value),
			Message:  "an e-mail address is no access",
			Fix:      "check whether the fields of this row are in the right columns",
		})
	}
}

// aboutCell reports what a new access cell holds beside values.
func (b *builder) aboutCell(line int32, c *accessColumn, text string, p *parsedCell) {
	report := func(code string, severity Severity, value, message, fix string) {
		if b.problems.want(code) {
			b.problems.add(Problem{
				Code:     code,
				Severity: severity,
				Line:     int(line),
				Column:   b.rep.Header[c.index],
				Value:    problemText(value),
				Message:  message,
				Fix:      fix,
			})
		}
	}
	for _, e := range p.empties {
		report(ProblemPlaceholder, SeverityWarning, e, "the cell says in a word that there is nothing, so it is no value",
			"nothing to do; leave such cells empty in exports")
	}
	for _, r := range p.refusals {
		report(ProblemRefusalValue, SeverityWarning, r,
			"the cell says that the access was taken away, so the row grants nothing",
			"name the column as the filter if it decides")
	}
	if p.broken {
		report(ProblemBadList, SeverityError, text, "the cell looks like a list or an object, or is cut, and cannot be read",
			"write the values with ; between them")
	}
	if p.cut {
		report(ProblemCutList, SeverityWarning, text,
			"the export cut this list; the user may have more access than the cell names",
			"export the report with the whole list")
	}
	for _, n := range p.ambiguous {
		if !slices.Contains(c.nones, n) && len(c.nones) < 5 {
			c.nones = append(c.nones, n)
		}
		if len(c.noneLines) < 5 {
			c.noneLines = append(c.noneLines, int(line))
		}
	}
}

func (b *builder) badDate(rec *record, cell []byte) {
	if b.problems.want(ProblemBadDate) {
		b.rowProblem(ProblemBadDate, SeverityWarning, rec, b.dateCol, cell,
			"the date is not understood; the row counts as undated", "write it as 2026-03-31")
	}
}

func (b *builder) manyUserIDs(rec *record, person int32, id string) {
	if b.problems.want(ProblemManyUserIDs) {
		p := b.rep.People[person]
		b.rowProblem(ProblemManyUserIDs, SeverityWarning, rec, b.idCol, []byte(id),
			fmt.Sprintf("this user had the identifier %q in an earlier row", p.UserID.Show(untrusted.Name)),
			"check which of the two is right")
	}
}

func (b *builder) sharedUserID(rec *record, person, first int32) {
	if b.problems.want(ProblemSharedUserID) {
		b.rowProblem(ProblemSharedUserID, SeverityWarning, rec, b.idCol, []byte(b.rep.People[person].UserID.Raw()),
			fmt.Sprintf("this identifier also belongs to %q", ShortenEmail(b.rep.People[first].Email)),
			"check whether both addresses are one person")
	}
}

func (b *builder) tooLong(line int32, column int, value string, n int) {
	if b.problems.want(ProblemTooLong) {
		b.problems.add(Problem{
			Code:     ProblemTooLong,
			Severity: SeverityError,
			Line:     int(line),
			Column:   b.rep.Header[column],
			Value:    problemText(value),
			Message:  fmt.Sprintf("the value has %d characters; Okta takes names of up to %d", n, maxOktaName),
			Fix:      "shorten it",
		})
	}
}

// accessCell looks at a new cell of an entitlement column and reports whether it can be used.
func (b *builder) accessCell(line int32, column int, cell []byte) bool {
	if startsFormula(trim(cell)) {
		b.cellProblem(ProblemFormula, SeverityWarning, int(line), column, cell)
	}
	if plainText(cell) {
		return true
	}
	return b.odd(inspect(cell), int(line), column, cell, SeverityError)
}

// plainCell looks at a cell of a column that becomes no access. Line breaks are no oddity there.
func (b *builder) plainCell(rec *record, column int, cell []byte) {
	if startsFormula(cell) {
		b.cellProblem(ProblemFormula, SeverityWarning, rec.line, column, cell)
	}
	o := inspect(cell)
	o.lineBreak = false
	b.odd(o, rec.line, column, cell, SeverityWarning)
}

func (b *builder) odd(o oddities, line, column int, cell []byte, grave Severity) bool {
	if o.invalid {
		b.cellProblem(ProblemBadEncoding, grave, line, column, cell)
	}
	if o.control {
		b.cellProblem(ProblemControl, grave, line, column, cell)
	}
	if o.invisible {
		b.cellProblem(ProblemInvisible, SeverityWarning, line, column, cell)
	}
	if o.lineBreak {
		b.cellProblem(ProblemLineBreak, SeverityInfo, line, column, cell)
	}
	return !o.invalid && !o.control
}

func (b *builder) cellProblem(code string, severity Severity, line, column int, cell []byte) {
	if !b.problems.want(code) {
		return
	}
	p := Problem{
		Code:     code,
		Severity: severity,
		Line:     line,
		Column:   b.rep.Header[column],
		Value:    problemText(cell),
	}
	switch code {
	case ProblemFormula:
		p.Message, p.Fix = "a spreadsheet would run this cell as a formula", "remove the leading sign; exports of "+
			"this program are guarded"
	case ProblemBadEncoding:
		p.Message, p.Fix = "the cell holds bytes that the encoding does not allow", "save the file as CSV UTF-8"
	case ProblemControl:
		p.Message, p.Fix = "the cell holds control characters or characters that turn the "+
			"direction of text", "type the cell again"
	case ProblemInvisible:
		p.Message, p.Fix = "the cell holds characters that cannot be seen, so it may differ from one that looks the "+
			"same", "type the cell again"
	case ProblemLineBreak:
		p.Message, p.Fix = "the cell holds a line break or tab; each line is a value, and a tab "+
			"counts as a space", "nothing "+
			"to do if each line is a value"
	}
	b.problems.add(p)
}
