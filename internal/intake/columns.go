package intake

import (
	"fmt"
	"strings"

	"okta-entitlements-mcp/internal/untrusted"
)

// decideColumns gives every column its role. What the caller's mapping claims is settled first; the rest is decided from
// the names of the headers and the cells of the sample.
func decideColumns(h *head, given Mapping) ([]Column, Mapping, error) {
	d := &decider{head: h, columns: make([]Column, len(h.header))}
	for i, name := range h.header {
		d.columns[i] = Column{Name: name, Index: i}
	}
	if err := d.claims(given); err != nil {
		return nil, Mapping{}, err
	}
	if given.User == "" {
		if err := d.user(); err != nil {
			return nil, Mapping{}, err
		}
	}
	if given.Filter == "" {
		d.best(RoleFilter, d.filterScore)
	}
	if given.Date == "" {
		d.best(RoleDate, d.dateScore)
	}
	if given.Action == "" {
		d.best(RoleAction, d.actionScore)
	}
	if given.UserID == "" {
		d.best(RoleUserID, d.userIDScore)
	}
	for i := range d.columns {
		if d.columns[i].Role == "" {
			d.rest(i, len(given.Entitlements) > 0)
		}
	}
	m, err := d.mapping(given)
	return d.columns, m, err
}

type decider struct {
	head    *head
	columns []Column
}

func (d *decider) set(i int, role Role, confidence float64, reason string) {
	c := &d.columns[i]
	c.Role, c.Confidence, c.Reason = role, confidence, reason
}

// claims settles what the caller said.
func (d *decider) claims(given Mapping) error {
	type claim struct {
		role  Role
		names []string
	}
	for _, c := range []claim{{RoleUser, one(given.User)}, {RoleUserID, one(given.UserID)}, {RoleEntitlement, given.Entitlements},
		{RoleAttribute, given.Attributes}, {RoleFilter, one(given.Filter)}, {RoleDate, one(given.Date)}, {RoleAction, one(given.Action)}} {
		for _, name := range c.names {
			i, err := d.find(name)
			if err != nil {
				return err
			}
			if was := d.columns[i].Role; was != "" && was != c.role {
				return &Error{Code: CodeMappingClash, Msg: fmt.Sprintf("column %q is named as %s and as %s", untrusted.Clean(name, 80), was, c.role),
					Next: "name it once"}
			}
			d.set(i, c.role, 1, "named by the caller")
		}
	}
	return nil
}

func one(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// find returns the column of that name: exactly so, or else in another case or with other blanks.
func (d *decider) find(name string) (int, error) {
	match := func(same func(string) bool) (int, int) {
		at, n := -1, 0
		for i := range d.columns {
			if same(d.columns[i].Name) {
				at, n = i, n+1
			}
		}
		return at, n
	}
	at, n := match(func(s string) bool { return s == name })
	if n == 0 {
		at, n = match(func(s string) bool { return strings.EqualFold(foldSpace(s), foldSpace(name)) })
	}
	switch n {
	case 1:
		return at, nil
	case 0:
		next := "the file has " + d.names()
		if near := nearest(name, d.head.header); near != "" {
			next = fmt.Sprintf("did you mean %q? ", untrusted.Clean(near, 80)) + next
		}
		return 0, &Error{Code: CodeUnknownColumn, Msg: fmt.Sprintf("the file has no column %q", untrusted.Clean(name, 80)), Next: next}
	}
	return 0, &Error{Code: CodeDuplicateField, Msg: fmt.Sprintf("the file has %d columns named %q", n, untrusted.Clean(name, 80)),
		Next: "give each column its own name in the header line"}
}

// names lists the headers, quoted and capped.
func (d *decider) names() string {
	var quoted []string
	for i, h := range d.head.header {
		if i == 30 {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(d.head.header)-i))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%q", untrusted.Clean(h, 60)))
	}
	return "the columns " + strings.Join(quoted, ", ")
}

// nearest returns the header closest to name, or "" when none is close.
func nearest(name string, headers []string) string {
	best, bestDistance := "", 3
	for _, h := range headers {
		d := distance(headerKey(name), headerKey(h))
		if d < bestDistance || d == bestDistance && best == "" && len(headerKey(name)) > 6 {
			best, bestDistance = h, d
		}
	}
	return best
}

// distance is the number of letters to insert, drop or replace. Long names are cut: it only serves a suggestion.
func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	ra, rb = ra[:min(len(ra), 64)], rb[:min(len(rb), 64)]
	row := make([]int, len(rb)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range ra {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range rb {
			cost := 1
			if x == y {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(rb)]
}

// best gives role to the free column with the highest score, when there is one above zero. The first one wins a tie.
func (d *decider) best(role Role, score func(i int) (float64, string)) {
	at, top, why := -1, 0.0, ""
	for i := range d.columns {
		if d.columns[i].Role != "" {
			continue
		}
		if s, reason := score(i); s > top+1e-9 {
			at, top, why = i, s, reason
		}
	}
	if at >= 0 {
		d.set(at, role, round(top), why)
	}
}

func round(f float64) float64 { return float64(int(min(f, 0.99)*100+0.5)) / 100 }

func percent(f float64) string { return fmt.Sprintf("%d %%", int(f*100+0.5)) }

// mapping writes down what is in force and refuses what cannot work.
func (d *decider) mapping(given Mapping) (Mapping, error) {
	m := Mapping{Separators: given.Separators}
	if m.Separators == "" {
		m.Separators = DefaultSeparators
	}
	count := map[string]int{}
	for i := range d.columns {
		count[strings.ToLower(foldSpace(d.columns[i].Name))]++
	}
	for i := range d.columns {
		c := &d.columns[i]
		if c.Role == RoleIgnored {
			continue
		}
		n := count[strings.ToLower(foldSpace(c.Name))]
		if n > 1 && c.Role == RoleAttribute {
			continue // harmless, but the name does not say which column is meant
		}
		if n > 1 {
			return m, &Error{Code: CodeDuplicateField, Msg: fmt.Sprintf("the file has %d columns named %q", n, untrusted.Clean(c.Name, 80)),
				Next: "give each column its own name in the header line"}
		}
		switch c.Role {
		case RoleUser:
			m.User = c.Name
		case RoleUserID:
			m.UserID = c.Name
		case RoleFilter:
			m.Filter = c.Name
		case RoleDate:
			m.Date = c.Name
		case RoleAction:
			m.Action = c.Name
		case RoleAttribute:
			m.Attributes = append(m.Attributes, c.Name)
		case RoleEntitlement:
			m.Entitlements = append(m.Entitlements, c.Name)
		}
	}
	return m, nil
}
