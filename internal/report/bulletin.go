package report

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/untrusted"
)

// bulletinPeople is how many people a bulletin names at most.
const bulletinPeople = 15

// Bulletin sums an audit up for a channel: what must be done, how much is known, what changed, and a picture. It
// names the people given, the first 15 of them, in a field of their own; everything else is counts. Link leads to the
// tickets or the report and may be "".
func Bulletin(s mfa.Summary, people []mfa.Finding, link string) (notify.Bulletin, error) {
	d := notify.Bulletin{
		Key:   "mfa-digest-" + keyOf(s.AuditID),
		Title: untrusted.New(headline(&s)).Show(titleMax),
		Lines: bulletinLines(&s),
		Facts: facts(&s),
		Link:  link,
	}
	if link != "" {
		d.LinkText = "Open the findings"
	}
	for i := range people {
		if i == bulletinPeople {
			d.People = append(d.People, several(len(people)-i, "more person", "more people"))
			break
		}
		d.People = append(d.People, personLine(&people[i]))
	}
	if s.Total == 0 {
		return d, nil
	}
	picture, err := bulletinChart(&s)
	if err != nil {
		return notify.Bulletin{}, fmt.Errorf("draw the bulletin's chart: %w", err)
	}
	d.Chart, d.ChartText = picture, chartText(&s)
	return d, nil
}

func headline(s *mfa.Summary) string {
	subject := "MFA audit of " + organisation(s)
	if !s.Whole() && !s.Scope.IsZero() {
		subject += ", " + s.Scope.Show(untrusted.Name)
	}
	switch n := failing(&s.Tally); {
	case s.Total == 0:
		return subject + ": no one in scope"
	case n > 0:
		return subject + ": " + several(n, "person", "people") + " of " + number(s.Total) + verb(n, " fails", " fail")
	case s.Coverage.Share < s.Coverage.Bound:
		return subject + ": no one is known to fail, but too few could be read"
	default:
		return subject + ": no one fails"
	}
}

func bulletinLines(s *mfa.Summary) []string {
	var lines []string
	if s.AdminsKnown {
		if n := failing(&s.Admins); n > 0 {
			lines = append(lines, several(n, "administrator",
				"administrators")+" of "+number(s.Admins.Total)+verb(n, " fails", " fail")+": these come first.")
		} else if s.Admins.Total > 0 {
			lines = append(lines, "No administrator of "+number(s.Admins.Total)+" is known to fail.")
		}
	} else {
		lines = append(lines, "Who is an administrator could not be read.")
	}
	lines = append(lines, changeLine(s))
	if line := untrusted.New(s.Coverage.Line).Show(untrusted.Long); line != "" {
		lines = append(lines, "Coverage: "+sentence(line))
	}
	if why := noRate(s); why != "" {
		lines = append(lines, why)
	}
	if line := exemptionLine(s); line != "" {
		lines = append(lines, line)
	}
	if !s.Policy.Deadline.IsZero() {
		lines = append(lines, "Deadline for everyone: "+day(s.Policy.Deadline)+".")
	}
	const most = 4
	for i, note := range s.Notes {
		if i == most {
			lines = append(lines, several(len(s.Notes)-i, "more note is", "more notes are")+" in the report.")
			break
		}
		lines = append(lines, "Note: "+sentence(note.Show(untrusted.Long)))
	}
	return lines
}

// changeLine says what changed since the audit before.
func changeLine(s *mfa.Summary) string {
	c := s.Change
	if c == nil {
		return "There is no earlier audit of this scope to compare with."
	}
	line := fmt.Sprintf("Since %s: %s fixed, %s regressed, %s new and failing, %s left the scope.",
		day(c.At), number(c.Fixed), number(c.Regressed), number(c.NewFail), number(c.Gone))
	if p := c.Policy; p != nil {
		line += fmt.Sprintf(" The audit policy changed, too: by that alone %s fail who did not, and %s do not fail who did.",
			number(p.Failing), number(p.Passing))
	}
	return line
}

