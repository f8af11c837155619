package contract

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/oktaclient"
)

// exerciseAudit calls every method that an audit reads with, each in a way that brings a full answer.
func exerciseAudit(t *testing.T, w *world) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	outfit(w)
	for i := range 150 { // role holders come 100 a page
		w.tenant.GiveRole(w.tenant.AddUser(oktasim.NewUser{Email: fmt.Sprintf("admin%d@acme.example.com", i)}),
			"HELP_DESK_ADMIN")
	}
	collect(t, w.client.Everybody(ctx))
	collect(t, w.client.FindAccounts(ctx, "profile.lastName eq "+oktaclient.Quote("O'Neil")))
	_, err := w.client.Account(ctx, w.ann)
	must(err)
	collect(t, w.client.Groups(ctx, ""))
	collect(t, w.client.Groups(ctx, "profile.name eq "+oktaclient.Quote("Staff")))
	_, err = w.client.Authenticators(ctx)
	must(err)
	for _, id := range []string{w.ann, w.bob} {
		_, err = w.client.Factors(ctx, id)
		must(err)
		_, err = w.client.Enrollments(ctx, id)
		must(err)
		_, err = w.client.UserRoles(ctx, id)
		must(err)
		_, err = w.client.UserGroups(ctx, id)
		must(err)
	}
	_, err = w.client.EnrollmentPolicies(ctx)
	must(err)
	collect(t, w.client.RoleHolders(ctx))
	_, err = w.client.GroupRoles(ctx, w.group)
	must(err)
	for _, newestFirst := range []bool{false, true} {
		collect(t, w.client.Log(ctx, oktaclient.LogQuery{Since: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour),
			Descending: newestFirst,
			Filter:     `eventType eq "user.mfa.factor.activate" or target.id eq ` + oktaclient.Quote(w.bob)}))
	}
	// Refusals are answers too.
	_, _ = w.client.Factors(ctx, "00uNoSuchUser0000000")
	_, _ = w.client.Enrollments(ctx, "00uNoSuchUser0000000")
	_, _ = w.client.UserRoles(ctx, "00uNoSuchUser0000000")
	_, _ = w.client.UserGroups(ctx, "00uNoSuchUser0000000")
	_, _ = w.client.GroupRoles(ctx, "00gNoSuchGroup000000")
}

// outfit gives Ann one factor of every kind, a policy and a role to the staff, and a role and events to Bob.
func outfit(w *world) {
	for _, kind := range []string{"push", "signed_nonce", "sms", "call", "question", "webauthn", "u2f",
		"token:software:totp", "token:hotp", "token:hardware", "web"} {
		w.tenant.Enroll(w.ann, kind, "")
	}
	w.tenant.AddAuthenticator("custom_otp", "security_key", "Desk token", "ACTIVE")
	policy := w.tenant.AddEnrollmentPolicy("Staff policy", []string{w.group}, map[string]string{
		"okta_password": oktaclient.EnrollRequired, "okta_verify": oktaclient.EnrollRequired, "webauthn": oktaclient.EnrollOptional}, 1)
	w.tenant.AddEnrollmentRule(policy, oktasim.EnrollmentRule{
		Name:         "Everywhere",
		Self:         "LOGIN",
		ExcludeUsers: []string{w.bob},
	})
	w.tenant.AddEnrollmentRule(policy, oktasim.EnrollmentRule{
		Name:     "Office",
		Self:     "NEVER",
		ZonesIn:  []string{"nzo1"},
		Priority: 1,
	})
	w.tenant.GiveRole(w.bob, "SUPER_ADMIN")
	w.tenant.GiveRole(w.bob, "Desk of the night")
	w.tenant.GiveGroupRole(w.group, "HELP_DESK_ADMIN")
	w.tenant.AddEvent(oktasim.Event{
		Type:   "user.mfa.okta_verify.deny_push",
		UserID: w.bob,
		Result: "FAILURE",
		Reason: "denied",
		Debug:  map[string]any{"factor": "OKTA_VERIFY_PUSH"},
	})
	w.tenant.AddEvent(oktasim.Event{Type: "security.authenticator.lifecycle.update"}) // no target
}

