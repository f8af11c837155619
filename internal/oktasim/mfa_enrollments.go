package oktasim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// enrolment is one authenticator that a user has set up, as Identity Engine lists it. It is made from factors when it is read.
type enrolment struct {
	id, key, status  string
	created, updated time.Time
	profile          map[string]any
	factors          []*factor
}

// identityEngine answers 401 E0000015 on a Classic org, which has no such operation, and on one without the feature: it is in
// limited availability.
func (c *call) identityEngine() bool {
	if c.t.opts.Classic || c.t.opts.NoEnrollments {
		c.fail(http.StatusUnauthorized, codeFeatureOff, "You do not have permission to access the feature you are requesting")
		return false
	}
	return true
}

// enrolments lists password, email and every factor's authenticator; no policy hides any of it. Sms and call of one number are
// one phone enrolment, and the Okta Verify factors are one app enrolment.
func (t *Tenant) enrolments(u *user) []*enrolment {
	var list []*enrolment
	if u.hasPassword || u.status == statusActive {
		at := u.passwordChanged
		if at.IsZero() {
			at = u.created
		}
		list = append(list, &enrolment{
			id:      "lae" + u.id[3:],
			key:     "okta_password",
			status:  statusActive,
			created: at,
			updated: at,
		})
	}
	list = append(list, &enrolment{
		id:      "eae" + u.id[3:],
		key:     "okta_email",
		status:  statusActive,
		created: u.created,
		updated: u.created,
		profile: map[string]any{"email": u.email()},
	})
	for _, f := range t.factorsOf(u.id) {
		if f.kind == "email" && f.profile["email"] == u.email() {
			list[len(list)-1].factors = append(list[len(list)-1].factors, f)
			continue
		}
		key := f.authenticatorOf()
		i := slices.IndexFunc(list, func(e *enrolment) bool { return e.key == key && len(e.factors) > 0 && e.joins(f) })
		if i >= 0 {
			list[i].factors = append(list[i].factors, f)
			continue
		}
		list = append(list, &enrolment{
			id:      f.id,
			key:     key,
			status:  f.status,
			created: f.created,
			updated: f.updated,
			profile: f.profile,
			factors: []*factor{f},
		})
	}
	if code := t.mfa.codes[u.id]; code != nil && t.now().Before(code.expires) {
		list = append(list, &enrolment{
			id:      code.id,
			key:     "tac",
			status:  statusActive,
			created: code.created,
			updated: code.created,
			profile: code.profile(""),
		})
	}
	return list
}

func (e *enrolment) joins(f *factor) bool {
	switch e.key {
	case "okta_verify":
		return true
	case "phone_number":
		return e.factors[0].profile["phoneNumber"] == f.profile["phoneNumber"]
	}
	return false
}

// profile shows an access code; the code itself only when it is made. expiresAt comes without a zone, as in Okta's example.
func (a *accessCode) profile(code string) map[string]any {
	p := map[string]any{"multiUse": a.multiUse, "expiresAt": a.expires.Format("2006-01-02T15:04:05")}
	if code != "" {
		p["tac"] = code
	}
	return p
}

// absentKinds are the types of authenticators that an org may lack although someone once enrolled one.
var absentKinds = map[string]string{
	"webauthn": "security_key", "yubikey_token": "security_key", "custom_otp": "security_key", "rsa_token": "security_key",
	"onprem_mfa": "security_key", "symantec_vip": "app", "duo": "app", "google_otp": "app",
	"okta_verify": "app", "custom_app": "app",
	"phone_number": "phone", "smart_card_idp": "federated",
}

// enrolmentWire is an enrolment as JSON. Audits read very many of them, so it is no map.
type enrolmentWire struct {
	Type        string         `json:"type"`
	ID          string         `json:"id"`
	Key         string         `json:"key"`
	Status      string         `json:"status"`
	Name        string         `json:"name"`
	Nickname    *string        `json:"nickname"`
	Profile     map[string]any `json:"profile,omitempty"`
	Created     string         `json:"created"`
	LastUpdated string         `json:"lastUpdated"`
	Links       enrolmentLinks `json:"_links"`
}

type enrolmentLinks struct {
	Self          hintedHref  `json:"self"`
	User          hintedHref  `json:"user"`
	Authenticator *hintedHref `json:"authenticator,omitempty"`
}

func (e *enrolment) wire(c *call, u *user) enrolmentWire {
	user := c.base() + "/api/v1/users/" + u.id
	w := enrolmentWire{
		Type: absentKinds[e.key], ID: e.id, Key: e.key, Status: e.status, Name: e.key,
		Created: stampText(e.created), LastUpdated: stampText(e.updated), Profile: e.masked(c),
		Links: enrolmentLinks{
			Self: hinted(user+"/authenticator-enrollments/"+e.id, "GET", "DELETE"),
			User: hinted(user, "GET"),
		},
	}
	if w.Type == "" {
		w.Type = e.key
	}
	if a := c.t.mfa.authenticator(e.key); a != nil {
		w.Type, w.Name = a.kind, a.name
		link := hinted(c.base()+pathAuth+"/"+a.id, "GET")
		w.Links.Authenticator = &link
	}
	return w
}

// masked hides all but the last digits of a phone number unless discloseIdentifiers=phone asks for it.
func (e *enrolment) masked(c *call) map[string]any {
	number, _ := e.profile["phoneNumber"].(string)
	if e.key != "phone_number" || c.query().Get("discloseIdentifiers") == "phone" || len(number) < 4 {
		return e.profile
	}
	return map[string]any{"phoneNumber": number[:2] + "XXXXXXX" + number[len(number)-4:]}
}

