// Package mfa judges enrolments: what each method is worth, what an audit policy asks for, the verdict on a person under
// it, and what an event in the System Log means for that. Data goes in and findings come out; nothing here reads
// Okta, a file or the clock. Package audit does that.
package mfa

import (
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// Strength grades a method, or the best that a person has.
type Strength string

// The strengths, weakest first. Unknown is a method that this program cannot grade: never none.
const (
	None      Strength = "none"
	Weak      Strength = "weak"
	Phishable Strength = "strong_phishable"
	Resistant Strength = "phishing_resistant"
	Unknown   Strength = "unknown"
)

// Verdict is what the audit policy says of a person. Every person of an audit has exactly one.
type Verdict string

// The verdicts.
const (
	Compliant   Verdict = "compliant"
	WeakOnly    Verdict = "weak_only"    // second factors, but none that the policy accepts
	NotEnrolled Verdict = "not_enrolled" // nothing beyond password, e-mail and security question
	InGrace     Verdict = "in_grace"     // would be one of the two above; Until says how long it may be put right
	Exempt      Verdict = "exempt"       // would be one of the two above, and someone answers for it, until Until
	Unreadable  Verdict = "unreadable"   // Okta did not let the enrolments be read; never counted as compliant
	Undecided   Verdict = "unknown"      // has a method that cannot be graded, and nothing else that the policy accepts
)

// Verdicts lists all, worst first: the order in which findings are shown.
var Verdicts = [...]Verdict{NotEnrolled, WeakOnly, Undecided, Unreadable, InGrace, Exempt, Compliant}

// Failing reports whether the verdict demands that someone acts now.
func (v Verdict) Failing() bool { return v == NotEnrolled || v == WeakOnly }

// Method is one enrolled method of a person.
type Method struct {
	// push, sms, webauthn, ...: Okta's factorType; where only the authenticator is known its key: okta_verify,
	// phone_number
	Name     string    `json:"method"`
	Key      string    `json:"authenticator"`  // okta_verify, webauthn, phone_number, ...; "" when unknown
	Provider string    `json:"provider"`       // OKTA, GOOGLE, FIDO, ...; "" when the source does not say
	Status   string    `json:"status"`         // only ACTIVE ones count
	Since    time.Time `json:"since,omitzero"` // enrolled at
	Strength Strength  `json:"strength"`       // by the table of Okta's assurance classes
	// NOT_ALLOWED, OPTIONAL, REQUIRED by the person's enrolment policy; "" unknown
	Allowed string `json:"allowed,omitempty"`
	Source  string `json:"source"` // enrollments, factors, both
}

// Active reports whether Okta accepts the method now.
func (m Method) Active() bool { return m.Status == "ACTIVE" }

// Signal is something recent in the System Log that makes a finding more urgent.
type Signal struct {
	Kind  string    `json:"kind"` // removed, reset, push_denied, mfa_failures, bypass_attempt, phishing_stopped
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

// Finding is one person of an audit. It is kept on disk, so texts of Okta are Stored.
type Finding struct {
	UserID     string           `json:"user_id"`
	Login      untrusted.Stored `json:"login"`
	Email      untrusted.Stored `json:"email"`
	Name       untrusted.Stored `json:"name"`
	Status     string           `json:"status"` // of the user in Okta
	Department untrusted.Stored `json:"department,omitzero"`
	Title      untrusted.Stored `json:"title,omitzero"`
	Manager    untrusted.Stored `json:"manager,omitzero"`    // profile.manager, free text
	ManagerID  untrusted.Stored `json:"manager_id,omitzero"` // profile.managerId, free text

	Roles    []string `json:"admin_roles,omitempty"` // role types that the person holds, directly or through a group
	RolesVia string   `json:"admin_via,omitempty"`   // direct, group, both

	Methods  []Method `json:"methods"`
	Strength Strength `json:"strength"` // the best that is registered
	// the best that is registered and allowed by the enrolment policy
	Usable   Strength         `json:"allowed_strength"`
	Required []string         `json:"required,omitempty"`        // authenticators that the enrolment policy demands
	Policy   untrusted.Stored `json:"enrollment_policy"`         // its name
	Rule     string           `json:"enrollment_rule,omitempty"` // the rule that demands enrolment, and when
	Single   bool             `json:"single_method"`             // one usable method: losing it locks the person out

	Verdict Verdict          `json:"verdict"`
	Until   time.Time        `json:"until,omitzero"`  // of in_grace and exempt
	Reason  untrusted.Stored `json:"reason,omitzero"` // why this verdict, in words
	// since the audit before of the same scope: fixed, regressed, new_failing
	Change string `json:"change,omitempty"`

	Sources  string    `json:"sources"` // enrollments, factors, both, none
	Cached   bool      `json:"from_cache"`
	ReadAt   time.Time `json:"read_at,omitzero"`
	Disagree []string  `json:"sources_disagree,omitempty"` // what one source shows and the other does not, in words
	Signals  []Signal  `json:"recent_events,omitempty"`
}

// Admin reports whether the person holds an admin role.
func (f *Finding) Admin() bool { return len(f.Roles) > 0 }

// Coverage says how much of an audit is known, and how.
type Coverage struct {
	Listed     int           `json:"listed"`     // people in scope
	Read       int           `json:"read"`       // read from Okta in this audit
	Cached     int           `json:"from_cache"` // taken from an earlier reading that the System Log says still holds
	OldestRead time.Time     `json:"oldest_read,omitzero"`
	OldestAge  time.Duration `json:"-"` // of the oldest reading at the end of the audit
	Unreadable int           `json:"unreadable"`
	Share      float64       `json:"coverage"` // (read + cached) / listed
	Bound      float64       `json:"bound"`    // below it no rate is given
	Line       string        `json:"line"`     // all of this as one sentence
}

// Tally counts people by what an audit found.
type Tally struct {
	Total int `json:"total_users"`
	// with at least one active method beyond password, e-mail and question
	Enrolled  int `json:"enrolled"`
	NotEnroll int `json:"not_enrolled"` // without; unreadable people are in neither
	// enrolled / (enrolled + not_enrolled); nil below the coverage bound
	Rate       *float64         `json:"enrollment_rate,omitempty"`
	ByMethod   map[string]int   `json:"by_method"`   // people who have it, by authenticator
	ByStrength map[Strength]int `json:"by_strength"` // adds up to Total; unreadable people count as unknown
	ByVerdict  map[Verdict]int  `json:"by_verdict"`  // adds up to Total
}

// Change is what differs from the audit before of the same scope. Counts are people.
type Change struct {
	Since     string    `json:"since_audit"`
	At        time.Time `json:"at"`
	Fixed     int       `json:"fixed"`     // failing then, compliant now
	Regressed int       `json:"regressed"` // compliant then, failing now
	// failing now, and neither then: new in scope, grace or exemption over, unreadable
	NewFail  int             `json:"new_failing"`
	Gone     int             `json:"left_scope"` // in scope then, not now
	Verdicts map[Verdict]int `json:"by_verdict"` // now minus then
	// what another policy alone changed; all other numbers compare under the policy of now
	Policy *PolicyChange `json:"policy_changed,omitempty"`
}

// PolicyChange is what the people of the audit before are under the policy of now, and were not under the policy of then.
// Counts are people.
type PolicyChange struct {
	Passing  int             `json:"now_passing"` // failed under the policy of then
	Failing  int             `json:"now_failing"` // did not fail under the policy of then
	Verdicts map[Verdict]int `json:"by_verdict"`  // under the policy of now minus under the policy of then
}

// SampleError is the cache's measured error: people taken from cache who were read again all the same.
type SampleError struct {
	Drawn int     `json:"drawn"`
	Wrong int     `json:"wrong"` // whose reading had changed although no event said so
	Rate  float64 `json:"error_rate"`
}

// Department counts people of one department.
type Department struct {
	Name     untrusted.Stored `json:"department"` // "" when the profile has none
	Total    int              `json:"total_users"`
	Enrolled int              `json:"enrolled"`
	Failing  int              `json:"failing"`
}

// Point is one audit in the course of time.
type Point struct {
	AuditID  string    `json:"audit_id"`
	At       time.Time `json:"at"`
	Total    int       `json:"total_users"`
	Enrolled int       `json:"enrolled"`
	Strong   int       `json:"strong"` // strong_phishable or phishing_resistant
	Failing  int       `json:"failing"`
}

// Exemption releases one person from the policy, with a name behind it.
type Exemption struct {
	User    untrusted.Stored `json:"user" yaml:"user"`   // login, e-mail or Okta id
	Owner   untrusted.Stored `json:"owner" yaml:"owner"` // who answers for it
	Reason  untrusted.Stored `json:"reason" yaml:"reason"`
	Expires time.Time        `json:"expires" yaml:"expires"`
	// in_force, expired, not_needed (the person is compliant), nobody (no such person in scope)
	State string `json:"state" yaml:"-"`
}

// Summary is what an audit found, without names. It is saved as summary.json beside the findings.
type Summary struct {
	AuditID string           `json:"audit_id"` // mfa_20261123T080000Z_1a2b3c4d
	Org     string           `json:"org"`      // domain
	OrgID   string           `json:"org_id"`
	Scope   untrusted.Stored `json:"scope"`              // "everybody", or the group or search in words
	Kind    string           `json:"kind"`               // full, incremental
	WhyFull string           `json:"why_full,omitempty"` // why an incremental audit was not possible
	Started time.Time        `json:"started"`
	Ended   time.Time        `json:"ended"`
	AsOf    time.Time        `json:"as_of"` // changes up to here are in the result

	Tally
	Admins      Tally        `json:"admins"`
	AdminsKnown bool         `json:"admins_known"` // false when the roles could not be read
	Coverage    Coverage     `json:"coverage"`
	Sample      *SampleError `json:"sample,omitempty"`
	Change      *Change      `json:"change,omitempty"`
	// earlier audits of the same scope, oldest first, this one last
	History     []Point      `json:"history,omitempty"`
	Departments []Department `json:"departments,omitempty"`
	// statuses that are counted and not judged: STAGED, PROVISIONED, SUSPENDED
	Counted map[string]int `json:"counted_only,omitempty"`
	// judged people who are not ACTIVE: PASSWORD_EXPIRED, LOCKED_OUT, RECOVERY
	Other      map[string]int `json:"named_apart,omitempty"`
	Single     int            `json:"single_method"`
	Disagree   int            `json:"sources_disagree"`
	Exemptions []Exemption    `json:"exemptions,omitempty"`
	Policy     Policy         `json:"policy"`
	// where the policy asks for less than the operator's: such an audit is never the latest, compared with or delivered
	WhatIf   []string    `json:"what_if,omitempty"`
	Sources  Sources     `json:"sources"`
	Baseline *Comparison `json:"baseline,omitempty"`
	// what a reader must know: scopes missing, caveats, a deadline that has passed
	Notes  []untrusted.Stored `json:"notes,omitempty"`
	Calls  int64              `json:"okta_calls"`
	Digest string             `json:"findings_sha256"`
}

// Whole reports whether the audit is of the whole organisation.
func (s *Summary) Whole() bool { return s.Scope.Raw() == Everybody }

// Sources says where the readings come from.
type Sources struct {
	Primary string         `json:"primary"` // enrollments or factors
	ByUsers map[string]int `json:"users"`   // people by source: enrollments, factors, both, none
	// the host that asked; Okta evaluates factors with the caller's network zone
	ReadFrom  string   `json:"read_from"`
	Caveat    string   `json:"caveat,omitempty"`
	Authentic []string `json:"org_authenticators,omitempty"` // keys of the org's ACTIVE authenticators
}

// Comparison holds the Admin Console's exported CSV against what the API says.
type Comparison struct {
	File     untrusted.Stored `json:"file"`
	Of       time.Time        `json:"of,omitzero"` // when the export was made, as far as known
	Age      string           `json:"age"`
	Rows     int              `json:"rows"`
	Agree    int              `json:"agree"`
	Differ   int              `json:"differ"`
	OnlyFile int              `json:"only_in_file"`
	OnlyAPI  int              `json:"only_in_okta"`
	Sample   []string         `json:"differing_user_ids,omitempty"` // the first few
}

// The kinds of audits.
const (
	KindFull        = "full"
	KindIncremental = "incremental"
	KindBaseline    = "baseline"
)

// Everybody is the scope of an audit of the whole organisation.
const Everybody = "everybody"
