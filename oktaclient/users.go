package oktaclient

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"unicode"
)

const userPage = 200 // Okta API: default of GET /users, and the most it is known to take

type wireUser struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Profile struct {
		Login          string `json:"login"`
		Email          string `json:"email"`
		FirstName      string `json:"firstName"`
		LastName       string `json:"lastName"`
		EmployeeNumber string `json:"employeeNumber"`
		Department     string `json:"department"`
		Title          string `json:"title"`
	} `json:"profile"`
}

func (w wireUser) user() User {
	p := w.Profile
	return User{ID: w.ID, Status: w.Status, Login: p.Login, Email: p.Email, FirstName: p.FirstName,
		LastName: p.LastName, EmployeeNumber: p.EmployeeNumber, Department: p.Department, Title: p.Title}
}

func userID(u User) string { return u.ID }

// Users gives everybody whom a search expression finds, DEPROVISIONED users included. Values in the expression must
// have gone through Quote. Okta API: search is served by an index that lags some seconds behind writes.
func (c *Client) Users(ctx context.Context, search string) iter.Seq2[User, error] {
	return list(ctx, userID, func(ctx context.Context, after string) (page[User], error) {
		return sdkPage(ctx, "/api/v1/users", wireUser.user, func(ctx context.Context) error {
			req := c.conn.sdk.UserAPI.ListUsers(ctx).Search(search).Limit(userPage)
			if after != "" {
				req = req.After(after)
			}
			_, _, err := req.Execute()
			return err
		})
	})
}

// User reads one user by id or login, not through the search index. Okta API: a login with a slash in it cannot be
// fetched this way.
func (c *Client) User(ctx context.Context, idOrLogin string) (User, error) {
	const pat = "/api/v1/users/{id}"
	if idOrLogin == "" || idOrLogin == "me" || idOrLogin == "." || idOrLogin == ".." || len(idOrLogin) > 320 ||
		strings.ContainsAny(idOrLogin, "/\\") || strings.ContainsFunc(idOrLogin, unicode.IsControl) {
		return User{}, argument(http.MethodGet, pat, "not a user id or login: %q", clean(idOrLogin))
	}
	return c.user(ctx, pat, idOrLogin)
}

// Me reads the user whom the API token belongs to. A service app has none: ErrNoSubject.
func (c *Client) Me(ctx context.Context) (User, error) {
	u, err := c.user(ctx, "/api/v1/users/me", "me")
	var e *Error
	if c.conn.stack.serviceApp && errors.As(err, &e) && (e.Status == http.StatusForbidden || e.Status == http.StatusNotFound) {
		e.kind = ErrNoSubject
	}
	return u, err
}

func (c *Client) user(ctx context.Context, pat, id string) (User, error) {
	w, _, err := viaSDK[wireUser](ctx, http.MethodGet, pat, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.UserAPI.GetUser(ctx, id).Execute()
		return err
	})
	return w.user(), err
}
