package tools

import (
	"context"
	"errors"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// Problem is a failure as a client sees it: a stable code, what happened, and the next step, with Okta's own code and
// request id when Okta caused it. Handlers return a trouble.Error, not this.
type Problem struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Next      string `json:"next_step"`
	OktaCode  string `json:"okta_error_code,omitempty"`
	RequestID string `json:"okta_request_id,omitempty"`
}

// Error returns the message and the next step, for clients that received a Problem.
func (p *Problem) Error() string { return p.Message + "; " + p.Next }

// Explain shows an error with the code and the next step that the layer which failed attached to it.
func Explain(err error) *Problem {
	e := classify(err)
	p := &Problem{
		Code:    string(e.Code),
		Message: shorten(e.What, untrusted.Whole),
		Next:    shorten(e.Next, untrusted.Whole),
	}
	var okta *oktaclient.Error
	if errors.As(err, &okta) {
		p.OktaCode, p.RequestID = okta.Code, okta.RequestID
	}
	return p
}

// classify finds the trouble in an error.
func classify(err error) *trouble.Error {
	if e := trouble.Find(err); e != nil {
		return e
	}
	var okta *oktaclient.Error
	if errors.As(err, &okta) {
		return &trouble.Error{Code: okta.TroubleCode(), What: err.Error(), Next: okta.Next()}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &trouble.Error{
			Code: trouble.Cancelled,
			What: "the call was cancelled",
			Next: "call again if it is still wanted; what was written is in the journal",
		}
	case errors.Is(err, context.DeadlineExceeded):
		return &trouble.Error{
			Code: trouble.TimedOut,
			What: "the call took too long",
			Next: "call again; a run goes on where it stopped",
		}
	default:
		return &trouble.Error{
			Code: trouble.Internal,
			What: err.Error(),
			Next: "see the server's log on stderr; nothing was written that the journal does not know of",
		}
	}
}

// shorten shows a sentence of ours that may quote text from outside.
func shorten(s string, w untrusted.Width) string { return untrusted.New(s).Show(w) }
