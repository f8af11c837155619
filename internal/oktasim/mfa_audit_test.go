package oktasim

import (
	"slices"
	"testing"
	"time"
)

// listed is what GET …/factors shows of a user, as types.
func (d *fixture) listed(user int) (kinds []string) {
	d.Helper()
	a := d.want(200, "", "GET", d.factors(user), nil)
	for i := range a.size() {
		kinds = append(kinds, a.text(i, "factorType"))
	}
	return kinds
}

func (d *fixture) enrolments(user int) string {
	return "/api/v1/users/" + d.users[user] + "/authenticator-enrollments"
}

func TestAFactorOfAnUnknownTypeIsHiddenByNoPolicy(t *testing.T) {
	for _, classic := range []bool{false, true} {
		d := newFixture(t, Options{Classic: classic})
		d.tenant.AddFactor(d.users[0], "quantum_token", "ACME", "", nil)
		d.tenant.AddFactor(d.users[0], "webauthn", "FIDO", "", nil)
		d.tenant.SetEnrollmentPolicy("", nil, map[string]string{"okta_password": enrollRequired})
		if got := d.listed(0); !slices.Equal(got, []string{"quantum_token"}) {
			t.Errorf("classic %v: factors %v", classic, got)
		}
		if classic {
			continue
		}
		a := d.want(200, "", "GET", d.enrolments(0), nil)
		if a.size() != 4 || a.text(2, "key") != "quantum_token" || a.text(2, "type") != "quantum_token" ||
			a.text(3, "type") != "security_key" {
			t.Errorf("enrolments %s", a.raw)
		}
	}
}

func TestAnOrgWithoutTheFeatureHasNoEnrolments(t *testing.T) {
	d := newFixture(t, Options{NoEnrollments: true})
	d.enrolled(0, "sms")
	d.want(401, "E0000015", "GET", d.enrolments(0), nil)
	if got := d.listed(0); len(got) != 1 {
		t.Errorf("factors %v", got)
	}
	if got := d.want(200, "", "GET", "/.well-known/okta-organization", nil).text("pipeline"); got != "idx" {
		t.Errorf("the org is still Identity Engine, not %s", got)
	}
}

func TestSwitchesReachInsideAPath(t *testing.T) {
	d := newFixture(t, Options{
		FeaturesOff: []string{"/api/v1/users/{id}/authenticator-enrollments"},
		Forbidden:   []string{"/api/v1/users/{id}/factors"},
	})
	d.want(401, "E0000015", "GET", d.enrolments(0), nil)
	d.want(403, "E0000006", "GET", d.factors(0), nil)
	d.want(200, "", "GET", "/api/v1/users/"+d.users[0]+"/roles", nil)
	d.want(200, "", "GET", "/api/v1/users/"+d.users[0], nil)
	d.tenant.SetFeature("/api/v1/users/{id}/authenticator-enrollments", true)
	d.tenant.SetPermission("/api/v1/users/{id}/factors", true)
	d.want(200, "", "GET", d.enrolments(0), nil)
	d.want(200, "", "GET", d.factors(0), nil)
	d.tenant.SetPermission("/api/v1/iam/", false)
	d.want(403, "E0000006", "GET", "/api/v1/iam/assignees/users", nil)
}

func TestOneUserCanBeUnreadableForEver(t *testing.T) {
	d := newFixture(t, Options{})
	refused := d.tenant.Inject(Fault{Path: d.factors(0), Times: -1, Effect: Effect403})
	broken := d.tenant.Inject(Fault{Method: "GET", Path: d.enrolments(1), Times: -1, Effect: Effect500})
	for range 3 {
		d.want(403, "E0000006", "GET", d.factors(0), nil)
		d.want(200, "", "GET", d.enrolments(0), nil)
		d.want(500, "E0000009", "GET", d.enrolments(1), nil)
		d.want(200, "", "GET", d.factors(1), nil)
		d.want(200, "", "GET", d.factors(2), nil)
	}
	if refused.Fired() != 3 || broken.Fired() != 3 {
		t.Errorf("fired %d and %d times", refused.Fired(), broken.Fired())
	}
}

