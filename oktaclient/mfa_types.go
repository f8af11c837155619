package oktaclient

import (
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// Account is a user with what an audit needs beyond User.
type Account struct {
	User
	UserType      untrusted.Text // profile.userType
	Manager       untrusted.Text // profile.manager, free text
	ManagerID     untrusted.Text // profile.managerId, free text: not always an Okta id
	Created       time.Time
	Activated     time.Time // zero while STAGED
	StatusChanged time.Time
	LastLogin     time.Time // zero for somebody who never signed in
}

// Factor is one entry of GET /users/{id}/factors. Okta API: the list holds only factors whose authenticator is OPTIONAL or
// REQUIRED in the enrolment policy that applies to the user, evaluated with the caller's network zone. Identifiers (phone
// numbers, devices) are left out on purpose.
type Factor struct {
	ID       string
	Type     string // push, signed_nonce, sms, call, email, question, token:software:totp, webauthn, …; an unknown type is kept
	Provider string // OKTA, GOOGLE, FIDO, DUO, RSA, SYMANTEC, YUBICO, CUSTOM, …
	Status   string // ACTIVE, PENDING_ACTIVATION, INACTIVE, ENROLLED, EXPIRED, DISABLED, NOT_SETUP
	Created  time.Time
	Updated  time.Time
}

// Enrollment is one entry of GET /users/{id}/authenticator-enrollments (Identity Engine, limited availability). It names the
// authenticator, not the method: okta_verify may be push, a code or FastPass.
type Enrollment struct {
	ID      string
	Type    string // app, email, federated, password, phone, security_key, security_question, tac; an unknown type is kept
	Key     string // okta_verify, webauthn, phone_number, okta_password, okta_email, …
	Status  string
	Name    untrusted.Text // the authenticator's name
	Created time.Time
	Updated time.Time
}

// Authenticator is one way to authenticate that the org offers. Several of one key (custom_app, custom_otp) may coexist.
type Authenticator struct {
	ID     string // aut…
	Key    string
	Type   string
	Name   untrusted.Text
	Status string // ACTIVE, INACTIVE
}

// The settings of an authenticator in an enrolment policy.
const (
	EnrollNotAllowed = "NOT_ALLOWED"
	EnrollOptional   = "OPTIONAL"
	EnrollRequired   = "REQUIRED"
)

// EnrollmentPolicy is a policy of type MFA_ENROLL with its rules. Okta API: the first ACTIVE policy by priority that includes
// one of the user's groups applies, and of it the first rule that matches.
type EnrollmentPolicy struct {
	ID       string // 00p…
	Name     untrusted.Text
	Status   string // ACTIVE, INACTIVE
	Priority int    // 1 is asked first
	System   bool   // the default policy: last, for everybody
	Groups   []string
	Updated  time.Time
	Settings []EnrollmentSetting
	Rules    []EnrollmentRule // by priority
}

// EnrollmentSetting says what a policy does with one authenticator.
type EnrollmentSetting struct {
	ID         string // of the authenticator, where the policy names it: needed for custom_app and custom_otp
	Key        string // okta_verify, … ; the factors of a Classic org are translated to the keys of their authenticators
	Self       string // EnrollNotAllowed, EnrollOptional, EnrollRequired
	GraceUntil time.Time
	GraceSkips int // sign-ins that a user may put it off
}

// EnrollmentRule says when users are made to enrol.
type EnrollmentRule struct {
	ID       string
	Name     untrusted.Text
	Status   string
	Priority int
	System   bool
	Enroll   string   // CHALLENGE, LOGIN, NEVER, NEVER_INCLUDING_RECOVERY
	Network  string   // ANYWHERE, ZONE, ON_NETWORK, OFF_NETWORK; "" when the rule does not say
	Excluded []string // user ids
}

// Role is one admin role that a user or a group holds.
type Role struct {
	Type       string // SUPER_ADMIN, ORG_ADMIN, …, CUSTOM
	Label      untrusted.Text
	Status     string // ACTIVE, INACTIVE
	Assignment string // USER, GROUP
}

// Event is one entry of the System Log.
type Event struct {
	ID        string // uuid
	Published time.Time
	Type      string // user.mfa.factor.activate, …
	Result    string // outcome.result: SUCCESS, FAILURE, DENY, …
	Reason    untrusted.Text
	Message   untrusted.Text // displayMessage
	Actor     EventParty
	Targets   []EventParty   // in no order; may be empty
	Factor    untrusted.Text // debugContext.debugData.factor, where Okta says so: not a stable field
	IP        untrusted.Text
}

// EventParty is who did or suffered something.
type EventParty struct {
	ID          string
	Type        string         // User, PolicyEntity, AuthenticatorEnrollment, UserGroup, …
	AlternateID untrusted.Text // login of a user
	Name        untrusted.Text
}

// LogQuery asks for a bounded piece of the System Log. Okta API: with both ends given the list is finite and sorted by time;
// it may miss events that are stored late. Events are kept for 90 days.
type LogQuery struct {
	Since      time.Time // inclusive; must be set
	Until      time.Time // exclusive; must be set and after Since
	Filter     string    // SCIM expression whose values went through Quote; empty for all
	Descending bool      // newest first
}
