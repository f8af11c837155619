package contract

import (
	"fmt"
	"maps"
)

// auditPatches fix what an audit reads and the management document of this SDK does not have yet.
func auditPatches() []patch {
	const seenInLog = "Okta's System Log reference and its example event: null for what has no value"
	const later = "the management document of okta-sdk-golang v6, which has it"
	return []patch{
		{"authenticators that are newer",
			"Okta's authenticators reference: tac, custom_otp and rsa_token are keys of authenticators", addAuthenticators("tac",
				"custom_otp", "rsa_token")},
		{"rules of enrollment policies", later, addEnrollmentRule},
		{"authenticator enrollments of a user",
			later + "; its schema says one object and its example is an array: both are right here", addEnrollments},
		{"log event without a target", seenInLog, nullable("LogEvent", "target", "legacyEventType")},
		{"log parties without detail", seenInLog, nullable("LogActor", "detailEntry")},
		{"log targets without detail", seenInLog, nullable("LogTarget", "detailEntry")},
		{"log outcome without a reason", seenInLog, nullable("LogOutcome", "reason")},
		{"log client without an id", seenInLog, nullable("LogClient", "id")},
		{"log sign-in without a provider", seenInLog, nullable("LogAuthenticationContext", "authenticationProvider",
			"credentialProvider", "credentialType", "issuer", "interface")},
		{"log without a place", seenInLog, nullable("LogGeographicalContext", "city", "state", "country", "postalCode",
			"geolocation")},
		{"log without a network", seenInLog, nullable("LogSecurityContext", "asNumber", "asOrg", "isp", "domain", "isProxy")},
		{"log address without a place", seenInLog, nullable("LogIpAddress", "geographicalContext", "source")},
	}
}

// variant adds a schema to a union that distinguishes its members by one property.
func variant(doc map[string]any, union, base, value, name string, schema map[string]any) error {
	for _, parent := range []string{union, base} {
		mapping, err := at(doc, "components", "schemas", parent, "discriminator", "mapping")
		if err != nil {
			return err
		}
		if mapping[value] != nil {
			return fmt.Errorf("%s knows %s by now", parent, value)
		}
		mapping[value] = "#/components/schemas/" + name
	}
	members, err := at(doc, "components", "schemas", union)
	if err != nil {
		return err
	}
	members["oneOf"] = append(members["oneOf"].([]any), object{"$ref": "#/components/schemas/" + name})
	return define(name, schema)(doc)
}

// like is a copy of a base schema's properties with one more.
func like(doc map[string]any, base string, more object) (object, error) {
	had, err := at(doc, "components", "schemas", base, "properties")
	if err != nil {
		return nil, err
	}
	properties := maps.Clone(had)
	maps.Copy(properties, more)
	return object{"type": "object", "properties": properties}, nil
}

func addAuthenticators(keys ...string) func(map[string]any) error {
	return func(doc map[string]any) error {
		for _, key := range keys {
			schema, err := like(doc, "AuthenticatorBase", object{"key": object{"type": "string", "enum": []any{key}}})
			if err != nil {
				return err
			}
			schema["required"] = []any{"id", "key", "type", "name", "status"}
			if err := variant(doc, "listAuthenticators_200_response_inner", "AuthenticatorBase", key, "Authenticator_"+key,
				schema); err != nil {
				return err
			}
		}
		return nil
	}
}

func addEnrollmentRule(doc map[string]any) error {
	words := func(allowed ...any) object { return object{"type": "string", "enum": allowed} }
	texts := object{"type": "array", "items": text()}
	schema, err := like(doc, "PolicyRule", object{
		"type": words("MFA_ENROLL"),
		"actions": object{"type": "object",
			"properties": object{"enroll": object{"type": "object",
				"properties": object{"self": words("CHALLENGE", "LOGIN", "NEVER", "NEVER_INCLUDING_RECOVERY")}}}},
		"conditions": object{"type": "object", "nullable": true, "properties": object{
			"network": object{"type": "object",
				"properties": object{"connection": words("ANYWHERE", "ZONE", "ON_NETWORK", "OFF_NETWORK"), "include": texts,
					"exclude": texts}},
			"people": object{"type": "object",
				"properties": object{"users": object{"type": "object", "properties": object{"exclude": texts}}}},
		}},
	})
	if err != nil {
		return err
	}
	schema["required"] = []any{"id", "type", "actions"}
	return variant(doc, "listPolicyRules_200_response_inner", "PolicyRule", "MFA_ENROLL", "EnrollmentPolicyRule", schema)
}

func addEnrollments(doc map[string]any) error {
	const path = "/api/v1/users/{userId}/authenticator-enrollments"
	paths, err := at(doc, "paths")
	if err != nil {
		return err
	}
	if paths[path] != nil {
		return fmt.Errorf("the document has it by now")
	}
	factors, err := at(doc, "paths", "/api/v1/users/{userId}/factors", "get")
	if err != nil {
		return err
	}
	operation, answers := maps.Clone(factors), maps.Clone(factors["responses"].(map[string]any))
	moment := object{"type": "string", "format": "date-time"}
	one := object{"type": "object", "required": []any{"id", "type", "key", "status"}, "properties": object{
		"id": text(), "key": text(), "status": text(), "name": text(), "nickname": object{"type": "string",
			"nullable": true}, "created": moment, "lastUpdated": moment,
		"type": object{"type": "string", "enum": []any{"app", "email", "federated", "password", "phone", "security_key",
			"security_question", "tac"}},
		"profile": object{"type": "object", "nullable": true}, "_links": object{"type": "object"}}}
	answers["200"] = object{"description": "Success",
		"content": object{"application/json": object{"schema": object{"oneOf": []any{object{"type": "array", "items": one},
			one}}}}}
	operation["operationId"], operation["responses"] = "listAuthenticatorEnrollments", answers
	paths[path] = object{"get": operation}
	return nil
}
