package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
)

// TestKilledProcessesEndWhereAnUndisturbedOneEnds kills real processes of the apply command, mostly in the middle of
// a write, and starts them again until their plans are done. Nothing is lost by that and nothing happens twice.
func TestKilledProcessesEndWhereAnUndisturbedOneEnds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no SIGKILL")
	}
	kills := killsOf(t, 12)
	s := newSlaughter(t)
	peaceful := s.importInto("Peace")
	s.finish(peaceful)
	want := s.access(peaceful)
	landed, plans := 0, 0
	for ; landed < kills; plans++ {
		p := s.importInto(fmt.Sprintf("Storm %d", plans))
		for done := false; !done && landed < kills; {
			if done = s.killOne(s.apply(p)); !done {
				landed++
			}
		}
		s.finish(p)
		if got := s.access(p); !maps.EqualFunc(want, got, slices.Equal) {
			t.Errorf("in peace the grants are %v, after kills %v", want, got)
		}
	}
	if out, err := s.command("trail", "verify").CombinedOutput(); err != nil {
		t.Errorf("the trail after %d kills: %v\n%s", landed, err, out)
	}
	t.Logf("%d kills over %d plans, %d of them in the middle of a write", landed, plans, s.inWrites)
	if s.inWrites < kills/4 {
		t.Errorf("only %d of %d kills hit a process that was writing", s.inWrites, landed)
	}
}

// slaughter is a tenant on a listener, with the program's state directory.
type slaughter struct {
	t        *testing.T
	tenant   *oktasim.Tenant
	program  *app.App
	environ  []string
	rng      *rand.Rand
	inWrites int
}

const victims = 60 // users of each plan

func newSlaughter(t *testing.T) *slaughter {
	s := &slaughter{
		t:      t,
		tenant: oktasim.New(oktasim.Options{Seed: 5}),
		rng:    rand.New(rand.NewPCG(5, 1)),
	}
	for i := range victims {
		s.tenant.AddUser(oktasim.NewUser{Email: victim(i)})
	}
	ready := make(chan string, 1)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.tenant.Serve(ctx, oktasim.ServeOptions{Ready: func(url string) { ready <- url }}) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	settings := map[string]string{"OKTA_DOMAIN": <-ready, "OKTA_API_TOKEN": s.tenant.Token(),
		"CSV_DIR":   filepath.Join(dir, "csv"),
		"STATE_DIR": filepath.Join(dir, "state"), "SETTLE_AFTER": "100ms", "RING_ABOVE": "10", "LOG_LEVEL": "error"}
	for name, value := range settings {
		s.environ = append(s.environ, name+"="+value)
	}
	cfg, err := config.Load(config.LoadOptions{
		WorkDir: dir,
		Environ: func(name string) (string, bool) {
			value, set := settings[name]
			return value, set
		},
	})
	s.must(err)
	s.must(os.MkdirAll(cfg.CSVDir, 0o700))
	s.program, err = app.Assemble(t.Context(), cfg, nil, slog.New(slog.DiscardHandler))
	s.must(err)
	t.Cleanup(s.program.Close)
	return s
}

func victim(i int) string { return fmt.Sprintf("person%03d@acme.example.com", i) }

func (s *slaughter) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// importInto makes an application with its entitlements and saves the plan of an import into it.
func (s *slaughter) importInto(label string) *plan.Plan {
	s.t.Helper()
	ctx := s.t.Context()
	app := s.tenant.AddApp(oktasim.NewApp{Label: label})
	var text strings.Builder
	text.WriteString("Email,Role\n")
	for i := range victims {
		if i%3 == 0 {
			s.tenant.AssignApp(app, s.tenant.UserByEmail(victim(i)))
		}
		fmt.Fprintf(&text, "%s,Role %d\n", victim(i), i%5)
	}
	report, err := intake.Read(ctx, strings.NewReader(text.String()), intake.Options{File: "report.csv"})
	s.must(err)
	structure, err := plan.PlanStructure(ctx, s.program.Okta, plan.StructureRequest{
		Report: report,
		AppID:  app,
		Now:    time.Now(),
	})
	s.must(err)
	permit, err := s.program.Gate.Permit(ctx, structure, policy.Confirmation{
		PlanID:  structure.ID,
		Channel: policy.CommandLine,
	})
	s.must(err)
	summary, err := s.program.Engine.Run(ctx, structure, permit, nil)
	if s.must(err); summary.Ended != batch.EndedComplete {
		s.t.Fatalf("structure ended %s", summary.Ended)
	}
	p, err := plan.PlanGrants(ctx, s.program.Okta, plan.GrantRequest{
		Report: report,
		AppID:  app,
		Mode:   plan.ModeAdditive,
		Now:    time.Now(),
	})
	s.must(err)
	s.must(s.program.Plans.Save(p))
	return p
}

