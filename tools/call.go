package tools

import (
	"context"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"okta-entitlements-mcp/internal/untrusted"
)

// Call is one request to one tool.
type Call struct {
	Tool   string
	Client string // the client's name and version as it says itself, for the trail; untrusted
	Answer *Answer

	token    mcp.ProgressToken
	canAsk   bool
	deps     *Deps
	argument [32]byte // digest of the arguments, to which an answer is bound
	lastSent time.Time
	last     float64
	notes    []error // what went wrong beside the plan
}

func newCall(ctx context.Context, d *Deps, tool string, req mcp.CallToolRequest) (*Call, error) {
	c := &Call{Tool: tool, deps: d, argument: digestArguments(req.GetArguments())}
	if req.Params.Meta != nil {
		c.token = req.Params.Meta.ProgressToken
	}
	_, capabilities := clientOf(ctx)
	c.Client = ClientName(ctx)
	// A client that names no mode has forms; one that names only another mode has none.
	e := capabilities.Elicitation
	c.canAsk = e != nil && (e.Form != nil || e.URL == nil)
	if req.Params.RequestState == "" {
		return c, nil
	}
	answer, err := d.seal.open(req.Params.RequestState, tool, c.argument, time.Now())
	if err != nil {
		return nil, err
	}
	if answer.PlanID != "" {
		answer.confirm(answer.read(req.Params.InputResponses, questionID))
	} else {
		answer.settle(answer.read(req.Params.InputResponses, doubtsID))
	}
	c.Answer = answer
	return c, nil
}

// ClientName is the client's name and version as it says itself: untrusted, cleaned and cut.
func ClientName(ctx context.Context) string {
	info, _ := clientOf(ctx)
	return untrusted.New(strings.TrimSpace(info.Name + " " + info.Version)).Show(untrusted.Name)
}

// clientOf returns what the client says of itself, in whichever era it speaks.
func clientOf(ctx context.Context) (mcp.Implementation, mcp.ClientCapabilities) {
	var info mcp.Implementation
	var capabilities mcp.ClientCapabilities
	if request := server.RequestProtocolInfoFromContext(ctx); request != nil && request.Modern {
		if request.ClientInfo != nil {
			info = *request.ClientInfo
		}
		if request.ClientCapabilities != nil {
			capabilities = *request.ClientCapabilities
		}
		return info, capabilities
	}
	if session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo); ok {
		return session.GetClientInfo(), session.GetClientCapabilities()
	}
	return info, capabilities
}

// Progress messages are spaced: clients redraw for each, and mcp-go's channel of notifications is short.
const progressEvery = 250 * time.Millisecond

// quietGap lets the last progress message arrive before the result. mcp-go writes results past its queue of
// notifications, and TypeScript clients drop a message that comes in the same chunk as the result.
const quietGap = 5 * time.Millisecond

// Progress tells the client how far the call is, if it asked for that. The value must grow; others are dropped.
func (c *Call) Progress(ctx context.Context, done, total float64, message string) {
	if c.token == nil || done <= c.last || time.Since(c.lastSent) < progressEvery {
		return
	}
	s := server.ServerFromContext(ctx)
	if s == nil {
		return
	}
	params := map[string]any{"progressToken": c.token, "progress": done, "total": total, "message": message}
	if err := s.SendNotificationToClient(ctx, "notifications/progress", params); err == nil {
		c.last, c.lastSent = done, time.Now()
	}
}

func (c *Call) quiet(ctx context.Context) {
	if c.lastSent.IsZero() {
		return
	}
	timer := time.NewTimer(max(0, quietGap-time.Since(c.lastSent)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// read takes the user's answer out of the client's and returns the fields of the form.
func (a *Answer) read(responses mcp.InputResponses, id string) map[string]any {
	response := server.ElicitationResponse(responses, id)
	if response == nil {
		a.Word = wordCancel
		return nil
	}
	a.Word = string(response.Action)
	content, _ := response.Content.(map[string]any)
	return content
}

// elicit turns a question into the form of the protocol's era: mcp-go answers modern clients with an input request and
// asks legacy ones itself.
func (c *Call) elicit(q *question) (*mcp.CallToolResult, error) {
	q.state.Tool, q.state.Argument = c.Tool, c.argument[:]
	q.state.Expires = time.Now().Add(answerWithin)
	state, err := c.deps.seal.close(q.state)
	if err != nil {
		return errorResult(err), nil
	}
	return server.NewInputRequestBuilder(state).Elicit(q.id, mcp.ElicitationParams{
		Message:         q.message,
		RequestedSchema: q.schema,
	}).ToolResult(), nil
}
