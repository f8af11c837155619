package intake

import (
	"maps"
	"slices"
	"strings"
)

// meanings say what words mean: by column, then by word.
type meanings = map[string]map[string]string

// Answers is what callers say about a report. All of it is optional: what is left out is decided from the file, or is a
// doubt. It is also what a saved mapping holds.
type Answers struct {
	Columns    Mapping             `json:"columns,omitzero" jsonschema:"What columns mean"`
	Words      meanings            `json:"words,omitempty" jsonschema:"By column: {\"Decision\": {\"Parked\": \"refuses\"}} or grants"`
	Rows       map[string][]string `json:"rows,omitempty" jsonschema:"Only rows with these values: {\"Application\": [\"SAP\"]}"`
	Layout     Layout              `json:"layout,omitempty" jsonschema:"list, matrix, numbered or pairs"`
	HeaderLine int                 `json:"header_line,omitempty" jsonschema:"Line of the column names"`
	Delimiter  string              `json:"delimiter,omitempty" jsonschema:"Sign between fields"`
	Encoding   string              `json:"encoding,omitempty" jsonschema:"Such as shift_jis"`
	Sheet      string              `json:"sheet,omitempty" jsonschema:"Of a workbook"`
	DateOrder  DateOrder           `json:"date_order,omitempty" jsonschema:"day_first or month_first"`
	Hidden     string              `json:"hidden,omitempty" jsonschema:"Hidden cells: include or leave_out"`
	NoneIs     string              `json:"none_is,omitempty" jsonschema:"None is a value or no_value"`
	Commas     string              `json:"commas,omitempty" jsonschema:"split, or part_of_names"`
	AccessName string              `json:"access_name,omitempty" jsonschema:"Entitlement that a matrix becomes"`
}

// Words that Answers take.
const (
	WordGrants       = "grants"
	WordRefuses      = "refuses"
	OtherWords       = "*" // in Answers.Words: all words that are not understood; they can only refuse
	NoneIsValue      = "value"
	NoneIsNoValue    = "no_value"
	CommasSplit      = "split"
	CommasPartOfName = "part_of_names"
	HiddenInclude    = "include"
	HiddenLeaveOut   = "leave_out"
)

// By says who gave an answer.
type By string

// The givers of answers.
const (
	ByForm     By = "form"     // a form that a person filled in
	ByTerminal By = "terminal" // a person at a terminal
	ByMapping  By = "mapping"  // a saved mapping
	ByArgument By = "argument" // an argument of a conversation
)

// Answered are answers and who gave them.
type Answered struct {
	By      By      `json:"by"`
	Answers Answers `json:"answers"`
}

// layers are answers in order: the first that speaks of something counts.
type layers []Answered

// by returns who gave the answer that says yields true for.
func (l layers) by(says func(Answers) bool) By {
	for _, a := range l {
		if says(a.Answers) {
			return a.By
		}
	}
	return ""
}

// remembered reports whether the answer that counts is one of a saved mapping. It was given for an earlier file, so
// what it names may be gone from this one.
func (l layers) remembered(says func(Answers) bool) bool { return l.by(says) == ByMapping }

// hasWord reports whether the answers say what a word of a column means. The word is a wordKey.
func (a Answers) hasWord(column, key string) bool {
	for name, words := range a.Words {
		if !strings.EqualFold(foldSpace(name), foldSpace(column)) {
			continue
		}
		for word := range words {
			if wordKey(word) == key {
				return true
			}
		}
	}
	return false
}

// hasRow reports whether the answers choose the rows with a value under a column. The value is a wordKey.
func (a Answers) hasRow(column, key string) bool {
	for name, values := range a.Rows {
		if strings.EqualFold(foldSpace(name), foldSpace(column)) &&
			slices.ContainsFunc(values, func(v string) bool { return wordKey(v) == key }) {
			return true
		}
	}
	return false
}

// Merged returns answers as one; the first that speaks of something counts. It is what a mapping keeps of them.
func Merged(answers []Answered) Answers { return layers(answers).merged() }

