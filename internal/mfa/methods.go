package mfa

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"okta-entitlements-mcp/oktaclient"
)

// fromBoth is the source of a method that both enrolments and factors show.
const fromBoth = "both"

// EnrolledRule says in words who counts as enrolled. Every report prints it, because Okta has no such notion of its own.
const EnrolledRule = "A person counts as enrolled who has at least one active method beyond password, e-mail and security question. " +
	"A temporary access code does not count either: it is handed out for some hours, and no one enrols it."

// keyStrengths grades authenticators whose method is not visible, by the assurance classes of Okta's authenticators. Okta Verify
// may be FastPass; since an enrolment does not say so, it is graded as what it is at least. An external identity provider
// authenticates by rules that Okta cannot see, hence its grade.
var keyStrengths = map[string]Strength{
	"okta_verify": Phishable, "google_otp": Phishable, "duo": Phishable, "yubikey_token": Phishable, "rsa_token": Phishable,
	"symantec_vip": Phishable, "onprem_mfa": Phishable, "custom_otp": Phishable, "custom_app": Phishable,
	"webauthn": Resistant, "smart_card_idp": Resistant,
	"phone_number": Weak, "okta_email": Weak, "security_question": Weak, "tac": Weak,
	"external_idp": Unknown,
}

// kind is what a factorType means. A provider that is not in keys leaves the authenticator open; "" in keys means every
// provider.
type kind struct {
	strength Strength
	keys     map[string]string // provider → authenticator key
}

var factorKinds = map[string]kind{
	"push":                {Phishable, map[string]string{"OKTA": "okta_verify", "CUSTOM": "custom_app"}},
	"signed_nonce":        {Resistant, map[string]string{"": "okta_verify"}},
	"token:software:totp": {Phishable, map[string]string{"OKTA": "okta_verify", "GOOGLE": "google_otp"}},
	"token:hardware":      {Phishable, map[string]string{"YUBICO": "yubikey_token"}},
	"token:hotp":          {Phishable, map[string]string{"CUSTOM": "custom_otp"}},
	"token":               {Phishable, map[string]string{"RSA": "rsa_token", "SYMANTEC": "symantec_vip"}},
	"web":                 {Phishable, map[string]string{"DUO": "duo"}},
	"webauthn":            {Resistant, map[string]string{"": "webauthn"}},
	"u2f":                 {Resistant, map[string]string{"": "webauthn"}},
	"cert":                {Resistant, map[string]string{"": "smart_card_idp"}},
	"claims_provider":     {Unknown, map[string]string{"": "external_idp"}},
	"sms":                 {Weak, map[string]string{"": "phone_number"}},
	"call":                {Weak, map[string]string{"": "phone_number"}},
	"email":               {Weak, map[string]string{"": "okta_email"}},
	"question":            {Weak, map[string]string{"": "security_question"}},
	"tac":                 {Weak, map[string]string{"": "tac"}},
}

// formsOf are the methods that one enrolment of an authenticator may stand for: only the factors tell which.
var formsOf = map[string][]string{
	"okta_verify":  {"signed_nonce", "push", "token:software:totp"},
	"phone_number": {"sms", "call"},
}

// notInFactors are authenticators of which GET factors shows nothing, or nothing reliable: a temporary code, federated ones, and
// e-mail, which Okta enrols by itself. That they have no factor contradicts nothing.
var notInFactors = map[string]bool{"okta_email": true, "okta_password": true, "tac": true, "smart_card_idp": true, "external_idp": true}

