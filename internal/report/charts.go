package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// Most rows that a chart shows; the others are summed up below it.
const (
	departmentRows = 12
	methodRows     = 12
)

func pictures(s *mfa.Summary) []picture {
	return []picture{timeChart(s), strengthChart(s), methodChart(s), departmentChart(s)}
}

func strengthClass(st mfa.Strength) string {
	switch st {
	case mfa.Resistant:
		return "s-resistant"
	case mfa.Phishable:
		return "s-phishable"
	case mfa.Weak:
		return "s-weak"
	case mfa.None:
		return "s-none"
	default:
		return "s-unknown"
	}
}

func strengthChart(s *mfa.Summary) picture {
	p := picture{ID: "chart-strength", Title: "Best method registered", Width: figureWidth,
		Note: "The strongest active method of each person. Unreadable people count as unknown."}
	if s.Total == 0 {
		p.Empty = "No one is in the scope of this audit."
		return p
	}
	var rows []bar
	for _, st := range strengths {
		n := s.ByStrength[st]
		name := word(strengthWords, st)
		rows = append(rows, bar{label: name, value: number(n) + " · " + part(n, s.Total), share: float64(n) / float64(s.Total),
			class: strengthClass(st), second: -1, tip: name + ": " + people(n)})
		p.Desc += name + " " + people(n) + "; "
	}
	p.Height = int(p.bars(0, rows))
	return p
}

func methodChart(s *mfa.Summary) picture {
	p := picture{ID: "chart-method", Title: "People by authenticator", Width: figureWidth,
		Note: "One person may have several. Grey: makes no one enrolled."}
	counted := maps.Clone(s.ByMethod)
	delete(counted, "okta_password") // everyone's, so a bar of it says nothing
	names := slices.SortedFunc(maps.Keys(counted), func(a, b string) int {
		return cmp.Or(s.ByMethod[b]-s.ByMethod[a], cmp.Compare(a, b))
	})
	if len(names) == 0 || s.Total == 0 {
		p.Empty = "Nothing beyond a password is registered."
		return p
	}
	if len(names) > methodRows {
		p.Note += " " + several(len(names)-methodRows, "rarer one is", "rarer ones are") + " not drawn; summary.json has all."
		names = names[:methodRows]
	}
	var rows []bar
	for _, name := range names {
		n := s.ByMethod[name]
		shown, class := word(methodWords, name), "s-method"
		if slices.Contains(noFactors, shown) {
			class = "s-unknown"
		}
		rows = append(rows, bar{label: shown, value: number(n) + " · " + part(n, s.Total), share: float64(n) / float64(s.Total),
			class: class, second: -1, tip: shown + ": " + people(n)})
		p.Desc += shown + " " + people(n) + "; "
	}
	p.Height = int(p.bars(0, rows))
	return p
}

func departmentChart(s *mfa.Summary) picture {
	p := picture{ID: "chart-department", Title: "Departments with most people failing", Width: figureWidth}
	all := slices.DeleteFunc(slices.Clone(s.Departments), func(d mfa.Department) bool { return d.Total <= 0 })
	if len(all) == 0 {
		p.Empty = "No departments are known."
		return p
	}
	slices.SortStableFunc(all, func(a, b mfa.Department) int {
		return cmp.Or(b.Failing-a.Failing, b.Total-a.Total, strings.Compare(a.Name.Raw(), b.Name.Raw()))
	})
	shown := all[:min(len(all), departmentRows)]
	p.box(0, 3, 18, barThick, "s-enrolled", "")
	p.text(24, 13, "start", "small", "enrolled")
	p.box(104, 6, 18, barThin, "s-failing", "")
	p.text(128, 13, "start", "small", "failing, both as a share of the department")
	var rows []bar
	for _, d := range shown {
		name := cmp.Or(d.Name.Show(untrusted.Name), "no department")
		tip := fmt.Sprintf("%s: %s of %s enrolled, %s failing", name, number(d.Enrolled), people(d.Total), number(d.Failing))
		rows = append(rows, bar{label: name, value: number(d.Failing) + " of " + number(d.Total) + verb(d.Failing, " fails", " fail"),
			share: float64(d.Enrolled) / float64(d.Total), class: "s-enrolled",
			second: float64(d.Failing) / float64(d.Total), under: "s-failing", tip: tip})
		p.Desc += tip + "; "
	}
	p.Height = int(p.bars(24, rows))
	if rest := all[len(shown):]; len(rest) > 0 {
		total, fail := 0, 0
		for _, d := range rest {
			total += d.Total
			fail += d.Failing
		}
		p.Note = fmt.Sprintf("In %s, %s of %s %s.", several(len(rest), "other department",
			"other departments"), number(fail), people(total), verb(fail, "fails", "fail"))
	}
	return p
}