// apply is a process of the program that carries the plan out.
func (s *slaughter) apply(p *plan.Plan) *exec.Cmd { return s.command("apply", p.ID) }

// command is a process of the program with these arguments.
func (s *slaughter) command(arguments ...string) *exec.Cmd {
	path, err := theProgram()
	s.must(err)
	cmd := exec.CommandContext(s.t.Context(), path, arguments...)
	cmd.Dir = s.program.Config.StateDir
	cmd.Env = append(slices.Clone(s.environ), "HOME="+s.t.TempDir())
	return cmd
}

// finish lets a process carry the plan out to its end, in peace.
func (s *slaughter) finish(p *plan.Plan) {
	s.t.Helper()
	cmd := s.apply(p)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("apply: %v\n%s", err, errs.String())
	}
	var summary batch.Summary
	s.must(json.Unmarshal(out.Bytes(), &summary))
	if summary.Ended != batch.EndedComplete || summary.Rows[plan.Granted] != victims || summary.TotalRows != victims {
		s.t.Errorf("the finished plan ended %s with rows %v", summary.Ended, summary.Rows)
	}
}

// killOne starts a process and kills it at a random call to the tenant, or at a random instant. It says whether the
// process was done before that.
func (s *slaughter) killOne(cmd *exec.Cmd) (done bool) {
	s.t.Helper()
	strike := make(chan bool, 1)
	// A write takes a while, before or after it is carried out, so that there is a middle to hit.
	slow := s.tenant.Inject(oktasim.Fault{
		Method:   "POST",
		Times:    -1,
		Effect:   oktasim.EffectStall,
		Duration: 20 * time.Millisecond,
		Acted:    s.rng.IntN(2) == 0,
		Nth:      1,
		Do:       s.countdown(s.rng.IntN(25), strike),
	})
	defer slow.Remove()
	if s.rng.IntN(5) == 0 {
		timer := time.AfterFunc(time.Duration(s.rng.IntN(400))*time.Millisecond, func() { offer(strike, false) })
		defer timer.Stop()
	}
	s.must(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var writing bool
	select {
	case err := <-ended:
		s.must(err)
		return true
	case writing = <-strike:
	}
	time.Sleep(time.Duration(s.rng.IntN(25)) * time.Millisecond)
	_ = cmd.Process.Kill()
	if err := <-ended; err == nil {
		return true
	}
	if writing {
		s.inWrites++
	}
	return false
}

// countdown strikes at the nth write.
func (s *slaughter) countdown(n int, strike chan bool) func() {
	calls := make(chan struct{}, n)
	return func() {
		select {
		case calls <- struct{}{}:
		default:
			offer(strike, true)
		}
	}
}

func offer(strike chan bool, writing bool) {
	select {
	case strike <- writing:
	default:
	}
}

// access returns the grants of a finished import, one of each user.
func (s *slaughter) access(p *plan.Plan) map[string][]string {
	s.t.Helper()
	access := s.grants(p)
	for login, grants := range access {
		if len(grants) != 1 {
			s.t.Errorf("%s has %d grants: %v", login, len(grants), grants)
		}
	}
	if len(access) != victims {
		s.t.Errorf("%d users have grants, want %d", len(access), victims)
	}
	return access
}

// grants asks the listener what the plan's application holds: the active grants of each user by names, so that
// applications can be compared.
func (s *slaughter) grants(p *plan.Plan) map[string][]string {
	s.t.Helper()
	resp, err := http.Get(s.tenant.BaseURL() + "/_sim/state")
	s.must(err)
	defer resp.Body.Close()
	var state struct {
		Users        []oktasim.UserState
		Entitlements []struct {
			AppID, Name string
			Values      []struct{ ID, Name string }
		}
		Grants []oktasim.GrantView
	}
	s.must(json.NewDecoder(resp.Body).Decode(&state))
	names := map[string]string{}
	for _, e := range state.Entitlements {
		for _, v := range e.Values {
			names[v.ID] = e.Name + "/" + v.Name
		}
	}
	logins := map[string]string{}
	for _, u := range state.Users {
		logins[u.ID] = u.Login
	}
	access := map[string][]string{}
	for _, g := range state.Grants {
		if g.AppID != p.App.ID || g.Status != "ACTIVE" {
			continue
		}
		text := g.Type + " " + g.Actor
		for _, v := range g.Values {
			text += " " + names[v]
		}
		access[logins[g.UserID]] = append(access[logins[g.UserID]], text)
	}
	for _, grants := range access {
		slices.Sort(grants)
	}
	return access
}
