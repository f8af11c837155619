package report

import (
	"cmp"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/untrusted"
)

// titleMax is the longest title that Jira takes, in characters.
const titleMax untrusted.Width = 255

// personTicket writes the ticket of one failing person.
func (w *writer) personTicket(key string, f *mfa.Finding) notify.Ticket {
	t := notify.Ticket{
		Key:    key,
		Title:  w.personTitle(f),
		Due:    due(w.s, f),
		Labels: w.labels("mfa-" + strings.ReplaceAll(string(f.Verdict), "_", "-")),
		Urgent: urgency(f) != ordinary,
	}
	if f.Admin() {
		t.Labels = append(t.Labels, "okta-admin")
	}
	if w.o.AssignPeople {
		t.Assignee = cmp.Or(f.Email, f.Login).Show(untrusted.Long)
	}
	t.Lines = append(t.Lines, w.wrong(f))
	if f.Admin() {
		t.Lines = append(t.Lines, who(f)+" is an administrator: "+untrusted.New(roles(f)).Show(untrusted.Long)+via(f)+".")
	}
	t.Lines = append(t.Lines, "Enrolled now: "+has(f)+".")
	if events := signals(f); len(events) > 0 {
		t.Lines = append(t.Lines, "Recent events in Okta's log: "+strings.Join(events, "; ")+".")
	}
	t.Lines = append(t.Lines, "What to do: enrol "+accepted(&w.s.Policy)+where(w.o.EnrollURL)+by(t.Due)+".")
	t.Lines = append(t.Lines, closing(),
		"If this account cannot enrol, for example because it is a service or an emergency account, add an exemption "+
			"with an owner, a reason and an expiry date to the audit policy.")
	return w.withReport(t)
}

func (w *writer) personTitle(f *mfa.Finding) string {
	what := " has no MFA enrolled"
	if f.Verdict == mfa.WeakOnly {
		what = " has only weak MFA"
	}
	if f.Admin() {
		what += " and is an administrator"
	}
	return untrusted.New(whoWithLogin(f) + what).Show(titleMax)
}

// wrong says who and what is wrong, in a sentence.
func (w *writer) wrong(f *mfa.Finding) string {
	text := whoWithLogin(f)
	if d := f.Department.Show(untrusted.Name); d != "" {
		text += ", " + d + ","
	}
	if f.Verdict == mfa.NotEnrolled {
		return text + " has no second factor in " + organisation(w.s) + ": nothing beyond password, e-mail and security question is enrolled."
	}
	if grade(f.Strength) > grade(f.Usable) && grade(f.Usable) >= 0 {
		return text + " has a method that would do, but the enrolment policy that applies in " +
			organisation(w.s) + " does not allow it, and no other that the audit policy accepts."
	}
	return text + " has a second factor in " + organisation(w.s) + ", but none that the audit policy accepts."
}

func closing() string {
	return "This ticket closes by itself when a later audit finds an accepted method, and opens again if the method goes away."
}

func organisation(s *mfa.Summary) string {
	return cmp.Or(untrusted.New(s.Org).Show(untrusted.Name), "the organisation")
}

// has names the active methods and how strong each is.
func has(f *mfa.Finding) string {
	names := methods(f)
	if len(names) == 0 {
		return "nothing"
	}
	const most = 12
	if len(names) > most {
		names = append(names[:most:most], several(len(names)-most, "more", "more"))
	}
	return strings.Join(names, ", ")
}

func via(f *mfa.Finding) string {
	switch f.RolesVia {
	case "group":
		return " (through a group)"
	case "both":
		return " (directly and through a group)"
	default:
		return ""
	}
}

func where(link string) string {
	if link == "" {
		return ""
	}
	return " at " + link
}

func by(due time.Time) string {
	if due.IsZero() {
		return ""
	}
	return " by " + day(due)
}

// due is until when a person has time: their own date, or else everyone's. It is zero when the policy names no date.
func due(s *mfa.Summary, f *mfa.Finding) time.Time {
	if !f.Until.IsZero() {
		return f.Until
	}
	return s.Policy.Deadline
}

func (w *writer) labels(more ...string) []string {
	return append(append([]string{"okta-mfa"}, w.o.Labels...), more...)
}

func (w *writer) withReport(t notify.Ticket) notify.Ticket {
	if w.o.ReportURL != "" {
		t.Lines = append(t.Lines, "The whole report: "+untrusted.New(w.o.ReportURL).Show(untrusted.Long))
	}
	return t
}

// overflowTicket takes what a run may not create one by one.
func (w *writer) overflowTicket() *notify.Ticket {
	t := w.withReport(notify.Ticket{
		Key:   overflowKey + w.scopeTag(),
		Title: untrusted.New("MFA: more findings in " + organisation(w.s)).Show(titleMax),
		Lines: []string{
			"There are more findings than one run makes tickets for. Those that follow have no ticket of their own yet; later runs make them.",
			"What to do: enrol " + accepted(&w.s.Policy) + where(w.o.EnrollURL) + by(w.s.Policy.Deadline) + ".",
		},
		Due:    w.s.Policy.Deadline,
		Labels: w.labels("mfa-rest"),
	})
	return &t
}

// scopeTag keeps tickets that speak of a part of the organisation apart from those that speak of all.
func (w *writer) scopeTag() string {
	if w.s.Whole() {
		return ""
	}
	return "-" + keyOf("scope "+w.s.Scope.Raw())
}
