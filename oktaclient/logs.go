package oktaclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

const (
	logPath = "/api/v1/logs"
	logPage = "1000" // Okta API: most of GET /logs, the smallest bucket that an audit uses
	logTime = "2006-01-02T15:04:05.000Z"
)

type wireParty struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	AlternateID string `json:"alternateId"`
	Name        string `json:"displayName"`
}

func (w wireParty) party() EventParty {
	return EventParty{ID: w.ID, Type: w.Type, AlternateID: untrusted.New(w.AlternateID), Name: untrusted.New(w.Name)}
}

type wireEvent struct {
	ID        string `json:"uuid"`
	Published string `json:"published"`
	Type      string `json:"eventType"`
	Message   string `json:"displayMessage"`
	Outcome   struct {
		Result string `json:"result"`
		Reason string `json:"reason"`
	} `json:"outcome"`
	Actor   wireParty   `json:"actor"`
	Targets []wireParty `json:"target"` // null for some
	Client  struct {
		IP loose `json:"ipAddress"`
	} `json:"client"`
	Debug struct {
		Data struct {
			Factor loose `json:"factor"`
		} `json:"debugData"`
	} `json:"debugContext"`
}

func (w wireEvent) lacks() string {
	if w.ID == "" {
		return "uuid"
	}
	return ""
}

func (w wireEvent) event() Event {
	return Event{
		ID:        w.ID,
		Published: instant(w.Published),
		Type:      w.Type,
		Result:    w.Outcome.Result,
		Reason:    untrusted.New(w.Outcome.Reason),
		Message:   untrusted.New(w.Message),
		Actor:     w.Actor.party(),
		Targets:   each(w.Targets, wireParty.party),
		Factor:    untrusted.New(string(w.Debug.Data.Factor)),
		IP:        untrusted.New(string(w.Client.IP)),
	}
}

func eventID(e Event) string { return e.ID }

// Log gives the events of the System Log that a query asks for, 1,000 a page, in order of time. A query that is not bounded
// on both sides is ErrBadArgument: without an end Okta's list never ends. Edges finer than a millisecond are widened.
func (c *Client) Log(ctx context.Context, q LogQuery) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := q.check(); err != nil {
			yield(Event{}, err)
			return
		}
		walk := logWalk{query: q}
		list(ctx, eventID, func(ctx context.Context, after string) (page[Event], error) {
			return walk.page(ctx, c.conn, after)
		})(yield)
	}
}

func (q LogQuery) check() error {
	switch {
	case q.Since.IsZero() || q.Until.IsZero():
		return argument(http.MethodGet, logPath, "the system log is read between two times, and one is missing")
	case !q.Since.Before(q.Until):
		return argument(http.MethodGet, logPath, "the system log cannot be read from %s until %s",
			q.Since.UTC().Format(time.RFC3339), q.Until.UTC().Format(time.RFC3339))
	}
	return nil
}

// logWalk is one way through the pages of a query.
type logWalk struct {
	query LogQuery
	since bool // the link to the next page names since
	empty bool // the page before held nothing
}

// page reads one page. Okta API: a bounded list ends with a page without a next link; polling lists, whose next link is
// always there, end never. Should a bounded query be answered like a polling one, an empty page is followed once more, as a
// filter may leave a page empty, and a second one ends the list.
func (w *logWalk) page(ctx context.Context, c *connection, after string) (page[Event], error) {
	p, header, err := plainPage(ctx, c, logPath, w.values(after), wireEvent.event)
	if err != nil {
		return p, err
	}
	empty := len(p.items) == 0
	if empty && (p.next == after || after != "" && w.empty) {
		p.next = ""
	}
	w.empty, w.since = empty, linkNames(header, "since")
	return p, nil
}

// values writes the request for one page. Okta API: since and after exclude each other in requests that clients write, but
// the links that Okta writes may hold both; so since stands beside after where the link has it.
func (w *logWalk) values(after string) url.Values {
	v := url.Values{"limit": {logPage}, "sortOrder": {"ASCENDING"}, "until": {ceiling(w.query.Until).UTC().Format(logTime)}}
	if w.query.Descending {
		v.Set("sortOrder", "DESCENDING")
	}
	if w.query.Filter != "" {
		v.Set("filter", w.query.Filter)
	}
	if after == "" || w.since {
		v.Set("since", w.query.Since.UTC().Format(logTime))
	}
	if after != "" {
		v.Set("after", after)
	}
	return v
}

// ceiling is the next full millisecond: what Okta publishes has no finer times.
func ceiling(t time.Time) time.Time {
	if cut := t.Truncate(time.Millisecond); cut.Before(t) {
		return cut.Add(time.Millisecond)
	}
	return t
}
