package oktasim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// The policy types that the tenant knows. Only enrolment policies can be changed; the sign-in policy is there to be read.
const (
	policyMFA    = "MFA_ENROLL"
	policyAccess = "ACCESS_POLICY"
)

var policyTypes = []string{
	policyMFA, policyAccess, "OKTA_SIGN_ON", "PASSWORD", "PROFILE_ENROLLMENT", "IDP_DISCOVERY",
	"POST_AUTH_SESSION", "ENTITY_RISK", "DEVICE_SIGNAL_COLLECTION",
}

// policy is an authenticator enrolment policy. Its priority is its place in mfaStore.policies.
type policy struct {
	id, kind, name, description, status string
	system                              bool
	groups                              []string
	enrol                               []enrolSetting
	rules                               []*policyRule
	created, updated                    time.Time
}

// enrolSetting is what a policy says of one authenticator. Enroll is kept as it was sent, grace period and all.
type enrolSetting struct {
	Key         string         `json:"key"`
	ID          string         `json:"id,omitempty"`
	Enroll      map[string]any `json:"enroll"`
	Constraints map[string]any `json:"constraints,omitempty"`
}

func (s enrolSetting) self() string {
	self, _ := s.Enroll["self"].(string)
	return self
}

// several says whether an org may have more than one authenticator of a key, so that only the id distinguishes them.
func several(key string) bool { return key == "custom_app" || key == "custom_otp" }

func (s enrolSetting) of(a *authenticator) bool {
	return s.Key == a.key && (!several(a.key) || s.ID == a.id)
}

// echo lists every authenticator of the org with the policy's setting, NOT_ALLOWED where the policy says nothing. What is
// inactive shows only where the policy names it.
func (s *mfaStore) echo(p *policy) []enrolSetting {
	if s.byFactor {
		return p.enrol
	}
	out := []enrolSetting{}
	for _, a := range s.authenticators {
		i := slices.IndexFunc(p.enrol, func(e enrolSetting) bool { return e.of(a) })
		if i >= 0 {
			out = append(out, p.enrol[i])
			continue
		}
		if a.status != statusActive {
			continue
		}
		setting := enrolSetting{Key: a.key, Enroll: map[string]any{"self": enrollNotAllowed}}
		if several(a.key) {
			setting.ID = a.id
		}
		out = append(out, setting)
	}
	return out
}

func (p *policy) wire(c *call) map[string]any {
	self := c.base() + pathPolicies + "/" + p.id
	allow := []string{"GET", "PUT", "DELETE"}
	if p.system {
		allow = allow[:2]
	}
	links := map[string]any{"self": hinted(self, allow...), "rules": hinted(self+"/rules", "GET", "POST")}
	if !p.system {
		links["mappings"] = hinted(self+"/mappings", "GET", "POST")
		verb := "activate"
		if p.status == statusActive {
			verb = "deactivate"
		}
		links[verb] = hinted(self+"/lifecycle/"+verb, "POST")
	}
	body := map[string]any{
		"id": p.id, "status": p.status, "name": p.name, "priority": 1, "system": p.system,
		"conditions": nil, "created": stampText(p.created), "lastUpdated": stampText(p.updated), "_links": links, "type": p.kind,
	}
	if p.description != "" {
		body["description"] = p.description
	}
	if p.kind == policyMFA {
		body["priority"] = slices.Index(c.t.mfa.policies, p) + 1
		body["conditions"] = map[string]any{"people": map[string]any{"groups": map[string]any{"include": p.groups}}}
		body["settings"] = map[string]any{"type": "AUTHENTICATORS", "authenticators": c.t.mfa.echo(p)}
		if c.t.opts.Classic {
			body["settings"] = p.classicSettings()
		}
	}
	return body
}

