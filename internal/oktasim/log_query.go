package oktasim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Okta keeps events for 90 days and refuses to look further back than 180.
const (
	logRetention = 90 * 24 * time.Hour
	logHorizon   = 180 * 24 * time.Hour
)

// logQuery is a System Log query after checking.
type logQuery struct {
	since, until time.Time
	polling      bool // ascending without until: it never ends
	descending   bool
	limit        int
	after        int // serial number of the event that the cursor is behind, -1 at the start
	filter       filterExpr
	keywords     []string
	kinds        map[string]bool // event types, in lower case, that the filter can match; nil for any
	targets      map[string]bool // ids of targets, in lower case, likewise
}

// listLogs answers bounded queries, which end, and polling queries, whose next link is always there.
func (t *Tenant) listLogs(c *call) {
	q, ok := t.readLogQuery(c)
	if !ok {
		return
	}
	page, last, more := t.log.page(q, c.now)
	out := make([]any, len(page))
	for i, e := range page {
		out[i] = e.render()
	}
	extra := url.Values{"limit": {strconv.Itoa(q.limit)}}
	c.w.Header().Add("Link", "<"+c.pageURL(c.base(), c.query().Get("after"), extra)+`>; rel="self"`)
	if more || q.polling {
		c.w.Header().Add("Link", "<"+c.pageURL(c.base(), logCursor(last), extra)+`>; rel="next"`)
	}
	c.reply(http.StatusOK, out)
}

// page cuts one page out of the log: the events, the serial number that the cursor is behind, and whether more follow. A
// polling query that has seen all is behind the last event persisted, so that the next look costs only what is new.
func (l *eventLog) page(q logQuery, now time.Time) (page []*logEvent, last int, more bool) {
	last = q.after
	events, step := l.stretch(q, now)
	for i := range events {
		e := events[i]
		if step < 0 {
			e = events[len(events)-1-i]
		}
		if !q.takes(e, now) {
			continue
		}
		if len(page) == q.limit {
			return page, last, true
		}
		page = append(page, e)
		last = e.serial
	}
	if q.polling && len(events) > 0 {
		last = events[len(events)-1].serial
	}
	return page, last, false
}

// stretch narrows the log, by binary search, to the events between cursor and bounds.
func (l *eventLog) stretch(q logQuery, now time.Time) (events []*logEvent, step int) {
	if q.polling {
		shown := l.shownBy(now)
		return l.persisted[min(l.behind(l.persisted, q.after, byPersistence), shown):shown], 1
	}
	first, end := 0, len(l.happened)
	if oldest := now.Add(-logRetention); q.since.Before(oldest) {
		first = l.firstAt(oldest)
	} else {
		first = l.firstAt(q.since)
	}
	if !q.until.IsZero() {
		end = l.firstAt(q.until)
	}
	switch at := l.behind(l.happened, q.after, byTime); {
	case q.after < 0:
	case q.descending:
		end = min(end, at-1)
	default:
		first = max(first, at)
	}
	if q.descending {
		step = -1
	}
	return l.happened[min(first, max(end, 0)):max(end, 0)], step
}

// takes says whether an event belongs to the answer. What is cheap to compare comes first: most queries of an audit ask for a
// few event types or one target out of very many events.
func (q *logQuery) takes(e *logEvent, now time.Time) bool {
	at := e.published
	if q.polling {
		at = e.persisted // Okta: since bounds published in bounded queries and the time of persistence in polling ones
	}
	switch {
	case q.kinds != nil && !q.kinds[e.folded] || q.targets != nil && !e.aimedAt(q.targets):
		return false
	case e.persisted.After(now) || e.published.Before(now.Add(-logRetention)) || at.Before(q.since):
		return false
	case len(q.filter.terms) > 0 && !q.filter.match(e.lookup(), logFilter):
		return false
	case len(q.keywords) == 0:
		return true
	}
	all := strings.ToLower(strings.Join(everyText(e.render()), "\n"))
	return !slices.ContainsFunc(q.keywords, func(k string) bool { return !strings.Contains(all, k) })
}

func (e *logEvent) aimedAt(ids map[string]bool) bool {
	return slices.ContainsFunc(e.detail.Targets, func(g logTarget) bool { return ids[strings.ToLower(g.ID)] })
}

