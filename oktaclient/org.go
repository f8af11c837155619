package oktaclient

import (
	"context"
	"net/http"

	"okta-entitlements-mcp/internal/untrusted"
)

type wellKnown struct {
	ID       string `json:"id"`
	Pipeline string `json:"pipeline"`
}

func (w wellKnown) lacks() string { return idOf(w.ID) }

type orgSettings struct {
	ID          string `json:"id"`
	CompanyName string `json:"companyName"`
	Subdomain   string `json:"subdomain"`
	Status      string `json:"status"`
}

func (w orgSettings) lacks() string { return idOf(w.ID) }

// Org reads what the org is. Pipeline comes from an address that needs no permission; where only that one answers,
// Org returns what it said together with the error.
func (c *Client) Org(ctx context.Context) (Org, error) {
	known, _, err := viaSDK[wellKnown](ctx, http.MethodGet, "/.well-known/okta-organization", nil, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.OrgSettingAPI.GetWellknownOrgMetadata(ctx).Execute()
		return err
	})
	if err != nil {
		return Org{}, err
	}
	org := Org{ID: known.ID, Pipeline: known.Pipeline}
	same := func(s orgSettings) error { return isOf("organisation", s.ID, known.ID) }
	s, _, err := viaSDK(ctx, http.MethodGet, "/api/v1/org", same, func(ctx context.Context) error {
		_, _, err := c.conn.sdk.OrgSettingAPI.GetOrgSettings(ctx).Execute()
		return err
	})
	if err != nil {
		return org, err
	}
	org.Name, org.Subdomain, org.Status = untrusted.New(s.CompanyName), s.Subdomain, s.Status
	return org, nil
}
