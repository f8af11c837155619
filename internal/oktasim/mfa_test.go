package oktasim

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func (d *fixture) factors(user int) string { return "/api/v1/users/" + d.users[user] + "/factors" }

// enrolled adds a person's factors behind the API and returns their ids.
func (d *fixture) enrolled(user int, kinds ...string) []string {
	var ids []string
	for _, kind := range kinds {
		provider := "OKTA"
		if kind == "webauthn" {
			provider = "FIDO"
		}
		ids = append(ids, d.tenant.AddFactor(d.users[user], kind, provider, "", obj{"phoneNumber": "+14155550100"}))
	}
	return ids
}

func (d *fixture) settings(pairs ...string) []any {
	var list []any
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, obj{"key": pairs[i], "enroll": obj{"self": pairs[i+1]}})
	}
	return list
}

func (d *fixture) policy(name, group string, settings []any) obj {
	return obj{
		"type": "MFA_ENROLL", "name": name, "conditions": obj{"people": obj{"groups": obj{"include": []string{group}}}},
		"settings": obj{"type": "AUTHENTICATORS", "authenticators": settings},
	}
}

func TestTheFactorListShowsOnlyWhatTheEnrolmentPolicyAllows(t *testing.T) {
	d := newFixture(t, Options{})
	ids := d.enrolled(0, "sms", "push", "webauthn")
	d.enrolled(1, "sms")
	if a := d.want(200, "", "GET", d.factors(0), nil); a.size() != 3 {
		t.Fatalf("the default policy allows all: %s", a.raw)
	}
	group := d.tenant.AddGroup("Strong", d.users[0])
	made := d.want(200, "", "POST", pathPolicies,
		d.policy("No phones", group, d.settings("okta_password", enrollRequired, "okta_verify", enrollRequired, "webauthn",
			enrollOptional)))
	a := d.want(200, "", "GET", d.factors(0), nil)
	if a.size() != 2 || a.text(0, "factorType") != "push" || a.at(0, "_links", "verify") == nil {
		t.Errorf("masked: %s", a.raw)
	}
	d.want(200, "", "GET", d.factors(0)+"/"+ids[0], nil)
	if a := d.want(200, "", "GET", d.factors(1), nil); a.size() != 1 {
		t.Errorf("others keep theirs: %s", a.raw)
	}
	all := d.want(200, "", "GET", "/api/v1/users/"+d.users[0]+"/authenticator-enrollments", nil)
	var keys []string
	for i := range all.size() {
		keys = append(keys, all.text(i, "key"))
	}
	if want := []string{"okta_password", "okta_email", "phone_number", "okta_verify", "webauthn"}; !slices.Equal(keys,
		want) {
		t.Errorf("enrolments are masked by nothing: %v", keys)
	}
	if number := all.text(2, "profile", "phoneNumber"); !strings.Contains(number, "XXX") {
		t.Errorf("phone number is shown: %s", number)
	}
	d.want(204, "", "POST", pathPolicies+"/"+made.text("id")+"/lifecycle/deactivate", nil)
	if a := d.want(200, "", "GET", d.factors(0), nil); a.size() != 3 {
		t.Errorf("an inactive policy masks nothing: %s", a.raw)
	}
	d.want(404, "E0000007", "GET", "/api/v1/users/00u00000000000000000/factors", nil)
}

