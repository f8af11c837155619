package oktasim

import (
	"fmt"
	"slices"
)

// The setters in this file and in setup_events_policy.go stand for what a person does in the Admin Console or when signing in: they
// change the tenant and write the events that Okta would. The setters elsewhere (AddUser, AddFactor, SetUserStatus, …) set
// the scene and leave no trace.

// administrate writes an event by the tenant's administrator, who is not calling. Call with t.mu held.
func (t *Tenant) administrate(kind string, e eventDetail) {
	t.record(t.now(), principal{UserID: t.ownerID}, kind, e)
}

// CreateUser puts a person into the tenant as an administrator would, and returns the id.
func (t *Tenant) CreateUser(n NewUser) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.newUser(n, t.now())
	t.administrate("user.lifecycle.create", eventDetail{Targets: []logTarget{u.target()}})
	if u.status != statusStaged {
		t.administrate("user.lifecycle.activate", eventDetail{Targets: []logTarget{u.target()}})
	}
	return u.id
}

// UpdateUser sets one attribute of a person as an administrator would; a nil value takes it away.
func (t *Tenant) UpdateUser(userID, name string, value any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.mustUser(userID)
	t.changeUser(u, t.now(), func(u *user) {
		u.profile[name] = value
		if value == nil {
			delete(u.profile, name)
		}
	})
	t.administrate("user.account.update_profile", eventDetail{Targets: []logTarget{u.target()}})
}

// Lifecycle moves a person from status to status: activate, reactivate, deactivate, suspend, unsuspend, unlock,
// expire_password or reset_password by the administrator, lock by too many wrong passwords. It reports whether the status
// allowed that; without it nothing happens.
func (t *Tenant) Lifecycle(userID, verb string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.mustUser(userID)
	if verb == "lock" {
		if u.status != statusActive {
			return false
		}
		t.setUserStatus(u, statusLockedOut, t.now())
		t.record(t.now(), principal{UserID: u.id}, "user.account.lock", eventDetail{
			Targets: []logTarget{u.target()}, Result: "FAILURE", Reason: "LOCKED_OUT",
		})
		return true
	}
	step, known := transitions[verb]
	if !known {
		panic("oktasim: no lifecycle operation " + verb)
	}
	if !step.allows(u) {
		return false
	}
	t.setUserStatus(u, step.target(u), t.now())
	t.administrate(step.event, eventDetail{Targets: []logTarget{u.target()}})
	return true
}

// DeleteUser deactivates a person and deletes it for good, with every event of that.
func (t *Tenant) DeleteUser(userID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.mustUser(userID)
	targets := eventDetail{Targets: []logTarget{u.target()}}
	if u.status != statusDeprovisioned {
		t.setUserStatus(u, statusDeprovisioned, t.now())
		t.administrate("user.lifecycle.deactivate", targets)
	}
	t.administrate("user.lifecycle.delete.initiated", targets)
	t.forgetUser(u, t.now())
	t.administrate("user.lifecycle.delete.completed", targets)
}

// JoinGroup adds a person to a group as an administrator would, and reports whether that changed anything.
func (t *Tenant) JoinGroup(groupID, userID string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, u := t.mustGroup(groupID), t.mustUser(userID)
	if !t.join(g, u, t.now()) {
		return false
	}
	t.administrate("group.user_membership.add", eventDetail{Targets: []logTarget{u.target(), g.target()}})
	return true
}

// LeaveGroup takes a person out of a group as an administrator would, and reports whether that changed anything.
func (t *Tenant) LeaveGroup(groupID, userID string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, u := t.mustGroup(groupID), t.mustUser(userID)
	if !t.leave(g, u, t.now()) {
		return false
	}
	t.administrate("group.user_membership.remove", eventDetail{Targets: []logTarget{u.target(), g.target()}})
	return true
}

