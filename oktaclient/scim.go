package oktaclient

import (
	"regexp"
	"strings"

	"okta-entitlements-mcp/internal/untrusted"
)

// Quote writes s as a string of Okta's search and filter languages, quotes included: `"` and `\` are escaped.
// Okta API: strings stand in double quotes; percent-encoding of the whole expression is the transport's business.
func Quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// ValueORN names an entitlement value. Okta API: orn:okta:governance:{orgId}:entitlement-values:{valueId}; recorded in preview
// organisations with the partition okta, too, unlike the ORNs of users and applications, which are taken from Okta's answers.
func ValueORN(orgID, valueID string) string {
	return "orn:okta:governance:" + orgID + ":entitlement-values:" + valueID
}

var (
	idShape  = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	ornShape = regexp.MustCompile(`^orn:[A-Za-z0-9_-]+(:[A-Za-z0-9_.-]+){3,6}$`)
)

// checkID refuses what is no Okta id before it can become part of a URL or a filter.
func checkID(method, pat, what, id string) error {
	if len(id) <= 100 && idShape.MatchString(id) && id != "me" {
		return nil
	}
	return argument(method, pat, "%s is not an okta id: %q", what, untrusted.New(id))
}

func checkORN(method, pat, orn string) error {
	if len(orn) <= 300 && ornShape.MatchString(orn) {
		return nil
	}
	return argument(method, pat, "not an okta resource name (orn): %q", untrusted.New(orn))
}

// checkIDs is checkID over pairs of what and id.
func checkIDs(method, pat string, pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := checkID(method, pat, pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}
