package oktasim

import (
	"net/http"
	"slices"
	"time"
)

// mfaStore holds what the org knows of multifactor authentication.
type mfaStore struct {
	factors        map[string][]*factor // by user id, oldest first
	authenticators []*authenticator
	policies       []*policy // in the order of priority, the default policy last
	access         []*policy // app sign-in policies, read only; the last is what applications have by default
	transactions   map[string]*transaction
	codes          map[string]*accessCode // temporary access codes by user id
	push           map[string]string      // user id → how the person answers a push; SUCCESS when absent
	classic        map[string]bool        // Classic Engine's org factors that are on
	byFactor       bool                   // Classic Engine: policies speak of factors instead of authenticators
	allowed        map[*policy]map[string]string
}

// factor is one enrolled factor of a user.
type factor struct {
	id, userID, kind, provider, status string
	created, updated                   time.Time
	profile                            map[string]any
	answer                             string // of a security question
}

// accessCode is a temporary access code, shown once.
type accessCode struct {
	id       string
	created  time.Time
	expires  time.Time
	multiUse bool
}

// authenticator is one way to authenticate that the org offers.
type authenticator struct {
	id, key, kind, name, status string
	created, updated            time.Time
	settings, provider          map[string]any
}

// The settings of an authenticator in an enrolment policy.
const (
	enrollNotAllowed = "NOT_ALLOWED"
	enrollOptional   = "OPTIONAL"
	enrollRequired   = "REQUIRED"
)

// Scopes and paths of the MFA operations.
const (
	scopeUsersRead, scopeUsersManage   = "okta.users.read", "okta.users.manage"
	scopeAuthRead, scopeAuthManage     = "okta.authenticators.read", "okta.authenticators.manage"
	scopePolicyRead, scopePolicyManage = "okta.policies.read", "okta.policies.manage"

	pathFactors    = "/api/v1/users/{userId}/factors"
	pathEnrolments = "/api/v1/users/{userId}/authenticator-enrollments"
	pathPolicies   = "/api/v1/policies"
	pathAuth       = "/api/v1/authenticators"
)

// authenticatorOf names the authenticator that a factor belongs to.
func (f *factor) authenticatorOf() string {
	switch f.kind {
	case "question":
		return "security_question"
	case "sms", "call":
		return "phone_number"
	case "email":
		return "okta_email"
	case "push", "signed_nonce":
		return "okta_verify"
	case "token:software:totp":
		if f.provider == "GOOGLE" {
			return "google_otp"
		}
		return "okta_verify"
	case "token:hardware":
		return "yubikey_token"
	case "token:hotp":
		return "custom_otp"
	case "token":
		if f.provider == "SYMANTEC" {
			return "symantec_vip"
		}
		return "rsa_token"
	case "web":
		return "duo"
	case "webauthn", "u2f":
		return "webauthn"
	}
	return f.kind // a type that Okta does not know here is its own authenticator
}

// newAuthenticators are what a fresh Identity Engine org offers here, with the names that Okta gives.
func (t *Tenant) newAuthenticators() []*authenticator {
	type kv = map[string]any
	offer := func(key, kind, name string, settings kv) *authenticator {
		return &authenticator{
			id:       t.newID("aut"),
			key:      key,
			kind:     kind,
			name:     name,
			status:   statusActive,
			created:  t.since,
			updated:  t.since,
			settings: settings,
		}
	}
	list := []*authenticator{
		offer("okta_email", "email", "Email", kv{"allowedFor": "any", "tokenLifetimeInMinutes": 5}),
		offer("google_otp", "app", "Google Authenticator", kv{}),
		offer("okta_verify", "app", "Okta Verify", kv{
			"compliance":       kv{"fips": "OPTIONAL"},
			"channelBinding":   kv{"style": "NUMBER_CHALLENGE", "required": "HIGH_RISK_ONLY"},
			"userVerification": "PREFERRED", "enrollmentSecurityLevel": "ANY",
			"userVerificationMethods": []string{"BIOMETRICS", "PIN"}, "appInstanceId": "",
		}),
		offer("okta_password", "password", "Password", nil),
		offer("phone_number", "phone", "Phone", kv{"allowedFor": "any"}),
		offer("security_question", "security_question", "Security Question", kv{"allowedFor": "any"}),
		offer("webauthn", "security_key", "Passkey (FIDO2 WebAuthn)", nil),
	}
	if t.opts.AccessCodes { // no recorded org has them
		list = append(list, offer("tac", "tac", "Temporary Access Code", kv{
			"minTtl": 10, "maxTtl": 14400, "defaultTtl": 120, "length": 16, "multiUseAllowed": true,
			"complexity": kv{"numbers": true, "letters": true, "specialCharacters": false},
		}))
	}
	return list
}

