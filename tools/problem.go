package tools

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
	"okta-entitlements-mcp/s3sync"
)

// Problem is a failure as a client sees it: a stable code, what happened, and the next step.
type Problem struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Next      string `json:"next_step"`
	OktaCode  string `json:"okta_error_code,omitempty"`
	RequestID string `json:"okta_request_id,omitempty"`
}

// Error returns the message and the next step.
func (p *Problem) Error() string { return p.Message + "; " + p.Next }

// errorResult is a tool error. It has no structured content: clients hold that against the output schema even when the call failed.
func errorResult(err error) *mcp.CallToolResult {
	text, _ := json.Marshal(map[string]*Problem{"error": Explain(err)}) // strings always encode
	return mcp.NewToolResultError(string(text))
}

// Explain finds the code and the next step that the layer which failed attached to its error.
func Explain(err error) *Problem {
	p := classify(err)
	p.Message, p.Next = untrusted.Clean(p.Message, 1500), untrusted.Clean(p.Next, 600)
	return p
}

func classify(err error) *Problem {
	var (
		problem *Problem
		report  *intake.Error
		copying *s3sync.Error
		okta    *oktaclient.Error
	)
	if audit := auditProblem(err); audit != nil {
		return audit
	}
	known := trouble.Find(err)
	switch {
	case known != nil:
		return &Problem{Code: string(known.Code), Message: known.What, Next: known.Next}
	case errors.As(err, &problem):
		copied := *problem
		return &copied
	case errors.As(err, &report):
		return &Problem{Code: report.Code, Message: report.Msg, Next: report.Next}
	case errors.As(err, &copying):
		return &Problem{Code: copying.Code, Message: copying.Msg, Next: copying.Next}
	case errors.As(err, &okta):
		return &Problem{Code: oktaCode(okta), Message: err.Error(), Next: okta.Next(), OktaCode: okta.Code, RequestID: okta.RequestID}
	case errors.Is(err, context.Canceled):
		return &Problem{Code: "cancelled", Message: "the call was cancelled", Next: "call again if it is still wanted; what was written is in the journal"}
	case errors.Is(err, context.DeadlineExceeded):
		return &Problem{Code: "timed_out", Message: "the call took too long", Next: "call again; a run goes on where it stopped"}
	default:
		return &Problem{Code: "internal", Message: err.Error(), Next: "see the server's log on stderr; nothing was written that the journal does not know of"}
	}
}

// oktaCode gives Okta's failures stable words of ours; Okta's own codes stand beside them.
func oktaCode(err *oktaclient.Error) string {
	kinds := []struct {
		kind error
		code string
	}{
		{oktaclient.ErrUnauthorized, "token_rejected"}, {oktaclient.ErrFeatureOff, "feature_not_licensed"}, {oktaclient.ErrScope, "scope_missing"},
		{oktaclient.ErrForbidden, "not_permitted"}, {oktaclient.ErrNotFound, "not_found"}, {oktaclient.ErrRateLimited, "rate_limited"},
		{oktaclient.ErrUnavailable, "okta_unavailable"}, {oktaclient.ErrBadAnswer, "bad_answer"}, {oktaclient.ErrConflict, "conflict"},
		{oktaclient.ErrBadArgument, "invalid_argument"}, {oktaclient.ErrNoSubject, "no_subject"}, {oktaclient.ErrBadRequest, "okta_refused"},
	}
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return k.code
		}
	}
	return "okta_error"
}

// Failure is a tool error for middleware.
func Failure(code, message, next string) *mcp.CallToolResult {
	return errorResult(&Problem{Code: code, Message: message, Next: next})
}

func shorten(s string, max int) string { return untrusted.Clean(s, max) }
