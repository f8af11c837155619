package oktaclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// viaSDK makes one call through the Okta SDK and decodes the answer into T. The SDK builds the request; its models and
// its errors are passed over, because both lose what Okta said (emOptInStatus, orn, the body of a 429).
func viaSDK[T any](ctx context.Context, method, path string, call func(context.Context) error) (T, http.Header, error) {
	var out T
	ctx, x := withExchange(ctx)
	err := call(ctx)
	if x.err == nil && x.status == 0 {
		return out, nil, &Error{
			Method:  method,
			Pattern: path,
			Sent:    NotSent,
			kind:    ErrBadArgument,
			cause:   err,
		}
	}
	return out, x.header, x.decode(method, path, &out)
}

// plain makes one call without the SDK: of the governance API, and of what the SDK lacks or mangles. out may be nil.
func (c *connection) plain(ctx context.Context, method, path string, query url.Values,
	in, out any) (http.Header, error) {
	u := *c.base
	u.Path, u.RawQuery = path, query.Encode()
	pat := pattern(path)
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, argument(method, pat, "encode request: %w", err)
		}
	}
	ctx, x := withExchange(ctx)
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, argument(method, pat, "build request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	} else {
		req.Body = nil
	}
	if resp, err := c.http.Do(req); err == nil {
		_ = resp.Body.Close()
	}
	return x.header, x.decode(method, pat, out)
}

// decode turns the exchange into a value or an *Error.
func (x *exchange) decode(method, pat string, out any) error {
	if x.err != nil {
		return x.err
	}
	if x.status < 200 || x.status > 299 {
		return refusal(method, pat, x.status, x.header, x.body)
	}
	if out == nil {
		return nil
	}
	// Null would pass for an empty list, and "no factors" is a statement about a person.
	if err := json.Unmarshal(x.body, out); err != nil || string(bytes.TrimSpace(x.body)) == "null" {
		return &Error{
			Method:    method,
			Pattern:   pat,
			Status:    x.status,
			Sent:      MaybeSent,
			kind:      ErrBadAnswer,
			cause:     errors.New("answer has not the shape that Okta documents"),
			RequestID: clean(x.header.Get("X-Okta-Request-Id")),
		}
	}
	return nil
}

// badLink is the error for a list whose next page cannot be told.
func badLink(pat string, err error) error {
	return &Error{
		Method:  http.MethodGet,
		Pattern: pat,
		Status:  http.StatusOK,
		Sent:    Answered,
		kind:    ErrBadAnswer,
		cause:   err,
	}
}

// sdkPage is viaSDK for one page of a list.
func sdkPage[W, T any](ctx context.Context, pat string, convert func(W) T,
	call func(context.Context) error) (page[T], error) {
	wire, header, err := viaSDK[[]W](ctx, http.MethodGet, pat, call)
	if err != nil {
		return page[T]{}, err
	}
	next, err := nextAfter(header, "")
	if err != nil {
		return page[T]{}, badLink(pat, err)
	}
	return page[T]{items: each(wire, convert), next: next}, nil
}

// plainPage is plain for one page of a list that is a bare array.
func plainPage[W, T any](ctx context.Context, c *connection, path string, query url.Values,
	convert func(W) T) (page[T], http.Header, error) {
	var wire []W
	header, err := c.plain(ctx, http.MethodGet, path, query, nil, &wire)
	if err != nil {
		return page[T]{}, nil, err
	}
	next, err := nextAfter(header, "")
	if err != nil {
		return page[T]{}, nil, badLink(pattern(path), err)
	}
	return page[T]{items: each(wire, convert), next: next}, header, nil
}

// envelope is a governance list.
type envelope[W any] struct {
	Data  []W `json:"data"`
	Links struct {
		Next struct {
			Href string `json:"href"`
		} `json:"next"`
	} `json:"_links"`
}

// governancePage reads one page of a governance list.
func governancePage[W, T any](ctx context.Context, c *connection, path string, query url.Values, after string,
	convert func(W) T) (page[T], error) {
	if after != "" {
		query.Set("after", after)
	}
	var wire envelope[W]
	header, err := c.plain(ctx, http.MethodGet, path, query, nil, &wire)
	if err != nil {
		return page[T]{}, err
	}
	next, err := nextAfter(header, wire.Links.Next.Href)
	if err != nil {
		return page[T]{}, badLink(pattern(path), err)
	}
	return page[T]{items: each(wire.Data, convert), next: next}, nil
}

func each[W, T any](in []W, convert func(W) T) []T {
	out := make([]T, len(in))
	for i, w := range in {
		out[i] = convert(w)
	}
	return out
}
