package intake

import (
	"encoding/json"
	"strings"
)

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
		// a list that was cut
		return nil, strings.HasPrefix(s, `["`) || strings.HasPrefix(s, `{"`) || strings.HasPrefix(s, "['"), false
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
	for _, piece := range strings.FieldsFunc(lineBreaks.Replace(s), func(r rune) bool {
		return r == ';' || r == '|' ||
			r == '\n'
	}) {
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
