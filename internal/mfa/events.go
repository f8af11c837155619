package mfa

import (
	"slices"
	"strings"

	"okta-entitlements-mcp/oktaclient"
)

// What a System Log event means for what an audit knows. The types are those of Okta's event catalogue.
const (
	meansUser    = iota + 1 // the enrolments or the state of a user
	meansMember             // a user came into a group or left it
	meansRole               // a user or a group got or lost an admin role
	meansPolicy             // an enrolment policy or an authenticator of the org
	meansNothing = 0
)

var changeEvents = map[string]int{
	"user.mfa.factor.activate":        meansUser,
	"user.mfa.factor.deactivate":      meansUser,
	"user.mfa.factor.reset_all":       meansUser,
	"user.mfa.factor.update":          meansUser,
	"user.mfa.factor.suspend":         meansUser,
	"user.mfa.factor.unsuspend":       meansUser,
	"user.mfa.promote_enrollment":     meansUser,
	"device.enrollment.create":        meansUser,
	"system.mfa.preregister.initiate": meansUser,

	"user.lifecycle.create":           meansUser,
	"user.lifecycle.activate":         meansUser,
	"user.lifecycle.reactivate":       meansUser,
	"user.lifecycle.suspend":          meansUser,
	"user.lifecycle.unsuspend":        meansUser,
	"user.lifecycle.deactivate":       meansUser, // Okta takes the factors away
	"user.lifecycle.delete.initiated": meansUser,
	"user.lifecycle.delete.completed": meansUser,

	"group.user_membership.add":    meansMember,
	"group.user_membership.remove": meansMember,

	"user.account.privilege.grant":  meansRole,
	"user.account.privilege.revoke": meansRole,
	"group.privilege.grant":         meansRole,
	"group.privilege.revoke":        meansRole,

	"policy.lifecycle.create":     meansPolicy,
	"policy.lifecycle.update":     meansPolicy,
	"policy.lifecycle.activate":   meansPolicy,
	"policy.lifecycle.deactivate": meansPolicy,
	"policy.lifecycle.delete":     meansPolicy,
	"policy.rule.add":             meansPolicy,
	"policy.rule.update":          meansPolicy,
	"policy.rule.activate":        meansPolicy,
	"policy.rule.deactivate":      meansPolicy,
	"policy.rule.delete":          meansPolicy,

	"security.authenticator.lifecycle.create":     meansPolicy,
	"security.authenticator.lifecycle.update":     meansPolicy,
	"security.authenticator.lifecycle.activate":   meansPolicy,
	"security.authenticator.lifecycle.deactivate": meansPolicy,
	"system.mfa.factor.activate":                  meansPolicy,
	"system.mfa.factor.deactivate":                meansPolicy,
}

// The events of which signals are made.
const (
	eventActivate    = "user.mfa.factor.activate"
	eventDeactivate  = "user.mfa.factor.deactivate"
	eventReset       = "user.mfa.factor.reset_all"
	eventDenied      = "user.mfa.okta_verify.deny_push"
	eventDeniedOld   = "user.mfa.okta_verify.deny_push_upgrade_needed"
	eventBypass      = "user.mfa.attempt_bypass"
	EventVerified    = "user.authentication.auth_via_mfa"
	reasonPhishing   = "FastPass declined phishing attempt"
	reasonCredential = "INVALID_CREDENTIALS"
)

// ChangeFilter is the System Log filter for all events that may change what an audit knows: enrolments, the life of
// users, group membership, admin roles, enrolment policies and authenticators. It has about two thousand characters,
// so that a URL with it stays under the 4 kB that Okta is known to accept.
func ChangeFilter() string {
	types := make([]string, 0, len(changeEvents))
	for t := range changeEvents {
		types = append(types, t)
	}
	slices.Sort(types)
	return anyOf(types)
}

// SignalFilter is the System Log filter for what makes a finding more urgent. Of verifications only failures are
// asked for: the others are every sign-in of the org.
func SignalFilter() string {
	return anyOf([]string{eventActivate, eventDeactivate, eventReset, eventDenied, eventDeniedOld, eventBypass}) +
		" or (eventType eq " + oktaclient.Quote(EventVerified) + ` and outcome.result eq "FAILURE")`
}

func anyOf(types []string) string {
	terms := make([]string, len(types))
	for i, t := range types {
		terms[i] = "eventType eq " + oktaclient.Quote(t)
	}
	return strings.Join(terms, " or ")
}

