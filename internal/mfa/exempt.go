package mfa

import (
	"strings"
	"time"

	"okta-entitlements-mcp/internal/spelling"
)

// ExemptionIndex finds a person's exemption without asking every entry. The entries stay those of the policy, so that their State
// can be filled in.
type ExemptionIndex struct {
	ids   map[string]*Exemption // as written: Okta ids differ by case
	names map[string]*Exemption // folded
}

// IndexExemptions indexes the exemptions; it holds until they are changed.
func (p *Policy) IndexExemptions() *ExemptionIndex {
	x := &ExemptionIndex{ids: make(map[string]*Exemption, len(p.Exemptions)), names: make(map[string]*Exemption, len(p.Exemptions))}
	for i := range p.Exemptions {
		e := &p.Exemptions[i]
		x.ids[strings.TrimSpace(e.User.Raw())] = e
		x.names[fold(e.User.Raw())] = e
	}
	return x
}

// Of returns the exemption of a person, nil for none. Should two fit, by id and by login, the one that lasts longer is meant.
func (x *ExemptionIndex) Of(id, login, email string) *Exemption {
	var found *Exemption
	for _, e := range []*Exemption{x.byID(id), x.byName(login), x.byName(email)} {
		if e != nil && (found == nil || e.Expires.After(found.Expires)) {
			found = e
		}
	}
	return found
}

func (x *ExemptionIndex) byID(id string) *Exemption {
	if id == "" {
		return nil
	}
	return x.ids[id]
}

func (x *ExemptionIndex) byName(name string) *Exemption {
	if name = fold(name); name == "" {
		return nil
	}
	return x.names[name]
}

// fold makes logins and addresses comparable; Okta ignores their case.
func fold(s string) string { return spelling.Fold(s) }

// ExemptionState is what became of the exemption of a person who is in scope: Exemption.State.
func ExemptionState(ex *Exemption, f *Finding, now time.Time) string {
	switch {
	case !now.Before(ex.Expires):
		return "expired"
	case f.Verdict == Exempt:
		return "in_force"
	case f.Verdict == Unreadable:
		return "unreadable"
	}
	return "not_needed"
}