// merged is all answers as one.
func (l layers) merged() Answers {
	var all Answers
	for i := len(l) - 1; i >= 0; i-- {
		all = all.with(l[i].Answers)
	}
	return all
}

// with returns the answers with others added; the others win.
func (a Answers) with(o Answers) Answers {
	a.Columns = a.Columns.with(o.Columns)
	a.Words = mergeWords(withoutWords(a.Words, o.Columns.Attributes), o.Words)
	if len(o.Rows) > 0 {
		a.Rows = maps.Clone(a.Rows)
		if a.Rows == nil {
			a.Rows = map[string][]string{}
		}
		maps.Copy(a.Rows, o.Rows)
	}
	replace(&a.Layout, o.Layout)
	replace(&a.HeaderLine, o.HeaderLine)
	replace(&a.Delimiter, o.Delimiter)
	replace(&a.Encoding, o.Encoding)
	replace(&a.Sheet, o.Sheet)
	replace(&a.DateOrder, o.DateOrder)
	replace(&a.Hidden, o.Hidden)
	replace(&a.NoneIs, o.NoneIs)
	replace(&a.Commas, o.Commas)
	replace(&a.AccessName, o.AccessName)
	return a
}

// withoutWords leaves out the words of columns that a later answer says only describe: what their words mean no longer
// matters, and words of a column that does not decide are refused.
func withoutWords(words meanings, columns []string) meanings {
	if len(columns) == 0 || len(words) == 0 {
		return words
	}
	words = maps.Clone(words)
	for _, c := range columns {
		delete(words, c)
	}
	return words
}

func mergeWords(a, o map[string]map[string]string) map[string]map[string]string {
	if len(o) == 0 {
		return a
	}
	all := map[string]map[string]string{}
	for _, words := range []map[string]map[string]string{a, o} {
		for column, meanings := range words {
			if all[column] == nil {
				all[column] = map[string]string{}
			}
			maps.Copy(all[column], meanings)
		}
	}
	return all
}

func replace[T comparable](was *T, by T) {
	var zero T
	if by != zero {
		*was = by
	}
}

// with returns the mapping with another added; the other wins, and takes its columns away from other roles.
func (m Mapping) with(o Mapping) Mapping {
	taken := map[string]bool{}
	for _, c := range o.claims() {
		taken[c.name] = true
	}
	drop := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return taken[s] })
	}
	m.Entitlements = append(drop(m.Entitlements), o.Entitlements...)
	m.Attributes = append(drop(m.Attributes), o.Attributes...)
	for _, field := range []struct {
		was *string
		by  string
	}{{&m.User, o.User}, {&m.UserID, o.UserID}, {&m.Filter, o.Filter}, {&m.Date, o.Date}, {&m.Action, o.Action}} {
		if taken[*field.was] {
			*field.was = ""
		}
		replace(field.was, field.by)
	}
	others := map[string]Role{}
	for column, role := range m.Others {
		if !taken[column] {
			others[column] = role
		}
	}
	maps.Copy(others, o.Others)
	if m.Others = others; len(others) == 0 {
		m.Others = nil
	}
	replace(&m.Separators, o.Separators)
	return m
}

// claim says that a column has a role.
type claim struct {
	role Role
	name string
}

// claims lists every column that the mapping names.
func (m Mapping) claims() []claim {
	var all []claim
	add := func(role Role, names ...string) {
		for _, n := range names {
			if n != "" {
				all = append(all, claim{role, n})
			}
		}
	}
	add(RoleUser, m.User)
	add(RoleUserID, m.UserID)
	add(RoleEntitlement, m.Entitlements...)
	add(RoleAttribute, m.Attributes...)
	add(RoleFilter, m.Filter)
	add(RoleDate, m.Date)
	add(RoleAction, m.Action)
	for _, column := range sortedKeys(m.Others) {
		role := m.Others[column]
		if role == "decision" {
			role = RoleFilter
		}
		add(role, column)
	}
	return all
}

// empty reports a mapping that says nothing.
func (m Mapping) empty() bool {
	return len(m.claims()) == 0 && m.Separators == ""
}
