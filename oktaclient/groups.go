package oktaclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"okta-entitlements-mcp/internal/untrusted"
)

const groupPage = 200 // Okta API: what the documentation advises for groups and members

type wireGroup struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Members string `json:"lastMembershipUpdated"`
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
}

func (w wireGroup) lacks() string { return idOf(w.ID) }

func (w wireGroup) group() Group {
	return Group{ID: w.ID, Name: untrusted.New(w.Profile.Name), Type: w.Type, MembershipUpdated: instant(w.Members)}
}

func groupID(g Group) string { return g.ID }

// Group reads one group.
func (c *Client) Group(ctx context.Context, id string) (Group, error) {
	const pat = "/api/v1/groups/{id}"
	if err := checkID(http.MethodGet, pat, "group id", id); err != nil {
		return Group{}, err
	}
	same := func(w wireGroup) error { return isOf("group", w.ID, id) }
	w, _, err := viaSDK(ctx, http.MethodGet, pat, same, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.GroupAPI.GetGroup(ctx, id).Execute()
		return err
	})
	return w.group(), err
}

// Groups gives the groups that a search expression finds; all of them when it is empty. Values in the expression must have
// gone through Quote: `profile.name eq "Staff"`. Okta API: the parameter q, which would be simpler, has no pages and so
// hides what does not fit; search is served by an index that lags some seconds behind writes.
func (c *Client) Groups(ctx context.Context, search string) iter.Seq2[Group, error] {
	return list(ctx, groupID, func(ctx context.Context, after string) (page[Group], error) {
		return sdkPage(ctx, "/api/v1/groups", wireGroup.group, func(ctx context.Context) error {
			req := c.conn.sdk.GroupAPI.ListGroups(ctx).Limit(groupPage)
			if search != "" {
				req = req.Search(search)
			}
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
	})
}

// GroupMembers gives the users in a group. Okta API: whether DEPROVISIONED members are among them is not documented; look
// at Status.
func (c *Client) GroupMembers(ctx context.Context, groupID string) iter.Seq2[Account, error] {
	const pat = "/api/v1/groups/{id}/users"
	return list(ctx, accountID, func(ctx context.Context, after string) (page[Account], error) {
		if err := checkID(http.MethodGet, pat, "group id", groupID); err != nil {
			return page[Account]{}, err
		}
		return sdkPage(ctx, pat, wireAccount.account, func(ctx context.Context) error {
			req := c.conn.sdk.GroupAPI.ListGroupUsers(ctx, groupID).Limit(groupPage)
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
	})
}

// UserGroups gives the groups that a user is in, Everyone among them. Okta API: pages of 200 at most; the SDK has no parameter for
// the next one (okta-sdk-java issues 1286, 1291).
func (c *Client) UserGroups(ctx context.Context, userID string) ([]Group, error) {
	const pat = "/api/v1/users/{id}/groups"
	if err := checkID(http.MethodGet, pat, "user id", userID); err != nil {
		return nil, err
	}
	var all []Group
	for group, err := range list(ctx, groupID, func(ctx context.Context, after string) (page[Group], error) {
		query := url.Values{"limit": {strconv.Itoa(groupPage)}}
		if after != "" {
			query.Set("after", after)
		}
		p, _, err := plainPage(ctx, c.conn, "/api/v1/users/"+userID+"/groups", query, wireGroup.group)
		return p, err
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, group)
	}
	return all, nil
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
	_, err := throughSDK(ctx, http.MethodPut, pat, takeNothing, func(ctx context.Context) error {
		_, err := w.conn.sdk.GroupAPI.AssignUserToGroup(ctx, groupID, userID).Execute()
		return err
	})
	return err
}
