package oktaclient

import "net/url"

const (
	governancePath = "/governance/api/v1"
	governanceMax  = "200" // Okta API: limit of governance lists is 1–200, 20 when left out
)

// reference names a resource or a principal in governance bodies.
type reference struct {
	ExternalID string `json:"externalId"`
	Type       string `json:"type"`
}

func appReference(id string) reference  { return reference{ExternalID: id, Type: "APPLICATION"} }
func userReference(id string) reference { return reference{ExternalID: id, Type: "OKTA_USER"} }

// byReference is the filter for one reference under its name (parent, target, targetPrincipal). Okta API: operators
// AND and OR in capitals.
func byReference(name string, r reference) string {
	return name + ".externalId eq " + Quote(r.ExternalID) + " AND " + name + ".type eq " + Quote(r.Type)
}

func governanceQuery(filter string) url.Values {
	q := url.Values{"limit": {governanceMax}}
	if filter != "" {
		q.Set("filter", filter)
	}
	return q
}
