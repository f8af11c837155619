package oktaclient

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

func TestEnrollmentPoliciesComeInTheOrderInWhichOktaAsksThem(t *testing.T) {
	s := (&script{}).
		then(200, `[{"id":"00pDefault","name":"Default Policy","status":"ACTIVE","priority":1,"system":true,
"conditions":{"people":{"groups":{"include":["00gAll"]}}},
			"settings":{"type":"AUTHENTICATORS","authenticators":[{"key":"okta_password","enroll":{"self":"REQUIRED"}}]}},
			{"id":"00pOff","name":"Off","status":"INACTIVE","priority":2,"conditions":null,"settings":null}]`,
			"Link", `<https://acme.okta.com/api/v1/policies?type=MFA_ENROLL&after=P>; rel="next"`).
		then(200, `[{"id":"00pThird","status":"ACTIVE","priority":"3"},
			{"id":"00pFirst","name":"Admins","status":"ACTIVE","priority":1,"lastUpdated":"2026-10-01T00:00:00.000Z",
"conditions":{"people":{"groups":{"include":["00g1","00g2"]}}},
			"settings":{"authenticators":[{"key":"webauthn","constraints":{"aaguidGroups":["x"]},
"enroll":{"self":"REQUIRED","gracePeriod":{"type":"BY_DATE_TIME","expiry":"2026-12-31T00:00:00.000Z"}}},
				{"key":"okta_verify","enroll":{"self":"OPTIONAL","gracePeriod":{"type":"BY_SKIP_COUNT","skipCount":3}}},
				{"key":"custom_app","id":"autA","enroll":{"self":"NOT_ALLOWED"}},{"key":"custom_app","id":"autB",
"enroll":{"self":"SOMETIMES","gracePeriod":{"expiry":7,"skipCount":"2"}}}]}},
			{"id":"00pNone","status":"ACTIVE"}]`).
		then(200, `[{"id":"0prD","name":"Default Rule","system":true,"priority":1,"status":"ACTIVE","actions":{"enroll":{"self":"CHALLENGE"}}}]`).
		then(404, `{"errorCode":"E0000007","errorSummary":"Not found: Resource not found: 00pThird (Policy)"}`).
		then(200, `[{"id":"0prB","name":"All","priority":2,"status":"ACTIVE",
"conditions":{"network":{"connection":"ANYWHERE"}},"actions":{"enroll":{"self":"LOGIN"}}}]`,
			"Link", `<https://evil.example/x?after=R>; rel="next"`).
		then(200, `[{"id":"0prA","name":"Office","priority":1,"status":"INACTIVE","type":"MFA_ENROLL",
"conditions":{"network":{"connection":"ZONE","include":["nzo1"]},"people":{"users":{"exclude":["00u9"]}},
"app":{"include":[]}},"actions":{"enroll":{"self":"NEVER"}}}]`).
		then(200, `[]`)
	c, _ := connect(t, s)
	got, err := c.EnrollmentPolicies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []EnrollmentPolicy{
		{
			ID:       "00pFirst",
			Name:     untrusted.New("Admins"),
			Status:   "ACTIVE",
			Priority: 1,
			Groups:   []string{"00g1", "00g2"},
			Updated:  time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC),
			Settings: []EnrollmentSetting{{
				Key:        "webauthn",
				Self:       EnrollRequired,
				GraceUntil: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC),
			},
				{
					Key:        "okta_verify",
					Self:       EnrollOptional,
					GraceSkips: 3,
				}, {ID: "autA", Key: "custom_app", Self: EnrollNotAllowed},
				{ID: "autB", Key: "custom_app", Self: "SOMETIMES", GraceSkips: 2}},
			Rules: []EnrollmentRule{{
				ID:       "0prA",
				Name:     untrusted.New("Office"),
				Status:   "INACTIVE",
				Priority: 1,
				Enroll:   "NEVER",
				Network:  "ZONE",
				Excluded: []string{"00u9"},
			},
				{
					ID:       "0prB",
					Name:     untrusted.New("All"),
					Status:   "ACTIVE",
					Priority: 2,
					Enroll:   "LOGIN",
					Network:  "ANYWHERE",
				}},
		},
		{
			ID:       "00pOff",
			Name:     untrusted.New("Off"),
			Status:   "INACTIVE",
			Priority: 2,
			Settings: []EnrollmentSetting{},
		},
		{ID: "00pNone", Status: "ACTIVE", Settings: []EnrollmentSetting{}},
		{
			ID:       "00pDefault",
			Name:     untrusted.New("Default Policy"),
			Status:   "ACTIVE",
			Priority: 1,
			System:   true,
			Groups:   []string{"00gAll"},
			Settings: []EnrollmentSetting{{Key: "okta_password", Self: EnrollRequired}},
			Rules: []EnrollmentRule{{
				ID:       "0prD",
				Name:     untrusted.New("Default Rule"),
				Status:   "ACTIVE",
				Priority: 1,
				System:   true,
				Enroll:   "CHALLENGE",
			}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("policies are\n%+v\nwant\n%+v", got, want)
	}
	s.check(t, "GET /api/v1/policies?type=MFA_ENROLL", "GET /api/v1/policies?after=P&type=MFA_ENROLL",
		"GET /api/v1/policies/00pDefault/rules",
		"GET /api/v1/policies/00pThird/rules", "GET /api/v1/policies/00pFirst/rules",
		"GET /api/v1/policies/00pFirst/rules?after=R", "GET /api/v1/policies/00pNone/rules")
}

