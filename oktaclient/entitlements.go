package oktaclient

import (
	"context"
	"iter"
	"net/http"
	"unicode/utf8"

	"okta-entitlements-mcp/internal/untrusted"
)

type wireEntitlement struct {
	ID            string      `json:"id"`
	Name          string      `json:"name"`
	ExternalValue string      `json:"externalValue"`
	Description   string      `json:"description"`
	MultiValue    bool        `json:"multiValue"`
	DataType      string      `json:"dataType"`
	Parent        reference   `json:"parent"`
	Values        []wireValue `json:"values"`
}

func (w wireEntitlement) lacks() string {
	if w.ID == "" {
		return "id"
	}
	return lackOf(w.Values)
}

// of checks that an entitlement that names its application names this one.
func (w wireEntitlement) of(appID string) error {
	if w.Parent.ExternalID == "" {
		return nil
	}
	return isOf("application", w.Parent.ExternalID, appID)
}

func (w wireEntitlement) entitlement() Entitlement {
	e := Entitlement{
		ID:            w.ID,
		AppID:         w.Parent.ExternalID,
		Name:          untrusted.New(w.Name),
		ExternalValue: untrusted.New(w.ExternalValue),
		Description:   untrusted.New(w.Description),
		MultiValue:    w.MultiValue,
		DataType:      w.DataType,
	}
	for _, v := range w.Values {
		value := v.value()
		if value.EntitlementID == "" {
			value.EntitlementID = w.ID
		}
		e.Values = append(e.Values, value)
	}
	return e
}

func entitlementID(e Entitlement) string { return e.ID }

// Entitlements gives the entitlements of an application, without their values. ErrNotFound or an empty list when
// entitlement management is off for the application.
func (c *Client) Entitlements(ctx context.Context, appID string) iter.Seq2[Entitlement, error] {
	const path = governancePath + "/entitlements"
	return list(ctx, entitlementID, func(ctx context.Context, after string) (page[Entitlement], error) {
		if err := checkID(http.MethodGet, path, "app id", appID); err != nil {
			return page[Entitlement]{}, err
		}
		same := func(w wireEntitlement) error { return w.of(appID) }
		query := governanceQuery(byReference("parent", appReference(appID)))
		return governancePage(ctx, c.conn, path, query, after, same, wireEntitlement.entitlement)
	})
}

// Entitlement reads one entitlement with its values. Whether Okta caps the values here is not documented: ValuesOf
// gives all of them.
func (c *Client) Entitlement(ctx context.Context, id string) (Entitlement, error) {
	const path = governancePath + "/entitlements/"
	if err := checkID(http.MethodGet, path+"{id}", "entitlement id", id); err != nil {
		return Entitlement{}, err
	}
	same := func(w wireEntitlement) error { return isOf("entitlement", w.ID, id) }
	w, _, err := plain(ctx, c.conn, http.MethodGet, path+id, nil, nil, same)
	return w.entitlement(), err
}

const (
	maxNewValues = 100  // Okta API: PATCH takes 1–100 operations
	maxName      = 255  // characters of names and of an entitlement's externalValue
	maxAppValue  = 2000 // characters of a value's externalValue
)

// CreateEntitlement creates an entitlement with its values; the answer carries their ids. Okta API: dataType is array
// for several values and string for one.
func (w *Writer) CreateEntitlement(ctx context.Context, n NewEntitlement) (Entitlement, error) {
	const path = governancePath + "/entitlements"
	if err := checkID(http.MethodPost, path, "app id", n.AppID); err != nil {
		return Entitlement{}, err
	}
	if !oktaTakes(n.Name, maxName) || !oktaTakes(n.ExternalValue, maxName) {
		return Entitlement{}, argument(http.MethodPost, path,
			"name and external value of an entitlement take 1 to %d characters: %q", maxName, n.Name)
	}
	if err := checkValues(http.MethodPost, path, n.Values); err != nil {
		return Entitlement{}, err
	}
	body := struct {
		Name          untrusted.Stored `json:"name"`
		ExternalValue untrusted.Stored `json:"externalValue"`
		Description   untrusted.Stored `json:"description,omitzero"`
		Parent        reference        `json:"parent"`
		MultiValue    bool             `json:"multiValue"`
		DataType      string           `json:"dataType"`
		Values        []NewValue       `json:"values"`
	}{n.Name, n.ExternalValue, n.Description, appReference(n.AppID), n.MultiValue, "string", n.Values}
	if n.MultiValue {
		body.DataType = "array"
	}
	if body.Values == nil {
		body.Values = []NewValue{}
	}
	same := func(w wireEntitlement) error {
		if w.ExternalValue != "" && w.ExternalValue != n.ExternalValue.Raw() {
			return isOf("entitlement", w.ExternalValue, n.ExternalValue.Raw())
		}
		return w.of(n.AppID)
	}
	out, _, err := plain(ctx, w.conn, http.MethodPost, path, nil, body, same)
	return out.entitlement(), err
}

// AddValues adds up to 100 values to an entitlement and gives what Okta made of them, which is only the values that
// the call touched. Okta API: PATCH with an array of operations is the only way to add a single value.
func (w *Writer) AddValues(ctx context.Context, entitlementID string, values []NewValue) ([]EntitlementValue, error) {
	const path = governancePath + "/entitlements/"
	if err := checkID(http.MethodPatch, path+"{id}", "entitlement id", entitlementID); err != nil {
		return nil, err
	}
	if len(values) == 0 || len(values) > maxNewValues {
		return nil, argument(http.MethodPatch, path+"{id}", "add 1 to %d values in one call, not %d", maxNewValues, len(values))
	}
	if err := checkValues(http.MethodPatch, path+"{id}", values); err != nil {
		return nil, err
	}
	type operation struct {
		Op      string   `json:"op"`
		Path    string   `json:"path"`
		Value   NewValue `json:"value"`
		RefType string   `json:"refType"`
	}
	body := make([]operation, len(values))
	for i, v := range values {
		body[i] = operation{"ADD", "/values/-", v, "ENTITLEMENT-VALUE"}
	}
	same := func(w wireEntitlement) error { return isOf("entitlement", w.ID, entitlementID) }
	out, _, err := plain(ctx, w.conn, http.MethodPatch, path+entitlementID, nil, body, same)
	if err != nil {
		return nil, err
	}
	return out.entitlement().Values, nil
}

func checkValues(method, pat string, values []NewValue) error {
	for _, v := range values {
		if !oktaTakes(v.Name, maxName) || !oktaTakes(v.ExternalValue, maxAppValue) {
			return argument(method, pat, "a value takes a name of 1 to %d characters and an external value of 1 to %d: %q",
				maxName, maxAppValue, v.Name)
		}
	}
	return nil
}

// oktaTakes reports whether Okta takes a text: 1 to most characters of UTF-8. Other bytes have no form in a call's body.
func oktaTakes(s untrusted.Stored, most int) bool {
	n := utf8.RuneCountInString(s.Raw())
	return n > 0 && n <= most && utf8.ValidString(s.Raw())
}