func TestFactorsAreEnrolledActivatedAndVerified(t *testing.T) {
	d := newFixture(t, Options{})
	phone := obj{"factorType": "sms", "provider": "OKTA", "profile": obj{"phoneNumber": "+14155550100"}}
	for name, body := range map[string]any{
		"FastPass":   obj{"factorType": "signed_nonce", "provider": "OKTA"},
		"bad number": with(phone, "profile", obj{"phoneNumber": "12"}),
		"no number":  govWithout(phone, "profile"),
		"bad question": obj{"factorType": "question", "provider": "OKTA",
			"profile": obj{"question": "nonsense", "answer": "meatball"}},
		"short answer": obj{"factorType": "question", "provider": "OKTA",
			"profile": obj{"question": "disliked_food", "answer": "x"}},
		"not allowed":   obj{"factorType": "web", "provider": "DUO"},
		"unknown pairs": obj{"factorType": "sms", "provider": "GOOGLE"},
	} {
		if a := d.call("POST", d.factors(0), body); a.status != 400 {
			t.Errorf("%s: got %d %s", name, a.status, a.raw)
		}
	}
	a := d.want(200, "", "POST", d.factors(0), phone)
	id := a.text("id")
	if a.text("status") != "PENDING_ACTIVATION" || !strings.HasPrefix(id, "sms") {
		t.Errorf("enrolled: %s", a.raw)
	}
	one := d.factors(0) + "/" + id
	d.want(200, "", "POST", one+"/resend", nil)
	d.want(403, "E0000038", "POST", one+"/verify", nil)
	d.want(403, "E0000068", "POST", one+"/lifecycle/activate", obj{"passCode": "000000"})
	d.want(200, "", "POST", one+"/lifecycle/activate", obj{"passCode": SimPassCode})
	d.want(403, "E0000016", "POST", one+"/lifecycle/activate", obj{"passCode": SimPassCode})
	d.want(400, "E0000001", "POST", d.factors(0), phone)
	if a := d.want(200, "", "POST", one+"/verify", nil); a.text("factorResult") != "CHALLENGE" {
		t.Errorf("challenge: %s", a.raw)
	}
	d.want(403, "E0000068", "POST", one+"/verify", obj{"passCode": "1"})
	if a := d.want(200, "", "POST", one+"/verify", obj{"passCode": SimPassCode}); a.text("factorResult") != "SUCCESS" {
		t.Errorf("verified: %s", a.raw)
	}
	if a := d.want(200, "", "POST", d.factors(0)+"?activate=true",
		with(phone, "factorType", "call")); a.text("status") != "ACTIVE" {
		t.Errorf("activated at once: %s", a.raw)
	}
	if a := d.want(200, "", "GET", d.factors(0)+"/catalog", nil); !strings.Contains(a.raw, `"status":"NOT_SETUP"`) ||
		strings.Contains(a.raw, "DUO") {
		t.Errorf("catalog: %s", a.raw)
	}
	d.want(204, "", "DELETE", one, nil)
	d.want(404, "E0000007", "GET", one, nil)
	d.want(200, "", "POST", "/api/v1/users/"+d.users[0]+"/lifecycle/reset_factors", nil)
	if got := d.tenant.Factors(d.users[0]); len(got) != 0 {
		t.Errorf("after reset: %v", got)
	}
	if d.tenant.Events("user.mfa.factor.reset_all") != 1 || d.tenant.Events("user.mfa.factor.activate") != 2 ||
		d.tenant.Events("user.mfa.factor.deactivate") != 1 {
		t.Error("each change writes its event")
	}
}

func TestDeletingAPushFactorTakesAllOfOktaVerify(t *testing.T) {
	d := newFixture(t, Options{})
	ids := d.enrolled(0, "push", "token:software:totp", "signed_nonce", "sms")
	d.want(204, "", "DELETE", d.factors(0)+"/"+ids[2], nil)
	if got := d.tenant.Factors(d.users[0]); !slices.Equal(got, []string{"sms"}) {
		t.Errorf("left: %v", got)
	}
	d.tenant.SetUserStatus(d.users[0], statusDeprovisioned)
	d.want(403, "E0000038", "DELETE", d.factors(0)+"/"+ids[3], nil)
}

func TestAPushWaitsForItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(t, Options{})
		id := d.enrolled(0, "push")[0]
		start := func() string {
			a := d.want(201, "", "POST", d.factors(0)+"/"+id+"/verify", obj{"useNumberMatchingChallenge": true})
			if a.text("factorResult") != "WAITING" || a.at("_embedded", "challenge", "correctAnswer") == nil {
				t.Errorf("started: %s", a.raw)
			}
			poll := a.text("_links", "poll", "href")
			return poll[strings.Index(poll, "/api/"):]
		}
		poll := start()
		result := func() string { return d.want(200, "", "GET", poll, nil).text("factorResult") }
		if got := result(); got != "WAITING" {
			t.Errorf("at once: %s", got)
		}
		time.Sleep(5 * time.Second)
		if got := result(); got != "SUCCESS" {
			t.Errorf("answered: %s", got)
		}
		d.tenant.SetPushAnswer(d.users[0], "TIMEOUT")
		poll = start()
		time.Sleep(6 * time.Minute)
		if got := result(); got != "TIMEOUT" {
			t.Errorf("never answered: %s", got)
		}
		time.Sleep(time.Hour)
		d.want(404, "E0000191", "GET", poll, nil)
	})
}

