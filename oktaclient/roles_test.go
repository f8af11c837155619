package oktaclient

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"okta-entitlements-mcp/internal/untrusted"
)

func TestRoleHoldersAreReadByCursorWhereverTheLinkStands(t *testing.T) {
	s := (&script{}).
		then(200, `{"value":[{"id":"00u1","orn":"orn:okta:directory:00o1:users:00u1","_links":{}},{"id":"00u2"}],
"_links":{"next":{"href":"https://evil.example/api/v1/iam/assignees/users?after=C1&limit=100"}}}`).
		then(200, `{"value":[{"id":"00u3"}]}`, "Link",
			`<https://acme-admin.okta.com/api/v1/iam/assignees/users?after=C2>; rel="next"`).
		then(200, `{"value":[],"_links":{"self":{"href":"x"}}}`)
	c, _ := connect(t, s)
	if got := collect(t, c.RoleHolders(t.Context())); !slices.Equal(got, []string{"00u1", "00u2", "00u3"}) {
		t.Errorf("role holders are %v", got)
	}
	s.check(t, "GET /api/v1/iam/assignees/users?limit=100", "GET /api/v1/iam/assignees/users?after=C1&limit=100",
		"GET /api/v1/iam/assignees/users?after=C2&limit=100")
	for _, body := range []string{`{}`, `{"value":null}`, `{"users":[]}`, `[{"id":"00u1"}]`,
		`{"value":[{"orn":"x"}]}`, `{"value":[],"_links":{"next":{"href":"https://acme.okta.com/x"}}}`} {
		err := believed(t, body, func(ctx context.Context, c *Client) error { return firstError(c.RoleHolders(ctx)) })
		if !errors.Is(err, ErrBadAnswer) {
			t.Errorf("%s gave %v", body, err)
		}
	}
}

func TestRolesOfUsersAndGroups(t *testing.T) {
	const custom = `{"id":"cr01","type":"CUSTOM","label":"Desk \"2\"","status":"ACTIVE","assignmentType":"GROUP",
"resource-set":"iam1","role":"cr0","_links":{}}`
	s := (&script{}).then(200, `[{"id":"ra1","type":"SUPER_ADMIN","label":"Super Administrator","status":"ACTIVE",
"assignmentType":"USER"},`+custom+`]`).then(200, "["+custom+"]").then(200, "[]")
	c, _ := connect(t, s)
	desk := Role{
		Type:       "CUSTOM",
		Label:      untrusted.New(`Desk "2"`),
		Status:     "ACTIVE",
		Assignment: "GROUP",
	}
	if got, err := c.UserRoles(t.Context(), "00u1"); err != nil || !reflect.DeepEqual(got, []Role{{
		Type:       "SUPER_ADMIN",
		Label:      untrusted.New("Super Administrator"),
		Status:     "ACTIVE",
		Assignment: "USER",
	}, desk}) {
		t.Errorf("roles are %+v, %v", got, err)
	}
	if got, err := c.GroupRoles(t.Context(), "00g1"); err != nil || !reflect.DeepEqual(got, []Role{desk}) {
		t.Errorf("roles of the group are %+v, %v", got, err)
	}
	if got, err := c.GroupRoles(t.Context(), "00g2"); err != nil || len(got) != 0 {
		t.Errorf("roles of a plain group are %+v, %v", got, err)
	}
	s.check(t, "GET /api/v1/users/00u1/roles", "GET /api/v1/groups/00g1/roles", "GET /api/v1/groups/00g2/roles")
}
