package report_test

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/untrusted"
)

// tickets makes a wanted, or fails the test.
func tickets(t *testing.T, a *audit, mode report.Mode, o report.TicketOptions) notify.Wanted {
	t.Helper()
	wanted, err := report.Tickets(a.summary, a.stream(), mode, o)
	if err != nil {
		t.Fatal(err)
	}
	return wanted
}

func keys(wanted notify.Wanted) []string {
	var out []string
	for _, t := range wanted.Open {
		out = append(out, t.Key)
	}
	return out
}

// mixed is an audit with one person of every verdict, an administrator and someone with recent events.
func mixed() *audit {
	boss, bombed := person(2, mfa.WeakOnly, sms()), person(3, mfa.NotEnrolled)
	boss.Roles, boss.RolesVia = []string{"SUPER_ADMIN"}, "group"
	bombed.Signals = []mfa.Signal{{Kind: "push_denied", Count: 7, Last: asOf()}}
	grace, exempt := person(4, mfa.InGrace), person(5, mfa.Exempt)
	grace.Until, exempt.Until, exempt.Reason = asOf().AddDate(0, 0, 2), asOf().AddDate(0, 1, 0), untrusted.NewStored("service account of IT")
	a := newAudit(person(1, mfa.NotEnrolled), boss, bombed, grace, exempt, person(6, mfa.Unreadable),
		person(7, mfa.Undecided, has("x", "y", mfa.Unknown)), person(8, mfa.Compliant, sms(), passkey()))
	return a
}

func TestOnlyPeopleWhoFailHaveATicketTheMostUrgentFirst(t *testing.T) {
	wanted := tickets(t, mixed(), report.PerUser, report.TicketOptions{})
	if got, want := keys(wanted), []string{"user-00u00002", "user-00u00003", "user-00u00001"}; !slices.Equal(got, want) {
		t.Fatalf("tickets for %q, want %q: administrators first, then recent events", got, want)
	}
	boss := strings.Join(wanted.Open[0].Lines, "\n")
	for _, want := range []string{"Person 2 (p2@example.com)", "super admin (through a group)",
		"Enrolled now: SMS", "https://example.okta.com/enduser/settings", "closes by itself", "passkey"} {
		if !strings.Contains(boss, want) {
			t.Errorf("the ticket does not say %q:\n%s", want, boss)
		}
	}
	if !strings.Contains(strings.Join(wanted.Open[1].Lines, "\n"), "7 × push requests denied") {
		t.Errorf("the recent events are missing:\n%s", wanted.Open[1].Lines)
	}
	if !wanted.Open[0].Urgent || !wanted.Open[1].Urgent || wanted.Open[2].Urgent {
		t.Error("urgent are administrators and people with recent events, and no one else")
	}
	want := map[string]string{"user-00u00008": "enrolled passkey or security key on 23 November 2025",
		"user-00u00005": "exempt until 23 December 2026: service account of IT"}
	if len(wanted.Settled) != len(want) {
		t.Errorf("settled are %v: the unreadable, the unknown and those in grace must be neither open nor settled", wanted.Settled)
	}
	for key, why := range want {
		if wanted.Settled[key] != why {
			t.Errorf("%s is settled because %q, want %q", key, wanted.Settled[key], why)
		}
	}
	if wanted.Bulk == nil || wanted.Set != "okta-mfa-00o123" {
		t.Errorf("the wanted has no ticket for the rest, or the wrong set: %+v", wanted)
	}
}

func TestTheSameAuditMakesTheSameTicketsAndALaterOneToo(t *testing.T) {
	for _, mode := range report.Modes {
		a := company(300)
		first := tickets(t, a, mode, report.TicketOptions{})
		a.summary.AuditID, a.summary.AsOf, a.summary.Ended = "mfa_other", asOf().AddDate(0, 0, 7), asOf().AddDate(0, 0, 7)
		second := tickets(t, a, mode, report.TicketOptions{})
		if len(first.Open) == 0 || len(first.Open) != len(second.Open) {
			t.Fatalf("%s: %d tickets and then %d", mode, len(first.Open), len(second.Open))
		}
		seen := map[string]bool{}
		for i, ticket := range first.Open {
			other := second.Open[i]
			if ticket.Key != other.Key || ticket.Title != other.Title || !slices.Equal(ticket.Lines,
				other.Lines) || !slices.EqualFunc(ticket.Rows, other.Rows, slices.Equal) {
				t.Errorf("%s: an audit that finds the same changes ticket %s", mode, ticket.Key)
			}
			if seen[ticket.Key] || first.Settled[ticket.Key] != "" {
				t.Errorf("%s: key %s is there twice, or open and settled", mode, ticket.Key)
			}
			seen[ticket.Key] = true
		}
	}
}

