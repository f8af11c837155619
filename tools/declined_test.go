package tools_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/tools"
)

// questions counts what a client's user was asked.
type questions struct {
	mu  sync.Mutex
	all []mcp.ElicitationParams
}

func (q *questions) see(p mcp.ElicitationParams) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all = append(q.all, p)
}

func (q *questions) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.all)
}

// noes are the ways in which a question ends without a yes, and what the answer says of each.
var noes = map[plan.Answer]struct {
	user   answering
	word   string
	status string
}{
	plan.AnswerDecline:  {word: "decline", status: "declined"},
	plan.AnswerCancel:   {word: "cancel", status: "declined"},
	plan.AnswerUnticked: {word: "accept", user: answering{boxed: false}, status: "declined"},
	plan.AnswerError:    {word: "accept", user: answering{fails: errors.New("user closed")}, status: "needs_confirmation"},
}

// TestANoIsANo: a plan that its user did not confirm is closed to every conversation, with any client, also after a
// restart. Found from outside: B1, H1.
func TestANoIsANo(t *testing.T) {
	for _, era := range eras {
		for answer, no := range noes {
			if era == "2026-07-28" && answer == plan.AnswerError {
				continue // the client keeps its error to itself; TestMeaninglessAnswersCloseThePlan
			}
			t.Run(era+" "+string(answer), func(t *testing.T) {
				t.Parallel()
				var asked questions
				no.user.asked = asked.see
				r := newRig(t, rigOptions{protocol: era, answer: no.word, form: no.user})
				r.small()
				r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
				args := arguments{"filename": "report.csv", "app_id": r.AppID}
				out := call[tools.PlanOut](r, "execute_user_grants", args)
				if out.Status != no.status || out.Answer != answer || out.PlanID == "" ||
					!strings.Contains(out.Next, "okta-entitlements-mcp apply "+out.PlanID) {
					t.Fatalf("status %q, answer %q; next step: %s", out.Status, out.Answer, out.Next)
				}
				before := asked.count()
				r.refused("execute_user_grants", arguments{"plan_id": out.PlanID}, "plan_declined")
				if job := call[tools.JobOut](r, "get_job", arguments{"job_id": out.PlanID}); job.Status != "declined" {
					t.Errorf("get_job says %s", job.Status)
				}
				for name, o := range map[string]rigOptions{
					"the same client":           {protocol: era, answer: "accept", form: answering{asked: asked.see}},
					"a client that cannot ask":  {protocol: era},
					"a client of the other era": {protocol: other(era), answer: "accept", form: answering{asked: asked.see}},
				} {
					again := r.restart(o)
					if problem := again.refused("execute_user_grants", arguments{"plan_id": out.PlanID}, "plan_declined"); !strings.Contains(
						problem.Next, "apply "+out.PlanID) {
						t.Errorf("%s: next step %s", name, problem.Next)
					}
				}
				if got := asked.count(); got != before {
					t.Errorf("the user was asked %d times about a plan that was declined", got-before)
				}
				r.nothingWritten()
				r.byHand(out.PlanID)
			})
		}
	}
}

func other(era string) string {
	if era == eras[0] {
		return eras[1]
	}
	return eras[0]
}

// byHand applies a plan as a person at a command line does.
func (r *rig) byHand(planID string) {
	r.t.Helper()
	p, err := r.deps.Plans.Load(planID)
	if err != nil {
		r.t.Fatal(err)
	}
	permit, err := r.deps.Gate.Permit(r.t.Context(), p, policy.Confirmation{PlanID: planID, Channel: policy.CommandLine})
	if err != nil {
		r.t.Fatalf("a person at a command line: %v", err)
	}
	job := r.deps.Jobs.Start(p, permit)
	<-job.Ended()
	if summary, err := job.Result(); err != nil || summary.Ended != "complete" {
		r.t.Errorf("a person at a command line: %+v %v", summary, err)
	}
}

