package oktasim

import (
	"fmt"
	"hash/fnv"
	"time"
)

// AddFactor enrols a factor behind everybody's back and returns its id. kind and provider are Okta's words, such as "push" and
// "OKTA"; status is ACTIVE when empty.
func (t *Tenant) AddFactor(userID, kind, provider, status string, profile map[string]any) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if status == "" {
		status = statusActive
	}
	now := t.now()
	f := &factor{
		id: t.newID(factorPrefix(kind)), userID: userID, kind: kind, provider: provider, status: status, created: now, updated: now, profile: profile,
	}
	t.factorsOf(userID)
	t.mfa.factors[userID] = append(t.mfa.factors[userID], f)
	return f.id
}

// AddAuthenticator adds an authenticator to the org and returns its id; several of one key may stand side by side.
func (t *Tenant) AddAuthenticator(key, kind, name, status string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	a := &authenticator{id: t.newID("aut"), key: key, kind: kind, name: name, status: status, created: now, updated: now}
	t.mfa.authenticators = append(t.mfa.authenticators, a)
	return a.id
}

// SetPushAnswer says how a person answers a push: SUCCESS, REJECTED, or TIMEOUT for never.
func (t *Tenant) SetPushAnswer(userID, result string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mfa.push[userID] = result
}

// Factors returns the kinds of a person's active factors, oldest first, whatever policies hide.
func (t *Tenant) Factors(userID string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var kinds []string
	for _, f := range t.factorsOf(userID) {
		if f.status == statusActive {
			kinds = append(kinds, f.kind)
		}
	}
	return kinds
}

// seedFactors gives a made-up person believable factors. They depend on the person's id alone and are made when first asked
// for, so that 100,000 people cost nothing until an audit looks at them. Call with t.mu held.
func (t *Tenant) seedFactors(u *user) {
	if t.mfa.unmade == nil {
		t.mfa.unmade = map[string]*user{}
	}
	t.mfa.unmade[u.id] = u
}

// factorsOf returns a person's factors, masked by nothing.
func (t *Tenant) factorsOf(userID string) []*factor {
	if u := t.mfa.unmade[userID]; u != nil {
		t.mfa.makeFactors(u)
	}
	return t.mfa.factors[userID]
}

// hasFactors says whether there is anything for reset_factors to reset. In Identity Engine there always is: the e-mail counts.
func (t *Tenant) hasFactors(u *user) bool { return !t.opts.Classic || len(t.factorsOf(u.id)) > 0 }

// seedMixes are the sets of factors that people have here, with how many of a hundred have each.
var seedMixes = []struct {
	share int
	kinds []string
}{
	{10, nil},
	{8, []string{"email"}},
	{7, []string{"question"}},
	{14, []string{"sms"}},
	{4, []string{"sms", "call"}},
	{8, []string{"google"}},
	{24, []string{"push", "totp"}},
	{12, []string{"push", "totp", "signed_nonce"}},
	{9, []string{"push", "totp", "webauthn"}},
	{4, []string{"webauthn"}},
}

// makeFactors turns a seeded person into factors.
func (s *mfaStore) makeFactors(u *user) {
	delete(s.unmade, u.id)
	h := fnv.New64a()
	_, _ = h.Write([]byte(u.id))
	n := h.Sum64()
	pick := int(n % 100)
	for _, mix := range seedMixes {
		if pick -= mix.share; pick >= 0 {
			continue
		}
		for _, kind := range mix.kinds {
			s.factors[u.id] = append(s.factors[u.id], seededFactor(u, kind, n))
		}
		return
	}
}

func seededFactor(u *user, kind string, n uint64) *factor {
	at := u.created.Add(time.Duration(n%(90*24)) * time.Hour)
	f := &factor{userID: u.id, kind: kind, provider: "OKTA", status: statusActive, created: at, updated: at, answer: "answer"}
	phone := fmt.Sprintf("+1415555%04d", n/100%10000)
	device := map[string]any{
		"credentialId": u.email(), "deviceType": "SmartPhone_IPhone", "name": u.text("firstName") + "'s iPhone", "platform": "IOS", "version": "19.1",
	}
	switch kind {
	case "email":
		f.profile = map[string]any{"email": u.email()}
	case "question":
		f.profile = map[string]any{"question": questions[n%19].Question, "questionText": questions[n%19].Text}
	case "sms", "call":
		f.profile = map[string]any{"phoneNumber": phone}
	case "google":
		f.kind, f.provider, f.profile = "token:software:totp", "GOOGLE", map[string]any{"credentialId": u.email()}
	case "totp":
		f.kind, f.profile = "token:software:totp", map[string]any{"credentialId": u.email()}
	case "webauthn":
		f.provider, f.profile = "FIDO", map[string]any{"credentialId": fmt.Sprintf("cred-%016x", n), "authenticatorName": "YubiKey 5C NFC"}
	default:
		f.profile = device
	}
	f.id = factorPrefix(f.kind) + u.id[3:]
	return f
}

// factorPrefix is what ids of a factor type start with.
func factorPrefix(kind string) string {
	prefixes := map[string]string{
		"question": "ufs", "token:software:totp": "ost", "sms": "sms", "call": "clf", "push": "opf", "signed_nonce": "osn", "webauthn": "fwf",
		"u2f": "fuf", "email": "emf", "token:hardware": "ykf", "token:hotp": "chf", "token": "rsa",
	}
	if p := prefixes[kind]; p != "" {
		return p
	}
	return "ufv"
}
