package oktasim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The tests in this file hold the tenant against recorded traffic, Okta's documents and what foreign clients were seen to
// send, one finding each. None is made from what our own client sends.

// Okta's Python SDK 3 sends no space behind the scheme, and works with Okta.
func TestAnAuthorizationWithoutASpaceIsTaken(t *testing.T) {
	d := newCaller(t, Options{})
	for auth, want := range map[string]int{
		"SSWS" + d.tenant.Token(): 200, "ssws" + d.tenant.Token(): 200, "SSWS": 403, "SSWSwrong": 401, d.tenant.Token(): 403,
	} {
		d.auth = auth
		if s := d.get("/api/v1/org"); s.StatusCode != want {
			t.Errorf("%q: %d, want %d", auth, s.StatusCode, want)
		}
	}
}

// Okta's Python SDK 2 ends the paths of its lists with a slash.
func TestAPathMayEndWithASlash(t *testing.T) {
	d := newFixture(t, Options{})
	for _, path := range []string{"/api/v1/users/", "/api/v1/groups/", "/api/v1/apps/", "/api/v1/logs/",
		"/api/v1/apps/" + d.app + "/users/", "/api/v1/groups/" + d.tenant.AddGroup("Crew") + "/users/?limit=5"} {
		d.want(200, "", "GET", path, nil)
	}
	d.want(404, "E0000008", "GET", pathGrants+"/", nil)
}

func TestUnknownPathsAreShown(t *testing.T) {
	d := newCaller(t, Options{})
	d.refusal(d.get("/api/v1/brands?limit=1"), 404, codeUnknownPath)
	if n := d.tenant.CallCount("GET", "(unknown) /api/v1/brands", 404); n != 1 {
		t.Errorf("calls %v", d.tenant.Calls())
	}
}

// Recorded: every stamp of an object ends in .000Z; events have milliseconds.
func TestStampsHaveWholeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(t, Options{MemberLag: -1})
		time.Sleep(400 * time.Millisecond)
		group := d.want(200, "", "POST", "/api/v1/groups", obj{"profile": obj{"name": "Crew"}}).text("id")
		stamps := map[string]bool{}
		for _, user := range d.users[:2] {
			d.want(204, "", "PUT", "/api/v1/groups/"+group+"/users/"+user, nil)
			time.Sleep(100 * time.Millisecond)
			stamps[d.want(200, "", "GET", "/api/v1/groups/"+group, nil).text("lastMembershipUpdated")] = true
		}
		if len(stamps) != 1 {
			t.Errorf("two changes within one second have the stamps %v", stamps)
		}
		for stamp := range stamps {
			if !strings.HasSuffix(stamp, ".000Z") {
				t.Errorf("stamp %s", stamp)
			}
		}
		events := d.list(d.caller.get(logsOf(`eventType eq "group.user_membership.add"`)))
		if len(events) != 2 || events[0]["published"] == events[1]["published"] {
			t.Errorf("events %v", events)
		}
	})
}

// Recorded: PUT of two members answered 204 at second 37; the list was empty at 37, 38 and 39, and whole at 40.
func TestMemberListsLagBehindTheirStamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(t, Options{})
		group := "/api/v1/groups/" + d.tenant.AddGroup("Crew", d.users[2])
		time.Sleep(time.Hour)
		members := func() (ids []string) {
			for _, m := range d.list(d.caller.get(group + "/users?limit=200")) {
				ids = append(ids, m["id"].(string))
			}
			return ids
		}
		stamp := func() string { return d.want(200, "", "GET", group, nil).text("lastMembershipUpdated") }
		before := stamp()
		d.want(204, "", "PUT", group+"/users/"+d.users[0], nil)
		d.want(204, "", "DELETE", group+"/users/"+d.users[2], nil)
		for range 3 {
			if got := members(); !slices.Equal(got, d.users[2:]) || stamp() == before {
				t.Errorf("members %v at the stamp %s", got, stamp())
			}
			time.Sleep(time.Second)
		}
		if got := members(); !slices.Equal(got, d.users[:1]) {
			t.Errorf("members %v after three seconds", got)
		}
	})
}

