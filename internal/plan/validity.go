package plan

import (
	"fmt"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/intake"
)

// ValidUntil is when the first access that a plan grants ends. After that day the plan is stale: carried out, it would
// grant what the report does not allow any more.
type ValidUntil struct {
	Day   string `json:"day"`             // the last day on which the plan may be applied, UTC: 2026-03-31
	Lines []int  `json:"lines,omitempty"` // of the report: the first rows whose access ends then
}

// shownLines is how many lines a ValidUntil names.
const shownLines = 10

// endsOf finds the first last day among the rows that wait for an operation.
func (p *Plan) endsOf(r *intake.Report) {
	first := int32(0)
	for i := range r.LastDays {
		day := r.LastDays[i]
		if day == 0 || p.Rows[i].State != Planned || first != 0 && day > first {
			continue
		}
		if day != first {
			first, p.ValidUntil = day, &ValidUntil{Day: intake.Day(day).Format(time.DateOnly)}
		}
		if lines := &p.ValidUntil.Lines; len(*lines) < shownLines && !slices.Contains(*lines, p.Rows[i].Line) {
			*lines = append(*lines, p.Rows[i].Line)
		}
	}
}

// Outdated returns a plan_stale error once an access that the plan grants has ended, nil before that and for plans without
// such access. Days are compared in UTC.
func (p *Plan) Outdated(now time.Time) error {
	if p.ValidUntil == nil || now.UTC().Format(time.DateOnly) <= p.ValidUntil.Day {
		return nil
	}
	lines := "the access"
	if len(p.ValidUntil.Lines) > 0 {
		lines = "the access on " + lineList(p.ValidUntil.Lines) + " of the report"
	}
	return Stale(fmt.Sprintf("%s ended with %s (UTC)", lines, clip(p.ValidUntil.Day, 20)))
}

func lineList(lines []int) string {
	if len(lines) == 1 {
		return fmt.Sprintf("line %d", lines[0])
	}
	list := ""
	for i, line := range lines {
		switch {
		case i == 0:
			list = fmt.Sprintf("lines %d", line)
		case i == len(lines)-1:
			list += fmt.Sprintf(" and %d", line)
		default:
			list += fmt.Sprintf(", %d", line)
		}
	}
	return list
}
