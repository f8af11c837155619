package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/untrusted"
)

// Mode says what a ticket is made for.
type Mode string

// The modes.
const (
	PerUser    Mode = "per_user"    // one for each failing person
	PerManager Mode = "per_manager" // one for each manager who has failing people
	Bulk       Mode = "bulk"        // one for all
)

// Modes lists all.
var Modes = [...]Mode{PerUser, PerManager, Bulk}

// ticketRows is how many people one ticket names unless the options say otherwise.
const ticketRows = 100

// TicketOptions is what tickets say beside what the audit found. The zero value works.
type TicketOptions struct {
	EnrollURL    string   // where people enrol; "" means the settings page of the organisation's own dashboard
	ReportURL    string   // where the whole report lies; "" leaves it out
	Labels       []string // beside okta-mfa
	AssignPeople bool     // in PerUser: the ticket is the person's own, instead of no one's
	MaxRows      int      // most people that one ticket names; 0 means 100
	MaxNew       int      // see notify.Wanted
	DryRun       bool     // see notify.Wanted
}

// Tickets says which tickets an audit wants open and which it lets be closed. Findings come most urgent first; tickets come
// admins first, then people with recent events, otherwise in the order of the findings. A ticket's text does not name the audit,
// so that a second audit which finds the same leaves it unchanged.
//
// No one is ticketed when the policy's level is off, and with optional there is the bulk ticket at most, whatever the mode. A
// person who is unreadable, unknown or in grace has neither an open nor a settled ticket: what is there stays.
func Tickets(s mfa.Summary, findings iter.Seq2[mfa.Finding, error], mode Mode, o TicketOptions) (notify.Wanted, error) {
	if !slices.Contains(Modes[:], mode) {
		return notify.Wanted{}, fmt.Errorf("make tickets: there is no mode %q; the modes are per_user, per_manager and bulk", mode)
	}
	enroll, err := enrollLink(&s, o.EnrollURL)
	if err != nil {
		return notify.Wanted{}, fmt.Errorf("make tickets: %w", err)
	}
	o.EnrollURL = enroll
	if o.MaxRows <= 0 {
		o.MaxRows = ticketRows
	}
	wanted := notify.Wanted{Set: TicketSet(s), Settled: map[string]string{}, MaxNew: o.MaxNew, DryRun: o.DryRun}
	if s.Policy.Level == mfa.Off {
		return wanted, nil
	}
	if s.Policy.Level == mfa.Optional {
		mode = Bulk
	}
	w := &writer{s: &s, o: &o, mode: mode, wanted: &wanted, groups: map[string]*group{}, seen: map[string]bool{}}
	for f, err := range findings {
		if err != nil {
			return notify.Wanted{}, fmt.Errorf("make tickets: read findings: %w", err)
		}
		w.add(&f)
	}
	w.finish()
	return wanted, nil
}

// TicketSet names the set of an organisation's tickets.
func TicketSet(s mfa.Summary) string { return "okta-mfa-" + keyOf(cmp.Or(s.OrgID, s.Org)) }

// writer makes the tickets of one audit.
type writer struct {
	s      *mfa.Summary
	o      *TicketOptions
	mode   Mode
	wanted *notify.Wanted
	ranked [urgencies][]notify.Ticket // PerUser: by urgency
	groups map[string]*group          // PerManager and Bulk: by key
	order  []string                   // keys of groups as they came
	seen   map[string]bool            // PerUser: keys of everyone in the result
}

func (w *writer) add(f *mfa.Finding) {
	if w.mode != PerUser {
		w.group(f).add(f)
		return
	}
	key := userKey(f.UserID)
	w.seen[key] = true
	switch {
	case f.Verdict.Failing():
		u := urgency(f)
		w.ranked[u] = append(w.ranked[u], w.personTicket(key, f))
	case f.Verdict == mfa.Compliant:
		w.wanted.Settled[key] = enrolled(f)
	case f.Verdict == mfa.Exempt:
		w.wanted.Settled[key] = exempt(f)
	}
}

func (w *writer) finish() {
	if complete(w.s) {
		w.wanted.SettledToo = w.settledToo
	}
	if w.mode != PerUser {
		w.finishGroups()
		return
	}
	for _, tickets := range w.ranked {
		w.wanted.Open = append(w.wanted.Open, tickets...)
	}
	w.wanted.Bulk = w.overflowTicket()
}

