package oktaclient

import (
	"context"
	"net/http"
)

type wireSettings struct {
	Status string `json:"status"`
}

func (w wireSettings) lacks() string {
	if w.Status == "" {
		return "status"
	}
	return ""
}

// EntitlementSettings reads whether entitlement management is on for an application, named by its ORN. Okta API: the
// ORN stands in the path with its colons as they are; switching on is asynchronous and passes through OPTING_IN.
func (c *Client) EntitlementSettings(ctx context.Context, appORN string) (EntitlementSettings, error) {
	const pat = "/governance/api/v2/resources/{id}/entitlement-settings"
	if err := checkORN(http.MethodGet, pat, appORN); err != nil {
		return EntitlementSettings{}, err
	}
	path := "/governance/api/v2/resources/" + appORN + "/entitlement-settings"
	out, _, err := plain[wireSettings](ctx, c.conn, http.MethodGet, path, nil, nil, nil)
	return EntitlementSettings(out), err
}
