package oktaclient

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"okta-entitlements-mcp/internal/untrusted"
)

// Okta's error codes that this program tells apart. Okta API: only the code and the HTTP status are stable, the
// summary's wording may change.
const (
	CodeValidation    = "E0000001" // 400: body or parameter validation
	CodeBadBody       = "E0000003" // 400: the request body is not well formed
	CodeAuthFailed    = "E0000004" // 401: authentication failed
	CodeNoPermission  = "E0000006" // 403: the credential's admin role does not reach this
	CodeNotFound      = "E0000007" // 404: no such object, or entitlement management is off for the app
	CodeReadOnly      = "E0000010" // 503: the org is in read-only mode
	CodeInvalidToken  = "E0000011" // 401: token unknown, revoked or expired
	CodeFeatureOff    = "E0000015" // 401: the org is not licensed for this; looks like a bad credential and is not
	CodeInvalidFilter = "E0000029" // 400: governance filter refused
	CodeBadSearch     = "E0000031" // 400: search expression refused
	CodeRateLimit     = "E0000047" // 429: either kind
	CodeAssigned      = "E0000062" // 409: the user is assigned to the app already
	CodeInactiveUser  = "E0000117" // 403: an inactive user cannot be assigned to an app
	CodeLocked        = "E0000155" // 423: object locked by another change
	CodeConflict      = "E0000157" // 409: conflicting change
)

// errorBody is both of Okta's error shapes: management and governance APIs on one side, OAuth endpoints on the other.
type errorBody struct {
	Code    string `json:"errorCode"`
	Summary string `json:"errorSummary"`
	Causes  []struct {
		Summary string `json:"errorSummary"`
		Reason  string `json:"reason"`
	} `json:"errorCauses"`
	OAuthCode string `json:"error"`
	OAuthText string `json:"error_description"`
}

const maxCauses = 5

// refusal turns an answer outside 2xx into an *Error.
func refusal(method, pattern string, status int, h http.Header, body []byte) *Error {
	e := &Error{Method: method, Pattern: pattern, Status: status, Sent: Answered, RequestID: clean(h.Get("X-Okta-Request-Id"))}
	var b errorBody
	if json.Unmarshal(body, &b) == nil {
		e.Code, e.Summary = clean(b.Code), untrusted.New(b.Summary)
		if e.Code == "" {
			e.Code, e.Summary = clean(b.OAuthCode), untrusted.New(b.OAuthText)
		}
		for _, c := range b.Causes {
			if len(e.Causes) == maxCauses {
				break
			}
			text := c.Summary
			if c.Reason != "" {
				text = strings.TrimSpace(c.Reason + " " + text)
			}
			e.Causes = append(e.Causes, untrusted.New(text))
		}
	} else if len(body) > 0 {
		e.Summary = untrusted.New("the answer is not JSON")
	}
	// A 5xx page may be that of Okta's own edge: it is an outage, whoever wrote the page. A 429 is a matter of rate.
	if webPage(h, body) && !fromOkta(h) && status < 500 && status != http.StatusTooManyRequests {
		e.Summary, e.Sent, e.kind = untrusted.Text{}, MaybeSent, ErrBadAnswer
		e.cause = errors.New(foreignPage(body))
		return e
	}
	if status == http.StatusForbidden && len(strings.TrimSpace(string(body))) == 0 {
		// Okta API: a missing OAuth scope is a 403 with an empty body; the scope is in WWW-Authenticate.
		c := challenge(h.Values("Www-Authenticate"))
		if c["error"] == "insufficient_scope" || c["scope"] != "" {
			e.NeedScope, e.Summary = clean(c["scope"]), untrusted.New(c["error_description"])
			e.kind = ErrScope
		}
	}
	if e.kind == nil {
		e.kind = kindOf(status, e.Code)
	}
	if status >= 500 {
		e.Sent = MaybeSent // Okta may have acted before it failed
	}
	return e
}

func kindOf(status int, code string) error {
	switch {
	case status == http.StatusUnauthorized && code == CodeFeatureOff:
		return ErrFeatureOff
	case code == "invalid_client" || code == "unauthorized_client" || code == "invalid_dpop_proof":
		return ErrUnauthorized
	case code == "invalid_scope" || code == "consent_required":
		return ErrScope
	case status == http.StatusUnauthorized:
		return ErrUnauthorized
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusConflict || status == http.StatusLocked || status == http.StatusPreconditionFailed:
		return ErrConflict
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= 500:
		return ErrUnavailable
	case status >= 300 && status < 400:
		return ErrBadAnswer
	default:
		return ErrBadRequest
	}
}

