package mfa

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// The values of a policy file. Each reads one scalar as it is written.
type (
	word   string
	whole  int
	share  float64
	yes    bool
	moment time.Time
)

func (w *word) UnmarshalYAML(n ast.Node) error {
	text, err := scalar(n)
	*w = word(text)
	return err
}

func (w *whole) UnmarshalYAML(n ast.Node) error {
	text, err := scalar(n)
	if err != nil {
		return err
	}
	v, err := strconv.Atoi(text)
	if err != nil {
		return at(n, fmt.Errorf("%s is not a whole number", quoted(text)))
	}
	*w = whole(v)
	return nil
}

func (s *share) UnmarshalYAML(n ast.Node) error {
	text, err := scalar(n)
	if err != nil {
		return err
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return at(n, fmt.Errorf("%s is not a number between 0 and 1", quoted(text)))
	}
	*s = share(v)
	return nil
}

func (y *yes) UnmarshalYAML(n ast.Node) error {
	text, err := scalar(n)
	if err != nil {
		return err
	}
	switch fold(text) {
	case "true":
		*y = true
	case "false":
		*y = false
	default:
		return at(n, fmt.Errorf("%s is neither true nor false", quoted(text)))
	}
	return nil
}

// A bare date lasts until its last second in UTC. Nothing at all is no date.
func (m *moment) UnmarshalYAML(n ast.Node) error {
	text, err := scalar(n)
	if err != nil || text == "" {
		return err
	}
	v, err := ParseDeadline(text)
	if err != nil {
		return at(n, err)
	}
	*m = moment(v)
	return nil
}

// scalar returns a single value as it is written.
func scalar(n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.TagNode:
		return scalar(n.Value)
	case *ast.AnchorNode:
		return scalar(n.Value)
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), nil
	case *ast.StringNode:
		return strings.TrimSpace(n.Value), nil
	case ast.ScalarNode:
		return strings.TrimSpace(n.GetToken().Value), nil
	}
	return "", at(n, errors.New("a single value is expected, not a list or fields"))
}

// valueError is a refused value with its place and field.
type valueError struct {
	where string
	err   error
}

func (e *valueError) Error() string { return e.where + e.err.Error() }
func (e *valueError) Unwrap() error { return e.err }

// at says where a value is: line, column and field, and of an exemption its entry, counted from 1.
func at(n ast.Node, err error) error {
	field := strings.TrimPrefix(n.GetPath(), "$.")
	if list, rest, ok := strings.Cut(field, "["); ok {
		index, name, _ := strings.Cut(rest, "]")
		if i, err := strconv.Atoi(index); err == nil {
			field = fmt.Sprintf("%s, entry %d", list, i+1)
			if name = strings.TrimPrefix(name, "."); name != "" {
				field += ": " + name
			}
		}
	}
	return &valueError{place(n.GetToken()) + field + ": ", err}
}
