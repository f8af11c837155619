package plan

import (
	"fmt"
	"maps"
	"slices"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
)

// warn adds a warning when there is something to warn of.
func (p *Plan) warn(code trouble.Code, count int, message, next string) {
	if count > 0 {
		p.Warnings = append(p.Warnings, Warning{
			Code:  code,
			Count: count,
			What:  fmt.Sprintf("%d %s", count, message),
			Next:  next,
		})
	}
}

// warnOfReport repeats the preflight warnings about what this plan writes, under their own codes: a person confirms the
// plan, and may never have seen the preflight.
func (p *Plan) warnOfReport(r *intake.Report) {
	meanings := intake.ProblemMeanings()
	for _, code := range slices.Sorted(maps.Keys(r.ProblemCounts)) {
		m := meanings[code]
		if m.Concern != intake.ConcernsValues && (m.Concern != intake.ConcernsAccess || p.Stage == StageStructure) {
			continue
		}
		if p.warns(trouble.Code(code)) || onlyNoted(r, code) {
			continue
		}
		p.warn(trouble.Code(code), r.ProblemCounts[code], m.What, m.Next)
	}
}

// warns reports whether the plan has a warning of its own about the same, which says more.
func (p *Plan) warns(code trouble.Code) bool {
	return slices.ContainsFunc(p.Warnings, func(w Warning) bool {
		return w.Code == code || w.Code == trouble.InvisibleTwins && code == trouble.InvisibleCharacter
	})
}

// onlyNoted reports whether all that the preflight says under a code is no warning. What it has more of than it keeps is
// a warning.
func onlyNoted(r *intake.Report, code string) bool {
	kept := 0
	for i := range r.Problems {
		if r.Problems[i].Code != code {
			continue
		}
		if r.Problems[i].Severity != intake.SeverityInfo {
			return false
		}
		kept++
	}
	return kept > 0
}
