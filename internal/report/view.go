package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

// view is everything that the page's template shows: texts are clean and ready, only markup is left to it.
type view struct {
	Security string
	Style    template.CSS
	Script   template.JS

	Org, Scope, Kind, AsOf, Audit string
	Head                          []pair
	Coverage, CoverageClass       string
	Measured                      string // the cache's error
	Notes                         []string
	Cards, AdminCards             []card
	AdminNote                     string
	Verdicts                      []verdictRow
	AdminsKnown, Changed          bool
	Change                        string
	Enrolled                      string // the rule by which people count as enrolled
	Pictures                      []picture
	Controls                      []control
	Policy                        []string
	Exemptions                    []exemptionRow
	Sources                       []pair
	Caveat                        string
	Baseline                      []pair
	Disagree                      []disagreement
	DisagreeMore                  int
	Files                         []pair
	People                        []personRow
	PeopleNote                    string
	WhatIf                        bool
}

type pair struct{ Name, Value string }

// card is one headline number.
type card struct{ Label, Value, Note, Class string }

type verdictRow struct {
	Verdict                             mfa.Verdict
	Name, Meaning, Count, Share, Admins string
	Change                              string
}

type exemptionRow struct{ User, Owner, Reason, Expires, State, Class string }

func (p *page) view(files Files) *view {
	s := p.s
	v := &view{
		Org: organisation(s), Scope: s.Scope.Show(untrusted.Long), Kind: kind(s), AsOf: moment(s.AsOf),
		Audit:    untrusted.New(s.AuditID).Show(untrusted.Name),
		Coverage: sentence(untrusted.New(s.Coverage.Line).Show(untrusted.Paragraph)), CoverageClass: coverageClass(s), Measured: measured(s),
		Cards: cards(s), AdminsKnown: s.AdminsKnown, Changed: s.Change != nil, Change: changeLine(s),
		WhatIf:   len(s.WhatIf) > 0,
		Enrolled: mfa.EnrolledRule, Verdicts: verdictRows(s),
		Pictures: pictures(s), Controls: controls(s), Policy: PolicyWords(s.Policy), Exemptions: exemptions(s),
		Sources: sources(s), Caveat: sentence(untrusted.New(s.Sources.Caveat).Show(untrusted.Paragraph)), Baseline: baseline(s.Baseline),
		Disagree: p.disagree.all(), DisagreeMore: max(p.disagree.dropped, 0),
		People: p.rows.all(), PeopleNote: p.peopleNote(),
		Files: []pair{
			{FindingsFile, fmt.Sprintf("one row per person, %s bytes, SHA-256 %s", number(int(files.Findings.Bytes)), files.Findings.SHA256)},
			{SummaryFile, fmt.Sprintf("all figures, %s bytes, SHA-256 %s", number(int(files.Summary.Bytes)), files.Summary.SHA256)},
		},
	}
	if v.Coverage == "" {
		v.Coverage = fmt.Sprintf("%s listed, %s read, %s from earlier readings, %s unreadable.", people(s.Coverage.Listed),
			number(s.Coverage.Read), number(s.Coverage.Cached), number(s.Coverage.Unreadable))
	}
	for _, n := range s.Notes {
		v.Notes = append(v.Notes, sentence(n.Show(untrusted.Paragraph)))
	}
	if note := p.mismatch(); note != "" {
		v.Notes = append(v.Notes, note)
	}
	v.AdminCards, v.AdminNote = adminCards(s)
	v.Head = []pair{
		{"Scope", v.Scope}, {"As of", v.AsOf}, {"Kind", v.Kind},
		{"Ran", span(s.Started, s.Ended)}, {"Audit", v.Audit},
	}
	return v
}

// span writes from when to when, the date once when it is the same.
func span(from, to time.Time) string {
	if day(from) == day(to) && !from.IsZero() {
		return from.UTC().Format("2 January 2006 15:04") + to.UTC().Format(" to 15:04 UTC")
	}
	return moment(from) + " to " + moment(to)
}

