package tools

import (
	"context"
	"fmt"
)

// valueNames lists what the application's values are called: a name with a comma in it that Okta has already is one name.
func (d *Deps) valueNames(ctx context.Context, appID string) ([]string, error) {
	var names []string
	for v, err := range d.Okta.EntitlementValues(ctx, appID) {
		if err != nil {
			return nil, fmt.Errorf("list the values of the application: %w", err)
		}
		names = append(names, v.Name.Raw())
	}
	return names, nil
}
