package cli

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
)

// samples are the built-in reports, as main.go embeds them.
var samples = os.DirFS("../..")

// headless is the program on an embedded tenant, as the commands get it.
func headless(t *testing.T, change func(*config.Config)) (*app.App, *app.World) {
	t.Helper()
	cfg, err := config.Load(config.LoadOptions{
		Environ:      func(string) (string, bool) { return "", false },
		Demo:         true,
		UserStateDir: t.TempDir(),
		WorkDir:      t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := app.NewWorld(t.Context(), cfg, samples, app.Reports{}, oktasim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Remove() })
	w.Config.SettleAfter = 50 * time.Millisecond // this tenant's lists do not lag
	if change != nil {
		change(w.Config)
	}
	return restart(t, w), w
}

// restart assembles the program again on the same tenant and state, as a new process would.
func restart(t *testing.T, w *app.World) *app.App {
	t.Helper()
	p, err := app.Assemble(t.Context(), w.Config, w.Wire, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// planned makes both plans of a sample and carries the structure out.
func planned(t *testing.T, p *app.App, w *app.World) *plan.Plan {
	t.Helper()
	report, err := p.Deps.Inbox.Read(t.Context(), demoFile, intake.Options{File: demoFile})
	if err != nil {
		t.Fatal(err)
	}
	structure, err := plan.PlanStructure(t.Context(), p.Okta, plan.StructureRequest{
		Report: report,
		AppID:  w.AppID,
		Now:    time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Plans.Save(structure); err != nil {
		t.Fatal(err)
	}
	if err := apply(t.Context(), p, structure.ID, desk{}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	grants, err := plan.PlanGrants(t.Context(), p.Okta, plan.GrantRequest{
		Report: report,
		AppID:  w.AppID,
		Now:    time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Plans.Save(grants); err != nil {
		t.Fatal(err)
	}
	return grants
}

func held(w *app.World) int {
	n := 0
	for _, u := range w.Tenant.State().Users {
		n += len(w.Tenant.Effective(w.AppID, u.ID))
	}
	return n
}

func TestUndoNeedsAPersonAtATerminalWhoNamesTheRun(t *testing.T) {
	p, w := headless(t, nil)
	run := planned(t, p, w)
	if err := apply(t.Context(), p, run.ID, desk{}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	granted := held(w)
	if granted == 0 {
		t.Fatal("the run granted nothing")
	}
	var out bytes.Buffer
	if err := undo(t.Context(), p, run.ID, "", true, &out); err != nil || held(w) != granted ||
		!strings.Contains(out.String(), "nothing was done") {
		t.Errorf("without --yes-undo: %v, %s", err, &out)
	}
	if err := undo(t.Context(), p, run.ID, run.ID, false, &out); codeOf(err) != ExitUsage || held(w) != granted {
		t.Errorf("without a terminal: %v", err)
	}
	if err := undo(t.Context(), p, run.ID, "plan_other", true, &out); codeOf(err) != ExitUsage || held(w) != granted {
		t.Errorf("naming another run: %v", err)
	}
	out.Reset()
	if err := undo(t.Context(), p, run.ID, run.ID, true, &out); err != nil || held(w) != 0 {
		t.Errorf("undo: %v, %d values left; %s", err, held(w), &out)
	}
	if err := apply(t.Context(), p, run.ID, desk{}, &out); trouble.CodeOf(err) != trouble.PlanStale {
		t.Errorf("applying an undone run again: %v", err)
	}
}

func TestReadOnlyWinsOverApplyAndUndo(t *testing.T) {
	p, w := headless(t, nil)
	run := planned(t, p, w)
	w.Config.ReadOnly = true
	closed := restart(t, w)
	writes := w.Writes()
	if err := apply(t.Context(), closed, run.ID, desk{},
		&bytes.Buffer{}); trouble.CodeOf(err) != trouble.RefusedByPolicy || w.Writes() != writes {
		t.Errorf("apply: %v", err)
	}
}

func TestARestartPicksAnInterruptedRunUpOrReportsIt(t *testing.T) {
	for _, setting := range []string{config.ResumeRuns, config.ReportRuns} {
		t.Run(setting, func(t *testing.T) {
			p, w := headless(t, func(c *config.Config) { c.ResumeRuns = setting })
			run := planned(t, p, w)
			// The run is interrupted after its third grant, as when the laptop is closed.
			ctx, stop := context.WithCancel(t.Context())
			fault := w.Tenant.Inject(oktasim.Fault{
				Method:   "POST",
				Pattern:  "/governance/api/v1/grants",
				Nth:      3,
				Times:    1,
				Effect:   oktasim.EffectStall,
				Duration: time.Minute,
				Do:       stop,
			})
			permit, err := p.Gate.Permit(ctx, run, policy.Confirmation{
				PlanID:  run.ID,
				Channel: policy.Conversation,
				Time:    time.Now(),
			})
			if err != nil {
				t.Fatal(err)
			}
			summary, err := p.Engine.Run(ctx, run, permit, nil)
			if err != nil || fault.Fired() == 0 || summary.Stop == nil || summary.Stop.Code != "interrupted" {
				t.Fatalf("interrupted run: %v, fired %d, %+v", err, fault.Fired(), summary)
			}
			again := restart(t, w)
			again.Resume(t.Context())
			job := again.Jobs.Get(run.ID)
			if setting == config.ReportRuns {
				if job != nil {
					t.Error("the run was resumed though it should only be reported")
				}
				return
			}
			if job == nil {
				t.Fatal("the run was not resumed")
			}
			<-job.Ended()
			if summary, err = job.Result(); err != nil || summary.Unfinished() {
				t.Fatalf("resumed run: %v, %+v", err, summary)
			}
			for _, u := range w.Tenant.State().Users {
				if n := len(w.Tenant.ActiveGrants(w.AppID, u.ID)); n > 1 {
					t.Errorf("user %s has %d grants", u.ID, n)
				}
			}
			if _, err := os.Stat(filepath.Join(w.Config.CSVDir, "processed_and_assigned", demoFile)); err != nil {
				t.Errorf("the finished report was not moved: %v", err)
			}
		})
	}
}

func TestTheTrailTellsWhoDecidedAndWhatHappened(t *testing.T) {
	p, w := headless(t, nil)
	run := planned(t, p, w)
	if err := apply(t.Context(), p, run.ID, desk{}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(w.Config.StateDir, "trail")
	data, err := os.ReadFile(filepath.Join(dir, "trail.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	decision := strings.Index(text, `"step":"decision","arguments":{"app_id":"`+w.AppID)
	started, ended := strings.LastIndex(text, `"step":"run_started"`), strings.LastIndex(text, `"step":"run_ended"`)
	if decision < 0 || started < decision || ended < started {
		t.Errorf("decision at %d, start at %d, end at %d", decision, started, ended)
	}
	for _, want := range []string{`"decision":"allow"`, `"rule":"builtin_additive_confirmed"`,
		`"channel":"command_line"`, "journal_sha256", `"okta_request_ids":["`, `"outcome":"complete"`, run.ID} {
		if !strings.Contains(text, want) {
			t.Errorf("the trail does not say %s", want)
		}
	}
	if strings.Contains(text, w.Tenant.Token()) {
		t.Error("the trail holds the token")
	}
	if _, err := trail.VerifyDir(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	broken := bytes.Replace(data, []byte(`"decision":"allow"`), []byte(`"decision":"deny!"`), 1)
	if err := os.WriteFile(filepath.Join(dir, "trail.jsonl"), broken, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := trailVerifyCommand()
	cmd.SetArgs([]string{"--dir", dir})
	cmd.SetOut(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.Execute(); err == nil {
		t.Error("a changed decision goes unnoticed")
	}
}
