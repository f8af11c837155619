package oktasim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parseFilter reads a SCIM-like expression: comparisons joined by and, or, not and parentheses, "and" binding tighter than
// "or", operators in any case, values quoted (with \" and \\ inside) or bare when number, true, false, null or an ISO date.
// It never panics; what it refuses, it refuses with the byte position. errFilterTooComplex marks size refusals.
func parseFilter(s string) (filterExpr, error) {
	if len(s) > maxFilterLength {
		return filterExpr{}, fmt.Errorf("%w: %d bytes, at most %d", errFilterTooComplex, len(s), maxFilterLength)
	}
	p := &filterParser{text: s}
	if err := p.next(); err != nil {
		return filterExpr{}, err
	}
	if p.tok.kind == tokEnd {
		return filterExpr{}, errors.New("filter is empty")
	}
	root, err := p.or(0)
	if err != nil {
		return filterExpr{}, err
	}
	if p.tok.kind != tokEnd {
		return filterExpr{}, fmt.Errorf("unexpected %q at position %d", p.tok.text, p.tok.at)
	}
	return filterExpr{root: root, terms: p.terms, not: p.not}, nil
}

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokOpen
	tokClose
	tokWord
	tokString
)

type filterToken struct {
	kind tokenKind
	text string // a string is already unescaped
	at   int    // byte position
}

type filterParser struct {
	text  string
	pos   int
	tok   filterToken
	terms []filterTerm
	not   bool
}

// next moves to the following token.
func (p *filterParser) next() error {
	for p.pos < len(p.text) && isFilterSpace(p.text[p.pos]) {
		p.pos++
	}
	start := p.pos
	if start == len(p.text) {
		p.tok = filterToken{at: start}
		return nil
	}
	switch p.text[start] {
	case '(':
		p.pos++
		p.tok = filterToken{tokOpen, "(", start}
	case ')':
		p.pos++
		p.tok = filterToken{tokClose, ")", start}
	case '"':
		return p.quoted()
	default:
		for p.pos < len(p.text) && !isFilterSpace(p.text[p.pos]) && !strings.ContainsRune(`()"`, rune(p.text[p.pos])) {
			p.pos++
		}
		p.tok = filterToken{tokWord, p.text[start:p.pos], start}
	}
	return nil
}

func isFilterSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func (p *filterParser) quoted() error {
	start := p.pos
	var out strings.Builder
	for i := start + 1; i < len(p.text); i++ {
		switch b := p.text[i]; b {
		case '"':
			p.pos = i + 1
			p.tok = filterToken{tokString, out.String(), start}
			return nil
		case '\\':
			i++
			if i == len(p.text) || (p.text[i] != '"' && p.text[i] != '\\' && p.text[i] != '/') {
				return fmt.Errorf("bad escape at position %d", i)
			}
			out.WriteByte(p.text[i])
		default:
			out.WriteByte(b)
		}
	}
	return fmt.Errorf("string at position %d is not closed", start)
}

func (p *filterParser) keyword(word string) bool {
	return p.tok.kind == tokWord && strings.EqualFold(p.tok.text, word)
}

func (p *filterParser) or(depth int) (*filterNode, error) { return p.chain("or", depth, p.and) }

func (p *filterParser) and(depth int) (*filterNode, error) { return p.chain("and", depth, p.unary) }

// chain reads operand {word operand} into one flat node, so that a chain of a thousand stays one level deep.
func (p *filterParser) chain(word string, depth int, operand func(int) (*filterNode, error)) (*filterNode, error) {
	first, err := operand(depth)
	if err != nil || !p.keyword(word) {
		return first, err
	}
	node := &filterNode{kind: word, kids: []*filterNode{first}}
	for p.keyword(word) {
		if err := p.next(); err != nil {
			return nil, err
		}
		kid, err := operand(depth)
		if err != nil {
			return nil, err
		}
		node.kids = append(node.kids, kid)
	}
	return node, nil
}

func (p *filterParser) unary(depth int) (*filterNode, error) {
	if depth > maxFilterDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d", errFilterTooComplex, maxFilterDepth)
	}
	switch {
	case p.keyword("not"):
		if err := p.next(); err != nil {
			return nil, err
		}
		p.not = true
		kid, err := p.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return &filterNode{kind: "not", kids: []*filterNode{kid}}, nil
	case p.tok.kind == tokOpen:
		return p.group(depth)
	case p.tok.kind == tokWord:
		return p.comparison()
	case p.tok.kind == tokEnd:
		return nil, errors.New("filter ends where a property is expected")
	}
	return nil, fmt.Errorf("unexpected %q at position %d", p.tok.text, p.tok.at)
}

func (p *filterParser) group(depth int) (*filterNode, error) {
	open := p.tok.at
	if err := p.next(); err != nil {
		return nil, err
	}
	inner, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokClose {
		return nil, fmt.Errorf("parenthesis at position %d is not closed", open)
	}
	return inner, p.next()
}

func (p *filterParser) comparison() (*filterNode, error) {
	path := p.tok
	if !isFilterPath(path.text) {
		return nil, fmt.Errorf("%q at position %d is not a property", path.text, path.at)
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	op := strings.ToLower(p.tok.text)
	if p.tok.kind != tokWord || !slices.Contains(filterOperators, op) {
		return nil, fmt.Errorf("%q at position %d is not an operator", p.tok.text, p.tok.at)
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	term := filterTerm{Path: path.text, Op: op}
	if op != "pr" {
		if err := p.value(&term); err != nil {
			return nil, err
		}
	}
	if len(p.terms) == maxFilterTerms {
		return nil, fmt.Errorf("%w: more than %d comparisons", errFilterTooComplex, maxFilterTerms)
	}
	p.terms = append(p.terms, term)
	return &filterNode{kind: "term", term: term}, nil
}

func (p *filterParser) value(term *filterTerm) error {
	switch {
	case p.tok.kind == tokString:
		term.Kind = "string"
	case p.tok.kind == tokWord && bareValueKind(p.tok.text) != "":
		term.Kind = bareValueKind(p.tok.text)
	default:
		return fmt.Errorf("%q at position %d is not a value; strings need double quotes", p.tok.text, p.tok.at)
	}
	term.Value = p.tok.text
	return p.next()
}

func bareValueKind(s string) string {
	switch s {
	case "true", "false":
		return "bool"
	case "null":
		return "null"
	}
	if c := s[0]; c == '-' || (c >= '0' && c <= '9') {
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			return "number"
		}
		if _, ok := filterTime(s); ok {
			return "date"
		}
	}
	return ""
}

// isFilterPath accepts letters, digits, and . _ - : $ after a leading letter, as in profile.employeeNumber.
func isFilterPath(s string) bool {
	for i, r := range s {
		letter := (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z')
		if i == 0 && !letter {
			return false
		}
		if !letter && (r < '0' || r > '9') && !strings.ContainsRune("._-:$", r) {
			return false
		}
	}
	return s != ""
}
