package mfa

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"okta-entitlements-mcp/internal/untrusted"
)

// Bounds of a policy file: 10,000 exemptions with their reasons fit, and a policy has three levels.
const (
	maxPolicyBytes = 4 << 20
	maxPolicyDepth = 8
)

// policyFile is a policy as a file has it. Its types refuse what the YAML decoder would bend into shape, such as 7.5 hours
// as 7. The tags are those of Policy and Exemption.
type policyFile struct {
	Level              *word           `yaml:"enforcement_level"`
	AllowedFactorTypes []word          `yaml:"allowed_factor_types"`
	Methods            []word          `yaml:"mfa_methods"`
	GraceHours         *whole          `yaml:"grace_period_hours"`
	Deadline           *moment         `yaml:"enrollment_deadline"`
	Exemptions         []exemptionFile `yaml:"exemptions"`
	Bound              *share          `yaml:"minimum_coverage"`
	Sample             *share          `yaml:"sample"`
	OktaVerify         *yes            `yaml:"resolve_okta_verify"`
}

type exemptionFile struct {
	User    word   `yaml:"user"`
	Owner   word   `yaml:"owner"`
	Reason  word   `yaml:"reason"`
	Expires moment `yaml:"expires"`
}

// ParsePolicy reads an audit policy, YAML or JSON, at most 4 MiB. Fields that it names replace those of base; the notes say
// what is accepted but must be said in a report. A field that does not exist, or a value that makes no sense, is refused by
// line, column and name. Dates are 2026-12-31, which lasts until the end of that day in UTC, or RFC 3339.
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
	if err := decodePolicy(root, &p); err != nil {
		return Policy{}, nil, fmt.Errorf("read audit policy: %w", err)
	}
	notes, err := p.Check(now)
	if err != nil {
		return Policy{}, nil, err
	}
	return p, notes, nil
}

// policyDocument returns the content of a policy file, nil when the file says nothing.
func policyDocument(r io.Reader) (ast.Node, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPolicyBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxPolicyBytes {
		return nil, fmt.Errorf("the file has more than %d MiB: an audit policy is some lines long", maxPolicyBytes>>20)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")) // the library counts such a line end twice
	format := "YAML"
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		format = "JSON" // which YAML contains
	}
	tokens := lexer.Tokenize(string(data))
	if err := checkDepth(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, syntaxProblem(format, err)
	}
	var body ast.Node
	for i, doc := range file.Docs {
		if i > 0 {
			return nil, errors.New("there is more than one document in the file; keep one")
		}
		body = doc.Body
	}
	if body == nil || body.Type() == ast.NullType || body.Type() == ast.CommentType || body.Type() == ast.CommentGroupType {
		return nil, nil
	}
	return body, nil
}

// checkDepth refuses nesting that a policy cannot have, before the parser follows it level by level.
func checkDepth(tokens token.Tokens) error {
	depth, entries, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType: // "- - - a" nests without brackets
			entries++
		}
		if max(depth, entries) > maxPolicyDepth {
			return fmt.Errorf("%snested too deeply", place(t))
		}
	}
	return nil
}

// decodePolicy sets the fields of a policy that a file names.
func decodePolicy(root ast.Node, p *Policy) error {
	shape := &policyShape{}
	ast.Walk(shape, root)
	if shape.problem != nil {
		return shape.problem
	}
	var f policyFile
	err := yaml.NewDecoder(strings.NewReader(""), yaml.Strict()).DecodeFromNode(root, &f)
	if err != nil {
		return fieldProblem(root, err)
	}
	f.into(p, shape.emptied)
	return nil
}

// into sets what the file has. Emptied are fields that the file names without a value.
func (f *policyFile) into(p *Policy, emptied []string) {
	setTo(&p.Level, f.Level, func(w word) Level { return Level(fold(string(w))) })
	setTo(&p.GraceHours, f.GraceHours, func(n whole) int { return int(n) })
	setTo(&p.Deadline, f.Deadline, func(m moment) time.Time { return time.Time(m) })
	setTo(&p.Bound, f.Bound, func(s share) float64 { return float64(s) })
	setTo(&p.Sample, f.Sample, func(s share) float64 { return float64(s) })
	setTo(&p.OktaVerify, f.OktaVerify, func(y yes) bool { return bool(y) })
	if f.AllowedFactorTypes != nil || slices.Contains(emptied, "allowed_factor_types") {
		p.AllowedFactorTypes = folded(f.AllowedFactorTypes)
	}
	if f.Methods != nil || slices.Contains(emptied, "mfa_methods") {
		p.Methods = folded(f.Methods)
	}
	if f.Exemptions != nil || slices.Contains(emptied, "exemptions") {
		p.Exemptions = nil
		for _, e := range f.Exemptions {
			p.Exemptions = append(p.Exemptions, Exemption{
				User:    untrusted.NewStored(string(e.User)),
				Owner:   untrusted.NewStored(string(e.Owner)),
				Reason:  untrusted.NewStored(string(e.Reason)),
				Expires: time.Time(e.Expires),
			})
		}
	}
	if slices.Contains(emptied, "enrollment_deadline") {
		p.Deadline = time.Time{}
	}
}