// lookup gives the values of a property as a filter sees them. The event is rendered only for the rarer properties.
func (e *logEvent) lookup() func(path string) []string {
	var body map[string]any
	return func(path string) []string {
		if field, ok := strings.CutPrefix(path, "target."); ok {
			if values, known := e.ofTargets(field); known {
				return values
			}
		}
		switch path {
		case "eventType":
			return []string{e.kind}
		case "actor.id":
			return []string{e.actor.ID}
		case "actor.type":
			return []string{e.actor.Type}
		case "outcome.result":
			return []string{e.detail.Result}
		}
		if body == nil {
			body = e.render()
		}
		return dig(body, strings.Split(path, "."))
	}
}

func (e *logEvent) ofTargets(field string) (values []string, known bool) {
	for _, g := range e.detail.Targets {
		switch field {
		case "id":
			values = append(values, g.ID)
		case "type":
			values = append(values, g.Type)
		case "alternateId":
			values = append(values, g.AlternateID)
		case "displayName":
			values = append(values, g.DisplayName)
		default:
			return nil, false
		}
	}
	return values, true
}

// narrow collects what the filter can match at all.
func (q *logQuery) narrow() {
	set := func(path string) map[string]bool {
		values, ok := q.filter.eqValues(path)
		if !ok {
			return nil
		}
		out := map[string]bool{}
		for _, v := range values {
			out[strings.ToLower(v)] = true
		}
		return out
	}
	q.kinds, q.targets = set("eventType"), set("target.id")
}

// logFilter is what filter on the System Log allows beyond any property.
var logFilter = filterOptions{FoldValues: true}

func (t *Tenant) readLogQuery(c *call) (q logQuery, ok bool) {
	in := c.query()
	q = logQuery{limit: 100, after: -1, descending: strings.EqualFold(in.Get("sortOrder"), "DESCENDING")}
	var problems []string
	date := func(name string) time.Time {
		text := in.Get(name)
		if text == "" {
			return time.Time{}
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			problems = append(problems, "'"+name+"': The value must be a valid date-time.")
		}
		return at
	}
	q.since, q.until = date("since"), date("until")
	q.polling = !q.descending && q.until.IsZero()
	if text := in.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1000 {
			problems = append(problems, "'limit': The value must be between 0 and 1000.")
		}
		q.limit = n
	}
	q.keywords = strings.Fields(strings.ToLower(in.Get("q")))
	if len(q.keywords) > 10 || slices.ContainsFunc(q.keywords, func(k string) bool { return len(k) > 40 }) {
		problems = append(problems, "'q': At most 10 keywords of 40 characters.")
	}
	if len(problems) > 0 {
		c.invalid(problems[0], problems...)
		return q, false
	}
	if q.since.IsZero() && in.Get("after") == "" {
		end := q.until
		if end.IsZero() {
			end = c.now
		}
		q.since = end.Add(-7 * 24 * time.Hour)
	}
	return q, t.readLogFilter(c, &q)
}

func (t *Tenant) readLogFilter(c *call, q *logQuery) bool {
	if !q.since.IsZero() && q.since.Before(c.now.Add(-logHorizon)) {
		c.fail(http.StatusBadRequest, codeBadFilter, "Invalid filter 'since': The date is more than 180 days ago.")
		return false
	}
	if text := c.query().Get("after"); text != "" {
		if c.cursorRejected() {
			return false
		}
		if _, err := fmt.Sscanf(text, "%08x-0000-4000-8000-000000000000", &q.after); err != nil {
			c.fail(http.StatusBadRequest, codePaging, "Invalid paging request.",
				cause{ErrorSummary: "after: the cursor is not valid"})
			return false
		}
		q.after-- // written one higher, so that a cursor before the first event can be recognised
	}
	if text := c.query().Get("filter"); text != "" {
		expr, err := parseFilter(text)
		if err == nil && expr.has("published") {
			err = fmt.Errorf("published cannot be filtered; use since and until")
		}
		if err != nil {
			c.fail(http.StatusBadRequest, codeBadFilter, "Invalid filter '"+text+"': "+err.Error())
			return false
		}
		q.filter = expr
		q.narrow()
	}
	return true
}

// logCursor writes a serial number in the likeness of a uuid.
func logCursor(seq int) string { return fmt.Sprintf("%08x-0000-4000-8000-000000000000", seq+1) }

// dig follows a path through maps and through every element of lists.
func dig(v any, path []string) []string {
	switch v := v.(type) {
	case map[string]any:
		if len(path) > 0 {
			return dig(v[path[0]], path[1:])
		}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, dig(e, path)...)
		}
		return out
	default:
		if len(path) == 0 {
			return texts(v)
		}
	}
	return nil
}

func everyText(v any) []string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for _, e := range v {
			out = append(out, everyText(e)...)
		}
		return out
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, everyText(e)...)
		}
		return out
	}
	return texts(v)
}
