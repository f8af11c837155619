package oktasim

import (
	"slices"
	"strings"
	"time"
)

// The wire shapes of the governance API. Absent means absent: Okta leaves a field out rather than sending null.

type wireAudit struct {
	ID            string `json:"id"`
	CreatedBy     string `json:"createdBy"`
	Created       string `json:"created"`
	LastUpdated   string `json:"lastUpdated"`
	LastUpdatedBy string `json:"lastUpdatedBy"`
}

type wireTarget struct {
	ExternalID string `json:"externalId"`
	Type       string `json:"type"`
}

type wireTotal struct {
	Total int `json:"total"`
}

type wireValueRef struct {
	ID string `json:"id"`
}

// wireValue is a value inside an entitlement, a bundle or a grant. Audit fields appear only where an entitlement is read.
type wireValue struct {
	ID            string `json:"id"`
	Name          string `json:"name,omitempty"`
	ExternalValue string `json:"externalValue,omitempty"`
	Description   string `json:"description,omitempty"`
	ORN           string `json:"orn,omitempty"`
	CreatedBy     string `json:"createdBy,omitempty"`
	Created       string `json:"created,omitempty"`
	LastUpdated   string `json:"lastUpdated,omitempty"`
	LastUpdatedBy string `json:"lastUpdatedBy,omitempty"`
	Effective     *bool  `json:"effective,omitempty"`
}

// wireListedValue is an item of the two value lists.
type wireListedValue struct {
	wireAudit
	Name              string         `json:"name"`
	ExternalValue     string         `json:"externalValue"`
	Description       string         `json:"description,omitempty"`
	ORN               string         `json:"orn"`
	EntitlementID     string         `json:"entitlementId"`
	Parent            wireTarget     `json:"parent"`
	ParentResourceORN string         `json:"parentResourceOrn"`
	Links             map[string]any `json:"_links"`
}

// wireFull is an entitlement with values, as bundles, grants and effective views embed it.
type wireFull struct {
	ID            string      `json:"id"`
	Name          string      `json:"name,omitempty"`
	ExternalValue string      `json:"externalValue,omitempty"`
	Description   string      `json:"description,omitempty"`
	MultiValue    *bool       `json:"multiValue,omitempty"`
	Required      *bool       `json:"required,omitempty"`
	DataType      string      `json:"dataType,omitempty"`
	Values        []wireValue `json:"values"`
}

// wireEntitlement is an entitlement by itself; lists leave the values out.
type wireEntitlement struct {
	wireAudit
	ParentResourceORN string         `json:"parentResourceOrn"`
	Parent            wireTarget     `json:"parent"`
	Values            *[]wireValue   `json:"values,omitempty"`
	Links             map[string]any `json:"_links"`
	Metadata          *wireTotal     `json:"metadata,omitempty"`
	Name              string         `json:"name"`
	ExternalValue     string         `json:"externalValue"`
	Description       string         `json:"description,omitempty"`
	MultiValue        bool           `json:"multiValue"`
	Required          bool           `json:"required"`
	DataType          string         `json:"dataType"`
}

const targetApplication = "APPLICATION"

func appTarget(appID string) wireTarget   { return wireTarget{appID, targetApplication} }
func userTarget(userID string) wireTarget { return wireTarget{userID, "OKTA_USER"} }

func (a audit) wire(id string) wireAudit {
	return wireAudit{id, a.by, seconds(a.created), seconds(a.changed), a.changedBy}
}

// touch records a change.
func (a *audit) touch(by string, at time.Time) { a.changedBy, a.changed = by, at }

// governanceORN names a governance object. Its partition is "okta" even in preview orgs.
func (t *Tenant) governanceORN(kind, id string) string {
	return "orn:okta:governance:" + t.orgID + ":" + kind + ":" + id
}

func (t *Tenant) appORN(appID string) string {
	if a := t.apps[appID]; a != nil {
		return a.orn(t)
	}
	return "orn:" + t.partition() + ":idp:" + t.orgID + ":apps:unknown:" + appID
}