func setTo[F, T any](field *T, from *F, as func(F) T) {
	if from != nil {
		*field = as(*from)
	}
}

func folded(words []word) []string {
	var list []string
	for _, w := range words {
		list = append(list, fold(string(w)))
	}
	return list
}

// mayBeEmpty are the fields that a file may name without a value.
var mayBeEmpty = []string{"allowed_factor_types", "mfa_methods", "enrollment_deadline", "exemptions", "expires"}

// policyShape finds what strict decoding lets pass: aliases, merged fields, and fields without a value.
type policyShape struct {
	problem error
	emptied []string
}

func (s *policyShape) Visit(n ast.Node) ast.Visitor {
	if s.problem != nil {
		return nil
	}
	switch n := n.(type) {
	case *ast.AliasNode:
		s.problem = at(n, errors.New("aliases are not understood; write the value out"))
	case *ast.MergeKeyNode:
		s.problem = fmt.Errorf("%sunknown field \"<<\"; known fields: %s", place(n.GetToken()), strings.Join(fieldsOf(policyFile{}), ", "))
	case *ast.NullNode:
		name := n.GetPath()[strings.LastIndex(n.GetPath(), ".")+1:]
		if !slices.Contains(mayBeEmpty, name) {
			s.problem = at(n, errors.New("has no value; give one or leave the field out"))
		}
		s.emptied = append(s.emptied, name)
	}
	return s
}

// fieldProblem puts the decoder's refusal into words.
func fieldProblem(root ast.Node, err error) error {
	var (
		unknown *yaml.UnknownFieldError
		shape   *yaml.UnexpectedNodeTypeError
		said    *valueError
	)
	switch {
	case errors.As(err, &said):
		return said
	case errors.As(err, &unknown):
		name := unknown.Token.Value
		known := fieldsOf(policyFile{})
		if top, ok := root.(*ast.MappingNode); ok && !hasKey(top, unknown.Token) {
			known = fieldsOf(exemptionFile{})
		}
		return fmt.Errorf("%sunknown field %s; known fields: %s", place(unknown.Token), quoted(name), strings.Join(known, ", "))
	case errors.As(err, &shape):
		return shapeProblem(root, shape)
	}
	return fmt.Errorf("%s", oneLine(err))
}

// shapeProblem says what is expected where something else is: fields, a list, or a single value.
func shapeProblem(root ast.Node, err *yaml.UnexpectedNodeTypeError) error {
	where := place(err.Token)
	name := nameAt(root, err.Token)
	if err.Expected == ast.SequenceType {
		if name == "exemptions" {
			return fmt.Errorf("%s%s: a list is expected; every entry has user, owner, reason and expires", where, name)
		}
		return fmt.Errorf("%s%s: a list is expected, such as [push, webauthn]", where, name)
	}
	known := fieldsOf(policyFile{})
	if name != "" {
		where, known = where+name+": ", fieldsOf(exemptionFile{})
	}
	return fmt.Errorf("%sfields with values are expected; known fields: %s", where, strings.Join(known, ", "))
}

// hasKey reports whether a token is the name of one of a mapping's own fields.
func hasKey(m *ast.MappingNode, t *token.Token) bool {
	return slices.ContainsFunc(m.Values, func(v *ast.MappingValueNode) bool { return v.Key.GetToken() == t })
}

// nameAt is the field of the policy in whose value a token is, "" for none.
func nameAt(root ast.Node, t *token.Token) string {
	top, ok := root.(*ast.MappingNode)
	if !ok {
		return ""
	}
	name := ""
	for _, v := range top.Values {
		if p := v.Key.GetToken().Position; p.Offset <= t.Position.Offset {
			name = v.Key.GetToken().Value
		}
	}
	return name
}

// syntaxProblem is what a parser says, without the excerpt of the file that it draws.
func syntaxProblem(format string, err error) error {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%snot valid %s: %s", place(syntax.Token), format, syntax.Message)
	}
	return fmt.Errorf("not valid %s: %s", format, oneLine(err))
}

func oneLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return plain(text)
}

// place names the line and column of a token.
func place(t *token.Token) string {
	if t == nil || t.Position == nil {
		return ""
	}
	return "line " + strconv.Itoa(t.Position.Line) + ", column " + strconv.Itoa(t.Position.Column) + ": "
}

// fieldsOf lists the names that a file may use, sorted for a policy and in order for an exemption.
func fieldsOf(of any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
		names = append(names, f.Tag.Get("yaml"))
	}
	if _, whole := of.(policyFile); whole {
		slices.Sort(names)
	}
	return names
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
