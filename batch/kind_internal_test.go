package batch

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/oktaclient"
)

// badges is the counterpart of two made-up kinds: who has a badge, and what happens to the calls for some users.
type badges struct {
	mu    sync.Mutex // operations run side by side
	has   map[string]bool
	calls map[string]int
	fate  map[string]string // user: what becomes of the first call
}

var errLost = &oktaclient.Error{Method: "POST", Pattern: "/badges", Sent: oktaclient.MaybeSent}

func (b *badges) set(user string, has bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[user]++
	fate := b.fate[user]
	if b.calls[user] > 1 {
		fate = ""
	}
	switch fate {
	case "lost after it happened":
		b.has[user] = has
		return errLost
	case "lost before it happened":
		return errLost
	case "refused":
		return errors.New("no badge for this user")
	}
	b.has[user] = has
	return nil
}

func (b *badges) holds(user string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.has[user]
}

// give and take are the two kinds, declared here and nowhere else.
func (b *badges) give() kind {
	return kind{
		Declaration: plan.Declaration{
			Kind: "give_badge", Route: "POST /badges", Done: "badge_given", Found: "badge_had",
			Tallies: []plan.Tally{{Name: "badges", One: "badge to give", Many: "badges to give", Of: func(*plan.Op) int { return 1 }}},
			Undo: func(_ context.Context, _ *oktaclient.Client, _ string, made []plan.Made) ([]plan.Taking, error) {
				takings := make([]plan.Taking, len(made))
				for i, m := range made {
					takings[i].Op = &plan.Op{Kind: "take_badge", Needs: -1, UserID: m.Op.UserID}
				}
				return takings, nil
			},
		},
		send: func(_ context.Context, _ *run, op *plan.Op) (Result, error) {
			return Result{Outcome: Created, ID: "badge"}, b.set(op.UserID, true)
		},
		look: func(_ context.Context, _ *run, op *plan.Op) (Result, bool, error) {
			return Result{Outcome: Created, ID: "badge"}, b.holds(op.UserID), nil
		},
		compare: func(_ context.Context, r *run, ops []int) error {
			for _, i := range ops {
				if b.has[r.plan.Ops[i].UserID] {
					if err := r.note(i, Result{Outcome: AlreadyPresent}); err != nil {
						return err
					}
				}
			}
			return nil
		},
		sum: func(s *Summary, _ *plan.Op) { s.ValuesMade++ },
	}
}

func (b *badges) take() kind {
	return kind{
		Declaration: plan.Declaration{Kind: "take_badge", Route: "DELETE /badges", Removes: true, Done: "badge_taken", Found: plan.Kept},
		send: func(_ context.Context, _ *run, op *plan.Op) (Result, error) {
			return Result{Outcome: Created}, b.set(op.UserID, false)
		},
		look: func(_ context.Context, _ *run, op *plan.Op) (Result, bool, error) {
			return Result{Outcome: Created}, !b.holds(op.UserID), nil
		},
	}
}

