package contract

import (
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/untrusted"
	"okta-entitlements-mcp/oktaclient"
)

func TestEveryCallKeepsToOktasDocuments(t *testing.T) {
	management := loadDocument(t, moduleFile(t, "okta/api/openapi.yaml", "list", "-m", "-json", managementModule),
		append(managementPatches(), auditPatches()...))
	governance := loadDocument(t, moduleFile(t, "governance/api/openapi.yaml", "mod", "download", "-json",
		governanceModule), governancePatches())
	var j *judge
	w := newWorld(t, oktasim.Options{
		Seed:  20,
		Users: 450,
	}, func(next http.RoundTripper) http.RoundTripper {
		j = newJudge(next, governance, management)
		return j
	})
	exercise(t, w)
	exerciseAudit(t, w)
	for _, finding := range slices.Sorted(maps.Keys(j.findings)) {
		t.Errorf("%s (%d times)", finding, j.findings[finding])
	}
	for _, operation := range slices.Sorted(maps.Keys(j.unknown)) {
		t.Errorf("no document has %s", operation)
	}
	covered(t, w)
	t.Run("the judge sees what is wrong", func(t *testing.T) { judgeSees(t, governance, management) })
}

// judgeSees shows the judge wrong requests and answers, so that its silence above means something.
func judgeSees(t *testing.T, docs ...*openapi3.T) {
	const grants = "/governance/api/v1/grants"
	cases := []struct{ name, method, path, body, answer string }{
		{"grant without a principal", "POST", grants, `{"grantType":"ENTITLEMENT"}`, `{}`},
		{"grant of an unknown type", "POST", grants,
			`{"grantType":"NEW","targetPrincipal":{"externalId":"00u10000000000000000","type":"OKTA_USER"}}`, `{}`},
		{"list without a filter", "GET", "/governance/api/v1/principal-entitlements", "", `{"data":[]}`},
		{"page size over the maximum", "GET", grants + "?limit=500", "", `{"data":[]}`},
		{"made-up parameter", "GET", "/api/v1/users?query=x", "", `[]`},
		{"answer of another shape", "GET", "/api/v1/users", "", `{"data":[]}`},
		{"status that is no text", "GET", "/api/v1/users", "", `[{"id":"00u1","status":7}]`},
		{"enrollment without a key", "GET", "/api/v1/users/00u10000000000000000/authenticator-enrollments", "",
			`[{"id":"x","type":"phone","status":"ACTIVE"}]`},
		{"enrollment rule with a made-up action", "GET", "/api/v1/policies/00p10000000000000000/rules", "",
			`[{"id":"x","type":"MFA_ENROLL","actions":{"enroll":{"self":"MAYBE"}}}]`},
		{"authenticator without a name", "GET", "/api/v1/authenticators", "",
			`[{"id":"x","key":"tac","type":"tac","status":"ACTIVE"}]`},
		{"policies of no type", "GET", "/api/v1/policies", "", `[]`},
		{"a log since no time", "GET", "/api/v1/logs?since=yesterday", "", `[]`},
		{"role holders without their envelope", "GET", "/api/v1/iam/assignees/users", "", `[{"id":"00u1"}]`},
	}
	for _, c := range cases {
		j := newJudge(fixed(c.answer), docs...)
		req, err := http.NewRequestWithContext(t.Context(), c.method, "https://acme.okta.test"+c.path,
			strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if _, err := j.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		if len(j.findings) == 0 {
			t.Errorf("%s passed", c.name)
		}
	}
}

// fixed is a transport with one answer.
type fixed string

// RoundTrip implements http.RoundTripper.
func (f fixed) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(f))), Request: req}, nil
}

