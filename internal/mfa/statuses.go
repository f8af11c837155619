package mfa

// CountedOnly reports whether an audit only counts people of a user status: they cannot sign in. Okta's DEPROVISIONED
// users are not even listed.
func CountedOnly(status string) bool {
	return status == "STAGED" || status == "PROVISIONED" || status == "SUSPENDED"
}

// JudgedApart reports whether people of a user status are judged, and named apart: they can sign in again at any time.
func JudgedApart(status string) bool {
	return status == "PASSWORD_EXPIRED" || status == "LOCKED_OUT" || status == "RECOVERY"
}
