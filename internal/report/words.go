package report

import (
	"cmp"
	"slices"
	"strings"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/untrusted"
)

var verdictWords = map[mfa.Verdict]string{
	mfa.Compliant:   "compliant",
	mfa.WeakOnly:    "weak methods only",
	mfa.NotEnrolled: "not enrolled",
	mfa.InGrace:     "in grace",
	mfa.Exempt:      "exempt",
	mfa.Unreadable:  "unreadable",
	mfa.Undecided:   "unknown",
}

var verdictMeaning = map[mfa.Verdict]string{
	mfa.Compliant:   "has a method that the policy accepts",
	mfa.WeakOnly:    "has second factors, but none that the policy accepts",
	mfa.NotEnrolled: "has nothing beyond password, e-mail and security question",
	mfa.InGrace:     "fails, but may still put it right until a date",
	mfa.Exempt:      "fails, but someone answers for it until a date",
	mfa.Unreadable:  "Okta did not let the enrolments be read; never counted as compliant",
	mfa.Undecided:   "has a method that cannot be graded, and no other that the policy accepts",
}

// strengths are the grades in the order in which they are shown.
var strengths = [...]mfa.Strength{mfa.Resistant, mfa.Phishable, mfa.Weak, mfa.None, mfa.Unknown}

var strengthWords = map[mfa.Strength]string{
	mfa.Resistant: "phishing-resistant",
	mfa.Phishable: "strong, phishable",
	mfa.Weak:      "weak",
	mfa.None:      "none",
	mfa.Unknown:   "unknown",
}

var methodWords = map[string]string{
	"push":                "Okta Verify push",
	"signed_nonce":        "Okta FastPass",
	"sms":                 "SMS",
	"call":                "voice call",
	"email":               "e-mail",
	"question":            "security question",
	"token:software:totp": "authenticator app code",
	"token:hardware":      "hardware token code",
	"token:hotp":          "counter-based token code",
	"token":               "token code (RSA or Symantec)",
	"web":                 "Duo",
	"webauthn":            "passkey or security key",
	"u2f":                 "U2F security key",
	"cert":                "smart card",
	"smart_card_idp":      "smart card",
	"okta_verify":         "Okta Verify",
	"google_otp":          "Google Authenticator",
	"phone_number":        "phone (SMS or call)",
	"okta_password":       "password",
	"password":            "password",
	"okta_email":          "e-mail",
	"security_question":   "security question",
	"tac":                 "temporary access code",
	"duo":                 "Duo",
	"yubikey_token":       "YubiKey code",
	"rsa_token":           "RSA token code",
	"symantec_vip":        "Symantec VIP",
	"onprem_mfa":          "on-premises MFA",
	"custom_app":          "custom app",
	"custom_otp":          "custom one-time code",
	"external_idp":        "external identity provider",
}

var signalWords = map[string]string{
	"removed":          "a method removed and none enrolled since",
	"reset":            "methods reset and none enrolled since",
	"push_denied":      "push requests denied",
	"mfa_failures":     "failed MFA attempts",
	"bypass_attempt":   "attempts to bypass MFA",
	"phishing_stopped": "phishing attempts stopped by FastPass",
}

// word looks a name up in a table, and shows a name that is not there as it is.
func word[K ~string](table map[K]string, key K) string {
	if w, ok := table[key]; ok {
		return w
	}
	return untrusted.New(string(key)).Show(untrusted.Name)
}

// method names one method of a person: what Okta calls google authenticator's code is no different from another app's.
func method(m mfa.Method) string {
	if m.Name == "token:software:totp" && m.Provider == "GOOGLE" {
		return "Google Authenticator"
	}
	if m.Name == "" {
		return word(methodWords, m.Key)
	}
	return word(methodWords, m.Name)
}

