package oktaclient

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/untrusted"
)

const userBody = `{"id":"00u1","status":"ACTIVE","lastLogin":null,"profile":{"login":"a@x.example",
"email":"a@x.example","firstName":"Ann","lastName":null,"employeeNumber":"7"}}`

func TestUserSearchReadsAllPagesByCursorOnly(t *testing.T) {
	s := (&script{}).
		then(200, "["+userBody+"]", "Link", `<https://acme.okta.com/api/v1/users?limit=200>; rel="self"`, "Link",
			`<https://evil.example/api/v1/users?after=00u1&limit=200>; rel="next"`).
		then(200, `[{"id":"00u2","profile":{}}]`)
	c, _ := connect(t, s)
	users := collect(t, c.Users(t.Context(), `profile.email eq `+Quote(`a"x@x.example`)))
	s.check(t,
		`GET /api/v1/users?limit=200&search=profile.email+eq+%22a%5C%22x%40x.example%22`,
		`GET /api/v1/users?after=00u1&limit=200&search=profile.email+eq+%22a%5C%22x%40x.example%22`)
	want := User{
		ID:             "00u1",
		Status:         "ACTIVE",
		Login:          untrusted.New("a@x.example"),
		Email:          untrusted.New("a@x.example"),
		FirstName:      untrusted.New("Ann"),
		EmployeeNumber: untrusted.New("7"),
	}
	if len(users) != 2 || users[0] != want || users[1].ID != "00u2" {
		t.Errorf("users are %+v", users)
	}
	if got := s.headers[0].Values("Authorization"); !reflect.DeepEqual(got, []string{"SSWS 00aTestToken"}) {
		t.Errorf("authorization is %q", got)
	}
	if got := s.headers[0].Get("User-Agent"); got != "tests/1" {
		t.Errorf("user agent is %q", got)
	}
}

