package oktasim

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/simwire"
)

// principal is who a call comes from. The zero value is no one.
type principal struct {
	ID       string // what rate limits are counted for: the token's or the client's id
	UserID   string // the token's owner, empty for a service app
	ClientID string // the service app, empty for an SSWS token
	TokenID  string // 00T… of an SSWS token
	text     string
}

// actorID is the id that audit fields such as createdBy carry.
func (p principal) actorID() string {
	if p.UserID != "" {
		return p.UserID
	}
	return p.ClientID
}

// credential is a token that opens the API.
type credential struct {
	who     principal
	scheme  string   // SSWS, Bearer, DPoP
	scopes  []string // nil for SSWS, which may do what its owner may
	expires time.Time
	revoked bool
	jkt     string // thumbprint of the key that a DPoP token is bound to
}

// authenticate finds out who is calling. It returns what to answer instead of running the handler, nil when all is well.
func (t *Tenant) authenticate(c *call) (refusal func(*call)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.op == nil || c.op.scope == "" {
		c.principal = principal{ID: "anonymous"}
		return nil
	}
	scheme, text := credentials(c.r.Header.Get("Authorization"))
	cr := t.tokens[text]
	if text == "" {
		c.principal = principal{ID: "anonymous"}
		return func(c *call) { c.fail(http.StatusForbidden, "E0000005", "Invalid session") }
	}
	if cr == nil || cr.revoked || !cr.expires.IsZero() && !c.now.Before(cr.expires) || t.ownerGone(cr) {
		c.principal = principal{ID: "anonymous"}
		return refuseToken
	}
	c.principal = cr.who
	if !strings.EqualFold(scheme, cr.scheme) {
		if cr.scheme == "DPoP" && strings.EqualFold(scheme, "Bearer") {
			return func(c *call) {
				c.oauthError(http.StatusBadRequest, "invalid_request",
					"The access token is bound to a DPoP key; use the DPoP scheme.")
			}
		}
		return refuseToken
	}
	if cr.scheme == "DPoP" {
		if problem := t.checkResourceProof(c, cr, text); problem != "" {
			return func(c *call) { c.oauthError(http.StatusBadRequest, "invalid_dpop_proof", problem) }
		}
	}
	if cr.scopes != nil && !covers(cr.scopes, c.op.scope) {
		return func(c *call) { c.missingScope(cr.scheme, c.op.scope) }
	}
	return nil
}

// credentials splits an Authorization header. Okta's Python SDK 3 sends scheme and token without a space between them, and
// works with Okta.
func credentials(header string) (scheme, token string) {
	if scheme, token, spaced := strings.Cut(header, " "); spaced {
		return scheme, token
	}
	for _, scheme := range []string{"SSWS", "Bearer", "DPoP"} {
		if n := len(scheme); len(header) > n && strings.EqualFold(header[:n], scheme) {
			return scheme, header[n:]
		}
	}
	return header, ""
}

func refuseToken(c *call) {
	c.fail(http.StatusUnauthorized, codeInvalidToken, "Invalid token provided")
}

// ownerGone says whether the token died with its owner's account.
func (t *Tenant) ownerGone(cr *credential) bool {
	if cr.who.UserID == "" {
		return false
	}
	u := t.users[cr.who.UserID]
	return u == nil || u.status == statusDeprovisioned
}

// covers says whether the scopes allow what a call needs; manage includes read.
func covers(have []string, need string) bool {
	if slices.Contains(have, need) {
		return true
	}
	area, isRead := strings.CutSuffix(need, ".read")
	return isRead && slices.Contains(have, area+".manage")
}

// missingScope answers 403 with an empty body; the reason is in a header.
func (c *call) missingScope(scheme, scope string) {
	start := "Bearer"
	if scheme == "DPoP" {
		start = `DPoP algs="RS256 RS384 RS512 ES256 ES384 ES512",`
	}
	c.w.Header().Set("WWW-Authenticate", start+` authorization_uri="`+c.base()+`/oauth2/v1/authorize", realm="`+c.base()+
		`", scope="`+scope+`", error="insufficient_scope"`+
		`, error_description="The access token provided does not contain the required scopes.", resource="`+
		c.r.URL.Path+`"`)
	c.empty(http.StatusForbidden)
}

// switchedOff answers for features that the org lacks and for resources that the administrator's role does not reach.
func (t *Tenant) switchedOff(c *call) bool {
	starts := func(prefix string) bool { return simwire.HasPrefix(c.r.URL.Path, prefix) }
	if t.lacks(c.r.URL.Path) {
		c.fail(http.StatusUnauthorized, codeFeatureOff, "You do not have permission to access the feature you are requesting")
		return true
	}
	if slices.ContainsFunc(t.opts.Forbidden, starts) {
		c.fail(http.StatusForbidden, codeNoPermission, "You do not have permission to perform the requested action")
		return true
	}
	return false
}

// lacks says whether the feature behind a path is off.
func (t *Tenant) lacks(path string) bool {
	return slices.ContainsFunc(t.opts.FeaturesOff, func(prefix string) bool { return simwire.HasPrefix(path, prefix) })
}

// SetFeature switches the feature behind a path prefix, such as "/governance/" or "/api/v1/users/{id}/factors", on or off.
func (t *Tenant) SetFeature(prefix string, on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opts.FeaturesOff = without(t.opts.FeaturesOff, prefix)
	if !on {
		t.opts.FeaturesOff = append(t.opts.FeaturesOff, prefix)
	}
}

// SetPermission lets the token owner's admin role reach a path prefix, or not; segments in braces stand for any.
func (t *Tenant) SetPermission(prefix string, allowed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opts.Forbidden = without(t.opts.Forbidden, prefix)
	if !allowed {
		t.opts.Forbidden = append(t.opts.Forbidden, prefix)
	}
}

func without(list []string, item string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == item })
}

// AddToken makes another SSWS token of the tenant's administrator, with a rate-limit share of its own, and returns its id.
func (t *Tenant) AddToken(text string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addToken(text)
}

func (t *Tenant) addToken(text string) string {
	id := t.newID("00T")
	t.tokens[text] = &credential{who: principal{ID: id, UserID: t.ownerID, TokenID: id, text: text}, scheme: "SSWS"}
	return id
}

// RevokeToken makes a token worthless: the SSWS token for an empty text.
func (t *Tenant) RevokeToken(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text == "" {
		text = t.opts.Token
	}
	if cr := t.tokens[text]; cr != nil {
		cr.revoked = true
	}
}

// ExpireAccessTokens makes every OAuth access token that was issued so far worthless.
func (t *Tenant) ExpireAccessTokens() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, cr := range t.tokens {
		if cr.scheme != "SSWS" {
			cr.revoked = true
		}
	}
}

// expireCredential kills the access token that a call came with; an SSWS token lives on.
func (t *Tenant) expireCredential(p principal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if cr := t.tokens[p.text]; cr != nil && cr.scheme != "SSWS" {
		cr.revoked = true
	}
}

// TokenID returns the id, 00T…, of the tenant's own SSWS token.
func (t *Tenant) TokenID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tokens[t.opts.Token].who.TokenID
}
