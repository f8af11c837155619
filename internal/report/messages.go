package report

import (
	"fmt"
	"iter"
	"net/mail"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/untrusted"
)

// Messages writes a direct message to everyone who has to enrol: who is not enrolled, has weak methods only, or is in grace.
// There are none unless the policy's level is required. People without an e-mail address are passed over. EnrollURL may be "":
// the settings page of the organisation's own dashboard is meant. An error of the findings ends the sequence.
func Messages(s mfa.Summary, findings iter.Seq2[mfa.Finding, error], enrollURL string) iter.Seq2[notify.Message, error] {
	return func(yield func(notify.Message, error) bool) {
		if s.Policy.Level != mfa.Required {
			return
		}
		link, err := enrollLink(&s, enrollURL)
		if err != nil {
			yield(notify.Message{}, fmt.Errorf("write messages: %w", err))
			return
		}
		for f, err := range findings {
			if err != nil {
				yield(notify.Message{}, fmt.Errorf("write messages: read findings: %w", err))
				return
			}
			address, err := mail.ParseAddress(f.Email.Raw())
			if err != nil || address.Address != f.Email.Raw() || !f.Verdict.Failing() && f.Verdict != mfa.InGrace {
				continue
			}
			if !yield(message(&s, &f, link), nil) {
				return
			}
		}
	}
}

func message(s *mfa.Summary, f *mfa.Finding, link string) notify.Message {
	m := notify.Message{Email: f.Email.Raw(), Link: link}
	if link != "" {
		m.LinkText = "Enrol now"
	}
	m.Lines = append(m.Lines, "Hello "+who(f)+",")
	names := factors(f)
	switch {
	case len(names) == 0:
		m.Lines = append(m.Lines,
			"your account in "+organisation(s)+" has no second factor: nothing beyond password, e-mail and security question.")
	case f.Strength == mfa.Resistant || f.Strength == mfa.Phishable:
		m.Lines = append(m.Lines,
			"your account in "+organisation(s)+" has "+untrusted.New(strings.Join(names, ", ")).Show(untrusted.Long)+", which the company's policy does not accept.")
	default:
		m.Lines = append(m.Lines, "your account in "+organisation(s)+" has only "+untrusted.New(strings.Join(names, ", ")).Show(untrusted.Long)+
			", which does not protect it well enough.")
	}
	task := "Please enrol " + accepted(&s.Policy)
	until := due(s, f)
	switch {
	case until.IsZero():
		task += "."
	case until.Before(s.AsOf):
		task += "; this was due by " + day(until) + "."
	default:
		task += " by " + day(until) + "."
	}
	m.Lines = append(m.Lines, task,
		"You need not trust a link for this: sign in to Okta as you always do, open Settings, and look under Security Methods.")
	return m
}
