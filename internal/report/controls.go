package report

import (
	"slices"

	"okta-entitlements-mcp/internal/mfa"
)

// control is one requirement of a catalogue, with what the audit's figures say of it and what they do not.
type control struct {
	ID        string
	Catalogue string
	Asks      string
	State     string // what the figures do for it, in a word or two
	Class     string
	Figures   string
	Unchecked string
}

// The states of a control. None says that the control is met: registration is not enforcement.
const (
	stateAgainst = "figures against"
	stateSupport = "figures support"
	statePartly  = "partly known"
	stateNone    = "no figures"
)

const (
	nist = "NIST SP 800-53 Rev. 5"
	stig = "DISA STIG for Okta IDaaS V1R2"
)

// controls maps the audit to requirements that ask for multi-factor authentication.
func controls(s *mfa.Summary) []control {
	others := without(&s.Tally, &s.Admins)
	privileged := registered(s, &s.Admins, "administrator", "administrators", s.AdminsKnown)
	ordinary := registered(s, &others, "other person", "other people", s.AdminsKnown)
	people := registered(s, &s.Tally, "person", "people", true)
	everybodyStrong := resistant(s, &s.Tally, "person", "people", true)
	adminsStrong := resistant(s, &s.Admins, "administrator", "administrators", s.AdminsKnown)
	const console = "Whether the Admin Console's sign-in policy asks for it, in every rule and zone."
	const dashboard = "Whether the dashboard's sign-in policy asks for it, in every rule and zone."
	return []control{
		privileged.of("IA-2(1)", nist, "Multi-factor authentication for access to privileged accounts.",
			"Whether sign-in policies ask for it; accounts outside Okta; roles inside applications."),
		ordinary.of("IA-2(2)", nist, "Multi-factor authentication for access to non-privileged accounts.",
			"Whether sign-in policies ask for it; accounts outside Okta."),
		replay(s).of("IA-2(8)", nist, "Replay-resistant authentication for access to accounts.",
			"Which method is used at sign-in. A person with a resistant method may still use a weaker one that is allowed."),
		privileged.of("OKTA-APP-000560", stig, "The Admin Console needs multi-factor authentication (CAT I).", console),
		people.of("OKTA-APP-000570", stig, "The dashboard needs multi-factor authentication (CAT I).", dashboard),
		everybodyStrong.of("OKTA-APP-000180", stig, "The dashboard needs phishing-resistant authentication.", dashboard),
		adminsStrong.of("OKTA-APP-000190", stig, "The Admin Console needs phishing-resistant authentication.", console),
		smartCard(s).of("OKTA-APP-001670", stig, "The smart card authenticator is active.", "Whether people's cards are in use."),
		evidence{stateNone, "The audit reads no certificate."}.of("OKTA-APP-001920", stig,
			"Smart cards come from an authority that DoD approves.", "The certificate chain."),
		evidence{stateNone, "The audit reads no authenticator settings."}.of("OKTA-APP-001700", stig,
			"Okta Verify only on FIPS-compliant devices.", "The authenticator's FIPS setting."),
	}
}

// evidence is what figures say.
type evidence struct{ state, text string }

func (e evidence) of(id, catalogue, asks, unchecked string) control {
	class := map[string]string{stateAgainst: "bad", stateSupport: "good", statePartly: "warn", stateNone: "quiet"}[e.state]
	return control{id, catalogue, asks, e.state, class, e.text, unchecked}
}

// registered says how many of a group have any second factor.
func registered(s *mfa.Summary, t *mfa.Tally, one, many string, known bool) evidence {
	if e, ok := unspeakable(t, one, many, known); ok {
		return e
	}
	text := "Of " + several(t.Total, one, many) + ", " + number(t.Enrolled) + verb(t.Enrolled, " has",
		" have") + " a second factor registered and " +
		number(t.NotEnroll) + verb(t.NotEnroll, " has", " have") + " none."
	if weak := t.ByStrength[mfa.Weak]; weak > 0 {
		text += " The best method of " + number(weak) + " is graded weak; SMS and voice calls are such, and NIST SP 800-63B restricts them."
	}
	return judge(s, t, t.NotEnroll, text)
}

// resistant says how many of a group have a phishing-resistant method.
func resistant(s *mfa.Summary, t *mfa.Tally, one, many string, known bool) evidence {
	if e, ok := unspeakable(t, one, many, known); ok {
		return e
	}
	has := t.ByStrength[mfa.Resistant]
	text := "Of " + several(t.Total, one, many) + ", " + number(has) + verb(has, " has", " have") + " a phishing-resistant method registered."
	return judge(s, t, t.Total-has-t.ByStrength[mfa.Unknown], text)
}

// replay counts methods that resist replay: SMS and voice codes, and whatever is weaker, are not counted.
func replay(s *mfa.Summary) evidence {
	if e, ok := unspeakable(&s.Tally, "person", "people", true); ok {
		return e
	}
	has := s.ByStrength[mfa.Resistant] + s.ByStrength[mfa.Phishable]
	text := "Of " + people(s.Total) + ", " + number(has) + verb(has, " has", " have") +
		" a cryptographic, push or time-based method registered; of these " + number(s.ByStrength[mfa.Resistant]) + " phishing-resistant."
	return judge(s, &s.Tally, s.Total-has-s.ByStrength[mfa.Unknown], text)
}

func smartCard(s *mfa.Summary) evidence {
	switch {
	case len(s.Sources.Authentic) == 0:
		return evidence{stateNone, "The organisation's authenticators were not read."}
	case slices.Contains(s.Sources.Authentic, "smart_card_idp"):
		return evidence{stateSupport, "The smart card authenticator is among the organisation's active ones."}
	default:
		return evidence{stateAgainst, "The smart card authenticator is not among the organisation's active ones."}
	}
}

// unspeakable is the evidence of a group that is unknown or empty.
func unspeakable(t *mfa.Tally, one, many string, known bool) (evidence, bool) {
	switch {
	case !known:
		return evidence{stateNone, "Admin roles could not be read, so it is not known who is an administrator."}, true
	case t.Total == 0:
		return evidence{stateNone, "The scope has no " + many + "."}, true
	default:
		return evidence{}, false
	}
}

// judge weighs figures: one person without is against, one who is unknown leaves it open.
func judge(s *mfa.Summary, t *mfa.Tally, missing int, text string) evidence {
	unknown := t.ByStrength[mfa.Unknown]
	if unknown > 0 {
		text += " Of " + number(unknown) + " it is not known."
	}
	switch {
	case missing > 0:
		return evidence{stateAgainst, text}
	case unknown > 0 || s.Coverage.Share < s.Coverage.Bound:
		return evidence{statePartly, text}
	default:
		return evidence{stateSupport, text}
	}
}

// without takes one group out of another, of which it is part.
func without(all, some *mfa.Tally) mfa.Tally {
	rest := mfa.Tally{Total: all.Total - some.Total, Enrolled: all.Enrolled - some.Enrolled, NotEnroll: all.NotEnroll - some.NotEnroll,
		ByStrength: map[mfa.Strength]int{}}
	for _, st := range strengths {
		rest.ByStrength[st] = all.ByStrength[st] - some.ByStrength[st]
	}
	return rest
}
