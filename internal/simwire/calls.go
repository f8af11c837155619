package simwire

import (
	"cmp"
	"slices"
)

// Call is one request as the service saw it.
type Call struct {
	N       int // from 1
	Method  string
	Pattern string // the operation, Unknown for none
	Path    string // decoded, without query
	Query   string
	Effect  Effect // what went wrong
	Status  int    // 0 while it is under way, and when the caller got no answer
}

// Count says how many calls of one operation had one status. Status 0 means that the caller got no answer.
type Count struct {
	Method  string `json:"method"`
	Pattern string `json:"pattern"`
	Status  int    `json:"status"`
	Count   int    `json:"count"`
}

type countKey struct {
	method, pattern string
	status          int
}

// callLog counts calls by operation and status, and keeps them one by one where a service asks for that: an audit of a
// large organisation makes a million of them.
type callLog struct {
	made   int
	counts map[countKey]int
	paths  map[string]bool // without a route
	keep   bool
	kept   []*Call
}

// KeepCalls makes Calls list every call from now on.
func (w *Wire) KeepCalls() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls.keep = true
}

// Calls lists the calls that were kept, in the order of their arrival.
func (w *Wire) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Call, len(w.calls.kept))
	for i, c := range w.calls.kept {
		out[i] = *c
	}
	return out
}

// Forget empties the list and the counts; numbers start at 1 again.
func (w *Wire) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = callLog{keep: w.calls.keep}
}

// Counts returns how often each operation was called, by status, in alphabetical order.
func (w *Wire) Counts() []Count {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Count, 0, len(w.calls.counts))
	for k, n := range w.calls.counts {
		out = append(out, Count{k.method, k.pattern, k.status, n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return out
}

// enter numbers a call and decides its fault.
func (w *Wire) enter(x *Exchange) *Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls.made++
	r := x.Request
	c := &Call{N: w.calls.made, Method: r.Method, Pattern: x.Pattern, Path: r.URL.Path, Query: r.URL.RawQuery}
	x.Fault, x.injection = w.pick(*c)
	c.Effect = x.Fault.Effect
	if w.calls.keep {
		w.calls.kept = append(w.calls.kept, c)
	}
	return c
}

// leave notes how a call ended.
func (w *Wire) leave(c *Call, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.Status = status
	pattern := c.Pattern
	if pattern == Unknown {
		pattern = w.calls.unknown(c.Path)
	}
	w.calls.count(c.Method, pattern, status)
}

// maxUnknown bounds how many different paths without a route are counted each by itself.
const maxUnknown = 500

// unknown names a path without a route in the counts: what was asked there is what a simulation lacks.
func (l *callLog) unknown(path string) string {
	if !l.paths[path] {
		if len(l.paths) == maxUnknown {
			return Unknown
		}
		if l.paths == nil {
			l.paths = map[string]bool{}
		}
		l.paths[path] = true
	}
	return Unknown + " " + path
}

func (l *callLog) count(method, pattern string, status int) {
	if l.counts == nil {
		l.counts = map[countKey]int{}
	}
	l.counts[countKey{method, pattern, status}]++
}
