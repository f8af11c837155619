package oktasim

import (
	"net/http"
	"net/url"
	"strconv"
)

// governancePage answers a list of the governance API: limit 1 to 200, default 20, an opaque after, _links and Link lines on
// the admin host, and metadata.total when total is set. items must be in their final order.
func governancePage[T any](c *call, items []T, key func(T) string, render func(T) any, total bool) {
	limit, ok := c.limit(20, 200, false)
	if !ok {
		return
	}
	page, next, ok := cut(c, items, key, limit)
	if !ok {
		return
	}
	data := make([]any, len(page))
	for i, item := range page {
		data[i] = render(item)
	}
	self := c.pageURL(c.adminBase(), c.query().Get("after"), nil)
	links := map[string]any{"self": hintedHref{self, hints{}}}
	c.w.Header().Add("Link", "<"+self+`>; rel="self"`)
	if next != "" {
		to := c.pageURL(c.adminBase(), next, nil)
		links["next"] = hintedHref{to, hints{}}
		c.w.Header().Add("Link", "<"+to+`>; rel="next"`)
	}
	body := map[string]any{"data": data, "_links": links}
	if total {
		body["metadata"] = map[string]any{"total": len(items)}
	}
	c.reply(http.StatusOK, body)
}

// managementPage answers a list of the management API: a bare array, one Link line per relation on the host that was called.
// A limit above maxLimit is clipped.
func managementPage[T any](c *call, items []T, key func(T) string, render func(T) any, defaultLimit, maxLimit int) {
	limit, ok := c.limit(defaultLimit, maxLimit, true)
	if !ok {
		return
	}
	page, next, ok := cut(c, items, key, limit)
	if !ok {
		return
	}
	replyManagementPage(c, page, next, render, limit)
}

// replyManagementPage answers one page that the caller has cut already; next is the cursor, empty on the last page.
func replyManagementPage[T any](c *call, page []T, next string, render func(T) any, limit int) {
	extra := url.Values{"limit": {strconv.Itoa(limit)}}
	c.w.Header().Add("Link", "<"+c.pageURL(c.base(), c.query().Get("after"), extra)+`>; rel="self"`)
	if next != "" {
		c.w.Header().Add("Link", "<"+c.pageURL(c.base(), next, extra)+`>; rel="next"`)
	}
	data := make([]any, len(page))
	for i, item := range page {
		data[i] = render(item)
	}
	c.reply(http.StatusOK, data)
}

// limit reads the page size. Governance refuses a limit out of bounds, management clips one that is too large.
func (c *call) limit(standard, most int, clip bool) (int, bool) {
	text := c.query().Get("limit")
	if text == "" {
		return standard, true
	}
	n, err := strconv.Atoi(text)
	if clip && n == -1 {
		return standard, true // the documented way to ask for the server's default
	}
	if err != nil || n < 1 || (n > most && !clip) {
		c.fail(http.StatusBadRequest, codePaging, "Invalid paging request.",
			cause{ErrorSummary: "limit: must be between 1 and " + strconv.Itoa(most)})
		return 0, false
	}
	return min(n, most), true
}

// cut takes the page after the cursor. The cursor is the key of the last item shown; when that item is gone, the page starts
// at the first item with a larger key.
func cut[T any](c *call, items []T, key func(T) string, limit int) (page []T, next string, ok bool) {
	start := 0
	if after := c.query().Get("after"); after != "" {
		if c.cursorRejected() {
			return nil, "", false
		}
		known := len(items) == 0
		start = len(items)
		for i, item := range items {
			k := key(item)
			if k == after {
				start, known = i+1, true
				break
			}
			if k > after {
				start = min(start, i)
			}
			known = known || sameShape(k, after)
		}
		if !known {
			c.badCursor()
			return nil, "", false
		}
	}
	page = items[start:min(start+limit, len(items))]
	if start+limit < len(items) {
		next = key(page[len(page)-1])
	}
	return page, next, true
}

// sameShape says whether a cursor could be the key of an item that is gone: an id of the same kind.
func sameShape(id, cursor string) bool {
	return len(id) == len(cursor) && len(id) > 3 && id[:3] == cursor[:3]
}

// badCursor answers a cursor that no list ever gave out. A client with one must not believe that it has seen everything.
func (c *call) badCursor() {
	c.fail(http.StatusBadRequest, codePaging, "Invalid paging request.", cause{ErrorSummary: "after: the cursor is not valid"})
}

// pageURL is this list's own address with a cursor. Parameters come out in alphabetical order, as Okta writes them.
func (c *call) pageURL(base, after string, extra url.Values) string {
	q := url.Values{}
	for k, v := range c.query() {
		q[k] = v
	}
	for k, v := range extra {
		q[k] = v
	}
	q.Del("after")
	if after != "" {
		q.Set("after", after)
	}
	if len(q) == 0 {
		return base + c.r.URL.EscapedPath()
	}
	return base + c.r.URL.EscapedPath() + "?" + q.Encode()
}