func TestFactorsOfAClassicOrgAreTranslatedToAuthenticators(t *testing.T) {
	s := (&script{}).then(200, `[{"id":"00p1","status":"INACTIVE","settings":{"type":"FACTORS","factors":{
		"okta_sms":{"enroll":{"self":"NOT_ALLOWED"},"consent":{"type":"NONE"}},"okta_call":{"enroll":{"self":"OPTIONAL"}},
		"okta_otp":{"enroll":{"self":"REQUIRED"}},"okta_push":{"enroll":{"self":"OPTIONAL"}},"google_otp":{"enroll":{"self":"OPTIONAL"}},
		"fido_u2f":{"enroll":{"self":"NEW_WORD"}},"fido_webauthn":{"enroll":{"self":"REQUIRED"}},"okta_question":{"enroll":{"self":"OPTIONAL"}},
		"okta_email":{},"duo":{"enroll":{"self":"OPTIONAL"}},"hotp":{"enroll":{"self":"OPTIONAL"}},"rsa_token":null,
"symantec_vip":{"enroll":null},"future_thing":{"enroll":{"self":"REQUIRED"}}}}}]`)
	c, _ := connect(t, s)
	got, err := c.EnrollmentPolicies(t.Context())
	if err != nil || len(got) != 1 {
		t.Fatalf("policies are %+v, %v", got, err)
	}
	want := []EnrollmentSetting{{
		Key:  "custom_otp",
		Self: EnrollOptional,
	}, {Key: "duo", Self: EnrollOptional}, {Key: "future_thing", Self: EnrollRequired},
		{
			Key:  "google_otp",
			Self: EnrollOptional,
		}, {Key: "okta_email"}, {
			Key:  "okta_verify",
			Self: EnrollRequired,
		}, {Key: "phone_number", Self: EnrollOptional},
		{Key: "rsa_token"}, {
			Key:  "security_question",
			Self: EnrollOptional,
		}, {Key: "symantec_vip"}, {Key: "webauthn", Self: EnrollRequired}}
	if !reflect.DeepEqual(got[0].Settings, want) {
		t.Errorf("settings are %+v", got[0].Settings)
	}
}

func TestOfTwoClassicFactorsTheMoreDemandingCounts(t *testing.T) {
	settings := func(sms, call string) map[string]wireSetting {
		var a, b wireSetting
		a.Enroll.Self, b.Enroll.Self = sms, call
		return map[string]wireSetting{"okta_sms": a, "okta_call": b}
	}
	order := []string{"", EnrollNotAllowed, EnrollOptional, EnrollRequired} // an unknown word is less than all
	for i, sms := range order {
		for j, call := range order {
			for range 20 { // a map has no order
				if got := classicSettings(settings(sms, call)); len(got) != 1 || got[0].Self != order[max(i, j)] {
					t.Fatalf("sms %q and call %q make %+v", sms, call, got)
				}
			}
		}
	}
}

func TestAPolicyWithoutAUsableIDIsNotAskedForItsRules(t *testing.T) {
	s := (&script{}).then(200, `[{"id":"../users","status":"ACTIVE"}]`)
	c, _ := connect(t, s)
	if _, err := c.EnrollmentPolicies(t.Context()); !errors.Is(err, ErrBadArgument) {
		t.Errorf("got %v", err)
	}
	s.check(t, "GET /api/v1/policies?type=MFA_ENROLL")
}
