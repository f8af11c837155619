package oktaclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// Sent says what a caller may believe about a request that ended in an error.
type Sent string

const (
	// NotSent: Okta certainly did not execute the request. It may be sent again.
	NotSent Sent = "not sent"
	// MaybeSent: the request left, and no trustworthy answer came back. Look before sending a write again.
	MaybeSent Sent = "maybe sent"
	// Answered: Okta answered, and its answer was a refusal. Nothing was executed.
	Answered Sent = "answered"
)

// Error is every failed call to Okta. It never holds request headers, bodies or credentials. Code, RequestID and
// NeedScope are clean.
type Error struct {
	Method    string
	Pattern   string // /governance/api/v1/grants, /api/v1/users/{id}
	Status    int    // 0 when no answer came
	Code      string // E0000007; an OAuth code such as invalid_client from the token endpoint
	Summary   untrusted.Text
	Causes    []untrusted.Text
	RequestID string // X-Okta-Request-Id
	NeedScope string // the OAuth scope that a 403 asked for
	Sent      Sent

	kind   error         // one of the sentinels below
	skew   time.Duration // Okta's time minus ours, when the refusal may come of it
	noHost bool          // no name server knows Okta's host
	cause  error         // why there is no answer; shown, and unwrapped only for the caller's own context
}

// kind is one of the kinds of *Error, with the code under which people meet it.
type kind struct {
	text string
	code trouble.Code
}

func (k *kind) Error() string { return k.text }

// The kinds of *Error, for errors.Is.
var (
	ErrBadRequest   error = &kind{"request refused by okta as invalid", trouble.OktaRefused}
	ErrNotFound     error = &kind{"not found in okta", trouble.NotFound}
	ErrUnauthorized error = &kind{"credential refused by okta", trouble.TokenRejected}
	ErrFeatureOff   error = &kind{"feature not enabled for this okta org", trouble.FeatureNotLicensed}
	ErrScope        error = &kind{"oauth scope missing", trouble.ScopeMissing}
	ErrForbidden    error = &kind{"not permitted for this credential", trouble.NotPermitted}
	ErrConflict     error = &kind{"conflict in okta", trouble.Conflict}
	ErrRateLimited  error = &kind{"okta rate limit exceeded", trouble.RateLimited}
	ErrUnavailable  error = &kind{"okta unavailable", trouble.OktaUnavailable}
	ErrBadAnswer    error = &kind{"unreadable answer", trouble.BadAnswer}
	ErrCertificate  error = &kind{"certificate not trusted", trouble.CertificateRefused}
	ErrForeignHost  error = &kind{"host is not the configured okta host", trouble.OktaError}
	ErrBadArgument  error = &kind{"argument refused before sending", trouble.InvalidArgument}
	ErrNoSubject    error = &kind{"credential has no user behind it", trouble.NoSubject}
)

// TroubleCode is the stable code of the failure for people and scripts. Okta's own code is Code.
func (e *Error) TroubleCode() trouble.Code {
	var k *kind
	if errors.As(e.kind, &k) {
		return k.code
	}
	return trouble.OktaError
}

// Error describes the failure on one line. Text that came from Okta is quoted.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Method != "" {
		fmt.Fprintf(&b, "%s %s: ", e.Method, e.Pattern)
	}
	switch {
	case e.Status != 0:
		fmt.Fprintf(&b, "%d", e.Status)
		if e.Code != "" {
			fmt.Fprintf(&b, " %s", e.Code)
		}
		if !e.Summary.IsZero() {
			fmt.Fprintf(&b, " %q", e.Summary)
		}
		for _, c := range e.Causes {
			fmt.Fprintf(&b, ", cause %q", c)
		}
		if e.NeedScope != "" {
			fmt.Fprintf(&b, ", needs scope %q", e.NeedScope)
		}
		if e.cause != nil {
			fmt.Fprintf(&b, ", %s", clean(e.cause.Error()))
		}
	case e.cause != nil:
		b.WriteString(clean(e.cause.Error()))
	default:
		b.WriteString("no answer")
	}
	if e.skew != 0 {
		b.WriteString("; " + clockDifference(e.skew))
	}
	if e.Sent == MaybeSent && e.write() {
		b.WriteString("; okta may have executed it")
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// Is makes errors.Is(err, ErrNotFound) and its like work.
func (e *Error) Is(target error) bool { return e.kind != nil && target == e.kind }

// Unwrap gives the caller's own cancellation or deadline, and nothing else: the Okta SDK sends a request again,
// without bound, when an error chain holds io.EOF, which after a lost reply would repeat a write.
func (e *Error) Unwrap() error {
	for _, own := range []error{context.Canceled, context.DeadlineExceeded} {
		if e.cause != nil && errors.Is(e.cause, own) {
			return own
		}
	}
	return nil
}

func (e *Error) write() bool {
	return e.Method != "" && e.Method != http.MethodGet && e.Method != http.MethodHead
}

// MayHaveHappened reports whether err leaves open that a write was executed: a lost reply, a 5xx, a timeout after
// sending. The caller must look in Okta before sending it again.
func MayHaveHappened(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Sent == MaybeSent && e.write()
}

// argument builds the error for something that was refused before any request was made.
func argument(method, pattern, format string, args ...any) *Error {
	return &Error{Method: method, Pattern: pattern, Sent: NotSent, kind: ErrBadArgument, cause: fmt.Errorf(format, args...)}
}

// clean is for codes, ids and errors that hold text from outside.
func clean(s string) string { return untrusted.New(s).Show(untrusted.Long) }