func (c *call) listPolicies() {
	kind := c.query().Get("type")
	if !slices.Contains(policyTypes, kind) {
		c.invalid("type", "type: a policy type is required")
		return
	}
	var items []*policy
	switch kind {
	case policyMFA:
		items = slices.Clone(c.t.mfa.policies)
	case policyAccess:
		items = slices.Clone(c.t.mfa.access)
	}
	status, prefix := c.query().Get("status"), strings.ToLower(c.query().Get("q"))
	items = slices.DeleteFunc(items, func(p *policy) bool {
		return (status != "" && p.status != status) || !strings.HasPrefix(strings.ToLower(p.name), prefix)
	})
	expand := c.query().Get("expand") == "rules"
	list := []any{}
	for _, p := range items {
		body := p.wire(c)
		if kind == policyAccess { // recorded in lists, and never on one policy
			body["_embedded"] = map[string]any{"resourceType": "APP"}
		}
		if expand {
			rules := []any{}
			for _, r := range p.rules {
				rules = append(rules, r.wire(c, p))
			}
			embedded, _ := body["_embedded"].(map[string]any)
			if embedded == nil {
				embedded = map[string]any{}
			}
			embedded["rules"] = rules
			body["_embedded"] = embedded
		}
		list = append(list, body)
	}
	c.w.Header().Add("Link", "<"+c.pageURL(c.base(), "", nil)+`>; rel="self"`)
	c.reply(http.StatusOK, list)
}

type policyInput struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Status      string `json:"status"`
	Priority    int    `json:"priority"`
	Conditions  struct {
		People struct {
			Groups struct {
				Include []string `json:"include"`
			} `json:"groups"`
		} `json:"people"`
	} `json:"conditions"`
	Settings struct {
		Type           string         `json:"type"`
		Authenticators []enrolSetting `json:"authenticators"`

		Factors map[string]classicSetting `json:"factors"` // on Classic Engine, instead of authenticators
	} `json:"settings"`
}

// policyProblems checks a body for an enrolment policy.
func (c *call) policyProblems(in *policyInput, self *policy) []string {
	var out []string
	if in.Type != policyMFA {
		return []string{"type: only MFA_ENROLL policies can be written in this tenant"}
	}
	if in.Name == "" || len(in.Name) > 255 {
		out = append(out, "name: must be 1 to 255 characters long")
	}
	if slices.ContainsFunc(c.t.mfa.policies, func(p *policy) bool { return p != self && p.name == in.Name }) {
		out = append(out, "name: Policy name already in use")
	}
	for _, id := range in.Conditions.People.Groups.Include {
		if c.t.groups[id] == nil {
			out = append(out, "conditions.people.groups.include: no group "+id)
		}
	}
	if c.t.opts.Classic {
		return append(out, in.fromClassic()...)
	}
	anchored := false
	for _, s := range in.Settings.Authenticators {
		out = append(out, c.settingProblems(s)...)
		anchored = anchored || ((s.Key == "okta_password" || s.Key == "okta_email") && s.self() == enrollRequired)
	}
	if !anchored {
		out = append(out, "settings.authenticators: okta_password or okta_email must be REQUIRED")
	}
	return out
}

func (c *call) settingProblems(s enrolSetting) []string {
	known := slices.ContainsFunc(c.t.mfa.authenticators, s.of)
	var out []string
	if !known {
		out = append(out, "settings.authenticators: no authenticator "+s.Key+" "+s.ID)
	}
	if !slices.Contains([]string{enrollNotAllowed, enrollOptional, enrollRequired}, s.self()) {
		out = append(out, "settings.authenticators.enroll.self: NOT_ALLOWED, OPTIONAL or REQUIRED")
	}
	grace, ok := s.Enroll["gracePeriod"].(map[string]any)
	if !ok {
		return out
	}
	switch grace["type"] {
	case "BY_DATE_TIME":
		text, _ := grace["expiry"].(string)
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			out = append(out, "gracePeriod.expiry: must be a date-time")
		}
	case "BY_SKIP_COUNT":
		if n, _ := grace["skipCount"].(float64); n < 1 || n > 10 {
			out = append(out, "gracePeriod.skipCount: must be 1 to 10")
		}
	default:
		out = append(out, "gracePeriod.type: BY_DATE_TIME or BY_SKIP_COUNT")
	}
	return out
}