// noRate says why there is no enrolment rate, "" when there is one.
func noRate(s *mfa.Summary) string {
	switch {
	case s.Rate != nil:
		return ""
	case s.Total == 0:
		return "No enrolment rate is given: the scope has no one in it."
	case s.Coverage.Share < s.Coverage.Bound:
		return "No enrolment rate is given: " + percent(s.Coverage.Share) +
			" of the people could be read, and " + percent(s.Coverage.Bound) + " is the least for a rate."
	default:
		return "No enrolment rate is given: no one could be judged."
	}
}

func facts(s *mfa.Summary) [][2]string {
	out := [][2]string{{"People judged", number(s.Total)}}
	if s.Rate != nil {
		out = append(out, [2]string{"Enrolled", number(s.Enrolled) + " (" + percent(*s.Rate) + ")"})
	} else {
		out = append(out, [2]string{"Enrolled", number(s.Enrolled)})
	}
	out = append(out,
		[2]string{"Not enrolled", number(s.ByVerdict[mfa.NotEnrolled])},
		[2]string{"Weak methods only", number(s.ByVerdict[mfa.WeakOnly])},
		[2]string{"Phishing-resistant", number(s.ByStrength[mfa.Resistant])})
	for _, v := range []mfa.Verdict{mfa.InGrace, mfa.Exempt, mfa.Unreadable, mfa.Undecided} {
		if n := s.ByVerdict[v]; n > 0 {
			word := word(verdictWords, v)
			out = append(out, [2]string{strings.ToUpper(word[:1]) + word[1:], number(n)})
		}
	}
	if s.AdminsKnown {
		out = append(out, [2]string{"Administrators failing", number(failing(&s.Admins)) + " of " + number(s.Admins.Total)})
	}
	return out
}

func personLine(f *mfa.Finding) string {
	text := whoWithLogin(f) + ": " + word(verdictWords, f.Verdict)
	if f.Admin() {
		text += "; administrator"
	}
	if events := signals(f); len(events) > 0 {
		text += "; " + strings.Join(events, "; ")
	}
	return untrusted.New(text).Show(untrusted.Long)
}

// chartText says what the picture shows, for people who cannot see it.
func chartText(s *mfa.Summary) string {
	var parts []string
	for _, st := range strengths {
		if n := s.ByStrength[st]; n > 0 {
			parts = append(parts, word(strengthWords, st)+" "+number(n))
		}
	}
	text := "Best method registered, in people: " + strings.Join(parts, "; ") + "."
	if n := len(s.History); n > 1 {
		first, last := s.History[0], s.History[n-1]
		text += fmt.Sprintf(" People failing: %s on %s, %s on %s.", number(first.Failing), day(first.At),
			number(last.Failing), day(last.At))
	}
	return text
}

// BulletinText writes a bulletin for a terminal, as it would be posted. The picture is there by its description.
func BulletinText(d notify.Bulletin) string {
	var b strings.Builder
	title := untrusted.New(d.Title).Show(titleMax)
	b.WriteString(title + "\n" + strings.Repeat("─", min(utf8.RuneCountInString(title), 100)) + "\n")
	for _, line := range d.Lines {
		b.WriteString(untrusted.New(line).Show(untrusted.Paragraph) + "\n")
	}
	width := 0
	for _, f := range d.Facts {
		width = max(width, utf8.RuneCountInString(untrusted.New(f[0]).Show(untrusted.Name)))
	}
	if len(d.Facts) > 0 {
		b.WriteString("\n")
	}
	for _, f := range d.Facts {
		name := untrusted.New(f[0]).Show(untrusted.Name)
		b.WriteString("  " + name + strings.Repeat(" ",
			width-utf8.RuneCountInString(name)) + "  " + untrusted.New(f[1]).Show(untrusted.Name) + "\n")
	}
	if len(d.People) > 0 {
		b.WriteString("\nFirst in line:\n")
	}
	for _, p := range d.People {
		b.WriteString("  • " + untrusted.New(p).Show(untrusted.Paragraph) + "\n")
	}
	if d.ChartText != "" {
		b.WriteString("\n[picture] " + untrusted.New(d.ChartText).Show(untrusted.Paragraph) + "\n")
	}
	if d.Link != "" {
		b.WriteString("\n" + cmp.Or(untrusted.New(d.LinkText).Show(untrusted.Name),
			"Link") + ": " + untrusted.New(d.Link).Show(untrusted.Paragraph) + "\n")
	}
	return b.String()
}
