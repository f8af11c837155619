package oktaclient

import "strings"

// patterns are the path shapes that this client calls and some neighbours; a segment in braces stands for any id.
// The first shape that fits wins, so fixed words come before ids.
var patterns = [][]string{
	shape("/api/v1/org"),
	shape("/api/v1/users"),
	shape("/api/v1/users/me"),
	shape("/api/v1/users/{id}"),
	shape("/api/v1/users/{id}/groups"),
	shape("/api/v1/users/{id}/factors"),
	shape("/api/v1/users/{id}/authenticator-enrollments"),
	shape("/api/v1/users/{id}/roles"),
	shape("/api/v1/groups"),
	shape("/api/v1/groups/rules"),
	shape("/api/v1/groups/{id}"),
	shape("/api/v1/groups/{id}/users"),
	shape("/api/v1/groups/{id}/users/{id}"),
	shape("/api/v1/groups/{id}/apps"),
	shape("/api/v1/groups/{id}/roles"),
	shape("/api/v1/iam/assignees/users"),
	shape("/api/v1/authenticators"),
	shape("/api/v1/policies"),
	shape("/api/v1/policies/{id}"),
	shape("/api/v1/policies/{id}/rules"),
	shape("/api/v1/logs"),
	shape("/api/v1/apps"),
	shape("/api/v1/apps/{id}"),
	shape("/api/v1/apps/{id}/users"),
	shape("/api/v1/apps/{id}/users/{id}"),
	shape("/api/v1/apps/{id}/groups"),
	shape("/api/v1/apps/{id}/groups/{id}"),
	shape("/governance/api/v1/entitlements"),
	shape("/governance/api/v1/entitlements/values"),
	shape("/governance/api/v1/entitlements/{id}"),
	shape("/governance/api/v1/entitlements/{id}/values"),
	shape("/governance/api/v1/entitlements/{id}/values/{id}"),
	shape("/governance/api/v1/grants"),
	shape("/governance/api/v1/grants/{id}"),
	shape("/governance/api/v1/entitlement-bundles"),
	shape("/governance/api/v1/entitlement-bundles/{id}"),
	shape("/governance/api/v1/principal-entitlements"),
	shape("/governance/api/v1/principal-access"),
	shape("/governance/api/v2/revoke-principal-access"),
	shape("/governance/api/v2/resources/{id}/entitlement-settings"),
	shape("/oauth2/v1/token"),
	shape("/.well-known/okta-organization"),
}

func shape(path string) []string { return strings.Split(path, "/") }

// pattern turns a path (unescaped) into the shape that Okta counts calls by: ids become {id}. Of a path that it does
// not know it replaces the segments that look like ids.
func pattern(path string) string {
	segments := strings.Split(path, "/")
	for _, shape := range patterns {
		if fits(shape, segments) {
			return strings.Join(shape, "/")
		}
	}
	for i, s := range segments {
		if looksLikeID(s) {
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}

func fits(shape, segments []string) bool {
	if len(shape) != len(segments) {
		return false
	}
	for i, s := range shape {
		if s != segments[i] && (s != "{id}" || segments[i] == "") {
			return false
		}
	}
	return true
}

// looksLikeID reports whether a path segment names one object: Okta's 20-character ids, ORNs, logins, anything long
// with digits in it. Version words (v1, v2) and API nouns are not ids.
func looksLikeID(s string) bool {
	if strings.ContainsAny(s, ":@%.") && !strings.HasPrefix(s, ".well-known") {
		return true
	}
	digits, upper := 0, 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
		if r >= 'A' && r <= 'Z' {
			upper++
		}
	}
	return digits > 0 && len(s) >= 8 || len(s) >= 18 && upper > 0 || digits > 0 && digits == len(s)
}