// Next is the next step for a person, an imperative in lower case without a full stop and without Okta's own wording.
func (e *Error) Next() string {
	switch {
	case e.Unwrap() != nil:
		return "run it again when ready: the call was cancelled or ran out of time"
	case e.Code == CodeInactiveUser:
		return "activate the user in Okta, or leave them out"
	case e.Code == "invalid_scope" || e.Code == "consent_required":
		return "have a super admin grant the configured scopes to the service app (Okta API Scopes tab), " +
			"or take them out of OKTA_SCOPES"
	case e.skew != 0:
		return "set this machine's clock right, by time synchronisation, then run it again"
	case e.Code == "invalid_client" && aboutTime(e.Summary.Show(untrusted.Paragraph)):
		return "check this machine's clock, which signs the request; Okta's answer had no Date to compare it with"
	case e.Code == "invalid_client":
		return "check OKTA_CLIENT_ID, OKTA_KEY_ID and the private key against the service app's public keys in Okta"
	}
	switch e.kind {
	case ErrBadArgument:
		return "correct the argument; nothing was sent to Okta"
	case ErrNotFound:
		return "check the id; for entitlements, also check that entitlement management is enabled on the app (emOptInStatus)"
	case ErrUnauthorized:
		return "make a new API token (OKTA_API_TOKEN), or check the service app's key, and restart: the credential was refused"
	case ErrFeatureOff:
		return "ask the Okta account team: the org is not licensed for this feature (Okta Identity Governance); " +
			"the credential itself is fine"
	case ErrScope:
		if e.NeedScope != "" {
			return "grant the OAuth scope " + e.NeedScope + " to the service app and add it to OKTA_SCOPES"
		}
		return "grant the missing OAuth scope to the service app and add it to OKTA_SCOPES"
	case ErrForbidden:
		return "give the credential's admin a role that covers this resource"
	case ErrConflict:
		return "read the object again, then decide: another change is under way in Okta"
	case ErrRateLimited:
		return "wait a minute; something else uses up this rate limit (okta_get_rate_status shows it)"
	case ErrUnavailable:
		if e.Sent == MaybeSent && e.write() {
			return "look in Okta whether the change is there before sending it again"
		}
		if e.noHost {
			return "check OKTA_DOMAIN for a misspelling, then the network: no name server knows this host"
		}
		return "check the network and status.okta.com, then run it again: Okta could not be reached or failed"
	case ErrBadAnswer:
		return "check OKTA_DOMAIN and any proxy in between: the answer did not come from Okta's API"
	case ErrCertificate:
		return "if a proxy of your company is in between, write its certificate authority as PEM into OKTA_CA_FILE; " +
			"otherwise check OKTA_DOMAIN and this machine's clock"
	case ErrForeignHost:
		return "check OKTA_DOMAIN: credentials are sent to that host only"
	case ErrNoSubject:
		return "do nothing: a service app has no user behind it"
	case ErrBadRequest:
		return "correct what Okta's causes name, then run it again"
	}
	return "run it again; if it stays, quote the request id to Okta support"
}

// aboutTime reports whether an OAuth refusal speaks of the times in what we signed. Okta has no code of its own for it:
// "The client_assertion token has an expiration too far into the future.", "The client_assertion token is expired."
func aboutTime(text string) bool {
	text = strings.ToLower(text)
	for _, word := range []string{"expired", "expiration", "future", "issued at", "'iat'", "'exp'"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// challenge reads the parameters of WWW-Authenticate headers, names in lower case. Of a repeated name the first counts.
func challenge(lines []string) map[string]string {
	out := map[string]string{}
	for _, line := range lines {
		for rest := line; rest != ""; {
			name, value, after := parameter(rest)
			rest = after
			if name == "" {
				continue
			}
			if _, seen := out[name]; !seen {
				out[name] = value
			}
		}
	}
	return out
}

// parameter takes one name=value or name="value" off the front of s. It always shortens s; the name is empty when
// what it took was no parameter (a scheme name, a stray comma).
func parameter(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, " \t,;")
	i := strings.IndexAny(s, "= \t,;")
	if i < 0 {
		return "", "", ""
	}
	if s[i] != '=' {
		return "", "", s[i+1:]
	}
	name, s = strings.ToLower(s[:i]), s[i+1:]
	if !strings.HasPrefix(s, `"`) {
		if j := strings.IndexAny(s, " \t,;"); j >= 0 {
			return name, s[:j], s[j+1:]
		}
		return name, s, ""
	}
	var b strings.Builder
	for j := 1; j < len(s); j++ {
		switch {
		case s[j] == '\\' && j+1 < len(s):
			j++
			b.WriteByte(s[j])
		case s[j] == '"':
			return name, b.String(), s[j+1:]
		default:
			b.WriteByte(s[j])
		}
	}
	return name, b.String(), ""
}
