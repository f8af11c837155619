package oktasim

import (
	"cmp"
	"slices"
	"time"
)

// eventLog holds the events of the System Log in three orders: as they were made, as they were persisted, which is what polling
// follows, and by the time at which they happened, which is what bounded queries follow. Apart from late arrivals all three
// are the same, so putting an event nearly always appends.
type eventLog struct {
	all       []*logEvent // by serial
	persisted []*logEvent // by persisted, then serial
	happened  []*logEvent // by published, then serial

	lag  func(Event) (time.Duration, bool) // of single events; nil for none
	hide func(Event) bool                  // events that leave no trace; nil for none
}

// put adds an event that shows from a moment on.
func (l *eventLog) put(e *logEvent, persisted time.Time) {
	e.persisted = persisted
	if l.hide != nil && l.hide(e.public()) {
		return
	}
	e.serial = len(l.all)
	l.all = append(l.all, e)
	l.persisted = insertEvent(l.persisted, e, byPersistence)
	l.happened = insertEvent(l.happened, e, byTime)
}

func insertEvent(list []*logEvent, e *logEvent, order func(a, b *logEvent) int) []*logEvent {
	if n := len(list); n == 0 || order(list[n-1], e) < 0 {
		return append(list, e)
	}
	at, _ := slices.BinarySearchFunc(list, e, order)
	return slices.Insert(list, at, e)
}

func byPersistence(a, b *logEvent) int {
	return cmp.Or(a.persisted.Compare(b.persisted), cmp.Compare(a.serial, b.serial))
}

func byTime(a, b *logEvent) int {
	return cmp.Or(a.published.Compare(b.published), cmp.Compare(a.serial, b.serial))
}

// behind returns the place after the event with a serial number, in one of the two orders; 0 for none.
func (l *eventLog) behind(list []*logEvent, serial int, order func(a, b *logEvent) int) int {
	if serial < 0 || serial >= len(l.all) {
		return 0
	}
	at, _ := slices.BinarySearchFunc(list, l.all[serial], order)
	return at + 1
}

// firstAt returns the place of the first event that happened at a moment or later.
func (l *eventLog) firstAt(at time.Time) int {
	i, _ := slices.BinarySearchFunc(l.happened, at, func(e *logEvent, at time.Time) int {
		if e.published.Before(at) {
			return -1
		}
		return 1
	})
	return i
}

// shownBy returns how many events the log has persisted by now.
func (l *eventLog) shownBy(now time.Time) int {
	i, _ := slices.BinarySearchFunc(l.persisted, now, func(e *logEvent, now time.Time) int {
		if e.persisted.After(now) {
			return 1
		}
		return -1
	})
	return i
}

// lagOf draws how long an event takes until the log shows it: what LagEvents says, else evenly between nothing and
// Options.LogLag, from the seed and the number of the event.
func (t *Tenant) lagOf(e *logEvent) time.Duration {
	if t.log.lag != nil {
		if lag, mine := t.log.lag(e.public()); mine {
			return max(lag, 0)
		}
	}
	if t.opts.LogLag <= 0 {
		return 0
	}
	z := t.opts.Seed*0xd1342543de82ef95 + uint64(len(t.log.all)+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return time.Duration((z ^ z>>31) % uint64(t.opts.LogLag+1))
}

// Event is an entry of the System Log as set-up code sees and writes it.
type Event struct {
	Type    string         // Okta's eventType, such as user.mfa.okta_verify.deny_push
	UserID  string         // the user among the targets, empty for none
	GroupID string         // the group among the targets, empty for none
	Actor   string         // id of the user who did it; the target user when empty
	At      time.Time      // when it happened; now when zero
	Result  string         // outcome.result; SUCCESS when empty
	Reason  string         // outcome.reason
	Debug   map[string]any // further debugContext.debugData, such as "factor": "OKTA_VERIFY_PUSH"
}

func (e *logEvent) public() Event {
	out := Event{
		Type:   e.kind,
		Actor:  e.actor.ID,
		At:     e.published,
		Result: e.detail.Result,
		Reason: e.detail.Reason,
		Debug:  e.detail.Debug,
	}
	for _, g := range e.detail.Targets {
		switch g.Type {
		case "User":
			out.UserID = g.ID
		case "UserGroup":
			out.GroupID = g.ID
		}
	}
	return out
}

// AddEvent writes an event into the log and returns its uuid. One that happened in the past shows at once, behind everything
// that the log has shown already: it arrived late. One that happens in the future shows then, and both lag as any other. It
// panics on a user or group that the tenant does not have.
func (t *Tenant) AddEvent(e Event) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if e.At.IsZero() {
		e.At = now
	}
	detail := eventDetail{Result: e.Result, Reason: e.Reason, Debug: e.Debug}
	if e.UserID != "" {
		detail.Targets = append(detail.Targets, t.mustUser(e.UserID).target())
	}
	if e.GroupID != "" {
		detail.Targets = append(detail.Targets, t.mustGroup(e.GroupID).target())
	}
	actor := e.Actor
	if actor == "" {
		actor = e.UserID
	}
	ev := t.newEvent(e.At.UTC(), principal{UserID: actor}, e.Type, detail)
	persisted := e.At.UTC().Add(t.lagOf(ev))
	if persisted.Before(now) {
		persisted = now
	}
	t.log.put(ev, persisted)
	return ev.uuid
}

// HideEvents makes changes from now on leave no event at all where hide says so; nil ends that. hide must not call the tenant.
func (t *Tenant) HideEvents(hide func(Event) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log.hide = hide
}

// LagEvents gives single events from now on a lag of their own; where lag answers false, Options.LogLag holds. nil ends that. lag
// must not call the tenant.
func (t *Tenant) LagEvents(lag func(Event) (time.Duration, bool)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log.lag = lag
}

// Events returns how many System Log events of a type there are, those included that the log does not show yet.
func (t *Tenant) Events(eventType string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, e := range t.log.all {
		if e.kind == eventType {
			n++
		}
	}
	return n
}

// EventsShown returns how many events the log shows by now, and how many it has yet to show.
func (t *Tenant) EventsShown() (shown, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	shown = t.log.shownBy(t.now())
	return shown, len(t.log.all) - shown
}
