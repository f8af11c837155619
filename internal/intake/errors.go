package intake

import "errors"

// Stable codes of Error. Tools hand them to clients, so they never change their meaning.
const (
	CodeFileNotFound   = "file_not_found"   // no such file in the inbox
	CodeNotReadable    = "not_readable"     // there, but not a regular file, or the system refuses or breaks off the read
	CodeOutsideInbox   = "outside_inbox"    // the name leads out of the inbox, or to a hidden place
	CodeFileChanged    = "file_changed"     // a cursor was made for other contents
	CodeBadCursor      = "bad_cursor"       // not a cursor of this program
	CodeEmptyFile      = "empty_file"       // no bytes, or only blank lines
	CodeHeaderOnly     = "header_only"      // a header and no data record
	CodeBinaryFile     = "binary_file"      // a workbook, an archive or other binary data
	CodeLineTooLong    = "line_too_long"    // a record is longer than Options.MaxLine
	CodeNoUserColumn   = "no_user_column"   // no column names the user
	CodeUnknownColumn  = "unknown_column"   // the mapping names a column that the file has not
	CodeMappingClash   = "mapping_clash"    // the mapping gives one column two roles
	CodeBadEncoding    = "bad_encoding"     // a character encoding that is not read
	CodeTooManyRows    = "too_many_rows"    // more records than Options.MaxRows
	CodeTooManyValues  = "too_many_values"  // more distinct entitlement values or columns than can be access
	CodeDuplicateField = "duplicate_header" // two columns of the same name are both needed
)

// Error is a refusal with a stable code, what happened, and what to do next. Msg and Next may quote text from the file.
type Error struct {
	Code string // one of the Code constants
	Msg  string // what happened, lower case
	Next string // the next step for a person, an imperative
	Err  error  // the cause, when there is one
}

// Error joins what happened and the next step.
func (e *Error) Error() string {
	if e.Next == "" {
		return e.Msg
	}
	return e.Msg + "; " + e.Next
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first Error in err's chain, or "" when there is none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
