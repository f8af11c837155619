package batch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/policy"
	"okta-entitlements-mcp/internal/trouble"
)

// A journal is one file per run. Its first line names the plan and the permit; then each operation has a begin line before
// every sending and one end line. Each line is on disk before the next step is taken, so that after a crash an operation
// with a begin and no end is exactly one whose fate has to be looked up.
const (
	eventOpen  = "open"
	eventBegin = "begin"
	eventEnd   = "end"
)

type entry struct {
	Time   time.Time            `json:"t"`
	Event  string               `json:"e"`
	Plan   string               `json:"plan,omitempty"`
	App    string               `json:"app,omitempty"`
	Stage  plan.Stage           `json:"stage,omitempty"`
	Undoes string               `json:"undoes,omitempty"` // the plan whose run an undo takes back
	Permit *policy.Confirmation `json:"permit,omitempty"`
	Op     int                  `json:"op"`
	Key    string               `json:"key,omitempty"` // guards against a journal beside the wrong plan
	Result *Result              `json:"result,omitempty"`
}

// memory is what a journal says about one operation.
type memory struct {
	began  time.Time // last begin without an end after it; zero when settled
	ended  time.Time // of the end
	result Result
}

// ErrJournal is what errors.Is finds in every failure to write a journal: the run stops, because an operation that cannot
// be remembered must not be done.
var ErrJournal error = &trouble.Error{Code: trouble.StateNotWritable}

func journalError(err error) error {
	return &trouble.Error{
		Code: trouble.StateNotWritable,
		What: "the journal cannot be written: " + err.Error(),
		Next: "free space or make STATE_DIR writable, then apply the plan again: it goes on where the journal ends",
		Err:  err,
	}
}

type journal struct{ lines *durable.Lines }

// replay reads a journal. A missing file is an empty journal. A torn last line was never acted upon: it is a begin that
// was not followed by a sending, or an end that is looked up again.
func replay(path, planID string, keys []string) (memories []memory, permit *policy.Confirmation, err error) {
	memories = make([]memory, len(keys))
	for line, err := range durable.ReadLines(path) {
		if err != nil {
			return nil, nil, fmt.Errorf("read journal: %w", err)
		}
		number := line.Number
		var e entry
		if err := json.Unmarshal(line.Text, &e); err != nil {
			return nil, nil, damaged(path, number, "it is not an entry")
		}
		switch {
		case e.Event == eventOpen && e.Plan != planID:
			return nil, nil, damaged(path, number, "it belongs to plan "+e.Plan)
		case e.Event == eventOpen:
			permit = e.Permit
		case e.Op < 0 || e.Op >= len(keys) || keys[e.Op] != e.Key:
			return nil, nil, damaged(path, number, "its operation is not in the plan")
		case e.Event == eventBegin:
			memories[e.Op].began = e.Time
		case e.Event == eventEnd && e.Result != nil:
			memories[e.Op] = memory{result: *e.Result, ended: e.Time}
		default:
			return nil, nil, damaged(path, number, "its event is not known")
		}
	}
	return memories, permit, nil
}

func damaged(path string, line int, what string) error {
	return &trouble.Error{
		Code: trouble.JournalDamaged,
		What: fmt.Sprintf("the journal is damaged: %s line %d: %s", path, line, what),
		Next: "keep the run's folder for those who look into it, move it out of STATE_DIR/runs, and plan again: " +
			"planning reads Okta again",
	}
}

func openJournal(path string, p *plan.Plan, confirmed policy.Confirmation, lazy bool) (*journal, error) {
	lines, err := durable.OpenLines(path, 0o600)
	if err != nil {
		return nil, journalError(err)
	}
	lines.NoGaps() // nothing after a failed line may be written
	if lazy {
		lines.Lazy()
	}
	j := &journal{lines: lines}
	opened := entry{
		Event:  eventOpen,
		Plan:   p.ID,
		App:    p.App.ID,
		Stage:  p.Stage,
		Undoes: p.Undoes,
		Permit: &confirmed,
	}
	if err := j.write(opened); err != nil {
		return nil, errors.Join(err, lines.Close())
	}
	return j, nil
}

func (j *journal) begin(op int, key string) error {
	return j.write(entry{Event: eventBegin, Op: op, Key: key})
}

func (j *journal) end(op int, key string, r Result) error {
	return j.write(entry{Event: eventEnd, Op: op, Key: key, Result: &r})
}

func (j *journal) write(e entry) error {
	e.Time = time.Now().UTC()
	line, err := json.Marshal(e)
	if err != nil {
		return journalError(err)
	}
	if err := j.lines.Append(line); err != nil {
		return journalError(err)
	}
	return nil
}

func (j *journal) close() error { return j.lines.Close() }

// lastWrite returns when a run that writes to the same of Okta's lists last did so, the zero time when none did. It reads
// journals, so it knows of runs of other processes too. It is never later than now, whatever clocks have done in between.
func lastWrite(dir string, p *plan.Plan, now time.Time) (time.Time, error) {
	journals, err := filepath.Glob(filepath.Join(dir, "plan_*", "journal.jsonl"))
	if err != nil {
		return time.Time{}, err
	}
	var last time.Time
	for _, path := range journals {
		at, err := lastSent(path, p)
		if err != nil {
			return time.Time{}, err
		}
		if at.After(last) {
			last = at
		}
	}
	if last.After(now) {
		last = now
	}
	return last, nil
}

// sameLists reports whether writes of one stage show in the lists that the other reads: undo takes back what grants made.
func sameLists(a, b plan.Stage) bool {
	access := func(s plan.Stage) bool { return s == plan.StageGrants || s == plan.StageUndo }
	return a == b || access(a) && access(b)
}

// journalTail is how much of a journal's end is searched for its last write; lines have a few hundred bytes.
const journalTail = 256 << 10

// lastSent returns the latest moment at which a run may have written to Okta. An operation that was begun and has no end may
// have waited for its turn or for the network until its process died, which no journal tells.
func lastSent(path string, p *plan.Plan) (last time.Time, err error) {
	f, err := os.Open(path)
	if err != nil {
		return last, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	opened, err := opening(f)
	if err != nil || opened.App != p.App.ID || !sameLists(opened.Stage, p.Stage) {
		return last, err
	}
	info, err := f.Stat()
	if err != nil {
		return last, err
	}
	if _, err := f.Seek(max(0, info.Size()-journalTail), io.SeekStart); err != nil {
		return last, err
	}
	open := map[int]bool{}
	for line, err := range durable.NewLineReader(f, durable.LongestLine).All() {
		if err != nil {
			return last, err
		}
		var e entry
		if json.Unmarshal(line.Text, &e) != nil {
			continue // the first line of the tail may be cut in two; it is not needed
		}
		switch e.Event {
		case eventBegin:
			open[e.Op], last = true, e.Time
		case eventEnd:
			delete(open, e.Op)
			if e.Result != nil && e.Result.Outcome == Created {
				last = e.Time
			}
		}
	}
	if len(open) > 0 {
		last = last.Add(outagePatience)
	}
	return last, nil
}

// fileSHA256 binds a run's journal into the trail.
func fileSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
