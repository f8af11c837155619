package mfa

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a policy; what is beyond them is a slip of the pen.
const (
	maxGraceHours     = 5 * 366 * 24
	maxExemptions     = 10_000
	maxExemptionText  = 1000 // characters
	longestExemption  = 366 * 24 * time.Hour
	exemptionsInNotes = 10
)

// Check refuses a policy that makes no sense, by the name of the field, and returns in words what is accepted but
// must be said: a deadline that has passed, exemptions that have expired or last for more than a year.
func (p Policy) Check(now time.Time) ([]string, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("check audit policy: %w", err)
	}
	var notes []string
	if !p.Deadline.IsZero() && !now.Before(p.Deadline) {
		notes = append(notes, fmt.Sprintf("enrollment_deadline %s has passed: no one is in grace because of it",
			p.Deadline.Format(time.RFC3339)))
	}
	notCounted := slices.DeleteFunc(slices.Clone(p.AllowedFactorTypes), func(s string) bool {
		return Method{Name: fold(s), Key: fold(s)}.beyondPassword()
	})
	if len(notCounted) > 0 {
		notes = append(notes, "allowed_factor_types holds "+strings.Join(notCounted,
			", ")+", which never counts as a second factor")
	}
	var expired, long []string
	for _, e := range p.Exemptions {
		switch {
		case !now.Before(e.Expires):
			expired = append(expired, fmt.Sprintf("the exemption of %q expired on %s: it no longer applies", e.User,
				e.Expires.Format(time.DateOnly)))
		case e.Expires.Sub(now) > longestExemption:
			long = append(long, fmt.Sprintf("the exemption of %q lasts until %s, more than a year", e.User,
				e.Expires.Format(time.DateOnly)))
		}
	}
	return append(append(notes, few(expired, "expired exemptions")...),
		few(long, "exemptions of more than a year")...), nil
}

// few keeps the first notes of one sort and counts the others.
func few(notes []string, what string) []string {
	if len(notes) <= exemptionsInNotes {
		return notes
	}
	return append(notes[:exemptionsInNotes:exemptionsInNotes],
		fmt.Sprintf("%d more %s", len(notes)-exemptionsInNotes, what))
}

func (p Policy) check() error {
	switch p.Level {
	case Off, Optional, Required:
	default:
		return fmt.Errorf("enforcement_level is %s; write off, optional or required", quoted(string(p.Level)))
	}
	if err := p.checkMethods(); err != nil {
		return err
	}
	switch {
	case p.GraceHours < 0:
		return fmt.Errorf("grace_period_hours is %d; it cannot be negative, 0 means no grace", p.GraceHours)
	case p.GraceHours > maxGraceHours:
		return fmt.Errorf("grace_period_hours is %d; at most %d, five years", p.GraceHours, maxGraceHours)
	case !(p.Bound >= 0 && p.Bound <= 1): // NaN too
		return fmt.Errorf("minimum_coverage is %v; it is a share between 0 and 1, such as 0.99", p.Bound)
	case !(p.Sample >= 0 && p.Sample <= 1):
		return fmt.Errorf("sample is %v; it is a share between 0 and 1, such as 0.01", p.Sample)
	}
	return p.checkExemptions()
}

// checkMethods refuses methods that do not exist, that are no second factor, and lists that no one could satisfy.
func (p Policy) checkMethods() error {
	known := knownMethods()
	if len(p.Methods) == 0 {
		return fmt.Errorf("mfa_methods is empty, so that no one could comply; name strengths (weak, " +
			"strong_phishable, phishing_resistant) or methods")
	}
	for _, field := range [...]string{"mfa_methods", "allowed_factor_types"} {
		list, seen := p.Methods, map[string]bool{}
		if field != "mfa_methods" {
			list = p.AllowedFactorTypes
		}
		for _, s := range list {
			name := fold(s)
			strength := field == "mfa_methods" && slices.Contains([]Strength{Weak, Phishable, Resistant}, Strength(name))
			switch {
			case seen[name]:
				return fmt.Errorf("%s holds %s twice; keep one", field, quoted(s))
			case !strength && !slices.Contains(known, name):
				return fmt.Errorf("%s holds %s, which is not known; known are %s%s", field, quoted(s),
					strengthWords(field), strings.Join(known, ", "))
			case field == "mfa_methods" && !(Method{Name: name, Key: name}).beyondPassword():
				return fmt.Errorf("mfa_methods holds %s, which is not a second factor: %s", quoted(s), EnrolledRule)
			}
			seen[name] = true
		}
	}
	if len(p.AllowedFactorTypes) > 0 && !slices.ContainsFunc(p.AllowedFactorTypes, p.canSatisfy) {
		return fmt.Errorf("allowed_factor_types allows nothing that mfa_methods accepts, so that no one could " +
			"comply; widen one of them")
	}
	return nil
}

// canSatisfy reports whether some method by that name, a factor type or an authenticator key, satisfies the policy.
func (p *Policy) canSatisfy(name string) bool {
	name = fold(name)
	for factorType, k := range factorKinds {
		for _, key := range append(slices.Collect(maps.Values(k.keys)), "") {
			m := Method{Name: factorType, Key: key, Status: "ACTIVE", Strength: k.strength}
			if (factorType == name || key == name) && m.beyondPassword() && p.accepts(m) {
				return true
			}
		}
	}
	s, ok := keyStrengths[name]
	return ok && p.accepts(Method{Name: name, Key: name, Status: "ACTIVE", Strength: s})
}

func strengthWords(field string) string {
	if field == "mfa_methods" {
		return "weak, strong_phishable, phishing_resistant, "
	}
	return ""
}

// knownMethods lists the factor types and authenticator keys of Okta that this program grades, sorted. A password is
// none.
func knownMethods() []string {
	known := append(slices.Collect(maps.Keys(factorKinds)), slices.Collect(maps.Keys(keyStrengths))...)
	slices.Sort(known)
	return slices.Compact(known)
}

func (p Policy) checkExemptions() error {
	if len(p.Exemptions) > maxExemptions {
		return fmt.Errorf("exemptions holds %d entries; at most %d", len(p.Exemptions), maxExemptions)
	}
	seen := make(map[string]int, len(p.Exemptions))
	for i, e := range p.Exemptions {
		where := fmt.Sprintf("exemptions, entry %d", i+1)
		for _, f := range [...]struct{ name, text string }{{"user", e.User.Raw()}, {"owner", e.Owner.Raw()},
			{"reason", e.Reason.Raw()}} {
			switch {
			case strings.TrimSpace(f.text) == "":
				return fmt.Errorf("%s (user %s): %s is missing; someone must answer for every exemption", where,
					quoted(cmp.Or(e.User.Raw(), "not given")), f.name)
			case utf8.RuneCountInString(f.text) > maxExemptionText:
				return fmt.Errorf("%s: %s has more than %d characters", where, f.name, maxExemptionText)
			}
		}
		if e.Expires.IsZero() {
			return fmt.Errorf("%s (user %q): expires is missing; every exemption ends, give a date such as 2026-12-31",
				where, e.User)
		}
		if first := seen[fold(e.User.Raw())]; first > 0 {
			return fmt.Errorf("%s: user %q is in entry %d already; keep one", where, e.User, first)
		}
		seen[fold(e.User.Raw())] = i + 1
	}
	return nil
}