// Recorded 134 times: Link of GET /users/{id}/groups says limit=200; okta-sdk-java issues 1286 and 1291.
func TestGroupsOfAUserHavePagesOf200(t *testing.T) {
	d := newFixture(t, Options{})
	for i := range 230 {
		d.tenant.AddGroup(fmt.Sprint("Group ", i), d.users[0])
	}
	path := "/api/v1/users/" + d.users[0] + "/groups"
	first := d.caller.get(path)
	if n := len(d.list(first)); n != 200 || !strings.Contains(strings.Join(first.Header.Values("Link"), " "), "?limit=200>") {
		t.Errorf("%d groups, Link %q", n, first.Header.Values("Link"))
	}
	if all, pages := d.all(path); len(all) != 231 || pages != 2 {
		t.Errorf("%d groups on %d pages", len(all), pages)
	}
	if n := d.want(200, "", "GET", path+"?limit=5", nil).size(); n != 5 {
		t.Errorf("%d groups, want 5", n)
	}
}

func TestCursorsThatNeverWereAreRefused(t *testing.T) {
	d := newFixture(t, Options{Users: 20})
	for _, path := range []string{"/api/v1/users", "/api/v1/groups", "/api/v1/apps", "/api/v1/iam/assignees/users",
		"/api/v1/users/" + d.users[0] + "/groups"} {
		d.want(400, "E0000029", "GET", path+"?limit=1&after=nonsense", nil)
	}
	last := d.tenant.userOrder[len(d.tenant.userOrder)-1]
	if n := d.want(200, "", "GET", "/api/v1/users?after="+last, nil).size(); n != 0 {
		t.Errorf("%d users after the last", n)
	}
}

// Okta's documents: a login with a slash cannot be looked up by path.
func TestALoginWithASlashCannotBeLookedUp(t *testing.T) {
	d := newCaller(t, Options{})
	id := d.tenant.AddUser(NewUser{Email: "a@acme.example.com", Login: "a/b@acme.example.com"})
	d.refusal(d.get("/api/v1/users/a%2Fb@acme.example.com"), 404, codeNotFound)
	d.want(200, "GET", "/api/v1/users/"+id, "")
}

// Okta's OpenAPI example of the creation of an entitlement has multiValue true and dataType string.
func TestAMultiValueEntitlementMayHaveTheDataTypeString(t *testing.T) {
	d := newFixture(t, Options{})
	body := with(newEntitlementBody(d.app, "Role", true, "Admin"), "dataType", "string")
	if a := d.want(201, "", "POST", pathEntitlements, body); a.text("dataType") != "string" || a.at("multiValue") != true {
		t.Errorf("created: %s", a.raw)
	}
	list := d.want(200, "", "GET", filtered(pathEntitlements, d.onApp("parent")), nil)
	if list.text("data", 0, "dataType") != "string" {
		t.Errorf("listed: %s", list.raw)
	}
}

// Seen by another client on a preview org: 400, entitlements is missing.
func TestABundleOfNothingIsRefused(t *testing.T) {
	d := newFixture(t, Options{})
	d.want(400, "E0000028", "POST", pathBundles, obj{"name": "Pack", "entitlements": []any{},
		"target": obj{"externalId": d.app, "type": "APPLICATION"}})
}

// Okta's guide to grants: they are applied in the order in which they were granted.
func TestDenyCountsByOrder(t *testing.T) {
	d := newFixture(t, Options{})
	e, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin", "Viewer")
	d.want(201, "", "POST", pathGrants, d.grantBody(kindEntitlement, 0, e, v[0], e, v[1]))
	d.want(201, "", "POST", pathGrants, with(d.grantBody(kindEntitlement, 0, e, v[0]), "action", "DENY"))
	d.inForce(0, v[1])
	d.want(201, "", "POST", pathGrants, d.grantBody(kindEntitlement, 0, e, v[0]))
	d.inForce(0, v[0], v[1])
}

