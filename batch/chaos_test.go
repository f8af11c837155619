package batch_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/batch"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/oktaclient"
)

// TestChaosEndsWhereAnUndisturbedRunEnds carries random reports out on random tenants while calls go wrong, answers
// are lost, lists lag and the process is killed again and again. However a world was disturbed, its tenant must end
// as that of the same world left in peace; every other world ends with an undo that is disturbed alike. CHAOS_WORLDS
// says how many worlds (.ci/run takes 300), CHAOS_SEED which is the first; the seed of a failure is in its name.
func TestChaosEndsWhereAnUndisturbedRunEnds(t *testing.T) {
	worlds, first := number(t, "CHAOS_WORLDS", 24), number(t, "CHAOS_SEED", 1)
	t.Logf("CHAOS_SEED=%d CHAOS_WORLDS=%d", first, worlds)
	tally := &tally{counts: map[string]int{}}
	t.Run("world", func(t *testing.T) {
		for i := range worlds {
			seed := uint64(first + i)
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				lines := simtest.Lines(t, 4, oktaclient.Options{})
				synctest.Test(t, func(t *testing.T) { chaos(t, lines, seed, tally) })
			})
		}
	})
	t.Log(tally)
	if worlds < 300 {
		return
	}
	// Chaos in which something never happened has not tested it.
	for _, name := range append([]string{"kill", "kill after the tenant acted", "kill before the summary",
		"torn line", "cancelled", "second installation", "second installation met", "members through a group",
		string(oktasim.EffectStaleList),
		"undo", "kill in an undo", "revocation: lose_reply", "revocation: reset"}, effectNames()...) {
		if tally.counts[name] == 0 {
			t.Errorf("never happened: %s", name)
		}
	}
}

func number(t *testing.T, variable string, standard int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q is not a number", variable, text)
	}
	return n
}

// tally counts what happened over all worlds.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(name string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[name] += n
}

func (c *tally) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.counts)) {
		fmt.Fprintf(&b, "%s: %d\n", name, c.counts[name])
	}
	return b.String()
}

// chaos carries one world out twice, in peace and disturbed.
func chaos(t *testing.T, lines []*simtest.Line, seed uint64, tally *tally) {
	peace := newScene(t, lines[:1], seed)
	storm := newScene(t, lines[1:2], seed)
	storm.tally = tally
	for range 2 {
		time.Sleep(time.Second) // two plans of one second and of the same content are one plan
		peace.importReports(false)
		storm.importReports(true)
		peace.takeBack(false)
		storm.takeBack(true)
		if t.Failed() {
			return
		}
		// Effective access is compared at once, not when lists have caught up: the tenant itself knows.
		for _, difference := range photograph(peace.World).differs(photograph(storm.World)) {
			t.Errorf("in peace and disturbed: %s", difference)
		}
		if !maps.Equal(peace.rows, storm.rows) {
			t.Errorf("rows ended as %v in peace and as %v disturbed", peace.rows, storm.rows)
		}
	}
	peace.twoInstallations(lines[2], false)
	storm.twoInstallations(lines[3], true)
	for _, difference := range photograph(peace.World).differsInEffect(photograph(storm.World)) {
		t.Errorf("two installations, one after the other and at once: %s", difference)
	}
}

// scene is one world with its reports.
type scene struct {
	*simtest.World
	t       *testing.T
	rng     *rand.Rand // decides what the world is; the same in peace and disturbed
	fate    *rand.Rand // decides what goes wrong
	tally   *tally
	mode    plan.Mode
	reports []*intake.Report
	engine  batch.Options
	rows    map[string]int // stage and state: rows over all runs
	before  picture
	people  []string
	granted *plan.Plan // the first plan of grants that was carried out last
	group   string     // whose members get the application, "" to assign people
}

