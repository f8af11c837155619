package intake

import (
	"bytes"
	"fmt"

	"okta-entitlements-mcp/internal/untrusted"
)

// The methods of this file word the problems. They format nothing that is beyond the cap.

func (b *builder) rowProblem(code string, severity Severity, rec *record, column int, value []byte, message, mend string) {
	p := Problem{Code: code, Severity: severity, Line: rec.line, Message: message, Mend: mend, Value: string(value[:min(len(value), 400)])}
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
			b.rowProblem(ProblemStrayQuote, SeverityWarning, rec, -1, text, "a quote stands inside a field that is not quoted; it was taken literally",
				"put the whole field in quotes and double the quote inside it")
		}
	case flawMalformed:
		if b.problems.want(ProblemBadQuote) {
			b.rowProblem(ProblemBadQuote, SeverityError, rec, -1, text, "text follows a closing quote, so the fields cannot be told apart",
				"double the quotes inside the field")
		}
	case flawUnclosed:
		if b.problems.want(ProblemUnclosedQuote) {
			b.rowProblem(ProblemUnclosedQuote, SeverityError, rec, -1, text, "a quote opens on this line and is never closed; only this line was left out",
				"close the quote, or double it")
		}
	}
}

func (b *builder) raggedProblem(rec *record) {
	if b.problems.want(ProblemRagged) {
		message := fmt.Sprintf("the row has %d fields and the header has %d", len(rec.fields), len(b.rep.Header))
		b.rowProblem(ProblemRagged, SeverityError, rec, -1, bytes.Join(rec.fields, []byte(" ")), message,
			"add the missing fields, or put fields that hold the delimiter in quotes")
	}
}

func (b *builder) missingEmail(rec *record) {
	for _, f := range rec.fields {
		if len(bytes.TrimSpace(f)) > 0 {
			if b.problems.want(ProblemMissingEmail) {
				b.rowProblem(ProblemMissingEmail, SeverityError, rec, b.userCol, nil, "the row names no user", "fill in the e-mail address")
			}
			return
		}
	}
	if b.problems.want(ProblemEmptyRow) {
		b.rowProblem(ProblemEmptyRow, SeverityError, rec, -1, nil, "the row holds delimiters and nothing else", "delete the row")
	}
}

func (b *builder) malformedEmail(rec *record, text, flaw string) {
	if b.problems.want(ProblemMalformedEmail) {
		b.rowProblem(ProblemMalformedEmail, SeverityError, rec, b.userCol, []byte(text), "this is no e-mail address: "+flaw,
			"write one plain address, such as ada@acme.example.com")
	}
}

func (b *builder) unusualEmail(rec *record, text string) {
	if b.problems.want(ProblemUnusualEmail) {
		b.rowProblem(ProblemUnusualEmail, SeverityWarning, rec, b.userCol, []byte(text), "the address holds letters outside ASCII, perhaps look-alikes",
			"compare it with the address in Okta")
	}
}

func (b *builder) noEntitlement(rec *record) {
	if b.problems.want(ProblemNoValue) {
		b.rowProblem(ProblemNoValue, SeverityWarning, rec, -1, nil, "the row names a user and no access", "fill in an entitlement column, or delete the row")
	}
}

func (b *builder) unknownAccess(rec *record, cell []byte) {
	if b.problems.want(ProblemUnknownAccess) {
		b.rowProblem(ProblemUnknownAccess, SeverityWarning, rec, b.filterCol, cell, "the cell says neither permitted nor denied; the row is treated as denied",
			"write Permitted or Denied")
	}
}

func (b *builder) removalRow(rec *record, cell []byte) {
	if b.problems.want(ProblemRemovalRow) {
		b.rowProblem(ProblemRemovalRow, SeverityWarning, rec, b.actionCol, cell, "the row speaks of taking access away; an import only adds, so the row grants nothing",
			"remove the access in Okta, or in a certification campaign")
	}
}

func (b *builder) badDate(rec *record, cell []byte) {
	if b.problems.want(ProblemBadDate) {
		b.rowProblem(ProblemBadDate, SeverityWarning, rec, b.dateCol, cell, "the date is not understood; the row counts as undated", "write it as 2026-03-31")
	}
}

func (b *builder) manyUserIDs(rec *record, person int32, id string) {
	if b.problems.want(ProblemManyUserIDs) {
		p := b.rep.People[person]
		b.rowProblem(ProblemManyUserIDs, SeverityWarning, rec, b.idCol, []byte(id),
			fmt.Sprintf("this user had the identifier %q in an earlier row", untrusted.Clean(p.UserID, 60)), "check which of the two is right")
	}
}

func (b *builder) sharedUserID(rec *record, person, first int32) {
	if b.problems.want(ProblemSharedUserID) {
		b.rowProblem(ProblemSharedUserID, SeverityWarning, rec, b.idCol, []byte(b.rep.People[person].UserID),
			fmt.Sprintf("this identifier also stands beside %q", untrusted.Clean(ShortenEmail(b.rep.People[first].Email), 80)), "check whether both addresses are one person")
	}
}

func (b *builder) tooLong(line int32, column int, value string, n int) {
	if b.problems.want(ProblemTooLong) {
		b.problems.add(Problem{Code: ProblemTooLong, Severity: SeverityError, Line: int(line), Column: b.rep.Header[column], Value: value,
			Message: fmt.Sprintf("the value has %d characters; Okta takes names of up to %d", n, maxOktaName), Mend: "shorten it"})
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
	p := Problem{Code: code, Severity: severity, Line: line, Column: b.rep.Header[column], Value: string(cell[:min(len(cell), 400)])}
	switch code {
	case ProblemFormula:
		p.Message, p.Mend = "a spreadsheet would run this cell as a formula", "remove the leading sign; exports of this program are guarded"
	case ProblemBadEncoding:
		p.Message, p.Mend = "the cell holds bytes that the encoding does not allow", "save the file as CSV UTF-8"
	case ProblemControl:
		p.Message, p.Mend = "the cell holds control characters or characters that turn the direction of text", "type the cell again"
	case ProblemInvisible:
		p.Message, p.Mend = "the cell holds characters that cannot be seen, so it may differ from one that looks the same", "type the cell again"
	case ProblemLineBreak:
		p.Message, p.Mend = "the cell holds a line break or tab; it counts as a space", "write one value a cell, or separate values with ;"
	}
	b.problems.add(p)
}
