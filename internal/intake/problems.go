package intake

import (
	"cmp"
	"slices"

	"okta-entitlements-mcp/internal/untrusted"
)

// Codes of Problem. Row problems count rows; cell problems count distinct cells of entitlement columns and
// occurrences in other columns; the rest count what their comment says.
const (
	ProblemEncoding       = "encoding"              // info, per file: not plain UTF-8
	ProblemBadEncoding    = "bad_encoding"          // error, per row or cell: bytes that the encoding does not allow
	ProblemDelimiter      = "delimiter"             // info, per file: not the comma
	ProblemDuplicateHead  = "duplicate_header"      // warning, per column
	ProblemEmptyHead      = "empty_header"          // warning, per column
	ProblemNoEntitlements = "no_entitlement_column" // error, per file
	ProblemSecondFilter   = "second_filter_column"  // warning, per column
	ProblemRagged         = "ragged_row"            // error, per row: wrong number of fields
	ProblemStrayQuote     = "stray_quote"           // warning, per row: taken literally
	ProblemBadQuote       = "malformed_quote"       // error, per row
	ProblemUnclosedQuote  = "unclosed_quote"        // error, per row
	ProblemEmptyRow       = "empty_row"             // error, per row: delimiters only
	ProblemMissingEmail   = "missing_email"         // error, per row
	ProblemMalformedEmail = "malformed_email"       // error, per row
	ProblemUnusualEmail   = "unusual_email"         // warning, per spelling: letters outside ASCII
	ProblemNoValue        = "no_entitlement"        // warning, per row: a user and no value
	ProblemUnknownAccess  = "unknown_access_word"   // warning, per row: treated as denied
	ProblemRemovalRow     = "removal_row"           // warning, per row: an import only adds
	ProblemBadDate        = "bad_date"              // warning, per row: date not understood
	ProblemAmbiguousDate  = "ambiguous_date"        // warning, per file: order of day and month is a guess
	ProblemMixedDates     = "mixed_date_order"      // warning, per file: both orders occur
	ProblemDuplicateRow   = "duplicate_row"         // info, per row: same user, access, date and state as an earlier one
	ProblemLaterDenied    = "later_denied"          // warning, per user and value: permitted, later denied or removed
	ProblemManyUserIDs    = "many_user_ids"         // warning, per user with two ids
	ProblemSharedUserID   = "shared_user_id"        // warning, per further user of one id
	ProblemNearDuplicate  = "near_duplicate_value"  // warning, per value
	ProblemSeparator      = "separator_in_name"     // warning, per cell
	ProblemFormula        = "formula_cell"          // warning, per cell
	ProblemControl        = "control_character"     // error in cells that are used, else warning
	ProblemInvisible      = "invisible_character"   // warning, per cell
	ProblemLineBreak      = "line_break_in_cell"    // info, per cell of an entitlement column: folded to a space
	ProblemPlaceholder    = "placeholder"           // warning, per cell: #N/A, NULL, No Access and the like are no values
	// warning, per cell: an access column says Revoked; the row grants nothing
	ProblemRefusalValue = "refusal_as_value"
	ProblemBadList      = "malformed_list"   // error, per cell: a list or object in brackets that cannot be read
	ProblemCutList      = "cut_list"         // warning, per cell: the export left values out
	ProblemNotAccess    = "address_as_value" // error, per cell: an address under an access column
	ProblemNotAPerson   = "not_a_person"     // error, per row: a group or a program
	ProblemNotInForce   = "not_in_force"     // warning, per row: the state is not clearly active
	ProblemExpired      = "expired_access"   // warning, per row
	ProblemNotYetValid  = "not_yet_valid"    // warning, per row
	ProblemTooLong      = "value_too_long"   // error, per cell: Okta takes names of 255 characters
)

// problems collects what is wrong. It keeps at most max of each code while reading and shares max out at the end.
type problems struct {
	max    int
	counts map[string]int
	kept   map[string][]Problem
}

func newProblems(max int) *problems {
	return &problems{max: max, counts: map[string]int{}, kept: map[string][]Problem{}}
}

// want counts one problem of the code and reports whether its text is still of use.
func (p *problems) want(code string) bool {
	p.counts[code]++
	return len(p.kept[code]) < p.max
}

// add keeps a problem that want has agreed to.
func (p *problems) add(problem Problem) {
	p.kept[problem.Code] = append(p.kept[problem.Code], problem)
}

// problemText is the beginning of a cell, in memory of its own: more of it is not shown, and a cell can be long.
func problemText[T string | []byte](cell T) untrusted.Text {
	return untrusted.New(string([]byte(cell[:min(len(cell), 400)])))
}

// note counts and keeps in one step, for problems that are rare.
func (p *problems) note(problem Problem) {
	if p.want(problem.Code) {
		p.add(problem)
	}
}

// list returns at most max problems by line. Where there are more, rare codes are kept whole and frequent ones share
// the rest, so that a flood of one kind hides no other.
func (p *problems) list() []Problem {
	codes := make([]string, 0, len(p.kept))
	for code := range p.kept {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(p.kept[a]), len(p.kept[b])), cmp.Compare(a, b))
	})
	var all []Problem
	left := p.max
	for i, code := range codes {
		take := min(len(p.kept[code]), left/(len(codes)-i))
		all = append(all, p.kept[code][:take]...)
		left -= take
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Column.Raw(), b.Column.Raw()),
			cmp.Compare(a.Value.Raw(), b.Value.Raw()))
	})
	return all
}
