package contract

import (
	"fmt"
	"maps"
	"strings"
)

// patch fixes one place where a document lags behind Okta, contradicts itself, or is wrong about what Okta was seen to
// answer. source says who knows better. A patch that finds nothing to fix is an error: the document has moved on.
type patch struct {
	name   string
	source string
	apply  func(doc map[string]any) error
}

// at walks into a document.
func at(doc map[string]any, path ...string) (map[string]any, error) {
	for i, key := range path {
		next, ok := doc[key].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("no %s", strings.Join(path[:i+1], " > "))
		}
		doc = next
	}
	return doc, nil
}

// define adds a schema that the document refers to and does not have.
func define(name string, schema map[string]any) func(map[string]any) error {
	return func(doc map[string]any) error {
		schemas, err := at(doc, "components", "schemas")
		if err != nil {
			return err
		}
		if _, there := schemas[name]; there {
			return fmt.Errorf("%s is defined by now", name)
		}
		schemas[name] = schema
		return nil
	}
}

// nullable lets properties of a schema be null.
func nullable(schema string, properties ...string) func(map[string]any) error {
	return func(doc map[string]any) error {
		for _, name := range properties {
			p, err := at(doc, "components", "schemas", schema, "properties", name)
			if err != nil {
				return err
			}
			if ref, ok := p["$ref"]; ok { // a reference takes no siblings
				delete(p, "$ref")
				p["allOf"] = []any{object{"$ref": ref}}
			}
			p["nullable"] = true
		}
		return nil
	}
}

type object = map[string]any

func text() object { return object{"type": "string"} }

func governancePatches() []patch {
	const models = "the Go model of the same name in okta-governance-sdk-golang 1.1.0; the document refers to the schema without defining it"
	link := object{"type": "object", "required": []any{"href"}, "properties": object{"href": text()}}
	return []patch{
		{"entitlement settings", models,
			define("entitlement-settings-full", object{"type": "object", "required": []any{"status"},
				"properties": object{"status": object{"type": "string", "enum": []any{"OPTED_IN", "OPTING_IN", "OPTING_OUT",
					"OPTED_OUT"}}}})},
		{"entitlement settings update", models,
			define("entitlement-settings-updatable", object{"type": "object", "required": []any{"status"},
				"properties": object{"status": object{"type": "string", "enum": []any{"OPTED_IN", "OPTED_OUT"}}}})},
		{"revocation request", models,
			define("revoke-principal-access-creatable", object{"type": "object", "required": []any{"principalOrn", "revokeOrns"},
				"additionalProperties": false, "properties": object{"principalOrn": text(),
					"actor":      object{"type": "string", "enum": []any{"API", "ACCESS_REQUEST", "ADMIN", "NONE"}},
					"revokeOrns": object{"type": "array", "minItems": 1, "maxItems": 5, "items": text()}}})},
		{"revocation answer", models, define("revoke-principal-access-response",
			object{"type": "object", "properties": object{
				"data": object{"type": "array", "items": object{"type": "object", "properties": object{
					"_links": object{"type": "object",
						"properties": object{"principal-access": link, "principal-entitlements": link}}}}}}})},
		{"grants of type ENTITLEMENT",
			"developer.okta.com, grants API, beta since 2026-02: additive grants name target and entitlements as CUSTOM ones do", addGrantType},
		{"grants of type IMPORT", "Okta's help for reconciliation, late 2026: such grants are listed",
			func(doc map[string]any) error {
				kinds, err := at(doc, "components", "schemas", "grant-type")
				if err == nil {
					kinds["enum"] = append(kinds["enum"].([]any), "IMPORT")
				}
				return err
			}},
		{"lists of grants", "the two alternatives overlap: a list whose grants all carry entitlements fits both, " +
			"as does an empty one; Okta's own Go SDK fails on them", func(doc map[string]any) error {
			s, err := at(doc, "components", "schemas", "listGrants_200_response")
			if err == nil {
				s["anyOf"] = s["oneOf"]
				delete(s, "oneOf")
			}
			return err
		}},
	}
}

// addGrantType lets a grant of type ENTITLEMENT be created: a copy of what CUSTOM takes.
func addGrantType(doc map[string]any) error {
	custom, err := at(doc, "components", "schemas", "grant-type-custom-writeable")
	if err != nil {
		return err
	}
	union, err := at(doc, "components", "schemas", "grant-creatable")
	if err != nil {
		return err
	}
	mapping, err := at(union, "discriminator", "mapping")
	if err != nil {
		return err
	}
	if mapping["ENTITLEMENT"] != nil {
		return fmt.Errorf("the document has it by now")
	}
	const ref = "#/components/schemas/grant-type-entitlement-writeable"
	mapping["ENTITLEMENT"] = ref
	union["oneOf"] = append(union["oneOf"].([]any), object{"$ref": ref})
	schemas, err := at(doc, "components", "schemas")
	if err == nil {
		entitlement, properties := maps.Clone(custom), maps.Clone(custom["properties"].(map[string]any))
		properties["grantType"] = object{"type": "string", "enum": []any{"ENTITLEMENT"}}
		entitlement["properties"] = properties
		schemas["grant-type-entitlement-writeable"] = entitlement
	}
	return err
}

func managementPatches() []patch {
	const recorded = "recorded traffic: Okta writes null for a property without a value; the document does not mark it so"
	const unconfirmed = "by analogy with recorded objects, where Okta writes null for what has no value; not recorded for this one"
	return []patch{
		{"app user without a counterpart", recorded, nullable("AppUser", "externalId", "passwordChanged")},
		{"app without an error page", recorded, nullable("ApplicationAccessibility", "errorRedirectUrl", "loginRedirectUrl")},
		{"app without notes", recorded, nullable("ApplicationSettingsNotes", "admin", "enduser")},
		{"app without a help page or message", recorded, nullable("ApplicationSettingsNotificationsVpn", "helpUrl",
			"message")},
		{"OpenID Connect app without pages", recorded, nullable("OpenIdConnectApplicationSettingsClient", "client_uri",
			"logo_uri")},
		{"group without a description", recorded, nullable("GroupProfile", "description")},
		{"org without an address", unconfirmed, nullable("OrgSetting", "address1", "address2", "city", "country", "expiresAt",
			"endUserSupportHelpURL", "phoneNumber", "postalCode", "state", "supportPhoneNumber", "website", "companyName")},
	}
}

// fillDangling gives every other reference that leads nowhere an open target. They are in operations that the client
// never calls; a reader of the document refuses it without them.
func fillDangling(doc map[string]any) {
	var walk func(any)
	walk = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			if ref, ok := n["$ref"].(string); ok && strings.HasPrefix(ref, "#/components/") {
				parts := strings.Split(ref, "/")
				if section, err := at(doc, "components", parts[2]); err == nil && section[parts[3]] == nil {
					section[parts[3]] = object{}
				}
			}
			for _, child := range n {
				walk(child)
			}
		case []any:
			for _, child := range n {
				walk(child)
			}
		}
	}
	walk(doc)
}