// Enroll lets a person enrol a factor that is active at once, and returns its id. kind and provider are Okta's words, such as
// "push" and "OKTA"; an empty provider is the usual one. Policies are not asked.
func (t *Tenant) Enroll(userID, kind, provider string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	u, now := t.mustUser(userID), t.now()
	if provider == "" {
		provider = usualProvider(kind)
	}
	f := &factor{
		id:       t.newID(factorPrefix(kind)),
		userID:   u.id,
		kind:     kind,
		provider: provider,
		status:   statusActive,
		created:  now,
		updated:  now,
		answer:   "answer",
	}
	f.profile = believableProfile(u, f, t.serial)
	t.mfa.factors[u.id] = append(t.keepFactors(u.id), f)
	t.record(now, principal{UserID: u.id}, "user.mfa.factor.activate", f.detail(u))
	return f.id
}

// RemoveFactor takes away a person's factor with an id, or all of a kind, as the person would in its own settings, and returns
// how many factors went: push and FastPass take everything of Okta Verify with them. Each writes an event.
func (t *Tenant) RemoveFactor(userID, idOrKind string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.mustUser(userID)
	gone := t.removeFactors(u, func(f *factor) bool { return f.id == idOrKind || f.kind == idOrKind })
	for _, f := range gone {
		t.record(t.now(), principal{UserID: u.id}, "user.mfa.factor.deactivate", f.detail(u))
	}
	return len(gone)
}

// ResetFactors takes all of a person's factors away as an administrator would: one event, user.mfa.factor.reset_all.
func (t *Tenant) ResetFactors(userID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.mustUser(userID)
	t.clearFactors(u)
	t.administrate("user.mfa.factor.reset_all", eventDetail{Targets: []logTarget{u.target()}})
}

// removeFactors takes factors away, and with push or FastPass all of Okta Verify, as Okta documents. It writes no event.
func (t *Tenant) removeFactors(u *user, pick func(*factor) bool) (gone []*factor) {
	have := t.keepFactors(u.id)
	cascade := slices.ContainsFunc(have,
		func(f *factor) bool { return pick(f) && (f.kind == "push" || f.kind == "signed_nonce") })
	t.mfa.factors[u.id] = slices.DeleteFunc(have, func(f *factor) bool {
		if !pick(f) && !(cascade && f.authenticatorOf() == "okta_verify") {
			return false
		}
		gone = append(gone, f)
		return true
	})
	return gone
}

// clearFactors forgets a person's factors and access code, also those that a made-up person would have had.
func (t *Tenant) clearFactors(u *user) {
	u.madeUp = false
	delete(t.mfa.factors, u.id)
	delete(t.mfa.codes, u.id)
}

// detail is what the System Log says of an act upon a factor.
func (f *factor) detail(u *user) eventDetail {
	return eventDetail{Targets: []logTarget{u.target()}, Debug: map[string]any{"factor": f.eventName()}}
}

func usualProvider(kind string) string {
	for _, k := range factorKinds {
		if k.kind == kind {
			return k.provider
		}
	}
	return "OKTA"
}

// believableProfile is what Okta would know of a new factor.
func believableProfile(u *user, f *factor, n uint64) map[string]any {
	switch f.kind {
	case "email":
		return map[string]any{"email": u.email()}
	case "question":
		q := questions[n%uint64(len(questions))]
		return map[string]any{"question": q.Question, "questionText": q.Text}
	case "sms", "call":
		return map[string]any{"phoneNumber": fmt.Sprintf("+1415555%04d", n/100%10000)}
	case "webauthn":
		return map[string]any{"credentialId": fmt.Sprintf("cred-%016x", n), "authenticatorName": "YubiKey 5C NFC"}
	case "push", "signed_nonce":
		return map[string]any{
			"credentialId": u.email(), "deviceType": "SmartPhone_IPhone", "name": u.text("firstName") +
				"'s iPhone", "platform": "IOS", "version": "19.1",
		}
	}
	return map[string]any{"credentialId": u.email()}
}