// operations is all that the client can send, but for POST /oauth2/v1/token, which neither document has.
var operations = []string{
	"GET /.well-known/okta-organization", "GET /api/v1/org", "GET /api/v1/users/me", "GET /api/v1/users",
	"GET /api/v1/users/{id}",
	"GET /api/v1/apps", "GET /api/v1/apps/{id}", "GET /api/v1/apps/{id}/users",
	"GET /api/v1/apps/{id}/users/{id}", "POST /api/v1/apps/{id}/users",
	"GET /api/v1/groups/{id}", "GET /api/v1/groups/{id}/users", "GET /api/v1/groups/{id}/apps",
	"PUT /api/v1/groups/{id}/users/{id}",
	"GET /governance/api/v1/entitlements", "GET /governance/api/v1/entitlements/{id}",
	"POST /governance/api/v1/entitlements",
	"PATCH /governance/api/v1/entitlements/{id}", "GET /governance/api/v1/entitlements/values",
	"GET /governance/api/v1/entitlements/{id}/values",
	"GET /governance/api/v1/grants", "POST /governance/api/v1/grants", "GET /governance/api/v1/principal-entitlements",
	"POST /governance/api/v2/revoke-principal-access", "GET /governance/api/v2/resources/{id}/entitlement-settings",
	"GET /api/v1/groups", "GET /api/v1/users/{id}/factors", "GET /api/v1/users/{id}/authenticator-enrollments",
	"GET /api/v1/authenticators",
	"GET /api/v1/policies", "GET /api/v1/policies/{id}/rules", "GET /api/v1/iam/assignees/users",
	"GET /api/v1/users/{id}/roles",
	"GET /api/v1/groups/{id}/roles", "GET /api/v1/users/{id}/groups", "GET /api/v1/logs",
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// covered checks that the tenant served exactly the operations that the client can send, and each with success.
func covered(t *testing.T, w *world) {
	t.Helper()
	served := map[string]bool{}
	for _, c := range w.tenant.Calls() {
		operation := c.Method + " " + parameter.ReplaceAllString(c.Pattern, "{id}")
		served[operation] = served[operation] || c.Status >= 200 && c.Status < 300
	}
	for operation, succeeded := range served {
		if !succeeded {
			t.Errorf("%s was never answered with success", operation)
		}
		if !slices.Contains(operations, operation) {
			t.Errorf("the tenant served %s, which is not on the client's list", operation)
		}
	}
	for _, operation := range operations {
		if !served[operation] {
			t.Errorf("the tenant never served %s", operation)
		}
	}
}

// exercise calls every method of the client once, each in a way that brings a full answer.
func exercise(t *testing.T, w *world) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	_, err := w.client.Org(ctx)
	must(err)
	_, err = w.client.Me(ctx)
	must(err)
	collect(t, w.client.Users(ctx, `status eq "ACTIVE"`))
	_, err = w.client.User(ctx, "ann@acme.example.com")
	must(err)
	app, err := w.client.App(ctx, w.app)
	must(err)
	collect(t, w.client.Apps(ctx, "HR"))
	collect(t, w.client.Apps(ctx, ""))
	_, err = w.client.Group(ctx, w.group)
	must(err)
	collect(t, w.client.GroupMembers(ctx, w.group))
	collect(t, w.client.GroupApps(ctx, w.group))
	collect(t, w.client.AppUsers(ctx, w.app))
	_, err = w.client.AppUser(ctx, w.app, w.ann)
	must(err)
	_, err = w.client.EntitlementSettings(ctx, app.ORN)
	must(err)
	_, err = w.writer.AssignUser(ctx, w.app, w.bob)
	must(err)
	must(w.writer.AddGroupMember(ctx, w.group, w.bob))
	created, err := w.writer.CreateEntitlement(ctx, oktaclient.NewEntitlement{
		AppID:         w.app,
		Name:          untrusted.NewStored("Permission Set"),
		ExternalValue: untrusted.NewStored("permission_set"),
		Description:   untrusted.NewStored("from a report"),
		Values: []oktaclient.NewValue{{
			Name:          untrusted.NewStored("Sales"),
			ExternalValue: untrusted.NewStored("sales"),
			Description:   untrusted.NewStored("selling"),
		}},
	})
	must(err)
	_, err = w.writer.AddValues(ctx, created.ID, []oktaclient.NewValue{{
		Name:          untrusted.NewStored("NA"),
		ExternalValue: untrusted.NewStored("NA"),
	}})
	must(err)
	collect(t, w.client.Entitlements(ctx, w.app))
	_, err = w.client.Entitlement(ctx, created.ID)
	must(err)
	collect(t, w.client.EntitlementValues(ctx, w.app))
	collect(t, w.client.ValuesOf(ctx, w.entitlement))
	collect(t, w.client.Grants(ctx, w.app, w.ann)) // empty
	for _, kind := range []string{oktaclient.GrantCustom, oktaclient.GrantEntitlement} {
		n := w.grant(w.ann, w.values[0])
		n.Type = kind
		_, err = w.writer.CreateGrant(ctx, n)
		must(err)
	}
	bundle := w.tenant.AddBundle(w.app, "Starter", w.values[1])
	w.tenant.AddGrant(oktasim.NewGrant{Type: oktaclient.GrantBundle, UserID: w.ann, Bundle: bundle})
	w.tenant.AddGrant(oktasim.NewGrant{
		Type:   oktaclient.GrantImport,
		AppID:  w.app,
		UserID: w.bob,
		Values: w.values[2:],
	})
	collect(t, w.client.Grants(ctx, w.app, w.ann))
	collect(t, w.client.Grants(ctx, w.app, ""))
	_, err = w.client.PrincipalEntitlements(ctx, w.app, w.ann)
	must(err)
	org := w.tenant.OrgID()
	must(w.writer.RevokeAccess(ctx, "orn:okta:directory:"+org+":users:"+w.ann,
		[]string{oktaclient.ValueORN(org, w.values[0])}))
	// Refusals are answers too.
	_, _ = w.client.App(ctx, "0oaNoSuchApp00000000")
	_, _ = w.client.User(ctx, "nobody@acme.example.com")
	_, _ = w.client.Entitlement(ctx, "espNoSuchEntitlement")
	_, _ = w.writer.CreateGrant(ctx, oktaclient.NewGrant{
		Type:   oktaclient.GrantEntitlement,
		AppID:  w.app,
		UserID: w.ann,
		Entitlements: []oktaclient.GrantedEntitlement{{ID: "espNoSuchEntitlement",
			Values: []string{"entNoSuchValue000000"}}},
	})
}
