package tools_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Bounds on what clients are sent. Some clients cut descriptions at 2 kB and prefix tool names; all of them put the
// whole list into a model's context.
const (
	maxName        = 40
	maxDescription = 2048
	maxListBytes   = 3_460 // of a tool on average in tools/list, about 880 tokens, output schemas included
	maxPromptBytes = 1_180 // what a model is shown of it: name, description, input schema; about 295 tokens
)

var (
	toolName     = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	argumentName = toolName
	hints        = []string{"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
)

// violations checks one tool, as tools/list gives it, against what every known client can read.
func violations(tool map[string]any) []string {
	v := &findings{}
	name, _ := tool["name"].(string)
	if !toolName.MatchString(name) || len(name) > maxName {
		v.add("name", "%q is not snake_case of at most %d characters", name, maxName)
	}
	if title, _ := tool["title"].(string); strings.TrimSpace(title) == "" {
		v.add("title", "there is none")
	}
	v.description(tool["description"])
	annotations, _ := tool["annotations"].(map[string]any)
	for _, hint := range hints {
		if _, ok := annotations[hint].(bool); !ok {
			v.add("hints", "%s is not set", hint)
		}
	}
	v.root("inputSchema", tool["inputSchema"])
	v.root("outputSchema", tool["outputSchema"])
	v.arguments("inputSchema", tool["inputSchema"])
	return v.found
}

type findings struct{ found []string }

func (v *findings) add(rule, format string, args ...any) {
	v.found = append(v.found, rule+": "+fmt.Sprintf(format, args...))
}

// description wants a first sentence that says by itself what the tool does: clients with many tools show only that.
func (v *findings) description(value any) {
	text, _ := value.(string)
	first, _, whole := strings.Cut(text+" ", ". ")
	words := len(strings.Fields(first))
	switch {
	case len(text) > maxDescription:
		v.add("description", "it has %d bytes", len(text))
	case !whole || words < 5:
		v.add("description", "the first sentence does not stand alone: %q", first)
	case strings.TrimSpace(text) != text || strings.ContainsAny(text, "\n\t"):
		v.add("description", "it is not one paragraph")
	}
}

// root wants a plain object that lists all its fields.
func (v *findings) root(where string, value any) {
	schema, ok := value.(map[string]any)
	if !ok {
		v.add("root", "%s is missing", where)
		return
	}
	if schema["type"] != "object" {
		v.add("root", "%s is no object", where)
	}
	if schema["additionalProperties"] != false {
		v.add("closed", "%s does not refuse unknown fields", where)
	}
	for _, combinator := range []string{"anyOf", "oneOf", "allOf", "not"} {
		if _, has := schema[combinator]; has {
			v.add("combinator", "%s has %s at its root", where, combinator)
		}
	}
	v.schema(where, schema)
}

// schema walks a schema and everything beneath it.
func (v *findings) schema(where string, value any) {
	schema, ok := value.(map[string]any)
	if !ok {
		v.add("boolean", "%s is %v instead of a schema", where, value)
		return
	}
	for _, keyword := range []string{"$ref", "$defs", "definitions", "$schema"} {
		if _, has := schema[keyword]; has {
			v.add("reference", "%s has %s", where, keyword)
		}
	}
	kind, plain := schema["type"].(string)
	if !plain {
		v.add("type", "%s has type %v", where, schema["type"])
	}
	if items, has := schema["items"]; has {
		v.schema(where+"[]", items)
	} else if kind == "array" {
		v.add("items", "%s is an array without items", where)
	}
	if required, has := schema["required"].([]any); has && len(required) == 0 {
		v.add("required", "%s requires an empty list, which older readers refuse", where)
	}
	if more, has := schema["additionalProperties"]; has && more != false {
		v.schema(where+".*", more)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		v.schema(where+"."+name, property)
	}
}

// arguments wants names in snake_case and a description for each: a model knows nothing else of them.
func (v *findings) arguments(where string, value any) {
	schema, _ := value.(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		if !argumentName.MatchString(name) {
			v.add("argument", "%s.%s is not snake_case", where, name)
		}
		inner, _ := property.(map[string]any)
		if text, _ := inner["description"].(string); text == "" {
			v.add("argument", "%s.%s has no description", where, name)
		}
		v.arguments(where+"."+name, inner)
		v.arguments(where+"."+name, inner["items"])
	}
}

func TestEveryClientCanReadEveryTool(t *testing.T) {
	for _, tool := range newRig(t, rigOptions{}).list() {
		for _, problem := range violations(tool.fields) {
			t.Errorf("%s: %s", tool.name, problem)
		}
	}
}

func TestToolListFitsItsBudget(t *testing.T) {
	whole, shown := 0, 0
	list := newRig(t, rigOptions{}).list()
	for _, tool := range list {
		whole += len(tool.json)
		face := maps.Clone(tool.fields)
		delete(face, "outputSchema")
		text, err := json.Marshal(face)
		if err != nil {
			t.Fatal(err)
		}
		shown += len(text)
	}
	t.Logf("tools/list has %d bytes, about %d tokens; without output schemas %d bytes, about %d tokens", whole,
		whole/4, shown, shown/4)
	if whole > maxListBytes*len(list) || shown > maxPromptBytes*len(list) {
		t.Errorf("tools/list has %d bytes, %d without output schemas; the budget is %d and %d", whole, shown,
			maxListBytes*len(list), maxPromptBytes*len(list))
	}
}

// TestFirstToolTakesNoArguments: conformance suites call the tool that sorts first, with no arguments, and want
// success.
func TestFirstToolTakesNoArguments(t *testing.T) {
	r := newRig(t, rigOptions{})
	all := r.list()
	first := slices.MinFunc(all, func(a, b listed) int { return strings.Compare(a.name, b.name) })
	if _, failed := r.raw(first.name, arguments{}); failed {
		t.Errorf("%s, the first tool by name, fails without arguments", first.name)
	}
}

func TestToolListHasTheSameOrderEachTime(t *testing.T) {
	r := newRig(t, rigOptions{})
	first := r.list()
	for range 3 {
		for i, tool := range r.list() {
			if tool.name != first[i].name {
				t.Fatalf("place %d was %s and is %s", i, first[i].name, tool.name)
			}
		}
	}
}

// TestCheckerFindsPlantedViolations shows that each rule can fail.
func TestCheckerFindsPlantedViolations(t *testing.T) {
	sound := func() map[string]any {
		var tool map[string]any
		text := `{"name":"do_it","title":"Do it","description":"Does something to one thing. More.",
			"annotations":{"readOnlyHint":true,"destructiveHint":false,"idempotentHint":true,"openWorldHint":false},
			"inputSchema":{"type":"object","additionalProperties":false,
				"properties":{"a_list":{"type":"array","description":"d","items":{"type":"string"}}}},
			"outputSchema":{"type":"object","additionalProperties":false,
				"properties":{"counts":{"type":"object","additionalProperties":{"type":"integer"}}}}}`
		if err := json.Unmarshal([]byte(text), &tool); err != nil {
			t.Fatal(err)
		}
		return tool
	}
	if found := violations(sound()); len(found) != 0 {
		t.Fatalf("the sound tool is found wanting: %v", found)
	}
	type object = map[string]any
	in := func(tool object) object { return tool["inputSchema"].(object) }
	out := func(tool object) object { return tool["outputSchema"].(object)["properties"].(object) }
	list := func(tool object) object { return in(tool)["properties"].(object)["a_list"].(object) }
	for _, c := range []struct {
		rule  string
		plant func(object)
	}{
		{"name", func(o object) { o["name"] = "doIt" }},
		{"name", func(o object) { o["name"] = strings.Repeat("long_", 9) + "x" }},
		{"title", func(o object) { delete(o, "title") }},
		{"description", func(o object) { o["description"] = "Stage 1 of 3. Says more." }},
		{"description", func(o object) { o["description"] = "Does something without an end" }},
		{"description", func(o object) {
			o["description"] = "Does something to one thing. " + strings.Repeat("x", maxDescription)
		}},
		{"hints", func(o object) { delete(o["annotations"].(object), "idempotentHint") }},
		{"root", func(o object) { delete(o, "outputSchema") }},
		{"root", func(o object) { in(o)["type"] = "array"; in(o)["items"] = object{"type": "string"} }},
		{"closed", func(o object) { delete(in(o), "additionalProperties") }},
		{"combinator", func(o object) { in(o)["anyOf"] = []any{object{"type": "object"}} }},
		{"boolean", func(o object) { out(o)["anything"] = true }},
		{"boolean", func(o object) { list(o)["items"] = true }},
		{"reference", func(o object) { list(o)["items"] = object{"$ref": "#/$defs/x", "type": "string"} }},
		{"type", func(o object) { list(o)["type"] = []any{"null", "array"} }},
		{"type", func(o object) { out(o)["anything"] = object{"description": "no type"} }},
		{"items", func(o object) { delete(list(o), "items") }},
		{"required", func(o object) { in(o)["required"] = []any{} }},
		{"argument", func(o object) { in(o)["properties"].(object)["aList"] = object{"type": "string", "description": "d"} }},
		{"argument", func(o object) { delete(list(o), "description") }},
	} {
		tool := sound()
		c.plant(tool)
		found := violations(tool)
		if !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, c.rule+": ") }) {
			t.Errorf("a planted violation of %s was not found; found %v", c.rule, found)
		}
	}
}
