package oktaclient

import (
	"errors"
	"net/http"
	"testing"
)

func TestNextPageIsFoundInEveryFormOfLink(t *testing.T) {
	cases := []struct {
		lines   []string
		href    string
		want    string
		wantErr bool
	}{
		{nil, "", "", false},
		{[]string{`<https://h/x>; rel="self"`}, "", "", false},
		{[]string{`<https://h/x>; rel="self"`, `<https://h/x?after=A%2C1&limit=2>; rel="next"`}, "", "A,1", false},
		{[]string{`<https://h/x>; rel="self", <https://h/x?q=a,b&after=B>;rel=next`}, "", "B", false},
		{[]string{`<https://h/x?after=C>; title="a, b; rel=self"; rel="next"`}, "", "C", false},
		{[]string{`<https://h/x?limit=2>; rel="next"`}, "", "", true},
		{nil, "https://acme-admin.okta.com/governance/api/v1/grants?after=D", "D", false},
		{nil, "https://acme-admin.okta.com/governance/api/v1/grants", "", true},
		{nil, "://", "", true},
		{[]string{`<broken; rel="next"`, `garbage`}, "", "", false},
	}
	for _, c := range cases {
		got, err := nextAfter(http.Header{"Link": c.lines}, c.href)
		if got != c.want || (err != nil) != c.wantErr {
			t.Errorf("nextAfter(%q, %q) = %q, %v", c.lines, c.href, got, err)
		}
	}
}

const nextA = `<https://acme.okta.com/api/v1/apps?after=A>; rel="next"`

func TestARepeatedCursorEndsTheList(t *testing.T) {
	s := (&script{}).then(200, `[{"id":"0oa1"}]`, "Link", nextA).then(200, `[{"id":"0oa2"}]`, "Link", nextA)
	c, _ := connect(t, s)
	if err := firstError(c.Apps(t.Context(), "")); !errors.Is(err, ErrBadAnswer) {
		t.Errorf("got %v", err)
	}
}

func TestARefusedCursorRestartsTheListOnceWithoutRepeatingItems(t *testing.T) {
	refused := `{"errorCode":"E0000031","errorSummary":"Invalid cursor"}`
	s := (&script{}).then(200, `[{"id":"0oa1"}]`, "Link", nextA).then(400, refused).
		then(200, `[{"id":"0oa1"},{"id":"0oa2"}]`, "Link", nextA).then(200, `[{"id":"0oa3"}]`)
	c, _ := connect(t, s)
	got := collect(t, c.Apps(t.Context(), ""))
	if len(got) != 3 || got[0].ID != "0oa1" || got[1].ID != "0oa2" || got[2].ID != "0oa3" {
		t.Errorf("apps are %+v", got)
	}
	s.check(t, "GET /api/v1/apps?limit=200", "GET /api/v1/apps?after=A&limit=200", "GET /api/v1/apps?limit=200",
		"GET /api/v1/apps?after=A&limit=200")

	s = (&script{}).then(200, `[{"id":"0oa1"}]`, "Link", nextA).then(400, refused).then(200, `[]`, "Link",
		nextA).then(404, refused)
	c, _ = connect(t, s)
	if err := firstError(c.Apps(t.Context(), "")); err == nil {
		t.Error("a cursor refused twice gave no error")
	}
}

func TestPatternsReplaceIDsOfEveryKind(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/users/00u1abcdefABCDEF1d7":                                "/api/v1/users/{id}",
		"/api/v1/users/ann@acme.example.com":                               "/api/v1/users/{id}",
		"/api/v1/users/me":                                                 "/api/v1/users/me",
		"/api/v1/apps/0oa1/users/00u1":                                     "/api/v1/apps/{id}/users/{id}",
		"/governance/api/v1/entitlements/values":                           "/governance/api/v1/entitlements/values",
		"/governance/api/v1/entitlements/esp1/values":                      "/governance/api/v1/entitlements/{id}/values",
		"/governance/api/v2/resources/orn:okta:idp:x/entitlement-settings": "/governance/api/v2/resources/{id}/entitlement-settings",
		"/api/v1/policies/00p1abcdefABCDEF1d7/rules":                       "/api/v1/policies/{id}/rules",
		"/api/v1/policies":                                                 "/api/v1/policies",
		"/api/v1/users/00u1/factors":                                       "/api/v1/users/{id}/factors",
		"/api/v1/users/00u1/authenticator-enrollments":                     "/api/v1/users/{id}/authenticator-enrollments",
		"/api/v1/users/a@x.example/roles":                                  "/api/v1/users/{id}/roles",
		"/api/v1/groups/00g1/roles":                                        "/api/v1/groups/{id}/roles",
		"/api/v1/iam/assignees/users":                                      "/api/v1/iam/assignees/users",
		"/api/v1/authenticators":                                           "/api/v1/authenticators",
		"/api/v1/logs":                                                     "/api/v1/logs",
		"/api/v1/meta/schemas/apps/0oa1abcdefABCDEF1d7/default":            "/api/v1/meta/schemas/apps/{id}/default",
		"/api/v1/principal-rate-limits":                                    "/api/v1/principal-rate-limits",
		"/.well-known/okta-organization":                                   "/.well-known/okta-organization",
	} {
		if got := pattern(path); got != want {
			t.Errorf("pattern(%q) = %q, want %q", path, got, want)
		}
	}
}
