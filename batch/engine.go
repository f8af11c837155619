// Package batch carries plans out: the only writer to Okta in this program. A run is bounded in parallel, journalled line
// by line, resumable after any crash, and ends every operation in one outcome and every row in one state.
package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/oktaclient"
)

// Options of an engine. Zero values stand for the defaults named beside them.
type Options struct {
	Dir         string           // where runs live, one folder each; must exist
	Workers     int              // operations under way at once, 32; the client's pace decides how many are on the wire
	SettleAfter time.Duration    // how long Okta's lists may lag behind a write, 35 s
	Attempts    int              // how often an operation is sent when looking shows that it did not happen, 4
	RingSize    int              // users granted and read back before the rest, 5
	RingAbove   int              // plans with more users than this start with a ring, 200; negative: never
	StopRate    float64          // share of failed operations at which a run stops by itself, 0.10
	NoSync      bool             // journal lines are not made to last; for measuring and for tests of other things only
	Now         func() time.Time // the clock that access ends by, time.Now
	Log         *slog.Logger
	Record      trail.Record // of the start and the end of each run; a run does not start when it fails
}

// Engine carries out plans.
type Engine struct {
	okta   *oktaclient.Client
	writer *oktaclient.Writer
	opts   Options
	kinds  []kind
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
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Record == nil {
		opts.Record = func(context.Context, trail.Entry) error { return nil }
	}
	return &Engine{okta: okta, writer: writer, opts: opts, kinds: kinds()}, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Dir is the folder of a plan's run: journal.jsonl, report.csv, summary.json and the lock.
func (e *Engine) Dir(planID string) string { return filepath.Join(e.opts.Dir, planID) }

// Run carries out a plan, or goes on where an earlier run of it stopped. A plan has one journal forever, so carrying it out
// again attempts only what has not ended well. The permit must be for this plan. The returned summary is complete whenever
// err is nil; a run that was cancelled or stopped itself has a summary that says so. Live, when not nil, counts its
// progress.
func (e *Engine) Run(
	ctx context.Context, p *plan.Plan, permit policy.Permit, live *progress.Live,
) (_ *Summary, err error) {
	lock, err := e.lock(p, permit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()

	r, err := e.replay(p, live)
	if err != nil {
		return nil, err
	}
	if len(r.pending) == 0 && len(r.unread()) == 0 && !r.undoesNothing() {
		return r.conclude()
	}
	if err := r.open(ctx, permit); err != nil {
		return nil, err
	}
	err = r.waitForApplication(ctx)
	if r.goesOn(err) {
		err = r.compare(ctx)
	}
	if r.goesOn(err) {
		err = r.first(ctx)
	}
	if r.goesOn(err) {
		err = r.ring(ctx)
	}
	switch {
	case !r.goesOn(err):
	case p.Mode == plan.ModeCustomMerge:
		err = r.waves(ctx)
	default:
		err = r.all(ctx, r.pending)
	}
	if err == nil && r.mayReadBack(ctx) {
		err = r.readBackRest(ctx)
	}
	if r.goesOn(err) {
		err = r.findDoubled(ctx)
	}
	if err = r.close(r.stopOn(ctx, err)); err != nil {
		return nil, err
	}
	summary, err := r.conclude()
	if err != nil {
		return nil, err
	}
	return summary, r.recordEnd(ctx, permit, summary)
}

// lock keeps other processes off the plan, once it is the plan that the permit is for.
func (e *Engine) lock(p *plan.Plan, permit policy.Permit) (*durable.FileLock, error) {
	if permit.PlanID() != p.ID || p.ID == "" {
		return nil, fmt.Errorf("plan %s has no permit; it is made by confirming the plan", p.ID)
	}
	if err := p.Verify(); err != nil {
		return nil, err
	}
	if err := e.knows(p); err != nil {
		return nil, err
	}
	dir := e.Dir(p.ID)
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, journalError(err)
	}
	lock, err := durable.TryLock(filepath.Join(dir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, &trouble.Error{
			Code: trouble.RunBusy,
			What: "another process carries this plan out right now",
			Next: "follow it there, or wait until it has ended",
			Err:  err,
		}
	}
	if err != nil {
		return nil, fmt.Errorf("start run: %w", err)
	}
	return lock, nil
}

// replay returns the run of a plan with what earlier runs of it left to do.
func (e *Engine) replay(p *plan.Plan, live *progress.Live) (*run, error) {
	if err := e.undone(p); err != nil {
		return nil, err
	}
	memories, _, err := replay(e.journalPath(p.ID), p.ID, keysOf(p))
	if err != nil {
		return nil, err
	}
	if live == nil {
		live = progress.New(len(p.Ops), "checking")
	}
	r := newRun(e, p, memories, live)
	r.alreadyRead()
	return r, nil
}

// undoesNothing reports whether a run is an undo that finds nothing to take back and is not journalled yet. That a person
// gave a run up must be known: what another run of this program gave too is then that one's alone.
func (r *run) undoesNothing() bool {
	if r.plan.Undoes == "" || len(r.plan.Ops) > 0 {
		return false
	}
	_, err := os.Stat(r.engine.journalPath(r.plan.ID))
	return errors.Is(err, fs.ErrNotExist)
}

func (e *Engine) journalPath(planID string) string {
	return filepath.Join(e.Dir(planID), "journal.jsonl")
}

// open records the start of the run and opens its journal.
func (r *run) open(ctx context.Context, permit policy.Permit) error {
	err := r.engine.opts.Record(ctx, trail.Entry{
		Step:    "run_started",
		PlanID:  r.plan.ID,
		RunID:   r.plan.ID,
		Rule:    permit.Rule(),
		Outcome: "started",
	})
	if err != nil {
		return fmt.Errorf("record the start of the run, without which nothing is written: %w", err)
	}
	path := r.engine.journalPath(r.plan.ID)
	r.journal, err = openJournal(path, r.plan, permit.Confirmation(), r.engine.opts.NoSync)
	return err
}

// waitForApplication holds the application for this run until close. Two runs at once would each decide on what they had
// read before the other wrote: an additive one would grant twice, one that replaces grants would take the other's away.
func (r *run) waitForApplication(ctx context.Context) error {
	dir := filepath.Join(r.engine.opts.Dir, "locks")
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return journalError(err)
	}
	name := sha256.Sum256([]byte(r.plan.OrgID + " " + r.plan.App.ID)) // ids come from a file
	r.live.Enter("waiting for another run on this application")
	lock, err := durable.Lock(ctx, filepath.Join(dir, hex.EncodeToString(name[:8])))
	if err != nil {
		return fmt.Errorf("wait for another run on this application: %w", err)
	}
	r.application = lock
	r.started = time.Now()
	if r.lastWritten, err = lastWrite(r.engine.opts.Dir, r.plan, r.started); err != nil {
		return fmt.Errorf("look at earlier runs: %w", err)
	}
	r.live.Enter("checking")
	return nil
}

// goesOn reports whether the next step of a run may be taken.
func (r *run) goesOn(err error) bool { return err == nil && !r.stopped() }

// close ends the journal and lets the next run on the application begin.
func (r *run) close(err error) error {
	err = errors.Join(err, r.journal.close())
	if r.application != nil {
		err = errors.Join(err, r.application.Unlock())
	}
	return err
}

// recordEnd writes the end of the run into the trail and binds the journal in by its digest.
func (r *run) recordEnd(ctx context.Context, permit policy.Permit, summary *Summary) error {
	journal, err := fileSHA256(r.engine.journalPath(r.plan.ID))
	if err != nil {
		return fmt.Errorf("digest journal: %w", err)
	}
	arguments := summary.counts()
	arguments["journal_sha256"] = journal
	err = r.engine.opts.Record(context.WithoutCancel(ctx), trail.Entry{
		Step:           "run_ended",
		PlanID:         r.plan.ID,
		RunID:          r.plan.ID,
		Rule:           permit.Rule(),
		Outcome:        summary.Ended,
		OktaRequestIDs: r.requestIDs(),
		Arguments:      arguments,
	})
	if err != nil {
		return fmt.Errorf("record the end of the run: %w", err)
	}
	return nil
}

func keysOf(p *plan.Plan) []string {
	keys := make([]string, len(p.Ops))
	for i := range p.Ops {
		keys[i] = p.Ops[i].Key
	}
	return keys
}
