package trouble

// The codes, by the package that raises them first. Add a code here and its row to the README.
const (
	// internal/intake
	FileNotFound    Code = "file_not_found"   // no such file in the inbox
	NotReadable     Code = "not_readable"     // a file that is there, but is not a regular file, or the system refuses or breaks off the read
	OutsideInbox    Code = "outside_inbox"    // a name that leads out of the inbox, or to a hidden place
	FileChanged     Code = "file_changed"     // a cursor was made for other contents
	BadCursor       Code = "bad_cursor"       // not a cursor of this program
	EmptyFile       Code = "empty_file"       // no bytes, or only blank lines
	HeaderOnly      Code = "header_only"      // a header and no data record
	BinaryFile      Code = "binary_file"      // a workbook, an archive or other binary data
	LineTooLong     Code = "line_too_long"    // a record is longer than intake.Options.MaxLine
	NoUserColumn    Code = "no_user_column"   // no column names the user
	UnknownColumn   Code = "unknown_column"   // an answer names a column that the file does not have
	MappingClash    Code = "mapping_clash"    // a mapping gives one column two roles
	BadEncoding     Code = "bad_encoding"     // a character encoding that is not read
	TooManyRows     Code = "too_many_rows"    // more records than intake.Options.MaxRows
	TooManyValues   Code = "too_many_values"  // more distinct entitlement values or columns than can be access
	DuplicateHeader Code = "duplicate_header" // two columns of the same name are both needed
	OneColumn       Code = "one_column"       // the fields of the file cannot be told apart
	NoHeader        Code = "no_header"        // no line names the columns
	UnknownLine     Code = "unknown_line"     // an answer names a line that begins no record
	UnknownWord     Code = "unknown_word"     // an answer names a word that the column does not have
	UnknownValue    Code = "unknown_value"    // an answer chooses rows by a value that the column does not have
	BadAnswer       Code = "bad_answer"       // an answer that cannot be
	BadDelimiter    Code = "bad_delimiter"    // not one sign
	ReadingInDoubt  Code = "reading_in_doubt" // the reading of a report is in doubt, and nothing is planned from it

	// internal/intake/sheet
	WorkbookDamaged    Code = "workbook_damaged"    // a workbook that is cut, or whose parts contradict each other
	WorkbookKind       Code = "workbook_kind"       // a workbook of another kind than .xlsx, or with macros or a password
	WorkbookTooLarge   Code = "workbook_too_large"  // it would unpack to more than the limit
	UnknownSheet       Code = "unknown_sheet"       // no sheet of that name
	UncomputedFormulas Code = "uncomputed_formulas" // cells that hold a formula and no value
)
