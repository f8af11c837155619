package oktasim

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// policyRule is a rule of a policy. Conditions and actions are kept as they were sent.
type policyRule struct {
	id, name, status, kind string
	system                 bool
	conditions, actions    map[string]any
	created, updated       time.Time
}

// defaultRule is the rule that catches everyone; it cannot be deleted.
func (t *Tenant) defaultRule(name, kind string) *policyRule {
	r := &policyRule{
		id:      t.newID("0pr"),
		name:    name,
		status:  statusActive,
		kind:    kind,
		system:  true,
		created: t.since,
		updated: t.since,
	}
	if kind == policyMFA {
		r.conditions = map[string]any{"network": map[string]any{"connection": "ANYWHERE"},
			"people": map[string]any{"users": map[string]any{"exclude": []string{}}}}
		r.actions = map[string]any{"enroll": map[string]any{"self": "CHALLENGE"}}
		return r
	}
	r.actions = map[string]any{"appSignOn": map[string]any{"access": "ALLOW", "verificationMethod": map[string]any{
		"factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT12H",
		"constraints": []any{map[string]any{"knowledge": map[string]any{"types": []string{"password"},
			"reauthenticateIn": "PT12H"}}},
	}}}
	return r
}

func (r *policyRule) wire(c *call, p *policy) map[string]any {
	self := c.base() + pathPolicies + "/" + p.id + "/rules/" + r.id
	links := map[string]any{"self": hinted(self, "GET", "PUT")}
	if !r.system {
		verb := "activate"
		if r.status == statusActive {
			verb = "deactivate"
		}
		links["self"] = hinted(self, "GET", "PUT", "DELETE")
		links[verb] = hinted(self+"/lifecycle/"+verb, "POST")
	}
	priority := slices.Index(p.rules, r) + 1
	if r.system && r.kind == policyAccess {
		priority = 99 // recorded
	}
	return map[string]any{
		"id": r.id, "status": r.status, "name": r.name, "priority": priority,
		"created": stampText(r.created), "lastUpdated": stampText(r.updated), "system": r.system,
		"conditions": r.conditions, "actions": r.actions,
		"_links": links, "type": r.kind,
	}
}

// withPeople adds the condition on people that Okta writes into every rule that was sent without one.
func withPeople(conditions map[string]any) map[string]any {
	out := map[string]any{"people": map[string]any{"users": map[string]any{"exclude": []string{}}}}
	maps.Copy(out, conditions)
	return out
}

func (r *policyRule) target() logTarget { return logTarget{r.id, "PolicyRule", r.name, r.name} }

func (c *call) listRules() {
	p := c.findPolicy()
	if p == nil {
		return
	}
	list := []any{}
	for _, r := range p.rules {
		list = append(list, r.wire(c, p))
	}
	c.reply(http.StatusOK, list)
}

type ruleInput struct {
	Type       string         `json:"type"`
	Name       string         `json:"name"`
	Priority   int            `json:"priority"`
	Conditions map[string]any `json:"conditions"`
	Actions    map[string]any `json:"actions"`
}

func (in *ruleInput) problems(p *policy, self *policyRule) []string {
	var out []string
	if in.Type != "" && in.Type != p.kind {
		out = append(out, "type: must be "+p.kind)
	}
	if in.Name == "" || len(in.Name) > 50 {
		out = append(out, "name: must be 1 to 50 characters long")
	}
	if slices.ContainsFunc(p.rules, func(r *policyRule) bool { return r != self && r.name == in.Name }) {
		out = append(out, "name: Policy rule name already in use")
	}
	enroll, _ := in.Actions["enroll"].(map[string]any)
	if !slices.Contains([]any{"CHALLENGE", "LOGIN", "NEVER", "NEVER_INCLUDING_RECOVERY"}, enroll["self"]) {
		out = append(out, "actions.enroll.self: CHALLENGE, LOGIN, NEVER or NEVER_INCLUDING_RECOVERY")
	}
	return out
}

// place puts a rule at a priority; the default rule, which only the default policy has, stays last.
func (p *policy) place(r *policyRule, priority int) {
	at := slices.Index(p.rules, r)
	if at >= 0 {
		if priority == 0 || r.system {
			return
		}
		p.rules = slices.Delete(p.rules, at, at+1)
	}
	last := len(p.rules)
	if last > 0 && p.rules[last-1].system {
		last--
	}
	p.rules = slices.Insert(p.rules, min(max(priority-1, 0), last), r)
}

func (c *call) createRule() {
	p := c.writablePolicy()
	if p == nil {
		return
	}
	var in ruleInput
	if !c.body(&in) {
		return
	}
	if problems := in.problems(p, nil); len(problems) > 0 {
		c.invalid("policyRule", problems...)
		return
	}
	r := &policyRule{
		id:         c.t.newID("0pr"),
		name:       in.Name,
		status:     statusActive,
		kind:       p.kind,
		conditions: withPeople(in.Conditions),
		actions:    in.Actions,
		created:    c.now,
		updated:    c.now,
	}
	p.place(r, in.Priority)
	c.event("policy.rule.add", eventDetail{Targets: []logTarget{r.target(), p.target()}})
	c.reply(http.StatusOK, r.wire(c, p))
}

func (c *call) findRule(write bool) (*policy, *policyRule) {
	find := c.findPolicy
	if write {
		find = c.writablePolicy
	}
	p := find()
	if p == nil {
		return nil, nil
	}
	for _, r := range p.rules {
		if r.id == c.path("ruleId") {
			return p, r
		}
	}
	c.notFound(c.path("ruleId"), "PolicyRule")
	return nil, nil
}

func (c *call) getRule() {
	if p, r := c.findRule(false); r != nil {
		c.reply(http.StatusOK, r.wire(c, p))
	}
}

func (c *call) replaceRule() {
	p, r := c.findRule(true)
	if r == nil {
		return
	}
	var in ruleInput
	if !c.body(&in) {
		return
	}
	if problems := in.problems(p, r); len(problems) > 0 {
		c.invalid("policyRule", problems...)
		return
	}
	r.name, r.conditions, r.actions, r.updated = in.Name, withPeople(in.Conditions), in.Actions, c.now
	p.place(r, in.Priority)
	c.event("policy.rule.update", eventDetail{Targets: []logTarget{r.target(), p.target()}})
	c.reply(http.StatusOK, r.wire(c, p))
}

func (c *call) deleteRule() {
	p, r := c.findRule(true)
	switch {
	case r == nil:
	case r.system:
		c.fail(http.StatusForbidden, codeNoPermission, "The default rule cannot be deleted.")
	default:
		p.rules = slices.DeleteFunc(p.rules, func(x *policyRule) bool { return x == r })
		c.event("policy.rule.delete", eventDetail{Targets: []logTarget{r.target(), p.target()}})
		c.empty(http.StatusNoContent)
	}
}

func (c *call) switchRule(status string) {
	p, r := c.findRule(true)
	switch {
	case r == nil:
	case r.system:
		c.fail(http.StatusForbidden, "E0000086", "The default rule cannot be activated or deactivated.")
	default:
		verb := "activate"
		if status != statusActive {
			verb = "deactivate"
		}
		r.status, r.updated = status, c.now
		c.event("policy.rule."+verb, eventDetail{Targets: []logTarget{r.target(), p.target()}})
		c.empty(http.StatusNoContent)
	}
}
