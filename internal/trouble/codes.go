package trouble

// The codes, by the package that raises them first. Add a code here and its row to the README.
const (
	// server: the MCP surface.
	TrailDamaged     Code = "trail_damaged"      // a line of the trail is not as it was written: nothing is written upon it
	StateNotPrivate  Code = "state_not_private"  // others may write plans, runs or trail
	TrailNotWritable Code = "trail_not_writable" // the call is not recorded, so it is not done
	TooManyCalls     Code = "too_many_calls"     // so many wait for their answer that no more are taken
	Internal         Code = "internal"           // a mistake of this program
	TimedOut         Code = "timed_out"

	// tools: arguments that cannot be used.
	ArgumentsMalformed   Code = "arguments_malformed"
	UnknownArgument      Code = "unknown_argument"
	MissingArgument      Code = "missing_argument"
	InvalidArgument      Code = "invalid_argument" // also what Okta would refuse, found before it is sent
	ConflictingArguments Code = "conflicting_arguments"
	WrongType            Code = "wrong_type"
	WrongValue           Code = "wrong_value"
	WrongCount           Code = "wrong_count"
	WrongLimit           Code = "wrong_limit"
	WrongTime            Code = "wrong_time"
	WrongCursor          Code = "wrong_cursor"
	CursorUnknown        Code = "cursor_unknown"
	Ambiguous            Code = "ambiguous"

	// tools: what was asked for cannot be done as it is.
	AnswerTooLarge      Code = "answer_too_large"
	JobNotRunning       Code = "job_not_running"
	NoEntitlementColumn Code = "no_entitlement_column"
	NotConfigured       Code = "not_configured"
	PlanOfOtherApp      Code = "plan_of_other_app"
	PlanOfOtherFile     Code = "plan_of_other_file"
	PlanOfOtherTool     Code = "plan_of_other_tool"
	EmptyList           Code = "empty_list"    // a check of the connection found nothing to read
	QuestionVoid        Code = "question_void" // the answer of the user is late, or belongs to another question
	FileChanged         Code = "file_changed"

	// internal/audit and what it reads.
	AuditBusy          Code = "audit_busy"       // another audit is under way, in this process or another
	NoAudit            Code = "no_audit"         // none with this id, none that has ended, or its findings are gone
	GroupNotFound      Code = "group_not_found"  // no group by that id or exact name, or several
	ReadingsDamaged    Code = "readings_damaged" // a file of readings is not what was written
	AuditTooCoarse     Code = "audit_too_coarse" // the latest audit is of an export, which names no reasons
	AuditWhatIf        Code = "audit_what_if"    // it was asked for under a looser policy than the operator's, and is not delivered
	BaselineUnreadable Code = "baseline_unreadable"
	PolicyRefused      Code = "policy_refused" // the audit policy

	// oktaclient: what Okta answered, in words of ours.
	FeatureNotLicensed Code = "feature_not_licensed"
	NotPermitted       Code = "not_permitted"
	ClockDiffers       Code = "clock_differs"           // this machine's clock is a minute or more from Okta's
	CertificateRefused Code = "certificate_not_trusted" // the host's certificate; no waiting helps
	NotFound           Code = "not_found"
	RateLimited        Code = "rate_limited"
	BadAnswer          Code = "bad_answer"
	Conflict           Code = "conflict"
	NoSubject          Code = "no_subject"
	OktaRefused        Code = "okta_refused"
	OktaError          Code = "okta_error"

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
	PlanFormat                    Code = "plan_format" // another version of the program made the plan
	PlanStale                     Code = "plan_stale"
	PlanDeclined                  Code = "plan_declined" // its user was asked and did not confirm it

	// internal/plan: what a person should read before confirming.
	MatchedLoosely     Code = "matched_loosely"
	SpellingsFolded    Code = "spellings_folded"
	OverLong           Code = "over_long"
	LaterDenied        Code = "later_denied"
	InvisibleTwins     Code = "invisible_twins" // names that are one for everyone who reads them
	InvisibleCharacter Code = "invisible_character"
	ExpiringAccess     Code = "expiring_access"
	UnresolvedValues   Code = "unresolved_values"
	UnknownUsers       Code = "unknown_users"
	WouldStrip         Code = "would_strip"
	DenyGrants         Code = "deny_grants"
	Kept               Code = "kept"
	AssignmentsStay    Code = "assignments_stay"

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
	AccessLost         Code = "access_lost" // also why a run ends: someone lacks what they had before it
	Overwritten        Code = "overwritten" // also why a run ends: what it granted is gone when it is read back
	ForeignEntitlement Code = "foreign_entitlement"

	// internal/intake
	FileNotFound    Code = "file_not_found"
	NotReadable     Code = "not_readable"     // a file that is there, but is not a regular file, or the system refuses or breaks off the read
	OutsideInbox    Code = "outside_inbox"    // a name that leads out of the inbox, or to a hidden place
	BadCursor       Code = "bad_cursor"       // not a cursor of this program
	EmptyFile       Code = "empty_file"       // no bytes, or only blank lines
	HeaderOnly      Code = "header_only"      // a header and no data record
	BinaryFile      Code = "binary_file"      // an archive or other binary data
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
	UnusableAnswer  Code = "unusable_answer"  // an answer that cannot be
	ReadingInDoubt  Code = "reading_in_doubt" // the reading of a report is in doubt, and nothing is planned from it

	// internal/mapping
	MappingDamaged  Code = "mapping_damaged"   // a mapping file that was edited wrongly
	MappingFormat   Code = "mapping_format"    // a mapping file of a version that is not known
	MappingNotFound Code = "mapping_not_found" // no mapping of that name
	MappingExists   Code = "mapping_exists"    // a mapping of that name is there already

	// internal/intake/sheet
	WorkbookDamaged    Code = "workbook_damaged"    // a workbook that is cut, or whose parts contradict each other
	WorkbookKind       Code = "workbook_kind"       // a workbook of another kind than .xlsx, or with macros or a password
	WorkbookTooLarge   Code = "workbook_too_large"  // it would unpack to more than the limit
	UnknownSheet       Code = "unknown_sheet"       // no sheet of that name
	UncomputedFormulas Code = "uncomputed_formulas" // cells that hold a formula and no value

	// internal/notify: what is kept of tickets and messages cannot be read.
	LedgerDamaged   Code = "ledger_damaged"   // of issues in Jira
	MessagesDamaged Code = "messages_damaged" // of who got a message when

	// s3sync: the bucket as a whole, or the files that are kept of it.
	S3Inbox            Code = "s3_inbox"
	S3Configuration    Code = "s3_configuration"
	S3NoRegion         Code = "s3_no_region"
	S3NoCredentials    Code = "s3_no_credentials"
	S3NoSuchBucket     Code = "s3_no_such_bucket"
	S3AccessDenied     Code = "s3_access_denied"
	S3BadCredentials   Code = "s3_bad_credentials"
	S3WrongRegion      Code = "s3_wrong_region"
	S3Clock            Code = "s3_clock"
	S3Unavailable      Code = "s3_unavailable"
	S3StateDamaged     Code = "s3_state_damaged"
	S3SyncRunning      Code = "s3_sync_running"
	S3TooManyObjects   Code = "s3_too_many_objects"
	S3Disabled         Code = "s3_disabled"
	S3PrefixNotAllowed Code = "s3_prefix_not_allowed"
)
