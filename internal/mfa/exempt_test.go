package mfa

import (
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

// exemptionFor is what ExemptionIndex must answer, by looking at every entry: the exemption of one person, nil for none, by
// Okta id, or by login or e-mail in any case.
func (p *Policy) exemptionFor(id, login, email string) *Exemption {
	var found *Exemption
	login, email = fold(login), fold(email)
	for i := range p.Exemptions {
		e := &p.Exemptions[i]
		user := strings.TrimSpace(e.User.Raw())
		fits := user != "" && (user == id || strings.EqualFold(user, login) || strings.EqualFold(user, email))
		if fits && (found == nil || e.Expires.After(found.Expires)) {
			found = e
		}
	}
	return found
}

func TestTheStateOfAnExemption(t *testing.T) {
	end := judgedAt.Add(time.Hour)
	for _, c := range []struct {
		name    string
		verdict Verdict
		expires time.Time
		want    string
	}{
		{"in force", Exempt, end, "in_force"},
		{"the person is compliant without it", Compliant, end, "not_needed"},
		{"the person could not be read", Unreadable, end, "unreadable"},
		{"expired this instant", WeakOnly, judgedAt, "expired"},
		{"expired, and not needed either", Compliant, judgedAt.Add(-time.Hour), "expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ExemptionState(&Exemption{User: untrusted.NewStored("a@x"), Expires: c.expires}, &Finding{Verdict: c.verdict}, judgedAt)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