func TestEnforcementLevelBoundsTheTickets(t *testing.T) {
	for _, c := range []struct {
		level mfa.Level
		mode  report.Mode
		open  []string
	}{
		{mfa.Off, report.PerUser, nil}, {mfa.Off, report.Bulk, nil},
		{mfa.Optional, report.PerUser, []string{"bulk"}}, {mfa.Optional, report.PerManager, []string{"bulk"}},
		{mfa.Required, report.Bulk, []string{"bulk"}}, {mfa.Required, report.PerManager, []string{"manager-none"}},
	} {
		a := mixed()
		a.summary.Policy.Level = c.level
		if got := keys(tickets(t, a, c.mode, report.TicketOptions{})); !slices.Equal(got, c.open) {
			t.Errorf("level %s, mode %s: tickets %q, want %q", c.level, c.mode, got, c.open)
		}
	}
}

// settledToo asks for each of some open tickets of earlier runs, as notify does, whether it may be closed.
func settledToo(wanted notify.Wanted, open ...string) map[string]string {
	settled := map[string]string{}
	for _, key := range open {
		if wanted.SettledToo == nil {
			continue
		}
		if why, ok := wanted.SettledToo(key); ok {
			settled[key] = why
		}
	}
	return settled
}

func TestPeopleWhoAreMissingAreSettledOnlyWhenEveryoneIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*mfa.Summary)
		gone   bool
	}{
		"everybody, all read": {func(*mfa.Summary) {}, true},
		"a group":             {func(s *mfa.Summary) { s.Scope = untrusted.NewStored("group Sales") }, false},
		"one unreadable":      {func(s *mfa.Summary) { s.Coverage.Unreadable, s.Coverage.Read = 1, s.Coverage.Listed-1 }, false},
		"one not reached":     {func(s *mfa.Summary) { s.Coverage.Read-- }, false},
		"an old export":       {func(s *mfa.Summary) { s.Kind = mfa.KindBaseline }, false},
		"no one listed":       {func(s *mfa.Summary) { s.Coverage = mfa.Coverage{} }, false},
	} {
		a := newAudit(person(1, mfa.NotEnrolled), person(2, mfa.Compliant, push()))
		c.change(&a.summary)
		wanted := tickets(t, a, report.PerUser, report.TicketOptions{})
		settled := settledToo(wanted, "user-00uGONE", "user-00u00001", "bulk", "manager-x")
		if why := settled["user-00uGONE"]; (why != "") != c.gone {
			t.Errorf("%s: who is missing is settled because %q, want settled: %v", name, why, c.gone)
		}
		if why, is := settled["user-00u00001"]; is {
			t.Errorf("%s: who fails is settled because %q", name, why)
		}
		for _, key := range []string{"bulk", "manager-x"} { // tickets of another mode say the same in other words
			if why, is := settled[key]; is != c.gone {
				t.Errorf("%s: %s is settled (%v) because %q", name, key, is, why)
			}
		}
	}
}

