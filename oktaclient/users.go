package oktaclient

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"unicode"

	"okta-entitlements-mcp/internal/untrusted"
)

const userPage = 200 // Okta API: default of GET /users, and the most it is known to take

// wireProfile is the part of a profile that every user is read with.
type wireProfile struct {
	Login          string `json:"login"`
	Email          string `json:"email"`
	FirstName      string `json:"firstName"`
	LastName       string `json:"lastName"`
	EmployeeNumber string `json:"employeeNumber"`
	Department     string `json:"department"`
	Title          string `json:"title"`
}

func (p wireProfile) user(id, status string) User {
	return User{
		ID:             id,
		Status:         status,
		Login:          untrusted.New(p.Login),
		Email:          untrusted.New(p.Email),
		FirstName:      untrusted.New(p.FirstName),
		LastName:       untrusted.New(p.LastName),
		EmployeeNumber: untrusted.New(p.EmployeeNumber),
		Department:     untrusted.New(p.Department),
		Title:          untrusted.New(p.Title),
	}
}

type wireUser struct {
	ID      string      `json:"id"`
	Status  string      `json:"status"`
	Profile wireProfile `json:"profile"`
}

func (w wireUser) lacks() string { return idOf(w.ID) }

func (w wireUser) user() User { return w.Profile.user(w.ID, w.Status) }

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
	if err := checkLogin(idOrLogin); err != nil {
		return User{}, err
	}
	w, err := user[wireUser](ctx, c, onePerson, idOrLogin)
	return w.user(), err
}

const onePerson = "/api/v1/users/{id}"

// checkLogin refuses what names no single user before it can become part of a URL.
func checkLogin(idOrLogin string) error {
	if idOrLogin == "" || idOrLogin == "me" || idOrLogin == "." || idOrLogin == ".." || len(idOrLogin) > 320 ||
		strings.ContainsAny(idOrLogin, "/\\") || strings.ContainsFunc(idOrLogin, unicode.IsControl) {
		return argument(http.MethodGet, onePerson, "not a user id or login: %q", untrusted.New(idOrLogin))
	}
	return nil
}

// Me reads the user whom the API token belongs to. A service app has none: ErrNoSubject.
func (c *Client) Me(ctx context.Context) (User, error) {
	w, err := user[wireUser](ctx, c, "/api/v1/users/me", "me")
	var e *Error
	if c.conn.stack.serviceApp && errors.As(err, &e) && (e.Status == http.StatusForbidden || e.Status == http.StatusNotFound) {
		e.kind = ErrNoSubject
	}
	return w.user(), err
}

// person is a wire shape of a user.
type person interface {
	answer
	names() (id, login string)
}

func (w wireUser) names() (id, login string) { return w.ID, w.Profile.Login }

// user reads one user in the shape that the caller needs. Okta API: a user is found by id, by login, or by what stands
// before the @ of the login.
func user[W person](ctx context.Context, c *Client, pat, idOrLogin string) (W, error) {
	same := func(w W) error {
		id, login := w.names()
		short, _, _ := strings.Cut(login, "@")
		if idOrLogin == "me" || idOrLogin == id || strings.EqualFold(idOrLogin, login) || strings.EqualFold(idOrLogin, short) {
			return nil
		}
		return isOf("user", id, idOrLogin)
	}
	w, _, err := viaSDK(ctx, http.MethodGet, pat, same, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.UserAPI.GetUser(ctx, idOrLogin).Execute()
		return err
	})
	return w, err
}
