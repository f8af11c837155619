package mfa

import (
	"context"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/oktaclient"
)

// Look reads one person as of now, from both sources, and judges under a policy. Nothing is kept. Admin roles, enrolment policies
// and the person's groups are read too, so that the verdict is that of an audit. The notes say what could not be read.
func (a *Auditor) Look(ctx context.Context, userID string, policy Policy) (f Finding, notes []string, err error) {
	account, err := a.okta.Account(ctx, userID)
	if err != nil {
		return f, nil, err
	}
	s := &scan{Auditor: a, req: Request{Policy: policy}, record: &record{}, exempt: policy.exemptionIndex(), mem: newMemory(), signals: newSignalBook(1),
		primary: fromEnrollments, started: a.okta.Now(), seenMembers: true, roles: &roleBook{direct: map[string][]string{}, via: map[string][]string{}}}
	s.mem.fresh[account.ID] = true
	for _, step := range []func(context.Context, string) error{s.lookAtRoles, s.lookAtPolicy} {
		if err := step(ctx, account.ID); err != nil {
			return f, nil, err
		}
	}
	r, err := s.lookAt(ctx, account.ID)
	if err != nil {
		return f, nil, err
	}
	s.mem.readings[account.ID] = r
	return s.finding(&person{Account: account}), s.notes, nil
}

// lookAtRoles reads the admin roles of one person, its own and those of its groups.
func (s *scan) lookAtRoles(ctx context.Context, id string) error {
	roles, err := s.okta.UserRoles(ctx, id)
	if err != nil {
		return s.wrapDegraded(err, "admin roles are not known", "read admin roles")
	}
	own := slices.DeleteFunc(slices.Clone(roles), func(r oktaclient.Role) bool { return r.Assignment == "GROUP" })
	s.roles.direct[id] = typesOf(own)
	s.roles.via[id] = typesOf(slices.DeleteFunc(roles, func(r oktaclient.Role) bool { return r.Assignment != "GROUP" }))
	return nil
}

// lookAtPolicy reads the enrolment policies, and which of them the groups of one person bring.
func (s *scan) lookAtPolicy(ctx context.Context, id string) error {
	const without = "whether the enrolment policy allows each method is not known"
	policies, err := s.okta.EnrollmentPolicies(ctx)
	if err != nil {
		return s.wrapDegraded(err, without, "read enrolment policies")
	}
	groups, err := s.okta.UserGroups(ctx, id)
	if err != nil {
		return s.wrapDegraded(err, without, "read the person's groups")
	}
	s.rules = compileRules(policies)
	for _, g := range groups {
		s.mem.members.add(g.ID, 0, []string{id})
	}
	return nil
}

// lookAt reads both sources of one person.
func (s *scan) lookAt(ctx context.Context, id string) (*reading, error) {
	r := &reading{at: s.started.UnixMilli()}
	enrollments, err := s.okta.Enrollments(ctx, id)
	switch {
	case err == nil:
		r.enrolled, r.hasEnroll = s.mem.kinds.pack(enrolledIn(enrollments)), true
	case refused(err):
		s.primary = fromFactors
	default:
		return nil, err
	}
	factors, err := s.okta.Factors(ctx, id)
	if err != nil && (!refused(err) || !r.hasEnroll) {
		return nil, err
	}
	if err == nil {
		r.factors, r.hasFactor = s.mem.kinds.pack(enrolledAs(factors)), true
		s.both = true
	}
	return r, nil
}

// LastUsed tells when one person last used each kind of method within a time, as far as the System Log names it. UsedAs gives
// the key of a method.
func (a *Auditor) LastUsed(ctx context.Context, userID string, since, until time.Time) (map[string]time.Time, error) {
	used := map[string]time.Time{}
	filter := "eventType eq " + oktaclient.Quote(eventVerified) + ` and outcome.result eq "SUCCESS" and actor.id eq ` + oktaclient.Quote(userID)
	most := 2000 // newest first: the rest is older uses of the same methods
	for e, err := range a.okta.Log(ctx, oktaclient.LogQuery{Since: since, Until: until, Filter: filter, Descending: true}) {
		if err != nil {
			return nil, err
		}
		key := usedFactor(e.Factor)
		if _, known := used[key]; key != "" && !known {
			used[key] = e.Published
		}
		if most--; most == 0 {
			break
		}
	}
	return used, nil
}

// usedFactor puts Okta's words for a factor in the log (OKTA_VERIFY_PUSH, FIDO_WEBAUTHN, SMS_FACTOR, ...) into those of UsedAs.
// The field is not documented to be stable: what is not known stays without a use.
func usedFactor(text string) string {
	t := strings.ToUpper(text)
	for _, known := range []struct{ part, key string }{
		{"SIGNED_NONCE", "okta_verify"}, {"OKTA_VERIFY", "okta_verify"}, {"OKTA_SOFT_TOKEN", "okta_verify"}, {"WEBAUTHN", "webauthn"}, {"FIDO", "webauthn"}, {"U2F", "webauthn"},
		{"SMS", "phone_number"}, {"CALL", "phone_number"}, {"VOICE", "phone_number"}, {"GOOGLE", "google_otp"}, {"EMAIL", "okta_email"}, {"QUESTION", "security_question"},
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
		"admin":       {"user.account.privilege.grant", "user.account.privilege.revoke", "group.privilege.grant", "group.privilege.revoke"},
		"policy": {"policy.lifecycle.create", "policy.lifecycle.update", "policy.lifecycle.activate", "policy.lifecycle.deactivate", "policy.lifecycle.delete",
			"policy.rule.add", "policy.rule.update", "policy.rule.activate", "policy.rule.deactivate", "policy.rule.delete"},
	}
}

// EventFilter is the System Log filter of a kind of MFA events. "failures" are failed verifications; an empty kind is all of
// EventKinds but not failures, of which there can be very many.
func EventFilter(kind string) string {
	if kind == "failures" {
		return "eventType eq " + oktaclient.Quote(eventVerified) + ` and outcome.result eq "FAILURE"`
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
