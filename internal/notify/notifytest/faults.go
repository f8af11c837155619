// Package notifytest simulates the two services that package notify delivers to, over HTTP and from their makers' documents:
// Jira (Cloud with REST API v3, Data Center with v2) and Slack, on the kernel in package simwire. The simulations are strict
// where the services are lenient: what is not documented, or not modelled, is refused. For tests only.
package notifytest

import (
	"net/http"
	"time"

	"okta-entitlements-mcp/internal/simwire"
)

// Call is one request as a service saw it.
type Call = simwire.Call

// Fault is what goes wrong with a call.
type Fault = simwire.Effect

// The faults that SetFault knows.
const (
	None     Fault = simwire.EffectNone
	Refused  Fault = simwire.EffectRefuse    // nothing is carried out, no answer
	Lost     Fault = simwire.EffectLoseReply // carried out, no answer
	Cut      Fault = simwire.EffectTruncate  // carried out, half an answer
	Error500 Fault = simwire.Effect500       // nothing is carried out, 500
	Done500  Fault = simwire.Effect502       // carried out, 502
	Silent   Fault = simwire.EffectStall     // carried out, then no answer until the caller gives up
	Limited  Fault = "rate limited"          // nothing is carried out, 429 with Retry-After
	Expired  Fault = "credential expired"    // 401, or Slack's token_expired
)

// service is what both simulations share.
type service struct{ *simwire.Wire }

func newService(s simwire.Service) service {
	wire := simwire.New(s, now, 0)
	wire.KeepCalls()
	return service{wire}
}

// SetFault sets who decides what goes wrong, nil for nothing. It is asked with every call in the order of their arrival.
func (s service) SetFault(decide func(Call) Fault) {
	if decide == nil {
		s.Decide(nil)
		return
	}
	s.Decide(func(c Call) simwire.Fault {
		effect := decide(c)
		return simwire.Fault{Effect: effect, Acted: effect == Done500 || effect == Silent, Duration: simwire.Forever}
	})
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

// open lets every request in: the rate limits of both services are faults here.
type open struct{}

func (open) Admit() bool { return true }
func (open) Leave()      {}

// failure writes the answer of a fault.
func failure(w *simwire.Reply, status int, contentType, body string) {
	w.Reset()
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

const asJSON, asHTML = "application/json", "text/html"

var (
	_ http.Handler    = (*Jira)(nil)
	_ http.Handler    = (*Slack)(nil)
	_ simwire.Service = jiraService{}
	_ simwire.Service = slackService{}
)

// now is the services' clock: the program's, which testing/synctest moves.
func now() time.Time { return time.Now().UTC() }