func (t *Tenant) mfaFound() {
	s := &t.mfa
	s.factors, s.transactions = map[string][]*factor{}, map[string]*transaction{}
	s.codes, s.push, s.classic = map[string]*accessCode{}, map[string]string{}, map[string]bool{}
	s.authenticators = t.newAuthenticators()
	standard := &policy{
		id:          t.newID("00p"),
		kind:        policyMFA,
		name:        "Default Policy",
		description: "The default policy applies in all situations if no other policy applies.",
		status:      statusActive, system: true, groups: []string{t.everyoneID}, created: t.since, updated: t.since,
	}
	for _, a := range s.authenticators {
		self := enrollOptional
		if a.key == "okta_password" {
			self = enrollRequired
		}
		standard.enrol = append(standard.enrol, enrolSetting{Key: a.key, Enroll: map[string]any{"self": self}})
	}
	if s.byFactor = t.opts.Classic; s.byFactor {
		standard.enrol = nil
		for _, name := range classicNames {
			standard.enrol = append(standard.enrol, enrolSetting{Key: name, Enroll: map[string]any{"self": enrollOptional}})
		}
	}
	standard.rules = []*policyRule{t.defaultRule("Default Rule", policyMFA)}
	s.policies = []*policy{standard}
	for _, name := range []string{"Okta Admin Console", "Okta Dashboard", "Okta Browser Plugin", "Any two factors"} {
		p := &policy{
			id:      t.newID("rst"),
			kind:    policyAccess,
			name:    name,
			status:  statusActive,
			created: t.since,
			updated: t.since,
		}
		p.rules = []*policyRule{t.defaultRule("Catch-all Rule", policyAccess)}
		s.access = append(s.access, p)
	}
	last := s.access[len(s.access)-1]
	last.system, last.description = true, "Require two factors to access."
}

func (s *mfaStore) authenticator(idOrKey string) *authenticator {
	i := slices.IndexFunc(s.authenticators, func(a *authenticator) bool { return a.id == idOrKey || a.key == idOrKey })
	if i < 0 {
		return nil
	}
	return s.authenticators[i]
}