func newScene(t *testing.T, lines []*simtest.Line, seed uint64) *scene {
	s := &scene{
		t:    t,
		rng:  rand.New(rand.NewPCG(seed, 11)),
		fate: rand.New(rand.NewPCG(seed, 12)),
		rows: map[string]int{},
	}
	s.mode = []plan.Mode{plan.ModeAdditive, plan.ModeCustomMerge}[s.rng.IntN(2)]
	options := oktasim.Options{
		Seed:           s.rng.Uint64(),
		NoEntitlements: s.mode == plan.ModeCustomMerge,
		Skew:           time.Duration(s.rng.IntN(3)-1) * 5 * time.Minute,
		GrantLag:       time.Duration(s.rng.IntN(4)) * 10 * time.Second,
		IndexLag:       time.Duration(s.rng.IntN(3)) * 2 * time.Second,
	}
	if s.rng.IntN(2) == 0 {
		options.Latency = oktasim.LatencyReal
	}
	if s.rng.IntN(4) == 0 {
		options.Limits.Overrides = map[string]int{"POST /governance/api/v1/grants": 10, "POST /api/v1/apps/{id}/users": 10}
	}
	s.engine = batch.Options{
		Workers:   []int{1, 2, 8, 32}[s.rng.IntN(4)],
		RingAbove: 3,
		RingSize:  2,
		StopRate:  0.5,
	}
	s.World = simtest.New(t, simtest.Options{Lines: lines, Tenant: options, Engine: s.engine})
	people := populate(s.World, s.rng)
	s.people = people
	giveRandomAccess(s.World, s.rng, people)
	time.Sleep(options.GrantLag + options.IndexLag) // lists catch up
	for range 1 + s.rng.IntN(2) {
		s.reports = append(s.reports, simtest.Report(t, s.report(people)))
	}
	if s.rng.IntN(3) == 0 {
		s.group = s.Tenant.AddGroup("Finance")
		s.Tenant.AssignGroupToApp(s.AppID, s.group)
	}
	s.before = photograph(s.World)
	return s
}

// planGrants plans the grants of a report, by way of the world's group if it has one.
func (s *scene) planGrants(report *intake.Report) *plan.Plan {
	p, err := plan.PlanGrants(s.t.Context(), s.Okta, plan.GrantRequest{
		Report: report, AppID: s.AppID, Mode: s.mode, Group: s.group, Now: time.Now()})
	must(s.t, err)
	return p
}

// report makes up a report; now and then one with more values than one call to Okta takes.
func (s *scene) report(people []string) string {
	text := simtest.RandomReport(s.rng, people)
	if s.rng.IntN(8) == 0 {
		for i := range 101 + s.rng.IntN(60) {
			text += fmt.Sprintf("%s,Wide %d,,Permitted\n", people[i%len(people)], i)
		}
	}
	return text
}

// importReports carries out structure and grants of every report. The plans of grants are all made before the first
// of them is carried out, so that the later ones rest on what the earlier ones change.
func (s *scene) importReports(storm bool) {
	for _, report := range s.reports {
		p, err := plan.PlanStructure(s.t.Context(), s.Okta, plan.StructureRequest{
			Report: report,
			AppID:  s.AppID,
			Now:    time.Now(),
		})
		must(s.t, err)
		s.carryOut(p, storm)
	}
	var plans []*plan.Plan
	for _, report := range s.reports {
		if len(plans) == 0 || s.mode == plan.ModeAdditive {
			plans = append(plans, s.planGrants(report))
		}
	}
	for _, p := range plans {
		if storm && p.Count(plan.KindAddGroupMember) > 0 {
			s.tally.add("members through a group", 1)
		}
		s.carryOut(p, storm)
	}
	s.granted = plans[0]
}

// takeBack undoes a run of grants in every other world, after someone else has granted a part of it too.
func (s *scene) takeBack(storm bool) {
	if s.rng.IntN(2) == 0 || s.t.Failed() {
		return
	}
	foreignGrants(s.World, s.rng, s.people)
	time.Sleep(time.Minute) // no program can see what Okta's lists do not show yet
	s.before = photograph(s.World)
	s.carryOut(planUndo(s.t, s.World, s.granted), storm)
	must(s.t, s.Engine.AwaitLists(s.t.Context(), s.AppID, plan.StageGrants)) // as the tools do before they plan
	if storm {
		s.tally.add("undo", 1)
	}
	s.before = photograph(s.World)
}

func (s *scene) carryOut(p *plan.Plan, storm bool) {
	switch {
	case s.t.Failed():
	case storm:
		s.survive(p)
	default:
		s.count(p, carryOut(s.t, s.World, p))
	}
}

// count notes how the rows of a finished plan ended.
func (s *scene) count(p *plan.Plan, summary *batch.Summary) {
	for state, n := range summary.Rows {
		s.rows[fmt.Sprint(p.Stage, " ", state)] += n
	}
}

// lives bounds how often a plan is taken up again; the last ones are undisturbed.
const lives, quietLives = 9, 3