func TestAuditReadsWhatTheTenantHolds(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 40}, nil)
	synctest.Test(t, func(t *testing.T) {
		ctx, start := t.Context(), time.Now()
		outfit(w)
		w.tenant.SetUserProfile(w.ann, "managerId", "00uBoss")
		w.tenant.SetUserProfile(w.ann, "userType", "Contractor")
		ann, err := w.client.Account(ctx, w.ann)
		if err != nil || ann.ID != w.ann || ann.ManagerID.Raw() != "00uBoss" || ann.UserType.Raw() != "Contractor" ||
			ann.Created.IsZero() || ann.Activated.IsZero() || !ann.LastLogin.IsZero() {
			t.Errorf("ann is %+v, %v", ann, err)
		}
		factors, err := w.client.Factors(ctx, w.bob)
		if err != nil || len(factors) != len(w.tenant.Factors(w.bob)) {
			t.Errorf("bob's factors are %+v, %v", factors, err)
		}
		if factors, err = w.client.Factors(ctx, w.ann); err != nil {
			t.Error(err)
		}
		var kinds []string
		for _, f := range factors {
			kinds = append(kinds, f.Type)
			if f.ID == "" || f.Status != "ACTIVE" || f.Provider == "" || f.Created.Before(start) {
				t.Errorf("factor is %+v", f)
			}
		}
		// The staff's policy hides what it does not allow.
		for _, kind := range []string{"push", "signed_nonce", "webauthn"} {
			if !slices.Contains(kinds, kind) {
				t.Errorf("%s is missing from %v", kind, kinds)
			}
		}
		if slices.Contains(kinds, "sms") {
			t.Errorf("the policy does not hide sms from %v", kinds)
		}
		enrollments, err := w.client.Enrollments(ctx, w.ann)
		has := map[string]bool{}
		for _, e := range enrollments {
			has[e.Key] = e.ID != "" && e.Type != "" && e.Status == "ACTIVE" && !e.Created.IsZero()
		}
		if err != nil || !has["okta_password"] || !has["okta_verify"] || !has["phone_number"] || !has["webauthn"] ||
			!has["security_question"] {
			t.Errorf("enrollments are %+v, %v", enrollments, err)
		}
		authenticators, err := w.client.Authenticators(ctx)
		if err != nil || !slices.ContainsFunc(authenticators, func(a oktaclient.Authenticator) bool {
			return a.Key == "custom_otp" && a.Name.Raw() == "Desk token" && a.Status == "ACTIVE" && a.ID != ""
		}) {
			t.Errorf("authenticators are %+v, %v", authenticators, err)
		}
		if g := collect(t, w.client.Groups(ctx, "profile.name eq "+oktaclient.Quote("staff"))); len(g) != 1 ||
			g[0].ID != w.group || g[0].MembershipUpdated.IsZero() {
			t.Errorf("groups are %+v", g)
		}
	})
}

