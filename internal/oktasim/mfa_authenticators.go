package oktasim

import (
	"net/http"
	"slices"
	"strings"
)

// methodFacts are the methods of each authenticator with what Okta says can be verified of them.
var methodFacts = map[string][]struct {
	kind       string
	verifiable []string
}{
	"okta_email":        {{"email", nil}},
	"okta_password":     {{"password", nil}},
	"phone_number":      {{"sms", nil}, {"voice", nil}},
	"security_question": {{"security_question", nil}},
	"google_otp":        {{"otp", nil}},
	"okta_verify": {
		{"push", []string{"DEVICE_BOUND", "USER_PRESENCE"}},
		{"signed_nonce", []string{"DEVICE_BOUND", "HARDWARE_PROTECTED", "PHISHING_RESISTANT", "USER_PRESENCE",
			"USER_VERIFYING"}},
		{"totp", []string{"DEVICE_BOUND", "USER_PRESENCE"}},
	},
	"webauthn":       {{"webauthn", []string{"DEVICE_BOUND", "PHISHING_RESISTANT", "USER_PRESENCE", "USER_VERIFYING"}}},
	"tac":            {{"tac", nil}},
	"custom_app":     {{"push", []string{"DEVICE_BOUND", "USER_PRESENCE"}}},
	"custom_otp":     {{"otp", []string{"DEVICE_BOUND", "HARDWARE_PROTECTED"}}},
	"yubikey_token":  {{"otp", []string{"DEVICE_BOUND", "HARDWARE_PROTECTED", "USER_PRESENCE"}}},
	"duo":            {{"duo", nil}},
	"smart_card_idp": {{"idp", []string{"DEVICE_BOUND", "HARDWARE_PROTECTED", "PHISHING_RESISTANT", "USER_VERIFYING"}}},
	"onprem_mfa":     {{"otp", nil}},
	"rsa_token":      {{"otp", nil}},
	"symantec_vip":   {{"otp", nil}},
}

func (a *authenticator) wire(c *call) map[string]any {
	self := c.base() + pathAuth + "/" + a.id
	links := map[string]any{"self": hinted(self, "GET", "PUT"), "methods": hinted(self+"/methods", "GET")}
	switch {
	case a.key == "okta_password": // never deactivated
	case a.status == statusActive:
		links["deactivate"] = hinted(self+"/lifecycle/deactivate", "POST")
	default:
		links["activate"] = hinted(self+"/lifecycle/activate", "POST")
	}
	if a.key == "webauthn" {
		links["aaguids"] = hinted(self+"/aaguids", "GET", "POST")
	}
	if a.key == "okta_verify" || a.key == "custom_app" {
		links["enroll"] = hinted(c.base()+"/idp/authenticators", "POST")
	}
	body := map[string]any{
		"type": a.kind, "id": a.id, "key": a.key, "status": a.status, "name": a.name,
		"created": stampText(a.created), "lastUpdated": stampText(a.updated), "_links": links,
	}
	if a.settings != nil {
		body["settings"] = a.settings
	}
	if a.provider != nil {
		body["provider"] = a.provider
	}
	return body
}

func (c *call) listAuthenticators() {
	sorted := slices.Clone(c.t.mfa.authenticators)
	slices.SortStableFunc(sorted, func(a, b *authenticator) int { return strings.Compare(a.name, b.name) })
	list := []any{}
	for _, a := range sorted {
		list = append(list, a.wire(c))
	}
	c.reply(http.StatusOK, list)
}

func (c *call) findAuthenticator() *authenticator {
	id := c.path("authenticatorId")
	a := c.t.mfa.authenticator(id)
	if a == nil || a.id != id {
		c.notFound(id, "Authenticator")
		return nil
	}
	return a
}

func (c *call) getAuthenticator() {
	if a := c.findAuthenticator(); a != nil {
		c.reply(http.StatusOK, a.wire(c))
	}
}

func (a *authenticator) methods(c *call) []map[string]any {
	list := []map[string]any{}
	for _, m := range methodFacts[a.key] {
		self := c.base() + pathAuth + "/" + a.id + "/methods/" + m.kind
		verifiable := m.verifiable
		if verifiable == nil {
			verifiable = []string{}
		}
		list = append(list, map[string]any{
			"type": m.kind, "status": a.status, "settings": map[string]any{}, "verifiableProperties": verifiable,
			"_links": map[string]any{"self": hinted(self, "GET", "PUT")},
		})
	}
	return list
}

