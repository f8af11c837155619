package oktasim

import "net/http"

// errorCode is Okta's stable name of an error.
type errorCode string

// The codes that the tenant answers with, with Okta's meaning.
const (
	codeValidation    errorCode = "E0000001" // 400 body or parameter validation
	codeIllegal       errorCode = "E0000002" // 400 illegal argument
	codeMalformed     errorCode = "E0000003" // 400 malformed JSON body
	codeAuthFailed    errorCode = "E0000004" // 401
	codeNoPermission  errorCode = "E0000006" // 403 admin role too small
	codeNotFound      errorCode = "E0000007" // 404
	codeUnknownPath   errorCode = "E0000008" // 404
	codeServer        errorCode = "E0000009" // 500
	codeReadOnly      errorCode = "E0000010" // 503
	codeInvalidToken  errorCode = "E0000011" // 401
	codeFeatureOff    errorCode = "E0000015" // 401 feature not enabled
	codeAlreadyActive errorCode = "E0000016" // 403
	codeWrongMethod   errorCode = "E0000022" // 405
	codeRequired      errorCode = "E0000028" // 400 required parameter missing
	codePaging        errorCode = "E0000029" // 400 invalid paging or governance filter
	codeBadDate       errorCode = "E0000030" // 400
	codeBadSearch     errorCode = "E0000031" // 400 bad search criteria
	codeTypeMismatch  errorCode = "E0000037" // 400
	codeUserStatus    errorCode = "E0000038" // 403 not allowed in the user's current status
	codeRateLimit     errorCode = "E0000047" // 429
	codeBadFilter     errorCode = "E0000053" // 400 invalid SCIM filter
	codeAssigned      errorCode = "E0000062" // 409
	codeCombination   errorCode = "E0000063" // 400 invalid combination of parameters
	codeTooComplex    errorCode = "E0000094" // 400
	codeUserInactive  errorCode = "E0000117" // 403 inactive user cannot be assigned
	codeStillUsed     errorCode = "E0000148" // 403 authenticator still used by a policy
	codeGovConflict   errorCode = "E0000169" // 409 governance status conflict
	codeReordering    errorCode = "E0000239" // 423 policy priorities being reconciled
)

// cause is one entry of errorCauses. Governance adds the fields after the first.
type cause struct {
	ErrorSummary string `json:"errorSummary"`
	Domain       string `json:"domain,omitempty"`
	Reason       string `json:"reason,omitempty"`
	Location     string `json:"location,omitempty"`
	LocationType string `json:"locationType,omitempty"`
}

// errorBody is the body of every error outside the OAuth endpoints.
type errorBody struct {
	ErrorCode    errorCode `json:"errorCode"`
	ErrorSummary string    `json:"errorSummary"`
	ErrorLink    errorCode `json:"errorLink"`
	ErrorID      string    `json:"errorId"`
	ErrorCauses  []cause   `json:"errorCauses"`
}

// fail answers with Okta's error body. Call with t.mu held, as every handler is.
func (c *call) fail(status int, code errorCode, summary string, causes ...cause) {
	if causes == nil {
		causes = []cause{}
	}
	c.reply(status, errorBody{code, summary, code, c.t.newID("oae"), causes})
}

// notFound answers 404 in the words that Okta was seen to use. kind is the type's name: User, App, Group.
func (c *call) notFound(id, kind string) {
	c.fail(http.StatusNotFound, codeNotFound, "Not found: Resource not found: "+id+" ("+kind+")")
}

// invalid answers 400 E0000001 about a field or object, with one cause per problem.
func (c *call) invalid(what string, problems ...string) {
	causes := make([]cause, len(problems))
	for i, p := range problems {
		causes[i] = cause{ErrorSummary: p}
	}
	c.fail(http.StatusBadRequest, codeValidation, "Api validation failed: "+what, causes...)
}
