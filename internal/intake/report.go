package intake

import (
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// Report is an access report, read whole and reduced to what planning needs. Rows are small and refer to the tables
// beside them by index, so that two million rows fit in memory. Every text in it comes from the file: names of
// columns in a Mapping are for comparing and are cleaned where they are shown.
type Report struct {
	File      string           // the name that the inbox knows
	SHA256    string           // of the file's bytes, in hex
	Bytes     int64            // size of the file
	Encoding  string           // as charset names it, or utf-8-bom; plain ASCII is called utf-8
	Delimiter string           // ",", ";", "\t", "|", …
	Header    []untrusted.Text // as written
	Columns   []Column         // what each header column is taken for, and why
	Mapping   Mapping          // the mapping in force, after overrides

	Entitlements  []EntitlementColumn // in the order of the columns; columns that are one list are one
	Values        []Value             // every distinct entitlement value; Rows is 0 for those that only denied rows name
	Accesses      [][]int32           // distinct sets of indexes into Values, sorted; Row.Access refers here
	People        []Person            // every distinct user; Row.Person refers here
	Rows          []Row               // one per data record of the file, in file order
	Problems      []Problem           // by line; capped by Options.MaxProblems, every code keeping a fair share
	ProblemCounts map[string]int      // exact, by Problem.Code; the doc comment of each code says what is counted

	First, Last time.Time // earliest and latest date seen in Mapping.Date, zero when none
	DateOrder   DateOrder // how ambiguous dates such as 03/04/2026 were read
	EarliestEnd time.Time // the first last day among permitted rows, zero when none of them ends: a plan is stale after it
	// by row: the last day of the access of permitted rows, 0 for none; nil when no permitted row has one
	LastDays []int32

	Reading Reading // how the file was understood, with what is in doubt
}

// Mapping names the columns by header. Empty means absent.
type Mapping struct {
	User         string   `json:"user,omitempty" jsonschema:"Names the user"`
	UserID       string   `json:"user_id,omitempty" jsonschema:"Second identifier of the user"`
	Entitlements []string `json:"entitlements,omitempty" jsonschema:"Columns that become entitlements"`
	Attributes   []string `json:"attributes,omitempty" jsonschema:"Columns that only describe"`
	Filter       string   `json:"filter,omitempty" jsonschema:"Says permitted or denied"`
	Date         string   `json:"date,omitempty" jsonschema:"Date of the access"`
	Action       string   `json:"action,omitempty" jsonschema:"Kind of action"`
	Separators   string   `json:"separators,omitempty" jsonschema:"Signs that split a cell (default ;,|), or none"`
	// Others are further columns by role: decision (a second filter), state, blocked, valid_from, valid_until,
	// application, kind, scope and advice.
	Others map[string]Role `json:"others,omitempty" jsonschema:"Further roles by column: state, blocked, …"`
}

// Role says what a column is taken for.
type Role string

// The roles a column can have.
const (
	RoleUser        Role = "user"
	RoleUserID      Role = "user_id"
	RoleEntitlement Role = "entitlement"
	RoleAttribute   Role = "attribute"
	RoleFilter      Role = "filter" // a decision
	RoleState       Role = "state"
	RoleBlocked     Role = "blocked"
	RoleDate        Role = "date"
	RoleValidFrom   Role = "valid_from"
	RoleValidUntil  Role = "valid_until"
	RoleAction      Role = "action"
	RoleApplication Role = "application"
	RoleKind        Role = "kind"
	RoleScope       Role = "scope"  // names the access together with the entitlement column
	RoleAdvice      Role = "advice" // a recommendation, or a decision of an earlier time
	RoleIgnored     Role = "ignored"
)

// Column is one header column with the role it was given.
type Column struct {
	Name       untrusted.Stored `json:"name"`
	Index      int              `json:"index"` // 0-based position in the file
	Role       Role             `json:"role"`
	Reason     string           `json:"reason"`     // one sentence for a person
	Confidence float64          `json:"confidence"` // 0 to 1; 1 when the caller said so
}

// EntitlementColumn is one entitlement that the report speaks of.
type EntitlementColumn struct {
	Name       untrusted.Text // the header, trimmed
	MultiValue bool           // some user has more than one value of it
	Values     int            // distinct values, those of denied rows among them
}

// Value is one distinct value of an entitlement column.
type Value struct {
	Entitlement int32          // index into Report.Entitlements
	Text        untrusted.Text // trimmed; first spelling seen
	Rows        int            // permitted rows that name it
	Users       int            // distinct users in those rows
	Line        int32          // line of the first record that names it, in any state
}

// Person is one distinct user of the report.
type Person struct {
	// as written, cleaned; the lower-cased form is the identity. A login where the report has no address
	Email  untrusted.Text
	UserID untrusted.Text // from Mapping.UserID, first non-empty seen
	Login  bool           // Email is a login
}

// RowState is what reading alone decides about a row.
type RowState uint8

// The states of a row after reading.
const (
	RowWanted        RowState = iota // permitted access for a named user
	RowDenied                        // the report says that the access was denied or removed
	RowNoEntitlement                 // a user, but no entitlement value
	RowBad                           // cannot be used: no or malformed user, ragged
	RowExpired                       // the last day of the access has passed
	RowNotYetValid                   // the first day of the access is to come
	RowNotSelected                   // Answers.Rows chose other rows
	RowInDoubt                       // permitted as far as is known, but a doubt is open: nothing may be planned from it
)

// Row is one data record.
type Row struct {
	Line   int32 // 1-based line of the file on which the record starts
	Person int32 // index into Report.People, -1 when none
	Access int32 // index into Report.Accesses, -1 when none
	Date   int32 // days since 1970-01-01, 0 when absent
	State  RowState
}

// Severity of a problem.
type Severity string

// Severities: an error makes its row unusable, a warning deserves a look, info explains a choice.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityInfo    Severity = "info"
)

// Problem is something in the file that a person should know of.
type Problem struct {
	Code     string         `json:"code"` // stable, snake_case: ragged_row, missing_email, near_duplicate_value, …
	Severity Severity       `json:"severity"`
	Line     int            `json:"line,omitempty"` // 0 when it concerns the whole file
	Column   untrusted.Text `json:"column,omitzero"`
	Value    untrusted.Text `json:"value,omitzero"` // the first 400 bytes
	Message  string         `json:"message"`
	Fix      string         `json:"fix"` // what to do about it
}
