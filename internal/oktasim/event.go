package oktasim

import (
	"fmt"
	"strings"
	"time"
)

// logTarget is one entry of a System Log event's target.
type logTarget struct{ ID, Type, AlternateID, DisplayName string }

// eventDetail is what a handler knows of an event. Result is SUCCESS when empty.
type eventDetail struct {
	Targets []logTarget
	Result  string
	Reason  string
	Debug   map[string]any
}

// logEvent is one entry of the System Log.
type logEvent struct {
	serial    int       // the order of the making
	published time.Time // when it happened
	persisted time.Time // when the log shows it: later than published while events lag
	uuid      string
	kind      string
	folded    string // kind in lower case, for filters
	actor     logTarget
	tokenID   string
	requestID string
	uri       string
	agent     string
	ip        string
	detail    eventDetail
}

// event writes an entry to the System Log, with the token's owner as the actor.
func (c *call) event(eventType string, e eventDetail) {
	ev := c.t.record(c.now, c.principal, eventType, e)
	ev.requestID, ev.uri, ev.agent = c.requestID, c.r.URL.Path, c.r.UserAgent()
}

// record writes an entry to the System Log for someone who is not calling. It lags as Options.LogLag says, and is lost when
// HideEvents says so. Call with t.mu held.
func (t *Tenant) record(at time.Time, who principal, eventType string, e eventDetail) *logEvent {
	ev := t.newEvent(at, who, eventType, e)
	t.log.put(ev, at.Add(t.lagOf(ev)))
	return ev
}

// newEvent makes an entry without putting it into the log.
func (t *Tenant) newEvent(at time.Time, who principal, eventType string, e eventDetail) *logEvent {
	if e.Result == "" {
		e.Result = "SUCCESS"
	}
	return &logEvent{
		uuid: t.uuid(), published: at.Truncate(time.Millisecond), kind: eventType, folded: strings.ToLower(eventType),
		actor: t.actor(who), tokenID: who.TokenID, requestID: "req" + t.newToken(24), ip: "192.0.2.1", detail: e,
	}
}

// actor names a principal as the System Log does: a token's owner, a client, or the system.
func (t *Tenant) actor(who principal) logTarget {
	if u := t.users[who.UserID]; u != nil {
		return u.target()
	}
	if cl := t.clients[who.ClientID]; cl != nil {
		return logTarget{cl.ID, "PublicClientApp", cl.ID, cl.Label}
	}
	return logTarget{"system", "SystemPrincipal", "system@okta.com", "Okta System"}
}

func (t *Tenant) uuid() string {
	a, b := t.rng.Uint64(), t.rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

func (g logTarget) render() map[string]any {
	return map[string]any{
		"id": g.ID, "type": g.Type, "alternateId": g.AlternateID, "displayName": g.DisplayName, "detailEntry": nil,
	}
}

// displayMessages are Okta's own words for the events that the tenant writes; others show their type.
var displayMessages = map[string]string{
	"user.lifecycle.create":              "Create Okta user",
	"user.lifecycle.activate":            "Activate Okta user",
	"user.lifecycle.deactivate":          "Deactivate Okta user",
	"user.lifecycle.suspend":             "Suspend Okta user",
	"user.lifecycle.unsuspend":           "Unsuspend Okta user",
	"user.account.update_profile":        "Update user profile for Okta",
	"group.user_membership.add":          "Add user to group membership",
	"group.user_membership.remove":       "Remove user from group membership",
	"application.user_membership.add":    "Add user to application membership",
	"application.user_membership.remove": "Remove user's application membership",
	"application.lifecycle.create":       "Create application",
	"user.lifecycle.reactivate":          "Reactivate Okta user",
	"user.lifecycle.delete.initiated":    "Delete Okta user initiated",
	"user.lifecycle.delete.completed":    "Delete Okta user completed",
	"user.account.lock":                  "Max sign in attempts exceeded",
	"user.account.privilege.grant":       "Grant user privilege",
	"user.account.privilege.revoke":      "Revoke all user privileges",
	"group.privilege.grant":              "Grant group privilege",
	"group.privilege.revoke":             "Revoke group privilege",
	"user.mfa.factor.activate":           "Activate factor or authenticator enrollment method",
	"user.mfa.factor.deactivate":         "Reset factor for user",
	"user.mfa.factor.reset_all":          "Reset all factors for user",
	"user.mfa.attempt_bypass":            "Attempt bypass of factor",
	"user.mfa.okta_verify.deny_push":     "User rejected Okta push verify",
	"user.authentication.auth_via_mfa":   "Authentication of user via MFA",
	"policy.lifecycle.create":            "Create policy",
	"policy.lifecycle.update":            "Update policy",
	"policy.rule.add":                    "Add policy rule",
}

func (e *logEvent) render() map[string]any {
	message := displayMessages[e.kind]
	if message == "" {
		message = e.kind
	}
	severity := "INFO"
	if e.detail.Result == "FAILURE" {
		severity = "WARN"
	}
	var reason any
	if e.detail.Reason != "" {
		reason = e.detail.Reason
	}
	debug := map[string]any{"requestId": e.requestID, "requestUri": e.uri}
	for k, v := range e.detail.Debug {
		debug[k] = v
	}
	detail := map[string]any{}
	if e.tokenID != "" {
		detail["requestApiTokenId"] = e.tokenID
	}
	targets := make([]any, len(e.detail.Targets))
	for i, g := range e.detail.Targets {
		targets[i] = g.render()
	}
	var target any
	if len(targets) > 0 {
		target = targets
	}
	body := map[string]any{
		"uuid": e.uuid, "published": millis(e.published), "eventType": e.kind, "version": "0", "severity": severity,
		"legacyEventType": nil, "displayMessage": message, "actor": e.actor.render(), "device": nil,
		"outcome": map[string]any{"result": e.detail.Result, "reason": reason}, "target": target,
		"debugContext": map[string]any{"debugData": debug},
		"transaction":  map[string]any{"type": "WEB", "id": e.requestID, "detail": detail},
	}
	e.surroundings(body)
	return body
}

// surroundings adds where the call came from. The tenant knows little of that.
func (e *logEvent) surroundings(body map[string]any) {
	body["client"] = map[string]any{
		"userAgent": map[string]any{"rawUserAgent": e.agent, "os": "Unknown", "browser": "UNKNOWN"}, "zone": "null",
		"device": "Unknown", "id": nil, "ipAddress": e.ip,
		"geographicalContext": map[string]any{
			"city": nil, "state": nil, "country": nil, "postalCode": nil, "geolocation": nil,
		},
	}
	body["authenticationContext"] = map[string]any{
		"authenticationProvider": nil, "credentialProvider": nil, "credentialType": nil, "issuer": nil,
		"interface": nil, "authenticationStep": 0, "externalSessionId": "trs" + e.requestID[3:],
	}
	body["securityContext"] = map[string]any{"asNumber": nil, "asOrg": nil, "isp": nil, "domain": nil, "isProxy": nil}
	body["request"] = map[string]any{"ipChain": []any{map[string]any{
		"ip": e.ip, "geographicalContext": nil, "version": "V4", "source": nil,
	}}}
}
