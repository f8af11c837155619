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
	modern   bool // the client asks its user itself, on a result that wants input
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
	c.modern = server.IsModernRequest(ctx)
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
	id := doubtsID
	if answer.PlanID != "" {
		id = questionID
	}
	answer.read(server.ElicitationResponse(req.Params.InputResponses, id))
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

// read takes the user's answer out of the client's. Without one the question ended in an error.
func (a *Answer) read(result *mcp.ElicitationResult) {
	if result == nil {
		a.take(wordError, nil)
		return
	}
	content, _ := result.Content.(map[string]any)
	a.take(string(result.Action), content)
}

// elicit turns a question into a result that wants input: a modern client asks its user and calls again.
func (c *Call) elicit(q *question) (*mcp.CallToolResult, error) {
	q.state.Tool, q.state.Argument = c.Tool, c.argument[:]
	q.state.Expires = time.Now().Add(answerWithin)
	state, err := c.deps.seal.close(q.state)
	if err != nil {
		return errorResult(err), nil
	}
	return server.NewInputRequestBuilder(state).Elicit(q.id, q.params()).ToolResult(), nil
}

// ask has a legacy client ask its user, and takes the answer. mcp-go would ask as well, but wait without end and turn a
// client's error into one of the protocol, which names no plan. An answer that comes later than ToolWait is dropped.
func (c *Call) ask(ctx context.Context, q *question) error {
	waiting, stop := context.WithTimeout(ctx, c.deps.ToolWait)
	defer stop()
	result, err := server.ServerFromContext(ctx).RequestElicitation(waiting, mcp.ElicitationRequest{
		Request: mcp.Request{Method: string(mcp.MethodElicitationCreate)},
		Params:  q.params(),
	})
	answer := q.state.unanswered()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && waiting.Err() != nil:
		answer.Word = wordSilence
	case err != nil:
		answer.Word = wordError
	default:
		answer.read(result)
	}
	c.Answer = answer
	return nil
}

func (q *question) params() mcp.ElicitationParams {
	return mcp.ElicitationParams{Message: q.message, RequestedSchema: q.schema}
}
