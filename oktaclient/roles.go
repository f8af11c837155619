package oktaclient

import (
	"context"
	"iter"
	"net/http"

	"okta-entitlements-mcp/internal/untrusted"
)

const assigneePage = 100 // Okta API: default of GET /iam/assignees/users; no maximum is documented

// wireAssignees is the list of role holders. Okta API: an envelope unlike any other list's.
type wireAssignees struct {
	Value listOf[wireHolder]
	Links nextLink
}

type wireHolder struct {
	ID string `json:"id"`
}

func (w wireHolder) lacks() string { return idOf(w.ID) }

func (w wireAssignees) lacks() string { return w.Value.lacks() }

// UnmarshalJSON implements json.Unmarshaler; see envelope.
func (w *wireAssignees) UnmarshalJSON(text []byte) error {
	return readList(text, "value", &w.Value, &w.Links)
}

// RoleHolders gives the ids of the users who hold an admin role. Okta API: "all users with role assignments"; it is not
// documented whether somebody who has a role through a group only is among them, so look at the members of groups with
// roles (GroupRoles) too. The links to the next page are never followed: only their cursor is used.
func (c *Client) RoleHolders(ctx context.Context) iter.Seq2[string, error] {
	const pat = "/api/v1/iam/assignees/users"
	return list(ctx, func(id string) string { return id }, func(ctx context.Context, after string) (page[string], error) {
		w, header, err := viaSDK[wireAssignees](ctx, http.MethodGet, pat, nil, func(ctx context.Context) error {
			req := c.conn.sdk.RoleAssignmentAPI.ListUsersWithRoleAssignments(ctx).Limit(assigneePage)
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
		if err != nil {
			return page[string]{}, err
		}
		next, err := nextAfter(header, w.Links.Next.Href)
		if err != nil {
			return page[string]{}, badLink(pat, err)
		}
		return page[string]{items: each(w.Value, func(h wireHolder) string { return h.ID }), next: next}, nil
	})
}

type wireRole struct {
	Type       string `json:"type"`
	Label      string `json:"label"`
	Status     string `json:"status"`
	Assignment string `json:"assignmentType"`
}

func (w wireRole) lacks() string {
	if w.Type == "" {
		return "type"
	}
	return ""
}

func (w wireRole) role() Role {
	return Role{Type: w.Type, Label: untrusted.New(w.Label), Status: w.Status, Assignment: w.Assignment}
}

// UserRoles gives the admin roles of a user. Okta API: those that come from a group are among them, with Assignment GROUP.
func (c *Client) UserRoles(ctx context.Context, userID string) ([]Role, error) {
	const pat = "/api/v1/users/{id}/roles"
	if err := checkID(http.MethodGet, pat, "user id", userID); err != nil {
		return nil, err
	}
	w, _, err := viaSDK[listOf[wireRole]](ctx, http.MethodGet, pat, nil, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.RoleAssignmentAPI.ListAssignedRolesForUser(ctx, userID).Execute()
		return err
	})
	if err != nil {
		return nil, err
	}
	return each(w, wireRole.role), nil
}

// GroupRoles gives the admin roles that every member of a group has.
func (c *Client) GroupRoles(ctx context.Context, groupID string) ([]Role, error) {
	const pat = "/api/v1/groups/{id}/roles"
	if err := checkID(http.MethodGet, pat, "group id", groupID); err != nil {
		return nil, err
	}
	w, _, err := viaSDK[listOf[wireRole]](ctx, http.MethodGet, pat, nil, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.RoleAssignmentAPI.ListGroupAssignedRoles(ctx, groupID).Execute()
		return err
	})
	if err != nil {
		return nil, err
	}
	return each(w, wireRole.role), nil
}
