package oktaclient

import (
	"context"
	"net/http"

	"okta-entitlements-mcp/internal/untrusted"
)

// Org reads what the org is. Pipeline comes from an address that needs no permission; where only that one answers,
// Org returns what it said together with the error.
func (c *Client) Org(ctx context.Context) (Org, error) {
	type wellKnown struct {
		ID       string `json:"id"`
		Pipeline string `json:"pipeline"`
	}
	type settings struct {
		ID          string `json:"id"`
		CompanyName string `json:"companyName"`
		Subdomain   string `json:"subdomain"`
		Status      string `json:"status"`
	}
	known, _, err := viaSDK[wellKnown](ctx, http.MethodGet, "/.well-known/okta-organization", func(ctx context.Context) error {
		_, _, err := c.conn.sdk.OrgSettingAPI.GetWellknownOrgMetadata(ctx).Execute()
		return err
	})
	if err != nil {
		return Org{}, err
	}
	org := Org{ID: known.ID, Pipeline: known.Pipeline}
	s, _, err := viaSDK[settings](ctx, http.MethodGet, "/api/v1/org", func(ctx context.Context) error {
		_, _, err := c.conn.sdk.OrgSettingAPI.GetOrgSettings(ctx).Execute()
		return err
	})
	if err != nil {
		return org, err
	}
	org.Name, org.Subdomain, org.Status = untrusted.New(s.CompanyName), s.Subdomain, s.Status
	if s.ID != "" {
		org.ID = s.ID
	}
	return org, nil
}
