package oktaclient

import (
	"context"
	"net/http"
	"net/url"
)

// PrincipalEntitlements gives what a user effectively has on an application: the union of all grants, with values. It
// is empty for somebody without access. Okta API: this list has no pages.
func (c *Client) PrincipalEntitlements(ctx context.Context, appID, userID string) ([]Entitlement, error) {
	const path = governancePath + "/principal-entitlements"
	if err := checkIDs(http.MethodGet, path, "app id", appID, "user id", userID); err != nil {
		return nil, err
	}
	filter := byReference("parent", appReference(appID)) + " AND " + byReference("targetPrincipal", userReference(userID))
	same := eachSame(func(w wireEntitlement) error { return w.of(appID) })
	out, _, err := plain(ctx, c.conn, http.MethodGet, path, url.Values{"filter": {filter}}, nil, same)
	if err != nil {
		return nil, err
	}
	return each(out.Data, wireEntitlement.entitlement), nil
}

// revoked is what a revocation answers for each application: links, and nothing that names a grant or a value.
type revoked struct {
	Links map[string]any `json:"_links"`
}

func (w revoked) lacks() string {
	if w.Links == nil {
		return "_links"
	}
	return ""
}

const maxRevoke = 5 // Okta API: resources of one revocation

// RevokeAccess takes entitlement values or bundles, named by ORN, away from a user: 1 to 5 in one call. An app's ORN
// must stand alone and takes everything on that app.
func (w *Writer) RevokeAccess(ctx context.Context, userORN string, orns []string) error {
	const path = "/governance/api/v2/revoke-principal-access"
	if len(orns) == 0 || len(orns) > maxRevoke {
		return argument(http.MethodPost, path, "revoke 1 to %d resources in one call, not %d", maxRevoke, len(orns))
	}
	for _, orn := range append([]string{userORN}, orns...) {
		if err := checkORN(http.MethodPost, path, orn); err != nil {
			return err
		}
	}
	body := struct {
		Principal string   `json:"principalOrn"`
		Actor     string   `json:"actor"`
		Resources []string `json:"revokeOrns"`
	}{userORN, "API", orns}
	_, _, err := plain[envelope[revoked]](ctx, w.conn, http.MethodPost, path, nil, body, nil)
	return err
}