// methods lists the names of active methods, strongest first, each once.
func methods(f *mfa.Finding) []string {
	active := slices.Clone(f.Methods)
	active = slices.DeleteFunc(active, func(m mfa.Method) bool { return !m.Active() })
	slices.SortStableFunc(active, func(a, b mfa.Method) int {
		return cmp.Or(grade(b.Strength)-grade(a.Strength), cmp.Compare(method(a), method(b)))
	})
	var names []string
	for _, m := range active {
		if name := method(m); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// noFactors are the methods that make no one enrolled, by mfa.EnrolledRule.
var noFactors = []string{"password", "e-mail", "security question", "temporary access code"}

// factors is methods without those that are no second factor.
func factors(f *mfa.Finding) []string {
	return slices.DeleteFunc(methods(f), func(name string) bool { return slices.Contains(noFactors, name) })
}

// grade orders strengths as the audit does: what cannot be graded may be anything, and is not written off as weak.
func grade(s mfa.Strength) int {
	return slices.Index([]mfa.Strength{mfa.None, mfa.Weak, mfa.Unknown, mfa.Phishable, mfa.Resistant}, s)
}

// roles names admin roles: SUPER_ADMIN becomes super admin.
func roles(f *mfa.Finding) string {
	var names []string
	for _, r := range f.Roles {
		names = append(names, strings.ToLower(strings.ReplaceAll(untrusted.New(r).Show(untrusted.Name), "_", " ")))
	}
	return strings.Join(names, ", ")
}

// signals says what happened lately.
func signals(f *mfa.Finding) []string {
	var out []string
	for _, s := range f.Signals {
		text := word(signalWords, s.Kind)
		if s.Count > 1 {
			text = number(s.Count) + " × " + text
		}
		if !s.Last.IsZero() {
			text += ", last on " + day(s.Last)
		}
		out = append(out, text)
	}
	return out
}

// who names a person for a reader: the name, or else the login, or else the id.
func who(f *mfa.Finding) string {
	return cmp.Or(f.Name.Show(untrusted.Name), f.Login.Show(untrusted.Name),
		untrusted.New(f.UserID).Show(untrusted.Name), "someone without a name")
}

// whoWithLogin is who with the login behind it.
func whoWithLogin(f *mfa.Finding) string {
	name, login := who(f), f.Login.Show(untrusted.Name)
	if login == "" || login == name {
		return name
	}
	return name + " (" + login + ")"
}

// accepted says in words which methods satisfy a policy.
func accepted(p *mfa.Policy) string {
	asks := func(s mfa.Strength) bool {
		return slices.ContainsFunc(p.Methods, func(m string) bool { return strings.EqualFold(m, string(s)) })
	}
	var parts []string
	switch { // the weakest that is named: a stronger one satisfies it too
	case asks(mfa.Weak):
		parts = append(parts, "any second factor (a text message will do)")
	case asks(mfa.Phishable):
		parts = append(parts,
			"a strong method (a passkey or security key, Okta FastPass, Okta Verify push, an authenticator app or a hardware token)")
	case asks(mfa.Resistant):
		parts = append(parts, "a phishing-resistant method (a passkey or security key, Okta FastPass or a smart card)")
	}
	for _, m := range p.Methods {
		switch mfa.Strength(strings.ToLower(m)) {
		case mfa.Resistant, mfa.Phishable, mfa.Weak:
		default:
			parts = append(parts, word(methodWords, m))
		}
	}
	if len(parts) == 0 {
		return "no method at all: the policy names none"
	}
	text := strings.Join(parts, ", or ")
	if len(p.AllowedFactorTypes) > 0 {
		text += "; and of those only " + listing(methodList(p.AllowedFactorTypes), "or")
	}
	return text
}

func methodList(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, word(methodWords, n))
	}
	return out
}

// PolicyWords says an audit policy in sentences, for a reader who does not know its fields.
func PolicyWords(p mfa.Policy) []string {
	var lines []string
	switch p.Level {
	case mfa.Off:
		lines = append(lines, "Enforcement is off: this is an inventory. No one is messaged and no ticket is made.")
	case mfa.Optional:
		lines = append(lines, "Enforcement is optional: findings are recommendations. At most one ticket for all is made and no one is messaged.")
	case mfa.Required:
		lines = append(lines, "Enforcement is required: findings are violations that people are asked to put right.")
	default:
		lines = append(lines, "Enforcement level: "+untrusted.New(string(p.Level)).Show(untrusted.Name)+".")
	}
	lines = append(lines,
		"A person is compliant with "+accepted(&p)+". The method must be active and allowed by the person's enrolment policy.")
	if p.GraceHours > 0 {
		lines = append(lines, "New people have "+several(p.GraceHours, "hour", "hours")+" from their activation to enrol.")
	} else {
		lines = append(lines, "New people have no time of grace.")
	}
	if p.Deadline.IsZero() {
		lines = append(lines, "There is no common deadline.")
	} else {
		lines = append(lines, "Everyone is to be enrolled by "+moment(p.Deadline)+".")
	}
	lines = append(lines, "No enrolment rate is given when fewer than "+percent(p.Bound)+" of the people could be read.")
	if p.Sample > 0 {
		lines = append(lines, "Of the people taken from earlier readings, "+percent(p.Sample)+" are read again to measure the error.")
	}
	if p.OktaVerify {
		lines = append(lines, "Everyone with Okta Verify is read from both sources, to distinguish FastPass from push.")
	}
	return lines
}
