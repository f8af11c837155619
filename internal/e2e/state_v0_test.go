package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
)

const stateV0 = "testdata/state-v0"

// oldState is a copy of a state directory that the first version wrote, and a tenant in the world that it belongs to. The
// program sees the ids of then, whatever ids the tenant gives today.
type oldState struct {
	*place
	t      *testing.T
	from   string
	tenant *oktasim.Tenant
	out    *strings.Replacer // ids of then → ids of today
	back   *strings.Replacer

	mu     sync.Mutex
	called map[string]int // method and path, in the ids of then
}

// oldWorld is world.json.
type oldWorld struct {
	Users []oktasim.UserState
	Apps  []oktasim.AppState

	Entitlements []struct {
		AppID, Name string
		MultiValue  bool
		Values      []struct{ Name string }
	}
	Grants  []oktasim.GrantView
	Factors map[string][]struct {
		FactorType, Provider string
		Profile              map[string]any
	}
	Roles map[string][]string
}

func openOldState(t *testing.T, name string, env ...string) *oldState {
	t.Helper()
	s := &oldState{t: t, from: filepath.Join(stateV0, name), called: map[string]int{}}
	s.tenant = oktasim.New(oktasim.Options{Seed: 77, Limits: oktasim.Limits{Mode: oktasim.LimitsOff}}) // other ids than then
	text, err := os.ReadFile(filepath.Join(s.from, "world.json"))
	fails(t, err)
	s.build(text)
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.place = newPlace(t, append([]string{"OKTA_DOMAIN=" + server.URL, "OKTA_API_TOKEN=" + s.tenant.Token(), "SETTLE_AFTER=100ms"}, env...)...)
	fails(t, os.CopyFS(s.state, os.DirFS(filepath.Join(s.from, "state"))))
	return s
}

// build fills the tenant and learns which id of today is which of then.
func (s *oldState) build(text []byte) {
	s.t.Helper()
	var w oldWorld
	fails(s.t, json.Unmarshal(text, &w))
	ids := map[string]string{}
	for _, u := range w.Users {
		if ids[u.ID] = s.tenant.UserByEmail(u.Email); ids[u.ID] == "" {
			ids[u.ID] = s.tenant.AddUser(oktasim.NewUser{Email: u.Email, Created: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)})
		}
		for _, f := range w.Factors[u.ID] {
			s.tenant.AddFactor(ids[u.ID], f.FactorType, f.Provider, "", f.Profile)
		}
		for _, role := range w.Roles[u.ID] {
			s.tenant.GiveRole(ids[u.ID], role)
		}
	}
	for _, a := range w.Apps {
		ids[a.ID] = s.tenant.AddApp(oktasim.NewApp{Label: a.Label})
		for _, u := range a.Users {
			s.tenant.AssignApp(ids[a.ID], ids[u.ID])
		}
	}
	for _, e := range w.Entitlements {
		var values []string
		for _, v := range e.Values {
			values = append(values, v.Name)
		}
		s.tenant.AddEntitlement(ids[e.AppID], e.Name, e.MultiValue, values...)
	}
	s.learn(text)
	for _, g := range w.Grants {
		var values []string
		for _, v := range g.Values {
			values = append(values, s.out.Replace(v))
		}
		s.tenant.AddGrant(oktasim.NewGrant{Type: g.Type, AppID: ids[g.AppID], UserID: ids[g.UserID], Values: values, Actor: g.Actor})
	}
	s.learn(text)
}

// learn pairs the ids in both states by their place.
func (s *oldState) learn(then []byte) {
	s.t.Helper()
	var old, now any
	fails(s.t, json.Unmarshal(then, &old))
	text, err := json.Marshal(s.tenant.State())
	fails(s.t, err)
	fails(s.t, json.Unmarshal(text, &now))
	var out, back []string
	pair(old, now, func(a, b string) {
		out, back = append(out, a, b), append(back, b, a)
	})
	s.out, s.back = strings.NewReplacer(out...), strings.NewReplacer(back...)
}

var tenantID = regexp.MustCompile(`^[0-9a-zA-Z]{20}$`)

