package oktaclient

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

func TestFactorsOfEveryKindAreKept(t *testing.T) {
	s := (&script{}).then(200, `[
		{"id":"opf1","factorType":"push","provider":"OKTA","vendorName":"OKTA","status":"ACTIVE",
"created":"2026-01-01T00:00:00.000Z","lastUpdated":"2026-01-02T00:00:00.000Z","profile":{"name":"Ann's phone",
"keys":[{"kty":"EC"}]},"_links":{},"_embedded":{"x":1}},
		{"id":"osn1","factorType":"signed_nonce","provider":"OKTA","status":"ACTIVE"},
		{"id":"new1","factorType":"brain:wave","provider":"ACME","status":"DREAMING","profile":[7]},
		{"id":"sms1","factorType":"sms","provider":"OKTA","status":"PENDING_ACTIVATION","created":null}]`).then(200, ` []`)
	c, _ := connect(t, s)
	got, err := c.Factors(t.Context(), "00u1")
	want := []Factor{
		{
			ID:       "opf1",
			Type:     "push",
			Provider: "OKTA",
			Status:   "ACTIVE",
			Created:  time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			Updated:  time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		},
		{ID: "osn1", Type: "signed_nonce", Provider: "OKTA", Status: "ACTIVE"},
		{ID: "new1", Type: "brain:wave", Provider: "ACME", Status: "DREAMING"},
		{ID: "sms1", Type: "sms", Provider: "OKTA", Status: "PENDING_ACTIVATION"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("factors are %+v, %v", got, err)
	}
	if got, err := c.Factors(t.Context(), "00u2"); err != nil || len(got) != 0 {
		t.Errorf("factors of somebody without any are %+v, %v", got, err)
	}
	s.check(t, "GET /api/v1/users/00u1/factors", "GET /api/v1/users/00u2/factors")
}

func TestEnrollmentsComeAsAListOrAsOne(t *testing.T) {
	const password = `{"id":"lae1","type":"password","key":"okta_password","status":"ACTIVE","name":"Password",
"profile":null,"nickname":null,"created":"2026-01-01T00:00:00Z"}`
	const code = `{"id":"tac1","type":"tac","key":"tac","status":"EXPIRED","name":"Temporary\naccess code",
"profile":{"expiresAt":"2026-03-13T10:26:29"}}`
	first := Enrollment{
		ID:      "lae1",
		Type:    "password",
		Key:     "okta_password",
		Status:  "ACTIVE",
		Name:    untrusted.New("Password"),
		Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	second := Enrollment{
		ID:     "tac1",
		Type:   "tac",
		Key:    "tac",
		Status: "EXPIRED",
		Name:   untrusted.New("Temporary\naccess code"),
	}
	for body, want := range map[string][]Enrollment{
		"[" + password + "," + code + "]": {first, second}, "\n " + password: {first}, "[]": {},
	} {
		s := (&script{}).then(200, body)
		c, _ := connect(t, s)
		if got, err := c.Enrollments(t.Context(), "00u1"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s gave %+v, %v", body, got, err)
		}
		s.check(t, "GET /api/v1/users/00u1/authenticator-enrollments")
	}
	for _, body := range []string{"{}", `{"data":[]}`, `{"value":[` + password + `]}`, `{"id":"x"}`, `"none"`,
		"7", `[7]`, `{"id":7,"key":"x"}`} {
		err := believed(t, body, func(ctx context.Context, c *Client) error {
			_, err := c.Enrollments(ctx, "00u1")
			return err
		})
		if !errors.Is(err, ErrBadAnswer) {
			t.Errorf("%s gave %v", body, err)
		}
	}
}

func TestAnOrgWithoutEnrollmentsSaysSo(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   error
	}{
		{401, `{"errorCode":"E0000015","errorSummary":"You do not have permission to access the feature you are requesting"}`,
			ErrFeatureOff},
		{404, `{"errorCode":"E0000022","errorSummary":"The endpoint does not support the provided HTTP method"}`,
			ErrNotFound},
		{403, `{"errorCode":"E0000006","errorSummary":"You do not have permission to perform the requested action"}`,
			ErrForbidden},
	} {
		client, _ := connect(t, (&script{}).then(c.status, c.body))
		if _, err := client.Enrollments(t.Context(), "00u1"); !errors.Is(err, c.want) {
			t.Errorf("%d gave %v", c.status, err)
		}
	}
}

func TestAuthenticatorsThatTheSDKLosesAreKept(t *testing.T) {
	s := (&script{}).then(200, `[{"type":"app","id":"aut1","key":"okta_verify","status":"ACTIVE",
"name":"Okta Verify","settings":{"channelBinding":{}}},
		{"type":"tac","id":"aut2","key":"tac","status":"INACTIVE","name":"Temporary"},{"type":"security_key",
"id":"aut3","key":"custom_otp","name":"A","status":"ACTIVE"},
		{"type":"security_key","id":"aut4","key":"custom_otp","name":"B","status":"ACTIVE"},{"type":"app","id":"aut5",
"key":"made_up","status":"ACTIVE","name":"<script>"}]`)
	c, _ := connect(t, s)
	got, err := c.Authenticators(t.Context())
	want := []Authenticator{{
		ID:     "aut1",
		Key:    "okta_verify",
		Type:   "app",
		Name:   untrusted.New("Okta Verify"),
		Status: "ACTIVE",
	}, {ID: "aut2", Key: "tac", Type: "tac", Name: untrusted.New("Temporary"), Status: "INACTIVE"},
		{
			ID:     "aut3",
			Key:    "custom_otp",
			Type:   "security_key",
			Name:   untrusted.New("A"),
			Status: "ACTIVE",
		}, {
			ID:     "aut4",
			Key:    "custom_otp",
			Type:   "security_key",
			Name:   untrusted.New("B"),
			Status: "ACTIVE",
		},
		{ID: "aut5", Key: "made_up", Type: "app", Name: untrusted.New("<script>"), Status: "ACTIVE"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("authenticators are %+v, %v", got, err)
	}
	s.check(t, "GET /api/v1/authenticators")
}
