package oktasim

import (
	"hash/fnv"
	"time"
)

// AddFactor enrols a factor without an event and returns its id. kind and provider are Okta's words, such as "push" and
// "OKTA"; status is ACTIVE when empty.
func (t *Tenant) AddFactor(userID, kind, provider, status string, profile map[string]any) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if status == "" {
		status = statusActive
	}
	now := t.now()
	f := &factor{
		id:       t.newID(factorPrefix(kind)),
		userID:   userID,
		kind:     kind,
		provider: provider,
		status:   status,
		created:  now,
		updated:  now,
		profile:  profile,
	}
	t.mfa.factors[userID] = append(t.keepFactors(userID), f)
	return f.id
}

// AddAuthenticator adds an authenticator to the org and returns its id; several of one key may stand side by side.
func (t *Tenant) AddAuthenticator(key, kind, name, status string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	a := &authenticator{id: t.newID("aut"), key: key, kind: kind, name: name, status: status, created: now, updated: now}
	t.mfa.authenticators = append(t.mfa.authenticators, a)
	t.mfa.changed()
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

// factorsOf returns a person's factors, masked by nothing, to be read. Those of a made-up person depend on the person alone and
// are made up again each time, so that 100,000 people weigh nothing until theirs are changed; keepFactors is for that.
func (t *Tenant) factorsOf(userID string) []*factor {
	if u := t.users[userID]; u != nil && u.madeUp {
		return madeUpFactors(u)
	}
	return t.mfa.factors[userID]
}

// keepFactors returns a person's factors, masked by nothing, to be changed.
func (t *Tenant) keepFactors(userID string) []*factor {
	if u := t.users[userID]; u != nil && u.madeUp {
		t.mfa.factors[userID], u.madeUp = madeUpFactors(u), false
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

// madeUpFactors gives a made-up person believable factors.
func madeUpFactors(u *user) []*factor {
	h := fnv.New64a()
	_, _ = h.Write([]byte(u.id))
	n := h.Sum64()
	pick := int(n % 100)
	for _, mix := range seedMixes {
		if pick -= mix.share; pick >= 0 {
			continue
		}
		var out []*factor
		for _, kind := range mix.kinds {
			out = append(out, seededFactor(u, kind, n))
		}
		return out
	}
	return nil
}

func seededFactor(u *user, kind string, n uint64) *factor {
	at := u.created.Add(time.Duration(n%(90*24)) * time.Hour)
	f := &factor{
		userID:   u.id,
		kind:     kind,
		provider: "OKTA",
		status:   statusActive,
		created:  at,
		updated:  at,
		answer:   "answer",
	}
	switch kind {
	case "google":
		f.kind, f.provider = "token:software:totp", "GOOGLE"
	case "totp":
		f.kind = "token:software:totp"
	case "webauthn":
		f.provider = "FIDO"
	}
	f.profile = believableProfile(u, f, n)
	f.id = factorPrefix(f.kind) + u.id[3:]
	return f
}

// factorPrefix is what ids of a factor type start with.
func factorPrefix(kind string) string {
	if p := factorPrefixes[kind]; p != "" {
		return p
	}
	return "ufv"
}

var factorPrefixes = map[string]string{
	"question": "ufs", "token:software:totp": "ost", "sms": "sms", "call": "clf", "push": "opf",
	"signed_nonce": "osn", "webauthn": "fwf",
	"u2f": "fuf", "email": "emf", "token:hardware": "ykf", "token:hotp": "chf", "token": "rsa",
}
