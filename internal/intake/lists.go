package intake

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"okta-entitlements-mcp/internal/intake/lexicon"
)

// parsedCell is what one cell of an access column holds.
type parsedCell struct {
	values    []string // distinct, folded
	empties   []string // placeholders that were left out
	ambiguous []string // None and the like
	refusals  []string // Revoked and the like: no role has such a name
	broken    bool     // a list that cannot be read
	commas    bool     // it was split at commas and at nothing else
	spaced    bool     // a space follows one of these commas
	cut       bool     // the export left values out: Grp1;Grp2;...
	breaks    bool     // it was split at line breaks
}

// cellSyntax is how cells of a column are split.
type cellSyntax struct {
	separators string // none at all for ""
	given      bool   // the caller chose them
	plus       bool   // + joins licences
	levels     bool   // Delete is a level of access
	known      map[string]bool
	none       string            // Answers.NoneIs
	words      map[string]string // answers: what a value grants or refuses, by word key
	used       map[string]bool   // of these, those that were met
}

// parse reads a cell: a JSON, Postgres, Python or Java list, distinguished names, lines, quoted words, or text with
// separators.
func (x *cellSyntax) parse(raw string) parsedCell {
	var p parsedCell
	text := strings.TrimSpace(raw)
	if text == "" {
		return p
	}
	l := lexicon.Load()
	if (l.Says(text, lexicon.Placeholder) || isTypeName(text)) && x.words[wordKey(text)] == "" {
		p.empties = append(p.empties, text)
		return p
	}
	if x.separators == "" && x.given || x.known[wordKey(text)] {
		p.add(x, foldSpace(text))
		return p
	}
	if hasTags(text) {
		if text, p.broken = withoutTags(text); p.broken {
			return p
		}
	}
	if items, isList, ok := bracketed(text); isList {
		p.broken = !ok
		for _, item := range items {
			p.add(x, foldSpace(item))
		}
		return p
	}
	if names := distinguishedNames(text); names != nil {
		for _, n := range names {
			p.add(x, foldSpace(n))
		}
		return p
	}
	lines := strings.FieldsFunc(lineBreaks.Replace(text), func(r rune) bool { return r == '\n' })
	p.breaks = len(lines) > 1
	others := false
	for _, line := range lines {
		if x.known[wordKey(line)] {
			p.add(x, foldSpace(line))
			continue
		}
		parts, seps := splitOutside(strings.TrimSpace(line), x.separators, x.plus)
		for _, s := range seps {
			if s == ',' {
				p.commas = true
			} else {
				others = true
			}
		}
		p.spaced = p.spaced || strings.Contains(line, ", ")
		for i, part := range parts {
			p.part(x, unquote(foldSpace(part)), len(parts) > 1 && i == len(parts)-1)
		}
	}
	if others || p.breaks || x.given {
		p.commas = false
	}
	return p
}

// tag matches the tags of HTML that exports of rich text leave in cells.
var tag = regexp.MustCompile(`(?i)</?(ul|ol|li|p|div|span|br|b|i|u|strong|em|a|table|tr|td|font)( [^<>]*)?/?>`)

var inlineTag = regexp.MustCompile(`(?i)</?(span|b|i|u|strong|em|a|font)( [^<>]*)?>`)

// otherTag matches the end of any other element, such as one of XML.
var otherTag = regexp.MustCompile(`</[A-Za-z][\w:.-]*>`)

func hasTags(s string) bool {
	return strings.IndexByte(s, '<') >= 0 && (tag.MatchString(s) || otherTag.MatchString(s))
}

// withoutTags makes each tag a line break, and reports whether something is left that could be a tag.
func withoutTags(s string) (string, bool) {
	s = html.UnescapeString(tag.ReplaceAllString(inlineTag.ReplaceAllString(s, ""), "\n"))
	return strings.TrimSpace(s), strings.ContainsAny(s, "<>")
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\u0085", "\n", "\u2028", "\n",
	"\u2029", "\n",
	"<br>", "\n", "<br/>", "\n", "<br />", "\n", "<BR>", "\n", "_x000D_", "\n")