func (t *Tenant) userORN(userID string) string {
	if u := t.users[userID]; u != nil {
		return u.orn(t)
	}
	return "orn:" + t.partition() + ":directory:" + t.orgID + ":users:" + userID
}

// splitORN returns the kind and the id of an ORN, whatever its partition and org: filters take either partition.
func splitORN(s string) (kind, id string, ok bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 6 || parts[0] != "orn" || parts[len(parts)-1] == "" {
		return "", "", false
	}
	return parts[4], parts[len(parts)-1], true
}

// ornParts is splitORN for ORNs of this org alone. Okta: the partition is oktapreview in preview orgs and okta in
// others; governance objects say okta in both, as recorded.
func (t *Tenant) ornParts(s string) (kind, id string, ok bool) {
	kind, id, ok = splitORN(s)
	parts := strings.Split(s, ":")
	if !ok || parts[3] != t.orgID {
		return "", "", false
	}
	switch parts[1] + ":" + parts[2] {
	case "okta:governance", t.partition() + ":directory", t.partition() + ":idp":
		return kind, id, true
	}
	return "", "", false
}

func dataType(multi bool) string {
	if multi {
		return "array"
	}
	return "string"
}

func (v *entValue) wire(t *Tenant, audited bool) wireValue {
	w := wireValue{
		ID:            v.id,
		Name:          v.name,
		ExternalValue: v.external,
		Description:   v.description,
		ORN:           t.governanceORN("entitlement-values", v.id),
	}
	if audited {
		a := v.audit.wire(v.id)
		w.CreatedBy, w.Created, w.LastUpdated, w.LastUpdatedBy = a.CreatedBy, a.Created, a.LastUpdated, a.LastUpdatedBy
	}
	return w
}

// wireList writes a value as the value lists do.
func (v *entValue) wireList(c *call) any {
	return wireListedValue{
		wireAudit: v.audit.wire(v.id), Name: v.name, ExternalValue: v.external, Description: v.description,
		ORN: c.t.governanceORN("entitlement-values", v.id), EntitlementID: v.of.id,
		Parent: appTarget(v.of.appID), ParentResourceORN: c.t.appORN(v.of.appID),
		Links: map[string]any{"self": c.adminLink(pathEntitlements + "/" + v.of.id + "/values/" + v.id)},
	}
}

// wire writes an entitlement. values nil leaves them out, as lists do.
func (e *entitlement) wire(c *call, values []*entValue) wireEntitlement {
	w := wireEntitlement{
		wireAudit: e.audit.wire(e.id), ParentResourceORN: c.t.appORN(e.appID), Parent: appTarget(e.appID),
		Links:         map[string]any{"self": c.adminLink(pathEntitlements + "/" + e.id)},
		Name:          e.name,
		ExternalValue: e.external,
		Description:   e.description,
		MultiValue:    e.multi,
		DataType:      e.dataType,
	}
	if values != nil {
		out := make([]wireValue, len(values))
		for i, v := range values {
			out[i] = v.wire(c.t, true)
		}
		w.Values, w.Metadata = &out, &wireTotal{len(e.values)}
	}
	return w
}

// grouped gathers values under their entitlements, in the order of first mention. full adds names and flags to the ids.
func (t *Tenant) grouped(values []*entValue, full bool) []wireFull {
	out := []wireFull{}
	for _, v := range values {
		i := slices.IndexFunc(out, func(f wireFull) bool { return f.ID == v.of.id })
		if i < 0 {
			i = len(out)
			f := wireFull{ID: v.of.id}
			if full {
				e, required := v.of, false
				f.Name, f.ExternalValue, f.Description, f.DataType = e.name, e.external, e.description, e.dataType
				f.MultiValue, f.Required = &e.multi, &required
			}
			out = append(out, f)
		}
		w := wireValue{ID: v.id}
		if full {
			w = v.wire(t, false)
		}
		out[i].Values = append(out[i].Values, w)
	}
	return out
}