// settledToo says of an open ticket that the audit did not come across whether it may be closed: what an earlier report
// made in another way has other tickets now, and people and managers who are not in a complete result have left.
func (w *writer) settledToo(key string) (why string, ok bool) {
	others := map[Mode][]string{
		PerUser:    {managerPrefix, bulkKey},
		PerManager: {userPrefix, bulkKey, overflowKey},
		Bulk:       {userPrefix, managerPrefix, overflowKey},
	}
	for _, prefix := range others[w.mode] {
		if strings.HasPrefix(key, prefix) {
			return "what it says is reported in another way now (" + string(w.mode) + ")", true
		}
	}
	switch {
	case w.mode == PerUser && strings.HasPrefix(key, userPrefix) && !w.seen[key]:
		return "no longer among the organisation's active people: left, deactivated or suspended", true
	case w.mode == PerManager && strings.HasPrefix(key, managerPrefix) && w.groups[key] == nil &&
		!strings.Contains(key, "-scope-"):
		return "no one in the organisation has this manager any more", true
	}
	return "", false
}

// complete reports whether someone who is not in the result is not in the organisation either. An export that someone made some
// time ago does not show that.
func complete(s *mfa.Summary) bool {
	return s.Whole() && s.Kind != mfa.KindBaseline && s.Coverage.Listed > 0 && s.Coverage.Unreadable == 0 &&
		s.Coverage.Read+s.Coverage.Cached >= s.Coverage.Listed
}

// The urgencies, the most urgent first.
const (
	adminWithEvents = iota
	admin
	withEvents
	ordinary
	urgencies
)

func urgency(f *mfa.Finding) int {
	switch events := len(f.Signals) > 0; {
	case f.Admin() && events:
		return adminWithEvents
	case f.Admin():
		return admin
	case events:
		return withEvents
	default:
		return ordinary
	}
}

// enrolled says why a compliant person's ticket may be closed: the strongest usable method, the newest of several.
func enrolled(f *mfa.Finding) string {
	var best *mfa.Method
	for i := range f.Methods {
		m := &f.Methods[i]
		if !m.Active() || m.Allowed == "NOT_ALLOWED" {
			continue
		}
		if best == nil || cmp.Or(grade(m.Strength)-grade(best.Strength), m.Since.Compare(best.Since)) > 0 {
			best = m
		}
	}
	switch {
	case best == nil:
		return "meets the policy"
	case best.Since.IsZero():
		return "has enrolled " + method(*best)
	default:
		return "enrolled " + method(*best) + " on " + day(best.Since)
	}
}

func exempt(f *mfa.Finding) string {
	text := "exempt"
	if !f.Until.IsZero() {
		text += " until " + day(f.Until)
	}
	if !f.Reason.IsZero() {
		text += ": " + f.Reason.Show(untrusted.Long)
	}
	return text
}

const (
	userPrefix    = "user-"
	managerPrefix = "manager-"
	bulkKey       = "bulk"
	overflowKey   = "rest"
)

func userKey(id string) string { return userPrefix + keyOf(id) }

// keyOf makes an identifier fit for a key. One that had to be changed gets a piece of its digest, so that two different
// identifiers never share a key.
func keyOf(id string) string {
	const longest = 60 // a set has 100 at most, with its prefix and the digest
	fit := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') {
			return r
		}
		return '-'
	}, cut(id, longest))
	if fit == id && id != "" {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return strings.TrimLeft(strings.Trim(fit, "-")+"-"+hex.EncodeToString(sum[:6]), "-")
}

// enrollLink checks the address where people enrol, or makes one of the organisation's domain. It may be "": no address is known.
func enrollLink(s *mfa.Summary, given string) (string, error) {
	if given == "" {
		if host := untrusted.New(s.Org).Show(untrusted.Long); host != "" && url.PathEscape(host) == host {
			// Okta's own page where people manage their security methods.
			return "https://" + host + "/enduser/settings", nil
		}
		return "", nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("the address for enrolling is not a web address; write it as https://host/path")
	}
	return u.String(), nil
}