func TestPoliciesAndRolesAreReadAsTheTenantHoldsThem(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 41}, nil)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		outfit(w)
		off := w.tenant.AddEnrollmentPolicy("Off", []string{w.group}, nil, 2)
		w.tenant.SwitchEnrollmentPolicy(off, false)
		policies, err := w.client.EnrollmentPolicies(ctx)
		if err != nil || len(policies) != 3 {
			t.Fatalf("policies are %+v, %v", policies, err)
		}
		staff, last := policies[0], policies[2]
		if staff.Name.Raw() != "Staff policy" || staff.Priority != 1 || staff.System ||
			!slices.Equal(staff.Groups, []string{w.group}) || staff.Updated.IsZero() {
			t.Errorf("first policy is %+v", staff)
		}
		self := map[string]string{}
		for _, s := range staff.Settings {
			self[s.Key] = s.Self
			if s.Key == "custom_otp" && s.ID == "" {
				t.Errorf("setting without an id: %+v", s)
			}
		}
		if self["okta_verify"] != oktaclient.EnrollRequired || self["webauthn"] != oktaclient.EnrollOptional ||
			self["phone_number"] != oktaclient.EnrollNotAllowed || self["custom_otp"] != oktaclient.EnrollNotAllowed {
			t.Errorf("settings are %v", self)
		}
		if r := staff.Rules; len(r) != 2 || r[0].Name.Raw() != "Office" || r[0].Network != "ZONE" || r[0].Enroll != "NEVER" ||
			r[1].Name.Raw() != "Everywhere" || r[1].Enroll != "LOGIN" || !slices.Equal(r[1].Excluded, []string{w.bob}) {
			t.Errorf("rules are %+v", r)
		}
		if policies[1].ID != off || policies[1].Status != "INACTIVE" || len(policies[1].Rules) != 0 {
			t.Errorf("second policy is %+v", policies[1])
		}
		if !last.System || last.ID != w.tenant.DefaultEnrollmentPolicy() || len(last.Rules) == 0 {
			t.Errorf("last policy is %+v", last)
		}
		if holders := collect(t, w.client.RoleHolders(ctx)); !slices.Contains(holders, w.bob) {
			t.Errorf("role holders are %v", holders)
		}
		if r, err := w.client.UserRoles(ctx, w.bob); err != nil || len(r) != 2 || r[0].Type != "SUPER_ADMIN" ||
			r[0].Assignment != "USER" || r[1].Type != "CUSTOM" {
			t.Errorf("bob's roles are %+v, %v", r, err)
		}
		if r, err := w.client.UserRoles(ctx, w.ann); err != nil || len(r) != 1 || r[0].Type != "HELP_DESK_ADMIN" ||
			r[0].Assignment != "GROUP" || r[0].Status != "ACTIVE" {
			t.Errorf("ann's roles are %+v, %v", r, err)
		}
		if groups, err := w.client.UserGroups(ctx, w.ann); err != nil ||
			!slices.ContainsFunc(groups, func(g oktaclient.Group) bool { return g.ID == w.group }) {
			t.Errorf("ann's groups are %+v, %v", groups, err)
		}
		before, err1 := w.client.UserGroups(ctx, w.bob)
		for i := range 250 { // more than a page
			w.tenant.AddGroup(fmt.Sprint("Team ", i), w.bob)
		}
		if after, err := w.client.UserGroups(ctx, w.bob); err1 != nil || err != nil || len(after) != len(before)+250 {
			t.Errorf("bob is in %d groups, before in %d: %v, %v", len(after), len(before), err1, err)
		}
		if r, err := w.client.GroupRoles(ctx, w.group); err != nil || len(r) != 1 || r[0].Type != "HELP_DESK_ADMIN" {
			t.Errorf("the group's roles are %+v, %v", r, err)
		}
	})
}

func TestFactorsOfAClassicPolicyReadAsAuthenticators(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 42, Classic: true}, nil)
	synctest.Test(t, func(t *testing.T) {
		w.tenant.AddEnrollmentPolicy("Staff policy", []string{w.group},
			map[string]string{"okta_sms": oktaclient.EnrollOptional, "okta_push": oktaclient.EnrollRequired}, 1)
		policies, err := w.client.EnrollmentPolicies(t.Context())
		if err != nil || len(policies) != 2 {
			t.Fatalf("policies are %+v, %v", policies, err)
		}
		self := map[string]string{}
		for _, s := range policies[0].Settings {
			self[s.Key] = s.Self
		}
		if self["phone_number"] != oktaclient.EnrollOptional || self["okta_verify"] != oktaclient.EnrollRequired ||
			self["okta_sms"] != "" {
			t.Errorf("settings are %v", self)
		}
		if _, err := w.client.Enrollments(t.Context(), w.ann); !errors.Is(err, oktaclient.ErrFeatureOff) {
			t.Errorf("enrollments of a classic org gave %v", err)
		}
	})
}

func TestEverybodyLeavesOutTheDeprovisionedAndDoesNotLag(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 43, Users: 450, IndexLag: time.Minute}, nil)
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		time.Sleep(2 * time.Minute)
		before := len(collect(t, w.client.Everybody(ctx)))
		gone := w.tenant.CreateUser(oktasim.NewUser{Email: "gone@acme.example.com"})
		w.tenant.SetUserStatus(gone, "DEPROVISIONED")
		fresh := w.tenant.CreateUser(oktasim.NewUser{Email: "fresh@acme.example.com"})
		found := collect(t, w.client.FindAccounts(ctx, "id eq "+oktaclient.Quote(fresh)))
		everybody := collect(t, w.client.Everybody(ctx))
		is := func(id string) func(oktaclient.Account) bool {
			return func(a oktaclient.Account) bool { return a.ID == id }
		}
		if len(found) != 0 || before < 400 || len(everybody) != before+1 || !slices.ContainsFunc(everybody, is(fresh)) ||
			slices.ContainsFunc(everybody, is(gone)) {
			t.Errorf("the search found %d, the list %d, before %d", len(found), len(everybody), before)
		}
	})
}

