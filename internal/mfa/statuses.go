package mfa

import "strings"

// CountedOnly reports whether an audit only counts people of a user status: they cannot sign in. DEPROVISIONED users are
// left out of audits altogether: Okta's API lists them in groups and searches, and not among all users.
func CountedOnly(status string) bool {
	switch status {
	case "STAGED", "PROVISIONED", "SUSPENDED":
		return true
	}
	return false
}

// countedInExports is CountedOnly for exports of the Admin Console, which list DEPROVISIONED users, too.
func countedInExports(status string) bool { return CountedOnly(status) || status == "DEPROVISIONED" }

// JudgedApart reports whether people of a user status are judged, and named apart: they can sign in again at any time.
func JudgedApart(status string) bool {
	return status == "PASSWORD_EXPIRED" || status == "LOCKED_OUT" || status == "RECOVERY"
}

// statusOf is Okta's name of a user status for the words of the Admin Console. Okta's help, "About user account status":
// a user whose activation is not complete is Pending user action, one whose password is being reset is Password reset,
// one who was deactivated is Deactivated.
func statusOf(shown string) string {
	switch word := squeeze(shown); word {
	case "pendinguseraction", "pendingactivation", "provisioned":
		return "PROVISIONED"
	case "deactivated", "inactive", "disabled", "deleted", "deprovisioned":
		return "DEPROVISIONED"
	case "passwordreset", "recovery":
		return "RECOVERY"
	case "passwordexpired":
		return "PASSWORD_EXPIRED"
	case "lockedout", "locked":
		return "LOCKED_OUT"
	case "suspended", "staged", "active":
		return strings.ToUpper(word)
	}
	return strings.ToUpper(shown)
}