func kind(s *mfa.Summary) string {
	text := untrusted.New(s.Kind).Show(untrusted.Name)
	if len(s.WhatIf) > 0 {
		text = "what-if under a looser policy, no audit of record; " + text
	}
	if s.WhyFull != "" {
		text += ", because " + strings.TrimSuffix(untrusted.New(s.WhyFull).Show(untrusted.Long), ".")
	}
	return text
}

func coverageClass(s *mfa.Summary) string {
	switch {
	case s.Coverage.Share < s.Coverage.Bound:
		return "bad"
	case s.Coverage.Unreadable > 0 || s.Coverage.Read+s.Coverage.Cached < s.Coverage.Listed:
		return "warn"
	default:
		return "good"
	}
}

func measured(s *mfa.Summary) string {
	if s.Sample == nil {
		return ""
	}
	return fmt.Sprintf("Of the people taken from earlier readings, %s were read again at random: %s had changed unnoticed (%s).",
		number(s.Sample.Drawn), number(s.Sample.Wrong), percent(s.Sample.Rate))
}

// mismatch says when the table and the summary are not of one audit: an auditor must not find that out alone.
func (p *page) mismatch() string {
	if p.seen == p.s.Total && (p.seen == 0 || maps.Equal(nonzero(p.verdicts), nonzero(p.s.ByVerdict))) {
		return ""
	}
	return fmt.Sprintf("The table has %s, and the summary counts %s, or their verdicts differ: the two "+
		"are not of the same audit. Run the report again.",
		people(p.seen), people(p.s.Total))
}

func nonzero(counts map[mfa.Verdict]int) map[mfa.Verdict]int {
	counts = maps.Clone(counts)
	maps.DeleteFunc(counts, func(_ mfa.Verdict, n int) bool { return n == 0 })
	return counts
}

func (p *page) peopleNote() string {
	if p.rows.dropped == 0 {
		return "Everyone in the scope is in this table, " + people(p.seen) + "."
	}
	return fmt.Sprintf("The table shows %s of %s: who fails first, then administrators and exempt people. Everyone is in %s.",
		number(p.rows.held), people(p.seen), FindingsFile)
}

func cards(s *mfa.Summary) []card {
	out := []card{{Label: "People judged", Value: number(s.Total)}}
	if s.Rate != nil {
		out = append(out, card{Label: "Enrolment rate", Value: percent(*s.Rate), Note: "enrolled, of those who could be judged", Class: "key"})
	} else {
		out = append(out, card{Label: "Enrolment rate", Value: "not given",
			Note: strings.TrimPrefix(noRate(s), "No enrolment rate is given: "), Class: "warn"})
	}
	fails := failing(&s.Tally)
	class := actClass(s, fails)
	resistant := card{Label: "Phishing-resistant", Value: number(s.ByStrength[mfa.Resistant])}
	if s.Total > 0 {
		resistant.Note = part(s.ByStrength[mfa.Resistant], s.Total) + " of all"
	}
	return append(out,
		card{Label: "Enrolled", Value: number(s.Enrolled), Note: "any second factor"},
		card{Label: "Not enrolled", Value: number(s.NotEnroll), Note: "none, also if in grace or exempt"},
		card{Label: "Must act now", Value: number(fails), Note: "not enrolled or weak methods only", Class: class},
		resistant,
	)
}

// actClass paints no one who fails as good only where enough is known to say so.
func actClass(s *mfa.Summary, fails int) string {
	switch {
	case fails > 0:
		return "bad"
	case s.Total > 0 && s.Coverage.Share >= s.Coverage.Bound:
		return "good"
	default:
		return ""
	}
}

func adminCards(s *mfa.Summary) ([]card, string) {
	switch {
	case !s.AdminsKnown:
		return nil, "Admin roles could not be read: this report does not know who is an administrator."
	case s.Admins.Total == 0:
		return nil, "No one in the scope holds an admin role."
	}
	a := &s.Admins
	return []card{
		{Label: "Administrators", Value: number(a.Total), Note: "directly or through a group"},
		{Label: "Not enrolled", Value: number(a.NotEnroll)},
		{Label: "Must act now", Value: number(failing(a)), Class: actClass(s, failing(a))},
		{Label: "Phishing-resistant", Value: number(a.ByStrength[mfa.Resistant]),
			Note: part(a.ByStrength[mfa.Resistant], a.Total) + " of administrators"},
	}, ""
}