// help.okta.com, limitations of entitlement management: enabling it marks the assignments that are there as Custom.
func TestOptingInMarksAssignmentsAsCustom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(t, Options{OptInLag: 10 * time.Second})
		d.app = d.tenant.AddApp(NewApp{Label: "Old", EMOptIn: "NONE"})
		d.tenant.AssignApp(d.app, d.users[0])
		d.tenant.AssignApp(d.app, d.users[1])
		d.want(202, "", "PATCH", "/governance/api/v2/resources/"+d.tenant.appORN(d.app)+"/entitlement-settings",
			obj{"status": "OPTED_IN"})
		d.want(404, "E0000007", "GET", filtered(pathGrants, d.onApp("target")), nil)
		time.Sleep(time.Minute)
		list := d.want(200, "", "GET", filtered(pathGrants, d.onApp("target")), nil)
		for i := range 2 {
			if list.text("data", i, "grantType") != kindCustom || list.at("data", i, "entitlements") != nil ||
				list.text("data", i, "targetPrincipal", "externalId") != d.users[i] {
				t.Errorf("grant %d: %s", i, list.raw)
			}
		}
		if list.size("data") != 2 {
			t.Errorf("%d grants", list.size("data"))
		}
	})
}

// support.okta.com, Understanding Okta Resource Name; recorded: governance objects say okta in preview orgs, too.
func TestAPreviewOrgHasItsOwnPartition(t *testing.T) {
	d := newFixture(t, Options{Preview: true})
	_, v := d.tenant.AddEntitlement(d.app, "Role", true, "Admin")
	d.tenant.AddGrant(NewGrant{AppID: d.app, UserID: d.users[0], Values: v})
	grant := d.want(200, "", "GET", filtered(pathGrants, d.onApp("target")), nil)
	principal := grant.text("data", 0, "targetPrincipalOrn")
	if principal != "orn:oktapreview:directory:"+d.tenant.OrgID()+":users:"+d.users[0] ||
		!strings.HasPrefix(grant.text("data", 0, "targetResourceOrn"), "orn:oktapreview:idp:") {
		t.Errorf("grant %s", grant.raw)
	}
	revoke := func(principal string) obj {
		return obj{"principalOrn": principal, "actor": "API", "revokeOrns": []any{
			"orn:okta:governance:" + d.tenant.OrgID() + ":entitlement-values:" + v[0]}}
	}
	const path = "/governance/api/v2/revoke-principal-access"
	for _, wrong := range []string{
		strings.Replace(principal, "oktapreview", "okta", 1), strings.Replace(principal, "oktapreview", "nonsense", 1),
		strings.Replace(principal, d.tenant.OrgID(), "00oWRONGORGWRONGORG0", 1),
	} {
		if a := d.want(400, "E0000001", "POST", path, revoke(wrong)); !strings.Contains(a.raw, "Invalid ORN format") {
			t.Errorf("%s: %s", wrong, a.raw)
		}
	}
	d.inForce(0, v...)
	d.want(200, "", "POST", path, revoke(principal))
	d.inForce(0)
}

