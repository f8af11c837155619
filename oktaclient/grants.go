package oktaclient

import (
	"context"
	"iter"
	"net/http"

	"okta-entitlements-mcp/internal/untrusted"
)

// idOnly names an entitlement value inside a grant; with include=full_entitlements Okta writes more, which is not
// needed.
type idOnly struct {
	ID string `json:"id"`
}

type grantedValues struct {
	ID     string   `json:"id"`
	Values []idOnly `json:"values"`
}

type wireGrant struct {
	ID           string          `json:"id"`
	Type         string          `json:"grantType"`
	Action       string          `json:"action"`
	Actor        string          `json:"actor"`
	Status       string          `json:"status"`
	BundleID     string          `json:"entitlementBundleId"`
	Target       reference       `json:"target"`
	Principal    reference       `json:"targetPrincipal"`
	PrincipalORN string          `json:"targetPrincipalOrn"`
	Entitlements []grantedValues `json:"entitlements"`
	Schedule     struct {
		Expires string `json:"expirationDate"`
	} `json:"scheduleSettings"`
	Metadata struct {
		Collection idOnly `json:"collection"`
	} `json:"metadata"`
}

// lacks is strict about whose grant it is, since a grant that no one holds would vanish from what people have.
func (w wireGrant) lacks() string {
	switch {
	case w.ID == "":
		return "id"
	case w.Type == "":
		return "grantType"
	case w.Principal.ExternalID == "":
		return "targetPrincipal"
	}
	for _, e := range w.Entitlements {
		for _, v := range e.Values {
			if v.ID == "" {
				return "id of a value"
			}
		}
	}
	return ""
}

// of checks that a grant is one on this application and, unless userID is empty, of this user.
func (w wireGrant) of(appID, userID string) error {
	if w.Target.ExternalID != "" && w.Target.ExternalID != appID {
		return isOf("application", w.Target.ExternalID, appID)
	}
	if userID == "" {
		return nil
	}
	return isOf("user", w.Principal.ExternalID, userID)
}

func (w wireGrant) grant() Grant {
	g := Grant{
		ID:           w.ID,
		Type:         w.Type,
		Action:       w.Action,
		Actor:        w.Actor,
		Status:       w.Status,
		AppID:        w.Target.ExternalID,
		UserID:       w.Principal.ExternalID,
		PrincipalORN: w.PrincipalORN,
		BundleID:     w.BundleID,
		CollectionID: w.Metadata.Collection.ID,
		Expires:      instant(w.Schedule.Expires),
	}
	for _, e := range w.Entitlements {
		granted := GrantedEntitlement{ID: e.ID}
		for _, v := range e.Values {
			granted.Values = append(granted.Values, v.ID)
		}
		g.Entitlements = append(g.Entitlements, granted)
	}
	return g
}

func grantID(g Grant) string { return g.ID }

// Grants gives the active grants on an application, of one user or, with userID empty, of everybody. A grant of a type
// that is newer than this program is given as Okta wrote it. Okta API: the filter must name exactly one resource; full
// entitlements are asked for because bundle and policy grants carry none otherwise.
func (c *Client) Grants(ctx context.Context, appID, userID string) iter.Seq2[Grant, error] {
	const path = governancePath + "/grants"
	return list(ctx, grantID, func(ctx context.Context, after string) (page[Grant], error) {
		if err := checkID(http.MethodGet, path, "app id", appID); err != nil {
			return page[Grant]{}, err
		}
		filter := byReference("target", appReference(appID))
		if userID != "" {
			if err := checkID(http.MethodGet, path, "user id", userID); err != nil {
				return page[Grant]{}, err
			}
			filter += " AND " + byReference("targetPrincipal", userReference(userID))
		}
		query := governanceQuery(filter)
		query["include"] = []string{"full_entitlements", "metadata"}
		same := func(w wireGrant) error { return w.of(appID, userID) }
		return governancePage(ctx, c.conn, path, query, after, same, wireGrant.grant)
	})
}

const maxGrantValues = 1000 // Okta API: values of one grant

// CreateGrant makes one grant for one user on one application, with actor API. Okta API: a CUSTOM grant replaces every
// other grant of that user on that application; an ENTITLEMENT grant adds.
func (w *Writer) CreateGrant(ctx context.Context, n NewGrant) (Grant, error) {
	const path = governancePath + "/grants"
	if n.Type != GrantEntitlement && n.Type != GrantCustom {
		return Grant{}, argument(http.MethodPost, path, "grant type %q is never created; use %s or %s",
			untrusted.New(n.Type), GrantEntitlement, GrantCustom)
	}
	if err := checkIDs(http.MethodPost, path, "app id", n.AppID, "user id", n.UserID); err != nil {
		return Grant{}, err
	}
	body := struct {
		Type         string          `json:"grantType"`
		Principal    reference       `json:"targetPrincipal"`
		Target       reference       `json:"target"`
		Action       string          `json:"action"`
		Actor        string          `json:"actor"`
		Entitlements []grantedValues `json:"entitlements"`
	}{
		Type:      n.Type,
		Principal: userReference(n.UserID),
		Target:    appReference(n.AppID),
		Action:    "ALLOW",
		Actor:     "API",
	}
	total := 0
	for _, e := range n.Entitlements {
		g := grantedValues{ID: e.ID}
		if err := checkID(http.MethodPost, path, "entitlement id", e.ID); err != nil {
			return Grant{}, err
		}
		if len(e.Values) == 0 {
			return Grant{}, argument(http.MethodPost, path, "entitlement %s is granted without a value", e.ID)
		}
		for _, v := range e.Values {
			if err := checkID(http.MethodPost, path, "value id", v); err != nil {
				return Grant{}, err
			}
			g.Values = append(g.Values, idOnly{v})
		}
		total += len(e.Values)
		body.Entitlements = append(body.Entitlements, g)
	}
	if total == 0 || total > maxGrantValues {
		return Grant{}, argument(http.MethodPost, path, "a grant takes 1 to %d values, not %d", maxGrantValues, total)
	}
	same := func(w wireGrant) error { return w.of(n.AppID, n.UserID) }
	out, _, err := plain(ctx, w.conn, http.MethodPost, path, nil, body, same)
	return out.grant(), err
}
