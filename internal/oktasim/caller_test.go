package oktasim

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// caller calls a tenant in process, as a client would that knows nothing but HTTP.
type caller struct {
	testing.TB
	tenant *Tenant
	auth   string
	header http.Header
}

func newCaller(tb testing.TB, o Options) *caller {
	tenant := New(o)
	return &caller{tb, tenant, "SSWS " + tenant.Token(), http.Header{}}
}

// sent is an answer with its body read.
type sent struct {
	*http.Response
	raw []byte
}

// try sends a request and returns what the transport says.
func (d *caller) try(ctx context.Context, method, target, body string) (*sent, error) {
	d.Helper()
	if strings.HasPrefix(target, "/") {
		target = d.tenant.BaseURL() + target
	}
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		d.Fatal(err)
	}
	for k, v := range d.header {
		r.Header[k] = v
	}
	if d.auth != "" {
		r.Header.Set("Authorization", d.auth)
	}
	resp, err := d.tenant.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return &sent{resp, raw}, err
}

// do sends a request that must be answered.
func (d *caller) do(method, target, body string) *sent {
	d.Helper()
	s, err := d.try(context.Background(), method, target, body)
	if err != nil {
		d.Fatalf("%s %s: %v", method, target, err)
	}
	return s
}

func (d *caller) get(target string) *sent { d.Helper(); return d.do("GET", target, "") }

// want sends a request that must be answered with a status, and decodes the answer.
func (d *caller) want(status int, method, target, body string) map[string]any {
	d.Helper()
	s := d.do(method, target, body)
	if s.StatusCode != status {
		d.Fatalf("%s %s: got %d %s, want %d", method, target, s.StatusCode, s.raw, status)
	}
	out := map[string]any{}
	if len(s.raw) > 0 && s.raw[0] == '{' {
		if err := json.Unmarshal(s.raw, &out); err != nil {
			d.Fatal(err)
		}
	}
	return out
}

// list decodes an array.
func (d *caller) list(s *sent) []map[string]any {
	d.Helper()
	var out []map[string]any
	if s.StatusCode != http.StatusOK {
		d.Fatalf("list: got %d %s", s.StatusCode, s.raw)
	}
	if err := json.Unmarshal(s.raw, &out); err != nil {
		d.Fatalf("list: %v in %s", err, s.raw)
	}
	return out
}

var nextLine = regexp.MustCompile(`^<([^>]*)>; rel="next"$`)

// next returns the address of the next page, empty on the last.
func (s *sent) next() string {
	for _, line := range s.Header.Values("Link") {
		if m := nextLine.FindStringSubmatch(line); m != nil {
			return m[1]
		}
	}
	return ""
}

// all reads every page of a management list.
func (d *caller) all(target string) (items []map[string]any, pages int) {
	d.Helper()
	for target != "" {
		s := d.get(target)
		items = append(items, d.list(s)...)
		target = s.next()
		if pages++; pages > 2000 {
			d.Fatal("the list does not end")
		}
	}
	return items, pages
}

// refusal checks an error answer.
func (d *caller) refusal(s *sent, status int, code errorCode) {
	d.Helper()
	var body map[string]any
	if err := json.Unmarshal(s.raw, &body); err != nil {
		d.Fatalf("error body %q: %v", s.raw, err)
	}
	if s.StatusCode != status || body["errorCode"] != string(code) {
		d.Errorf("got %d %v, want %d %s", s.StatusCode, body, status, code)
	}
	if id, _ := body["errorId"].(string); !strings.HasPrefix(id, "oae") || len(id) != 20 ||
		body["errorLink"] != body["errorCode"] {
		d.Errorf("error body is not Okta's: %s", s.raw)
	}
}
