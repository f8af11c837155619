package mfa

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

func TestTheFiltersFitIntoAURL(t *testing.T) {
	for name, filter := range map[string]string{"changes": ChangeFilter(), "signals": SignalFilter()} {
		if n := len(url.QueryEscape(filter)); n > 3000 {
			t.Errorf("%s: %d characters", name, n)
		}
		if strings.ContainsAny(filter, "[]") || strings.Count(filter, "(") != strings.Count(filter, ")") {
			t.Errorf("%s: Okta does not understand %s", name, filter)
		}
		if filter != map[string]string{"changes": ChangeFilter(), "signals": SignalFilter()}[name] {
			t.Errorf("%s: another filter each time", name)
		}
	}
	for _, want := range []string{"user.mfa.factor.activate", "user.lifecycle.deactivate", "policy.rule.update",
		"group.user_membership.add", "user.account.privilege.grant"} {
		if !strings.Contains(ChangeFilter(), `eventType eq "`+want+`"`) {
			t.Errorf("changes lack %s", want)
		}
	}
	if s := SignalFilter(); !strings.Contains(s,
		`(eventType eq "user.authentication.auth_via_mfa" and outcome.result eq "FAILURE")`) ||
		strings.Contains(s, "session") {
		t.Errorf("signals: %s", s)
	}
}

func party(id string) oktaclient.EventParty {
	kinds := map[string]string{"00u": "User", "00g": "UserGroup", "00p": "PolicyEntity", "aut": "AuthenticatorEnrollment"}
	return oktaclient.EventParty{ID: id, Type: kinds[id[:3]]}
}

func event(name, actor string, targets ...string) oktaclient.Event {
	e := oktaclient.Event{Type: name, Result: "SUCCESS", Published: judgedAt, Actor: party(actor)}
	for _, id := range targets {
		e.Targets = append(e.Targets, party(id))
	}
	return e
}

