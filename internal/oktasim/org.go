package oktasim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// found lays the tenant's foundations: org, administrator, token, and the group that everyone is in.
func (t *Tenant) found() {
	t.since = t.now().Add(-365 * 24 * time.Hour).Truncate(time.Second)
	t.orgID = t.newID("00o")
	t.typeID = t.newID("oty")
	t.realmID = t.newID("guo")
	if t.opts.DPoPNonce == "" {
		t.opts.DPoPNonce = t.newToken(32)
	}
	g := t.addGroup("Everyone", "All users in your organization", "BUILT_IN", t.since)
	t.everyoneID = g.id
	owner := t.newUser(NewUser{
		Email: "okta.admin@acme.example.com", FirstName: "Okta", LastName: "Admin", EmployeeNumber: "A0001",
		Department: "IT", Title: "Identity administrator", LastLogin: t.now().Add(-time.Hour),
	}, t.since)
	t.ownerID = owner.id
	t.admins.byUser = map[string][]*role{owner.id: {{id: "ra1" + owner.id[3:], kind: "SUPER_ADMIN", created: t.since}}}
	t.admins.byGroup = map[string][]*role{}
	t.addToken(t.opts.Token)
}

// routesCore registers what every org has.
func (t *Tenant) routesCore() {
	t.handle("GET", "/.well-known/okta-organization", "", t.getWellKnown)
	t.handle("POST", "/oauth2/v1/token", "", t.issueToken)
	t.handle("GET", "/api/v1/org", "okta.orgs.read", t.getOrg)
	t.handle("GET", "/api/v1/logs", "okta.logs.read", t.listLogs)
	t.handle("GET", "/api/v1/principal-rate-limits", "okta.principalRateLimits.read", t.listPrincipalRateLimits)
	t.routesUsers()
	t.routesLifecycle()
	t.routesGroups()
	t.routesRoles()
	t.routesApps()
}

func (t *Tenant) getWellKnown(c *call) {
	pipeline := "idx"
	if t.opts.Classic {
		pipeline = "v1"
	}
	c.reply(http.StatusOK, map[string]any{
		"id": t.orgID, "cell": "sim1", "pipeline": pipeline,
		"_links": map[string]any{"organization": href{Href: c.base()}},
		"settings": map[string]any{
			"analyticsCollectionEnabled": false, "bugReportingEnabled": true, "omEnabled": false, "pssoEnabled": false,
			"desktopMFAEnabled": false, "itpEnabled": false,
		},
	})
}

func (t *Tenant) getOrg(c *call) {
	c.reply(http.StatusOK, map[string]any{
		"id": t.orgID, "subdomain": subdomain(c.base()), "companyName": "Acme", "status": "ACTIVE",
		"website": "https://acme.example.com", "phoneNumber": nil, "address1": nil, "address2": nil, "city": nil,
		"state":   nil,
		"country": nil, "postalCode": nil, "supportPhoneNumber": nil, "endUserSupportHelpURL": nil,
		"created": stampText(t.since), "lastUpdated": stampText(t.since), "expiresAt": nil,
		"_links": map[string]any{
			"preferences": c.link("/api/v1/org/preferences"), "contactTypes": c.link("/api/v1/org/contacts"),
			"logo": c.link("/api/v1/org/logo"), "uploadLogo": href{c.base() + "/api/v1/org/logo", "POST"},
		},
	})
}

// subdomain is the first label of a host name; "acme" where the tenant is reached by address.
func subdomain(base string) string {
	u, err := url.Parse(base)
	if err != nil || isAddress(u.Hostname()) {
		return "acme"
	}
	label, _, _ := strings.Cut(u.Hostname(), ".")
	return label
}

// listPrincipalRateLimits shows each credential's share.
func (t *Tenant) listPrincipalRateLimits(c *call) {
	filter, err := parseFilter(c.query().Get("filter"))
	kind, ok := filter.only("principalType")
	if err != nil || !ok {
		c.invalid("filter", `filter: must be principalType eq "SSWS_TOKEN" or principalType eq "OAUTH_CLIENT"`)
		return
	}
	var ids []string
	switch kind {
	case "SSWS_TOKEN":
		for _, cr := range t.tokens {
			if cr.scheme == "SSWS" && !cr.revoked {
				ids = append(ids, cr.who.TokenID)
			}
		}
	case "OAUTH_CLIENT":
		for id := range t.clients {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	share := int(t.limiter.share() * 100)
	list := []any{} // recorded without pages
	for _, id := range ids {
		list = append(list, map[string]any{
			"id": "prl" + id[3:], "orgId": t.orgID, "principalId": id, "principalType": kind,
			"defaultPercentage": share, "defaultConcurrencyPercentage": share,
			"createdBy": t.ownerID, "createdDate": stampText(t.since), "lastUpdatedBy": t.ownerID, "lastUpdate": stampText(t.since),
		})
	}
	c.reply(http.StatusOK, list)
}

func (l *limiter) share() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limits.Share
}
