package batch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/progress"
)

// Jobs runs plans in the background for callers that cannot wait, one job per plan. A job's id is its plan's id, so that a
// client which lost the answer finds its job again, and asking twice never starts two runs.
type Jobs struct {
	engine *Engine
	base   context.Context
	done   func(*plan.Plan, *Summary) // called after each run that ended, before the job counts as ended

	mu   sync.Mutex
	jobs map[string]*Job
	wait sync.WaitGroup
}

// Job is one run in the background.
type Job struct {
	ID     string
	cancel context.CancelCauseFunc
	ended  chan struct{}

	mu      sync.Mutex
	plan    *plan.Plan // until it has ended
	live    *progress.Live
	summary *Summary
	err     error
}

// NewJobs returns the jobs of an engine. They end when base ends; Close waits for them. After is called when a run has
// ended and may be nil.
func NewJobs(base context.Context, engine *Engine, after func(*plan.Plan, *Summary)) *Jobs {
	if after == nil {
		after = func(*plan.Plan, *Summary) {}
	}
	return &Jobs{engine: engine, base: base, done: after, jobs: map[string]*Job{}}
}

// Start begins to carry a plan out, or returns the job that does so already.
func (js *Jobs) Start(p *plan.Plan, permit policy.Permit) *Job {
	js.mu.Lock()
	defer js.mu.Unlock()
	if job := js.jobs[p.ID]; job != nil && !job.isEnded() {
		return job
	}
	ctx, cancel := context.WithCancelCause(js.base)
	job := &Job{ID: p.ID, plan: p, cancel: cancel, ended: make(chan struct{})}
	js.jobs[p.ID] = job
	js.wait.Add(1)
	go func() {
		defer js.wait.Done()
		defer close(job.ended)
		defer cancel(nil)
		summary, err := js.engine.Run(ctx, p, permit, job.attach)
		if err == nil {
			js.done(p, summary)
		}
		job.mu.Lock()
		defer job.mu.Unlock()
		job.summary, job.err, job.plan = summary, err, nil
	}()
	return job
}

// Get returns a job of this process, nil when there is none.
func (js *Jobs) Get(id string) *Job {
	js.mu.Lock()
	defer js.mu.Unlock()
	return js.jobs[id]
}

// Close cancels every job and waits until each has left a resumable run.
func (js *Jobs) Close() {
	js.mu.Lock()
	for _, job := range js.jobs {
		job.cancel(errors.New("the server is stopping"))
	}
	js.mu.Unlock()
	js.wait.Wait()
}

func (j *Job) attach(l *progress.Live) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.live = l
}

// Plan is what the job carries out, nil once it has ended: a large plan is not kept for longer than it is needed.
func (j *Job) Plan() *plan.Plan {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.plan
}

func (j *Job) isEnded() bool {
	select {
	case <-j.ended:
		return true
	default:
		return false
	}
}

// ErrCancelled is the cause of a run's cancellation when a person asked for it. A run that ends for another cause, such as
// the server stopping, is picked up by the next start.
var ErrCancelled = errors.New("cancelled by a person")

// Cancel stops the job. What is on the wire is given up and looked up by the next run.
func (j *Job) Cancel() { j.cancel(ErrCancelled) }

// Ended is closed when the job has ended.
func (j *Job) Ended() <-chan struct{} { return j.ended }

// Result returns the summary once the job has ended; before that, both are nil.
func (j *Job) Result() (*Summary, error) {
	if !j.isEnded() {
		return nil, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.summary, j.err
}

// Progress returns how far the job is.
func (j *Job) Progress() progress.Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.live == nil {
		return progress.Progress{Phase: "starting"}
	}
	return j.live.Progress()
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
			continue // its plan is gone, so nobody can carry it out
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
	interrupted := s.Stop != nil && (s.Stop.Code == stopInterrupted || s.Stop.Code == stopUnavailable)
	return interrupted || s.JournalBytes != journal
}