func TestAnEnrolmentPolicyEchoesEveryAuthenticatorAndKeepsTheGracePeriod(t *testing.T) {
	d := newFixture(t, Options{})
	d.want(400, "E0000001", "GET", pathPolicies, nil)
	defaults := d.want(200, "", "GET", pathPolicies+"?type=MFA_ENROLL", nil)
	if defaults.size() != 1 || defaults.at(0, "system") != true {
		t.Fatalf("default policy: %s", defaults.raw)
	}
	group := d.tenant.AddGroup("Staff", d.users...)
	grace := obj{"type": "BY_DATE_TIME", "expiry": "2026-12-31T00:00:00.000Z"}
	body := d.policy("Staff", group, append(d.settings("okta_email", enrollRequired),
		obj{"key": "okta_verify", "enroll": obj{"self": enrollRequired, "gracePeriod": grace}}))
	a := d.want(200, "", "POST", pathPolicies, body)
	if a.at("priority") != 1.0 || a.size("settings", "authenticators") != 7 ||
		!strings.Contains(a.raw, `"gracePeriod":{"expiry":"2026-12-31T00:00:00.000Z","type":"BY_DATE_TIME"}`) {
		t.Errorf("created: %s", a.raw)
	}
	for name, body := range map[string]obj{
		"password and email optional": d.policy("X", group, d.settings("okta_password", enrollOptional)),
		"unknown authenticator": d.policy("X", group, d.settings("okta_password", enrollRequired, "tea_leaves",
			enrollOptional)),
		"unknown setting": d.policy("X", group, d.settings("okta_password", enrollRequired, "webauthn", "MAYBE")),
		"unknown group":   d.policy("X", "00g00000000000000000", d.settings("okta_password", enrollRequired)),
		"name taken":      d.policy("Staff", group, d.settings("okta_password", enrollRequired)),
		"bad grace": d.policy("X", group, append(d.settings("okta_password", enrollRequired),
			obj{"key": "webauthn", "enroll": obj{"self": enrollRequired,
				"gracePeriod": obj{"type": "BY_SKIP_COUNT", "skipCount": 11}}})),
	} {
		if got := d.call("POST", pathPolicies, body); got.status != 400 {
			t.Errorf("%s: got %d %s", name, got.status, got.raw)
		}
	}
	second := d.want(200, "", "POST", pathPolicies,
		d.policy("Admins", group, d.settings("okta_password", enrollRequired))).text("id")
	d.want(200, "", "PUT", pathPolicies+"/"+second,
		with(d.policy("Admins", group, d.settings("okta_password", enrollRequired)), "priority", 9))
	list := d.want(200, "", "GET", pathPolicies+"?type=MFA_ENROLL", nil)
	if list.text(0, "name") != "Staff" || list.text(1, "name") != "Admins" || list.at(2, "system") != true {
		t.Errorf("priorities: %s", list.raw)
	}
	d.want(403, "E0000006", "DELETE", pathPolicies+"/"+defaults.text(0, "id"), nil)
	d.want(403, "E0000086", "POST", pathPolicies+"/"+defaults.text(0, "id")+"/lifecycle/deactivate", nil)
	d.want(204, "", "DELETE", pathPolicies+"/"+second, nil)
	d.want(404, "E0000007", "GET", pathPolicies+"/"+second, nil)
}

func TestPolicyRulesKeepWhatTheyWereGiven(t *testing.T) {
	d := newFixture(t, Options{})
	policy := d.want(200, "", "GET", pathPolicies+"?type=MFA_ENROLL", nil).text(0, "id")
	rules := pathPolicies + "/" + policy + "/rules"
	body := obj{"type": "MFA_ENROLL", "name": "At login", "actions": obj{"enroll": obj{"self": "LOGIN"}},
		"conditions": obj{"network": obj{"connection": "ANYWHERE"},
			"app": obj{"include": []any{obj{"type": "APP", "id": d.app}}}}}
	made := d.want(200, "", "POST", rules, body)
	if made.at("priority") != 1.0 || made.text("conditions", "app", "include", 0, "id") != d.app {
		t.Errorf("created: %s", made.raw)
	}
	d.want(400, "E0000001", "POST", rules, with(body, "actions", obj{}))
	list := d.want(200, "", "GET", rules, nil)
	if list.size() != 2 || list.at(1, "system") != true {
		t.Errorf("the default rule stays last: %s", list.raw)
	}
	d.want(403, "E0000006", "DELETE", rules+"/"+list.text(1, "id"), nil)
	d.want(200, "", "PUT", rules+"/"+made.text("id"), with(body, "name", "Renamed"))
	d.want(204, "", "POST", rules+"/"+made.text("id")+"/lifecycle/deactivate", nil)
	d.want(204, "", "DELETE", rules+"/"+made.text("id"), nil)
}

