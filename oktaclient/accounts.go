package oktaclient

import (
	"context"
	"iter"
	"net/http"

	"okta-entitlements-mcp/internal/untrusted"
)

type wireAccount struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	Created       string `json:"created"`
	Activated     string `json:"activated"`
	StatusChanged string `json:"statusChanged"`
	LastLogin     string `json:"lastLogin"`
	Profile       struct {
		wireProfile
		UserType  string `json:"userType"`
		Manager   string `json:"manager"`
		ManagerID string `json:"managerId"`
	} `json:"profile"`
}

func (w wireAccount) lacks() string { return idOf(w.ID) }

func (w wireAccount) names() (id, login string) { return w.ID, w.Profile.Login }

func (w wireAccount) account() Account {
	return Account{
		User:          w.Profile.user(w.ID, w.Status),
		UserType:      untrusted.New(w.Profile.UserType),
		Manager:       untrusted.New(w.Profile.Manager),
		ManagerID:     untrusted.New(w.Profile.ManagerID),
		Created:       instant(w.Created),
		Activated:     instant(w.Activated),
		StatusChanged: instant(w.StatusChanged),
		LastLogin:     instant(w.LastLogin),
	}
}

func accountID(a Account) string { return a.ID }

// Everybody gives all users but DEPROVISIONED ones, 200 a page. Okta API: without search and filter the list does not come
// from the search index, so somebody who was just created is in it.
func (c *Client) Everybody(ctx context.Context) iter.Seq2[Account, error] { return c.accounts(ctx, "") }

// FindAccounts gives everybody whom a search expression finds, DEPROVISIONED users included. Values in the expression must
// have gone through Quote. Okta API: search is served by an index that lags some seconds behind writes. An empty
// expression is ErrBadArgument: Everybody is for that.
func (c *Client) FindAccounts(ctx context.Context, search string) iter.Seq2[Account, error] {
	if search == "" {
		return func(yield func(Account, error) bool) {
			yield(Account{}, argument(http.MethodGet, "/api/v1/users", "search expression missing"))
		}
	}
	return c.accounts(ctx, search)
}

func (c *Client) accounts(ctx context.Context, search string) iter.Seq2[Account, error] {
	return list(ctx, accountID, func(ctx context.Context, after string) (page[Account], error) {
		return sdkPage(ctx, "/api/v1/users", wireAccount.account, func(ctx context.Context) error {
			req := c.conn.sdk.UserAPI.ListUsers(ctx).Limit(userPage)
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

// Account reads one user by id or login, not through the search index; ErrNotFound when there is none. Okta API: a login
// with a slash in it cannot be fetched this way.
func (c *Client) Account(ctx context.Context, idOrLogin string) (Account, error) {
	if err := checkLogin(idOrLogin); err != nil {
		return Account{}, err
	}
	w, err := user[wireAccount](ctx, c, onePerson, idOrLogin)
	return w.account(), err
}
