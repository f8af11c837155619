package e2e

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/tools"
)

// oldRuns is the state of imports, with the names of its plans and applications.
type oldRuns struct {
	*oldState
	Plans, Apps map[string]string
}

const oldPeople = 6 // of each import

func openOldRuns(t *testing.T) *oldRuns {
	t.Helper()
	s := &oldRuns{oldState: openOldState(t, "grants")}
	text, err := os.ReadFile(filepath.Join(s.from, "plans.json"))
	fails(t, err)
	fails(t, json.Unmarshal(text, s))
	return s
}

// applied applies a plan to its end.
func (s *oldRuns) applied(label string) *batch.Summary {
	s.t.Helper()
	stdout, _ := s.run(0, "apply", s.Plans[label])
	var summary batch.Summary
	fails(s.t, json.Unmarshal([]byte(stdout), &summary))
	if summary.Ended != batch.EndedComplete {
		s.t.Errorf("%s ended %s", label, summary.Ended)
	}
	return &summary
}

// holdOneGrantEach wants the grant of the report for each person on an application, once.
func (s *oldRuns) holdOneGrantEach(label string) {
	s.t.Helper()
	app := s.out.Replace(s.Apps[label])
	names := s.tenant.ValueNames(app)
	for i := range oldPeople {
		email := fmt.Sprintf("person%d@acme.example.com", i)
		grants := s.tenant.ActiveGrants(app, s.tenant.UserByEmail(email))
		want := []string{"Admin", "Viewer <R&D> é"}[i%2]
		if len(grants) != 1 || len(grants[0].Values) != 1 || !strings.HasSuffix(names[grants[0].Values[0]], want) {
			s.t.Errorf("%s: %s has %+v, want %s once", label, email, grants, want)
		}
	}
}

const grantCalls = "POST /governance/api/v1/grants"

func TestARunOfTheFirstVersionGoesOn(t *testing.T) {
	t.Parallel()
	s := openOldRuns(t)
	if summary := s.applied("Half"); summary.Rows[plan.Granted] != oldPeople {
		t.Errorf("rows %v", summary.Rows)
	}
	// Okta had made four grants, the last of them without an answer.
	if n := s.calls(grantCalls); n != oldPeople-4 {
		t.Errorf("%d grants were sent, want those that were missing: %d", n, oldPeople-4)
	}
	s.holdOneGrantEach("Half")
	s.applied("Half")
	if n := s.calls("POST "); n != 0 {
		t.Errorf("%d writes when it is applied once more", n)
	}
	s.trailGoesOn()
}

func TestAPlanOfTheFirstVersionIsApplied(t *testing.T) {
	t.Parallel()
	s := openOldRuns(t)
	if summary := s.applied("Waiting grants"); summary.Rows[plan.Granted] != oldPeople {
		t.Errorf("rows %v", summary.Rows)
	}
	s.holdOneGrantEach("Waiting grants")
	s.applied("Waiting structure")
	if names := s.tenant.ValueNames(s.out.Replace(s.Apps["Waiting structure"])); len(names) != 2 {
		t.Errorf("values %v", names)
	}
	s.calls("")
	s.applied("Finished")
	if n := s.calls("POST "); n != 0 {
		t.Errorf("%d writes when a finished plan is applied again", n)
	}
	s.trailGoesOn()
}

func TestARunOfTheFirstVersionCanBeUndone(t *testing.T) {
	t.Parallel()
	s := openOldRuns(t)
	s.holdOneGrantEach("Finished")
	shown, _ := s.run(0, "undo", s.Plans["Finished"])
	if !strings.Contains(shown, fmt.Sprintf("%d values of %d users", oldPeople, oldPeople)) {
		t.Errorf("undo shows %s", shown)
	}
	program := s.program()
	ctx := t.Context()
	undo, err := tools.PlanUndo(ctx, program.Deps, s.Plans["Finished"])
	fails(t, err)
	permit, err := program.Gate.Permit(ctx, undo, policy.Confirmation{
		PlanID:  undo.ID,
		Channel: policy.Terminal,
		Client:  "test",
		Time:    time.Now(),
	})
	fails(t, err)
	summary, err := program.Engine.Run(ctx, undo, permit, nil)
	fails(t, err)
	if summary.Rows[plan.Revoked] != oldPeople {
		t.Errorf("rows %v", summary.Rows)
	}
	for i := range oldPeople {
		person := s.tenant.UserByEmail(fmt.Sprintf("person%d@acme.example.com", i))
		if left := s.tenant.Effective(s.out.Replace(s.Apps["Finished"]), person); len(left) != 0 {
			t.Errorf("person %d still has %v", i, left)
		}
	}
	s.trailGoesOn()
}

// program is the program in this process: a person at a terminal cannot be had in a test.
func (s *oldState) program() *app.App {
	s.t.Helper()
	set := map[string]string{}
	for _, line := range s.env {
		name, value, _ := strings.Cut(line, "=")
		set[name] = value
	}
	cfg, err := config.Load(config.LoadOptions{
		WorkDir: s.home,
		Environ: func(name string) (string, bool) { v, ok := set[name]; return v, ok },
	})
	fails(s.t, err)
	program, err := app.Assemble(s.t.Context(), cfg, nil, slog.New(slog.DiscardHandler))
	fails(s.t, err)
	s.t.Cleanup(program.Close)
	return program
}
