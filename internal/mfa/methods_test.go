package mfa

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/oktaclient"
)

var enrolledAt = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func TestEveryAuthenticatorHasItsStrength(t *testing.T) {
	for key, want := range map[string]Strength{
		"okta_verify": Phishable, "google_otp": Phishable, "duo": Phishable, "yubikey_token": Phishable,
		"rsa_token":    Phishable,
		"symantec_vip": Phishable, "onprem_mfa": Phishable, "custom_otp": Phishable, "custom_app": Phishable,
		"webauthn": Resistant, "smart_card_idp": Resistant, "phone_number": Weak, "okta_email": Weak,
		"security_question": Weak,
		"tac":               Weak, "external_idp": Unknown, "brain_wave": Unknown,
	} {
		got := FromEnrollments([]oktaclient.Enrollment{{Key: key, Status: "ACTIVE", Created: enrolledAt}})
		if len(got) != 1 || got[0].Strength != want || got[0].Name != key || got[0].Source != "enrollments" ||
			got[0].Since != enrolledAt {
			t.Errorf("%s: got %+v, want strength %s", key, got, want)
		}
	}
}

func TestEveryFactorHasItsAuthenticatorAndStrength(t *testing.T) {
	for _, c := range []struct {
		factorType, provider, key string
		want                      Strength
	}{
		{"push", "OKTA", "okta_verify", Phishable}, {"push", "CUSTOM", "custom_app", Phishable},
		{"signed_nonce", "OKTA", "okta_verify", Resistant},
		{"token:software:totp", "OKTA", "okta_verify", Phishable}, {"token:software:totp", "GOOGLE", "google_otp", Phishable},
		{"token:hardware", "YUBICO", "yubikey_token", Phishable}, {"token:hotp", "CUSTOM", "custom_otp", Phishable},
		{"token", "RSA", "rsa_token", Phishable}, {"token", "SYMANTEC", "symantec_vip", Phishable},
		{"web", "DUO", "duo", Phishable},
		{"web", "SOMEBODY", "", Unknown}, {"webauthn", "FIDO", "webauthn", Resistant}, {"u2f", "FIDO", "webauthn", Resistant},
		{"sms", "OKTA", "phone_number", Weak}, {"call", "OKTA", "phone_number", Weak}, {"email", "OKTA", "okta_email", Weak},
		{"question", "OKTA", "security_question", Weak}, {"brain_wave", "OKTA", "", Unknown},
		{"token:software:totp", "NEW", "", Phishable},
	} {
		got := FromFactors([]oktaclient.Factor{{
			Type:     c.factorType,
			Provider: c.provider,
			Status:   "ACTIVE",
		}})
		if len(got) != 1 || got[0].Key != c.key || got[0].Strength != c.want || got[0].Name != c.factorType ||
			got[0].Source != "factors" {
			t.Errorf("%s of %s: got %+v, want %s %s", c.factorType, c.provider, got, c.key, c.want)
		}
	}
}

func TestOnlyThePasswordIsLeftOut(t *testing.T) {
	in := FromEnrollments([]oktaclient.Enrollment{{Type: "password"}, {Key: "okta_password"}, {Type: "email"},
		{Type: "phone"}, {Type: "app"}, {}})
	if got := namesOf(in); !slices.Equal(got, []string{"", "app", "okta_email", "phone_number"}) {
		t.Errorf("enrolments: %q", got)
	}
	if got := namesOf(FromFactors([]oktaclient.Factor{{Type: "password"}, {Type: "email"},
		{}})); !slices.Equal(got, []string{"", "email"}) {
		t.Errorf("factors: %q", got)
	}
}

func TestSecondFactorsFollowTheRule(t *testing.T) {
	for _, c := range []struct {
		m    Method
		want bool
	}{
		{Method{Name: "sms", Key: "phone_number", Status: "ACTIVE"}, true},
		{Method{Name: "new", Status: "ACTIVE"}, true},
		{Method{Name: "push", Key: "okta_verify", Status: "PENDING_ACTIVATION"}, false},
		{Method{Name: "push", Key: "okta_verify"}, false},
		{Method{Name: "email", Key: "okta_email", Status: "ACTIVE"}, false},
		{Method{Name: "email", Status: "ACTIVE"}, false},
		{Method{Name: "okta_email", Key: "okta_email", Status: "ACTIVE"}, false},
		{Method{Name: "question", Key: "security_question", Status: "ACTIVE"}, false},
		{Method{Name: "tac", Key: "tac", Status: "ACTIVE"}, false},
	} {
		if got := c.m.secondFactor(); got != c.want {
			t.Errorf("%+v: %t", c.m, got)
		}
	}
}