// pair walks two JSON values of one shape and reports the ids that are in the same place.
func pair(a, b any, found func(a, b string)) {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok && tenantID.MatchString(a) && tenantID.MatchString(b) {
			found(a, b)
		}
	case []any:
		if b, ok := b.([]any); ok {
			for i := range min(len(a), len(b)) {
				pair(a[i], b[i], found)
			}
		}
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			for key := range a {
				pair(a[key], b[key], found)
			}
		}
	}
}

// serve is the tenant in the ids of then.
func (s *oldState) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.called[r.Method+" "+r.URL.Path]++
	s.mu.Unlock()
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = s.out.Replace(r.URL.Path), s.out.Replace(r.URL.RawPath), s.out.Replace(r.URL.RawQuery)
	sent := s.out.Replace(string(body))
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(sent)), int64(len(sent))
	answer := httptest.NewRecorder()
	s.tenant.ServeHTTP(answer, r)
	for name, values := range answer.Header() {
		for _, v := range values {
			w.Header().Add(name, s.back.Replace(v))
		}
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	_, _ = io.WriteString(w, s.back.Replace(answer.Body.String()))
}

// calls counts what was asked of the tenant and begins counting again.
func (s *oldState) calls(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for call, times := range s.called {
		if strings.HasPrefix(call, prefix) {
			n += times
		}
	}
	s.called = map[string]int{}
	return n
}

// run runs the program, which must end with a code.
func (s *oldState) run(code int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	stdout, stderr, got := runProgram(s.t, s.env, args...)
	if got != code {
		s.t.Fatalf("%v: code %d, want %d: %s%s", args, got, code, stdout, stderr)
	}
	return stdout, stderr
}

// file is the path of the one file in the state directory that matches.
func (s *oldState) file(pattern string) string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.state, pattern))
	if err != nil || len(found) != 1 {
		s.t.Fatalf("%s: %v %v", pattern, found, err)
	}
	return found[0]
}

// trailGoesOn verifies the trail: its old lines are as they were, and new ones follow.
func (s *oldState) trailGoesOn() {
	s.t.Helper()
	s.run(0, "trail", "verify")
	old, err := os.ReadFile(filepath.Join(s.from, "state", "trail", "trail.jsonl"))
	fails(s.t, err)
	now, err := os.ReadFile(filepath.Join(s.state, "trail", "trail.jsonl"))
	fails(s.t, err)
	if !bytes.HasPrefix(now, old) || len(now) == len(old) {
		s.t.Errorf("the trail has %d bytes, %d before, or other ones", len(now), len(old))
	}
}

var timeInState = regexp.MustCompile(`"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"|"a":\d{13}`)

// moveTimes moves the times in the files of audits and deliveries so that the last of them is a minute ago.
func (s *oldState) moveTimes() {
	s.t.Helper()
	files := map[string][]byte{}
	var last time.Time
	fails(s.t, filepath.WalkDir(filepath.Join(s.state, "mfa"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[path], err = os.ReadFile(path)
		for _, found := range timeInState.FindAllString(string(files[path]), -1) {
			if at := readTime(found); at.After(last) && !strings.Contains(path, "summary") {
				last = at
			}
		}
		return err
	}))
	by := time.Since(last) - time.Minute
	for path, text := range files {
		moved := timeInState.ReplaceAllStringFunc(string(text), func(found string) string {
			at := readTime(found).Add(by)
			if found[1] == 'a' {
				return fmt.Sprintf(`"a":%d`, at.UnixMilli())
			}
			return `"` + at.Format(time.RFC3339Nano) + `"`
		})
		fails(s.t, os.WriteFile(path, []byte(moved), 0o600))
	}
}

func readTime(found string) time.Time {
	var milli int64
	if _, err := fmt.Sscanf(found, `"a":%d`, &milli); err == nil {
		return time.UnixMilli(milli).UTC()
	}
	at, _ := time.Parse(time.RFC3339Nano, strings.Trim(found, `"`))
	return at
}

// listenAt listens at a fixed address, which another test run may have for a while.
func listenAt(t *testing.T, address string, handler http.Handler) {
	t.Helper()
	var listener net.Listener
	var err error
	for range 300 {
		if listener, err = net.Listen("tcp", address); err == nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	fails(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
}
