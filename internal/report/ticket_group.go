package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/untrusted"
)

// group is the people of one manager, or all people, on their way to one ticket.
type group struct {
	manager string // the name, "" when the profiles have none, and for the bulk ticket
	address string // the manager's e-mail, as far as a profile holds one
	failing int
	admins  int // who fail
	open    int // unreadable or unknown: the ticket may not be closed on their account
	best    int // the lowest urgency of a failing person
	first   int // the place in the order of findings
	rows    shelf[[]string]
}

// group returns the group that a person belongs to.
func (w *writer) group(f *mfa.Finding) *group {
	key, g := bulkKey+w.scopeTag(), group{}
	if w.mode == PerManager {
		key, g = w.managerOf(f)
	}
	if have := w.groups[key]; have != nil {
		have.manager = cmp.Or(have.manager, g.manager)
		have.address = cmp.Or(have.address, g.address)
		return have
	}
	g.best, g.first, g.rows.room = urgencies, len(w.order), w.o.MaxRows
	w.groups[key] = &g
	w.order = append(w.order, key)
	return &g
}

// managerOf returns a person's manager by the id that the profile has, or else by the name. Both are free text in Okta.
func (w *writer) managerOf(f *mfa.Finding) (string, group) {
	id, name := f.ManagerID.Show(untrusted.Name), f.Manager.Show(untrusted.Name)
	g := group{manager: cmp.Or(name, id)}
	for _, text := range []string{id, name} {
		if a, err := mail.ParseAddress(text); err == nil && a.Address == text && g.address == "" {
			g.address = text
		}
	}
	who := strings.ToLower(cmp.Or(id, name))
	if who == "" {
		return managerPrefix + "none" + w.scopeTag(), g
	}
	// The digest keeps apart what looks the same once it is made fit for a key.
	sum := sha256.Sum256([]byte(who))
	return managerPrefix + hex.EncodeToString(sum[:10]) + w.scopeTag(), g
}

func (g *group) add(f *mfa.Finding) {
	switch {
	case f.Verdict.Failing():
		g.failing++
		if f.Admin() {
			g.admins++
		}
		g.best = min(g.best, urgency(f))
		g.row(urgency(f), f)
	case f.Verdict == mfa.InGrace:
		g.row(urgencies, f) // behind everyone who fails
	case f.Verdict == mfa.Unreadable || f.Verdict == mfa.Undecided:
		g.open++
	}
}

func (g *group) row(class int, f *mfa.Finding) {
	if !g.rows.takes(class) {
		return
	}
	state := word(verdictWords, f.Verdict)
	if f.Verdict == mfa.InGrace && !f.Until.IsZero() {
		state += " until " + day(f.Until)
	}
	note := strings.Join(signals(f), "; ")
	if f.Admin() {
		note = strings.TrimSuffix("administrator; "+note, "; ")
	}
	g.rows.put(class, []string{who(f), f.Login.Show(untrusted.Name), f.Department.Show(untrusted.Name), state, untrusted.New(has(f)).Show(untrusted.Long), untrusted.New(note).Show(untrusted.Long)})
}

// rowHeading is above every table of people.
func rowHeading() []string {
	return []string{"Name", "Login", "Department", "Finding", "Enrolled now", "Note"}
}

// finishGroups opens a ticket for each group with failing people, and settles those where everyone is known to pass.
func (w *writer) finishGroups() {
	var keys []string
	for _, key := range w.order {
		switch g := w.groups[key]; {
		case g.failing > 0:
			keys = append(keys, key)
		case g.open == 0 && w.covered():
			w.wanted.Settled[key] = "no one listed here fails the audit any more"
		}
	}
	slices.SortStableFunc(keys, func(a, b string) int {
		x, y := w.groups[a], w.groups[b]
		return cmp.Or(x.best-y.best, y.failing-x.failing, x.first-y.first)
	})
	for _, key := range keys {
		w.wanted.Open = append(w.wanted.Open, w.groupTicket(key, w.groups[key]))
	}
	if w.mode == PerManager {
		w.wanted.Bulk = w.overflowTicket()
	}
	if key := bulkKey + w.scopeTag(); w.mode == Bulk && w.groups[key] == nil && w.covered() {
		w.wanted.Settled[key] = "the audit has no one in its scope"
	}
}

// covered reports whether enough is known to say of a group that no one in it fails.
func (w *writer) covered() bool { return w.s.Coverage.Share >= w.s.Coverage.Bound }

func (w *writer) groupTicket(key string, g *group) notify.Ticket {
	t := notify.Ticket{
		Key:    key,
		Due:    w.s.Policy.Deadline,
		Labels: w.labels("mfa-" + strings.ReplaceAll(string(w.mode), "_", "-")),
		Urgent: g.best != ordinary,
		Rows:   append([][]string{rowHeading()}, g.rows.all()...),
	}
	subject := organisation(w.s)
	if w.mode == PerManager {
		t.Assignee = g.address
		subject = "the team of " + g.manager
		if g.manager == "" {
			subject = "people without a manager in their profile"
		}
	}
	t.Title = untrusted.New("MFA: " + people(g.failing) + verb(g.failing, " has", " have") + " no accepted method: " + subject).Show(titleMax)
	first := people(g.failing) + verb(g.failing, " signs", " sign") + " in to " + organisation(w.s) +
		" without a method that the audit policy accepts"
	if g.admins > 0 {
		first += "; " + several(g.admins, "of them is an administrator", "of them are administrators")
	}
	t.Lines = append(t.Lines, first+".")
	if !w.s.Whole() {
		t.Lines = append(t.Lines, "Scope of the audit: "+w.s.Scope.Show(untrusted.Long)+".")
	}
	t.Lines = append(t.Lines, "What to do: each of them enrols "+accepted(&w.s.Policy)+where(w.o.EnrollURL)+by(t.Due)+".")
	if g.rows.dropped > 0 {
		t.Lines = append(t.Lines, "The table shows "+number(g.rows.held)+" of them; the others are in the audit's findings.csv.")
	}
	if g.open > 0 {
		t.Lines = append(t.Lines, several(g.open, "more person could not be judged and is not listed.",
			"more people could not be judged and are not listed."))
	}
	if w.mode == Bulk {
		t.Lines = append(t.Lines, exemptionLines(w.s)...)
	}
	t.Lines = append(t.Lines, "This ticket closes by itself when a later audit finds an accepted method, or an exemption, for everyone here.")
	return w.withReport(t)
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