func TestAnEventSaysWhatBecomesDoubtful(t *testing.T) {
	robot := event("user.mfa.factor.update", "aut0")
	for name, c := range map[string]struct {
		e    oktaclient.Event
		want Effect
	}{
		"an admin removes": {event("user.mfa.factor.deactivate", "00uAdmin", "aut1", "00u1"),
			Effect{Users: []string{"00u1"}}},
		"somebody enrols":     {event("user.mfa.factor.activate", "00u1", "aut1"), Effect{Users: []string{"00u1"}}},
		"a new kind of event": {event("user.mfa.factor.recycle", "00u1"), Effect{Users: []string{"00u1"}}},
		"nobody is named":     {robot, Effect{Unclear: true}},
		"named twice": {event("user.lifecycle.suspend", "00uAdmin", "00u1", "00u1"),
			Effect{Users: []string{"00u1"}}},
		"a membership": {event("group.user_membership.add", "00uAdmin", "00g1", "00u1"), Effect{
			Users:  []string{"00u1"},
			Groups: []string{"00g1"},
		}},
		"a role": {event("user.account.privilege.grant", "00uAdmin", "00u1"), Effect{
			Users: []string{"00u1"},
			Roles: true,
		}},
		"a group's role": {event("group.privilege.grant", "00uAdmin", "00g1"), Effect{
			Groups: []string{"00g1"},
			Roles:  true,
		}},
		"a policy is not a user": {event("policy.rule.update", "00uAdmin", "00p1", "00uOther"), Effect{policies: true}},
		"an authenticator": {event("security.authenticator.lifecycle.deactivate", "00uAdmin"),
			Effect{policies: true}},
		"something quite different": {event("user.session.start", "00u1", "00u1"), Effect{}},
	} {
		if got := EffectOf(c.e); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	for name := range changeEvents {
		if reflect.DeepEqual(EffectOf(event(name, "00u1", "00u1", "00g1")), Effect{}) {
			t.Errorf("%s is asked for and means nothing", name)
		}
	}
}

func TestSignals(t *testing.T) {
	at := func(minutes int, e oktaclient.Event) oktaclient.Event {
		e.Published = judgedAt.Add(time.Duration(minutes) * time.Minute)
		return e
	}
	with := func(e oktaclient.Event, result, reason, factor string) oktaclient.Event {
		e.Result, e.Reason, e.Factor = result, untrusted.New(reason), untrusted.New(factor)
		return e
	}
	removed, enrolled, reset := event(eventDeactivate, "00uAdmin", "00u1"), event(eventActivate, "00u1",
		"aut1"), event(eventReset, "00uAdmin", "00u1")
	aMoment := removed
	aMoment.Published = judgedAt.Add(time.Hour + 300*time.Millisecond)
	verify := event(EventVerified, "00u1")
	later := []Method{{
		Name:   "push",
		Key:    "okta_verify",
		Status: "ACTIVE",
		Since:  judgedAt.Add(time.Hour),
	}}
	for name, c := range map[string]struct {
		events  []oktaclient.Event
		methods []Method
		want    []string
	}{
		"nothing":                      {nil, nil, nil},
		"a factor is removed":          {[]oktaclient.Event{removed}, nil, []string{"removed"}},
		"removed, then enrolled":       {[]oktaclient.Event{at(1, removed), at(2, enrolled)}, nil, nil},
		"the log backwards":            {[]oktaclient.Event{at(2, enrolled), at(1, removed)}, nil, nil},
		"enrolled, then removed":       {[]oktaclient.Event{at(1, enrolled), at(2, removed)}, nil, []string{"removed"}},
		"a method that the log missed": {[]oktaclient.Event{removed}, later, nil},
		"a method of an earlier time":  {[]oktaclient.Event{at(61, removed)}, later, []string{"removed"}},
		"readings know whole seconds":  {[]oktaclient.Event{aMoment}, later, nil},
		"an inactive one later": {[]oktaclient.Event{removed}, []Method{{
			Name:   "push",
			Status: "INACTIVE",
			Since:  judgedAt.Add(time.Hour),
		}}, []string{"removed"}},
		"e-mail later": {[]oktaclient.Event{removed}, []Method{{
			Name:   "email",
			Status: "ACTIVE",
			Since:  judgedAt.Add(time.Hour),
		}}, []string{"removed"}},
		"a new security question": {[]oktaclient.Event{with(removed, "SUCCESS", "", "SECURITY_QUESTION"),
			with(removed, "SUCCESS", "User reset SECURITY_QUESTION factor", "")}, nil, nil},
		"a question heals nothing": {[]oktaclient.Event{removed,
			with(at(1, enrolled), "SUCCESS", "", "SECURITY_QUESTION")}, nil, []string{"removed"}},
		"a removal that failed":  {[]oktaclient.Event{with(removed, "FAILURE", "", "")}, nil, nil},
		"a reset":                {[]oktaclient.Event{reset, reset}, nil, []string{"reset 2"}},
		"a reset, then enrolled": {[]oktaclient.Event{reset}, later, nil},
		"pushes denied": {[]oktaclient.Event{event(eventDenied, "00u1"),
			event(eventDeniedOld, "00u1")}, later, []string{"push_denied 2"}},
		"a push denied, Identity Engine": {[]oktaclient.Event{with(verify, "FAILURE", "INVALID_CREDENTIALS",
			"OKTA_VERIFY_PUSH")}, nil, []string{"push_denied"}},
		"wrong codes": {[]oktaclient.Event{with(verify, "FAILURE", "INVALID_CREDENTIALS", "SMS_FACTOR"),
			with(verify, "FAILURE", "", "")}, nil, []string{"mfa_failures 2"}},
		"a wrong password": {[]oktaclient.Event{with(verify, "FAILURE", "INVALID_CREDENTIALS",
			"PASSWORD_AS_FACTOR")}, nil, nil},
		"a right code": {[]oktaclient.Event{verify}, nil, nil},
		"phishing": {[]oktaclient.Event{with(verify, "FAILURE", "FastPass declined phishing attempt",
			"SIGNED_NONCE")}, nil, []string{"phishing_stopped"}},
		"all at once, worst first": {[]oktaclient.Event{with(verify, "FAILURE", "", ""), event(eventDenied, "00u1"),
			event(eventBypass, "00u1"), reset, removed}, nil,
			[]string{"removed", "reset", "bypass_attempt", "push_denied", "mfa_failures"}},
	} {
		b := NewSignals(10)
		for _, e := range c.events {
			b.Add(e)
		}
		var got []string
		for _, s := range b.Of("00u1", c.methods) {
			word := s.Kind
			if s.Count > 1 {
				word += " " + string(rune('0'+s.Count))
			}
			if s.Last.IsZero() {
				t.Errorf("%s: %s has no time", name, s.Kind)
			}
			got = append(got, word)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestTheSignalBookIsBounded(t *testing.T) {
	b := NewSignals(2)
	for _, id := range []string{"00u1", "00u2", "00u3", "00u1", "00u3"} {
		b.Add(event(eventBypass, id))
	}
	if len(b.people) != 2 || b.dropped != 2 {
		t.Errorf("%d people, %d dropped", len(b.people), b.dropped)
	}
	if s := b.Of("00u1", nil); len(s) != 1 || s[0].Count != 2 {
		t.Errorf("00u1: %+v", s)
	}
	if s := b.Of("00u3", nil); s != nil {
		t.Errorf("00u3: %+v", s)
	}
	var none *Signals
	if none.Of("00u1", nil) != nil {
		t.Error("a book that was never opened says something")
	}
}
