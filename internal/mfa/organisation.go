package mfa

import (
	"time"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

// Organisation is what an organisation says about its people, as far as a verdict depends on it. A field that could not
// be read is nil or empty: the verdict is then given without it, and a note of the audit says so.
type Organisation struct {
	AsOf       time.Time // Okta's time: what holds then is judged
	Roles      *Roles
	Rules      *Rules   // the enrolment policies; nil when they could not be read
	Members    *Members // of the groups that enrolment policies name
	Exemptions *ExemptionIndex
	Signals    *Signals // nil: the System Log was not read

	// MembersRead says that Members is as of now. Before, it is what an earlier audit left, and which policy applies to a
	// person is a guess.
	MembersRead bool
}

// PolicyOf returns the enrolment policy and rule that apply to a person, nil when that is not known.
func (o *Organisation) PolicyOf(userID string) *Applied {
	if o.Rules == nil {
		return nil
	}
	return o.Rules.Of(userID, func(group string) bool { return o.Members.Has(group, userID) })
}

// Reading is what Okta said of one person's enrolments, as far as it counts.
type Reading struct {
	Enrollments    []Method // by authenticator-enrollments
	Factors        []Method // by factors
	HasEnrollments bool
	HasFactors     bool
	At             time.Time        // Okta's time when the reading began; zero: never read
	Cached         bool             // by an earlier audit
	Failed         untrusted.Stored // why the person could not be read; zero when that is not known or it could
}

// Readable reports whether there is anything to judge.
func (r *Reading) Readable() bool { return r.Failed.IsZero() && (r.HasEnrollments || r.HasFactors) }

// methods puts the sources of a reading together.
func (r *Reading) methods() (methods []Method, source string, disagree []string) {
	switch {
	case r.HasEnrollments && r.HasFactors:
		methods, disagree = Combine(r.Enrollments, r.Factors)
		return methods, fromBoth, disagree
	case r.HasEnrollments:
		return r.Enrollments, SourceEnrollments, nil
	}
	return r.Factors, SourceFactors, nil
}

// FindingOf judges one person. It depends on its arguments alone, and changes none of them but the methods' Allowed.
func FindingOf(person *oktaclient.Account, r *Reading, org *Organisation, policy *Policy) Finding {
	f := Finding{
		UserID:     person.ID,
		Login:      stored(person.Login),
		Email:      stored(person.Email),
		Name:       stored(person.FullName()),
		Status:     person.Status,
		Department: stored(person.Department),
		Title:      stored(person.Title),
		Manager:    stored(person.Manager),
		ManagerID:  stored(person.ManagerID),
		Sources:    SourceNone,
	}
	f.Roles, f.RolesVia = org.Roles.Of(person.ID)
	applied := org.PolicyOf(person.ID)
	if applied != nil {
		f.Policy, f.Rule, f.Required = stored(applied.Policy), applied.Rule, applied.Required
	}
	readable := r.Readable()
	if readable {
		f.Methods, f.Sources, f.Disagree = r.methods()
		applied.Mark(f.Methods)
		f.Cached, f.ReadAt = r.Cached, r.At
	}
	exemption := org.Exemptions.Of(person.ID, person.Login.Raw(), person.Email.Raw())
	policy.Judge(&f, Moments{Created: person.Created, Activated: person.Activated}, exemption, readable, org.AsOf)
	if !r.Failed.IsZero() {
		f.Reason = r.Failed
	}
	f.Signals = org.Signals.Of(person.ID, f.Methods)
	return f
}

// JudgeAgain is the verdict that an earlier finding of a person would have had under a policy, as of then.
func JudgeAgain(f Finding, person *oktaclient.Account, org *Organisation, policy *Policy, then time.Time) Verdict {
	exemption := org.Exemptions.Of(person.ID, person.Login.Raw(), person.Email.Raw())
	came := Moments{Created: person.Created, Activated: person.Activated}
	policy.Judge(&f, came, exemption, f.Verdict != Unreadable, then)
	return f.Verdict
}

func stored(t untrusted.Text) untrusted.Stored { return untrusted.Stored{Text: t} }
