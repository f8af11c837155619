// Package policy is the gate between a plan and its execution. It judges a plan, and it alone makes the Permit without
// which the engine writes nothing.
package policy

import (
	"context"
	"fmt"
	"time"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
)

// Decision is what the gate says of a plan.
type Decision string

// The decisions.
const (
	Allow Decision = "allow" // may run as it is
	Ask   Decision = "ask"   // may run once a person has confirmed this very plan
	Deny  Decision = "deny"  // may not run
)

// Verdict is a decision with the rule that made it and what a person can do about it.
type Verdict struct {
	Decision Decision `json:"decision"`
	Rule     string   `json:"rule"`
	Reason   string   `json:"reason"`
	Next     string   `json:"next,omitempty"`
}

// Channel says where a confirmation came from.
type Channel string

// The channels. A conversation can be confirmed by the model itself or by the client's own dialogue, so it counts as a
// seat belt, not as approval; a terminal has a person in front of it.
const (
	Conversation Channel = "conversation" // the plan_id came back in a tool call
	Dialogue     Channel = "dialogue"     // the client asked its user
	CommandLine  Channel = "command_line" // `apply PLAN` was typed
	Terminal     Channel = "terminal"     // typed on a terminal, naming what is to be taken back
)

// Confirmation is someone's word that one plan may run.
type Confirmation struct {
	PlanID  string    `json:"plan_id"`
	Channel Channel   `json:"channel"`
	Client  string    `json:"client,omitempty"` // the MCP client's name and version, as it says itself
	Time    time.Time `json:"time"`
}

// Permit is proof from the gate that one plan may run. Only Gate.Permit makes one; the zero value permits nothing.
type Permit struct {
	planID string
	rule   string
	given  Confirmation
}

// PlanID names the plan that may run.
func (p Permit) PlanID() string { return p.planID }

// Rule names the rule that let it through.
func (p Permit) Rule() string { return p.rule }

// Confirmation returns the word it rests on.
func (p Permit) Confirmation() Confirmation { return p.given }

// Options of a gate.
type Options struct {
	ReadOnly bool // wins over everything
	// Record keeps a decision for good, before anything acts on it; nil keeps none. When it fails, nothing is permitted.
	Record trail.Record
	// Declined returns the record that a plan was declined, nil when it was not; nil knows of none. Such a plan is closed to
	// conversations. When it fails, nothing is permitted to them.
	Declined func(planID string) (*plan.Declined, error)
}

// Gate judges plans by the built-in rules: reads are free, additive plans run once confirmed, and whatever removes or
// replaces access is refused to a conversation.
type Gate struct{ opts Options }

// New returns a gate.
func New(opts Options) *Gate { return &Gate{opts} }

// Judge says what would be needed for the plan to run. It has no effect.
func (g *Gate) Judge(p *plan.Plan) Verdict { return g.judge(p, Confirmation{}) }

func (g *Gate) judge(p *plan.Plan, c Confirmation) Verdict {
	switch {
	case g.opts.ReadOnly:
		return Verdict{
			Decision: Deny,
			Rule:     "read_only",
			Reason:   "READ_ONLY is set, so nothing may be written",
			Next:     "a person runs on a terminal, where READ_ONLY is not set: " + ApplyCommand(p.ID),
		}
	case p.Removes() > 0 && c.Channel == Terminal:
		return Verdict{
			Decision: Ask,
			Rule:     "builtin_undo_on_terminal",
			Reason:   "the plan takes access away and was confirmed on a terminal",
		}
	case p.Removes() > 0:
		return Verdict{
			Decision: Deny,
			Rule:     "builtin_no_removal",
			Reason:   "the plan takes access away, and no policy allows a conversation to do that",
			Next:     "a person runs the undo command on a terminal with --yes-undo and the run's id",
		}
	case len(p.Ops) == 0:
		return Verdict{Decision: Allow, Rule: "builtin_nothing_to_do", Reason: "the plan writes nothing"}
	default:
		return Verdict{
			Decision: Ask,
			Rule:     "builtin_additive_confirmed",
			Reason:   "the plan only adds; it runs once confirmed",
			Next:     "confirm by calling the same tool again with this plan_id",
		}
	}
}

// Permit lets a plan run when the rules and the confirmation allow it. The decision is recorded first; if it cannot be
// recorded there is no permit.
func (g *Gate) Permit(ctx context.Context, p *plan.Plan, c Confirmation) (Permit, error) {
	verdict := g.judge(p, c)
	if verdict.Decision == Ask && c.PlanID != p.ID {
		verdict = Verdict{
			Decision: Deny,
			Rule:     "builtin_wrong_confirmation",
			Reason:   "the confirmation names another plan",
			Next:     "plan again and confirm the plan_id that comes back",
		}
	}
	declined, err := g.declined(p.ID, c.Channel)
	if err != nil {
		return Permit{}, err
	}
	closed := declined != nil && verdict.Decision == Ask
	if closed {
		verdict = Verdict{
			Decision: Deny,
			Rule:     "builtin_declined",
			Reason:   "the plan is closed to conversations: " + declined.Words(),
			Next:     "plan again when the user wants to, or a person runs on a terminal: " + ApplyCommand(p.ID),
		}
	}
	if verdict.Decision == Ask {
		verdict.Decision = Allow // it was asked for, and the confirmation answers
	}
	if err := g.record(ctx, p, verdict, c); err != nil {
		return Permit{}, fmt.Errorf("record the decision, without which nothing is written: %w", err)
	}
	switch {
	case closed:
		return Permit{}, &trouble.Error{Code: trouble.PlanDeclined, What: verdict.Reason, Next: verdict.Next}
	case verdict.Decision == Deny:
		return Permit{}, &trouble.Error{
			Code: trouble.RefusedByPolicy,
			What: "policy rule " + verdict.Rule + " refuses this plan: " + verdict.Reason,
			Next: verdict.Next,
		}
	}
	return Permit{planID: p.ID, rule: verdict.Rule, given: c}, nil
}

// declined looks whether a plan is closed to a channel. A person at a command line may apply what was declined in a
// conversation.
func (g *Gate) declined(planID string, channel Channel) (*plan.Declined, error) {
	if g.opts.Declined == nil || channel == CommandLine || channel == Terminal {
		return nil, nil
	}
	return g.opts.Declined(planID)
}

// ApplyCommand is the command with which a person applies a plan.
func ApplyCommand(planID string) string { return "okta-entitlements-mcp apply " + planID }

func (g *Gate) record(ctx context.Context, p *plan.Plan, verdict Verdict, c Confirmation) error {
	if g.opts.Record == nil {
		return nil
	}
	arguments := map[string]any{
		"channel": string(c.Channel),
		"app_id":  p.App.ID,
		"org_id":  p.OrgID,
	}
	if settled := p.SettledBy(intake.ByArgument); len(settled) > 0 {
		arguments["settled_by_argument"] = settled
	}
	return g.opts.Record(ctx, trail.Entry{
		Client:    c.Client,
		Step:      "decision",
		PlanID:    p.ID,
		Decision:  string(verdict.Decision),
		Rule:      verdict.Rule,
		Arguments: arguments,
	})
}