func (s *scene) survive(p *plan.Plan) {
	for life := range lives {
		summary := s.live(p, life >= lives-quietLives)
		s.judge(p, summary)
		if s.t.Failed() {
			return
		}
		if summary != nil && summary.Ended == batch.EndedComplete {
			if s.fate.IntN(6) == 0 { // killed before it could sum up
				s.tally.add("kill before the summary", 1)
				must(s.t, os.Remove(filepath.Join(s.Engine.Dir(p.ID), "summary.json")))
				continue
			}
			s.count(p, summary)
			return
		}
	}
	s.t.Errorf("the %s plan did not end in %d lives, %d of them quiet", p.Stage, lives, quietLives)
}

// live is the life of one process that takes the plan up: it ends well, stops, is cancelled or is killed.
func (s *scene) live(p *plan.Plan, quiet bool) *batch.Summary {
	ctx, cancel := context.WithCancelCause(s.t.Context())
	defer cancel(nil)
	wire := &mortal{
		tenant: s.Tenant.Transport(),
		dir:    s.Engine.Dir(p.ID),
		kill:   func() { cancel(nil) },
		calls:  -1,
		late:   s.fate.IntN(2) == 0,
	}
	var faults []injected
	if !quiet {
		faults = s.disturb(wire, cancel)
	}
	s.Reconnect(simtest.Options{Engine: s.engine, Client: oktaclient.Options{Transport: wire}})
	summary, err := s.Engine.Run(ctx, p, permitFor(s.t, s.World, p), nil)
	s.Reconnect(simtest.Options{Engine: s.engine}) // whoever looks around or plans next has a wire of its own
	for _, f := range faults {
		s.tally.add(string(f.effect), f.Fired())
		if p.Stage == plan.StageUndo && f.write {
			s.tally.add("revocation: "+string(f.effect), f.Fired())
		}
		f.Remove()
	}
	switch {
	case wire.isDead():
		s.tally.add("kill", 1)
		if p.Stage == plan.StageUndo {
			s.tally.add("kill in an undo", 1)
		}
		if wire.late {
			s.tally.add("kill after the tenant acted", 1)
		}
		if wire.leave(s.t, s.fate) {
			s.tally.add("torn line", 1)
		}
		return nil
	case err != nil && quiet:
		s.t.Errorf("a quiet run of the %s plan failed: %v", p.Stage, err)
	case err != nil:
		s.tally.add("ended with an error", 1)
		return nil
	case summary.Stop != nil:
		s.tally.add("stopped: "+string(summary.Stop.Code), 1)
	}
	return summary
}

// injected is a fault in force.
type injected struct {
	effect oktasim.Effect
	write  bool // it hits writes only
	*oktasim.Injection
}

// disturb decides what goes wrong in one life.
func (s *scene) disturb(wire *mortal, cancel context.CancelCauseFunc) []injected {
	switch s.fate.IntN(5) {
	case 0, 1, 2:
		wire.calls = 1 + s.fate.IntN(24)
	case 3:
		time.AfterFunc(time.Duration(s.fate.IntN(90_000))*time.Millisecond, func() {
			cancel(progress.ErrCancelled)
		})
		s.tally.add("cancelled", 1)
	}
	var faults []injected
	for range s.fate.IntN(4) {
		f := disturbances()[s.fate.IntN(len(disturbances()))]
		f.Nth, f.Times = 1+s.fate.IntN(6), 1+s.fate.IntN(3)
		if s.fate.IntN(2) == 0 {
			f.Method = "POST"
		}
		faults = append(faults, injected{f.Effect, f.Method == "POST", s.Tenant.Inject(f)})
	}
	return faults
}

// judge holds after every life, whatever became of it.
func (s *scene) judge(p *plan.Plan, summary *batch.Summary) {
	now := photograph(s.World)
	lost := s.before.lost(now)
	if p.Stage == plan.StageUndo {
		lost = s.before.lostBeyond(now, p, s.World)
	}
	for _, what := range append(lost, now.twice...) {
		s.t.Error(what)
	}
	if summary == nil {
		return
	}
	total := 0
	for _, n := range summary.Rows {
		total += n
	}
	if total != len(p.Rows) || summary.Rows[plan.Planned] > 0 {
		s.t.Errorf("%d rows ended as %v", len(p.Rows), summary.Rows)
	}
}
