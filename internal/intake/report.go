package intake

import "time"

// Report is an access report, read whole and reduced to what planning needs. Rows are small and refer to the tables beside
// them by index, so that two million rows fit in memory. Every text in it comes from the file and is untrusted.
type Report struct {
	File      string   // the name that the inbox knows
	SHA256    string   // of the file's bytes, in hex
	Bytes     int64    // size of the file
	Encoding  string   // utf-8, utf-8-bom, utf-16le, utf-16be, windows-1252; plain ASCII is called utf-8
	Delimiter string   // ",", ";", "\t"
	Header    []string // as written
	Columns   []Column // what each header column is taken for, and why
	Mapping   Mapping  // the mapping in force, after overrides

	Entitlements  []EntitlementColumn // one per column in Mapping.Entitlements, same order
	Values        []Value             // every distinct entitlement value; Rows is 0 for those that only denied rows name
	Accesses      [][]int32           // distinct sets of indexes into Values, sorted; Row.Access refers here
	People        []Person            // every distinct user; Row.Person refers here
	Rows          []Row               // one per data record of the file, in file order
	Problems      []Problem           // by line; capped by Options.MaxProblems, every code keeping a fair share
	ProblemCounts map[string]int      // exact, by Problem.Code; the doc comment of each code says what is counted

	First, Last time.Time // earliest and latest date seen in Mapping.Date, zero when none
	DateOrder   DateOrder // how ambiguous dates such as 03/04/2026 were read
}

// Mapping names the columns by header. Empty means absent.
type Mapping struct {
	User         string   `json:"user,omitempty" jsonschema:"Column that names the user by e-mail"`
	UserID       string   `json:"user_id,omitempty" jsonschema:"Column with a second identifier of the user"`
	Entitlements []string `json:"entitlements,omitempty" jsonschema:"Columns that become entitlements"`
	Attributes   []string `json:"attributes,omitempty" jsonschema:"Columns that only describe the user"`
	Filter       string   `json:"filter,omitempty" jsonschema:"Column that says permitted or denied"`
	Date         string   `json:"date,omitempty" jsonschema:"Column with the date of the access"`
	Action       string   `json:"action,omitempty" jsonschema:"Column with the kind of action"`
	Separators   string   `json:"separators,omitempty" jsonschema:"Characters that split one cell into several values, such as ;| (default ;,|), or the word none"`
}

// Role says what a column is taken for.
type Role string

// The roles a column can have.
const (
	RoleUser        Role = "user"
	RoleUserID      Role = "user_id"
	RoleEntitlement Role = "entitlement"
	RoleAttribute   Role = "attribute"
	RoleFilter      Role = "filter"
	RoleDate        Role = "date"
	RoleAction      Role = "action"
	RoleIgnored     Role = "ignored"
)

// Column is one header column with the role it was given.
type Column struct {
	Name       string
	Index      int // 0-based position in the file
	Role       Role
	Reason     string  // one sentence for a person
	Confidence float64 // 0 to 1; 1 when the caller said so
}

// EntitlementColumn is one entitlement that the report speaks of.
type EntitlementColumn struct {
	Name       string // the header, trimmed
	MultiValue bool   // some user has more than one value of it
	Values     int    // distinct values, those of denied rows among them
}

// Value is one distinct value of an entitlement column.
type Value struct {
	Entitlement int32  // index into Report.Entitlements
	Text        string // trimmed; first spelling seen
	Rows        int    // permitted rows that name it
	Users       int    // distinct users in those rows
	Line        int32  // line of the first record that names it, in any state
}

// Person is one distinct user of the report.
type Person struct {
	Email  string // as written, trimmed; the lower-cased form is the identity
	UserID string // from Mapping.UserID, first non-empty seen
}

// RowState is what reading alone decides about a row.
type RowState uint8

// The states of a row after reading.
const (
	RowWanted        RowState = iota // permitted access for a named user
	RowDenied                        // the report says that the access was denied or removed
	RowNoEntitlement                 // a user, but no entitlement value
	RowBad                           // cannot be used: no or malformed e-mail, ragged
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
	Code     string   `json:"code"` // stable, snake_case: ragged_row, missing_email, near_duplicate_value, …
	Severity Severity `json:"severity"`
	Line     int      `json:"line,omitempty"` // 0 when it concerns the whole file
	Column   string   `json:"column,omitempty"`
	Value    string   `json:"value,omitempty"` // untrusted, shortened
	Message  string   `json:"message"`
	Mend     string   `json:"mend"` // what to do about it
}
