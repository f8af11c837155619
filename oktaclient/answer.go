package oktaclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// answer is the shape of something that Okta answers with. A 2xx alone proves nothing: what sits between here and Okta
// answers in its place now and then, with an object of its own.
type answer interface {
	// lacks names what Okta documents of this shape and the answer does not have, "" when nothing is missing.
	lacks() string
}

// listOf is a list that is a bare array.
type listOf[W answer] []W

func (l listOf[W]) lacks() string {
	if l == nil { // null; [] is not nil
		return "its list"
	}
	return lackOf(l)
}

// lackOf names what the first incomplete item lacks.
func lackOf[W answer](items []W) string {
	for i, item := range items {
		if what := item.lacks(); what != "" {
			return what + " of item " + strconv.Itoa(i+1)
		}
	}
	return ""
}

// envelope is a governance list.
type envelope[W answer] struct {
	Data  listOf[W]
	Links nextLink
}

type nextLink struct {
	Next struct {
		Href string `json:"href"`
	} `json:"next"`
}

func (e envelope[W]) lacks() string { return e.Data.lacks() }

// UnmarshalJSON implements json.Unmarshaler. The name of the list is taken letter by letter: the standard library would
// read an empty list out of "Data".
func (e *envelope[W]) UnmarshalJSON(text []byte) error {
	return readList(text, "data", &e.Data, &e.Links)
}

// readList reads a list out of an object, and the link to its next page.
func readList[W answer](text []byte, name string, list *listOf[W], links *nextLink) error {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	if part := parts[name]; part != nil {
		if err := json.Unmarshal(part, list); err != nil {
			return err
		}
	}
	if part := parts["_links"]; part != nil {
		return json.Unmarshal(part, links)
	}
	return nil
}

// idOf is "id" for an object that has none.
func idOf(id string) string {
	if id == "" {
		return "id"
	}
	return ""
}

// take returns what turns the body of a 2xx into out. It is asked for every attempt, and out changes only when the
// answer proves what it says. Same, if not nil, checks that it is about what was asked for.
func take[T answer](out *T, same func(T) error) func(status int, body []byte) error {
	return func(_ int, body []byte) error {
		var read T
		if err := json.Unmarshal(body, &read); err != nil || string(bytes.TrimSpace(body)) == "null" {
			return errors.New("answer has not the shape that Okta documents")
		}
		if what := read.lacks(); what != "" {
			return fmt.Errorf("answer lacks %s, which Okta documents", what)
		}
		if same != nil {
			if err := same(read); err != nil {
				return err
			}
		}
		*out = read
		return nil
	}
}

// takeNothing accepts the one status of a write that Okta documents to answer without a body.
func takeNothing(status int, _ []byte) error {
	if status != http.StatusNoContent {
		return fmt.Errorf("answer has status %d where Okta documents 204", status)
	}
	return nil
}

// isOf checks that an object is the one that was asked for.
func isOf(what, got, want string) error {
	if got != want {
		return fmt.Errorf("answer is about another %s (%q)", what, clean(got))
	}
	return nil
}