// Effect is what an event makes doubtful.
type Effect struct {
	Users           []string // whose readings no longer hold
	policies, Roles bool     // to be read again
	Groups          []string // whose members or roles changed; users who came or went stand in users too
	Unclear         bool     // someone's enrolments changed, and the event does not say whose: no cached reading is safe
}

// EffectOf reads an event. It concerns its targets of type User; without any, the actor: people who enrol
// themselves are the actor, and Okta does not always name them as target too. Failed attempts count: one reading too
// many harms no one.
func EffectOf(e oktaclient.Event) Effect {
	means := changeEvents[e.Type]
	if means == meansNothing && strings.HasPrefix(e.Type, "user.mfa.factor.") {
		means = meansUser // a kin that the catalogue did not have yet
	}
	switch means {
	case meansUser:
		users := concerned(e)
		return Effect{Users: users, Unclear: len(users) == 0}
	case meansMember:
		users, groups := targets(e, "User"), targets(e, "UserGroup")
		return Effect{Users: users, Groups: groups, Unclear: len(users) == 0 && len(groups) == 0}
	case meansRole:
		return Effect{Roles: true, Users: targets(e, "User"), Groups: targets(e, "UserGroup")}
	case meansPolicy:
		return Effect{policies: true}
	}
	return Effect{}
}

// concerned names the users that an event concerns, each once.
func concerned(e oktaclient.Event) []string {
	users := targets(e, "User")
	if len(users) == 0 && e.Actor.Type == "User" && e.Actor.ID != "" {
		return []string{e.Actor.ID}
	}
	return users
}

func targets(e oktaclient.Event, kind string) []string {
	var ids []string
	for _, t := range e.Targets {
		if t.Type == kind && t.ID != "" && !slices.Contains(ids, t.ID) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// UsedFactor puts Okta's words for a factor in the log (OKTA_VERIFY_PUSH, FIDO_WEBAUTHN, SMS_FACTOR, ...) into those
// of UsedAs. The field is not documented to be stable: what is not known stays without a use.
func UsedFactor(text string) string {
	t := strings.ToUpper(text)
	for _, known := range []struct{ part, key string }{
		{"SIGNED_NONCE", "okta_verify"}, {"OKTA_VERIFY", "okta_verify"}, {"OKTA_SOFT_TOKEN", "okta_verify"},
		{"WEBAUTHN", "webauthn"}, {"FIDO", "webauthn"}, {"U2F", "webauthn"},
		{"SMS", "phone_number"}, {"CALL", "phone_number"}, {"VOICE", "phone_number"}, {"GOOGLE", "google_otp"},
		{"EMAIL", "okta_email"}, {"QUESTION", "security_question"},
		{"DUO", "duo"}, {"YUBIKEY", "yubikey_token"}, {"RSA", "rsa_token"}, {"SYMANTEC", "symantec_vip"},
	} {
		if strings.Contains(t, known.part) {
			return known.key
		}
	}
	return ""
}

// UsedAs is the key of a method in what LastUsed returns: the log tells authenticators apart, not their forms.
func UsedAs(m Method) string { return m.Key }

// EventKinds are the kinds of events that EventFilter knows, with the event types of each.
func EventKinds() map[string][]string {
	return map[string][]string{
		"enrolled":    {eventActivate, "device.enrollment.create", "user.mfa.promote_enrollment"},
		"removed":     {eventDeactivate},
		"reset":       {eventReset},
		"push_denied": {eventDenied, eventDeniedOld},
		"bypass":      {eventBypass},
		"admin": {"user.account.privilege.grant", "user.account.privilege.revoke", "group.privilege.grant",
			"group.privilege.revoke"},
		"policy": {"policy.lifecycle.create", "policy.lifecycle.update", "policy.lifecycle.activate",
			"policy.lifecycle.deactivate", "policy.lifecycle.delete",
			"policy.rule.add", "policy.rule.update", "policy.rule.activate", "policy.rule.deactivate", "policy.rule.delete"},
	}
}

// EventFilter is the System Log filter of a kind of MFA events. "failures" are failed verifications; an empty kind is
// all of EventKinds but not failures, of which there can be very many.
func EventFilter(kind string) string {
	if kind == "failures" {
		return "eventType eq " + oktaclient.Quote(EventVerified) + ` and outcome.result eq "FAILURE"`
	}
	var types []string
	for name, list := range EventKinds() {
		if kind == "" || kind == name {
			types = append(types, list...)
		}
	}
	slices.Sort(types)
	return anyOf(types)
}
