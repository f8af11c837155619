package trouble

// The codes, by the package that raises them first. Add a code here and its row to the README.
const (
	// internal/intake/sheet
	WorkbookDamaged    Code = "workbook_damaged"    // a workbook that is cut, or whose parts contradict each other
	WorkbookKind       Code = "workbook_kind"       // a workbook of another kind than .xlsx, or with macros or a password
	WorkbookTooLarge   Code = "workbook_too_large"  // it would unpack to more than the limit
	UnknownSheet       Code = "unknown_sheet"       // no sheet of that name
	UncomputedFormulas Code = "uncomputed_formulas" // cells that hold a formula and no value
)