func TestTheLogIsReadBetweenTwoTimesInBothDirections(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 44}, nil)
	refused := w.tenant.Inject(oktasim.Fault{
		Method:  "GET",
		Pattern: "/api/v1/logs",
		Nth:     3,
		Effect:  oktasim.EffectRejectCursor,
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, since := t.Context(), time.Now()
		const events = 2500
		for i := range events {
			w.tenant.AddEvent(oktasim.Event{
				Type:   "user.mfa.okta_verify.deny_push",
				UserID: w.bob,
				Result: "FAILURE",
				Reason: fmt.Sprintf("push %d", i),
				Debug:  map[string]any{"factor": "OKTA_VERIFY_PUSH"},
			})
			time.Sleep(time.Second)
		}
		q := oktaclient.LogQuery{
			Since:  since,
			Until:  since.Add(events * time.Second),
			Filter: "target.id eq " + oktaclient.Quote(w.bob),
		}
		up := collect(t, w.client.Log(ctx, q))
		if len(up) != events || up[0].Reason.Raw() != "push 0" || !up[0].Published.Equal(since.Truncate(time.Millisecond)) {
			t.Fatalf("read %d events, first %+v", len(up), up[:min(1, len(up))])
		}
		first := up[0]
		if first.Result != "FAILURE" || first.Factor.Raw() != "OKTA_VERIFY_PUSH" || len(first.Targets) != 1 ||
			first.Targets[0].ID != w.bob || first.Targets[0].Type != "User" ||
			first.Targets[0].AlternateID.Raw() != "bob@acme.example.com" {
			t.Errorf("first event is %+v", first)
		}
		q.Descending = true
		down := collect(t, w.client.Log(ctx, q))
		slices.Reverse(down)
		if !slices.EqualFunc(up, down, func(a, b oktaclient.Event) bool { return a.ID == b.ID }) {
			t.Errorf("backwards there are %d events, or others", len(down))
		}
		q = oktaclient.LogQuery{Since: since.Add(10 * time.Second), Until: since.Add(20 * time.Second)}
		if part := collect(t, w.client.Log(ctx, q)); len(part) != 10 || part[0].ID != up[10].ID || part[9].ID != up[19].ID {
			t.Errorf("a part has %d events", len(part))
		}
		q = oktaclient.LogQuery{
			Since:  since.Add(-time.Hour),
			Until:  since,
			Filter: `eventType eq "user.mfa.okta_verify.deny_push"`,
		}
		if none := collect(t, w.client.Log(ctx, q)); len(none) != 0 {
			t.Errorf("an hour before has %d events", len(none))
		}
	})
	if refused.Fired() != 1 {
		t.Error("no cursor was refused")
	}
}

func TestRoleHoldersComeByPages(t *testing.T) {
	w := newWorld(t, oktasim.Options{Seed: 45}, nil)
	want := collect(t, w.client.RoleHolders(t.Context())) // the token's owner
	for i := range 250 {
		id := w.tenant.AddUser(oktasim.NewUser{Email: fmt.Sprintf("admin%d@acme.example.com", i)})
		w.tenant.GiveRole(id, "HELP_DESK_ADMIN")
		want = append(want, id)
	}
	refused := w.tenant.Inject(oktasim.Fault{
		Method:  "GET",
		Pattern: "/api/v1/iam/assignees/users",
		Nth:     2,
		Effect:  oktasim.EffectRejectCursor,
	})
	synctest.Test(t, func(t *testing.T) {
		got := collect(t, w.client.RoleHolders(t.Context()))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("there are %d role holders, want %d", len(got), len(want))
		}
	})
	if refused.Fired() != 1 {
		t.Error("no cursor was refused")
	}
}
