package oktaclient

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"okta-entitlements-mcp/internal/untrusted"
)

type wireValue struct {
	ID            string `json:"id"`
	EntitlementID string `json:"entitlementId"`
	Name          string `json:"name"`
	ExternalValue string `json:"externalValue"`
	Description   string `json:"description"`
	ORN           string `json:"orn"`
}

func (w wireValue) lacks() string { return idOf(w.ID) }

func (w wireValue) value() EntitlementValue {
	return EntitlementValue{
		ID:            w.ID,
		EntitlementID: w.EntitlementID,
		Name:          untrusted.New(w.Name),
		ExternalValue: untrusted.New(w.ExternalValue),
		Description:   untrusted.New(w.Description),
		ORN:           w.ORN,
	}
}

// of checks that a value that names its entitlement names this one.
func (w wireValue) of(entitlementID string) error {
	if w.EntitlementID == "" {
		return nil
	}
	return isOf("entitlement", w.EntitlementID, entitlementID)
}

func valueID(v EntitlementValue) string { return v.ID }

// EntitlementValues gives every value of every entitlement of an application, 200 a page.
func (c *Client) EntitlementValues(ctx context.Context, appID string) iter.Seq2[EntitlementValue, error] {
	const path = governancePath + "/entitlements/values"
	return list(ctx, valueID, func(ctx context.Context, after string) (page[EntitlementValue], error) {
		if err := checkID(http.MethodGet, path, "app id", appID); err != nil {
			return page[EntitlementValue]{}, err
		}
		same := func(w wireValue) error { // without its entitlement a value would be missing from it
			if w.EntitlementID == "" {
				return errors.New("answer lacks entitlementId of a value, which Okta documents")
			}
			return nil
		}
		query := governanceQuery(byReference("parent", appReference(appID)))
		return governancePage(ctx, c.conn, path, query, after, same, wireValue.value)
	})
}

// ValuesOf gives the values of one entitlement.
func (c *Client) ValuesOf(ctx context.Context, entitlementID string) iter.Seq2[EntitlementValue, error] {
	const path = governancePath + "/entitlements/"
	return list(ctx, valueID, func(ctx context.Context, after string) (page[EntitlementValue], error) {
		if err := checkID(http.MethodGet, path+"{id}/values", "entitlement id", entitlementID); err != nil {
			return page[EntitlementValue]{}, err
		}
		same := func(w wireValue) error { return w.of(entitlementID) }
		convert := func(w wireValue) EntitlementValue {
			w.EntitlementID = entitlementID
			return w.value()
		}
		return governancePage(ctx, c.conn, path+entitlementID+"/values", governanceQuery(""), after, same, convert)
	})
}
