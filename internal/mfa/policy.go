package mfa

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Level says what is done about a finding. It never changes what is found.
type Level string

// The levels.
const (
	Off      Level = "off"      // an inventory: no one is messaged, no ticket is made
	Optional Level = "optional" // findings are recommendations: one bulk ticket at most, no one is messaged
	Required Level = "required" // findings are violations: tickets, messages, exit status
)

// Policy is the audit policy: what counts as MFA, for which people, from when. DefaultPolicy is sensible; a file or a tool's
// arguments change parts of it.
type Policy struct {
	Level Level `json:"enforcement_level" yaml:"enforcement_level"`
	// AllowedFactorTypes are the methods that may count: Okta factor types or authenticator keys. Empty allows all.
	AllowedFactorTypes []string `json:"allowed_factor_types,omitempty" yaml:"allowed_factor_types"`
	// Methods is what satisfies the policy: strengths (strong_phishable, phishing_resistant), factor types or
	// authenticator keys.
	Methods []string `json:"mfa_methods" yaml:"mfa_methods"`
	// for new users, from their activation (creation when never activated)
	GraceHours int         `json:"grace_period_hours" yaml:"grace_period_hours"`
	Deadline   time.Time   `json:"enrollment_deadline,omitzero" yaml:"enrollment_deadline"`
	Exemptions []Exemption `json:"exemptions,omitempty" yaml:"exemptions"`
	// share below which no rate is given, 0.99
	Bound float64 `json:"minimum_coverage" yaml:"minimum_coverage"`
	// share of cached people who are read again, 0.01
	Sample float64 `json:"sample" yaml:"sample"`
	// read factors too for everyone with Okta Verify, to tell FastPass from push
	OktaVerify bool `json:"resolve_okta_verify" yaml:"resolve_okta_verify"`
}

// DefaultPolicy accepts any strong method, gives new people 72 hours, and reads 1 % of the cache again.
func DefaultPolicy() Policy {
	return Policy{
		Level:      Required,
		Methods:    []string{string(Phishable), string(Resistant)},
		GraceHours: 72,
		Bound:      0.99,
		Sample:     0.01,
	}
}

// Digest names the policy's content.
func (p Policy) Digest() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "unreadable"
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