// place puts a policy at a priority, 1 first; the default policy stays last. Zero means 1 for a new policy and no move for one
// that is there.
func (s *mfaStore) place(p *policy, priority int) {
	at := slices.Index(s.policies, p)
	if at >= 0 {
		if priority == 0 {
			return
		}
		s.policies = slices.Delete(s.policies, at, at+1)
	}
	at = min(max(priority-1, 0), len(s.policies)-1)
	s.policies = slices.Insert(s.policies, at, p)
}

func (in *policyInput) apply(p *policy) {
	p.name, p.description, p.enrol = in.Name, in.Description, in.Settings.Authenticators
	p.groups = in.Conditions.People.Groups.Include
}

func (p *policy) target() logTarget { return logTarget{p.id, "PolicyEntity", p.name, p.name} }

func (c *call) createPolicy() {
	var in policyInput
	if !c.body(&in) {
		return
	}
	if problems := c.policyProblems(&in, nil); len(problems) > 0 {
		c.invalid("policy", problems...)
		return
	}
	p := &policy{id: c.t.newID("00p"), kind: policyMFA, status: statusActive, created: c.now, updated: c.now}
	if in.Status == "INACTIVE" {
		p.status = in.Status
	}
	in.apply(p)
	if p.groups == nil {
		p.groups = []string{}
	}
	c.t.mfa.place(p, in.Priority)
	c.t.mfa.changed()
	c.event("policy.lifecycle.create", eventDetail{Targets: []logTarget{p.target()}})
	c.reply(http.StatusOK, p.wire(c))
}

func (c *call) findPolicy() *policy {
	id := c.path("policyId")
	for _, p := range slices.Concat(c.t.mfa.policies, c.t.mfa.access) {
		if p.id == id {
			return p
		}
	}
	c.notFound(id, "Policy")
	return nil
}

// writablePolicy is findPolicy for callers that write.
func (c *call) writablePolicy() *policy {
	p := c.findPolicy()
	if p != nil && p.kind != policyMFA {
		c.fail(http.StatusForbidden, codeNoPermission, "This policy cannot be changed in this tenant.")
		return nil
	}
	return p
}

func (c *call) getPolicy() {
	if p := c.findPolicy(); p != nil {
		c.reply(http.StatusOK, p.wire(c))
	}
}

// replacePolicy is a full replace: authenticators that the body leaves out become NOT_ALLOWED.
func (c *call) replacePolicy() {
	p := c.writablePolicy()
	if p == nil {
		return
	}
	var in policyInput
	if !c.body(&in) {
		return
	}
	if problems := c.policyProblems(&in, p); len(problems) > 0 {
		c.invalid("policy", problems...)
		return
	}
	name, groups := p.name, p.groups
	in.apply(p)
	if p.system { // the default policy keeps its name, its group and its place
		p.name, p.groups = name, groups
	} else {
		c.t.mfa.place(p, in.Priority)
	}
	p.updated = c.now
	c.t.mfa.changed()
	c.event("policy.lifecycle.update", eventDetail{Targets: []logTarget{p.target()}})
	c.reply(http.StatusOK, p.wire(c))
}

func (c *call) deletePolicy() {
	p := c.writablePolicy()
	switch {
	case p == nil:
	case p.system:
		c.fail(http.StatusForbidden, codeNoPermission, "The default policy cannot be deleted.")
	default:
		c.t.mfa.policies = slices.DeleteFunc(c.t.mfa.policies, func(x *policy) bool { return x == p })
		c.event("policy.lifecycle.delete", eventDetail{Targets: []logTarget{p.target()}})
		c.empty(http.StatusNoContent)
	}
}

func (c *call) switchPolicy(status string) {
	p := c.writablePolicy()
	switch {
	case p == nil:
	case p.system:
		c.fail(http.StatusForbidden, "E0000086", "The default policy cannot be activated or deactivated.")
	default:
		verb := "activate"
		if status != statusActive {
			verb = "deactivate"
		}
		p.status, p.updated = status, c.now
		c.event("policy.lifecycle."+verb, eventDetail{Targets: []logTarget{p.target()}})
		c.empty(http.StatusNoContent)
	}
}
