package intake

import (
	"fmt"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/trouble"
)

// check refuses answers that are not among the words that they can be, so that a misspelt one is not taken for none.
func (a Answers) check() error {
	for _, c := range []struct {
		name, given string
		words       []string
	}{
		{"layout", string(a.Layout), []string{string(LayoutList), string(LayoutMatrix), string(LayoutNumbered),
			string(LayoutPairs)}},
		{"date_order", string(a.DateOrder), []string{string(DateOrderDayFirst), string(DateOrderMonth)}},
		{"hidden", a.Hidden, []string{HiddenInclude, HiddenLeaveOut}},
		{"none_is", a.NoneIs, []string{NoneIsValue, NoneIsNoValue}},
		{"commas", a.Commas, []string{CommasSplit, CommasPartOfName}},
	} {
		if c.given == "" || slices.Contains(c.words, c.given) {
			continue
		}
		next := "use " + strings.Join(c.words, " or ")
		if near := nearest(c.given, c.words); near != "" {
			next = fmt.Sprintf("did you mean %s? use %s", near, strings.Join(c.words, " or "))
		}
		return &trouble.Error{
			Code: trouble.UnusableAnswer,
			What: fmt.Sprintf("%s cannot be %q", c.name, shown(c.given)),
			Next: next,
		}
	}
	return nil
}

// noSheet refuses the name of a sheet for a report that is text. A saved mapping may name one: it is of an earlier
// file.
func noSheet(given layers) error {
	name := given.merged().Sheet
	if name == "" || given.remembered(func(a Answers) bool { return a.Sheet != "" }) {
		return nil
	}
	return &trouble.Error{
		Code: trouble.UnknownSheet,
		What: fmt.Sprintf("the report is no workbook, so it has no sheet %q", shown(name)),
		Next: "leave sheet out",
	}
}