func TestSDKCallsKeepThePortAndTheFieldsThatItsModelsLose(t *testing.T) {
	s := (&script{}).then(200, `{"id":"0oa1","orn":"orn:okta:idp:00o1:apps:oidc_client:0oa1","name":"oidc_client",
"label":"HR","status":"ACTIVE","signOnMode":"SOMETHING_NEW","features":["PUSH_NEW_USERS"],
"settings":{"emOptInStatus":"ENABLED"}}`)
	var host string
	c, _, err := Connect(t.Context(), Options{
		BaseURL:     "http://127.0.0.1:8081",
		Credentials: tokenCredentials(),
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			host = r.URL.Scheme + "://" + r.URL.Host
			return s.RoundTrip(r)
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	app, err := c.App(t.Context(), "0oa1")
	want := App{
		ID:       "0oa1",
		Name:     "oidc_client",
		Label:    untrusted.NewStored("HR"),
		Status:   "ACTIVE",
		ORN:      "orn:okta:idp:00o1:apps:oidc_client:0oa1",
		EMOptIn:  "ENABLED",
		Features: []string{"PUSH_NEW_USERS"},
	}
	if err != nil || !reflect.DeepEqual(app, want) {
		t.Errorf("app is %+v, %v", app, err)
	}
	if host != "http://127.0.0.1:8081" {
		t.Errorf("called %s", host)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSDKSettingsOutsideTheProgramAreIgnored(t *testing.T) {
	t.Setenv("OKTA_CLIENT_ORGURL", "https://evil.example")
	t.Setenv("OKTA_CLIENT_TOKEN", "leak")
	t.Setenv("OKTA_CLIENT_CACHE_ENABLED", "true")
	t.Setenv("OKTA_CLIENT_PROXY_HOST", "evil.example")
	s := (&script{}).then(200, userBody).then(200, userBody)
	c, _ := connect(t, s)
	for range 2 {
		if _, err := c.User(t.Context(), "a@x.example"); err != nil {
			t.Fatal(err)
		}
	}
	s.check(t, "GET /api/v1/users/a@x.example", "GET /api/v1/users/a@x.example")
}

func TestOrgMeGroupsAndAppUsersGoOutAsOktaDocumentsThem(t *testing.T) {
	s := (&script{}).
		then(200, `{"id":"00o1","pipeline":"idx"}`).then(200,
		`{"id":"00o1","companyName":"Acme","subdomain":"acme","status":"ACTIVE"}`).
		then(200, userBody).
		then(200, `{"id":"00g1","type":"OKTA_GROUP","profile":{"name":"Staff"}}`).
		then(200, "["+userBody+"]").then(200, `[{"id":"0oa1","settings":{"emOptInStatus":"NONE"}}]`).
		then(200, `[{"id":"0oa1"}]`).then(200,
		`[{"id":"00u1","scope":"GROUP","status":"ACTIVE","credentials":{"userName":"a"}}]`).
		then(200, `{"id":"00u1","scope":"USER"}`).then(200, `{"id":"00u1","scope":"USER"}`).then(204, "")
	c, w := connect(t, s)
	org, err := c.Org(t.Context())
	if want := (Org{
		ID:        "00o1",
		Name:      untrusted.New("Acme"),
		Subdomain: "acme",
		Status:    "ACTIVE",
		Pipeline:  "idx",
	}); err != nil || org != want {
		t.Errorf("org is %+v, %v", org, err)
	}
	if me, err := c.Me(t.Context()); err != nil || me.ID != "00u1" {
		t.Errorf("me is %+v, %v", me, err)
	}
	if g, err := c.Group(t.Context(), "00g1"); err != nil || g != (Group{
		ID:   "00g1",
		Name: untrusted.New("Staff"),
		Type: "OKTA_GROUP",
	}) {
		t.Errorf("group is %+v, %v", g, err)
	}
	if m := collect(t, c.GroupMembers(t.Context(), "00g1")); len(m) != 1 {
		t.Errorf("members are %+v", m)
	}
	if a := collect(t, c.GroupApps(t.Context(), "00g1")); len(a) != 1 || a[0].EMOptIn != "NONE" {
		t.Errorf("group apps are %+v", a)
	}
	collect(t, c.Apps(t.Context(), "HR"))
	if u := collect(t, c.AppUsers(t.Context(), "0oa1")); len(u) != 1 || u[0] != (AppUser{
		ID:       "00u1",
		Scope:    "GROUP",
		Status:   "ACTIVE",
		UserName: untrusted.New("a"),
	}) {
		t.Errorf("app users are %+v", u)
	}
	if _, err := c.AppUser(t.Context(), "0oa1", "00u1"); err != nil {
		t.Error(err)
	}
	if _, err := w.AssignUser(t.Context(), "0oa1", "00u1"); err != nil {
		t.Error(err)
	}
	if err := w.AddGroupMember(t.Context(), "00g1", "00u1"); err != nil {
		t.Error(err)
	}
	s.check(t, "GET /.well-known/okta-organization", "GET /api/v1/org", "GET /api/v1/users/me", "GET /api/v1/groups/00g1",
		"GET /api/v1/groups/00g1/users?limit=200", "GET /api/v1/groups/00g1/apps?limit=200",
		"GET /api/v1/apps?limit=200&q=HR",
		"GET /api/v1/apps/0oa1/users?limit=500", "GET /api/v1/apps/0oa1/users/00u1",
		`POST /api/v1/apps/0oa1/users {"id":"00u1","scope":"USER"}`, "PUT /api/v1/groups/00g1/users/00u1")
}

func TestGovernanceCallsGoOutAsOktaDocumentsThem(t *testing.T) {
	next := `"_links":{"next":{"href":"https://acme-admin.okta.com/governance/api/v1/entitlements?after=C1&limit=200"}}`
	s := (&script{}).
		then(200, `{"data":[{"id":"esp1","name":"Role","multiValue":true,"dataType":"array",
"parent":{"externalId":"0oa1"}}],`+next+`}`).then(200, `{"data":[{"id":"esp2"}]}`).
		then(200, `{"id":"esp1","values":[{"id":"ent1","name":"Admin"}]}`).
		then(200, `{"data":[{"id":"ent1","entitlementId":"esp1"}]}`).then(200, `{"data":[{"id":"ent1"}]}`).
		then(200, `{"status":"OPTED_IN"}`).then(200, `{"data":[{"id":"esp1","values":[{"id":"ent1"}]}]}`).
		then(201, `{"id":"esp3","values":[{"id":"ent3","name":"Viewer"}]}`).then(200,
		`{"id":"esp3","values":[{"id":"ent4","name":"Editor"}]}`).
		then(200, `{"data":[]}`)
	c, w := connect(t, s)
	if got := collect(t, c.Entitlements(t.Context(), "0oa1")); len(got) != 2 || got[0].AppID != "0oa1" ||
		!got[0].MultiValue {
		t.Errorf("entitlements are %+v", got)
	}
	if e, err := c.Entitlement(t.Context(), "esp1"); err != nil || len(e.Values) != 1 ||
		e.Values[0].EntitlementID != "esp1" {
		t.Errorf("entitlement is %+v, %v", e, err)
	}
	collect(t, c.EntitlementValues(t.Context(), "0oa1"))
	collect(t, c.ValuesOf(t.Context(), "esp1"))
	if st, err := c.EntitlementSettings(t.Context(), "orn:okta:idp:00o1:apps:oidc_client:0oa1"); err != nil ||
		st.Status != "OPTED_IN" {
		t.Errorf("settings are %+v, %v", st, err)
	}
	if p, err := c.PrincipalEntitlements(t.Context(), "0oa1", "00u1"); err != nil || len(p) != 1 {
		t.Errorf("principal entitlements are %+v, %v", p, err)
	}
	if e, err := w.CreateEntitlement(t.Context(), NewEntitlement{
		AppID:         "0oa1",
		Name:          untrusted.NewStored("Role"),
		ExternalValue: untrusted.NewStored("role"),
		MultiValue:    true,
		Values: []NewValue{{
			Name:          untrusted.NewStored("Viewer"),
			ExternalValue: untrusted.NewStored("v"),
		}},
	}); err != nil || e.Values[0].ID != "ent3" {
		t.Errorf("created %+v, %v", e, err)
	}
	if v, err := w.AddValues(t.Context(), "esp3", []NewValue{{
		Name:          untrusted.NewStored("Editor"),
		ExternalValue: untrusted.NewStored("e"),
	}}); err != nil || v[0].EntitlementID != "esp3" {
		t.Errorf("added %+v, %v", v, err)
	}
	if err := w.RevokeAccess(t.Context(), "orn:okta:directory:00o1:users:00u1",
		[]string{ValueORN("00o1", "ent1")}); err != nil {
		t.Error(err)
	}
	parent := "filter=parent.externalId+eq+%220oa1%22+AND+parent.type+eq+%22APPLICATION%22"
	s.check(t, "GET /governance/api/v1/entitlements?"+parent+"&limit=200",
		"GET /governance/api/v1/entitlements?after=C1&"+parent+"&limit=200",
		"GET /governance/api/v1/entitlements/esp1", "GET /governance/api/v1/entitlements/values?"+parent+"&limit=200",
		"GET /governance/api/v1/entitlements/esp1/values?limit=200",
		"GET /governance/api/v2/resources/orn:okta:idp:00o1:apps:oidc_client:0oa1/entitlement-settings",
		"GET /governance/api/v1/principal-entitlements?"+parent+"+AND+targetPrincipal.externalId+eq+%2200u1%22+AND+targetPrincipal.type+eq+%22OKTA_USER%22",
		`POST /governance/api/v1/entitlements {"name":"Role","externalValue":"role","parent":{"externalId":"0oa1","type":"APPLICATION"},"multiValue":true,"dataType":"array","values":[{"name":"Viewer","externalValue":"v"}]}`,
		`PATCH /governance/api/v1/entitlements/esp3 [{"op":"ADD","path":"/values/-","value":{"name":"Editor","externalValue":"e"},"refType":"ENTITLEMENT-VALUE"}]`,
		`POST /governance/api/v2/revoke-principal-access {"principalOrn":"orn:okta:directory:00o1:users:00u1","actor":"API","revokeOrns":["orn:okta:governance:00o1:entitlement-values:ent1"]}`)
}

func TestGrantsKeepUnknownTypesAndNameExactlyOneResource(t *testing.T) {
	s := (&script{}).
		then(200, `{"data":[{"id":"gra1","grantType":"FUTURE","status":"ACTIVE","action":"ALLOW","actor":"API",
"target":{"externalId":"0oa1"},"targetPrincipal":{"externalId":"00u1"},
"scheduleSettings":{"expirationDate":"2026-12-31T00:00:00Z"},"metadata":{"collection":{"id":"col1"}},
"entitlements":[{"id":"esp1","name":"Role","values":[{"id":"ent1","name":"Admin"}]}]}]}`).
		then(201, `{"id":"gra2","grantType":"ENTITLEMENT","status":"ACTIVE","targetPrincipal":{"externalId":"00u1"}}`)
	c, w := connect(t, s)
	got := collect(t, c.Grants(t.Context(), "0oa1", "00u1"))
	want := []Grant{{
		ID:           "gra1",
		Type:         "FUTURE",
		Status:       "ACTIVE",
		Action:       "ALLOW",
		Actor:        "API",
		AppID:        "0oa1",
		UserID:       "00u1",
		CollectionID: "col1",
		Expires:      time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC),
		Entitlements: []GrantedEntitlement{{ID: "esp1", Values: []string{"ent1"}}},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("grants are %+v", got)
	}
	g, err := w.CreateGrant(t.Context(), NewGrant{
		Type:         GrantEntitlement,
		AppID:        "0oa1",
		UserID:       "00u1",
		Entitlements: []GrantedEntitlement{{ID: "esp1", Values: []string{"ent1"}}},
	})
	if err != nil || g.ID != "gra2" {
		t.Errorf("created %+v, %v", g, err)
	}
	s.check(t, "GET /governance/api/v1/grants?filter=target.externalId+eq+%220oa1%22+AND+target.type+eq+%22APPLICATION%22+AND+targetPrincipal.externalId+eq+%2200u1%22+AND+targetPrincipal.type+eq+%22OKTA_USER%22&include=full_entitlements&include=metadata&limit=200",
		`POST /governance/api/v1/grants {"grantType":"ENTITLEMENT","targetPrincipal":{"externalId":"00u1","type":"OKTA_USER"},"target":{"externalId":"0oa1","type":"APPLICATION"},"action":"ALLOW","actor":"API","entitlements":[{"id":"esp1","values":[{"id":"ent1"}]}]}`)
}

func TestHostileIDsNeverReachTheWire(t *testing.T) {
	s := &script{}
	c, w := connect(t, s)
	for _, bad := range []string{"", "..", "../users", "a/b", `x" or "`, "me", "a?b=c", "a%2Fb", "ü",
		strings.Repeat("a", 200)} {
		_, err1 := c.App(t.Context(), bad)
		_, err2 := w.CreateGrant(t.Context(), NewGrant{
			Type:         GrantCustom,
			AppID:        "0oa1",
			UserID:       bad,
			Entitlements: []GrantedEntitlement{{ID: "esp1", Values: []string{"ent1"}}},
		})
		err3 := firstError(c.Grants(t.Context(), bad, ""))
		_, err4 := c.EntitlementSettings(t.Context(), bad)
		err5 := w.AddGroupMember(t.Context(), "00g1", bad)
		for i, err := range []error{err1, err2, err3, err4, err5} {
			if !errors.Is(err, ErrBadArgument) {
				t.Errorf("%q in call %d gave %v", bad, i+1, err)
			}
		}
	}
	for _, bad := range []string{"", "me", "a/b", "..", "a\nb"} {
		if _, err := c.User(t.Context(), bad); !errors.Is(err, ErrBadArgument) {
			t.Errorf("user %q gave %v", bad, err)
		}
	}
	s.check(t)
}