func (c *call) listEnrolments() {
	u := c.factorUser()
	if u == nil || !c.identityEngine() {
		return
	}
	list := []any{}
	for _, e := range c.t.enrolments(u) {
		list = append(list, e.wire(c, u))
	}
	c.reply(http.StatusOK, list)
}

func (c *call) findEnrolment() (*user, *enrolment) {
	u := c.factorUser()
	if u == nil || !c.identityEngine() {
		return nil, nil
	}
	if c.r.Method != http.MethodGet {
		c.t.keepFactors(u.id)
	}
	for _, e := range c.t.enrolments(u) {
		if e.id == c.path("enrollmentId") {
			return u, e
		}
	}
	c.notFound(c.path("enrollmentId"), "AuthenticatorEnrollment")
	return nil, nil
}

func (c *call) getEnrolment() {
	if u, e := c.findEnrolment(); e != nil {
		c.reply(http.StatusOK, e.wire(c, u))
	}
}

func (c *call) deleteEnrolment() {
	u, e := c.findEnrolment()
	switch {
	case e == nil:
	case e.key == "okta_password" || (e.key == "okta_email" && len(e.factors) == 0):
		c.fail(http.StatusForbidden, codeNoPermission, "This enrollment cannot be deleted.")
	case e.key == "tac":
		delete(c.t.mfa.codes, u.id)
		c.event("user.mfa.factor.deactivate", eventDetail{
			Targets: []logTarget{u.target()},
			Debug:   map[string]any{"factor": "TAC"},
		})
		c.empty(http.StatusNoContent)
	default:
		c.dropFactors(u, func(f *factor) bool { return slices.Contains(e.factors, f) })
		c.empty(http.StatusNoContent)
	}
}

// createAccessCode makes a temporary access code of ttl minutes. The code is in this one answer only; a new code kills the old.
func (c *call) createAccessCode() {
	u := c.factorUser()
	if u == nil || !c.identityEngine() {
		return
	}
	var in struct {
		AuthenticatorID string `json:"authenticatorId"`
		Profile         struct {
			TTL      json.Number `json:"ttl"` // the schema says string, the example a number
			MultiUse bool        `json:"multiUse"`
		} `json:"profile"`
	}
	if !c.body(&in) {
		return
	}
	a := c.t.mfa.authenticator(in.AuthenticatorID)
	ttl := 120
	if text := in.Profile.TTL.String(); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 10 || n > 14400 {
			c.invalid("ttl", "ttl: must be between 10 and 14400 minutes")
			return
		}
		ttl = n
	}
	switch {
	case a == nil || a.id != in.AuthenticatorID || a.key != "tac":
		c.invalid("authenticatorId", "authenticatorId must name the temporary access code authenticator")
		return
	case a.status != statusActive:
		c.invalid("authenticatorId", "the authenticator is not active")
		return
	case u.status == statusDeprovisioned || u.status == statusSuspended:
		c.fail(http.StatusForbidden, codeUserStatus, "This operation is not allowed in the user's current status.")
		return
	}
	code := &accessCode{
		id:       c.t.newID("tac"),
		created:  c.now,
		expires:  c.now.Add(time.Duration(ttl) * time.Minute),
		multiUse: in.Profile.MultiUse,
	}
	c.t.mfa.codes[u.id] = code
	e := &enrolment{
		id:      code.id,
		key:     "tac",
		status:  statusActive,
		created: c.now,
		updated: c.now,
		profile: code.profile(c.t.newToken(16)),
	}
	c.event("user.mfa.factor.activate", eventDetail{
		Targets: []logTarget{u.target()},
		Debug:   map[string]any{"factor": "TAC"},
	})
	c.reply(http.StatusOK, e.wire(c, u))
}

func (c *call) enrolPhone() {
	u := c.factorUser()
	if u == nil || !c.identityEngine() {
		return
	}
	var in struct {
		AuthenticatorID string   `json:"authenticatorId"`
		Methods         []string `json:"methods"`
		Profile         struct {
			PhoneNumber string `json:"phoneNumber"`
		} `json:"profile"`
	}
	if !c.body(&in) {
		return
	}
	a := c.t.mfa.authenticator(in.AuthenticatorID)
	if a == nil || a.id != in.AuthenticatorID || a.key != "phone_number" || !e164.MatchString(in.Profile.PhoneNumber) {
		c.invalid("authenticatorEnrollment",
			"authenticatorId must name the phone authenticator and phoneNumber must be in E.164 form")
		return
	}
	if len(in.Methods) == 0 {
		in.Methods = []string{"sms"}
	}
	var made *factor
	for _, m := range in.Methods {
		kind := map[string]string{"sms": "sms", "voice": "call"}[m]
		if kind == "" {
			c.invalid("methods", "methods: sms or voice")
			return
		}
		f := &factor{
			id: c.t.newID(factorPrefix(kind)), userID: u.id, kind: kind, provider: "OKTA", created: c.now,
			profile: map[string]any{"phoneNumber": in.Profile.PhoneNumber},
		}
		c.t.mfa.factors[u.id] = append(c.t.keepFactors(u.id), f)
		c.activate(u, f)
		if made == nil {
			made = f
		}
	}
	e := &enrolment{
		id:      made.id,
		key:     "phone_number",
		status:  made.status,
		created: c.now,
		updated: c.now,
		profile: made.profile,
	}
	c.reply(http.StatusOK, e.wire(c, u))
}
