package intake

import (
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/untrusted"
)

// Reading is how a report was understood. It is part of a plan and of the plan's digest, so it serialises in the same
// way each time. All texts in it come from the file.
type Reading struct {
	Format    string           `json:"format"`              // csv, xlsx
	Encoding  string           `json:"encoding"`            // as Report.Encoding
	Delimiter string           `json:"delimiter,omitempty"` // as Report.Delimiter
	Sheet     untrusted.Stored `json:"sheet,omitzero"`      // of a workbook
	Header    int              `json:"header_line"`         // 1-based line of the column names, the last of several
	Spans     []Span           `json:"spans,omitempty"`     // lines that are no rows of the table
	Layout    Layout           `json:"layout"`
	Columns   []Column         `json:"columns"`
	Words     []Words          `json:"words,omitempty"`      // by deciding column
	Rows      []Selection      `json:"rows,omitempty"`       // the rows that were chosen; all when empty
	DateOrder DateOrder        `json:"date_order,omitempty"` // of ambiguous dates
	Today     string           `json:"today,omitempty"`      // validity was compared with this day, 2026-03-31
	People    string           `json:"people,omitempty"`     // address or login
	Doubts    []Doubt          `json:"doubts,omitempty"`     // open
	Settled   []Settled        `json:"settled,omitempty"`    // doubts that answers settled
}

// Layout is how access is laid out in the table.
type Layout string

// The layouts.
const (
	LayoutList     Layout = "list"     // one row says that someone has what the access columns name
	LayoutMatrix   Layout = "matrix"   // a column a role, and a mark where someone has it
	LayoutNumbered Layout = "numbered" // Role 1, Role 2, Role 3 are one list
	LayoutPairs    Layout = "pairs"    // two columns together name the access
)

// Span is a run of lines that are no rows of the table, or are none of its data.
type Span struct {
	What string `json:"what"` // title, comment, type_line, header, group_header, total, repeated_header, separator_line
	From int    `json:"from_line"`
	To   int    `json:"to_line"`
}

// What spans are.
const (
	SpanTitle    = "title"
	SpanComment  = "comment"
	SpanHeader   = "header"
	SpanGroups   = "group_header"
	SpanTotal    = "total"
	SpanRepeated = "repeated_header"
)

// Words are what the cells of one deciding column were taken to say.
type Words struct {
	Column untrusted.Stored `json:"column"`
	Role   Role             `json:"role"`
	Words  []WordUse        `json:"words"`
	More   int              `json:"more,omitempty"` // distinct cells that are not listed
}

// WordUse is one word of a deciding column.
type WordUse struct {
	Word    untrusted.Stored `json:"word"`
	Meaning Meaning          `json:"meaning"`
	Rows    int              `json:"rows"`
}

// Meaning is what a word does to its row.
type Meaning string

// The meanings. A row grants when one word at least does not refuse and none refuses or is unknown.
const (
	MeansGrants  Meaning = "grants"
	MeansRefuses Meaning = "refuses"
	MeansNothing Meaning = "nothing" // says neither: not locked, no end, an action that neither gives nor takes
	MeansUnknown Meaning = "unknown"
)

// Selection is a choice of rows by the values of a column.
type Selection struct {
	Column untrusted.Stored   `json:"column"`
	Values []untrusted.Stored `json:"values"`
}

// Summary says the reading in one line: person = Username, access = Entitlement, Decision: APPROVE grants, REVOKE and
// UNREVIEWED do not.
func (r *Reading) Summary() string {
	var person, access, parts []string
	for _, c := range r.Columns {
		switch c.Role {
		case RoleUser:
			person = append(person, c.Name.Show(untrusted.Name))
		case RoleEntitlement:
			access = append(access, c.Name.Show(untrusted.Name))
		case RoleScope:
			access = append(access, c.Name.Show(untrusted.Name)+" (together)")
		}
	}
	none := func(list []string) string {
		if len(list) == 0 {
			return "none"
		}
		if len(list) > 12 {
			list = append(list[:12:12], fmt.Sprintf("%d more", len(list)-12))
		}
		return strings.Join(list, " and ")
	}
	parts = append(parts, "person = "+none(person), "access = "+none(access))
	if r.Layout != LayoutList {
		parts = append(parts, "layout = "+string(r.Layout))
	}
	columns, said := map[string][]string{}, []string(nil) // columns of a matrix say the same
	for _, w := range r.Words {
		s := w.summary()
		if columns[s] == nil {
			said = append(said, s)
		}
		columns[s] = append(columns[s], w.Column.Show(untrusted.Name))
	}
	for _, s := range said {
		parts = append(parts, none(columns[s])+": "+s)
	}
	for _, s := range r.Rows {
		parts = append(parts, s.summary())
	}
	for _, c := range r.Columns {
		if c.Role == RoleValidFrom || c.Role == RoleValidUntil {
			parts = append(parts, fmt.Sprintf("%s is the %s day", c.Name.Show(untrusted.Name), map[Role]string{
				RoleValidFrom:  "first",
				RoleValidUntil: "last",
			}[c.Role]))
		}
	}
	return strings.Join(parts, ", ")
}

func (w *Words) summary() string {
	by := map[Meaning][]string{}
	for _, use := range w.Words {
		word := use.Word.Show(untrusted.Word)
		if word == "" {
			word = "an empty cell"
		}
		if n := len(by[use.Meaning]); n == 8 {
			word = "…"
		} else if n > 8 {
			continue
		}
		by[use.Meaning] = append(by[use.Meaning], word)
	}
	join := func(words []string) string {
		if len(words) < 2 {
			return strings.Join(words, "")
		}
		return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
	}
	var parts []string
	if words := by[MeansGrants]; len(words) == 1 {
		parts = append(parts, words[0]+" grants")
	} else if len(words) > 1 {
		parts = append(parts, join(words)+" grant")
	}
	if words := append(by[MeansRefuses], by[MeansUnknown]...); len(words) == 1 {
		parts = append(parts, words[0]+" does not")
	} else if len(words) > 1 {
		parts = append(parts, join(words)+" do not")
	}
	if words := by[MeansNothing]; len(words) > 0 && len(parts) < 2 {
		parts = append(parts, join(words)+" changes nothing")
	}
	return strings.Join(parts, ", ")
}

func (s *Selection) summary() string {
	values := make([]string, len(s.Values))
	for i, value := range s.Values {
		values[i] = value.Show(untrusted.Name)
	}
	return fmt.Sprintf("only rows with %s = %s", s.Column.Show(untrusted.Name), shown(strings.Join(values, ", ")))
}
