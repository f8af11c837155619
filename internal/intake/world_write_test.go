package intake_test

import (
	"fmt"
	"strings"

	"golang.org/x/text/transform"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/intake/charset"
)

// encode writes the report in an encoding that has all its letters: half of the reports are UTF-8, as most are.
func (w *world) encode() {
	w.file = w.text
	if w.chance(50) {
		return
	}
	if w.chance(20) {
		w.file = "\ufeff" + w.text
		return
	}
	encodings := charset.All()
	for _, at := range w.rnd.Perm(len(encodings)) {
		e := encodings[at]
		file, _, err := transform.String(e.NewEncoder(), w.text)
		if err != nil || e == charset.UTF8Twice {
			continue // it lacks a letter
		}
		switch e {
		case charset.UTF16LE:
			file = "\xff\xfe" + file
		case charset.UTF16BE:
			file = "\xfe\xff" + file
		default:
			if file != w.text { // not ASCII alone
				w.encoding = string(e)
			}
		}
		w.file = file
		return
	}
}

// noise adds columns that are no access and decide nothing.
func (w *world) noise() {
	for range w.rnd.IntN(5) {
		role := intake.RoleAttribute
		switch w.rnd.IntN(12) {
		case 8: // a comment that repeats words of decisions
			w.add(column{w.header("description"), role,
				w.fill(func(int) string { return w.pick([]string{"", "seen", w.word("cell refuses")}) })})
		case 9: // an unknown column of text
			w.add(column{w.pick([]string{"Zone", "Wave", "Alpha", "Kappa"}) + fmt.Sprint(w.rnd.IntN(90)), role,
				w.fill(func(int) string { return w.pick([]string{"Red", "Blue", "Green"}) })})
		case 10: // how far a review has come
			w.add(column{w.header("review"), role, w.fill(func(int) string { return w.word("cell process") })})
		case 11: // an earlier decision
			w.add(column{"Previous " + w.header("decision"), intake.RoleAdvice,
				w.fill(func(int) string { return w.word(w.pick([]string{"cell grants", "cell refuses"})) })})
		case 0:
			w.add(column{w.header("id"), role, w.fill(func(i int) string {
				return fmt.Sprintf("1f0e7c1a-1111-4a4a-9b9b-%012d",
					i)
			})})
		case 1:
			w.add(column{w.header("otherdate"), role, w.fill(func(i int) string { return fmt.Sprintf("2026-01-%02d", 1+i%28) })})
		case 2:
			w.add(column{w.header("description"), role,
				w.fill(func(int) string { return w.pick([]string{"Low", "High", "Direct", "text of a person"}) })})
		case 3:
			w.add(column{w.header("organisation"), role,
				w.fill(func(int) string { return w.pick([]string{"Sales", "Finance", "North"}) })})
		case 4:
			w.add(column{w.header("flag"), role, w.fill(func(int) string {
				return w.word(w.pick([]string{"cell yes",
					"cell no"}))
			})})
		case 5:
			w.add(column{w.header("recommendation"), intake.RoleAdvice,
				w.fill(func(int) string { return w.word(w.pick([]string{"cell grants", "cell refuses"})) })})
		case 6:
			w.add(column{w.header("description"), role,
				w.fill(func(i int) string { return fmt.Sprintf("https://x.example/%d", i) })})
		case 7:
			w.add(column{w.header("secondary") + " mail", role,
				w.fill(func(i int) string { return fmt.Sprintf("home%d@home.example.org", i) })})
		}
	}
}

// write lays the columns out as text.
func (w *world) write() {
	delim := w.pick([]string{",", ";", "\t", "|", "^"})
	quote := func(s string) string {
		if strings.ContainsAny(s, delim+"\"\n") {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		return s
	}
	var b strings.Builder
	if w.chance(25) {
		fmt.Fprintf(&b, "User Access Report\nGenerated 4 March\n\n")
	}
	line := func(cell func(c column) string) {
		for i, c := range w.columns {
			if i > 0 {
				b.WriteString(delim)
			}
			b.WriteString(quote(cell(c)))
		}
		b.WriteByte('\n')
	}
	line(func(c column) string { return c.name })
	for i := range w.rows {
		line(func(c column) string { return c.cells[i] })
	}
	w.text = b.String()
}

// answers are everything that a person who knows the report would say.
func (w *world) answers() intake.Answers {
	a := intake.Answers{
		Encoding:  w.encoding,
		NoneIs:    intake.NoneIsNoValue,
		Commas:    intake.CommasSplit,
		DateOrder: intake.DateOrderDayFirst,
		Words:     w.words,
	}
	if w.layout == intake.LayoutMatrix {
		a.Layout = w.layout
	}
	a.Columns.Others = map[string]intake.Role{}
	for _, c := range w.columns {
		switch c.role {
		case intake.RoleUser:
			a.Columns.User = c.name
		case intake.RoleEntitlement:
			a.Columns.Entitlements = append(a.Columns.Entitlements, c.name)
		case intake.RoleAttribute:
			a.Columns.Attributes = append(a.Columns.Attributes, c.name)
		default:
			a.Columns.Others[c.name] = c.role
		}
	}
	return a
}

// pairs are what the report means: who gets what.
func (w *world) pairs() map[string]bool {
	all := map[string]bool{}
	for _, r := range w.rows {
		if r.no {
			continue
		}
		for _, v := range r.values {
			all[r.person+" "+v] = true
		}
	}
	return all
}