func (c *call) listMethods() {
	if a := c.findAuthenticator(); a != nil {
		c.reply(http.StatusOK, a.methods(c))
	}
}

func (c *call) getMethod() {
	a := c.findAuthenticator()
	if a == nil {
		return
	}
	for _, m := range a.methods(c) {
		if m["type"] == c.path("methodType") {
			c.reply(http.StatusOK, m)
			return
		}
	}
	c.notFound(c.path("methodType"), "AuthenticatorMethod")
}

func (c *call) activateAuthenticator() {
	a := c.findAuthenticator()
	switch {
	case a == nil:
	case a.status == statusActive:
		c.fail(http.StatusForbidden, codeAlreadyActive, "The authenticator is already active.")
	default:
		a.status, a.updated = statusActive, c.now
		c.t.mfa.changed()
		c.event("security.authenticator.lifecycle.activate",
			eventDetail{Targets: []logTarget{{a.id, "Authenticator", a.key, a.name}}})
		c.reply(http.StatusOK, a.wire(c))
	}
}

// deactivateAuthenticator refuses while a policy lets people enrol it, and for the last phishing-resistant one.
func (c *call) deactivateAuthenticator() {
	a := c.findAuthenticator()
	if a == nil {
		return
	}
	for _, p := range c.t.mfa.policies {
		for _, s := range c.t.mfa.echo(p) {
			if s.of(a) && s.self() != enrollNotAllowed {
				c.fail(http.StatusForbidden, codeStillUsed, "Authenticator is still used by a policy.",
					cause{ErrorSummary: "Authenticator Enrollment Policies: " + p.name})
				return
			}
		}
	}
	others := slices.ContainsFunc(c.t.mfa.authenticators, func(x *authenticator) bool {
		return x != a && x.status == statusActive && x.phishingResistant()
	})
	if a.phishingResistant() && !others {
		c.fail(http.StatusForbidden, "E0000219", "The change would leave no phishing-resistant authenticator.")
		return
	}
	a.status, a.updated = "INACTIVE", c.now
	c.t.mfa.changed()
	c.event("security.authenticator.lifecycle.deactivate",
		eventDetail{Targets: []logTarget{{a.id, "Authenticator", a.key, a.name}}})
	c.reply(http.StatusOK, a.wire(c))
}

func (a *authenticator) phishingResistant() bool {
	for _, m := range methodFacts[a.key] {
		if slices.Contains(m.verifiable, "PHISHING_RESISTANT") {
			return true
		}
	}
	return false
}

// orgFactors are Classic Engine's factor switches by name, with type and provider.
var orgFactors = map[string][2]string{
	"okta_question": {"question", "OKTA"}, "okta_sms": {"sms", "OKTA"}, "okta_call": {"call",
		"OKTA"}, "okta_email": {"email", "OKTA"},
	"okta_push": {"push", "OKTA"}, "okta_otp": {"token:software:totp", "OKTA"}, "google_otp": {"token:software:totp",
		"GOOGLE"},
	"fido_webauthn": {"webauthn", "FIDO"}, "fido_u2f": {"u2f", "FIDO"}, "yubikey_token": {"token:hardware", "YUBICO"},
	"duo": {"web", "DUO"}, "rsa_token": {"token", "RSA"}, "symantec_vip": {"token", "SYMANTEC"},
}

func (c *call) getOrgFactor() {
	name := c.path("factorName")
	facts, known := orgFactors[name]
	if !known {
		c.notFound(name, "OrgFactor")
		return
	}
	self := c.base() + "/api/v1/org/factors/" + name
	status, verb := "INACTIVE", "activate"
	if c.t.mfa.classic[name] {
		status, verb = statusActive, "deactivate"
	}
	c.reply(http.StatusOK, map[string]any{
		"id": name, "provider": facts[1], "factorType": facts[0], "status": status,
		"_links": map[string]any{"self": hinted(self, "GET"), verb: hinted(self+"/lifecycle/"+verb, "POST")},
	})
}

func (c *call) switchOrgFactor(on bool) {
	c.t.mfa.classic[c.path("factorName")] = on
	c.getOrgFactor()
}
