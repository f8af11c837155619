package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"okta-entitlements-mcp/tools"
)

// TestANoSurvivesARestart: with the official SDK's client, on the built program. Found from outside: B1, H1.
func TestANoSurvivesARestart(t *testing.T) {
	for _, era := range []string{legacy, modern} {
		for word, said := range map[string]string{"decline": "decline", "cancel": "cancel", "untick": "unticked"} {
			t.Run(era+" "+word, func(t *testing.T) {
				t.Parallel()
				tenant := simulate(t, e2eReport)
				p := newPlace(t)
				p.put(t, "report.csv", e2eReport)
				env := tenant.env(p)
				s := converse(t, era, &answers{word: word}, env, "serve")
				args := map[string]any{"filename": "report.csv", "app_id": tenant.app}
				out := answer[tools.PlanOut](s, "prepare_entitlement_structure", args)
				if out.Status != "declined" || string(out.Answer) != said {
					t.Fatalf("status %s, answer %s, want declined and %s", out.Status, out.Answer, said)
				}
				s.isDeclined(out.PlanID)
				s.close()
				yes := &answers{word: "accept"}
				s = converse(t, era, yes, env, "serve")
				s.isDeclined(out.PlanID)
				s.close()
				if len(yes.seen) != 0 || tenant.writes(t) != 0 {
					t.Errorf("asked %q, %d writes after a no", yes.seen, tenant.writes(t))
				}
				stdout, stderr, code := runProgram(t, env, "apply", out.PlanID)
				if code != 0 || !strings.Contains(stderr, "was not confirmed in a conversation") || tenant.writes(t) == 0 {
					t.Errorf("a person's apply: code %d, stdout %s, stderr %s", code, stdout, stderr)
				}
			})
		}
	}
}

// isDeclined names a plan that was declined.
func (s *session) isDeclined(planID string) {
	s.t.Helper()
	text, failed := s.ask("prepare_entitlement_structure", map[string]any{"plan_id": planID})
	var problem struct{ Error tools.Problem }
	if err := json.Unmarshal([]byte(text), &problem); err != nil || !failed || problem.Error.Code != "plan_declined" {
		s.t.Errorf("naming the plan that was declined: %s", text)
	}
}

// TestAClientWhoseDialogueFailsGetsThePlan: an error of the client is a tool's answer with the plan and the next step,
// not one of the protocol. Found from outside: rough edge 2.
func TestAClientWhoseDialogueFailsGetsThePlan(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.put(t, "report.csv", e2eReport)
	s := converse(t, legacy, &answers{fails: errors.New("user closed")}, p.env, "--demo")
	defer s.close()
	out := answer[tools.PlanOut](s, "prepare_entitlement_structure", map[string]any{"filename": "report.csv", "app_id": demoApp(s)})
	if out.Status != "needs_confirmation" || !strings.Contains(out.Next, "apply "+out.PlanID) {
		t.Errorf("status %s: %s", out.Status, out.Next)
	}
	s.isDeclined(out.PlanID)
}

// TestASilentClientGetsThePlanInTime: found from outside: rough edge 3.
func TestASilentClientGetsThePlanInTime(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "TOOL_WAIT=1s")
	p.put(t, "report.csv", e2eReport)
	user := &answers{word: "accept", silent: make(chan struct{})}
	s := converse(t, legacy, user, p.env, "--demo")
	defer s.close()
	out := answer[tools.PlanOut](s, "prepare_entitlement_structure", map[string]any{"filename": "report.csv", "app_id": demoApp(s)})
	if out.Status != "needs_confirmation" || out.PlanID == "" || !strings.Contains(out.Next, "plan_id "+out.PlanID) {
		t.Errorf("status %s: %s", out.Status, out.Next)
	}
	close(user.silent) // a late yes
	if job := answer[tools.JobOut](s, "get_job", map[string]any{"job_id": out.PlanID}); job.Status != "needs_confirmation" {
		t.Errorf("after a late yes the plan is %s", job.Status)
	}
	if out := answer[tools.PlanOut](s, "prepare_entitlement_structure", map[string]any{"plan_id": out.PlanID}); out.Status != "complete" {
		t.Errorf("asked again and confirmed: %s %s", out.Status, out.Next)
	}
}

// respond is what the user answers now.
func (a *answers) respond(ctx context.Context, req *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
	a.mu.Lock()
	a.seen = append(a.seen, req.Params.Message)
	a.mu.Unlock()
	if a.silent != nil {
		select {
		case <-a.silent:
		case <-ctx.Done():
		}
	}
	switch {
	case a.fails != nil:
		return nil, a.fails
	case a.word == "untick":
		return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"apply": false}}, nil
	default:
		return &mcp.ElicitResult{Action: a.word}, nil
	}
}