func TestAssignmentsAreRefusedForRealCauses(t *testing.T) {
	d := newFixture(t, Options{})
	path := "/api/v1/apps/" + d.app + "/users"
	d.want(200, "", "POST", path, obj{"id": d.users[0], "scope": "USER", "credentials": obj{"userName": "Boss"}})
	for name, c := range map[string]struct {
		body obj
		why  string
	}{
		"unknown attribute": {obj{"id": d.users[1], "profile": obj{"nope": 1}}, "'nope' is not defined"},
		"user name taken":   {obj{"id": d.users[1], "credentials": obj{"userName": "boss"}}, "already exists"},
	} {
		if a := d.want(400, "E0000001", "POST", path, c.body); !strings.Contains(a.text("errorCauses", 0, "errorSummary"), c.why) {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	small := d.tenant.AddApp(NewApp{Label: "Small", Licences: 1})
	d.want(200, "", "POST", "/api/v1/apps/"+small+"/users", obj{"id": d.users[0]})
	a := d.want(400, "E0000001", "POST", "/api/v1/apps/"+small+"/users", obj{"id": d.users[1]})
	if !strings.Contains(a.text("errorCauses", 0, "errorSummary"), "licenses") {
		t.Errorf("licences: %s", a.raw)
	}
	d.want(200, "", "POST", "/api/v1/apps/"+small+"/users", obj{"id": d.users[0]}) // who is assigned needs no second licence
	d.want(404, "E0000007", "GET", path+"/"+d.users[1], nil)
}

// Recorded: APP_GROUP beside a name of another type finds nothing; empty descriptions come back as they were sent.
func TestGroupsAsRecorded(t *testing.T) {
	d := newFixture(t, Options{})
	made := d.want(200, "", "POST", "/api/v1/groups", obj{"profile": obj{"name": "Crew", "description": ""}})
	if made.at("profile", "description") != "" {
		t.Errorf("made: %s", made.raw)
	}
	group := "/api/v1/groups/" + made.text("id")
	only := url.Values{"q": {"Crew"}, "filter": {`type eq "APP_GROUP"`}}.Encode()
	if a := d.want(200, "", "GET", "/api/v1/groups?"+only, nil); a.size() != 0 {
		t.Errorf("filter beside q: %s", a.raw)
	}
	put := d.want(200, "", "PUT", group, obj{"profile": obj{"name": "Crew 2"}})
	if put.text("profile", "name") != "Crew 2" || put.at("profile", "description") != nil {
		t.Errorf("put: %s", put.raw)
	}
	if a := d.want(200, "", "GET", "/api/v1/groups/rules", nil); a.size() != 0 {
		t.Errorf("rules: %s", a.raw)
	}
	assigned := d.want(200, "", "PUT", "/api/v1/apps/"+d.app+"/groups/"+made.text("id"), obj{"priority": 4})
	if assigned.at("priority") != 4.0 {
		t.Errorf("assigned: %s", assigned.raw)
	}
}

func TestApplicationsKeepTheSettingsOfTheirKind(t *testing.T) {
	d := newFixture(t, Options{})
	link := obj{"label": "Wiki", "name": "bookmark", "signOnMode": "BOOKMARK",
		"settings": obj{"app": obj{"url": "https://wiki.example.com", "requestIntegration": false}}}
	made := d.want(200, "", "POST", "/api/v1/apps", link)
	if made.text("settings", "app", "url") != "https://wiki.example.com" || made.at("settings", "emOptInStatus") != nil {
		t.Errorf("bookmark: %s", made.raw)
	}
	saml := d.want(200, "", "POST", "/api/v1/apps", obj{"label": "Pay Roll", "signOnMode": "SAML_2_0",
		"settings": obj{"signOn": obj{"audience": "urn:pay"}}})
	if saml.text("name") != "acme_payroll_1" || saml.text("settings", "signOn", "audience") != "urn:pay" ||
		saml.text("settings", "emOptInStatus") != "NONE" || !strings.Contains(saml.text("orn"), ":acme_payroll_1:") {
		t.Errorf("SAML: %s", saml.raw)
	}
	put := d.want(200, "", "PUT", "/api/v1/apps/"+made.text("id"),
		with(with(link, "label", "Wiki 2"), "settings", obj{"app": obj{"url": "https://w2.example.com"}}))
	if put.text("label") != "Wiki 2" || put.text("settings", "app", "url") != "https://w2.example.com" ||
		put.text("status") != "ACTIVE" {
		t.Errorf("put: %s", put.raw)
	}
}

// Recorded 80 of 80 times for rules of other policies; a client that relies on it crashes without.
func TestRulesAlwaysHaveAConditionOnPeople(t *testing.T) {
	d := newFixture(t, Options{})
	path := pathPolicies + "/" + d.tenant.DefaultEnrollmentPolicy() + "/rules"
	a := d.want(200, "", "POST", path, obj{"type": "MFA_ENROLL", "name": "r", "actions": obj{"enroll": obj{"self": "LOGIN"}},
		"conditions": obj{"network": obj{"connection": "ANYWHERE"}}})
	if list, ok := a.at("conditions", "people", "users", "exclude").([]any); !ok || len(list) != 0 {
		t.Errorf("rule: %s", a.raw)
	}
}

// Recorded: 203 reads of one sign-in policy without _embedded, lists with; a default rule of priority 99.
func TestSignInPoliciesAsRecorded(t *testing.T) {
	d := newFixture(t, Options{})
	list := d.want(200, "", "GET", pathPolicies+"?type=ACCESS_POLICY", nil)
	if list.text(0, "_embedded", "resourceType") != "APP" {
		t.Errorf("list: %s", list.raw)
	}
	one := pathPolicies + "/" + list.text(0, "id")
	if a := d.want(200, "", "GET", one, nil); a.at("_embedded") != nil {
		t.Errorf("one: %s", a.raw)
	}
	if a := d.want(200, "", "GET", one+"/rules", nil); a.at(0, "priority") != 99.0 {
		t.Errorf("rules: %s", a.raw)
	}
}

// Recorded: no temporary access code among 2,235 entries of authenticators and policies.
func TestTemporaryAccessCodesAreAnOption(t *testing.T) {
	for _, on := range []bool{false, true} {
		d := newFixture(t, Options{AccessCodes: on})
		for _, path := range []string{pathAuth, pathPolicies + "?type=MFA_ENROLL"} {
			if a := d.want(200, "", "GET", path, nil); strings.Contains(a.raw, `"tac"`) != on {
				t.Errorf("option %v: %s", on, a.raw)
			}
		}
	}
}

// Recorded: an empty password object sets none; a hash makes the provider IMPORT; credentials alone keep the profile.
func TestCredentialsOfUsersAsRecorded(t *testing.T) {
	d := newFixture(t, Options{})
	profile := func(login string) obj {
		return obj{"login": login, "email": login, "firstName": "A", "lastName": "B"}
	}
	empty := d.want(200, "", "POST", "/api/v1/users", obj{"profile": profile("a@acme.example.com"),
		"credentials": obj{"password": obj{}}})
	if empty.at("credentials", "password") != nil || empty.at("passwordChanged") != nil {
		t.Errorf("empty password: %s", empty.raw)
	}
	hashed := d.want(200, "", "POST", "/api/v1/users", obj{"profile": profile("b@acme.example.com"),
		"credentials": obj{"password": obj{"hash": obj{"algorithm": "SHA-256", "value": "x"}},
			"recovery_question": obj{"question": "Who?", "answer": "meatball"}}})
	if hashed.text("credentials", "provider", "type") != "IMPORT" ||
		hashed.text("credentials", "recovery_question", "question") != "Who?" || strings.Contains(hashed.raw, "meatball") {
		t.Errorf("hash: %s", hashed.raw)
	}
	put := d.want(200, "", "PUT", "/api/v1/users/"+d.users[0],
		obj{"credentials": obj{"password": obj{"value": "SuperSecret007"}}})
	if put.text("profile", "email") != "ada@acme.example.com" {
		t.Errorf("put: %s", put.raw)
	}
}

func TestDeactivatedUsersHaveALinkToDelete(t *testing.T) {
	d := newFixture(t, Options{})
	d.tenant.SetUserStatus(d.users[0], statusDeprovisioned)
	a := d.want(200, "", "GET", "/api/v1/users/"+d.users[0], nil)
	if a.text("_links", "delete", "method") != "DELETE" {
		t.Errorf("links: %s", a.raw)
	}
}

// Clients read exp out of the token and ask for a new one when they cannot.
func TestAccessTokensDecode(t *testing.T) {
	s := newService(t, Options{}, false, "okta.users.read")
	for range 20 {
		token := s.ask(s.assertion("k1", nil), "okta.users.read", "").field("access_token")
		parts := strings.Split(token, ".")
		if len(parts) != 3 {
			t.Fatalf("token %q", token)
		}
		for i, part := range parts {
			raw, err := base64.RawURLEncoding.DecodeString(part)
			var v map[string]any
			if err != nil || i < 2 && json.Unmarshal(raw, &v) != nil || i == 2 && len(raw) != 256 {
				t.Fatalf("part %d of %q: %v", i, token, err)
			}
		}
	}
}
