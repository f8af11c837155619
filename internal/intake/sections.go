package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
)

// sections looks for lines within the table that begin a section, such as "Application: Workday" with the header once
// more below it. The rows of a section belong to what its line names, so that they are not all of one application.
type sections struct {
	titles []string // lines above the header: repeated on each page they begin nothing
	title  string   // the line of one cell before this record, "" for none
	line   int      // of it
	found  []string
	lines  []int
}

func newSections(h *head) sections {
	var s sections
	for _, p := range h.peek[:min(max(h.behind-1, 0), len(h.peek))] {
		s.titles = append(s.titles, onlyCell(p.cells))
	}
	return s
}

// onlyCell returns the one cell that is filled, "" when there are none or several.
func onlyCell(cells []string) string {
	only := ""
	for _, c := range cells {
		if c = foldSpace(c); c != "" {
			if only != "" {
				return ""
			}
			only = c
		}
	}
	return only
}

// odd looks at a record that is no row of the table.
func (s *sections) odd(rec *record, header []string) {
	if len(s.found) > 100 {
		return
	}
	cells := make([]string, len(rec.fields))
	for i, f := range rec.fields {
		cells[i] = string(f)
	}
	if sameCells(cells, header) {
		if s.title != "" {
			s.add(s.title, s.line)
		}
		s.title = ""
		return
	}
	only := onlyCell(cells)
	if only == "" || slices.Contains(s.titles, only) || isFooter(cells) ||
		lexicon.Load().Says(only, lexicon.Placeholder) ||
		strings.Contains(only, "@") {
		return
	}
	s.title, s.line = only, rec.line
	name, value, named := strings.Cut(only, ":")
	if h := lexicon.Load().Header(name); named && strings.TrimSpace(value) != "" &&
		h.Is(lexicon.Application, lexicon.Scope, lexicon.Access, lexicon.Weak, lexicon.Kind) {
		s.add(only, rec.line)
	}
}

func (s *sections) add(title string, line int) {
	if !slices.Contains(s.lines, line) {
		s.found, s.lines = append(s.found, title), append(s.lines, line)
	}
}

// sectionDoubt asks about lines that divide the table, nil when there are none or the caller named the header.
func (b *builder) sectionDoubt() *Doubt {
	s := &b.sections
	if len(s.found) == 0 || b.answers.HeaderLine > 0 {
		return nil
	}
	where := fmt.Sprintf("line %d, %s, begins", s.lines[0], quoted(s.found[0]))
	if len(s.found) > 1 {
		where = fmt.Sprintf("lines such as %d, %s, begin", s.lines[0], quoted(s.found[0]))
	}
	return &Doubt{
		Code:     DoubtApplications,
		Lines:    s.lines[:min(len(s.lines), 5)],
		Question: where + " a section of the table; are the rows of all sections of one application? If not, split the file",
		Answers: []Answer{answer("all rows are of one application; such lines only divide the table",
			Answers{HeaderLine: b.columns.head.line})},
	}
}
