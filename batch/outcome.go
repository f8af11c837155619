package batch

import (
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
)

// Outcome is how one operation ended.
type Outcome string

// The outcomes. An operation without one was not attempted.
const (
	Created        Outcome = "created"         // Okta did it
	AlreadyPresent Outcome = "already_present" // it was so already, found by looking
	Failed         Outcome = "failed"          // Okta refused, or what it needs failed
	Unknown        Outcome = "unknown"         // the reply was lost and looking did not settle it
	NotAttempted   Outcome = "not_attempted"   // the run stopped before it was sent
)

// done reports whether the operation needs no further attempt.
func (o Outcome) done() bool { return o == Created || o == AlreadyPresent }

// Result is how one operation ended, with what Okta said.
type Result struct {
	Outcome Outcome `json:"outcome"`
	ID      string  `json:"id,omitempty"`      // what was made: gra…, esp…
	Code    string  `json:"code,omitempty"`    // Okta's error code, or a word of ours
	Error   string  `json:"error,omitempty"`   // one sentence
	Request string  `json:"request,omitempty"` // X-Okta-Request-Id of the last answer
}

// ours reports whether an operation was carried out by us and missed something when it was read back.
func (r Result) ours() bool {
	return r.Outcome == Failed && r.ID != "" &&
		(r.Code == string(trouble.AccessLost) || r.Code == string(trouble.Overwritten))
}

// rowState turns the outcome of the deciding operation into the state of a row.
func (k *kind) rowState(o Outcome) plan.State {
	switch o {
	case Created:
		return k.Done
	case AlreadyPresent:
		return k.Found
	case Failed:
		return plan.Failed
	case Unknown:
		return plan.Unknown
	default:
		return plan.NotAttempted
	}
}
