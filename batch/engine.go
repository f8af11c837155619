// Package batch carries plans out: the only writer to Okta in this program. A run is bounded in parallel, journalled line
// by line, resumable after any crash, and ends every operation in one outcome and every row in one state.
package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/oktaclient"
)

// Options of an engine. Zero values stand for the defaults named beside them.
type Options struct {
	Dir         string        // where runs live, one folder each; must exist
	Workers     int           // operations under way at once, 32; the client's pace decides how many are on the wire
	SettleAfter time.Duration // how long Okta's lists may lag behind a write, 35 s
	Attempts    int           // how often an operation is sent when looking shows that it did not happen, 4
	RingSize    int           // users granted and read back before the rest, 5
	RingAbove   int           // plans with more users than this start with a ring, 200; negative: never
	StopRate    float64       // share of failed operations at which a run stops by itself, 0.10
	NoSync      bool          // journal lines are not made to last; for measuring and for tests of other things only
	Log         *slog.Logger
	// Record keeps a consequential step for good (the trail). A run does not start when it fails.
	Record func(context.Context, Step) error
}

// Step is one consequential moment of a run, for the trail.
type Step struct {
	Name    string // run_started, run_ended
	PlanID  string
	Rule    string
	Outcome string
	Counts  map[string]int
	OktaIDs []string // X-Okta-Request-Id of the run's first writes; the journal has those of all
	Journal string   // SHA-256 of the journal when the run ended
}

// Engine carries out plans.
type Engine struct {
	okta   *oktaclient.Client
	writer *oktaclient.Writer
	opts   Options
}

// New returns an engine. It refuses options that make no sense.
func New(okta *oktaclient.Client, writer *oktaclient.Writer, opts Options) (*Engine, error) {
	setDefault(&opts.Workers, 32)
	setDefault(&opts.SettleAfter, 35*time.Second)
	setDefault(&opts.Attempts, 4)
	setDefault(&opts.RingSize, 5)
	setDefault(&opts.RingAbove, 200)
	setDefault(&opts.StopRate, 0.10)
	switch {
	case opts.Dir == "":
		return nil, errors.New("batch: no directory for runs")
	case opts.Workers < 1 || opts.Workers > 256:
		return nil, fmt.Errorf("batch: workers: must be 1 to 256, not %d", opts.Workers)
	case opts.StopRate < 0 || opts.StopRate > 1:
		return nil, fmt.Errorf("batch: stop rate: must be 0 to 1, not %g", opts.StopRate)
	case opts.Log == nil:
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Record == nil {
		opts.Record = func(context.Context, Step) error { return nil }
	}
	return &Engine{okta, writer, opts}, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Dir is the folder of a plan's run: journal.jsonl, report.csv, summary.json and the lock.
func (e *Engine) Dir(planID string) string { return filepath.Join(e.opts.Dir, planID) }

// ErrBusy is what errors.Is finds when another process carries this plan out.
var ErrBusy = durable.ErrLocked

// Run carries out a plan, or goes on where an earlier run of it stopped. A plan has one journal for ever, so carrying it
// out again attempts only what has not ended well. The permit must be for this plan. The returned summary is complete
// whenever err is nil; a run that was cancelled or stopped itself has a summary that says so. Watch, when not nil, gets
// the live run for its progress before the first operation.
func (e *Engine) Run(ctx context.Context, p *plan.Plan, permit policy.Permit, watch func(*progress.Live)) (_ *Summary, err error) {
	if permit.PlanID() != p.ID || p.ID == "" {
		return nil, fmt.Errorf("plan %s has no permit; it is made by confirming the plan", p.ID)
	}
	if err := p.Verify(); err != nil {
		return nil, err
	}
	dir := e.Dir(p.ID)
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", errJournal, err)
	}
	lock, err := durable.TryLock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("start run: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return e.runLocked(ctx, p, permit, dir, watch)
}

func (e *Engine) runLocked(ctx context.Context, p *plan.Plan, permit policy.Permit, dir string, watch func(*progress.Live)) (_ *Summary, err error) {
	if err := e.undone(p); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "journal.jsonl")
	memories, _, err := replay(path, p.ID, keysOf(p))
	if err != nil {
		return nil, err
	}
	r := newRun(e, p, memories)
	if watch != nil {
		watch(r.live)
	}
	ran := len(r.pending) > 0
	if ran {
		if err := e.opts.Record(ctx, Step{Name: "run_started", PlanID: p.ID, Rule: permit.Rule(), Outcome: "started"}); err != nil {
			return nil, fmt.Errorf("record the start of the run, without which nothing is written: %w", err)
		}
		if r.journal, err = openJournal(path, p, permit.Confirmation(), e.opts.NoSync); err != nil {
			return nil, err
		}
		err := e.alone(ctx, r)
		if err = errors.Join(err, r.journal.close()); err != nil {
			return nil, err
		}
	}
	summary, err := r.conclude(dir)
	if err != nil {
		return nil, err
	}
	if ran {
		journal, err := fileSHA256(path)
		if err != nil {
			return nil, fmt.Errorf("digest journal: %w", err)
		}
		step := Step{Name: "run_ended", PlanID: p.ID, Rule: permit.Rule(), Outcome: summary.Ended, Counts: summary.counts(), OktaIDs: r.requestIDs(), Journal: journal}
		if err := e.opts.Record(context.WithoutCancel(ctx), step); err != nil {
			return summary, fmt.Errorf("record the end of the run: %w", err)
		}
	}
	return summary, nil
}

// alone carries out the run once no other one writes to the application. Two runs at once would each decide on what they had
// read before the other wrote: an additive one would grant twice, one that replaces grants would take the other's away.
func (e *Engine) alone(ctx context.Context, r *run) (err error) {
	dir := filepath.Join(e.opts.Dir, "locks")
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: %w", errJournal, err)
	}
	name := sha256.Sum256([]byte(r.plan.OrgID + " " + r.plan.App.ID)) // ids come from a file
	r.live.Enter("waiting for another run on this application")
	lock, err := durable.Lock(ctx, filepath.Join(dir, hex.EncodeToString(name[:8])))
	switch {
	case err != nil && ctx.Err() != nil:
		r.halt(*cancelled(ctx))
		return nil
	case err != nil:
		return fmt.Errorf("wait for another run on this application: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	r.started = time.Now()
	if r.lastWritten, err = lastWrite(e.opts.Dir, r.plan, r.started); err != nil {
		return fmt.Errorf("look at earlier runs: %w", err)
	}
	r.live.Enter("checking")
	return r.carryOut(ctx)
}

func keysOf(p *plan.Plan) []string {
	keys := make([]string, len(p.Ops))
	for i := range p.Ops {
		keys[i] = p.Ops[i].Key
	}
	return keys
}