// TestADeclinedStateStaysDeclined: a client of 2026-07-28 answers the same sealed question again, with a yes.
func TestADeclinedStateStaysDeclined(t *testing.T) {
	r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
	r.small()
	args, state, _ := r.ask()
	if out, _ := r.answer(args, state, arguments{"action": "decline"}); out.Status != "declined" {
		t.Fatalf("status %s", out.Status)
	}
	_, problem := r.answer(args, state, arguments{"action": "accept", "content": arguments{}})
	if problem.Code != "plan_declined" {
		t.Errorf("answered again with a yes: %+v", problem)
	}
	r.nothingWritten()
}

// TestMeaninglessAnswersCloseThePlan: a client that comes back without an answer, or with one that is none.
func TestMeaninglessAnswersCloseThePlan(t *testing.T) {
	for name, response := range map[string]any{"a word of its own": arguments{"action": "yes"}, "no word": arguments{},
		"a list": []string{"accept"}, "another question's": nil} {
		r := newRig(t, rigOptions{protocol: "2026-07-28", answer: "accept"})
		r.small()
		args, state, _ := r.ask()
		answers := arguments{"confirm": response}
		if response == nil {
			answers = arguments{"other": arguments{"action": "accept"}}
		}
		r.message("execute_user_grants", args, arguments{"requestState": state, "inputResponses": answers})
		_, problem := r.answer(args, state, arguments{"action": "accept"})
		if problem.Code != "plan_declined" {
			t.Errorf("%s: a yes after it got %+v", name, problem)
		}
		r.nothingWritten()
	}
}

// TestNamingAPlanAsksWhereTheClientCan: that a model names a plan proves nothing of its user. Found from outside: H1.
func TestNamingAPlanAsksWhereTheClientCan(t *testing.T) {
	for _, era := range eras {
		for word, want := range map[string]string{"accept": "complete", "decline": "declined"} {
			t.Run(era+" "+word, func(t *testing.T) {
				r := newRig(t, rigOptions{protocol: era})
				r.small()
				r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
				planned := call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
				var asked questions
				again := r.restart(rigOptions{protocol: era, answer: word, form: answering{asked: asked.see}})
				out := call[tools.PlanOut](again, "execute_user_grants", arguments{"plan_id": planned.PlanID})
				if out.Status != want || asked.count() != 1 || !strings.Contains(asked.all[0].Message, planned.PlanID) {
					t.Errorf("status %s, want %s; asked %+v", out.Status, want, asked.all)
				}
			})
		}
	}
}

// TestSilenceIsNoAnswer: a client that never answers gets the plan and the next step within TOOL_WAIT, and its user can
// be asked again. Found from outside: rough edge 3.
func TestSilenceIsNoAnswer(t *testing.T) {
	r := newRig(t, rigOptions{answer: "accept", form: answering{silent: true}, wait: 20 * time.Millisecond})
	r.small()
	r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
	out := call[tools.PlanOut](r, "execute_user_grants", arguments{"filename": "report.csv", "app_id": r.AppID})
	if out.Status != "needs_confirmation" || out.Answer != "" || !strings.Contains(out.Next, "plan_id "+out.PlanID) {
		t.Fatalf("status %q: %s", out.Status, out.Next)
	}
	r.nothingWritten()
	again := r.restart(rigOptions{answer: "accept"})
	if out := call[tools.PlanOut](again, "execute_user_grants", arguments{"plan_id": out.PlanID}); out.Status != "complete" {
		t.Errorf("asked again and confirmed: %+v", out)
	}
}

// TestPlanningAgainAfterANoAsksAgain: the id of a plan has its second in it, and a new plan is not the declined one.
func TestPlanningAgainAfterANoAsksAgain(t *testing.T) {
	r := newRig(t, rigOptions{answer: "decline"})
	r.small()
	r.Tenant.AddEntitlement(r.AppID, "Role", true, "Admin", "Viewer")
	args := arguments{"filename": "report.csv", "app_id": r.AppID}
	first := call[tools.PlanOut](r, "execute_user_grants", args)
	second := call[tools.PlanOut](r.restart(rigOptions{answer: "accept"}), "execute_user_grants", args)
	if second.Status != "complete" || second.PlanID == first.PlanID {
		t.Errorf("declined %s, then %s of %s", first.PlanID, second.Status, second.PlanID)
	}
}
