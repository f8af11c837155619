package trail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/secret"
)

const (
	fileName = "trail.jsonl"
	headName = "trail.head"
	lockName = "trail.lock"
)

// TornStep is the Step of the entry that takes the place of a line which a crash left incomplete.
const TornStep = "trail.torn"

// Trail appends to the trail in a directory. It may be used by several goroutines, whose entries share one write when they
// come together, and several processes may each have one for the same directory. It holds no file open between calls.
type Trail struct {
	dir     string
	hide    *secret.Hider // known secrets, which no entry may hold
	group   durable.GroupCommit[*pending]
	checked checked
}

// pending is an entry that waits to be written.
type pending struct {
	entry   Entry
	refused error // about this entry alone
}

// Open makes the directory's trail ready, creating both if need be, and settles what a crash left at its end:
//   - complete last entries that were not yet noted in the head are kept, and noted: one, or several of one group;
//   - a last line without its end is completed if nothing but the newline is missing, and otherwise replaced by an
//     entry with Step TornStep that holds its bytes. Such a line was never acknowledged. Where a disk wrote the blocks of a
//     group out of order, all that follows the first damaged line is replaced in this way.
//
// An end that no crash explains is refused with a *VerifyError. Open looks at the end only; Verify reads it all.
func Open(ctx context.Context, dir string) (*Trail, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open trail: %w", err)
	}
	t := &Trail{dir: dir}
	if err := t.locked(ctx, func(*os.File, end) error { return t.sweep() }); err != nil {
		return nil, durable.NotWritable(fmt.Errorf("open trail: %w", err))
	}
	return t, nil
}

// Hide names the secrets that no entry may hold, whatever its caller puts into it. Call it before the first Append.
func (t *Trail) Hide(secrets *secret.Hider) { t.hide = secrets }

// Reduce is the function Reduce with the known secrets taken out first, so that none is cut to a part that is not found.
func (t *Trail) Reduce(arguments map[string]any) map[string]any {
	hidden, _ := t.hide.Value(arguments).(map[string]any)
	return Reduce(hidden)
}

// without returns the entry without the known secrets.
func (e Entry) without(secrets *secret.Hider) Entry {
	for _, text := range []*string{&e.Actor, &e.Client, &e.Tool, &e.Step, &e.PlanID, &e.RunID, &e.Decision, &e.Rule, &e.Outcome} {
		*text = secrets.Hide(*text)
	}
	if e.Arguments != nil {
		e.Arguments, _ = secrets.Value(e.Arguments).(map[string]any)
	}
	e.OktaRequestIDs, _ = secrets.Value(e.OktaRequestIDs).([]string)
	return e
}

// sweep removes half-written heads of processes that were killed.
func (t *Trail) sweep() (err error) {
	root, err := os.OpenRoot(t.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return durable.Sweep(root, ".", "")
}

// Append gives the entry its place and makes it last. When it returns without error, the entry is on disk and noted in
// the head. After an error (disk full, say) the trail is as it was before and the next Append may succeed; what the
// entry was to permit must not happen. Ctx bounds the wait for other writers only.
func (t *Trail) Append(ctx context.Context, e Entry) (seq int64, err error) {
	p := &pending{entry: e.without(t.hide)}
	err = t.group.Do(ctx, p, func(take func(fits func(*pending) bool) []*pending) error {
		return t.locked(ctx, func(f *os.File, at end) error { return t.commit(f, at, take) })
	})
	if err == nil {
		err = p.refused
	}
	if err != nil {
		return 0, durable.NotWritable(fmt.Errorf("append to trail: %w", err))
	}
	return p.entry.Seq, nil
}

// commit writes the entries that wait with one fsync, and notes the last of them.
func (t *Trail) commit(f *os.File, at end, take func(fits func(*pending) bool) []*pending) error {
	g := group{head: at.head}
	take(g.add)
	if g.entries == 0 {
		return nil
	}
	return t.add(f, at, g.lines, g.head)
}

// group is a number of sealed entries that are written at once.
type group struct {
	first   int64
	entries int
	lines   []byte // without the last newline
	head    Head   // of the last entry
}

// add seals an entry behind the others, and reports whether the group had room for it.
func (g *group) add(p *pending) bool {
	if g.entries == maxGroup {
		return false
	}
	line, err := p.entry.seal(g.head, g.first)
	switch {
	case err != nil:
		p.refused = err
		return true
	case len(line) > maxEntry:
		p.refused = fmt.Errorf("entry of %d bytes is larger than %d; reduce its arguments", len(line), maxEntry)
		return true
	case g.entries == 0:
		g.first = p.entry.Seq
	case len(g.lines)+1+len(line) > maxEntry:
		return false
	default:
		g.lines = append(g.lines, '\n')
	}
	g.lines = append(g.lines, line...)
	g.head = Head{Seq: p.entry.Seq, Hash: p.entry.Hash}
	g.entries++
	return true
}

// end is what the end of a trail looks like when it is settled.
type end struct {
	head Head
	size int64
}

// locked runs do with the trail's file at a settled end, while no other process can write.
func (t *Trail) locked(ctx context.Context, do func(*os.File, end) error) (err error) {
	lock, err := durable.Lock(ctx, filepath.Join(t.dir, lockName))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	head, err := t.start()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(t.dir, fileName), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at, err := t.settle(f, head)
	if err != nil {
		return err
	}
	return do(f, at)
}

// start returns the head, and begins a trail where there is none. The file comes before the head, so that a head
// without a file is never the work of a crash.
func (t *Trail) start() (Head, error) {
	info, err := os.Stat(filepath.Join(t.dir, fileName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Head{}, err
	}
	missing := err != nil
	head, err := readHead(t.dir)
	switch {
	case err == nil && missing:
		return head, &VerifyError{Line: 1, Seq: 1, What: Truncated, Note: fileName + " is missing, " + headName + " is there"}
	case err == nil:
		return head, nil
	case !errors.Is(err, fs.ErrNotExist) || !missing && info.Size() > 0:
		return head, &VerifyError{Line: 1, Seq: 1, What: HeadLost, Note: err.Error()}
	}
	if missing {
		if err := durable.WriteFile(t.dir, fileName, 0o600, func(io.Writer) error { return nil }); err != nil {
			return head, err
		}
	}
	head = Head{Hash: Genesis}
	return head, t.writeHead(head)
}

func (t *Trail) writeHead(h Head) error {
	return durable.WriteFile(t.dir, headName, 0o600, func(w io.Writer) error {
		_, err := w.Write(h.line())
		return err
	})
}

// add appends lines and then notes the last. Lines that cannot be noted are taken back, and their writers get the error.
func (t *Trail) add(f *os.File, at end, lines []byte, head Head) error {
	if _, err := durable.AppendAt(f, at.size, lines); err != nil {
		return err
	}
	err := t.writeHead(head)
	if err == nil {
		return nil
	}
	// A head that is in place, although perhaps not for good, keeps its lines, which would seem cut off otherwise.
	if errors.Is(err, durable.ErrInPlace) {
		return err
	}
	return errors.Join(err, f.Truncate(at.size), f.Sync())
}
