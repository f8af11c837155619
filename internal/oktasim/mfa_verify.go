package oktasim

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"
)

// SimPassCode is the one-time code that every simulated factor accepts.
const SimPassCode = "123456"

// How long a person takes to answer a push, and how long a push waits. Okta documents neither; five minutes was seen.
const (
	pushAnswerAfter = 5 * time.Second
	pushLifetime    = 5 * time.Minute
)

// transaction is a push that waits for its answer.
type transaction struct {
	id, factorID, userID string
	created              time.Time
}

func (f *factor) eventName() string {
	return strings.ToUpper(strings.NewReplacer(":", "_").Replace(f.provider + "_" + f.kind))
}

func (c *call) activate(u *user, f *factor) {
	f.status, f.updated = statusActive, c.now
	c.event("user.mfa.factor.activate", eventDetail{
		Targets: []logTarget{u.target()},
		Debug:   map[string]any{"factor": f.eventName()},
	})
}

// passCode reads an optional body; ok is false when it was malformed and is answered.
func (c *call) passCode() (in struct {
	PassCode       string `json:"passCode"`
	Answer         string `json:"answer"`
	NumberMatching bool   `json:"useNumberMatchingChallenge"`
}, ok bool) {
	if len(bytes.TrimSpace(c.x.Body)) == 0 {
		return in, true
	}
	return in, c.body(&in)
}

func (c *call) activateFactor() {
	u, f := c.findFactor()
	if f == nil {
		return
	}
	in, ok := c.passCode()
	switch {
	case !ok:
	case f.status == statusActive:
		c.fail(http.StatusForbidden, codeAlreadyActive, "Activation failed because the factor is already active.")
	case slices.Contains([]string{"sms", "call", "email", "token:software:totp", "token:hotp"}, f.kind) &&
		in.PassCode != SimPassCode:
		c.wrongCode(u, f)
	default:
		c.activate(u, f)
		c.reply(http.StatusOK, f.wire(c))
	}
}

func (c *call) wrongCode(u *user, f *factor) {
	c.event("user.authentication.auth_via_mfa", eventDetail{
		Targets: []logTarget{u.target()},
		Result:  "FAILURE",
		Reason:  "INVALID_CREDENTIALS",
		Debug:   map[string]any{"factor": f.eventName()},
	})
	c.fail(http.StatusForbidden, "E0000068", "Invalid Passcode/Answer",
		cause{ErrorSummary: "Your token doesn't match our records. Please try again."})
}

func (c *call) resendFactor() {
	_, f := c.findFactor()
	switch {
	case f == nil:
	case f.status != "PENDING_ACTIVATION" || !slices.Contains([]string{"sms", "call", "email"}, f.kind):
		c.invalid("factor", "only a pending sms, call or email factor can be sent again")
	default:
		c.reply(http.StatusOK, f.wire(c))
	}
}

// verifyFactor challenges a factor, or checks a code: an empty body asks for the challenge.
func (c *call) verifyFactor() {
	u, f := c.findFactor()
	if f == nil {
		return
	}
	in, ok := c.passCode()
	switch {
	case !ok:
	case f.status != statusActive:
		c.fail(http.StatusForbidden, codeUserStatus, "This operation is not allowed in the factor's current status.")
	case f.kind == "push":
		c.startPush(u, f, in.NumberMatching)
	case in.PassCode != "" || in.Answer != "":
		right := in.PassCode == SimPassCode
		if f.kind == "question" {
			right = in.Answer == f.answer
		}
		if !right {
			c.wrongCode(u, f)
			return
		}
		c.event("user.authentication.auth_via_mfa", eventDetail{
			Targets: []logTarget{u.target()},
			Debug:   map[string]any{"factor": f.eventName()},
		})
		c.reply(http.StatusOK, map[string]any{"factorResult": "SUCCESS"})
	case slices.Contains([]string{"sms", "call", "email", "webauthn", "u2f"}, f.kind):
		self := c.base() + "/api/v1/users/" + u.id + "/factors/" + f.id
		c.reply(http.StatusOK, map[string]any{
			"factorResult": "CHALLENGE", "profile": f.profile,
			"_links": map[string]any{"verify": hinted(self+"/verify", "POST"), "factor": hinted(self, "GET", "DELETE")},
		})
	default:
		c.invalid("passCode", "passCode: The field cannot be left blank")
	}
}

