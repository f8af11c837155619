package mfa

import (
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

func setting(key, self string) oktaclient.EnrollmentSetting {
	return oktaclient.EnrollmentSetting{Key: key, Self: self}
}

func enrollPolicies() []oktaclient.EnrollmentPolicy {
	return []oktaclient.EnrollmentPolicy{
		{
			ID:       "00pDefault",
			Name:     untrusted.New("Default"),
			Status:   "ACTIVE",
			Priority: 1,
			System:   true,
			Groups:   []string{"00gEveryone"},
			Settings: []oktaclient.EnrollmentSetting{setting("okta_password", "REQUIRED"), setting("okta_verify", "OPTIONAL")},
			Rules: []oktaclient.EnrollmentRule{{
				Name:     untrusted.New("Default Rule"),
				Status:   "ACTIVE",
				Priority: 1,
				System:   true,
				Enroll:   "CHALLENGE",
				Network:  "ANYWHERE",
			}},
		},
		{
			ID:       "00pLow",
			Name:     untrusted.New("Low"),
			Status:   "ACTIVE",
			Priority: 3,
			Groups:   []string{"00gStaff"},
			Settings: []oktaclient.EnrollmentSetting{setting("okta_verify", "NOT_ALLOWED")},
		},
		{
			ID:       "00pOff",
			Name:     untrusted.New("Off"),
			Status:   "INACTIVE",
			Priority: 1,
			Groups:   []string{"00gOff"},
		},
		{ID: "00pNone", Name: untrusted.New("No groups"), Status: "ACTIVE", Priority: 1},
		{
			ID:       "00pAdmins",
			Name:     untrusted.New("Admins"),
			Status:   "ACTIVE",
			Priority: 2,
			Groups:   []string{"00gAdmins", "00gOps"},
			Settings: []oktaclient.EnrollmentSetting{setting("okta_password", "REQUIRED"),
				setting("webauthn", "REQUIRED"), setting("phone_number", "NOT_ALLOWED"),
				{
					ID:   "aut1",
					Key:  "custom_app",
					Self: "NOT_ALLOWED",
				}, {
					ID:   "aut2",
					Key:  "custom_app",
					Self: "OPTIONAL",
				}, {ID: "aut3", Key: "custom_app", Self: "NOT_ALLOWED"}},
			Rules: []oktaclient.EnrollmentRule{
				{
					Name:     untrusted.New("Later"),
					Status:   "ACTIVE",
					Priority: 3,
					Enroll:   "CHALLENGE",
					Network:  "ANYWHERE",
				},
				{Name: untrusted.New("Off"), Status: "INACTIVE", Priority: 1, Enroll: "NEVER"},
				{
					Name:     untrusted.New("First"),
					Status:   "ACTIVE",
					Priority: 2,
					Enroll:   "LOGIN",
					Network:  "ZONE",
					Excluded: []string{"00uGlass"},
				},
			},
		},
	}
}

func TestTheFirstPolicyOfOnesGroupsApplies(t *testing.T) {
	r := CompileRules(enrollPolicies())
	if got := r.Groups(); !slices.Equal(got, []string{"00gAdmins", "00gOps", "00gStaff"}) {
		t.Errorf("groups %q", got)
	}
	in := func(groups ...string) func(string) bool {
		return func(id string) bool { return slices.Contains(groups, id) }
	}
	for name, c := range map[string]struct {
		user           string
		groups         []string
		policy, rule   string
		enforced       string
		required, self string
	}{
		"nobody's": {"00u1", nil, "Default",
			`"Default Rule" enrols when the person is first challenged`, "CHALLENGE", "", ""},
		"staff": {"00u1", []string{"00gStaff", "00gEveryone"}, "Low", "no rule of the policy", "", "", ""},
		"staff and admin": {"00u1", []string{"00gStaff", "00gOps"}, "Admins",
			`"First" enrols at the next sign-in, in certain network zones only`, "LOGIN", "webauthn", "NOT_ALLOWED"},
		"excluded from a rule": {"00uGlass", []string{"00gAdmins"}, "Admins", `"Later" enrols when`, "CHALLENGE",
			"webauthn", "NOT_ALLOWED"},
		"of an inactive one": {"00u1", []string{"00gOff"}, "Default", `"Default Rule"`, "CHALLENGE", "", ""},
	} {
		a := r.Of(c.user, in(c.groups...))
		if a == nil || a.Policy.Raw() != c.policy || !strings.Contains(a.Rule, c.rule) || a.Enforced != c.enforced ||
			strings.Join(a.Required, " ") != c.required || a.Self["phone_number"] != c.self {
			t.Errorf("%s: %+v", name, a)
		}
	}
	admin := r.Of("00u1", in("00gOps"))
	if admin != r.Of("00u2", in("00gAdmins")) {
		t.Error("people of one policy and rule do not share one value")
	}
	if admin.Self["custom_app"] != "OPTIONAL" {
		t.Errorf("custom apps: %s", admin.Self["custom_app"])
	}
	if admin.Fingerprint != r.Of("00uGlass", in("00gOps")).Fingerprint ||
		admin.Fingerprint == r.Of("00u1", in()).Fingerprint {
		t.Error("the fingerprint is not that of the policy")
	}
}

func TestTheFingerprintFollowsWhatFactorsShow(t *testing.T) {
	base := enrollPolicies()[4]
	for name, c := range map[string]struct {
		change func(*oktaclient.EnrollmentPolicy)
		same   bool
	}{
		"the order": {func(p *oktaclient.EnrollmentPolicy) { slices.Reverse(p.Settings) }, true},
		"the name": {func(p *oktaclient.EnrollmentPolicy) { p.Name, p.Updated = untrusted.New("x"), time.Unix(1, 0) },
			true},
		"a grace period":  {func(p *oktaclient.EnrollmentPolicy) { p.Settings[1].GraceSkips = 3 }, true},
		"a setting":       {func(p *oktaclient.EnrollmentPolicy) { p.Settings[2].Self = "OPTIONAL" }, false},
		"a custom app":    {func(p *oktaclient.EnrollmentPolicy) { p.Settings[3].Self = "OPTIONAL" }, false},
		"the policy":      {func(p *oktaclient.EnrollmentPolicy) { p.ID = "00pOther" }, false},
		"a setting fewer": {func(p *oktaclient.EnrollmentPolicy) { p.Settings = p.Settings[:4] }, false},
	} {
		other := base
		other.Settings = slices.Clone(base.Settings)
		c.change(&other)
		if same := fingerprint(base) == fingerprint(other); same != c.same {
			t.Errorf("%s: same fingerprint: %t", name, same)
		}
	}
}

func TestMethodsAreMarkedByThePolicy(t *testing.T) {
	a := CompileRules(enrollPolicies()).Of("00u1", func(id string) bool { return id == "00gOps" })
	methods := methodsOf("sms webauthn push brain_wave")
	a.Mark(methods)
	for i, want := range []string{"NOT_ALLOWED", "REQUIRED", "", ""} {
		if methods[i].Allowed != want {
			t.Errorf("%s: %q, want %q", methods[i].Name, methods[i].Allowed, want)
		}
	}
	var unknown *Applied
	unknown.Mark(methods)
	if methods[0].Allowed != "" {
		t.Error("policies that could not be read still forbid something")
	}
	var unread *Rules
	if unread.Of("00u1", nil) != nil || unread.Groups() != nil || CompileRules(nil).Of("00u1", nil) != nil {
		t.Error("policies that could not be read apply")
	}
}
