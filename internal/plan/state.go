package plan

// State is how far a row is, or how it ended: one word from a fixed list. The states of all rows add up to the rows of the file.
type State string

// The states of a row. Planned is the only one that an execution turns into another.
const (
	Planned         State = "planned"          // waits for its operation
	Granted         State = "granted"          // Okta made the grant
	Assigned        State = "assigned"         // Okta made the assignment (plans that only assign)
	AlreadyGranted  State = "already_granted"  // the user had all of it
	DeniedAccess    State = "denied_access"    // the report says denied or removed
	ExpiredAccess   State = "expired_access"   // the last day of the access has passed
	NotYetValid     State = "not_yet_valid"    // the first day of the access is to come
	NotSelected     State = "not_selected"     // the caller chose other rows of the report
	NoEntitlement   State = "no_entitlement"   // the row names no entitlement value
	BadRow          State = "bad_row"          // the row cannot be read or names no one
	UnknownUser     State = "unknown_user"     // no such user in Okta
	AmbiguousUser   State = "ambiguous_user"   // more than one user in Okta answers to the name
	InactiveUser    State = "inactive_user"    // the user exists and is not active
	UnresolvedValue State = "unresolved_value" // an entitlement value that the application does not have
	WouldStrip      State = "would_strip"      // granting would take something else away
	Blocked         State = "blocked"          // policy or a DENY grant that is in force forbids it
	Failed          State = "failed"           // Okta refused
	Unknown         State = "unknown"          // a lost reply that could not be settled
	NotAttempted    State = "not_attempted"    // the run stopped before it
	Revoked         State = "revoked"          // undo took it back
	Kept            State = "kept"             // undo left it: it came from elsewhere too, or is gone already
)

// States lists all states in the order in which counts of them are shown.
func States() []State {
	return []State{Planned, Granted, Assigned, AlreadyGranted, DeniedAccess, ExpiredAccess, NotYetValid, NotSelected,
		NoEntitlement, BadRow, UnknownUser, AmbiguousUser,
		InactiveUser, UnresolvedValue, WouldStrip, Blocked, Failed, Unknown, NotAttempted, Revoked, Kept}
}

// Unfinished reports whether a row in this state keeps its report in the inbox.
func (s State) Unfinished() bool {
	switch s {
	case Planned, Failed, Unknown, NotAttempted:
		return true
	default:
		return false
	}
}

// Explain says in one sentence what a state means and what to do about it.
func (s State) Explain() string {
	switch s {
	case Planned:
		return "Waits for confirmation."
	case Granted:
		return "Okta made the grant."
	case Assigned:
		return "Okta assigned the user to the application."
	case AlreadyGranted:
		return "The user already has all of it; nothing to do."
	case DeniedAccess:
		return "The report says that this access was denied or removed; an import never grants it."
	case ExpiredAccess:
		return "The last day of this access has passed; an import never grants it."
	case NotYetValid:
		return "The first day of this access is to come; plan again on that day."
	case NotSelected:
		return "The row is not among those that were chosen; plan its own application with it."
	case NoEntitlement:
		return "The row names no entitlement value; nothing to do."
	case BadRow:
		return "The row cannot be used; fix the file (validate_csv_preflight names the problem) and plan again."
	case UnknownUser:
		return "Okta has no such user; create the user or correct the e-mail, then plan again."
	case AmbiguousUser:
		return "More than one Okta user answers to this e-mail; make login or e-mail unique, then plan again."
	case InactiveUser:
		return "The Okta user is not active; activate the user, then plan again."
	case UnresolvedValue:
		return "The application has no such entitlement value; run prepare_entitlement_structure, then plan again."
	case WouldStrip:
		return "Granting would take other access away from this user; settle it by hand in Okta."
	case Blocked:
		return "A policy or a DENY grant in force forbids it."
	case Failed:
		return "Okta refused; the error says why. Apply the plan again once it is fixed."
	case Unknown:
		return "The reply was lost and the outcome could not be settled; apply the plan again to look once more."
	case NotAttempted:
		return "The run stopped before it; apply the plan again to go on."
	case Revoked:
		return "The access that the run had added was taken back."
	case Kept:
		return "Left as it is: the access came from elsewhere as well, or is gone already."
	default:
		return ""
	}
}
