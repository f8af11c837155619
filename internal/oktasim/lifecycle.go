package oktasim

import (
	"net/http"
	"slices"
	"time"
)

// transition is one lifecycle operation of a user. An empty to means that a password decides between ACTIVE and PROVISIONED.
type transition struct {
	from  []string // statuses that allow it; nil allows all but DEPROVISIONED
	to    string
	event string
	// what Okta answers from another status
	status  int
	code    errorCode
	summary string
}

const codeUnlock errorCode = "E0000032" // 403 unlock is not allowed for this user

// transitions are the lifecycle operations; reset_factors belongs to the factors.
var transitions = map[string]transition{
	"activate": {[]string{statusStaged, statusDeprovisioned}, "", "user.lifecycle.activate",
		http.StatusForbidden, codeAlreadyActive, "Activation failed because the user is already active"},
	"reactivate": {[]string{statusProvisioned}, statusProvisioned, "user.lifecycle.reactivate",
		http.StatusForbidden, codeUserStatus, "This operation is not allowed in the user's current status."},
	"deactivate": {nil, statusDeprovisioned, "user.lifecycle.deactivate",
		http.StatusForbidden, codeUserStatus, "This operation is not allowed in the user's current status."},
	"suspend": {[]string{statusActive}, statusSuspended, "user.lifecycle.suspend",
		http.StatusBadRequest, codeValidation, "Api validation failed: Cannot suspend a user that is not active"},
	"unsuspend": {[]string{statusSuspended}, statusActive, "user.lifecycle.unsuspend",
		http.StatusBadRequest, codeValidation, "Api validation failed: Cannot unsuspend a user that is not suspended"},
	"unlock": {[]string{statusLockedOut}, statusActive, "user.account.unlock_by_admin",
		http.StatusForbidden, codeUnlock, "Unlock is not allowed for this user."},
	"expire_password": {[]string{statusActive, statusStaged, statusProvisioned, statusRecovery, statusLockedOut},
		statusPasswordExpired,
		"user.account.expire_password", http.StatusForbidden, codeUserStatus, "This operation is not allowed in the user's current status."},
	"reset_password": {[]string{statusActive, statusProvisioned, statusRecovery, statusPasswordExpired, statusLockedOut},
		statusRecovery,
		"user.account.reset_password", http.StatusForbidden, codeUserStatus, "This operation is not allowed in the user's current status."},
}

func (t *Tenant) routesLifecycle() {
	for name, step := range transitions {
		t.handle("POST", "/api/v1/users/{id}/lifecycle/"+name, "okta.users.manage",
			func(c *call) { t.carryOut(c, name, step) })
	}
}

func (t *Tenant) carryOut(c *call, name string, step transition) {
	u := c.user("id")
	if u == nil {
		return
	}
	if !step.allows(u) {
		c.fail(step.status, step.code, step.summary)
		return
	}
	t.setUserStatus(u, step.target(u), c.now)
	c.event(step.event, eventDetail{Targets: []logTarget{u.target()}})
	c.reply(http.StatusOK, t.lifecycleReply(c, name, u))
}

// allows says whether the operation may start from the user's status.
func (step transition) allows(u *user) bool {
	return slices.Contains(step.from, u.status) || step.from == nil && u.status != statusDeprovisioned
}

// target is the status that the operation leads to.
func (step transition) target(u *user) string {
	switch {
	case step.to != "":
		return step.to
	case u.hasPassword:
		return statusActive
	}
	return statusProvisioned
}

// lifecycleReply is empty but for links that are asked for instead of an e-mail.
func (t *Tenant) lifecycleReply(c *call, name string, u *user) any {
	quiet := c.query().Get("sendEmail") == "false"
	switch {
	case name == "expire_password":
		return u.render(c, u.profile, true)
	case quiet && (name == "activate" || name == "reactivate"):
		token := t.newToken(20)
		return map[string]any{"activationUrl": c.base() + "/welcome/" + token, "activationToken": token}
	case quiet && name == "reset_password":
		return map[string]any{"resetPasswordUrl": c.base() + "/signin/reset-password/" + t.newToken(20)}
	}
	return map[string]any{}
}

// setUserStatus moves a user to a status. Deactivation takes the application assignments away. Call with t.mu held.
func (t *Tenant) setUserStatus(u *user, status string, now time.Time) {
	t.changeUser(u, now, func(u *user) {
		u.status = status
		if (status == statusActive || status == statusProvisioned) && u.activated.IsZero() {
			u.activated = now
		}
	})
	if status == statusDeprovisioned {
		for _, a := range t.apps {
			a.users.remove(u.id)
		}
	}
}