// TestAMadeUpKindIsWholeWithItsOwnDeclaration carries a plan of a kind that exists in this file only through everything the
// engine does with a kind: sending, two lost replies, a refusal, what was there already, counts, the summary, and undo.
func TestAMadeUpKindIsWholeWithItsOwnDeclaration(t *testing.T) {
	tenant := oktasim.New(oktasim.Options{Seed: 1})
	okta, writer, err := oktaclient.Connect(t.Context(), oktaclient.Options{
		BaseURL:     oktasim.DefaultBaseURL,
		Transport:   tenant.Transport(),
		Credentials: oktaclient.Credentials{Token: secret.New(oktasim.DemoToken)},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { givesAndTakesBadges(t, dir, tenant, okta, writer) })
}

func givesAndTakesBadges(t *testing.T, dir string, tenant *oktasim.Tenant, okta *oktaclient.Client, writer *oktaclient.Writer) {
	b := &badges{has: map[string]bool{"had": true}, calls: map[string]int{}, fate: map[string]string{
		"acted": "lost after it happened", "unsent": "lost before it happened", "refused": "refused"}}
	engine, err := New(okta, writer, Options{Dir: dir, SettleAfter: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	engine.kinds = append(engine.kinds, b.give(), b.take())
	p := &plan.Plan{
		Format: plan.Format, Stage: plan.StageGrants, OrgID: tenant.OrgID(),
		App: oktaclient.App{ID: tenant.AddApp(oktasim.NewApp{Label: "Badges"})},
	}
	for i, user := range []string{"plain", "acted", "unsent", "refused", "had"} {
		p.Ops = append(p.Ops, plan.Op{Key: "give_badge:" + user, Kind: "give_badge", Needs: -1, UserID: user})
		p.Rows = append(p.Rows, plan.Row{Line: i + 2, State: plan.Planned, Op: i, Person: -1})
	}
	seal(t, p)
	if counts := p.CountsBy(engine.declarations()); len(counts) != 1 || counts[0].N != 5 || counts[0].Many != "badges to give" {
		t.Errorf("counts %+v", counts)
	}

	s := carryOutBadges(t, engine, p)
	if s.Ended != EndedPartly || s.Created["give_badge"] != 3 || s.ValuesMade != 3 || s.Operations[AlreadyPresent] != 1 ||
		s.Rows["badge_given"] != 3 || s.Rows["badge_had"] != 1 || s.Rows[plan.Failed] != 1 {
		t.Errorf("ended %s with %v and rows %v", s.Ended, s.Operations, s.Rows)
	}
	if b.calls["acted"] != 1 || b.calls["unsent"] != 2 {
		t.Errorf("a lost reply was settled with %d calls, one that never arrived with %d; want 1 and 2", b.calls["acted"], b.calls["unsent"])
	}
	if again := carryOutBadges(t, engine, p); again.Ended != EndedComplete || b.calls["plain"] != 1 || b.calls["refused"] != 2 {
		t.Errorf("again: ended %s, calls %v", again.Ended, b.calls)
	}

	made, err := engine.Made(p)
	if err != nil || len(made) != 4 {
		t.Fatalf("made %+v, %v", made, err)
	}
	undo, err := plan.PlanUndo(t.Context(), okta, plan.UndoRequest{Of: p, Made: made, Now: time.Now(), Kinds: engine.declarations()})
	if err != nil {
		t.Fatal(err)
	}
	b.calls = map[string]int{} // the same fates meet the way back
	if s := carryOutBadges(t, engine, undo); s.Rows["badge_taken"] != 3 || s.Rows[plan.Failed] != 1 {
		t.Errorf("the undo ended %s with rows %v", s.Ended, s.Rows)
	}
	if s := carryOutBadges(t, engine, undo); s.Ended != EndedComplete || len(b.held()) != 1 || !b.has["had"] {
		t.Errorf("after the undo: ended %s, badges %v", s.Ended, b.has)
	}
}

func (b *badges) held() (users []string) {
	for user, has := range b.has {
		if has {
			users = append(users, user)
		}
	}
	return users
}

func carryOutBadges(t *testing.T, engine *Engine, p *plan.Plan) *Summary {
	t.Helper()
	// The gate does not know made-up kinds, so it takes them for kinds that take access away.
	word := policy.Confirmation{PlanID: p.ID, Channel: policy.Terminal, Time: time.Now()}
	permit, err := policy.New(policy.Options{}).Permit(t.Context(), p, word)
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Run(t.Context(), p, permit, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// seal gives a plan that was not made by a planner the id of its content.
func seal(t *testing.T, p *plan.Plan) {
	t.Helper()
	content := regexp.MustCompile(`its content is (plan_[0-9a-f]{32})`).FindStringSubmatch(p.Verify().Error())
	if content == nil {
		t.Fatal("the plan does not say what its content is")
	}
	p.ID = content[1]
}
