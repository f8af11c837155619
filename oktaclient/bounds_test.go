package oktaclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/wait"
)

// tap gives a body in drops.
type tap struct {
	ctx   context.Context
	left  string
	drop  int
	pause time.Duration
	have  int // of the drop that has come
}

func (d *tap) Read(p []byte) (int, error) {
	if d.left == "" {
		return 0, io.EOF
	}
	if d.have == 0 {
		if err := wait.For(d.ctx, d.pause); err != nil {
			return 0, err
		}
		d.have = d.drop
	}
	n := copy(p[:min(d.have, len(p))], d.left)
	d.left, d.have = d.left[n:], d.have-n
	return n, nil
}

func dripping(body string, drop int, pause time.Duration) http.RoundTripper {
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode:    200,
			Header:        http.Header{"Content-Type": {"application/json"}},
			ContentLength: int64(len(body)),
			Body:          io.NopCloser(&tap{ctx: req.Context(), left: body, drop: drop, pause: pause}),
			Request:       req,
		}, nil
	})
}

// Found from outside, B9: a body of one byte a second held a call for more than 75 seconds.
func TestABodyThatDripsEndsInANamedError(t *testing.T) {
	body := `{"id":"esp1","description":"` + strings.Repeat("x", 300) + `"}`
	c, w := connect(t, dripping(body, 1, time.Second))
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := c.Entitlement(t.Context(), "esp1")
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "too slowly") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > 90*time.Second {
			t.Errorf("gave up after %v", took)
		}
		if _, err = w.CreateGrant(t.Context(), anyGrant); !MayHaveHappened(err) || !strings.Contains(err.Error(), "too slowly") {
			t.Errorf("a write whose answer drips gave %v", err)
		}
	})
}

// A modem brings 4 kB a second, and has pauses.
func TestASlowLinkIsEnough(t *testing.T) {
	body := `{"id":"esp1","description":"` + strings.Repeat("x", 100_000) + `"}`
	c, _ := connect(t, dripping(body, 16_000, 4*time.Second))
	small, _ := connect(t, dripping(`{"id":"esp1"}`, 7, 4*time.Second))
	synctest.Test(t, func(t *testing.T) {
		if _, err := c.Entitlement(t.Context(), "esp1"); err != nil {
			t.Error(err)
		}
		if _, err := small.Entitlement(t.Context(), "esp1"); err != nil || c.Stats().Retries+small.Stats().Retries != 0 {
			t.Errorf("%v, and %d repetitions", err, c.Stats().Retries+small.Stats().Retries)
		}
	})
}

// Found from outside, B9: a list with ever new cursors was followed for ever.
func TestAListThatNeverEndsEndsInANamedError(t *testing.T) {
	for name, page := range map[string]func(n int) string{
		"nothing":            func(int) string { return "[]" },
		"the same person":    func(int) string { return `[{"id":"00u1"}]` },
		"ever a new person":  func(n int) string { return fmt.Sprintf(`[{"id":"00u%d"}]`, n) },
		"one a hundred":      func(n int) string { return fmt.Sprintf(`[{"id":"00u%d"}]`, n/10) },
		"now and then a new": func(n int) string { return fmt.Sprintf(`[{"id":"00u%d"},{"id":"00u%d"}]`, n/19, n/7) },
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			c, _ := connect(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				n++
				next := fmt.Sprintf(`<https://acme.okta.com/api/v1/users?after=C%d>; rel="next"`, n)
				return (&script{}).then(200, page(n), "Link", next, headerLimit, "1000000", headerRemaining, "999999").RoundTrip(req)
			}))
			synctest.Test(t, func(t *testing.T) {
				var err error
				for _, err = range c.Everybody(t.Context()) {
					if err != nil {
						break
					}
				}
				if !errors.Is(err, ErrBadAnswer) || !strings.Contains(fmt.Sprint(err), "does not end") || n > crowdedAfter {
					t.Errorf("after %d pages: %v", n, err)
				}
			})
		})
	}
}

// A tenant of half a million people is not taken for one, even where pages are half empty and some bring nothing.
func TestALongListIsReadToItsEnd(t *testing.T) {
	const people, most = 500_000, 200
	given := 0
	pages := 0
	fetch := func(context.Context, string) (page[string], error) {
		pages++
		p := page[string]{next: fmt.Sprint(pages)}
		if pages%50 < 10 {
			return p, nil
		}
		for range most / 2 {
			given++
			p.items = append(p.items, fmt.Sprint(given))
		}
		if given >= people {
			p.next = ""
		}
		return p, nil
	}
	n := 0
	for _, err := range list(t.Context(), func(id string) string { return id }, fetch) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != people {
		t.Errorf("%d people of %d", n, people)
	}
}