func TestAuthenticatorsInUseCannotBeTurnedOff(t *testing.T) {
	d := newFixture(t, Options{})
	list := d.want(200, "", "GET", pathAuth, nil)
	ids := map[string]string{}
	for i := range list.size() {
		ids[list.text(i, "key")] = list.text(i, "id")
	}
	if len(list.header.Values("Link")) != 0 {
		t.Error("the list of authenticators has no Link line")
	}
	d.want(403, "E0000148", "POST", pathAuth+"/"+ids["webauthn"]+"/lifecycle/deactivate", nil)
	methods := d.want(200, "", "GET", pathAuth+"/"+ids["okta_verify"]+"/methods", nil)
	if methods.size() != 3 || !strings.Contains(methods.raw, "PHISHING_RESISTANT") {
		t.Errorf("methods: %s", methods.raw)
	}
	d.want(200, "", "GET", pathAuth+"/"+ids["okta_verify"]+"/methods/push", nil)
	d.want(404, "E0000007", "GET", pathAuth+"/"+ids["okta_verify"]+"/methods/sms", nil)
}

func TestATemporaryAccessCodeIsShownOnceAndReplaced(t *testing.T) {
	d := newFixture(t, Options{AccessCodes: true})
	id := d.tenant.mfa.authenticator("tac").id
	path := "/api/v1/users/" + d.users[0] + "/authenticator-enrollments"
	body := obj{"authenticatorId": id, "profile": obj{"ttl": "30", "multiUse": false}}
	first := d.want(200, "", "POST", path+"/tac", body)
	if first.text("profile", "tac") == "" || strings.HasSuffix(first.text("profile", "expiresAt"), "Z") {
		t.Errorf("made: %s", first.raw)
	}
	d.want(400, "E0000001", "POST", path+"/tac", with(body, "profile", obj{"ttl": 5}))
	d.want(400, "E0000001", "POST", path+"/tac", with(body, "authenticatorId", "x"))
	second := d.want(200, "", "POST", path+"/tac", with(body, "profile", obj{"ttl": 60}))
	d.want(404, "E0000007", "GET", path+"/"+first.text("id"), nil)
	if a := d.want(200, "", "GET", path+"/"+second.text("id"), nil); a.at("profile", "tac") != nil {
		t.Errorf("the code shows again: %s", a.raw)
	}
	d.want(204, "", "DELETE", path+"/"+second.text("id"), nil)
	phone := obj{"authenticatorId": d.tenant.mfa.authenticator("phone_number").id,
		"profile": obj{"phoneNumber": "+14155550199"}, "methods": []string{"sms", "voice"}}
	d.want(200, "", "POST", path+"/phone", phone)
	if got := d.tenant.Factors(d.users[0]); !slices.Equal(got, []string{"sms", "call"}) {
		t.Errorf("phone: %v", got)
	}
	classic := newFixture(t, Options{Classic: true})
	classic.want(401, "E0000015", "GET", "/api/v1/users/"+classic.users[0]+"/authenticator-enrollments", nil)
}

func TestSeededPeopleHaveTheSameBelievableFactorsEveryTime(t *testing.T) {
	count := func() map[string]int {
		tenant := New(Options{Seed: 7, Users: 400})
		tenant.mu.Lock()
		defer tenant.mu.Unlock()
		kinds := map[string]int{}
		for _, id := range tenant.userOrder {
			for _, f := range tenant.factorsOf(id) {
				kinds[f.kind]++
			}
			if len(tenant.factorsOf(id)) == 0 {
				kinds["none"]++
			}
		}
		return kinds
	}
	first, second := count(), count()
	for _, kind := range []string{"none", "sms", "push", "webauthn", "signed_nonce", "question"} {
		if first[kind] == 0 || first[kind] != second[kind] {
			t.Errorf("%s: %d and %d of 400 people", kind, first[kind], second[kind])
		}
	}
}
