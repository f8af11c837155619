package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// inBubble runs a test in virtual time, on a rig whose calls are seen.
func inBubble(t *testing.T, o oktasim.Options, settle time.Duration, test func(t *testing.T, r *rig, w *wire)) {
	t.Helper()
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simtest.Options{Tenant: o, Lines: lines}, settle)
		test(t, r, r.watch())
	})
}

// wire sees every call of the auditor on its way to the tenant, and may be cut at one of them, as when the process is killed: at
// that instant it keeps what the disk holds, and from then on nothing reaches the tenant.
type wire struct {
	tenant http.RoundTripper
	dir    string

	mu    sync.Mutex
	order []string       // paths, as they were called
	paths map[string]int // calls answered, by path
	left  int            // calls until the fatal one; it never comes when negative
	kill  context.CancelFunc
	dead  bool
	disk  map[string][]byte
}

// watch puts a wire between the rig's client and its tenant.
func (r *rig) watch() *wire {
	w := &wire{tenant: r.Tenant.Transport(), dir: r.dir, paths: map[string]int{}, left: -1}
	r.Reconnect(simtest.Options{Client: oktaclient.Options{Transport: w}})
	return w
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	if w.left--; w.left == 0 {
		w.dead, w.disk = true, readTree(w.dir)
		w.kill()
	}
	if w.dead {
		w.mu.Unlock()
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	w.order = append(w.order, req.URL.Path)
	w.mu.Unlock()
	resp, err := w.tenant.RoundTrip(req)
	if err == nil && resp.StatusCode < 300 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.paths[req.URL.Path]++
	}
	return resp, err
}

// forget begins to count again.
func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.order, w.paths = nil, map[string]int{}
}

// read is how often a person was read, by enrolments and by factors.
func (w *wire) read(user string) [2]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return [2]int{w.paths["/api/v1/users/"+user+"/authenticator-enrollments"], w.paths["/api/v1/users/"+user+"/factors"]}
}

// arm makes a call from now the fatal one.
func (w *wire) arm(calls int, kill context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.kill, w.dead = calls, kill, false
}

// died reports whether the fatal call came. When it did not, it never will.
func (w *wire) died() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = -1
	return w.dead
}

// leave puts the disk back as the dead process left it, and the wire together again.
func (w *wire) leave(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	writeTree(t, w.dir, w.disk)
	w.left, w.dead = -1, false
}

func readTree(dir string) map[string][]byte {
	files := map[string][]byte{}
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "lock" {
			return nil // what vanishes meanwhile was a temporary file
		}
		if data, err := os.ReadFile(path); err == nil {
			files[strings.TrimPrefix(path, dir)] = data
		}
		return nil
	})
	return files
}

func writeTree(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	must(t, os.RemoveAll(dir))
	for name, data := range files {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	must(t, os.MkdirAll(filepath.Join(dir, "audits"), 0o700))
}

// journalled are the people whose reading the journals of a tree hold whole.
func journalled(t testing.TB, files map[string][]byte) map[string]bool {
	t.Helper()
	users := map[string]bool{}
	for name, text := range files {
		if filepath.Base(name) != "readings.jsonl" {
			continue
		}
		for line := range bytes.Lines(text) {
			var l struct {
				T string `json:"t"`
				U string `json:"u"`
			}
			if err := json.Unmarshal(line, &l); err == nil && bytes.HasSuffix(line, []byte("\n")) && l.T == "read" {
				users[l.U] = true
			}
		}
	}
	return users
}

// journalOf is the path of the one journal in a state directory.
func journalOf(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "audits", "*", "readings.jsonl"))
	if err == nil && len(found) != 1 {
		err = errors.New("not one journal: " + strings.Join(found, ", "))
	}
	must(t, err)
	return found[0]
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
