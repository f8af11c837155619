package oktaclient

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// viaSDK makes one call through the Okta SDK and decodes the answer into T. The SDK builds the request; its models and
// its errors are passed over, because both lose what Okta said (emOptInStatus, orn, the body of a 429). Same is that of
// take.
func viaSDK[T answer](ctx context.Context, method, path string, same func(T) error,
	call func(context.Context) error) (T, http.Header, error) {
	var out T
	header, err := throughSDK(ctx, method, path, take(&out, same), call)
	return out, header, err
}

// throughSDK is viaSDK for a call whose answer accept judges.
func throughSDK(ctx context.Context, method, path string, accept func(status int, body []byte) error,
	call func(context.Context) error) (http.Header, error) {
	ctx, x := withExchange(ctx, accept)
	err := call(ctx)
	if x.err == nil && x.status == 0 {
		return nil, &Error{
			Method:  method,
			Pattern: path,
			Sent:    NotSent,
			kind:    ErrBadArgument,
			cause:   err,
		}
	}
	return x.header, x.failure(method, path)
}

// plain makes one call without the SDK: of the governance API, and of what the SDK lacks or mangles. Same is that of take.
func plain[T answer](ctx context.Context, c *connection, method, path string, query url.Values, in any,
	same func(T) error) (T, http.Header, error) {
	var out T
	u := *c.base
	u.Path, u.RawQuery = path, query.Encode()
	pat := pattern(path)
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return out, nil, argument(method, pat, "encode request: %w", err)
		}
	}
	ctx, x := withExchange(ctx, take(&out, same))
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return out, nil, argument(method, pat, "build request: %w", err)
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
	return out, x.header, x.failure(method, pat)
}

// failure is the *Error of an exchange, nil when its answer was accepted.
func (x *exchange) failure(method, pat string) error {
	if x.err != nil {
		return x.err
	}
	if x.status < 200 || x.status > 299 {
		return refusal(method, pat, x.status, x.header, x.body)
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
func sdkPage[W answer, T any](ctx context.Context, pat string, convert func(W) T,
	call func(context.Context) error) (page[T], error) {
	wire, header, err := viaSDK[listOf[W]](ctx, http.MethodGet, pat, nil, call)
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
func plainPage[W answer, T any](ctx context.Context, c *connection, path string, query url.Values,
	convert func(W) T) (page[T], http.Header, error) {
	wire, header, err := plain[listOf[W]](ctx, c, http.MethodGet, path, query, nil, nil)
	if err != nil {
		return page[T]{}, nil, err
	}
	next, err := nextAfter(header, "")
	if err != nil {
		return page[T]{}, nil, badLink(pattern(path), err)
	}
	return page[T]{items: each(wire, convert), next: next}, header, nil
}

// governancePage reads one page of a governance list. Same checks each item.
func governancePage[W answer, T any](ctx context.Context, c *connection, path string, query url.Values, after string,
	same func(W) error, convert func(W) T) (page[T], error) {
	if after != "" {
		query.Set("after", after)
	}
	wire, header, err := plain(ctx, c, http.MethodGet, path, query, nil, eachSame(same))
	if err != nil {
		return page[T]{}, err
	}
	next, err := nextAfter(header, wire.Links.Next.Href)
	if err != nil {
		return page[T]{}, badLink(pattern(path), err)
	}
	return page[T]{items: each(wire.Data, convert), next: next}, nil
}

// eachSame checks the items of a governance list one by one.
func eachSame[W answer](same func(W) error) func(envelope[W]) error {
	if same == nil {
		return nil
	}
	return func(list envelope[W]) error {
		for _, item := range list.Data {
			if err := same(item); err != nil {
				return err
			}
		}
		return nil
	}
}

func each[W, T any](in []W, convert func(W) T) []T {
	out := make([]T, len(in))
	for i, w := range in {
		out[i] = convert(w)
	}
	return out
}
