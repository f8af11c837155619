package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// documented is a type with fields whose description or values are too long for a line beside the field.
type documented interface {
	fieldDocs() map[string]fieldDoc // by the field's JSON name
}

// fieldDoc is what a schema says of a field.
type fieldDoc struct {
	About string
	OneOf []string // nil for any value
}

// document adds what a type says of its fields to its schema.
func document(schema map[string]any, d documented) error {
	fields, _ := schema["properties"].(map[string]any)
	for name, doc := range d.fieldDocs() {
		field, ok := fields[name].(map[string]any)
		if !ok {
			return fmt.Errorf("there is no field %s to describe", name)
		}
		field["description"] = doc.About
		if doc.OneOf != nil {
			field["enum"] = doc.OneOf
		}
	}
	return nil
}

// afterStage1 is an input whose answers about a report are described by the tool of stage 1: once is enough in a list
// that goes into a model's context whole.
type afterStage1 interface{ afterStage1() }

// referToStage1 shortens what a schema says of answers about a report.
func referToStage1(schema map[string]any) error {
	fields, _ := schema["properties"].(map[string]any)
	for _, answer := range reflect.VisibleFields(reflect.TypeFor[intake.Answers]()) {
		name, _, _ := strings.Cut(answer.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		field, ok := fields[name].(map[string]any)
		if !ok {
			return fmt.Errorf("there is no field %s to shorten", name)
		}
		field["description"] = "As in stage 1"
		inner, _ := field["properties"].(map[string]any)
		for _, property := range inner {
			property.(map[string]any)["description"] = "As above"
		}
	}
	return nil
}

// plain rewrites a schema in place.
func plain(node any) {
	switch n := node.(type) {
	case map[string]any:
		if types, ok := n["type"].([]any); ok {
			types = slices.DeleteFunc(types, func(t any) bool { return t == "null" })
			if len(types) == 1 {
				n["type"] = types[0]
			}
		}
		for _, child := range n {
			plain(child)
		}
	case []any:
		for _, child := range n {
			plain(child)
		}
	}
}

// open takes out of a schema in place that objects have no other fields.
func open(node any) {
	switch n := node.(type) {
	case map[string]any:
		if n["additionalProperties"] == false {
			delete(n, "additionalProperties")
		}
		for _, child := range n {
			open(child)
		}
	case []any:
		for _, child := range n {
			open(child)
		}
	}
}

func compile(name string, schema json.RawMessage) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	location := "mem:///" + name
	if err := compiler.AddResource(location, doc); err != nil {
		return nil, err
	}
	return compiler.Compile(location)
}

// explain returns what is wrong with the arguments in words that a caller can act on, nil when nothing is.
func explain(validator *jsonschema.Schema, schema json.RawMessage, arguments any) *trouble.Error {
	err := validator.Validate(arguments)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	invalid = mostTelling(invalid)
	allowed := properties(schema, invalid.InstanceLocation)
	where := "the arguments"
	if len(invalid.InstanceLocation) > 0 {
		where = "argument " + strings.Join(invalid.InstanceLocation, ".")
	}
	switch k := invalid.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		name := k.Properties[0]
		next := "leave it out; known are " + strings.Join(allowed, ", ")
		if len(allowed) == 0 {
			next = "leave it out; this tool takes no arguments"
		} else if near := nearest(name, allowed); near != "" {
			next = fmt.Sprintf("did you mean %s? known are %s", near, strings.Join(allowed, ", "))
		}
		return &trouble.Error{
			Code: trouble.UnknownArgument,
			What: fmt.Sprintf("%s: there is no %q", where, shorten(name, untrusted.Name)),
			Next: next,
		}
	case *kind.Required:
		return &trouble.Error{
			Code: trouble.MissingArgument,
			What: fmt.Sprintf("%s: %s is required", where, strings.Join(k.Missing, ", ")),
			Next: "send it; the input schema describes it",
		}
	case *kind.Type:
		return &trouble.Error{
			Code: trouble.WrongType,
			What: fmt.Sprintf("%s: got %s, want %s", where, k.Got, strings.Join(k.Want, " or ")),
			Next: "send it in that type",
		}
	case *kind.Enum:
		return &trouble.Error{
			Code: trouble.WrongValue,
			What: fmt.Sprintf("%s: not one of %v", where, k.Want),
			Next: "use one of those words",
		}
	default:
		return &trouble.Error{
			Code: trouble.InvalidArgument,
			What: fmt.Sprintf("%s: does not fit the input schema (%s)", where, strings.Join(k.KeywordPath(), "/")),
			Next: "see the input schema",
		}
	}
}

// mostTelling picks the failure to speak of: a name that does not exist before one that is missing, since the first is
// often a misspelling of the second.
func mostTelling(err *jsonschema.ValidationError) *jsonschema.ValidationError {
	if len(err.Causes) == 0 {
		return err
	}
	var first *jsonschema.ValidationError
	for _, cause := range err.Causes {
		leaf := mostTelling(cause)
		if _, unknown := leaf.ErrorKind.(*kind.AdditionalProperties); unknown {
			return leaf
		}
		if first == nil {
			first = leaf
		}
	}
	return first
}

// properties lists the names that the object at a place in the arguments may have, sorted.
func properties(schema json.RawMessage, place []string) []string {
	var at map[string]any
	_ = json.Unmarshal(schema, &at)
	for _, step := range place {
		fields, _ := at["properties"].(map[string]any)
		next, ok := fields[step].(map[string]any)
		if !ok {
			next, _ = at["items"].(map[string]any) // the step is an index
		}
		at = next
	}
	fields, _ := at["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(fields))
}

// nearest returns the name that was most likely meant, "" when none is close. file_name, fileName and file are all
// filename.
func nearest(name string, names []string) string {
	folded := foldName(name)
	best, distance := "", 4
	for _, candidate := range names {
		other := foldName(candidate)
		d := editDistance(folded, other)
		if len(folded) >= 3 && (strings.HasPrefix(other, folded) || strings.HasPrefix(folded, other)) {
			d = min(d, 2)
		}
		if d < distance && d <= (len(other)+1)/2 {
			best, distance = candidate, d
		}
	}
	return best
}

func foldName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

func editDistance(a, b string) int {
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current := make([]int, len(b)+1)
		current[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(previous[j+1]+1, current[j]+1, previous[j]+cost)
		}
		previous = current
	}
	return previous[len(b)]
}

// dropNulls takes out the fields of objects that are null: clients send them for arguments that are left out. It reports
// whether there were any.
func dropNulls(value any) bool {
	found := false
	switch v := value.(type) {
	case map[string]any:
		for name, field := range v {
			if field == nil {
				delete(v, name)
				found = true
			} else if dropNulls(field) {
				found = true
			}
		}
	case []any:
		for _, item := range v {
			found = dropNulls(item) || found
		}
	}
	return found
}
