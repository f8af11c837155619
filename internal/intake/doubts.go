package intake

import (
	"encoding/json"
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// Codes of Doubt. They never change their meaning.
const (
	DoubtUser          = "user_in_doubt"        // no clear winner among the columns that could name the user
	DoubtAccess        = "access_in_doubt"      // no column is clearly access, and some could be
	DoubtMayDecide     = "column_may_decide"    // a column could say yes or no and is not understood
	DoubtWords         = "unknown_word"         // a deciding column has words that are not known
	DoubtAdvice        = "recommendation_only"  // only a recommendation, or a decision of an earlier time, says yes or no
	DoubtMatrix        = "matrix_layout"        // columns of marks look like a matrix
	DoubtPairs         = "paired_columns"       // two columns seem to name the access together
	DoubtApplications  = "several_applications" // the rows are of several applications or environments
	DoubtHeader        = "header_in_doubt"      // the line with the column names is not certain
	DoubtEncoding      = "encoding_in_doubt"    // the character encoding is not certain
	DoubtDates         = "date_order_in_doubt"  // 03/04/2026 in a column that limits access
	DoubtComma         = "comma_in_name"        // a cell with a comma is one name or two
	DoubtNone          = "none_in_doubt"        // None under an access column is no access, or a value of that name
	DoubtOnePerPerson  = "one_value_per_person" // nearly every person has a value that no other has
	DoubtHidden        = "hidden_cells"         // a workbook hides rows or columns
	DoubtRefusalInCell = "refusal_as_value"     // an access column has cells such as Revoked
)

// Doubt is a question about a reading that planning waits for.
type Doubt struct {
	Code     string             `json:"code"`
	Column   untrusted.Stored   `json:"column,omitzero"`
	Columns  []untrusted.Stored `json:"columns,omitempty"` // all of them, when it is about several
	Lines    []int              `json:"lines,omitempty"`   // examples
	Question string             `json:"question"`          // one sentence
	Answers  []Answer           `json:"answers,omitempty"`
	Okta     bool               `json:"planning_may_settle,omitempty"` // names that Okta already has may settle it at planning
}

// Answer is one way to settle a doubt.
type Answer struct {
	Label    string  `json:"label"`
	Effect   string  `json:"effect,omitempty"` // in numbers
	Argument string  `json:"argument"`         // the exact JSON that gives this answer
	gives    Answers // the same
}

// Settled is a doubt that an answer settled.
type Settled struct {
	Code   string           `json:"code"`
	Column untrusted.Stored `json:"column,omitzero"`
	Answer string           `json:"answer"`
	By     By               `json:"by,omitempty"`
}

func answer(label string, gives Answers) Answer {
	text, _ := json.Marshal(gives) // plain fields always encode
	return Answer{Label: label, Argument: string(text), gives: gives}
}

// Open returns the doubts that no answer has settled. While there is one, no row of the report is RowWanted.
func (r *Report) Open() []Doubt { return r.Reading.Doubts }

// Refusal is the error that planning gives while a doubt is open, nil when there is none. Plans must not be made from a
// report that has one.
func (r *Report) Refusal() error {
	open := r.Open()
	if len(open) == 0 {
		return nil
	}
	var questions, next []string
	for i, d := range open {
		if i == 5 {
			questions = append(questions, fmt.Sprintf("and %d more", len(open)-i))
			break
		}
		questions = append(questions, fmt.Sprintf("%s: %s", d.Code, d.Question))
		var ways []string
		for _, a := range d.Answers[:min(len(d.Answers), 4)] {
			ways = append(ways, fmt.Sprintf("%s: %s", a.Label, a.Argument))
		}
		if len(ways) > 0 {
			next = append(next, strings.Join(ways, " or "))
		}
	}
	return &trouble.Error{
		Code: trouble.ReadingInDoubt,
		What: "the reading of the report is in doubt: " + strings.Join(questions, "; "),
		Next: "settle it with an argument, " + strings.Join(next, "; "),
	}
}

// names quotes column names for a question.
func quoted(names ...string) string {
	var all []string
	for i, n := range names {
		if i == 6 {
			all = append(all, fmt.Sprintf("%d more", len(names)-i))
			break
		}
		all = append(all, fmt.Sprintf("%q", shown(n)))
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// verb chooses the form for a number of things.
func verb(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// counted says a number of things: 1 row, 2 rows.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
