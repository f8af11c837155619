package oktaclient

import (
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"
	"testing"

	"okta-entitlements-mcp/internal/secret"
)

func tokenCredentials() Credentials { return Credentials{Token: secret.New("00aTestToken")} }

// script is a wire that answers by a list and keeps what it was asked.
type script struct {
	mu      sync.Mutex
	replies []func(*http.Request) (*http.Response, error)
	asked   []string // "GET /path?query" with the body after a space
	headers []http.Header
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := req.Method + " " + req.URL.RequestURI()
	if req.Body != nil {
		body, _ := io.ReadAll(req.Body)
		line += " " + string(body)
	}
	s.asked = append(s.asked, strings.TrimSpace(line))
	s.headers = append(s.headers, req.Header.Clone())
	if len(s.replies) == 0 {
		return nil, fmt.Errorf("script has no reply to %s", line)
	}
	reply := s.replies[0]
	s.replies = s.replies[1:]
	return reply(req)
}

// then adds one answer; headers as name, value pairs.
func (s *script) then(status int, body string, headers ...string) *script {
	s.replies = append(s.replies, func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i+1 < len(headers); i += 2 {
			h.Add(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, ContentLength: int64(len(body)),
			Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
	})
	return s
}

func (s *script) fail(err error) *script {
	s.replies = append(s.replies, func(*http.Request) (*http.Response, error) { return nil, err })
	return s
}

func (s *script) do(f func(*http.Request) (*http.Response, error)) *script {
	s.replies = append(s.replies, f)
	return s
}

// check compares what was asked, in order, and that no reply is left over.
func (s *script) check(t *testing.T, want ...string) {
	t.Helper()
	if got, w := strings.Join(s.asked, "\n"), strings.Join(want, "\n"); got != w {
		t.Errorf("wire saw\n%s\nwant\n%s", got, w)
	}
	if len(s.replies) != 0 {
		t.Errorf("%d replies were never asked for", len(s.replies))
	}
}

func connect(t *testing.T, wire http.RoundTripper) (*Client, *Writer) {
	t.Helper()
	c, w, err := Connect(t.Context(), Options{
		BaseURL:     "https://acme.okta.com",
		Transport:   wire,
		Credentials: tokenCredentials(),
		UserAgent:   "tests/1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	for item, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, item)
	}
	return out
}

func firstError[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

// anything is an answer of which only the headers matter.
type anything struct{}

func (anything) lacks() string { return "" }
