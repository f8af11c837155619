package cli

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/delivery"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/tools"
)

// audit prints what an audit found and what became of its report.
func (s *screen) audit(a *mfa.Summary, r *delivery.Receipt) {
	s.head("MFA audit of %s, %s", a.Scope, a.AsOf.Format("2 January 2006 15:04 MST"))
	s.say("  %s", kindWords(a.Kind, a.WhyFull))
	s.say("  %s", a.Coverage.Line)
	s.say("  all people  %s", tallyWords(a.Tally))
	if a.AdminsKnown {
		s.say("  admins      %s", tallyWords(a.Admins))
	}
	s.say("  strength    %s", strengthWords(a.ByStrength))
	if c := a.Change; c != nil {
		s.say("  since %s: %d put right, %d fallen back, %d new and failing, %d left",
			c.At.Format("2 January"), c.Fixed, c.Regressed, c.NewFail, c.Gone)
	}
	if c := a.Change; c != nil && c.Policy != nil {
		s.say("  the audit policy changed, too: by that alone %d fail who did not, and %d do not fail who did",
			c.Policy.Failing, c.Policy.Passing)
	}
	if e := a.Sample; e != nil {
		s.say("  %d earlier readings were checked, %d were wrong", e.Drawn, e.Wrong)
	}
	for _, note := range a.Notes {
		s.say("  note: %s", note)
	}
	s.say("  audit %s, %d calls to Okta", a.AuditID, a.Calls)
	if r != nil {
		s.receipt(r)
	}
}

func kindWords(kind, why string) string {
	switch {
	case kind == mfa.KindBaseline:
		return "from the Admin Console's export alone"
	case why != "":
		return kind + " audit: " + why
	}
	return kind + " audit: who changed was read, the rest is known"
}

// tallyWords says verdicts, the worst first, with what they add up to.
func tallyWords(t mfa.Tally) string {
	var parts []string
	for _, v := range mfa.Verdicts {
		if n := t.ByVerdict[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if t.Total == 0 {
		return "no one"
	}
	people := "people"
	if t.Total == 1 {
		people = "person"
	}
	text := fmt.Sprintf("%d %s: %s", t.Total, people, strings.Join(parts, ", "))
	if t.Rate != nil {
		text += fmt.Sprintf("; %.1f %% enrolled", math.Floor(1000**t.Rate)/10) // down, as in the report: 99.96 is not all
	}
	return text
}

func strengthWords(by map[mfa.Strength]int) string {
	var parts []string
	for _, strength := range []mfa.Strength{mfa.Resistant, mfa.Phishable, mfa.Weak, mfa.None, mfa.Unknown} {
		if n := by[strength]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strength))
		}
	}
	return strings.Join(parts, ", ")
}

func (s *screen) receipt(r *delivery.Receipt) {
	would := ""
	if r.DryRun {
		would = "would be "
	}
	if f := r.Files; f != nil {
		s.say("  written     %s, %s, %s", f.Findings.Path, f.Summary.Path, f.Page.Path)
	}
	if t := r.Tickets; t != nil {
		s.say("  tickets     %s%d created, %d updated, %d closed, %d reopened, %d unchanged, %d in the bulk ticket, %d failed",
			would, t.Created, t.Updated, t.Closed, t.Reopened, t.Unchanged, t.Deferred, t.Failed)
		for _, reason := range ticketProblems(t) {
			s.say("              %s", reason)
		}
		if t.Filter != "" && t.Error == "" && !r.DryRun {
			s.say("              %s", t.Filter)
		}
	}
	if d := r.Bulletin; d != nil {
		s.say("  bulletin    %s", strings.TrimSpace(string(d.Outcome)+" "+d.Error))
		if d.Text != "" {
			s.quote(d.Text)
		}
	}
	if m := r.Messages; m != nil {
		s.say("  messages    %d sent, %d skipped, %d failed%s", m.Sent, m.Skipped, m.Failed, wouldSend(m))
		for _, reason := range slices.Sorted(maps.Keys(m.Reasons)) {
			s.say("              %d: %s", m.Reasons[reason], reason)
		}
	}
	for _, w := range r.Waiting {
		s.say("  waits       %s %s since %s%s", w.Kind, w.Key, w.Since.Format("2 January 15:04"), triedBefore(w))
	}
	for _, note := range r.Notes {
		s.say("  note: %s", note)
	}
}

// ticketProblems says why tickets failed, each reason once.
func ticketProblems(t *delivery.Tickets) []string {
	var reasons []string
	if t.Error != "" {
		reasons = append(reasons, t.Error)
	}
	for _, one := range t.Sample {
		if one.Outcome == notify.Failed && !slices.Contains(reasons, one.Error) {
			reasons = append(reasons, one.Error)
		}
	}
	return reasons
}

func triedBefore(w delivery.Waiting) string {
	if w.Tries == 0 {
		return "; the next run tries it again"
	}
	return fmt.Sprintf(", tried again %d times: %s", w.Tries, w.Error)
}

func wouldSend(m *delivery.Messages) string {
	if m.Would == 0 {
		return ""
	}
	return fmt.Sprintf(", %d would be sent", m.Would)
}

// quote shows a text of several lines as one that is not the program's own.
func (s *screen) quote(text string) {
	for line := range strings.Lines(text) {
		s.say("    %s| %s%s", s.dim, strings.TrimRight(line, "\n"), s.plainAgain)
	}
}

// audited shows an audit as a client sees it.
func (s *screen) audited(a *tools.AuditBrief) {
	if a == nil {
		return
	}
	why := ""
	if a.WhyFull != "" {
		why = " (" + a.WhyFull + ")"
	}
	s.say("  %s audit%s, %d calls to Okta", a.Kind, why, a.Calls)
	s.say("  %s", a.Coverage)
	s.say("  %d people: %s", a.Total, countsInOrder(a.ByVerdict, verdictNames()))
	s.say("  strength: %s", countsInOrder(a.ByStrength, []string{"phishing_resistant", "strong_phishable", "weak", "none", "unknown"}))
	if len(a.Admins) > 0 {
		s.say("  admins: %s", countsInOrder(a.Admins, verdictNames()))
	}
	if a.Fixed+a.Regressed > 0 {
		s.say("  since the audit before: %d put right, %d fallen back", a.Fixed, a.Regressed)
	}
}

func verdictNames() []string {
	names := make([]string, len(mfa.Verdicts))
	for i, v := range mfa.Verdicts {
		names[i] = string(v)
	}
	return names
}

func countsInOrder(counts map[string]int, order []string) string {
	var parts []string
	for _, name := range order {
		if n := counts[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	return strings.Join(parts, ", ")
}

// person shows one finding on a line.
func (s *screen) person(f *tools.FindingItem) {
	var methods []string
	for _, m := range f.Methods {
		methods = append(methods, m.Method)
	}
	roles, recent := "", ""
	if len(f.Roles) > 0 {
		roles = " " + strings.Join(f.Roles, ", ")
	}
	for _, e := range f.Recent {
		recent += fmt.Sprintf(", %d %s", e.Count, e.Kind)
	}
	s.say("    %-34s %-13s%s %s%s%s%s", f.Login, f.Verdict, roles, s.dim, strings.Join(methods, ", "), recent, s.plainAgain)
}
