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
	after        int // sequence number of the last event shown, -1 at the start
	filter       filterExpr
	keywords     []string
}

// listLogs answers bounded queries, which end, and polling queries, whose next link is always there.
func (t *Tenant) listLogs(c *call) {
	q, ok := t.readLogQuery(c)
	if !ok {
		return
	}
	var page []*logEvent
	more := false
	last := q.after
	events := t.log.events
	for i := range events {
		e := events[i]
		if q.descending {
			e = events[len(events)-1-i]
		}
		if !q.takes(e, c.now) {
			continue
		}
		if len(page) == q.limit {
			more = true
			break
		}
		page = append(page, e)
		last = e.seq
	}
	out := make([]any, len(page))
	for i, e := range page {
		out[i] = e.render()
	}
	extra := url.Values{"limit": {strconv.Itoa(q.limit)}}
	c.w.Header().Add("Link", "<"+c.pageURL(c.base(), c.query().Get("after"), extra)+`>; rel="self"`)
	if more || q.polling {
		if q.polling && !more && last < 0 {
			// Nothing yet: the cursor stands behind everything that is older than the query.
			last = t.lastBefore(q.since)
		}
		c.w.Header().Add("Link", "<"+c.pageURL(c.base(), logCursor(last), extra)+`>; rel="next"`)
	}
	c.reply(http.StatusOK, out)
}

// lastBefore is the sequence number of the last event before a moment, -1 when there is none.
func (t *Tenant) lastBefore(at time.Time) int {
	i, _ := slices.BinarySearchFunc(t.log.events, at, func(e *logEvent, at time.Time) int { return e.published.Compare(at) })
	return i - 1
}

func (q logQuery) takes(e *logEvent, now time.Time) bool {
	switch {
	case q.after >= 0 && (!q.descending && e.seq <= q.after || q.descending && e.seq >= q.after):
		return false
	case e.published.Before(now.Add(-logRetention)) || e.published.Before(q.since) || !q.until.IsZero() && !e.published.Before(q.until):
		return false
	}
	if len(q.filter.terms) == 0 && len(q.keywords) == 0 {
		return true
	}
	body := e.render()
	if !q.filter.match(func(path string) []string { return dig(body, strings.Split(path, ".")) }, logFilter) {
		return false
	}
	all := strings.ToLower(strings.Join(everyText(body), "\n"))
	for _, k := range q.keywords {
		if !strings.Contains(all, k) {
			return false
		}
	}
	return true
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
			c.fail(http.StatusBadRequest, codePaging, "Invalid paging request.", cause{ErrorSummary: "after: the cursor is not valid"})
			return false
		}
		q.after-- // written one higher, so that a cursor before the first event can be told
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
	}
	return true
}

// logCursor writes a sequence number in the likeness of a uuid.
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
