package audit

import (
	"context"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/oktaclient"
)

// Look reads one person as of now, from both sources, and judges under a policy. Nothing is kept. Admin roles, enrolment policies
// and the person's groups are read too, so that the verdict is that of an audit. The notes say what could not be read.
func (a *Auditor) Look(ctx context.Context, userID string, policy mfa.Policy) (f mfa.Finding, notes []string, err error) {
	account, err := a.okta.Account(ctx, userID)
	if err != nil {
		return f, nil, err
	}
	s := &scan{Auditor: a, req: Request{Policy: policy}, record: &record{}, exempt: policy.IndexExemptions(), mem: newMemory(), signals: mfa.NewSignals(1),
		primary: mfa.SourceEnrollments, started: a.okta.Now(), seenMembers: true, roles: &mfa.Roles{Direct: map[string][]string{}, Via: map[string][]string{}}}
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
	s.roles.Direct[id] = typesOf(own)
	s.roles.Via[id] = typesOf(slices.DeleteFunc(roles, func(r oktaclient.Role) bool { return r.Assignment != "GROUP" }))
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
	s.rules = mfa.CompileRules(policies)
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
		r.enrolled, r.hasEnroll = s.mem.kinds.pack(mfa.FromEnrollments(enrollments)), true
	case refused(err):
		s.primary = mfa.SourceFactors
	default:
		return nil, err
	}
	factors, err := s.okta.Factors(ctx, id)
	if err != nil && (!refused(err) || !r.hasEnroll) {
		return nil, err
	}
	if err == nil {
		r.factors, r.hasFactor = s.mem.kinds.pack(mfa.FromFactors(factors)), true
		s.both = true
	}
	return r, nil
}

// LastUsed tells when one person last used each kind of method within a time, as far as the System Log names it. UsedAs gives
// the key of a method.
func (a *Auditor) LastUsed(ctx context.Context, userID string, since, until time.Time) (map[string]time.Time, error) {
	used := map[string]time.Time{}
	filter := "eventType eq " + oktaclient.Quote(mfa.EventVerified) + ` and outcome.result eq "SUCCESS" and actor.id eq ` + oktaclient.Quote(userID)
	most := 2000 // newest first: the rest is older uses of the same methods
	for e, err := range a.okta.Log(ctx, oktaclient.LogQuery{Since: since, Until: until, Filter: filter, Descending: true}) {
		if err != nil {
			return nil, err
		}
		key := mfa.UsedFactor(e.Factor)
		if _, known := used[key]; key != "" && !known {
			used[key] = e.Published
		}
		if most--; most == 0 {
			break
		}
	}
	return used, nil
}
