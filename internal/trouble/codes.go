package trouble

// The codes, by the package that raises them first. Add a code here and its row to the README.
const (
	// internal/audit
	AuditBusy       Code = "audit_busy"       // another audit is under way, in this process or another
	NoAudit         Code = "no_audit"         // none with this id, none that has ended, or its findings are gone
	GroupNotFound   Code = "group_not_found"  // no group by that id or exact name, or several
	ReadingsDamaged Code = "readings_damaged" // a file of readings is not what was written

	// internal/plan: no plan can be made, or a saved one cannot be used.
	AppNotFound                   Code = "app_not_found"
	AppInactive                   Code = "app_inactive"
	EntitlementManagementStarting Code = "entitlement_management_starting"
	EntitlementManagementStopping Code = "entitlement_management_stopping"
	EntitlementManagementOff      Code = "entitlement_management_off"
	GroupNotEditable              Code = "group_not_editable"
	GroupWithoutApp               Code = "group_without_app"
	UndoNeedsGrants               Code = "undo_needs_grants"
	StateNotWritable              Code = "state_not_writable"
	PlanIDMalformed               Code = "plan_id_malformed"
	PlanNotFound                  Code = "plan_not_found"
	PlanDamaged                   Code = "plan_damaged"
	PlanStale                     Code = "plan_stale"

	// internal/plan: what a person should read before confirming.
	MatchedLoosely   Code = "matched_loosely"
	SpellingsFolded  Code = "spellings_folded"
	OverLong         Code = "over_long"
	LaterDenied      Code = "later_denied"
	ExpiringAccess   Code = "expiring_access"
	UnresolvedValues Code = "unresolved_values"
	UnknownUsers     Code = "unknown_users"
	WouldStrip       Code = "would_strip"
	DenyGrants       Code = "deny_grants"
	Kept             Code = "kept"
	AssignmentsStay  Code = "assignments_stay"

	// internal/policy.
	RefusedByPolicy Code = "refused_by_policy"

	// batch: a run cannot start, or ended before its last operation.
	RunBusy          Code = "run_busy"
	JournalDamaged   Code = "journal_damaged"
	Cancelled        Code = "cancelled"
	Interrupted      Code = "interrupted"
	ErrorRate        Code = "error_rate"
	TokenRejected    Code = "token_rejected"
	ScopeMissing     Code = "scope_missing"
	FeatureOff       Code = "feature_off"
	GrantModeRefused Code = "grant_mode_refused"
	RingMismatch     Code = "ring_mismatch"
	OktaUnavailable  Code = "okta_unavailable"
	OktaUnreadable   Code = "okta_unreadable"
	OtherOrg         Code = "other_org"

	// batch: why one operation did not end well; Okta's own codes stand beside them in report.csv.
	Unsettled          Code = "unsettled"
	NoAnswer           Code = "no_answer"
	NoEntitlement      Code = "no_entitlement"
	NeedsFailed        Code = "needs_failed"
	NeedsOpen          Code = "needs_open"
	StaleUser          Code = "stale_user"
	ForeignEntitlement Code = "foreign_entitlement"

	// internal/intake/sheet
	WorkbookDamaged    Code = "workbook_damaged"    // a workbook that is cut, or whose parts contradict each other
	WorkbookKind       Code = "workbook_kind"       // a workbook of another kind than .xlsx, or with macros or a password
	WorkbookTooLarge   Code = "workbook_too_large"  // it would unpack to more than the limit
	UnknownSheet       Code = "unknown_sheet"       // no sheet of that name
	UncomputedFormulas Code = "uncomputed_formulas" // cells that hold a formula and no value
)
