package intake

// Concern says what a problem means for a plan that is made from the report.
type Concern string

// The concerns.
const (
	ConcernsValues  Concern = "values"   // the names that a plan writes may not be the ones that are meant
	ConcernsAccess  Concern = "access"   // a plan may grant to someone, or something, that is not meant
	ConcernsLeftOut Concern = "left_out" // rows or values are left out, and the states of rows say so
	ConcernsForm    Concern = "form"     // the form of the file; nothing is written because of it
)

// ProblemMeaning is what a problem means for a plan, with what a person reads before confirming: What completes "3 ...".
type ProblemMeaning struct {
	Concern Concern
	What    string
	Next    string
}

// ProblemMeanings lists every code of Problem. Plans warn of what concerns their writes in these words.
func ProblemMeanings() map[string]ProblemMeaning {
	values := func(what, next string) ProblemMeaning { return ProblemMeaning{ConcernsValues, what, next} }
	access := func(what, next string) ProblemMeaning { return ProblemMeaning{ConcernsAccess, what, next} }
	leftOut, form := ProblemMeaning{Concern: ConcernsLeftOut}, ProblemMeaning{Concern: ConcernsForm}
	const look = "look at the rows (validate_csv_preflight names them), and correct the report if they are not meant"
	return map[string]ProblemMeaning{
		ProblemNearDuplicate: values("names look like another name of the report; each is written as it is", look),
		ProblemSeparator:     values("cells hold a sign that may separate several names; each is written as one", look),
		ProblemFormula:       values("cells would run as formulas in a spreadsheet; they are written as they are", look),
		ProblemInvisible:     values("cells hold characters that cannot be seen", look),
		ProblemStrayQuote:    values("rows hold quotes that were taken as part of the text", look),
		ProblemLineBreak:     values("cells hold line breaks or tabs; each line is written as a name", look),
		ProblemEncoding:      values("guess was made at the encoding of the file", "check names with accents"),

		ProblemUnusualEmail:  access("addresses hold letters outside ASCII, perhaps look-alikes", "compare them with the addresses in Okta"),
		ProblemManyUserIDs:   access("users have two ids in the report; the address decides", look),
		ProblemSharedUserID:  access("users share an id with another user of the report; the address decides", look),
		ProblemLaterDenied:   access("values are permitted to a user by one row and denied by a later one; they are granted", look),
		ProblemBadDate:       access("rows have a date that was not understood; they count all the same", look),
		ProblemAmbiguousDate: access("guess was made at the order of day and month in dates", "write dates as 2026-03-31"),
		ProblemMixedDates:    access("column has dates with the day first and others with the month first", "write dates as 2026-03-31"),

		ProblemBadEncoding:    leftOut,
		ProblemSecondFilter:   leftOut,
		ProblemRagged:         leftOut,
		ProblemBadQuote:       leftOut,
		ProblemUnclosedQuote:  leftOut,
		ProblemEmptyRow:       leftOut,
		ProblemMissingEmail:   leftOut,
		ProblemMalformedEmail: leftOut,
		ProblemNoValue:        leftOut,
		ProblemUnknownAccess:  leftOut,
		ProblemRemovalRow:     leftOut,
		ProblemControl:        leftOut,
		ProblemPlaceholder:    leftOut,
		ProblemRefusalValue:   leftOut,
		ProblemBadList:        leftOut,
		ProblemCutList:        leftOut,
		ProblemNotAccess:      leftOut,
		ProblemNotAPerson:     leftOut,
		ProblemNotInForce:     leftOut,
		ProblemExpired:        leftOut,
		ProblemNotYetValid:    leftOut,
		ProblemTooLong:        leftOut,

		ProblemDelimiter:      form,
		ProblemDuplicateHead:  form,
		ProblemEmptyHead:      form,
		ProblemNoEntitlements: form,
		ProblemDuplicateRow:   form,
	}
}
