// Package tools is the catalogue of MCP tools: one ordered list and a file per family. It reads Okta and plans; what
// writes goes through the gate and the engine.
//
// Three files know mcp-go, so that another SDK would touch no handler: this one makes tools, schemas and results;
// call.go has what belongs to one request, which is the client, progress and questions; resources.go serves files of
// runs. The types Tool and Resource are mcp-go's, for package server to register.
package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"okta-entitlements-mcp/internal/trouble"
)

// Effect says what a tool may do to the world; the MCP hints follow from it.
type Effect int

// The effects.
const (
	ReadsLocal  Effect = iota // looks at this machine only
	ReadsOkta                 // looks at Okta or S3
	WritesLocal               // changes files of this program
	WritesOkta                // adds to Okta, through plan, confirmation and journal
	Reports                   // writes to Jira and Slack, never to Okta
)

// Spec is what a client sees of a tool.
type Spec struct {
	Name        string
	Title       string
	Description string // what, when, limits, what comes next; the first sentence is enough by itself
	Effect      Effect
}

// Tool is one entry of the catalogue, ready for a server.
type Tool struct {
	Definition mcp.Tool
	Handler    server.ToolHandlerFunc

	answer reflect.Type // of its structured content, for the test that no answer shows a text as it was read
}

// handler is how every tool is written: a function of typed input to typed output. Call carries what belongs to this
// one request: progress, the client's name, and the user's answer to a question.
type handler[In, Out any] func(ctx context.Context, d *Deps, c *Call, in In) (Out, error)

// define makes a tool of a handler. It checks the input, runs the handler, and turns its end into a result:
// structured content that conforms to the output schema, or a tool error with a code and a next step.
func define[In, Out any](d *Deps, spec Spec, h handler[In, Out]) (Tool, error) {
	input, err := schemaOf[In]()
	if err != nil {
		return Tool{}, fmt.Errorf("input schema of %s: %w", spec.Name, err)
	}
	output, err := outputSchemaOf[Out]()
	if err != nil {
		return Tool{}, fmt.Errorf("output schema of %s: %w", spec.Name, err)
	}
	// Compiled at the first call: all schemas together would delay the answer to initialize.
	validator := sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(spec.Name, input) })
	definition, err := definition(spec, d.About.ReadOnly, input, output)
	if err != nil {
		return Tool{}, fmt.Errorf("input schema of %s: %w", spec.Name, err)
	}
	return Tool{
		Definition: definition,
		answer:     reflect.TypeFor[Out](),
		Handler: func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			in, err := decode[In](validator, input, req)
			if err != nil {
				return errorResult(err), nil
			}
			call, err := newCall(ctx, d, spec.Name, req)
			if err != nil {
				return errorResult(err), nil
			}
			bounded, stop := context.WithTimeout(ctx, callBound)
			defer stop()
			out, ask, err := answer(bounded, d, call, in, h)
			call.quiet(ctx)
			if err != nil && bounded.Err() != nil && ctx.Err() == nil {
				err = tooLong(err)
			}
			switch {
			case err != nil:
				return errorResult(err), nil
			case ask != nil:
				return call.elicit(ask)
			default:
				return result(spec.Name, out), nil
			}
		},
	}, nil
}

// callBound is the most that one call may take, reading and planning included: a hundred thousand people are planned in
// a third of it at Okta's own limits. Runs and audits are jobs, which go on behind it.
const callBound = 30 * time.Minute

func tooLong(err error) error {
	return &trouble.Error{
		Code: trouble.TimedOut,
		What: fmt.Sprintf("the call was given up after %s: Okta, or what is in between, is too slow or its lists do not end", callBound),
		Next: "try again later, or plan fewer rows at once (rows, or a smaller file); nothing was written",
		Err:  err,
	}
}

// answer runs a handler, and again with the user's answer for each question that it has. A question that is returned is
// for a modern client, which asks its user and calls again.
func answer[In, Out any](ctx context.Context, d *Deps, c *Call, in In, h handler[In, Out]) (Out, *question, error) {
	for {
		out, err := h(ctx, d, c, in)
		var ask *question
		switch {
		case !errors.As(err, &ask):
			return out, nil, err
		case c.modern:
			return out, ask, nil
		}
		if err := c.ask(ctx, ask); err != nil {
			return out, nil, err
		}
	}
}

// What the description of a tool in two stages says of them.
const (
	twoStages = " The first call writes nothing and returns a plan to show to the user; called again with its plan_id it " +
		"applies it."
	oneStage = " Writes nothing: READ_ONLY is set. Returns a saved plan and the command with which a person applies it."
)

