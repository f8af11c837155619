package policy_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

func TestBuiltInRules(t *testing.T) {
	adds := &plan.Plan{ID: "plan_a", Ops: []plan.Op{{Kind: plan.KindCreateGrant}}}
	removes := &plan.Plan{ID: "plan_r", Ops: []plan.Op{{Kind: plan.KindRevokeAccess}}}
	nothing := &plan.Plan{ID: "plan_n"}
	for name, c := range map[string]struct {
		plan     *plan.Plan
		channel  policy.Channel
		confirms string
		readOnly bool
		rule     string
		allowed  bool
	}{
		"an additive plan runs once confirmed":             {adds, policy.Conversation, "plan_a", false, "builtin_additive_confirmed", true},
		"confirmed in a dialogue, it runs as well":         {adds, policy.Dialogue, "plan_a", false, "builtin_additive_confirmed", true},
		"a confirmation of another plan permits nothing":   {adds, policy.Conversation, "plan_r", false, "builtin_wrong_confirmation", false},
		"no confirmation permits nothing":                  {adds, "", "", false, "builtin_wrong_confirmation", false},
		"a conversation takes nothing away":                {removes, policy.Conversation, "plan_r", false, "builtin_no_removal", false},
		"a dialogue takes nothing away":                    {removes, policy.Dialogue, "plan_r", false, "builtin_no_removal", false},
		"a plain command takes nothing away":               {removes, policy.CommandLine, "plan_r", false, "builtin_no_removal", false},
		"a person at a terminal may undo":                  {removes, policy.Terminal, "plan_r", false, "builtin_undo_on_terminal", true},
		"but only the plan that was named":                 {removes, policy.Terminal, "plan_a", false, "builtin_wrong_confirmation", false},
		"read-only wins over an additive plan":             {adds, policy.Conversation, "plan_a", true, "read_only", false},
		"read-only wins over the terminal":                 {removes, policy.Terminal, "plan_r", true, "read_only", false},
		"a plan that writes nothing needs no confirmation": {nothing, policy.Conversation, "", false, "builtin_nothing_to_do", true},
	} {
		t.Run(name, func(t *testing.T) {
			var recorded []trail.Entry
			gate := policy.New(policy.Options{ReadOnly: c.readOnly, Record: func(_ context.Context, e trail.Entry) error {
				recorded = append(recorded, e)
				return nil
			}})
			permit, err := gate.Permit(t.Context(), c.plan, policy.Confirmation{PlanID: c.confirms, Channel: c.channel})
			if (err == nil) != c.allowed {
				t.Fatalf("permit error %v, want allowed %t", err, c.allowed)
			}
			if len(recorded) != 1 || recorded[0].Rule != c.rule {
				t.Fatalf("recorded %+v, want one decision by %s", recorded, c.rule)
			}
			want := policy.Deny
			if c.allowed {
				want = policy.Allow
			}
			if got := recorded[0].Decision; got != string(want) {
				t.Errorf("recorded decision %s, want %s", got, want)
			}
			if c.allowed && permit.PlanID() != c.plan.ID || !c.allowed && permit.PlanID() != "" {
				t.Errorf("permit for %q", permit.PlanID())
			}
			refusal := trouble.Find(err)
			if !c.allowed && (refusal == nil || refusal.Code != trouble.RefusedByPolicy || refusal.Next == "") {
				t.Errorf("refusal %v names no next step", err)
			}
		})
	}
}

func TestNothingIsPermittedThatCannotBeRecorded(t *testing.T) {
	broken := errors.New("disk full")
	gate := policy.New(policy.Options{Record: func(context.Context, trail.Entry) error { return broken }})
	p := &plan.Plan{ID: "plan_a", Ops: []plan.Op{{Kind: plan.KindCreateGrant}}}
	permit, err := gate.Permit(t.Context(), p, policy.Confirmation{PlanID: p.ID, Channel: policy.Conversation})
	if !errors.Is(err, broken) || permit.PlanID() != "" {
		t.Errorf("permit %q, error %v", permit.PlanID(), err)
	}
}

func TestADecisionNamesTheDoubtsThatArgumentsSettled(t *testing.T) {
	settled := func(by ...intake.By) *plan.Plan {
		p := &plan.Plan{ID: "plan_a", Ops: []plan.Op{{Kind: plan.KindCreateGrant}}, Reading: &intake.Reading{}}
		for _, b := range by {
			p.Reading.Settled = append(p.Reading.Settled, intake.Settled{
				Code:   "unknown_word",
				Column: untrusted.NewStored("Deci\u202esion"),
				By:     b,
			})
		}
		return p
	}
	for _, c := range []struct {
		plan *plan.Plan
		want []string
	}{
		{settled(intake.ByForm, intake.ByArgument, intake.ByMapping), []string{"unknown_word: Decision"}},
		{settled(intake.ByForm, intake.ByTerminal, intake.ByMapping), nil},
		{&plan.Plan{ID: "plan_a", Ops: []plan.Op{{Kind: plan.KindCreateGrant}}}, nil},
	} {
		var decision trail.Entry
		gate := policy.New(policy.Options{Record: func(_ context.Context, e trail.Entry) error {
			decision = e
			return nil
		}})
		if _, err := gate.Permit(t.Context(), c.plan, policy.Confirmation{PlanID: "plan_a", Channel: policy.Conversation}); err != nil {
			t.Fatal(err)
		}
		got, _ := decision.Arguments["settled_by_argument"].([]string)
		if _, there := decision.Arguments["settled_by_argument"]; !slices.Equal(got, c.want) || there != (c.want != nil) {
			t.Errorf("the decision has %v, want %v", decision.Arguments, c.want)
		}
	}
}

// TestADeclinedPlanIsClosedToConversations: a person at a command line may still apply it.
func TestADeclinedPlanIsClosedToConversations(t *testing.T) {
	p := &plan.Plan{ID: "plan_a", Ops: []plan.Op{{Kind: plan.KindCreateGrant}}}
	var said *plan.Declined
	var broken error
	gate := policy.New(policy.Options{Declined: func(string) (*plan.Declined, error) { return said, broken }})
	permit := func(channel policy.Channel) error {
		_, err := gate.Permit(t.Context(), p, policy.Confirmation{PlanID: p.ID, Channel: channel})
		return err
	}
	for _, channel := range []policy.Channel{policy.Conversation, policy.Dialogue} {
		said, broken = nil, nil
		if err := permit(channel); err != nil {
			t.Errorf("%s, not declined: %v", channel, err)
		}
		said = &plan.Declined{Answer: plan.AnswerCancel}
		if err := permit(channel); trouble.CodeOf(err) != trouble.PlanDeclined {
			t.Errorf("%s, declined: %v", channel, err)
		}
		said, broken = nil, errors.New("no such disk")
		if err := permit(channel); !errors.Is(err, broken) {
			t.Errorf("%s, not known whether declined: %v", channel, err)
		}
	}
	said, broken = &plan.Declined{Answer: plan.AnswerDecline}, nil
	if err := permit(policy.CommandLine); err != nil {
		t.Errorf("a person at a command line: %v", err)
	}
}
