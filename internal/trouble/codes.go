package trouble

// The codes, by the package that raises them first. Add a code here and its row to the README.
const (
	// internal/audit
	AuditBusy       Code = "audit_busy"       // another audit is under way, in this process or another
	NoAudit         Code = "no_audit"         // none with this id, none that has ended, or its findings are gone
	GroupNotFound   Code = "group_not_found"  // no group by that id or exact name, or several
	ReadingsDamaged Code = "readings_damaged" // a file of readings is not what was written
	Cancelled       Code = "cancelled"        // by a person; the same request goes on
	OktaUnavailable Code = "okta_unavailable" // Okta does not answer, or fails for one person after another

	// internal/intake/sheet
	WorkbookDamaged    Code = "workbook_damaged"    // a workbook that is cut, or whose parts contradict each other
	WorkbookKind       Code = "workbook_kind"       // a workbook of another kind than .xlsx, or with macros or a password
	WorkbookTooLarge   Code = "workbook_too_large"  // it would unpack to more than the limit
	UnknownSheet       Code = "unknown_sheet"       // no sheet of that name
	UncomputedFormulas Code = "uncomputed_formulas" // cells that hold a formula and no value
)
