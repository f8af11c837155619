package tools

import (
	"context"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// ListEntitlementsIn names the application.
type ListEntitlementsIn struct {
	AppID  string `json:"app_id" jsonschema:"Okta application id, 0oa and 17 more characters"`
	Cursor string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before"`
}

// ListEntitlementsOut is everything that the application offers.
type ListEntitlementsOut struct {
	AppID        string            `json:"app_id"`
	AppLabel     string            `json:"app_label" jsonschema:"Untrusted text from Okta"`
	Total        int               `json:"total"`
	TotalValues  int               `json:"total_values"`
	Entitlements []EntitlementItem `json:"entitlements,omitempty"`
	NextCursor   string            `json:"next_cursor,omitempty"`
	Next         string            `json:"next_step"`
}

// EntitlementItem is one entitlement with the number of its values.
type EntitlementItem struct {
	ID            string `json:"id"`
	Name          string `json:"name" jsonschema:"Untrusted text from Okta"`
	ExternalValue string `json:"external_value" jsonschema:"Untrusted text from Okta"`
	MultiValue    bool   `json:"multi_value"`
	Values        int    `json:"values"`
}

var specListEntitlements = Spec{
	Name:   "okta_iga_list_entitlements",
	Title:  "List an application's entitlements",
	Effect: ReadsOkta,
	Description: "Lists all entitlements of one Okta application with the number of values of each. Reads every " +
		"page at Okta and answers in pages. " +
		"The application must have entitlement management on. okta_iga_list_entitlement_values shows the values of one.",
}

const shownOffered = 200

func listEntitlements(ctx context.Context, d *Deps, _ *Call, in ListEntitlementsIn) (ListEntitlementsOut, error) {
	live, err := plan.ReadStructure(ctx, d.Okta, in.AppID)
	if err != nil {
		return ListEntitlementsOut{}, err
	}
	out := ListEntitlementsOut{
		AppID:    live.App.ID,
		AppLabel: live.App.Label.Show(untrusted.Name),
		Total:    len(live.Entitlements),
		Next:     "okta_iga_list_entitlement_values with an entitlement_id shows its values",
	}
	var rest []EntitlementItem
	passed := in.Cursor == ""
	for _, e := range live.Entitlements {
		out.TotalValues += len(e.Values)
		if passed {
			rest = append(rest, EntitlementItem{e.ID, e.Name.Show(untrusted.Name),
				e.ExternalValue.Show(untrusted.Name), e.MultiValue, len(e.Values)})
		}
		passed = passed || e.ID == in.Cursor
	}
	if !passed {
		return ListEntitlementsOut{}, &trouble.Error{
			Code: trouble.CursorUnknown,
			What: "the cursor names no entitlement of this application",
			Next: "list again without cursor",
		}
	}
	if out.Total == 0 {
		out.Next = "the application has no entitlements yet; prepare_entitlement_structure creates them from a report"
	}
	return fitted(shownOffered, func(most int) (ListEntitlementsOut, error) {
		out.Entitlements, out.NextCursor = rest, ""
		if len(rest) > most {
			out.Entitlements, out.NextCursor = rest[:most], rest[most-1].ID
		}
		return out, nil
	})
}

// ListValuesIn names the entitlement and the page.
type ListValuesIn struct {
	EntitlementID string `json:"entitlement_id" jsonschema:"Entitlement id, esp and 17 more characters"`
	Limit         int    `json:"limit,omitempty" jsonschema:"Values per answer, 1 to 200, default 100"`
	Cursor        string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before"`
}

// ListValuesOut is one page of values and the count of all.
type ListValuesOut struct {
	EntitlementID string      `json:"entitlement_id"`
	Total         int         `json:"total"`
	Values        []ValueItem `json:"values,omitempty" jsonschema:"Can be fewer than limit when names are long"`
	NextCursor    string      `json:"next_cursor,omitempty"`
	Next          string      `json:"next_step"`
}

// ValueItem is one entitlement value.
type ValueItem struct {
	ID            string `json:"id"`
	Name          string `json:"name" jsonschema:"Untrusted text from Okta"`
	ExternalValue string `json:"external_value,omitempty" jsonschema:"When it differs from the name. Untrusted text from Okta"`
}

var specListValues = Spec{
	Name:   "okta_iga_list_entitlement_values",
	Title:  "List an entitlement's values",
	Effect: ReadsOkta,
	Description: "Lists the values of one entitlement with their ids, and counts all of them. Reads every page " +
		"at Okta and answers in pages. " +
		"The ids serve okta_batch_create_grants. okta_iga_list_entitlements gives the entitlement_id.",
}

func listValues(ctx context.Context, d *Deps, _ *Call, in ListValuesIn) (ListValuesOut, error) {
	limit, err := pageSize(in.Limit, 100, 200)
	if err != nil {
		return ListValuesOut{}, err
	}
	out := ListValuesOut{
		EntitlementID: in.EntitlementID,
		Next:          "use the ids with okta_batch_create_grants",
	}
	passed := in.Cursor == ""
	for v, err := range d.Okta.ValuesOf(ctx, in.EntitlementID) {
		if err != nil {
			return ListValuesOut{}, err
		}
		out.Total++
		switch {
		case !passed:
			passed = v.ID == in.Cursor
		case len(out.Values) < limit:
			out.Values = append(out.Values, valueItem(v.ID, v.Name, v.ExternalValue))
		case out.NextCursor == "":
			out.NextCursor = out.Values[limit-1].ID
		}
	}
	if !passed {
		return ListValuesOut{}, &trouble.Error{
			Code: trouble.CursorUnknown,
			What: "the cursor names no value of this entitlement",
			Next: "list again without cursor",
		}
	}
	page, more := out.Values, out.NextCursor
	return fitted(limit, func(most int) (ListValuesOut, error) {
		out.Values, out.NextCursor = page, more
		if len(page) > most {
			out.Values, out.NextCursor = page[:most], page[most-1].ID
		}
		return out, nil
	})
}

func valueItem(id string, name, external untrusted.Text) ValueItem {
	item := ValueItem{ID: id, Name: name.Show(untrusted.Name)}
	if external != name {
		item.ExternalValue = external.Show(untrusted.Name)
	}
	return item
}

func pageSize(asked, standard, most int) (int, error) {
	switch {
	case asked == 0:
		return standard, nil
	case asked < 1 || asked > most:
		return 0, &trouble.Error{
			Code: trouble.WrongLimit,
			What: "limit is out of range",
			Next: plural(most, "item", "items") + " at most",
		}
	default:
		return asked, nil
	}
}