// FromEnrollments turns authenticator enrolments into methods, sorted; only the password is left out. Okta API: an enrolment names
// the authenticator, not the method.
func FromEnrollments(list []oktaclient.Enrollment) []Method {
	methods := make([]Method, 0, len(list))
	for _, e := range list {
		key := e.Key
		if key == "" { // the other types have more than one authenticator
			key = map[string]string{"password": "okta_password", "email": "okta_email", "phone": "phone_number",
				"security_question": "security_question", "tac": "tac"}[e.Type]
		}
		if key == "okta_password" || e.Type == "password" {
			continue
		}
		m := Method{Name: cmp.Or(key, e.Type), Key: key, Status: e.Status, Since: e.Created, Strength: Unknown, Source: SourceEnrollments}
		if s, ok := keyStrengths[key]; ok {
			m.Strength = s
		}
		methods = append(methods, m)
	}
	slices.SortStableFunc(methods, compareMethods)
	return methods
}

// FromFactors turns factors into methods, sorted; only a password, should Okta ever list it, is left out.
func FromFactors(list []oktaclient.Factor) []Method {
	methods := make([]Method, 0, len(list))
	for _, f := range list {
		if f.Type == "password" {
			continue
		}
		key, strength := factorKind(f.Type, f.Provider)
		methods = append(methods, Method{Name: f.Type, Key: key, Provider: f.Provider, Status: f.Status, Since: f.Created,
			Strength: strength, Source: SourceFactors})
	}
	slices.SortStableFunc(methods, compareMethods)
	return methods
}

// factorKind tells the authenticator and the strength of a factor.
func factorKind(factorType, provider string) (key string, s Strength) {
	k, ok := factorKinds[factorType]
	if !ok {
		return "", Unknown
	}
	key, named := k.keys[provider]
	if !named {
		key = k.keys[""]
	}
	if factorType == "web" && !named { // a browser redirect to an unknown provider
		return "", Unknown
	}
	return key, k.strength
}

func compareMethods(a, b Method) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Provider, b.Provider),
		cmp.Compare(a.Status, b.Status), a.Since.Compare(b.Since), cmp.Compare(a.Allowed, b.Allowed), cmp.Compare(a.Source, b.Source))
}

// secondFactor reports whether the method makes its owner enrolled: EnrolledRule in code. A method that this program does not know
// counts, for it is there.
func (m Method) secondFactor() bool { return m.Active() && m.beyondPassword() }

// beyondPassword leaves out what is known, mailed or handed out.
func (m Method) beyondPassword() bool {
	switch m.Key {
	case "okta_email", "okta_password", "security_question", "tac":
		return false
	}
	switch m.Name {
	case "email", "password", "question", "tac":
		return false
	}
	return true
}

// forms returns what the method may be in fact: itself, or every form of an authenticator of which only the enrolment is known.
func (m Method) forms() []Method {
	names := formsOf[m.Key]
	if m.Name != m.Key || len(names) == 0 {
		return []Method{m}
	}
	forms := make([]Method, len(names))
	for i, name := range names {
		forms[i] = m
		forms[i].Name, forms[i].Strength = name, factorKinds[name].strength
	}
	return forms
}

// label names the method in a sentence. Names come from Okta; one that does not look like a name is quoted and cut.
func (m Method) label() string {
	name := cmp.Or(m.Name, m.Key, "a method without a name")
	if m.Key != "" && m.Key != m.Name && m.Name != "" && len(formsOf[m.Key]) > 0 {
		return plain(name) + " (" + plain(m.Key) + ")"
	}
	return plain(name)
}

// plain returns a technical name as it is, and anything else quoted and cut at 60 characters.
func plain(name string) string {
	odd := strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-:. ", r))
	})
	if odd < 0 && len(name) <= 60 {
		return name
	}
	return quoted(name)
}

