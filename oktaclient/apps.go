package oktaclient

import (
	"context"
	"iter"
	"net/http"

	"github.com/okta/okta-sdk-golang/v5/okta"
	"okta-entitlements-mcp/internal/untrusted"
)

const (
	appPage     = 200 // Okta API: most of GET /apps
	appUserPage = 500 // Okta API: most of GET /apps/{id}/users
)

type wireApp struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Status   string   `json:"status"`
	ORN      string   `json:"orn"`
	Features []string `json:"features"`
	Settings struct {
		EMOptIn string `json:"emOptInStatus"`
	} `json:"settings"`
}

func (w wireApp) lacks() string { return idOf(w.ID) }

func (w wireApp) app() App {
	return App{
		ID:       w.ID,
		Name:     w.Name,
		Label:    untrusted.NewStored(w.Label),
		Status:   w.Status,
		ORN:      w.ORN,
		EMOptIn:  w.Settings.EMOptIn,
		Features: w.Features,
	}
}

func appID(a App) string { return a.ID }

// App reads one application.
func (c *Client) App(ctx context.Context, id string) (App, error) {
	const pat = "/api/v1/apps/{id}"
	if err := checkID(http.MethodGet, pat, "app id", id); err != nil {
		return App{}, err
	}
	same := func(w wireApp) error { return isOf("application", w.ID, id) }
	w, _, err := viaSDK(ctx, http.MethodGet, pat, same, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.ApplicationAPI.GetApplication(ctx, id).Execute()
		return err
	})
	return w.app(), err
}

// Apps gives the applications whose name or label begins with q; all of them when q is empty.
func (c *Client) Apps(ctx context.Context, q string) iter.Seq2[App, error] {
	return list(ctx, appID, func(ctx context.Context, after string) (page[App], error) {
		return sdkPage(ctx, "/api/v1/apps", wireApp.app, func(ctx context.Context) error {
			req := c.conn.sdk.ApplicationAPI.ListApplications(ctx).Limit(appPage)
			if q != "" {
				req = req.Q(q)
			}
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
	})
}

type wireAppUser struct {
	ID          string `json:"id"`
	Scope       string `json:"scope"`
	Status      string `json:"status"`
	Credentials struct {
		UserName string `json:"userName"`
	} `json:"credentials"`
}

func (w wireAppUser) lacks() string { return idOf(w.ID) }

func (w wireAppUser) appUser() AppUser {
	return AppUser{ID: w.ID, Scope: w.Scope, Status: w.Status, UserName: untrusted.New(w.Credentials.UserName)}
}

func appUserID(u AppUser) string { return u.ID }

// AppUsers gives everybody who is assigned to an application, directly or by a group.
func (c *Client) AppUsers(ctx context.Context, appID string) iter.Seq2[AppUser, error] {
	const pat = "/api/v1/apps/{id}/users"
	return list(ctx, appUserID, func(ctx context.Context, after string) (page[AppUser], error) {
		if err := checkID(http.MethodGet, pat, "app id", appID); err != nil {
			return page[AppUser]{}, err
		}
		return sdkPage(ctx, pat, wireAppUser.appUser, func(ctx context.Context) error {
			req := c.conn.sdk.ApplicationUsersAPI.ListApplicationUsers(ctx, appID).Limit(appUserPage)
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
	})
}

// AppUser reads one assignment; ErrNotFound when the user is not assigned.
func (c *Client) AppUser(ctx context.Context, appID, userID string) (AppUser, error) {
	const pat = "/api/v1/apps/{id}/users/{id}"
	if err := checkIDs(http.MethodGet, pat, "app id", appID, "user id", userID); err != nil {
		return AppUser{}, err
	}
	same := func(w wireAppUser) error { return isOf("user", w.ID, userID) }
	w, _, err := viaSDK(ctx, http.MethodGet, pat, same, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.ApplicationUsersAPI.GetApplicationUser(ctx, appID, userID).Execute()
		return err
	})
	return w.appUser(), err
}

// AssignUser assigns a user to an application directly. Okta API: 200 with the assignment; 409 E0000062 or an update in
// place when it exists; 403 E0000117 for an inactive user.
func (w *Writer) AssignUser(ctx context.Context, appID, userID string) (AppUser, error) {
	const pat = "/api/v1/apps/{id}/users"
	if err := checkIDs(http.MethodPost, pat, "app id", appID, "user id", userID); err != nil {
		return AppUser{}, err
	}
	scope := "USER"
	same := func(w wireAppUser) error { return isOf("user", w.ID, userID) }
	got, _, err := viaSDK(ctx, http.MethodPost, pat, same, func(ctx context.Context) error {
		_, _, err := w.conn.sdk.ApplicationUsersAPI.AssignUserToApplication(ctx, appID).
			AppUser(okta.AppUserAssignRequest{Id: userID, Scope: &scope}).Execute()
		return err
	})
	return got.appUser(), err
}