func TestEnrolmentPoliciesSetBehindTheAPIAreEvaluated(t *testing.T) {
	d := newFixture(t, Options{})
	d.enrolled(0, "sms", "push")
	d.enrolled(1, "sms", "push")
	group := d.tenant.AddGroup("Strong", d.users[0], d.users[1])
	id := d.tenant.AddEnrollmentPolicy("No phones", []string{group}, map[string]string{"okta_password": enrollRequired,
		"okta_verify": enrollRequired}, 1)
	if got := d.listed(0); !slices.Equal(got, []string{"push"}) {
		t.Errorf("masked: %v", got)
	}
	rule := d.tenant.AddEnrollmentRule(id, EnrollmentRule{
		Name:         "At sign-in",
		Self:         "LOGIN",
		ExcludeUsers: []string{d.users[1]},
	})
	if one, two := d.listed(0), d.listed(1); len(one) != 1 || len(two) != 2 {
		t.Errorf("the excluded one falls to the next policy: %v, %v", one, two)
	}
	a := d.want(200, "", "GET", pathPolicies+"/"+id+"/rules/"+rule, nil)
	if a.text("actions", "enroll", "self") != "LOGIN" ||
		a.text("conditions", "people", "users", "exclude", 0) != d.users[1] {
		t.Errorf("rule: %s", a.raw)
	}
	d.tenant.SetEnrollmentPolicy(id, nil, map[string]string{"okta_password": enrollRequired,
		"phone_number": enrollOptional})
	if got := d.listed(0); !slices.Equal(got, []string{"sms"}) {
		t.Errorf("after the change: %v", got)
	}
	second := d.tenant.AddEnrollmentPolicy("All", []string{group}, map[string]string{"okta_password": enrollRequired,
		"okta_verify": enrollOptional, "phone_number": enrollOptional}, 2)
	d.tenant.RankEnrollmentPolicy(second, 1)
	if got := d.listed(0); len(got) != 2 {
		t.Errorf("ranked first: %v", got)
	}
	d.tenant.SwitchEnrollmentPolicy(second, false)
	d.tenant.DeleteEnrollmentPolicy(id)
	if got := d.want(200, "", "GET", pathPolicies+"?type=MFA_ENROLL", nil); got.size() != 2 || len(d.listed(0)) != 2 {
		t.Errorf("left: %s", got.raw)
	}
	for kind, n := range map[string]int{
		"policy.lifecycle.create": 2, "policy.lifecycle.update": 2, "policy.lifecycle.deactivate": 1,
		"policy.lifecycle.delete": 1, "policy.rule.add": 1,
	} {
		if got := d.kinds(logsOf(`eventType eq "` + kind + `" and target.type eq "PolicyEntity"`)); len(got) != n {
			t.Errorf("%s: %d events, want %d", kind, len(got), n)
		}
	}
}

func TestWhatACallerSeesDependsOnTheCallersZone(t *testing.T) {
	d := newFixture(t, Options{})
	d.enrolled(0, "sms", "push")
	group := d.tenant.AddGroup("Staff", d.users[0])
	id := d.tenant.AddEnrollmentPolicy("In the office", []string{group}, map[string]string{"okta_password": enrollRequired,
		"okta_verify": enrollOptional}, 1)
	d.tenant.AddEnrollmentRule(id, EnrollmentRule{Name: "Office", ZonesIn: []string{"nzo1"}, ZonesOut: []string{"nzo2"}})
	for zone, want := range map[string]int{"": 2, "nzo1": 1, "nzo2": 2, "nzo3": 2} {
		d.tenant.SetCallerZone(zone)
		if got := d.listed(0); len(got) != want {
			t.Errorf("from zone %q: %v, want %d", zone, got, want)
		}
		if n := d.want(200, "", "GET", d.enrolments(0), nil).size(); n != 4 {
			t.Errorf("from zone %q: %d enrolments, want all 4", zone, n)
		}
	}
}

