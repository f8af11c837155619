package oktaclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"okta-entitlements-mcp/internal/untrusted"
)

type wireFactor struct {
	ID       string `json:"id"`
	Type     string `json:"factorType"`
	Provider string `json:"provider"`
	Status   string `json:"status"`
	Created  string `json:"created"`
	Updated  string `json:"lastUpdated"`
}

func (w wireFactor) lacks() string {
	if w.ID != "" && w.Type == "" {
		return "factorType"
	}
	return idOf(w.ID)
}

func (w wireFactor) factor() Factor {
	return Factor{
		ID:       w.ID,
		Type:     w.Type,
		Provider: w.Provider,
		Status:   w.Status,
		Created:  instant(w.Created),
		Updated:  instant(w.Updated),
	}
}

// Factors gives the factors of one user, as far as Okta shows them to this caller; see Factor. Types and statuses
// that are newer than this program are kept. ErrNotFound when there is no such user. Okta API: this list has no
// pages.
func (c *Client) Factors(ctx context.Context, userID string) ([]Factor, error) {
	const pat = "/api/v1/users/{id}/factors"
	if err := checkID(http.MethodGet, pat, "user id", userID); err != nil {
		return nil, err
	}
	w, _, err := viaSDK[listOf[wireFactor]](ctx, http.MethodGet, pat, nil, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.UserFactorAPI.ListFactors(ctx, userID).Execute()
		return err
	})
	if err != nil {
		return nil, err
	}
	return each(w, wireFactor.factor), nil
}

type wireEnrollment struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Key     string `json:"key"`
	Status  string `json:"status"`
	Name    string `json:"name"`
	Created string `json:"created"`
	Updated string `json:"lastUpdated"`
}

func (w wireEnrollment) lacks() string {
	if w.ID != "" && w.Key == "" && w.Type == "" {
		return "key"
	}
	return idOf(w.ID)
}

func (w wireEnrollment) enrollment() Enrollment {
	return Enrollment{
		ID:      w.ID,
		Type:    w.Type,
		Key:     w.Key,
		Status:  w.Status,
		Name:    untrusted.New(w.Name),
		Created: instant(w.Created),
		Updated: instant(w.Updated),
	}
}

// wireEnrollments is a list of enrollments, or one. Okta API: the published schema says one object, the published
// example is an array.
type wireEnrollments listOf[wireEnrollment]

func (l wireEnrollments) lacks() string { return listOf[wireEnrollment](l).lacks() }

// UnmarshalJSON implements json.Unmarshaler. An object that is no enrollment is an error: it might be an envelope.
func (l *wireEnrollments) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, (*[]wireEnrollment)(l))
	}
	var one wireEnrollment
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	if one.lacks() != "" {
		return errors.New("neither a list of enrollments nor one")
	}
	*l = wireEnrollments{one}
	return nil
}

// Enrollments gives the authenticators that one user has enrolled, password and e-mail among them. Types and statuses
// that are newer than this program are kept. Okta API: Identity Engine, limited availability; this list has no pages.
// An org without it answers 401 E0000015 (ErrFeatureOff) or a 404 whose Code is not E0000007, which is that of an
// unknown user.
func (c *Client) Enrollments(ctx context.Context, userID string) ([]Enrollment, error) {
	const path = "/api/v1/users/"
	if err := checkID(http.MethodGet, path+"{id}/authenticator-enrollments", "user id", userID); err != nil {
		return nil, err
	}
	w, _, err := plain[wireEnrollments](ctx, c.conn, http.MethodGet, path+userID+"/authenticator-enrollments", nil, nil, nil)
	if err != nil {
		return nil, err
	}
	return each(w, wireEnrollment.enrollment), nil
}

type wireAuthenticator struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Type   string `json:"type"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

func (w wireAuthenticator) lacks() string {
	if w.ID != "" && w.Key == "" {
		return "key"
	}
	return idOf(w.ID)
}

// Authenticators gives the ways to authenticate that the org has, INACTIVE ones included. Keys that are newer than this
// program are kept. Okta API: this list has no pages.
func (c *Client) Authenticators(ctx context.Context) ([]Authenticator, error) {
	w, _, err := viaSDK[listOf[wireAuthenticator]](ctx, http.MethodGet,
		"/api/v1/authenticators", nil, func(ctx context.Context) error {
			_, _, err := c.conn.sdk.AuthenticatorAPI.ListAuthenticators(ctx).Execute()
			return err
		})
	if err != nil {
		return nil, err
	}
	return each(w, func(w wireAuthenticator) Authenticator {
		return Authenticator{
			ID:     w.ID,
			Key:    w.Key,
			Type:   w.Type,
			Name:   untrusted.New(w.Name),
			Status: w.Status,
		}
	}), nil
}