func TestCombineShowsWhatBothSourcesKnow(t *testing.T) {
	enrolled := func(keyStatus ...string) (out []oktaclient.Enrollment) {
		for _, s := range keyStatus {
			key, status, _ := strings.Cut(s, " ")
			out = append(out, oktaclient.Enrollment{
				Key:     key,
				Status:  cmp.Or(status, "ACTIVE"),
				Created: enrolledAt,
			})
		}
		return out
	}
	factors := func(typeStatus ...string) (out []oktaclient.Factor) {
		for _, s := range typeStatus {
			name, status, _ := strings.Cut(s, " ")
			provider := map[string]string{"webauthn": "FIDO"}[name]
			out = append(out, oktaclient.Factor{
				Type:     name,
				Provider: cmp.Or(provider, "OKTA"),
				Status:   cmp.Or(status, "ACTIVE"),
			})
		}
		return out
	}
	for name, c := range map[string]struct {
		enrolled []oktaclient.Enrollment
		factors  []oktaclient.Factor
		want     []string // name, status, source
		disagree []string // a word of each
	}{
		"Okta Verify and its forms": {enrolled("okta_verify"), factors("push", "signed_nonce", "token:software:totp"),
			[]string{"push ACTIVE both", "signed_nonce ACTIVE both", "token:software:totp ACTIVE both"}, nil},
		"a form that waits for its activation": {enrolled("okta_verify"), factors("push PENDING_ACTIVATION", "signed_nonce"),
			[]string{"push PENDING_ACTIVATION both", "signed_nonce ACTIVE both"}, nil},
		"a phone": {enrolled("phone_number"), factors("sms", "call"), []string{"call ACTIVE both", "sms ACTIVE both"}, nil},
		"implicit e-mail and what has no factors": {enrolled("okta_email", "okta_password", "tac", "smart_card_idp"), nil,
			[]string{"okta_email ACTIVE enrollments", "smart_card_idp ACTIVE enrollments", "tac ACTIVE enrollments"}, nil},
		"a key that the policy hides": {enrolled("webauthn"), nil, []string{"webauthn ACTIVE enrollments"},
			[]string{"no factor shows it"}},
		"a factor alone": {nil, factors("sms"), []string{"sms ACTIVE factors"}, []string{"no enrolment of it"}},
		"two security keys": {enrolled("webauthn", "webauthn"), factors("webauthn", "webauthn"),
			[]string{"webauthn ACTIVE both", "webauthn ACTIVE both"}, nil},
		"one of two keys is hidden": {enrolled("webauthn", "webauthn"), factors("webauthn"),
			[]string{"webauthn ACTIVE enrollments", "webauthn ACTIVE both"}, []string{"no factor shows it"}},
		"one key too many": {enrolled("webauthn"), factors("webauthn", "webauthn"),
			[]string{"webauthn ACTIVE factors", "webauthn ACTIVE both"}, []string{"more often"}},
		"another status": {enrolled("webauthn"), factors("webauthn INACTIVE"),
			[]string{"webauthn INACTIVE both"}, []string{"status ACTIVE as an enrolment and INACTIVE as a factor"}},
		"another status of a phone": {enrolled("phone_number INACTIVE"), factors("sms"),
			[]string{"sms ACTIVE both"}, []string{"status INACTIVE as an enrolment"}},
		"an unknown factor": {enrolled("brain_wave"), factors("brain_wave"),
			[]string{"brain_wave ACTIVE factors", "brain_wave ACTIVE enrollments"},
			[]string{"no enrolment of it", "no factor shows it"}},
	} {
		methods, disagree := Combine(FromEnrollments(c.enrolled), FromFactors(c.factors))
		var got []string
		for _, m := range methods {
			got = append(got, m.Name+" "+m.Status+" "+m.Source)
			if m.Source == "both" && m.Key == "webauthn" && m.Since != enrolledAt {
				t.Errorf("%s: %s does not have the time of its enrolment", name, m.Name)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: methods %q, want %q", name, got, c.want)
		}
		if len(disagree) != len(c.disagree) {
			t.Errorf("%s: disagree %q", name, disagree)
			continue
		}
		for _, word := range c.disagree {
			if !slices.ContainsFunc(disagree, func(s string) bool { return strings.Contains(s, word) }) {
				t.Errorf("%s: %q says nothing of %q", name, disagree, word)
			}
		}
	}
}

func TestCombineLosesNothingInAnyOrder(t *testing.T) {
	keys := []string{"okta_verify", "webauthn", "phone_number", "okta_email", "custom_otp", "brain_wave", ""}
	types := []string{"push", "signed_nonce", "sms", "call", "webauthn", "email", "brain_wave"}
	status := []string{"ACTIVE", "ACTIVE", "INACTIVE"}
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var enrolled []oktaclient.Enrollment
		var factors []oktaclient.Factor
		for range rng.IntN(5) {
			enrolled = append(enrolled, oktaclient.Enrollment{
				Key:    keys[rng.IntN(len(keys))],
				Status: status[rng.IntN(3)],
			})
		}
		for range rng.IntN(5) {
			factors = append(factors, oktaclient.Factor{
				Type:     types[rng.IntN(len(types))],
				Provider: "OKTA",
				Status:   status[rng.IntN(3)],
			})
		}
		e, f := FromEnrollments(enrolled), FromFactors(factors)
		methods, disagree := Combine(e, f)
		if len(methods) < max(len(e), len(f)) || len(methods) > len(e)+len(f) {
			t.Fatalf("seed %d: %d enrolments and %d factors make %d methods", seed, len(e), len(f), len(methods))
		}
		seen := map[string]int{}
		for _, m := range methods {
			if m.Source != "enrollments" {
				seen[m.Name]++
			}
		}
		for _, m := range f {
			seen[m.Name]--
		}
		for name, n := range seen {
			if n != 0 {
				t.Fatalf("seed %d: factor %s is there %+d times", seed, name, n)
			}
		}
		rng.Shuffle(len(e), func(i, j int) { e[i], e[j] = e[j], e[i] })
		rng.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
		again, words := Combine(e, f)
		if !slices.Equal(methods, again) || !slices.Equal(disagree, words) {
			t.Fatalf("seed %d: the order of the sources matters:\n%+v\n%+v", seed, methods, again)
		}
	}
}

func namesOf(methods []Method) []string {
	out := make([]string, len(methods))
	for i, m := range methods {
		out[i] = m.Name
	}
	return out
}
