package audit

import (
	"fmt"

	"okta-entitlements-mcp/internal/trouble"
)

// What errors.Is finds, by code, in the errors of audits.
var (
	ErrBusy    error = &trouble.Error{Code: trouble.AuditBusy}
	ErrNoAudit error = &trouble.Error{Code: trouble.NoAudit}
	ErrNoGroup error = &trouble.Error{Code: trouble.GroupNotFound}
	ErrDamaged error = &trouble.Error{Code: trouble.ReadingsDamaged}
	ErrFailing error = &trouble.Error{Code: trouble.OktaUnavailable} // Okta answers, and no one's enrolments can be read
)

// noAudit says which audit is missing.
func noAudit(format string, args ...any) error {
	return &trouble.Error{
		Code: trouble.NoAudit,
		What: fmt.Sprintf(format, args...),
		Next: "okta_mfa_audit makes one; leave audit_id out for the latest",
	}
}

// noGroup says why the group of a request was not found.
func noGroup(format string, args ...any) error {
	return &trouble.Error{
		Code: trouble.GroupNotFound,
		What: fmt.Sprintf(format, args...),
		Next: "give its id (00g...) or its exact name",
	}
}
