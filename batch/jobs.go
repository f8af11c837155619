package batch

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/trouble"
)

// Jobs runs plans in the background for callers that cannot wait, one job per plan. A job's id is its plan's id, so that a
// client which lost the answer finds its job again, and asking twice never starts two runs.
type Jobs struct {
	engine *Engine
	base   context.Context // of the program: a job outlives the call that asked for it
	done   func(*plan.Plan, *Summary)

	mu   sync.Mutex
	jobs map[string]*Job
	now  map[string]*plan.Plan // of the jobs under way: a large plan is not kept for longer than it is needed
}

// Job is one run in the background.
type Job = progress.Job[*Summary]

// NewJobs returns the jobs of an engine. They end when base ends; Close waits for them. After is called when a run has
// ended, before its job counts as ended, and may be nil.
func NewJobs(base context.Context, engine *Engine, after func(*plan.Plan, *Summary)) *Jobs {
	if after == nil {
		after = func(*plan.Plan, *Summary) {}
	}
	return &Jobs{engine: engine, base: base, done: after, jobs: map[string]*Job{}, now: map[string]*plan.Plan{}}
}

// Start begins to carry a plan out, or returns the job that does so already.
func (js *Jobs) Start(p *plan.Plan, permit policy.Permit) *Job {
	js.mu.Lock()
	defer js.mu.Unlock()
	if job := js.jobs[p.ID]; job != nil && !job.IsEnded() {
		return job
	}
	live := progress.New(len(p.Ops), "starting")
	js.now[p.ID] = p
	js.jobs[p.ID] = progress.Start(js.base, p.ID, live, func(ctx context.Context) (*Summary, error) {
		defer js.forget(p.ID)
		summary, err := js.engine.Run(ctx, p, permit, live)
		if err == nil {
			js.done(p, summary)
		}
		return summary, err
	})
	return js.jobs[p.ID]
}

func (js *Jobs) forget(id string) {
	js.mu.Lock()
	defer js.mu.Unlock()
	delete(js.now, id)
}

// Get returns a job of this process, nil when there is none.
func (js *Jobs) Get(id string) *Job {
	js.mu.Lock()
	defer js.mu.Unlock()
	return js.jobs[id]
}

// Plan returns what a job carries out, nil once it has ended.
func (js *Jobs) Plan(id string) *plan.Plan {
	js.mu.Lock()
	defer js.mu.Unlock()
	return js.now[id]
}

// Close stops every job and waits until each has left a resumable run.
func (js *Jobs) Close() {
	js.mu.Lock()
	jobs := slices.Collect(maps.Values(js.jobs))
	js.mu.Unlock()
	for _, job := range jobs {
		job.Stop()
	}
	for _, job := range jobs {
		<-job.Ended()
	}
}

// Unfinished is a run that a crash or a cancellation left behind.
type Unfinished struct {
	PlanID string
	Permit policy.Confirmation // the word on which it ran
	Last   time.Time           // when its journal was last written
}

// Unfinished lists the runs that have a journal and no complete summary, oldest first. Runs that another process has under
// way are among them; the lock keeps this process off.
func (e *Engine) Unfinished(load func(planID string) (*plan.Plan, error)) ([]Unfinished, error) {
	folders, err := os.ReadDir(e.opts.Dir)
	if err != nil {
		return nil, err
	}
	var found []Unfinished
	for _, folder := range folders {
		path := filepath.Join(e.opts.Dir, folder.Name(), "journal.jsonl")
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if summary, err := e.ReadSummary(folder.Name()); err == nil && !summary.resumable(info.Size()) {
			continue
		}
		p, err := load(folder.Name())
		if err != nil {
			continue // its plan is gone, so no one can carry it out
		}
		_, permit, err := replay(path, p.ID, keysOf(p))
		if err != nil || permit == nil {
			continue
		}
		found = append(found, Unfinished{p.ID, *permit, info.ModTime()})
	}
	slices.SortFunc(found, func(a, b Unfinished) int { return a.Last.Compare(b.Last) })
	return found, nil
}

// resumable reports whether a run should be picked up by itself: it was interrupted, could not reach Okta, or was killed
// before it could sum up, so that its journal has another length than what was summed up. A run that a person cancelled or
// that stopped itself for a reason waits for a person.
func (s *Summary) resumable(journal int64) bool {
	interrupted := s.Stop != nil && (s.Stop.Code == trouble.Interrupted || s.Stop.Code == trouble.OktaUnavailable)
	return interrupted || s.JournalBytes != journal
}
