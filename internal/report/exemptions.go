package report

import (
	"cmp"
	"fmt"
	"slices"

	"okta-entitlements-mcp/internal/mfa"
)

// exemptionLine counts the exemptions and says which ends next, "" when there are none. It names no one.
func exemptionLine(s *mfa.Summary) string {
	inForce, expired := 0, 0
	var next mfa.Exemption
	for _, e := range s.Exemptions {
		switch {
		case e.State == "expired":
			expired++
		default:
			if inForce++; inForce == 1 || e.Expires.Before(next.Expires) {
				next = e
			}
		}
	}
	line := ""
	if inForce > 0 {
		line = several(inForce, "exemption is in force", "exemptions are in force") + ", the next ends on " + day(next.Expires) + "."
	}
	if expired > 0 {
		line += " " + several(expired, "exemption has expired and no longer counts", "exemptions have expired and no longer count") + "."
	}
	return line
}

// exemptionLines names each exemption with who answers for it, why and until when, the one that ends first at the top.
func exemptionLines(s *mfa.Summary) []string {
	const most = 30
	list := slices.Clone(s.Exemptions)
	slices.SortStableFunc(list, func(a, b mfa.Exemption) int {
		return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.User.String(), b.User.String()))
	})
	var lines []string
	for i, e := range list {
		if i == most {
			lines = append(lines, several(len(list)-i, "more exemption is", "more exemptions are")+" in the report.")
			break
		}
		until := " until "
		if e.State == "expired" {
			until = ", expired on "
		}
		lines = append(lines, fmt.Sprintf("Exempt: %s%s%s, %s answers for it: %s", e.User, until, day(e.Expires), e.Owner, e.Reason))
	}
	return lines
}
