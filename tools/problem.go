package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
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
		refusal *plan.Refusal
		refused *policy.Refused
		report  *trouble.Error
		copying *s3sync.Error
		okta    *oktaclient.Error
	)
	if audit := auditProblem(err); audit != nil {
		return audit
	}
	switch {
	case errors.As(err, &problem):
		copied := *problem
		return &copied
	case errors.As(err, &refusal):
		return &Problem{Code: refusal.Code, Message: refusal.Message, Next: refusal.Next}
	case errors.As(err, &refused):
		return &Problem{Code: "refused_by_policy", Message: fmt.Sprintf("rule %s: %s", refused.Verdict.Rule, refused.Verdict.Reason), Next: refused.Verdict.Next}
	case errors.As(err, &report):
		return &Problem{Code: string(report.Code), Message: report.What, Next: report.Next}
	case errors.As(err, &copying):
		return &Problem{Code: copying.Code, Message: copying.Msg, Next: copying.Next}
	case errors.Is(err, batch.ErrJournal):
		return &Problem{Code: "state_not_writable", Message: err.Error(),
			Next: "free space or make STATE_DIR writable, then apply the plan again: it goes on where the journal ends"}
	case errors.Is(err, batch.ErrBusy):
		return &Problem{Code: "run_busy", Message: "another process carries this plan out right now", Next: "follow it there, or wait until it has ended"}
	case errors.Is(err, batch.ErrDamaged):
		return &Problem{Code: "journal_damaged", Message: err.Error(), Next: "keep the run's folder for whoever looks into it, move it out of STATE_DIR/runs, and plan again: planning reads Okta afresh"}
	case errors.Is(err, plan.ErrStale):
		return &Problem{Code: "plan_stale", Message: err.Error(), Next: "call the tool again without plan_id"}
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