// definition is what a client is shown of a tool. Under READ_ONLY a tool in two stages has the first alone.
func definition(spec Spec, readOnly bool, input, output json.RawMessage) (mcp.Tool, error) {
	effect, description := spec.Effect, spec.Description
	switch {
	case effect == WritesOkta && readOnly:
		effect, description = ReadsOkta, description+oneStage
		var err error
		if input, err = without(input, "plan_id"); err != nil {
			return mcp.Tool{}, err
		}
	case effect == WritesOkta:
		description += twoStages
	}
	tool := mcp.NewToolWithRawSchema(spec.Name, description, input)
	tool.Title = spec.Title
	tool.RawOutputSchema = output
	reads := effect == ReadsLocal || effect == ReadsOkta
	tool.Annotations = mcp.ToolAnnotation{
		Title:           spec.Title,
		ReadOnlyHint:    mcp.ToBoolPtr(reads),
		DestructiveHint: mcp.ToBoolPtr(false), // nothing in the catalogue takes anything away
		IdempotentHint:  mcp.ToBoolPtr(true),  // asking twice plans again or finds the same run
		OpenWorldHint:   mcp.ToBoolPtr(effect == ReadsOkta || effect == WritesOkta || effect == Reports),
	}
	return tool, nil
}

// without takes an argument out of an input schema.
func without(schema json.RawMessage, argument string) (json.RawMessage, error) {
	var fields map[string]any
	if err := json.Unmarshal(schema, &fields); err != nil {
		return nil, err
	}
	properties, _ := fields["properties"].(map[string]any)
	delete(properties, argument)
	return json.Marshal(fields)
}

// maxResult bounds what one call puts into a model's context: about 10,000 tokens.
const maxResult = 40_000 // bytes of JSON

func result(name string, out any) *mcp.CallToolResult {
	text, err := json.Marshal(out)
	if err != nil {
		return errorResult(fmt.Errorf("encode the answer: %w", err))
	}
	if len(text) > maxResult {
		return errorResult(&trouble.Error{
			Code: trouble.AnswerTooLarge,
			What: fmt.Sprintf("the answer of %s would have %d bytes", name, len(text)),
			Next: "ask for less in one call: fewer names, or a smaller limit",
		})
	}
	return mcp.NewToolResultStructured(json.RawMessage(text), string(text))
}

// errorResult is a tool error. It has no structured content: clients hold that against the output schema even when
// the call failed.
func errorResult(err error) *mcp.CallToolResult {
	text, _ := json.Marshal(map[string]*Problem{"error": Explain(err)}) // strings always encode
	return mcp.NewToolResultError(string(text))
}

// Failure is a tool error for middleware.
func Failure(code trouble.Code, message, next string) *mcp.CallToolResult {
	return errorResult(&trouble.Error{Code: code, What: message, Next: next})
}

// decode checks the arguments against the schema before they are read, so that a misspelt option is refused by name
// instead of answering another question.
func decode[In any](validator func() (*jsonschema.Schema, error), schema json.RawMessage, req mcp.CallToolRequest) (In, error) {
	var in In
	raw, err := json.Marshal(req.GetRawArguments())
	if err != nil || string(raw) == "null" {
		raw = []byte("{}")
	}
	var generic any
	if err := json.Unmarshal(raw, &generic); err != nil {
		return in, &trouble.Error{
			Code: trouble.ArgumentsMalformed,
			What: "the arguments are not a JSON object",
			Next: "send an object with the fields of the input schema",
		}
	}
	if dropNulls(generic) {
		if raw, err = json.Marshal(generic); err != nil {
			return in, fmt.Errorf("encode the arguments: %w", err)
		}
	}
	compiled, err := validator()
	if err != nil {
		return in, fmt.Errorf("compile the input schema: %w", err)
	}
	if problem := explain(compiled, schema, generic); problem != nil {
		return in, problem
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return in, &trouble.Error{
			Code: trouble.ArgumentsMalformed,
			What: err.Error(),
			Next: "send the fields of the input schema with their types",
		}
	}
	return in, nil
}

// outputSchemaOf is schemaOf for answers. Objects within an answer do not say that they have no other fields: the words
// would go into every model's context, where only a validator reads them.
func outputSchemaOf[T any]() (json.RawMessage, error) {
	raw, err := schemaOf[T]()
	if err != nil {
		return nil, err
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		return nil, err
	}
	open(schema["properties"])
	return json.Marshal(schema)
}

// schemaOf derives a schema from a Go type and makes it one that every client can read: no null beside a type
// (clients on Gemini refuse the whole tool list when type is an array), no empty schemas, no keywords that strict
// readers choke on.
func schemaOf[T any]() (json.RawMessage, error) {
	once, _ := schemas.LoadOrStore(reflect.TypeFor[T](), sync.OnceValues(deriveSchema[T]))
	return once.(func() (json.RawMessage, error))()
}

// schemas has a func for each type that schemaOf was asked for. Many tools have one answer, and deriving its schema takes
// most of the time before initialize is answered. What is derived depends on the type alone.
var schemas sync.Map

func deriveSchema[T any]() (json.RawMessage, error) {
	raw, err := mcp.SchemaForRaw[T]()
	if err != nil {
		return nil, err
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		return nil, err
	}
	plain(schema)
	delete(schema, "$schema")
	if d, ok := any(*new(T)).(documented); ok {
		if err := document(schema, d); err != nil {
			return nil, err
		}
	}
	if _, ok := any(*new(T)).(afterStage1); ok {
		if err := referToStage1(schema); err != nil {
			return nil, err
		}
	}
	return json.Marshal(schema)
}
