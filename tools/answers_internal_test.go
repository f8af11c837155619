package tools

import (
	"reflect"
	"testing"

	"okta-entitlements-mcp/internal/untrusted"
)

// AnswerTypes are the types of the structured content of tools, by name.
func AnswerTypes(catalog []Tool) map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, tool := range catalog {
		types[tool.Definition.Name] = tool.answer
	}
	return types
}

// RawTextIn returns where a type reaches a text that its JSON gives back as it was read, "" when it does not.
func RawTextIn(t reflect.Type) string { return rawTextIn(t, map[reflect.Type]bool{}) }

func rawTextIn(t reflect.Type, seen map[reflect.Type]bool) string {
	if t == reflect.TypeFor[untrusted.Stored]() {
		return t.String()
	}
	if seen[t] {
		return ""
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return rawTextIn(t.Elem(), seen)
	case reflect.Map:
		if where := rawTextIn(t.Key(), seen); where != "" {
			return where
		}
		return rawTextIn(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() && !f.Anonymous || f.Tag.Get("json") == "-" {
				continue
			}
			if where := rawTextIn(f.Type, seen); where != "" {
				return f.Name + "." + where
			}
		}
	}
	return ""
}

func TestRawTextIsFoundInAType(t *testing.T) {
	type inner struct{ Name untrusted.Stored }
	type answer struct {
		Clean untrusted.Text
		Items map[string][]*inner
	}
	if where := RawTextIn(reflect.TypeFor[*answer]()); where != "Items.Name.untrusted.Stored" {
		t.Errorf("found %q", where)
	}
}
