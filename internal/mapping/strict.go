package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"okta-entitlements-mcp/internal/untrusted"
)

// maxDepth bounds nesting. A mapping has five levels.
const maxDepth = 16

// strict walks a document beside the type that it is to become. encoding/json alone would take the last of two equal
// fields, fields in another case, and would not say on which line an unknown one is.
type strict struct {
	file string
	data []byte
	dec  *json.Decoder
}

// checkStrict returns a *trouble.Error for what encoding/json would accept and a person did not mean.
func checkStrict(file string, data []byte, into reflect.Type) error {
	s := &strict{file: file, data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	s.dec.UseNumber()
	if err := s.value(into, 0, "the file"); err != nil {
		return err
	}
	if _, err := s.dec.Token(); !errors.Is(err, io.EOF) {
		return s.wrong("there is text after the end")
	}
	return nil
}

func (s *strict) wrong(reason string, args ...any) error {
	return damaged(s.file, lineAt(s.data, s.dec.InputOffset()), reason, args...)
}

func (s *strict) token() (json.Token, error) {
	token, err := s.dec.Token()
	if err != nil {
		return nil, damaged(s.file, max(lineOfError(s.data, err), lineAt(s.data, s.dec.InputOffset())), "%s", plainReason(err))
	}
	return token, nil
}

// value checks one value of a type.
func (s *strict) value(t reflect.Type, depth int, what string) error {
	token, err := s.token()
	if err != nil {
		return err
	}
	if depth > maxDepth {
		return s.wrong("%s is nested too deeply", what)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch token {
	case json.Delim('{'):
		return s.object(t, depth, what)
	case json.Delim('['):
		if t.Kind() != reflect.Slice {
			return s.wrong("%s is a list, and must not be one", what)
		}
		for s.dec.More() {
			if err := s.value(t.Elem(), depth+1, what); err != nil {
				return err
			}
		}
		_, err := s.token()
		return err
	case nil:
		return s.wrong("%s is null; leave it out instead", what)
	}
	if k := t.Kind(); k == reflect.Map || k == reflect.Slice || k == reflect.Struct && !isText(t) {
		return s.wrong("%s has a value of a wrong kind", what)
	}
	return nil // encoding/json names the other wrong kinds
}

// isText reports a struct that is a string in JSON, such as a time.
func isText(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]())
}

// object checks the fields of an object whose brace has been read.
func (s *strict) object(t reflect.Type, depth int, what string) error {
	fields := map[string]reflect.Type{}
	switch {
	case t.Kind() == reflect.Struct && !isText(t):
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			fields[name] = t.Field(i).Type
		}
	case t.Kind() != reflect.Map:
		return s.wrong("%s has fields, and must not have any", what)
	}
	seen := map[string]bool{}
	for s.dec.More() {
		token, err := s.token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		shown := fmt.Sprintf("%q", shown(name))
		if seen[name] {
			return s.wrong("%s is there twice", shown)
		}
		seen[name] = true
		of := t
		if t.Kind() == reflect.Map {
			of = t.Elem()
		} else if of = fields[name]; of == nil {
			return s.wrong("there is no field %s", shown)
		}
		if err := s.value(of, depth+1, shown); err != nil {
			return err
		}
	}
	_, err := s.token()
	return err
}

// versionOf finds the value of the field format at the top of a document that may be of another version, and its line.
func versionOf(data []byte) (version string, line int, found bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return "", 0, false
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return "", 0, false
		}
		at := lineAt(data, dec.InputOffset())
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return "", 0, false
		}
		if name == "format" {
			return string(value), at, true
		}
	}
	return "", 0, false
}

// lineOfField is the line of the first field of that name, 0 when there is none.
func lineOfField(data []byte, field string) int {
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		token, err := dec.Token()
		if err != nil {
			return 0
		}
		if token == field {
			return lineAt(data, dec.InputOffset())
		}
	}
}

func lineAt(data []byte, offset int64) int {
	offset = min(max(offset, 0), int64(len(data)))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}

func lineOfError(data []byte, err error) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return lineAt(data, syntax.Offset)
	case errors.As(err, &kind):
		return lineAt(data, kind.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return lineAt(data, int64(len(data)))
	}
	return 0
}

// plainReason says an error of encoding/json in plain words.
func plainReason(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return fmt.Sprintf("%q cannot be a %s", shown(kind.Field), kind.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the file ends too early"
	}
	return untrusted.New(strings.TrimPrefix(err.Error(), "json: ")).Show(untrusted.Line)
}

// shown is a text of a file inside a sentence.
func shown(text string) string { return untrusted.New(text).Show(untrusted.Name) }