func TestTicketsByManager(t *testing.T) {
	byID, byName, again, well, hidden := person(1, mfa.NotEnrolled), person(2, mfa.WeakOnly, sms()),
		person(3, mfa.NotEnrolled), person(4, mfa.Compliant, push()), person(5, mfa.Unreadable)
	byID.ManagerID, byID.Manager = untrusted.NewStored("boss@example.com"), untrusted.NewStored("Big Boss")
	byName.Manager, again.Manager = untrusted.NewStored("Lena  Chef"), untrusted.NewStored("lena chef")
	well.Manager, hidden.Manager = untrusted.NewStored("Good Manager"), untrusted.NewStored("Blind Manager")
	again.Roles = []string{"ORG_ADMIN"}
	a := newAudit(byID, byName, again, well, hidden)
	a.summary.Coverage.Share = 1
	wanted := tickets(t, a, report.PerManager, report.TicketOptions{})
	if len(wanted.Open) != 2 {
		t.Fatalf("%d tickets, want one for each of two managers: %+v", len(wanted.Open), wanted.Open)
	}
	chef, boss := wanted.Open[0], wanted.Open[1]
	if len(chef.Rows) != 3 || chef.Rows[1][0] != "Person 3" || !strings.Contains(chef.Title, "Lena Chef") || !chef.Urgent {
		t.Errorf("the team with an administrator must come first, with two people, the administrator before the other: %+v", chef)
	}
	if boss.Assignee != "boss@example.com" || !strings.Contains(boss.Title, "Big Boss") {
		t.Errorf("the manager whose profile gives an address is to have the ticket: %+v", boss)
	}
	if len(wanted.Settled) != 1 {
		t.Errorf("settled are %v, want the manager whose people are all well, and not the one with people of unknown state", wanted.Settled)
	}
	a.summary.Coverage.Share = 0.5
	if wanted := tickets(t, a, report.PerManager, report.TicketOptions{}); len(wanted.Settled) != 0 {
		t.Errorf("below the coverage bound nothing is settled for a team: %v", wanted.Settled)
	}
}

func TestBulkTicketNamesTheMostUrgentAndSaysHowManyMore(t *testing.T) {
	a := company(2000)
	wanted := tickets(t, a, report.Bulk, report.TicketOptions{MaxRows: 10})
	bulk := wanted.Open[0]
	if len(bulk.Rows) != 11 || !strings.Contains(bulk.Rows[1][5], "administrator") {
		t.Errorf("the table has %d rows with its heading, want 11 with an administrator first: %q", len(bulk.Rows), bulk.Rows[1])
	}
	if !strings.Contains(strings.Join(bulk.Lines, "\n"), "The table shows 10 of them") {
		t.Errorf("the ticket does not say that it leaves people out: %q", bulk.Lines)
	}
	clean := newAudit(person(1, mfa.Compliant, push()))
	if wanted := tickets(t, clean, report.Bulk, report.TicketOptions{}); len(wanted.Open) != 0 || wanted.Settled["bulk"] == "" {
		t.Errorf("when no one fails the bulk ticket is settled: %+v", wanted)
	}
	if wanted := tickets(t, newAudit(), report.Bulk, report.TicketOptions{}); len(wanted.Open) != 0 {
		t.Errorf("an audit of no one opens tickets: %+v", wanted)
	}
}

func TestTicketsOfAPartOfTheOrganisationHaveKeysOfTheirOwn(t *testing.T) {
	whole, part, other := mixed(), mixed(), mixed()
	part.summary.Scope, other.summary.Scope = untrusted.NewStored("group Sales"), untrusted.NewStored("group "+strings.Repeat("Sales und Vertrieb ", 20))
	seen := map[string]bool{}
	for _, a := range []*audit{whole, part, other} {
		for _, mode := range []report.Mode{report.PerManager, report.Bulk} {
			wanted := tickets(t, a, mode, report.TicketOptions{})
			for _, key := range keys(wanted) {
				if seen[key] || len(key) > 200 {
					t.Errorf("%s: key %s of scope %q is another scope's too, or too long", mode, key, a.summary.Scope)
				}
				seen[key] = true
			}
		}
		if got := keys(tickets(t, a, report.PerUser, report.TicketOptions{})); len(got) != 3 || got[0] != "user-00u00002" {
			t.Errorf("a person has one ticket whatever the scope: %q", got)
		}
	}
	long := mfa.Summary{OrgID: strings.Repeat("ö", 300)}
	if set := report.TicketSet(long); len(set) > 100 || set == report.TicketSet(mfa.Summary{OrgID: strings.Repeat("ö", 299)}) {
		t.Errorf("set %q is too long, or another organisation's too", set)
	}
}