func verdictRows(s *mfa.Summary) []verdictRow {
	var rows []verdictRow
	for _, verdict := range mfa.Verdicts {
		n := s.ByVerdict[verdict]
		r := verdictRow{Verdict: verdict, Name: word(verdictWords, verdict), Meaning: verdictMeaning[verdict], Count: number(n),
			Share: part(n, s.Total), Admins: number(s.Admins.ByVerdict[verdict])}
		if s.Change != nil {
			r.Change = signed(s.Change.Verdicts[verdict])
		}
		rows = append(rows, r)
	}
	return rows
}

func exemptions(s *mfa.Summary) []exemptionRow {
	states := map[string][2]string{
		"in_force":   {"in force", "good"},
		"expired":    {"expired", "bad"},
		"not_needed": {"not needed: the person is compliant", "quiet"},
		"nobody":     {"no one of that name in scope", "warn"},
	}
	var rows []exemptionRow
	for _, e := range s.Exemptions {
		r := exemptionRow{User: e.User.Show(untrusted.Name), Owner: e.Owner.Show(untrusted.Name),
			Reason: e.Reason.Show(untrusted.Long), Expires: day(e.Expires),
			State: untrusted.New(e.State).Show(untrusted.Name)}
		if known, ok := states[e.State]; ok {
			r.State, r.Class = known[0], known[1]
		}
		rows = append(rows, r)
	}
	return rows
}

// counts writes a map as "3 SUSPENDED, 1 STAGED", the greatest first.
func counts(m map[string]int, names map[string]string) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, k := range keys {
		parts = append(parts, number(m[k])+" "+word(names, k))
	}
	return strings.Join(parts, ", ")
}

func sources(s *mfa.Summary) []pair {
	names := map[string]string{"enrollments": "authenticator enrolments", "factors": "factors", "both": "both", "none": "neither"}
	out := []pair{
		{"Main source", word(names, s.Sources.Primary)},
		{"People by source", counts(s.Sources.ByUsers, names)},
		{"Read from", untrusted.New(s.Sources.ReadFrom).Show(untrusted.Long)},
		{"Oldest reading", moment(s.Coverage.OldestRead)},
		{"Calls to Okta", number(int(s.Calls))},
		{"Active authenticators", strings.Join(methodList(s.Sources.Authentic), ", ")},
		{"Judged, but not ACTIVE", counts(s.Other, nil)},
		{"Counted, not judged", counts(s.Counted, nil)},
		{"One usable method only", lockedOut(s.Single)},
		{"Sources disagree in", people(s.Disagree)},
		{"Digest of the findings", untrusted.New(s.Digest).Show(untrusted.Name)},
	}
	return slices.DeleteFunc(out, func(p pair) bool { return p.Value == "" })
}

func lockedOut(n int) string {
	if n == 0 {
		return "nobody"
	}
	return people(n) + "; losing it locks them out"
}

func baseline(c *mfa.Comparison) []pair {
	if c == nil {
		return nil
	}
	out := []pair{
		{"File", c.File.Show(untrusted.Name)}, {"Exported", moment(c.Of)}, {"Age",
			untrusted.New(c.Age).Show(untrusted.Name)}, {"Rows", number(c.Rows)},
		{"Agree with Okta", number(c.Agree)}, {"Differ", number(c.Differ)}, {"Only in the file", number(c.OnlyFile)},
		{"Only in Okta", number(c.OnlyAPI)}, {"Differing, first few", untrusted.New(strings.Join(c.Sample, ", ")).Show(untrusted.Long)},
	}
	return slices.DeleteFunc(out, func(p pair) bool { return p.Value == "" })
}
