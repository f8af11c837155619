package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/intake/lexicon"
)

// callersAccess reads the access columns that the caller named; the rest describes.
func (d *columns) callersAccess() {
	for _, i := range d.with(RoleEntitlement) {
		if d.isMatrixCell(i) || d.given.Layout == LayoutMatrix {
			d.marks = append(d.marks, i)
		}
	}
	if len(d.marks) > 0 {
		d.layout = LayoutMatrix
	}
}

// isMatrixCell reports whether the cells of a column are marks: yes, no, X.
func (d *columns) isMatrixCell(i int) bool {
	c := d.cells(i)
	return c.filled > 0 && c.share(c.bools+c.words(isVerdict, "allowed", "denied", "granted")+c.empties) >= nearlyAll &&
		c.bools+c.verdicts > 0
}

// words counts cells of a trait that are one of a few words, such as Allowed and Denied in a matrix.
func (s *shape) words(trait int, _ ...string) int {
	n := 0
	for text, t := range s.distinct {
		if !t.has[trait] || t.has[isBool] {
			continue
		}
		switch strings.ToLower(text) {
		case "allowed", "allow", "denied", "deny", "granted", "not granted", "permitted", "not permitted", "not allowed",
			"erlaubt", "verboten":
			n += t.count
		}
	}
	return n
}

// couldBeMark reports whether a column can be one of a matrix: its cells are marks, and its header is no question
// that is answered with yes and no.
func (d *columns) couldBeMark(i int) bool {
	h := d.about(i)
	if !d.free(i) || !d.isMatrixCell(i) {
		return false
	}
	switch h.Part {
	case lexicon.Flag, lexicon.Recommendation, lexicon.Previous, lexicon.Kind, lexicon.Review, lexicon.ID, lexicon.Date,
		lexicon.OtherDate, lexicon.From, lexicon.Until, lexicon.Ended:
		return false
	case lexicon.Decision:
		return !h.Whole && !h.Either && !(h.Ends && h.Has(lexicon.Access, lexicon.Weak)) // Role B Keep? decides
	case lexicon.State, lexicon.Active, lexicon.Blocked, lexicon.Unheld, lexicon.Description:
		return !h.Whole && !h.Either
	case lexicon.Weak, lexicon.Access:
		return !h.Has(lexicon.Flag)
	}
	return true
}

// matrixLike reports whether a column is one of several with marks.
func (d *columns) matrixLike(i int) bool {
	n := 0
	for j := range d.list {
		if d.couldBeMark(j) {
			n++
		}
	}
	return n >= 2 && d.couldBeMark(i)
}

// matrix recognises columns of marks. Headings that all say role or group are certain; others are a doubt, because
// columns such as Contractor and Remote look the same.
func (d *columns) matrix() {
	var marks []int
	certain := true
	for i := range d.list {
		if d.couldBeMark(i) {
			marks = append(marks, i)
			certain = certain && d.about(i).Is(lexicon.Access)
		}
	}
	if len(marks) == 0 || len(marks) == 1 && !d.about(marks[0]).Is(lexicon.Access) {
		return
	}
	textual := slices.ContainsFunc(d.indexes(), func(i int) bool {
		return d.free(i) && d.about(i).Is(lexicon.Access) && !slices.Contains(marks, i) && d.cells(i).solid() > 0 &&
			d.notAccess(i) == ""
	})
	certain = certain && !textual && len(marks) > 1
	names := d.namesOf(marks)
	switch {
	case d.given.Layout == LayoutMatrix, d.given.Layout == "" && certain:
		d.layout = LayoutMatrix
		for _, i := range append(marks, d.emptyBeside(marks)...) {
			d.set(i, RoleEntitlement, sureHeader, "the layout is a matrix: a mark under %q grants it", d.shown(i))
			d.marks = append(d.marks, i)
		}
		slices.Sort(d.marks)
	default:
		for _, i := range marks {
			d.set(i, RoleAttribute, notSure, "in doubt: the columns of marks look like a matrix")
		}
		if d.given.Layout != "" {
			return // the caller says that it is a list
		}
		d.doubt(Doubt{
			Code:    DoubtMatrix,
			Columns: storedTexts(names),
			Question: fmt.Sprintf("the layout looks like a matrix: is a mark under %s access to what the "+
				"heading names?", quoted(names...)),
			Answers: []Answer{answer("it is a matrix: each heading is a value, and a mark grants it",
				Answers{Layout: LayoutMatrix}),
				answer("these columns only describe", Answers{Columns: Mapping{Attributes: names}})},
		})
	}
}

// emptyBeside are columns without a cell in the sample that belong to a matrix: no one has what they name, so far.
func (d *columns) emptyBeside(marks []int) []int {
	var all []int
	for i := range d.list {
		if d.free(i) && d.cells(i).filled == 0 && d.about(i).Is("", lexicon.Access, lexicon.Weak) && i > marks[0] &&
			i < marks[len(marks)-1]+2 && d.name(i) != "" {
			all = append(all, i)
		}
	}
	return all
}
