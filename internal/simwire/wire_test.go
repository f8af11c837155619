package simwire

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// echo is a service with one operation, which counts what it carried out.
type echo struct{ done int }

func (e *echo) Begin(x *Exchange) Handler {
	if x.Request.URL.Path == "/echo" {
		x.Pattern = "/echo"
	}
	return &echoCall{e, x}
}

type echoCall struct {
	e *echo
	x *Exchange
}

func (c *echoCall) Admit() bool { return true }
func (c *echoCall) Leave()      {}
func (c *echoCall) Serve()      { c.e.done++; _, _ = c.x.Reply.Write(c.x.Body) }
func (c *echoCall) Fail()       { c.x.Reply.Reset(); c.x.Reply.WriteHeader(500) }

const base = "https://echo.example.com"

func newEcho() (*echo, *Wire, func(path string) (int, string, error)) {
	e := &echo{}
	w := New(e, time.Now, 1)
	transport := w.Transport(func() string { return base })
	return e, w, func(path string) (int, string, error) {
		r, _ := http.NewRequest("POST", base+path, strings.NewReader("hello"))
		resp, err := transport.RoundTrip(r)
		if err != nil {
			return 0, "", err
		}
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), err
	}
}

func TestCallsAreCountedAndListedOnlyOnRequest(t *testing.T) {
	_, w, post := newEcho()
	_, _, _ = post("/echo")
	w.KeepCalls()
	_, _, _ = post("/echo?a=1")
	_, _, _ = post("/elsewhere")
	calls := w.Calls()
	if len(calls) != 2 || calls[0].N != 2 || calls[0].Query != "a=1" || calls[0].Status != 200 || calls[1].Pattern != Unknown {
		t.Errorf("calls %+v", calls)
	}
	want := []Count{{"POST", "(unknown) /elsewhere", 200, 1}, {"POST", "/echo", 200, 2}}
	if got := w.Counts(); !slices.Equal(got, want) {
		t.Errorf("counts %v", got)
	}
	w.Forget()
	_, _, _ = post("/echo")
	if calls := w.Calls(); len(calls) != 1 || calls[0].N != 1 {
		t.Errorf("after Forget: %+v", calls)
	}
}

func TestInjectionsComeBeforeDecisions(t *testing.T) {
	e, w, post := newEcho()
	w.Decide(func(c Call) Fault { return Fault{Effect: Effect500, Acted: c.N == 2} })
	injection := w.Inject(Fault{Pattern: "/echo", Effect: Effect502})
	for i, want := range []int{502, 500, 500} {
		if status, _, err := post("/echo"); err != nil || status != want {
			t.Errorf("call %d: %d %v, want %d", i+1, status, err, want)
		}
	}
	if injection.Fired() != 1 || e.done != 1 {
		t.Errorf("fired %d, carried out %d, want 1 and 1", injection.Fired(), e.done)
	}
}

func TestAStallForeverEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, w, _ := newEcho()
		injection := w.Inject(Fault{Effect: EffectStall, Duration: Forever, Acted: true})
		client := http.Client{Timeout: 1000 * time.Hour, Transport: w.Transport(func() string { return base })}
		_, err := client.Post(base+"/echo", "text/plain", strings.NewReader("x"))
		var timeout interface{ Timeout() bool }
		if !errors.As(err, &timeout) || !timeout.Timeout() || e.done != 1 || injection.Fired() != 1 {
			t.Errorf("%v, carried out %d, fired %d", err, e.done, injection.Fired())
		}
	})
}

func TestAFaultOfTheServiceCountsWhenItHappens(t *testing.T) {
	e, w, post := newEcho()
	injection := w.Inject(Fault{Effect: "its own", ByService: true})
	if status, body, err := post("/echo"); status != 200 || body != "hello" || err != nil || e.done != 1 {
		t.Errorf("%d %q %v", status, body, err)
	}
	if injection.Fired() != 0 {
		t.Error("fired although the service did not carry it out")
	}
}
