package mfa

import (
	"strings"
	"time"

	"okta-entitlements-mcp/oktaclient"
)

// The kinds of signals, the most alarming first: the order in which they are shown.
const (
	signalRemoved = iota
	signalReset
	signalBypass
	signalPhishing
	signalPush
	signalFailures
	signalKinds
)

var signalNames = [signalKinds]string{"removed", "reset", "bypass_attempt", "phishing_stopped", "push_denied", "mfa_failures"}

// Signals counts recent events per user: a count and a time for each kind, however many events there are.
type Signals struct {
	bound   int
	people  map[string]*signals
	dropped int // users who found no room
}

type signals struct {
	enrolled time.Time // the newest enrolment that the log shows
	tally    [signalKinds]struct {
		count int
		last  time.Time
	}
}

// NewSignals makes a book for at most bound users; events of further ones are counted and not kept. 0 means 200,000.
func NewSignals(bound int) *Signals {
	if bound <= 0 {
		bound = 200_000
	}
	return &Signals{bound: bound, people: map[string]*signals{}}
}

// Add takes one event, in any order.
func (b *Signals) Add(e oktaclient.Event) {
	kind, isEnrolment := signalOf(e)
	if kind < 0 && !isEnrolment {
		return
	}
	for _, user := range concerned(e) {
		s := b.people[user]
		if s == nil {
			if len(b.people) >= b.bound {
				b.dropped++
				continue
			}
			s = &signals{}
			b.people[strings.Clone(user)] = s
		}
		if isEnrolment {
			if e.Published.After(s.enrolled) {
				s.enrolled = e.Published
			}
			continue
		}
		t := &s.tally[kind]
		t.count++
		if e.Published.After(t.last) {
			t.last = e.Published
		}
	}
}

// signalOf tells which signal an event is, -1 for none, or that something was enrolled.
//
// A new security question makes Okta log the removal of the old one, so that questions say nothing. On Identity Engine
// auth_via_mfa is logged for the password too; there a wrong password is no sign of trouble with a second factor, and a push that
// was denied has no event of its own: it is a failed verification by push for invalid credentials.
func signalOf(e oktaclient.Event) (kind int, isEnrolment bool) {
	question := strings.Contains(e.Factor.Raw(), "SECURITY_QUESTION") || strings.Contains(e.Reason.Raw(), "SECURITY_QUESTION")
	done := e.Result == "" || e.Result == "SUCCESS"
	switch e.Type {
	case eventActivate:
		return -1, done && !question && !strings.HasPrefix(e.Factor.Raw(), "EMAIL")
	case eventDeactivate:
		if done && !question {
			return signalRemoved, false
		}
	case eventReset:
		if done {
			return signalReset, false
		}
	case eventBypass:
		return signalBypass, false
	case eventDenied, eventDeniedOld:
		return signalPush, false
	case EventVerified:
		switch {
		case e.Result != "FAILURE":
		case strings.Contains(e.Reason.Raw(), reasonPhishing):
			return signalPhishing, false
		case strings.HasPrefix(e.Factor.Raw(), "PASSWORD"):
		case e.Factor.Raw() == "OKTA_VERIFY_PUSH" && e.Reason.Raw() == reasonCredential:
			return signalPush, false
		default:
			return signalFailures, false
		}
	}
	return -1, false
}

// Of returns a person's signals, the most alarming first. A removal or a reset is none once something was enrolled after it, by
// the log or by the methods themselves. Readings know whole seconds only.
func (b *Signals) Of(userID string, methods []Method) []Signal {
	if b == nil {
		return nil
	}
	s := b.people[userID]
	if s == nil {
		return nil
	}
	enrolled := s.enrolled
	for _, m := range methods {
		if m.secondFactor() && m.Since.After(enrolled) {
			enrolled = m.Since
		}
	}
	var found []Signal
	for kind, t := range s.tally {
		healed := kind <= signalReset && !enrolled.Before(t.last.Truncate(time.Second))
		if t.count > 0 && !healed {
			found = append(found, Signal{Kind: signalNames[kind], Count: t.count, Last: t.last})
		}
	}
	return found
}