// routesMFA registers factors, authenticators, enrolments and policies.
func (t *Tenant) routesMFA() {
	t.mfaFound()
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete

	t.handle(get, pathFactors, scopeUsersRead, (*call).listFactors)
	t.handle(post, pathFactors, scopeUsersManage, (*call).enrollFactor)
	t.handle(get, pathFactors+"/catalog", scopeUsersRead, (*call).factorCatalog)
	t.handle(get, pathFactors+"/questions", scopeUsersRead, (*call).factorQuestions)
	one := pathFactors + "/{factorId}"
	t.handle(get, one, scopeUsersRead, (*call).getFactor)
	t.handle(put, one, scopeUsersManage, (*call).updateQuestion)
	t.handle(del, one, scopeUsersManage, (*call).deleteFactor)
	t.handle(post, one+"/lifecycle/activate", scopeUsersManage, (*call).activateFactor)
	t.handle(post, one+"/resend", scopeUsersManage, (*call).resendFactor)
	t.handle(post, one+"/verify", scopeUsersManage, (*call).verifyFactor)
	t.handle(get, one+"/transactions/{transactionId}", scopeUsersRead, (*call).pollTransaction)
	t.handle(del, one+"/transactions/{transactionId}", scopeUsersManage, (*call).cancelTransaction)
	t.handle(post, "/api/v1/users/{userId}/lifecycle/reset_factors", scopeUsersManage, (*call).resetFactors)

	t.handle(get, "/api/v1/org/factors/{factorName}", "okta.factors.read", (*call).getOrgFactor)
	t.handle(post, "/api/v1/org/factors/{factorName}/lifecycle/activate", "okta.factors.manage",
		func(c *call) { c.switchOrgFactor(true) })
	t.handle(post, "/api/v1/org/factors/{factorName}/lifecycle/deactivate", "okta.factors.manage",
		func(c *call) { c.switchOrgFactor(false) })

	t.handle(get, pathAuth, scopeAuthRead, (*call).listAuthenticators)
	t.handle(get, pathAuth+"/{authenticatorId}", scopeAuthRead, (*call).getAuthenticator)
	t.handle(get, pathAuth+"/{authenticatorId}/methods", scopeAuthRead, (*call).listMethods)
	t.handle(get, pathAuth+"/{authenticatorId}/methods/{methodType}", scopeAuthRead, (*call).getMethod)
	t.handle(post, pathAuth+"/{authenticatorId}/lifecycle/activate", scopeAuthManage, (*call).activateAuthenticator)
	t.handle(post, pathAuth+"/{authenticatorId}/lifecycle/deactivate", scopeAuthManage, (*call).deactivateAuthenticator)

	t.handle(get, pathEnrolments, scopeUsersRead, (*call).listEnrolments)
	t.handle(post, pathEnrolments+"/tac", scopeUsersManage, (*call).createAccessCode)
	t.handle(post, pathEnrolments+"/phone", scopeUsersManage, (*call).enrolPhone)
	t.handle(get, pathEnrolments+"/{enrollmentId}", scopeUsersRead, (*call).getEnrolment)
	t.handle(del, pathEnrolments+"/{enrollmentId}", scopeUsersManage, (*call).deleteEnrolment)
	t.routesPolicies()
}

func (t *Tenant) routesPolicies() {
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	t.handle(get, pathPolicies, scopePolicyRead, (*call).listPolicies)
	t.handle(post, pathPolicies, scopePolicyManage, (*call).createPolicy)
	one := pathPolicies + "/{policyId}"
	t.handle(get, one, scopePolicyRead, (*call).getPolicy)
	t.handle(put, one, scopePolicyManage, (*call).replacePolicy)
	t.handle(del, one, scopePolicyManage, (*call).deletePolicy)
	t.handle(post, one+"/lifecycle/activate", scopePolicyManage, func(c *call) { c.switchPolicy(statusActive) })
	t.handle(post, one+"/lifecycle/deactivate", scopePolicyManage, func(c *call) { c.switchPolicy("INACTIVE") })
	t.handle(get, one+"/rules", scopePolicyRead, (*call).listRules)
	t.handle(post, one+"/rules", scopePolicyManage, (*call).createRule)
	rule := one + "/rules/{ruleId}"
	t.handle(get, rule, scopePolicyRead, (*call).getRule)
	t.handle(put, rule, scopePolicyManage, (*call).replaceRule)
	t.handle(del, rule, scopePolicyManage, (*call).deleteRule)
	t.handle(post, rule+"/lifecycle/activate", scopePolicyManage, func(c *call) { c.switchRule(statusActive) })
	t.handle(post, rule+"/lifecycle/deactivate", scopePolicyManage, func(c *call) { c.switchRule("INACTIVE") })
}

// mfaState is what GET /_sim/state shows of MFA.
func (t *Tenant) mfaState() (factors map[string][]map[string]any, policies []map[string]any) {
	s := &t.mfa
	factors = map[string][]map[string]any{}
	for _, id := range t.userOrder {
		for _, f := range t.factorsOf(id) {
			factors[id] = append(factors[id], map[string]any{
				"id": f.id, "factorType": f.kind, "provider": f.provider, "status": f.status, "profile": f.profile,
			})
		}
	}
	policies = []map[string]any{}
	for i, p := range s.policies {
		policies = append(policies, map[string]any{
			"id": p.id, "name": p.name, "status": p.status, "priority": i + 1, "system": p.system, "groups": p.groups,
			"authenticators": s.echo(p), "rules": len(p.rules),
		})
	}
	return factors, policies
}
