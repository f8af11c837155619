package oktaclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// page is one answer of a list.
type page[T any] struct {
	items []T
	next  string // the cursor of the next page; empty on the last
}

// nextAfter takes the cursor out of an answer: from the Link header lines or, in governance answers, from
// _links.next.href. Okta API: governance links point at the -admin host, so only the cursor is used and a link is
// never followed.
func nextAfter(h http.Header, href string) (string, error) {
	if href == "" {
		href = linkNext(h.Values("Link"))
	}
	if href == "" {
		return "", nil
	}
	u, err := url.Parse(href)
	if err != nil {
		return "", errors.New("link to the next page is not a URL")
	}
	after := u.Query().Get("after")
	if after == "" {
		return "", errors.New("link to the next page carries no cursor (after)")
	}
	return after, nil
}

// linkNames reports whether the link to the next page carries a parameter.
func linkNames(h http.Header, parameter string) bool {
	u, err := url.Parse(linkNext(h.Values("Link")))
	return err == nil && u.Query().Has(parameter)
}

// linkNext finds the target whose rel is next in Link header lines, each with one or several links. What cannot be
// read ends the line.
func linkNext(lines []string) string {
	for _, line := range lines {
		for line != "" {
			open := strings.IndexByte(line, '<')
			if open < 0 {
				break
			}
			closing := strings.IndexByte(line[open:], '>')
			if closing < 0 {
				break
			}
			target := line[open+1 : open+closing]
			line = line[open+closing+1:]
			var rel string
			rel, line = linkRel(line)
			if rel == "next" {
				return target
			}
		}
	}
	return ""
}

// linkRel reads the parameters after a link target, up to the next link, and gives rel.
func linkRel(s string) (rel, rest string) {
	for s != "" {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == ',' || s[0] == '<' {
			return rel, s
		}
		if s[0] == ';' {
			s = s[1:]
			continue
		}
		name, value, after := parameter(s)
		if name == "rel" && rel == "" {
			rel = value
		}
		s = after
	}
	return rel, s
}

// Bounds of a list. A tenant of ten million people has 50,000 pages of 200; filtered lists may have some pages that bring
// nothing, and pages that are not full.
const (
	maxPages     = 50_000
	maxBarren    = 20    // pages in a row without an item that was not there before
	crowdedAfter = 1_000 // pages from which on a list must bring
	minPerPage   = 5     // new items a page on average
)

// endless says why a list is not followed further, "" while it may be.
func endless(pages, barren, items int) string {
	switch {
	case barren >= maxBarren:
		return fmt.Sprintf("%d pages in a row brought nothing new", barren)
	case pages >= maxPages:
		return fmt.Sprintf("%d pages and still another one", pages)
	case pages >= crowdedAfter && items < pages*minPerPage:
		return fmt.Sprintf("%d pages brought only %d items", pages, items)
	}
	return ""
}

// endlessList is the error for a list that would never end.
func endlessList(why string) error {
	return &Error{Sent: Answered, kind: ErrBadAnswer, cause: errors.New("the list does not end: " + why)}
}

// list walks all pages of a list. A cursor that Okta no longer takes (400 or 404 to a request that carries one)
// restarts the list once from the beginning; items are told apart by id and come once. A list that would never end is an
// error: a cursor that comes back again, or ever new ones beyond the bounds above.
func list[T any](ctx context.Context, id func(T) string,
	fetch func(ctx context.Context, after string) (page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		given := map[string]struct{}{}
		cursors := map[string]struct{}{}
		restarted := false
		pages, barren := 0, 0
		for after := ""; ; {
			p, err := fetch(ctx, after)
			if err != nil && after != "" && !restarted && cursorRefused(err) {
				restarted, after = true, ""
				clear(cursors)
				pages, barren = 0, 0
				continue
			}
			if err != nil {
				yield(none, err)
				return
			}
			pages, barren = pages+1, barren+1
			for _, item := range p.items {
				key := id(item)
				if _, seen := given[key]; seen && key != "" {
					continue
				}
				given[key] = struct{}{}
				barren = 0
				if !yield(item, nil) {
					return
				}
			}
			if p.next == "" {
				return
			}
			if _, again := cursors[p.next]; again {
				yield(none, endlessList("okta gave the same cursor twice"))
				return
			}
			if why := endless(pages, barren, len(given)); why != "" {
				yield(none, endlessList(why))
				return
			}
			cursors[p.next] = struct{}{}
			after = p.next
		}
	}
}

// gather reads a short list to its end.
func gather[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

func cursorRefused(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusBadRequest || e.Status == http.StatusNotFound)
}
