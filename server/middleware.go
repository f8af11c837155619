package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/tools"
)

// recorded writes an entry into the trail before a call and one after it. A call that cannot be recorded is refused:
// what leaves no trace is not done.
func recorded(opts Options) mcpserver.ToolHandlerMiddleware {
	return func(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
		return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			entry := trail.Entry{
				Actor:     opts.Actor,
				Client:    tools.ClientName(ctx),
				Tool:      req.Params.Name,
				Step:      "call",
				Arguments: opts.Trail.Reduce(req.GetArguments()),
			}
			if _, err := opts.Trail.Append(ctx, entry); err != nil {
				opts.Log.Error("trail cannot be written", "error", err)
				return tools.Failure(trouble.TrailNotWritable, "the trail cannot be written, so nothing is done",
					"free space or make STATE_DIR writable, then call again"), nil
			}
			result, err := next(ctx, req)
			entry.Step, entry.Arguments = "result", nil
			entry.Outcome, entry.PlanID = outcomeOf(result, err)
			if _, err := opts.Trail.Append(context.WithoutCancel(ctx), entry); err != nil {
				opts.Log.Error("trail cannot be written", "error", err)
			}
			return result, err
		}
	}
}

// recordedRead writes an entry before a resource is read: results of runs name people.
func recordedRead(opts Options) mcpserver.ResourceHandlerMiddleware {
	return func(next mcpserver.ResourceHandlerFunc) mcpserver.ResourceHandlerFunc {
		return func(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			entry := trail.Entry{
				Actor:     opts.Actor,
				Client:    tools.ClientName(ctx),
				Step:      "read",
				Arguments: opts.Trail.Reduce(map[string]any{"uri": req.Params.URI}),
			}
			if _, err := opts.Trail.Append(ctx, entry); err != nil {
				opts.Log.Error("trail cannot be written", "error", err)
				return nil, errors.New("the trail cannot be written, so nothing is read; free space or make STATE_DIR writable")
			}
			return next(ctx, req)
		}
	}
}

// outcomeOf reads the word and the plan out of a result, for the trail.
func outcomeOf(result *mcp.CallToolResult, err error) (outcome, planID string) {
	switch {
	case err != nil:
		return "error", ""
	case result == nil:
		return "none", ""
	case result.IsError:
		var failed struct {
			Error struct{ Code string }
		}
		if len(result.Content) > 0 {
			if text, ok := result.Content[0].(mcp.TextContent); ok {
				_ = json.Unmarshal([]byte(text.Text), &failed)
			}
		}
		return "error:" + failed.Error.Code, ""
	}
	structured, ok := result.StructuredContent.(json.RawMessage)
	if !ok {
		return "asked", "" // a question to the user
	}
	var fields struct {
		Status string `json:"status"`
		PlanID string `json:"plan_id"`
		Kind   string `json:"kind"` // of a job: a run has the id of its plan
		JobID  string `json:"job_id"`
	}
	if json.Unmarshal(structured, &fields) == nil && fields.Status != "" {
		if fields.Kind == tools.JobRun {
			fields.PlanID = fields.JobID
		}
		return fields.Status, fields.PlanID
	}
	return "ok", ""
}

// recovered turns a panic into a tool error that shows nothing but a number, which is in the log beside the stack.
func recovered(log *slog.Logger) mcpserver.ToolHandlerMiddleware {
	return func(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
		return func(ctx context.Context, req mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
			defer func() {
				if cause := recover(); cause != nil {
					id := rand.Text()[:8]
					log.Error("panic in tool", "tool", req.Params.Name, "id", id, "cause", fmt.Sprint(cause), "stack",
						string(debug.Stack()))
					result, err = tools.Failure(trouble.Internal, "the server made a mistake, number "+id,
						"the log on stderr has the details under that number"), nil
				}
			}()
			return next(ctx, req)
		}
	}
}
