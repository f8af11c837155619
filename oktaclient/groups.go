package oktaclient

import (
	"context"
	"iter"
	"net/http"
)

const groupPage = 200 // Okta API: what the documentation advises for members

type wireGroup struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
}

// Group reads one group.
func (c *Client) Group(ctx context.Context, id string) (Group, error) {
	const pat = "/api/v1/groups/{id}"
	if err := checkID(http.MethodGet, pat, "group id", id); err != nil {
		return Group{}, err
	}
	w, _, err := viaSDK[wireGroup](ctx, http.MethodGet, pat, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.GroupAPI.GetGroup(ctx, id).Execute()
		return err
	})
	return Group{ID: w.ID, Name: w.Profile.Name, Type: w.Type}, err
}

// GroupMembers gives the users in a group.
func (c *Client) GroupMembers(ctx context.Context, groupID string) iter.Seq2[User, error] {
	const pat = "/api/v1/groups/{id}/users"
	return list(ctx, userID, func(ctx context.Context, after string) (page[User], error) {
		if err := checkID(http.MethodGet, pat, "group id", groupID); err != nil {
			return page[User]{}, err
		}
		return sdkPage(ctx, pat, wireUser.user, func(ctx context.Context) error {
			req := c.conn.sdk.GroupAPI.ListGroupUsers(ctx, groupID).Limit(groupPage)
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
	})
}

// GroupApps gives the applications that a group is assigned to.
func (c *Client) GroupApps(ctx context.Context, groupID string) iter.Seq2[App, error] {
	const pat = "/api/v1/groups/{id}/apps"
	return list(ctx, appID, func(ctx context.Context, after string) (page[App], error) {
		if err := checkID(http.MethodGet, pat, "group id", groupID); err != nil {
			return page[App]{}, err
		}
		return sdkPage(ctx, pat, wireApp.app, func(ctx context.Context) error {
			req := c.conn.sdk.GroupAPI.ListAssignedApplicationsForGroup(ctx, groupID).Limit(groupPage)
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
	})
}

// AddGroupMember puts a user into a group. Okta API: 204, also when the user is in it; 403 for groups that Okta or an
// application manages.
func (w *Writer) AddGroupMember(ctx context.Context, groupID, userID string) error {
	const pat = "/api/v1/groups/{id}/users/{id}"
	if err := checkIDs(http.MethodPut, pat, "group id", groupID, "user id", userID); err != nil {
		return err
	}
	ctx, x := withExchange(ctx)
	_, err := w.conn.sdk.GroupAPI.AssignUserToGroup(ctx, groupID, userID).Execute()
	if x.err == nil && x.status == 0 {
		return argument(http.MethodPut, pat, "%w", err)
	}
	return x.decode(http.MethodPut, pat, nil)
}