func (c *call) startPush(u *user, f *factor, numbers bool) {
	tx := &transaction{id: "v2mst." + c.t.newToken(22), factorID: f.id, userID: u.id, created: c.now}
	c.t.mfa.transactions[tx.id] = tx
	body := c.pushState(tx, "WAITING")
	body["expiresAt"], body["profile"] = stampText(c.now.Add(pushLifetime)), f.profile
	if numbers {
		body["_embedded"] = map[string]any{"challenge": map[string]any{"correctAnswer": 10 + int(c.t.rng.IntN(90))}}
	}
	c.reply(http.StatusCreated, body)
}

func (c *call) pushState(tx *transaction, result string) map[string]any {
	self := c.base() + "/api/v1/users/" + tx.userID + "/factors/" + tx.factorID
	links := map[string]any{"factor": hinted(self, "GET", "DELETE")}
	if result == "WAITING" {
		links["poll"] = hinted(self+"/transactions/"+tx.id, "GET")
		links["cancel"] = hinted(self+"/transactions/"+tx.id, "DELETE")
	} else {
		links["verify"] = hinted(self+"/verify", "POST")
	}
	return map[string]any{"factorResult": result, "_links": links}
}

func (c *call) findTransaction() *transaction {
	_, f := c.findFactor()
	if f == nil {
		return nil
	}
	tx := c.t.mfa.transactions[c.path("transactionId")]
	if tx == nil || tx.factorID != f.id || c.now.After(tx.created.Add(2*pushLifetime)) {
		c.fail(http.StatusNotFound, "E0000191", "The transaction was not found or has expired.")
		return nil
	}
	return tx
}

// pollTransaction answers WAITING until the person answers, a few seconds in, or until the push times out.
func (c *call) pollTransaction() {
	tx := c.findTransaction()
	if tx == nil {
		return
	}
	answer := c.t.mfa.push[tx.userID]
	if answer == "" {
		answer = "SUCCESS"
	}
	result := "WAITING"
	switch {
	case c.now.After(tx.created.Add(pushLifetime)):
		result = "TIMEOUT"
	case answer != "TIMEOUT" && !c.now.Before(tx.created.Add(pushAnswerAfter)):
		result = answer
	}
	c.reply(http.StatusOK, c.pushState(tx, result))
}

func (c *call) cancelTransaction() {
	if tx := c.findTransaction(); tx != nil {
		delete(c.t.mfa.transactions, tx.id)
		c.empty(http.StatusNoContent)
	}
}

// deleteFactor removes a factor. Push and FastPass take every Okta Verify factor of the user with them, as Okta documents.
func (c *call) deleteFactor() {
	u, f := c.findFactor()
	switch {
	case f == nil:
	case u.status == statusDeprovisioned:
		c.fail(http.StatusForbidden, codeUserStatus, "This operation is not allowed in the user's current status.")
	default:
		c.dropFactors(u, func(x *factor) bool { return x == f })
		c.empty(http.StatusNoContent)
	}
}

func (c *call) dropFactors(u *user, gone func(*factor) bool) {
	for _, f := range c.t.removeFactors(u, gone) {
		c.event("user.mfa.factor.deactivate", f.detail(u))
	}
}

// resetFactors is POST /users/{id}/lifecycle/reset_factors: all factors go, the user's status stays.
func (c *call) resetFactors() {
	u := c.factorUser()
	if u == nil {
		return
	}
	c.t.clearFactors(u)
	c.event("user.mfa.factor.reset_all", eventDetail{Targets: []logTarget{u.target()}})
	c.reply(http.StatusOK, map[string]any{})
}
