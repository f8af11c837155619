package oktasim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// recordingsDir holds recorded traffic between Okta and Okta's own clients; its README names the sources.
const recordingsDir = "testdata/recordings"

// exchangeRecord is one recorded request with its answer, in go-vcr's format.
type exchangeRecord struct {
	ID      int
	Request struct {
		Method, URL, Body string
	}
	Response struct {
		Code    int
		Body    string
		Headers map[string][]string
	}
}

// loadRecording reads a recording.
func loadRecording(t *testing.T, name string) []exchangeRecord {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(recordingsDir, name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Interactions []exchangeRecord }
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Interactions) == 0 {
		t.Fatalf("%s holds no interactions", name)
	}
	return file.Interactions
}

// player replays a recording against a tenant and compares status, fields and JSON types. Ids of the recording are replaced
// by the tenant's as answers reveal them.
type player struct {
	*caller
	ids     map[string]string // recorded id -> the tenant's
	skip    map[string]string // "METHOD path-pattern" (path.Match) -> why the tenant does not have it
	allow   map[string]string // path of a field, as in "GET /api/v1/apps/*: _links.help" -> why it may differ
	used    map[string]bool
	played  int
	skipped int
}

func newPlayer(d *caller) *player {
	return &player{
		caller: d,
		ids:    map[string]string{},
		skip:   map[string]string{},
		allow:  map[string]string{},
		used:   map[string]bool{},
	}
}

// replay plays all exchanges, and fails for differences that are not allowed and for allowances that nothing needed.
func (p *player) replay(t *testing.T, records []exchangeRecord) {
	t.Helper()
	for _, r := range records {
		u, err := url.Parse(r.Request.URL)
		if err != nil {
			t.Fatal(err)
		}
		if p.skips(r.Request.Method + " " + u.Path) {
			p.skipped++
			continue
		}
		p.play(t, r, u)
	}
	for _, table := range []map[string]string{p.skip, p.allow} {
		for key := range table {
			if !p.used[key] {
				t.Errorf("nothing needs the exception %q any more", key)
			}
		}
	}
	t.Logf("%d exchanges played, %d skipped", p.played, p.skipped)
	if p.played == 0 {
		t.Error("nothing was played")
	}
}

func (p *player) skips(what string) bool {
	for key := range p.skip {
		if ok, _ := path.Match(key, what); ok {
			p.used[key] = true
			return true
		}
	}
	return false
}

func (p *player) play(t *testing.T, r exchangeRecord, u *url.URL) {
	t.Helper()
	p.played++
	what := r.Request.Method + " " + u.Path
	got := p.do(r.Request.Method, p.translate(u.RequestURI()), p.translate(r.Request.Body))
	if got.StatusCode != r.Response.Code {
		t.Errorf("%d: %s: status %d, recorded %d: %s", r.ID, what, got.StatusCode, r.Response.Code, got.raw)
		return
	}
	for _, name := range []string{"Content-Type", "Location", "Link", "Etag"} {
		if (len(r.Response.Headers[name]) > 0) != (len(got.Header.Values(name)) > 0) && !p.allowed(what, "header "+name) {
			t.Errorf("%d: %s: header %s: got %q, recorded %q", r.ID, what, name, got.Header.Values(name),
				r.Response.Headers[name])
		}
	}
	if r.Response.Body == "" {
		if len(got.raw) > 0 {
			t.Errorf("%d: %s: got a body, recorded none: %s", r.ID, what, got.raw)
		}
		return
	}
	var recorded, simulated any
	if err := json.Unmarshal([]byte(r.Response.Body), &recorded); err != nil {
		t.Fatalf("%d: recorded body: %v", r.ID, err)
	}
	if err := json.Unmarshal(got.raw, &simulated); err != nil {
		t.Errorf("%d: %s: body is not JSON: %s", r.ID, what, got.raw)
		return
	}
	for _, diff := range p.compare("", recorded, simulated) {
		if !p.allowed(what, diff.field) {
			t.Errorf("%d: %s: %s: %s", r.ID, what, diff.field, diff.problem)
		}
	}
}

func (p *player) allowed(what, field string) bool {
	for key := range p.allow {
		call, fields, _ := strings.Cut(key, ": ")
		callOK, _ := path.Match(call, what)
		fields = strings.ReplaceAll(fields, "[]", `\[\]`) // an element of a list, not a class of letters
		if fieldOK, _ := path.Match(fields, field); callOK && fieldOK {
			p.used[key] = true
			return true
		}
	}
	return false
}

var oktaID = regexp.MustCompile(`\b[0-9A-Za-z]{20}\b`)

// translate puts the tenant's ids in the place of recorded ones.
func (p *player) translate(text string) string {
	return oktaID.ReplaceAllStringFunc(text, func(id string) string {
		if mine, ok := p.ids[id]; ok {
			return mine
		}
		return id
	})
}

type difference struct{ field, problem string }

// compare lists how two JSON values differ in shape: fields, types, and nothing about values but ids, which it learns.
func (p *player) compare(at string, recorded, simulated any) []difference {
	switch want := recorded.(type) {
	case map[string]any:
		got, ok := simulated.(map[string]any)
		if !ok {
			return []difference{{at, fmt.Sprintf("got %s, recorded an object", kindOf(simulated))}}
		}
		return p.compareObjects(at, want, got)
	case []any:
		got, ok := simulated.([]any)
		if !ok {
			return []difference{{at, fmt.Sprintf("got %s, recorded an array", kindOf(simulated))}}
		}
		var out []difference
		for i := range min(len(want), len(got)) {
			out = append(out, p.compare(at+"[]", want[i], got[i])...)
		}
		return out
	case string:
		if got, ok := simulated.(string); ok && oktaID.FindString(want) == want && len(want) == 20 && len(got) == 20 {
			if _, known := p.ids[want]; !known { // lists may stand in another order: what a test or an earlier answer said holds
				p.ids[want] = got
			}
		}
	}
	if kindOf(recorded) != kindOf(simulated) {
		return []difference{{at, fmt.Sprintf("got %s, recorded %s", kindOf(simulated), kindOf(recorded))}}
	}
	return nil
}

func (p *player) compareObjects(at string, want, got map[string]any) (out []difference) {
	join := func(name string) string { return strings.TrimPrefix(at+"."+name, ".") }
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok {
			out = append(out, difference{join(name), "missing"})
			continue
		}
		out = append(out, p.compare(join(name), want[name], got[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			out = append(out, difference{join(name), "not in the recording"})
		}
	}
	return out
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

func TestRecordedAppUserTraffic(t *testing.T) {
	records := loadRecording(t, "app-users.yaml")
	p := newPlayer(newCaller(t, Options{}))
	p.skip["* /api/v1/internal/apps/*/settings/oauth/idToken"] = "the console's own interface, undocumented"
	p.skip["PUT /api/v1/apps/*/policies/*"] = "sign-on policies of an application are not modelled"
	p.replay(t, records)
}