func TestHostileTextInTicketsIsOneCleanLine(t *testing.T) {
	key := regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)
	f := hostile(1)
	f.UserID = "../../etc/passwd\n" + strings.Repeat("x", 500)
	f.Name = untrusted.NewStored(f.Name.Raw() + strings.Repeat("long ", 200) + "\x1b[31m")
	other := f
	other.UserID += "y"
	for _, mode := range report.Modes {
		wanted := tickets(t, newAudit(f, other), mode, report.TicketOptions{})
		if mode == report.PerUser && len(wanted.Open) == 2 && wanted.Open[0].Key == wanted.Open[1].Key {
			t.Error("two people share a key")
		}
		for _, ticket := range append(wanted.Open, notifyTicket(wanted.Bulk)...) {
			texts := append([]string{ticket.Title}, ticket.Lines...)
			for _, row := range ticket.Rows {
				texts = append(texts, row...)
			}
			if !key.MatchString(ticket.Key) || len([]rune(ticket.Title)) > 255 {
				t.Errorf("%s: key %q or title %q is not fit", mode, ticket.Key, ticket.Title)
			}
			for _, text := range texts {
				if at := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); at >= 0 {
					t.Errorf("%s: %q has something that cannot be seen at %d", mode, text, at)
				}
			}
		}
	}
}

func notifyTicket(t *notify.Ticket) []notify.Ticket {
	if t == nil {
		return nil
	}
	return []notify.Ticket{*t}
}

func TestTicketsAreDueByThePolicysDeadline(t *testing.T) {
	a := newAudit(person(1, mfa.NotEnrolled))
	a.summary.Policy.Deadline = time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, mode := range report.Modes {
		ticket := tickets(t, a, mode, report.TicketOptions{}).Open[0]
		if !ticket.Due.Equal(a.summary.Policy.Deadline) || !strings.Contains(strings.Join(ticket.Lines, "\n"), "by 31 December 2026") {
			t.Errorf("%s: due %v, and the lines are %q", mode, ticket.Due, ticket.Lines)
		}
	}
}

func TestTicketsAreRefused(t *testing.T) {
	a := mixed()
	if _, err := report.Tickets(a.summary, a.stream(), "per_planet",
		report.TicketOptions{}); err == nil || !strings.Contains(err.Error(), "per_user, per_manager and bulk") {
		t.Errorf("an unknown mode gives %v", err)
	}
	for _, link := range []string{"javascript:alert(1)", "https://", "//x", "https://user:pw@host/", "\x00"} {
		if _, err := report.Tickets(a.summary, a.stream(), report.PerUser, report.TicketOptions{EnrollURL: link}); err == nil {
			t.Errorf("the address %q is taken", link)
		}
	}
	if _, err := report.Tickets(a.summary, broken(person(1, mfa.NotEnrolled)), report.PerUser,
		report.TicketOptions{}); !errors.Is(err, errStore) {
		t.Errorf("findings that cannot be read give %v: half a wanted would close tickets", err)
	}
}

func TestTicketsOfAnotherModeAreSettled(t *testing.T) {
	s := mfa.Summary{OrgID: "00o1", Org: "acme.okta.test", Scope: untrusted.NewStored(mfa.Everybody), Kind: mfa.KindFull,
		Policy: mfa.DefaultPolicy(), Coverage: mfa.Coverage{Listed: 1, Read: 1}}
	f := mfa.Finding{UserID: "00u1", Login: untrusted.NewStored("ada@acme.example.com"), Verdict: mfa.NotEnrolled, Sources: "both"}
	one := func(yield func(mfa.Finding, error) bool) { yield(f, nil) }
	known := []string{"user-00u1", "manager-abc", "bulk", "rest"}
	for mode, want := range map[report.Mode][]string{report.PerUser: {"bulk", "manager-abc"},
		report.PerManager: {"bulk", "manager-abc", "rest", "user-00u1"}, report.Bulk: {"manager-abc", "rest", "user-00u1"}} {
		wanted, err := report.Tickets(s, one, mode, report.TicketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(settledToo(wanted, known...))); !slices.Equal(got, want) {
			t.Errorf("%s settles %q, not %q", mode, got, want)
		}
	}
}
