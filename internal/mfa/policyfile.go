package mfa

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// maxPolicyBytes bounds a policy file: 10,000 exemptions with their reasons fit.
const maxPolicyBytes = 4 << 20

// policyFields sets one field each of a policy from its value in a file.
var policyFields = map[string]func(*Policy, *yaml.Node) error{
	"enforcement_level": func(p *Policy, n *yaml.Node) error {
		s, err := text(n)
		p.Level = Level(fold(s))
		return err
	},
	"allowed_factor_types": func(p *Policy, n *yaml.Node) (err error) { p.AllowedFactorTypes, err = names(n); return },
	"mfa_methods":          func(p *Policy, n *yaml.Node) (err error) { p.Methods, err = names(n); return },
	"grace_period_hours":   func(p *Policy, n *yaml.Node) (err error) { p.GraceHours, err = whole(n); return },
	"enrollment_deadline":  func(p *Policy, n *yaml.Node) (err error) { p.Deadline, err = moment(n); return },
	"exemptions":           func(p *Policy, n *yaml.Node) (err error) { p.Exemptions, err = exemptionList(n); return },
	"minimum_coverage":     func(p *Policy, n *yaml.Node) (err error) { p.Bound, err = share(n); return },
	"sample":               func(p *Policy, n *yaml.Node) (err error) { p.Sample, err = share(n); return },
	"resolve_okta_verify":  func(p *Policy, n *yaml.Node) (err error) { p.OktaVerify, err = yes(n); return },
}

var exemptionFields = []string{"user", "owner", "reason", "expires"}

// ParsePolicy reads an audit policy, YAML or JSON, at most 4 MiB. Fields that it names replace those of base; the notes say what is
// accepted but must be said in a report. A field that does not exist, or a value that makes no sense, is refused by name. Dates are
// 2026-12-31, which lasts until the end of that day in UTC, or RFC 3339.
func ParsePolicy(r io.Reader, base Policy, now time.Time) (Policy, []string, error) {
	root, err := policyDocument(r)
	if err != nil {
		return Policy{}, nil, fmt.Errorf("read audit policy: %w", err)
	}
	p := base
	if root == nil {
		notes, err := p.Check(now)
		return p, append([]string{"the policy file says nothing: the defaults hold"}, notes...), err
	}
	known := make([]string, 0, len(policyFields))
	for name := range policyFields {
		known = append(known, name)
	}
	slices.Sort(known)
	err = eachField(root, "", known, func(name string, value *yaml.Node) error { return policyFields[name](&p, value) })
	if err != nil {
		return Policy{}, nil, fmt.Errorf("read audit policy: %w", err)
	}
	notes, err := p.Check(now)
	if err != nil {
		return Policy{}, nil, err
	}
	return p, notes, nil
}

// policyDocument returns the mapping of a policy file, nil when the file says nothing.
func policyDocument(r io.Reader) (*yaml.Node, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPolicyBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxPolicyBytes {
		return nil, fmt.Errorf("the file has more than %d MiB: an audit policy is some lines long", maxPolicyBytes>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var document yaml.Node
	if t := bytes.TrimSpace(data); bytes.HasPrefix(t, []byte("{")) {
		root, err := jsonTree(t)
		return root, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("not valid YAML: %w", err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one document in the file; keep one")
	}
	if len(document.Content) == 0 || isNull(document.Content[0]) {
		return nil, nil
	}
	return document.Content[0], nil
}

// eachField calls set for every field of a mapping. A field that is unknown or stands twice is refused.
func eachField(n *yaml.Node, where string, known []string, set func(string, *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("%sfields with values are expected; known fields: %s", place(n), strings.Join(known, ", "))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		switch {
		case name.Kind != yaml.ScalarNode || !slices.Contains(known, name.Value):
			return fmt.Errorf("%sunknown field %s; known fields: %s", place(name), quoted(where+name.Value), strings.Join(known, ", "))
		case seen[name.Value]:
			return fmt.Errorf("%sfield %s%s stands twice; keep one", place(name), where, name.Value)
		}
		seen[name.Value] = true
		if err := set(name.Value, value); err != nil {
			return fmt.Errorf("%s%s%s: %w", place(value), where, name.Value, err)
		}
	}
	return nil
}

// place names the line of a node, where it is known.
func place(n *yaml.Node) string {
	if n.Line == 0 {
		return ""
	}
	return "line " + strconv.Itoa(n.Line) + ": "
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// text reads a scalar as it is written. Aliases are not followed: a policy needs none, and they can blow up.
func text(n *yaml.Node) (string, error) {
	switch {
	case n.Kind == yaml.AliasNode:
		return "", errors.New("aliases are not understood; write the value out")
	case n.Kind != yaml.ScalarNode:
		return "", errors.New("a single value is expected, not a list or fields")
	case isNull(n):
		return "", errors.New("has no value; give one or leave the field out")
	}
	return strings.TrimSpace(n.Value), nil
}

func whole(n *yaml.Node) (int, error) {
	s, err := text(n)
	if err != nil {
		return 0, err
	}
	v, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%s is not a whole number", quoted(s))
	}
	return v, nil
}

func share(n *yaml.Node) (float64, error) {
	s, err := text(n)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a number between 0 and 1", quoted(s))
	}
	return v, nil
}

func yes(n *yaml.Node) (bool, error) {
	s, err := text(n)
	if err != nil {
		return false, err
	}
	switch fold(s) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%s is neither true nor false", quoted(s))
}

// moment reads a date or a time. A bare date lasts until its last second in UTC. Nothing at all is no date.
func moment(n *yaml.Node) (time.Time, error) {
	if isNull(n) {
		return time.Time{}, nil
	}
	s, err := text(n)
	if err != nil || s == "" {
		return time.Time{}, err
	}
	return ParseDeadline(s)
}

// ParseDeadline reads a date, which lasts until the end of that day in UTC, or a time in RFC 3339.
func ParseDeadline(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Add(24*time.Hour - time.Second), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is not a date; write 2026-12-31 or 2026-12-31T18:00:00Z", quoted(text))
	}
	return at.UTC(), nil
}

// names reads a list of short words, folded.
func names(n *yaml.Node) ([]string, error) {
	if isNull(n) {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, errors.New("a list is expected, such as [push, webauthn]")
	}
	list := make([]string, 0, len(n.Content))
	for _, item := range n.Content {
		s, err := text(item)
		if err != nil {
			return nil, err
		}
		list = append(list, fold(s))
	}
	return list, nil
}

// exemptionList reads the list of exemptions.
func exemptionList(n *yaml.Node) ([]Exemption, error) {
	if isNull(n) {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, errors.New("a list is expected; every entry has user, owner, reason and expires")
	}
	list := make([]Exemption, 0, len(n.Content))
	for i, item := range n.Content {
		var e Exemption
		err := eachField(item, "", exemptionFields, func(name string, value *yaml.Node) (err error) {
			switch name {
			case "user":
				e.User, err = text(value)
			case "owner":
				e.Owner, err = text(value)
			case "reason":
				e.Reason, err = text(value)
			case "expires":
				e.Expires, err = moment(value)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		list = append(list, e)
	}
	return list, nil
}