// quoted shows untrusted text in a message: escaped, at most 60 characters of it.
func quoted(s string) string {
	if len(s) > 4*60 {
		s = s[:4*60]
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return strconv.QuoteToGraphic(s)
}

// Combine joins what both sources show of one person. A factor belongs to the enrolment of its authenticator: the finer one is
// kept, with both as its source. What only one source shows stays, and disagree says so in words, as it does of a status that
// differs. Nothing is merged that may be two things: two security keys stay two methods.
func Combine(enrollments, factors []Method) (methods []Method, disagree []string) {
	enrollments, factors = slices.Clone(enrollments), slices.Clone(factors)
	slices.SortStableFunc(enrollments, compareMethods) // the outcome must not depend on the order of Okta's lists
	slices.SortStableFunc(factors, compareMethods)
	byKey := map[string][]Method{}
	for _, e := range enrollments {
		byKey[e.Key] = append(byKey[e.Key], e)
	}
	groups := map[string][]Method{}
	for _, f := range factors {
		groups[f.Key] = append(groups[f.Key], f)
	}
	methods = make([]Method, 0, max(len(enrollments), len(factors)))
	for key, group := range groups {
		some, words := joinMethods(key, byKey[key], group)
		methods, disagree = append(methods, some...), append(disagree, words...)
		if key != "" {
			delete(byKey, key)
		}
	}
	for key, list := range byKey {
		for _, e := range list {
			methods = append(methods, e)
			if !notInFactors[key] {
				disagree = append(disagree, onlyEnrolled(e))
			}
		}
	}
	slices.SortStableFunc(methods, compareMethods)
	slices.Sort(disagree)
	return methods, slices.Compact(disagree)
}

// joinMethods puts the factors of one authenticator beside its enrolments. Okta Verify and a phone have several factors to one
// enrolment; of everything else one factor is one enrolment.
func joinMethods(key string, enrollments, factors []Method) (methods []Method, disagree []string) {
	if key == "" || len(enrollments) == 0 {
		for _, f := range factors {
			methods = append(methods, f)
			disagree = append(disagree, fmt.Sprintf("%s is a factor with status %s, and there is no enrolment of it", f.label(), plain(f.Status)))
		}
		return methods, disagree
	}
	rest, methods := slices.Clone(enrollments), slices.Clone(factors)
	for _, sameStatus := range [...]bool{true, false} { // first what surely belongs together
		for i := range methods {
			f := &methods[i]
			at := slices.IndexFunc(rest, func(e Method) bool { return !sameStatus || e.Status == f.Status })
			if f.Source == fromBoth || at < 0 {
				continue
			}
			f.Source = fromBoth
			if f.Since.IsZero() {
				f.Since = rest[at].Since
			}
			rest = slices.Delete(rest, at, at+1)
		}
	}
	for i := range methods {
		switch f := &methods[i]; {
		case f.Source == fromBoth:
		case len(formsOf[key]) > 0:
			f.Source = fromBoth
		default:
			disagree = append(disagree, fmt.Sprintf("%s is a factor more often than it is enrolled", f.label()))
		}
	}
	for _, e := range rest {
		methods = append(methods, e)
		if !notInFactors[key] {
			disagree = append(disagree, onlyEnrolled(e))
		}
	}
	if e, f := statuses(enrollments), statuses(factors); differ(key, enrollments, factors) {
		disagree = append(disagree, fmt.Sprintf("%s has status %s as an enrolment and %s as a factor", plain(key), e, f))
	}
	return methods, disagree
}

// differ compares states. Where one enrolment covers several factors, one of them in the same state is enough: a push factor
// may wait for its activation while the code of the same app works.
func differ(key string, enrollments, factors []Method) bool {
	if len(formsOf[key]) == 0 {
		return len(enrollments) == len(factors) && statuses(enrollments) != statuses(factors)
	}
	return !slices.ContainsFunc(enrollments, func(e Method) bool {
		return slices.ContainsFunc(factors, func(f Method) bool { return f.Status == e.Status })
	})
}

func onlyEnrolled(e Method) string {
	return fmt.Sprintf("%s is enrolled with status %s, and no factor shows it; Okta hides factors that the enrolment policy does not allow",
		e.label(), plain(e.Status))
}

// statuses lists the states of methods, sorted.
func statuses(methods []Method) string {
	all := make([]string, len(methods))
	for i, m := range methods {
		all[i] = plain(cmp.Or(m.Status, "none"))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// The two sources of readings.
const (
	SourceEnrollments = "enrollments"
	SourceFactors     = "factors"
)
