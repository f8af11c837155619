package intake

import (
	"encoding/json"
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
	breaks    bool     // it was split at line breaks
}

// cellSyntax is how cells of a column are split.
type cellSyntax struct {
	separators string // none at all for ""
	given      bool   // the caller chose them
	plus       bool   // + joins licences
	known      map[string]bool
	none       string // Answers.NoneIs
}

// parse reads a cell: a JSON, Postgres, Python or Java list, distinguished names, lines, quoted words, or text with separators.
func (x *cellSyntax) parse(raw string) parsedCell {
	var p parsedCell
	text := strings.TrimSpace(raw)
	if text == "" {
		return p
	}
	l := lexicon.Load()
	if l.Says(text, lexicon.Placeholder) || isTypeName(text) {
		p.empties = append(p.empties, text)
		return p
	}
	if x.separators == "" && x.given || x.known[wordKey(text)] {
		p.add(x, foldSpace(text))
		return p
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
		for _, part := range parts {
			p.add(x, unquote(foldSpace(part)))
		}
	}
	if others || p.breaks || x.given {
		p.commas = false
	}
	return p
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n",
	"<br>", "\n", "<br/>", "\n", "<br />", "\n", "<BR>", "\n", "_x000D_", "\n")

// isTypeName reports names of .NET types, which PowerShell writes in place of what it cannot flatten.
func isTypeName(s string) bool {
	return (strings.HasPrefix(s, "System.") || strings.HasPrefix(s, "Microsoft.")) && !strings.ContainsAny(s, " ,;")
}

// add takes one value, unless it says that there is none.
func (p *parsedCell) add(x *cellSyntax, value string) {
	if value == "" {
		return
	}
	senses := lexicon.Load().Senses(value)
	switch {
	case senses[lexicon.Ambiguous] && x.none != NoneIsValue:
		p.ambiguous = append(p.ambiguous, value)
		return
	case senses[lexicon.Placeholder] && !senses[lexicon.Ambiguous]:
		p.empties = append(p.empties, value)
		return
	case (senses[lexicon.Refuses] || senses[lexicon.Inactive]) && !x.known[wordKey(value)]:
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

// bracketed reads a cell that is a list in brackets: ["a","b"], ['a', 'b'], {a,"b c"}, ('a', 'b'), [a, b]. The booleans
// say whether the cell is one, and whether it can be read.
func bracketed(s string) (items []string, isList, ok bool) {
	if s == "set()" {
		return nil, true, true
	}
	if strings.HasPrefix(s, "@{") { // a hash table of PowerShell
		return nil, true, false
	}
	pairs := map[byte]byte{'[': ']', '{': '}', '(': ')'}
	shut, opens := pairs[s[0]]
	if !opens || len(s) < 2 {
		return nil, false, false
	}
	if s[len(s)-1] != shut {
		return nil, strings.HasPrefix(s, `["`) || strings.HasPrefix(s, `{"`) || strings.HasPrefix(s, "['"), false // a list that was cut
	}
	inner := strings.TrimSpace(s[1 : len(s)-1])
	if s[0] == '(' && (inner == "" || inner[0] != '\'' && inner[0] != '"') || closesEarly(s) {
		return nil, false, false // (Sales), or (a) and (b)
	}
	if inner == "" {
		return nil, true, true
	}
	if s[0] == '[' {
		var list []any
		if err := json.Unmarshal([]byte(s), &list); err == nil {
			for _, item := range list {
				switch v := item.(type) {
				case string:
					items = append(items, v)
				case nil:
				default:
					return nil, true, false
				}
			}
			return items, true, true
		}
	}
	if s[0] == '{' && strings.Contains(inner, `":`) || strings.ContainsAny(inner, "[]{}") {
		return nil, true, false // an object, or lists in lists
	}
	return quotedItems(inner)
}

// closesEarly reports whether the first bracket closes before the end: [A] and [B].
func closesEarly(s string) bool {
	depth := 0
	for i, r := range s {
		switch r {
		case '[', '{', '(':
			depth++
		case ']', '}', ')':
			depth--
		}
		if depth == 0 && i < len(s)-1 {
			return true
		}
	}
	return false
}

// quotedItems reads words with commas between them, each in quotes or bare.
func quotedItems(s string) (items []string, isList, ok bool) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if s[0] == '"' || s[0] == '\'' {
			var b strings.Builder
			i := 1
			for ; i < len(s) && s[i] != s[0]; i++ {
				if s[i] == '\\' && i+1 < len(s) {
					i++
				}
				b.WriteByte(s[i])
			}
			if i >= len(s) {
				return nil, true, false
			}
			items = append(items, b.String())
			s = strings.TrimSpace(s[i+1:])
			if s != "" && s[0] != ',' {
				return nil, true, false
			}
			s = strings.TrimPrefix(s, ",")
			continue
		}
		word, rest, _ := strings.Cut(s, ",")
		if word = strings.TrimSpace(word); word != "" && !strings.EqualFold(word, "null") {
			items = append(items, word)
		}
		s = rest
	}
	return items, true, true
}

// distinguishedNames cuts a cell into LDAP names, nil when it holds none. A comma inside a name does not end it; a
// semicolon, a bar, a line break or a new CN= behind the last DC= does.
func distinguishedNames(s string) []string {
	if !startsDN(s) {
		return nil
	}
	var names []string
	for _, piece := range strings.FieldsFunc(lineBreaks.Replace(s), func(r rune) bool { return r == ';' || r == '|' || r == '\n' }) {
		piece = strings.Trim(strings.TrimSpace(piece), `"`)
		if piece == "" {
			continue
		}
		if !startsDN(piece) {
			return nil
		}
		from := 0
		for i := 1; i < len(piece); i++ {
			rest := piece[i:]
			if piece[i-1] != '\\' && (piece[i] == ',' || piece[i] == ' ') && startsDN(strings.TrimLeft(rest, ", ")) &&
				strings.Contains(strings.ToUpper(piece[from:i]), "DC=") &&
				strings.HasPrefix(strings.ToUpper(strings.TrimLeft(rest, ", ")), "CN=") {
				names = append(names, strings.Trim(piece[from:i], ", "))
				from = i
			}
		}
		names = append(names, strings.Trim(piece[from:], ", "))
	}
	return names
}

// startsDN reports text that begins like a distinguished name of several parts.
func startsDN(s string) bool {
	up := strings.ToUpper(strings.Trim(strings.TrimSpace(s), `"`))
	for _, attribute := range []string{"CN=", "OU=", "UID=", "DC=", "O="} {
		if strings.HasPrefix(up, attribute) {
			for _, next := range []string{",CN=", ",OU=", ",DC=", ",O=", ", CN=", ", OU=", ", DC=", ", O=", ",C="} {
				if strings.Contains(up, next) {
					return true
				}
			}
		}
	}
	return false
}
