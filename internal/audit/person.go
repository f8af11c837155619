package audit

import (
	"context"
	"slices"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// Look reads one person as of now, from both sources, and judges under a policy. Nothing is kept. Admin roles, enrolment
// policies and the person's groups are read too, so that the verdict is that of an audit. The notes say what could not be
// read.
func (a *Auditor) Look(ctx context.Context, userID string, policy mfa.Policy) (mfa.Finding, []untrusted.Stored, error) {
	account, err := a.okta.Account(ctx, userID)
	if err != nil {
		return mfa.Finding{}, nil, err
	}
	l := look{okta: a.okta, person: account.ID}
	known := &mfa.Organisation{AsOf: a.okta.Now(), Exemptions: policy.IndexExemptions()}
	if known.Roles, err = l.roles(ctx); err != nil {
		return mfa.Finding{}, nil, err
	}
	if known.Rules, known.Members, err = l.policies(ctx); err != nil {
		return mfa.Finding{}, nil, err
	}
	reading, err := l.reading(ctx, known.AsOf)
	if err != nil {
		return mfa.Finding{}, nil, err
	}
	return mfa.FindingOf(&account, reading, known, &policy), l.list, nil
}

// look reads what concerns one person.
type look struct {
	notes
	okta   Okta
	person string // id
}

// roles reads the admin roles of the person, its own and those of its groups.
func (l *look) roles(ctx context.Context) (*mfa.Roles, error) {
	book := &mfa.Roles{Direct: map[string][]string{}, Via: map[string][]string{}}
	roles, err := l.okta.UserRoles(ctx, l.person)
	if err != nil {
		return book, l.wrapDegraded(err, "admin roles are not known", "read admin roles")
	}
	own := slices.DeleteFunc(slices.Clone(roles), func(r oktaclient.Role) bool { return r.Assignment == "GROUP" })
	book.Direct[l.person] = typesOf(own)
	book.Via[l.person] = typesOf(slices.DeleteFunc(roles, func(r oktaclient.Role) bool { return r.Assignment != "GROUP" }))
	return book, nil
}

// policies reads the enrolment policies, and the groups of the person, which decide between them.
func (l *look) policies(ctx context.Context) (*mfa.Rules, *mfa.Members, error) {
	const without = "whether the enrolment policy allows each method is not known"
	policies, err := l.okta.EnrollmentPolicies(ctx)
	if err != nil {
		return nil, nil, l.wrapDegraded(err, without, "read enrolment policies")
	}
	groups, err := l.okta.UserGroups(ctx, l.person)
	if err != nil {
		return nil, nil, l.wrapDegraded(err, without, "read the person's groups")
	}
	members := mfa.NewMembers()
	for _, g := range groups {
		members.Add(g.ID, 0, []string{l.person})
	}
	return mfa.CompileRules(policies), members, nil
}

// reading reads both sources. One of the two is enough when Okta refuses the other.
func (l *look) reading(ctx context.Context, now time.Time) (*mfa.Reading, error) {
	r := &mfa.Reading{At: now.UTC().Truncate(time.Millisecond)} // as an audit keeps it
	kinds := newKinds()
	enrollments, err := l.okta.Enrollments(ctx, l.person)
	switch {
	case err == nil:
		r.Enrollments, r.HasEnrollments = kinds.unpack(kinds.pack(mfa.FromEnrollments(enrollments))), true
	case !refused(err):
		return nil, err
	}
	factors, err := l.okta.Factors(ctx, l.person)
	switch {
	case err == nil:
		r.Factors, r.HasFactors = kinds.unpack(kinds.pack(mfa.FromFactors(factors))), true
	case !refused(err) || !r.HasEnrollments:
		return nil, err
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
		key := mfa.UsedFactor(e.Factor.Show(untrusted.Long))
		if _, known := used[key]; key != "" && !known {
			used[key] = e.Published
		}
		if most--; most == 0 {
			break
		}
	}
	return used, nil
}
