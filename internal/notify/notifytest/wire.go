// Package notifytest simulates the two services that package notify delivers to, over HTTP and from their makers' documents:
// Jira (Cloud with REST API v3, Data Center with v2) and Slack. The simulations are strict where the services are lenient:
// what is not documented, or not modelled, is refused. For tests and the demo.
package notifytest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// Fault is what goes wrong with a call.
type Fault string

// The faults.
const (
	None     Fault = ""
	Refused  Fault = "connection refused"   // nothing is carried out, no answer
	Lost     Fault = "answer lost"          // carried out, no answer
	Cut      Fault = "answer cut off"       // carried out, half an answer
	Error500 Fault = "internal error"       // nothing is carried out, 500
	Done500  Fault = "error after the fact" // carried out, 502
	Limited  Fault = "rate limited"         // nothing is carried out, 429 with Retry-After
	Expired  Fault = "credential expired"   // 401, or Slack's token_expired
	Silent   Fault = "no answer in time"    // carried out, then silence until the caller gives up
)

// acts reports whether the service carries the call out all the same.
func (f Fault) acts() bool {
	return f == None || f == Lost || f == Cut || f == Done500 || f == Silent
}

// Call is one request as the service saw it.
type Call struct {
	N      int // from 1
	Method string
	Path   string // without query
	Query  string
	Status int
	Fault  Fault
}

// gate counts calls and decides their faults.
type gate struct {
	mu    sync.Mutex
	calls []Call
	fault func(Call) Fault
}

// SetFault sets who decides what goes wrong, nil for nobody. It is asked with every call in the order of their arrival.
func (g *gate) SetFault(decide func(Call) Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = decide
}

// Calls lists what has been asked so far.
func (g *gate) Calls() []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]Call(nil), g.calls...)
}

// Forget empties the list of calls; their numbers begin anew.
func (g *gate) Forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = nil
}

func (g *gate) enter(r *http.Request) (int, Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := Call{N: len(g.calls) + 1, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery}
	if g.fault != nil {
		c.Fault = g.fault(c)
	}
	g.calls = append(g.calls, c)
	return len(g.calls) - 1, c.Fault
}

func (g *gate) leave(n, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n < len(g.calls) {
		g.calls[n].Status = status
	}
}

// answer is what a service says.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// recorder takes an answer down. That of net/http/httptest would bring its flags into every program that imports this package.
type recorder struct{ answer }

func (r *recorder) Header() http.Header    { return r.header }
func (r *recorder) WriteHeader(status int) { r.status = status }
func (r *recorder) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}

// exchange carries out one call with its fault.
func (g *gate) exchange(r *http.Request, serve http.Handler, failing func(Fault) answer) (answer, Fault) {
	n, fault := g.enter(r)
	a := failing(fault)
	if fault.acts() {
		rec := &recorder{answer: answer{status: http.StatusOK, header: http.Header{}}}
		serve.ServeHTTP(rec, r)
		if fault != Done500 {
			a = rec.answer
		}
	}
	g.leave(n, a.status)
	return a, fault
}

// inProcess reaches a service without a socket; it honours the caller's context, and reaches one host only.
type inProcess struct {
	host     string
	exchange func(*http.Request) (answer, Fault)
}

// RoundTrip carries out one request.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.URL.Host != p.host {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
	}
	in := r.Clone(context.WithoutCancel(r.Context()))
	in.RemoteAddr = "192.0.2.7:4321"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	a, fault := p.exchange(in)
	switch fault {
	case Refused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case Lost:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case Silent:
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	body := io.Reader(bytes.NewReader(a.body))
	if fault == Cut {
		body = io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), broken{})
	}
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// overSocket answers over a real connection.
func overSocket(w http.ResponseWriter, r *http.Request, a answer, fault Fault) {
	switch fault {
	case Refused, Lost:
		panic(http.ErrAbortHandler)
	case Silent:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	for name, lines := range a.header {
		w.Header()[name] = lines
	}
	w.WriteHeader(a.status)
	if fault == Cut {
		_, _ = w.Write(a.body[:len(a.body)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body)
}

// Nth makes a decision for SetFault: the n-th call that matches, counted from 1, and only that one.
func Nth(n int, fault Fault, matches func(Call) bool) func(Call) Fault {
	seen := 0
	return func(c Call) Fault {
		if !matches(c) {
			return None
		}
		if seen++; seen == n {
			return fault
		}
		return None
	}
}

// now is the services' clock: the program's, which testing/synctest moves.
func now() time.Time { return time.Now().UTC() }