func TestClassicPoliciesSpeakOfFactors(t *testing.T) {
	d := newFixture(t, Options{Classic: true})
	d.enrolled(0, "sms", "call", "push")
	list := d.want(200, "", "GET", pathPolicies+"?type=MFA_ENROLL", nil)
	if list.text(0, "settings", "type") != "FACTORS" ||
		list.text(0, "settings", "factors", "okta_sms", "enroll", "self") != enrollOptional ||
		list.text(0, "settings", "factors", "okta_sms", "consent", "type") != "NONE" ||
		list.at(0, "settings", "authenticators") != nil {
		t.Fatalf("default policy: %s", list.raw)
	}
	if got := d.listed(0); len(got) != 3 {
		t.Errorf("the default policy allows all: %v", got)
	}
	group := d.tenant.AddGroup("Staff", d.users[0])
	body := obj{"type": "MFA_ENROLL", "name": "Texts only",
		"conditions": obj{"people": obj{"groups": obj{"include": []string{group}}}},
		"settings": obj{"type": "FACTORS",
			"factors": obj{"okta_sms": obj{"enroll": obj{"self": enrollRequired}, "consent": obj{"type": "NONE"}}}}}
	made := d.want(200, "", "POST", pathPolicies, body)
	if made.text("settings", "factors", "okta_sms", "enroll", "self") != enrollRequired ||
		made.text("settings", "factors", "okta_push", "enroll", "self") != enrollNotAllowed {
		t.Errorf("made: %s", made.raw)
	}
	if got := d.listed(0); !slices.Equal(got, []string{"sms"}) {
		t.Errorf("masked: %v", got)
	}
	d.want(400, "E0000001", "POST", pathPolicies,
		with(with(body, "name", "X"), "settings",
			obj{"factors": obj{"tea_leaves": obj{"enroll": obj{"self": enrollRequired}}}}))
	d.tenant.SetEnrollmentPolicy(made.text("id"), nil, map[string]string{"okta_call": enrollOptional})
	if got := d.listed(0); !slices.Equal(got, []string{"call"}) {
		t.Errorf("after the change: %v", got)
	}
}

func TestReadingFactorsOfMadeUpPeopleChangesNothingAndWritingKeepsThem(t *testing.T) {
	d := newFixture(t, Options{Seed: 3, Users: 60})
	read := func(id string) string {
		return d.want(200, "", "GET", "/api/v1/users/"+id+"/factors", nil).raw
	}
	changed := 0
	for _, id := range d.tenant.userOrder[1:61] {
		before := read(id)
		if read(id) != before {
			t.Fatalf("%s reads differently the second time", id)
		}
		had := d.tenant.Factors(id)
		d.tenant.Enroll(id, "web", "")
		if got := d.tenant.Factors(id); !slices.Equal(got, append(had, "web")) {
			t.Fatalf("%s had %v and has %v", id, had, got)
		}
		if len(had) > 0 && d.tenant.users[id].status != statusDeprovisioned {
			changed++
			d.want(204, "", "DELETE", "/api/v1/users/"+id+"/factors/"+d.want(200, "", "GET", "/api/v1/users/"+id+"/factors",
				nil).text(0, "id"), nil)
		}
	}
	if changed < 30 {
		t.Errorf("only %d people had factors", changed)
	}
}

func TestSeededPeopleHaveAWorkingLife(t *testing.T) {
	d := newCaller(t, Options{Seed: 5, Users: 1000})
	people, _ := d.all("/api/v1/users?limit=200")
	ids, seen := map[any]bool{}, map[string]int{}
	for _, u := range people {
		ids[u["id"]] = true
	}
	for _, u := range people {
		p := u["profile"].(map[string]any)
		for _, name := range []string{"department", "title", "userType", "manager", "managerId"} {
			if p[name] != nil {
				seen[name]++
			}
		}
		if p["userType"] != nil {
			seen[p["userType"].(string)]++
		}
		if p["managerId"] == u["id"] {
			t.Errorf("%v manages itself", u["id"])
		}
		if u["status"] == statusDeprovisioned {
			t.Errorf("%v is deactivated", u["id"])
		}
		if u["lastLogin"] == nil {
			seen["never"]++
			continue
		}
		at, err := time.Parse(time.RFC3339, u["lastLogin"].(string))
		made, _ := time.Parse(time.RFC3339, u["created"].(string))
		if err != nil || at.After(time.Now()) || at.Before(made) {
			t.Errorf("last login %v, created %v", u["lastLogin"], u["created"])
		}
		if time.Since(at) < 15*24*time.Hour {
			seen["recently"]++
		}
	}
	n := len(people)
	if seen["department"] != n || seen["title"] != n || seen["userType"] < n-1 || seen["Contractor"] == 0 ||
		seen["never"] == 0 || seen["recently"] < n/2 {
		t.Errorf("of %d people: %v", n, seen)
	}
	if seen["managerId"] < n/2 || seen["manager"] <= seen["managerId"] || seen["manager"] == n {
		t.Errorf("managers: %v", seen)
	}
}
