package tools

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// EventsIn asks for a piece of the System Log.
type EventsIn struct {
	User  string `json:"user,omitempty" jsonschema:"Only events of one user: Okta id, login or e-mail"`
	Kind  string `json:"kind,omitempty"`
	Since string `json:"since,omitempty" jsonschema:"RFC 3339 or 2026-11-20; default 24 hours before until. At most 90 days back"`
	Until string `json:"until,omitempty" jsonschema:"RFC 3339 or 2026-11-20; default now"`
	Limit int    `json:"limit,omitempty" jsonschema:"Events per answer, 1 to 100, default 50"`
}

func (EventsIn) fieldDocs() map[string]fieldDoc {
	return map[string]fieldDoc{
		"kind": {
			About: "Default: all but failures",
			OneOf: []string{"enrolled", "removed", "reset", "failures", "push_denied", "bypass", "admin", "policy"},
		},
	}
}

// EventsOut is a piece of the log, newest first.
type EventsOut struct {
	Since  string      `json:"since"`
	Until  string      `json:"until"`
	Events []EventItem `json:"events,omitempty" jsonschema:"The newest first"`
	More   bool        `json:"more" jsonschema:"There are older ones in the time asked for"`
	Next   string      `json:"next_step"`
}

// EventItem is one event of the System Log. Names and reasons are untrusted text.
type EventItem struct {
	At     string   `json:"at"`
	Type   string   `json:"type"`
	Result string   `json:"result"`
	Reason string   `json:"reason,omitempty" jsonschema:"Untrusted text from Okta"`
	Factor string   `json:"factor,omitempty"`
	Actor  string   `json:"actor,omitempty" jsonschema:"Untrusted text from Okta"`
	Users  []string `json:"users,omitempty" jsonschema:"Logins concerned. Untrusted text from Okta"`
	IP     string   `json:"ip,omitempty"`
}

var specMFAEvents = Spec{
	Name:   "okta_mfa_events",
	Title:  "MFA events of the System Log",
	Effect: ReadsOkta,
	Description: "Searches Okta's System Log for what happened to MFA: enrolments, removals, resets, failures, " +
		"denied pushes, bypass attempts, admin roles, enrolment policies; of everyone or one user. " +
		"The time asked for is always bounded (default the last 24 hours). The log is the smallest rate limit of " +
		"all: ask narrowly.",
}

// clockGrain is how far Okta's clock may be ahead of what its last answer said: answers name whole seconds.
const clockGrain = 2 * time.Second

// logKept is how long Okta keeps events.
const logKept = 90 * 24 * time.Hour

func mfaEvents(ctx context.Context, d *Deps, _ *Call, in EventsIn) (EventsOut, error) {
	limit, err := pageSize(in.Limit, 50, 100)
	if err != nil {
		return EventsOut{}, err
	}
	now := d.Okta.Now()
	since, until, err := span(in.Since, in.Until, now)
	if err != nil {
		return EventsOut{}, err
	}
	filter := mfa.EventFilter(in.Kind)
	if in.User != "" {
		id, err := d.oneUser(ctx, in.User)
		if err != nil {
			return EventsOut{}, err
		}
		filter = "(" + filter + ") and (target.id eq " + oktaclient.Quote(id) + " or actor.id eq " + oktaclient.Quote(id) + ")"
	}
	var events []oktaclient.Event
	for e, err := range d.Okta.Log(ctx, oktaclient.LogQuery{
		Since:      since,
		Until:      until,
		Filter:     filter,
		Descending: true,
	}) {
		if err != nil {
			return EventsOut{}, err
		}
		if events = append(events, e); len(events) > limit {
			break
		}
	}
	return fitted(limit, func(most int) (EventsOut, error) {
		out := EventsOut{
			Since: day(since),
			Until: day(until),
			More:  len(events) > most,
			Next:  "okta_mfa_user_status shows what a user has now",
		}
		for _, e := range events[:min(most, len(events))] {
			out.Events = append(out.Events, eventItem(e))
		}
		if out.More {
			older := olderThan(events[most-1].Published, until).UTC().Format(time.RFC3339Nano)
			out.Next = "call again with until " + older + " for older ones; those of the last instant shown come again"
		}
		return out, nil
	})
}

// olderThan is the until of the next page. Okta's log does not hold the instant of until itself, and several events
// may share one: the next page begins a millisecond, the log's grain, above the last event, unless that would be the
// same page again.
func olderThan(last, until time.Time) time.Time {
	if above := last.Add(time.Millisecond); above.Before(until) {
		return above
	}
	return last
}

// span reads the time asked for. It is never open and never longer than Okta keeps events.
func span(from, to string, now time.Time) (since, until time.Time, err error) {
	latest := now.Add(clockGrain)
	if until, err = moment(to, latest); err != nil {
		return since, until, err
	}
	if until.After(latest) {
		until = latest
	}
	if since, err = moment(from, until.Add(-24*time.Hour)); err != nil {
		return since, until, err
	}
	switch {
	case !since.Before(until):
		return since, until, &trouble.Error{
			Code: trouble.WrongTime,
			What: "since is not before until",
			Next: "give a since that is earlier than until and than now",
		}
	case now.Sub(since) > logKept:
		return since, until, &trouble.Error{
			Code: trouble.WrongTime,
			What: "since is more than 90 days ago, longer than Okta keeps events",
			Next: "give a later since",
		}
	}
	return since, until, nil
}

func moment(text string, standard time.Time) (time.Time, error) {
	if text = strings.TrimSpace(text); text == "" {
		return standard, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, &trouble.Error{
		Code: trouble.WrongTime,
		What: "the time cannot be read",
		Next: "write it like 2026-11-20 or 2026-11-20T08:00:00Z",
	}
}

func eventItem(e oktaclient.Event) EventItem {
	users := map[string]bool{}
	for _, t := range e.Targets {
		if t.Type == "User" {
			users[t.AlternateID.Show(untrusted.Name)] = true
		}
	}
	names := slices.Sorted(maps.Keys(users))
	return EventItem{
		At:     e.Published.UTC().Format(time.RFC3339Nano),
		Type:   untrusted.New(e.Type).Show(untrusted.Name),
		Result: untrusted.New(e.Result).Show(untrusted.Word),
		Reason: e.Reason.Show(untrusted.Line),
		Factor: e.Factor.Show(untrusted.Name),
		Actor:  e.Actor.AlternateID.Show(untrusted.Name),
		Users:  names[:min(len(names), 10)],
		IP:     e.IP.Show(untrusted.Name),
	}
}