// isTypeName reports names of .NET types, which PowerShell writes in place of what it cannot flatten.
func isTypeName(s string) bool {
	return (strings.HasPrefix(s, "System.") || strings.HasPrefix(s, "Microsoft.")) && !strings.ContainsAny(s, " ,;")
}

// part takes one part of a list. The last one may say that the export left the others out, or be cut itself.
func (p *parsedCell) part(x *cellSyntax, value string, last bool) {
	bare := strings.TrimRight(strings.TrimSuffix(value, "…"), ".")
	switch {
	case last && (bare == "" && value != "" || moreLeft.MatchString(value)):
		p.cut = true
	case last && (strings.HasSuffix(value, "...") || strings.HasSuffix(value, "…")) && !x.known[wordKey(value)]:
		p.broken = true
	default:
		p.add(x, value)
	}
}

// moreLeft matches what exports write in place of the rest of a list: +3 more, and 12 others.
var moreLeft = regexp.MustCompile(`(?i)^\(?(and |und |\+ ?)?\d+ (more|others|weitere)\)?$|^\(?\+\d+\)?$|^(etc|usw)\.?$`)

// add takes one value, unless it says that there is none.
func (p *parsedCell) add(x *cellSyntax, value string) {
	if value == "" {
		return
	}
	says := x.words[wordKey(value)]
	if says != "" {
		x.used[wordKey(value)] = true
	}
	if says == WordRefuses {
		p.refusals = append(p.refusals, value)
		return
	}
	senses := lexicon.Load().Senses(value)
	switch {
	case says == WordGrants:
	case senses[lexicon.Ambiguous] && x.none != NoneIsValue:
		p.ambiguous = append(p.ambiguous, value)
		return
	case senses[lexicon.Placeholder] && !senses[lexicon.Ambiguous], !x.known[wordKey(value)] &&
		lexicon.Load().Denies(value):
		p.empties = append(p.empties, value)
		return
	case (senses[lexicon.Refuses] || senses[lexicon.Inactive]) && !x.known[wordKey(value)] &&
		!(x.levels && senses[lexicon.Level]):
		p.refusals = append(p.refusals, value)
		return
	}
	for _, v := range p.values {
		if v == value {
			return
		}
	}
	p.values = append(p.values, value)
}

// splitOutside cuts at separators that are not inside brackets or quotes, and returns the separators that it met.
func splitOutside(s, separators string, plus bool) (parts []string, seps []rune) {
	depth, from := 0, 0
	quote := rune(0)
	for i, r := range s {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' && strings.Count(s, `"`)%2 == 0:
			quote = r
		case r == '(' || r == '[' || r == '{':
			depth++
		case r == ')' || r == ']' || r == '}':
			depth = max(depth-1, 0)
		case depth == 0 && (strings.ContainsRune(separators, r) || plus && r == '+' && joins(s, i)):
			if part := strings.TrimSpace(s[from:i]); part != "" {
				parts = append(parts, part)
			}
			seps = append(seps, r)
			from = i + len(string(r))
		}
	}
	if depth > 0 { // a bracket that never closes hides nothing
		return splitPlain(s, separators)
	}
	if part := strings.TrimSpace(s[from:]); part != "" {
		parts = append(parts, part)
	}
	return parts, seps
}

func splitPlain(s, separators string) (parts []string, seps []rune) {
	for _, r := range s {
		if strings.ContainsRune(separators, r) {
			seps = append(seps, r)
		}
	}
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }), seps
}

// joins reports whether the + at i joins two names: E3+Power BI, and not C++.
func joins(s string, i int) bool {
	return i > 0 && i+1 < len(s) && s[i-1] != '+' && s[i+1] != '+' && (unicode.IsLetter(rune(s[i+1])) || s[i+1] >= '0' &&
		s[i+1] <= '9' || s[i+1] == ' ')
}

// unquote takes a pair of quotes off a value.
func unquote(s string) string {
	if len(s) > 2 && s[0] == s[len(s)-1] && (s[0] == '"' || s[0] == '\'') && strings.Count(s, s[:1]) == 2 {
		return foldSpace(s[1 : len(s)-1])
	}
	return s
}
