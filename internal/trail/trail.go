package trail

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

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

// Trail appends to the trail in a directory. It may be used by several goroutines, and several processes may each have
// one for the same directory. It holds no file open between calls.
type Trail struct {
	dir  string
	hide *secret.Hider // known secrets, which no entry may hold
	mu   sync.Mutex    // keeps our own goroutines in line before they turn to the lock file
}

// Open makes the directory's trail ready, creating both if need be, and settles what a crash left at its end:
//   - a complete last entry that was not yet noted in the head is kept, and noted;
//   - a last line without its end is completed if nothing but the newline is missing, and otherwise replaced by an
//     entry with Step TornStep that holds its bytes. Such a line was never acknowledged.
//
// An end that no crash explains is refused with a *VerifyError. Open looks at the end only; Verify reads it all.
func Open(ctx context.Context, dir string) (*Trail, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open trail: %w", err)
	}
	t := &Trail{dir: dir}
	if err := t.locked(ctx, func(*os.File, end) error { return t.sweep() }); err != nil {
		return nil, fmt.Errorf("open trail: %w", err)
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
	e = e.without(t.hide)
	err = t.locked(ctx, func(f *os.File, at end) error {
		line, err := e.seal(at.head.Seq+1, at.head.Hash)
		if err != nil {
			return err
		}
		if len(line) > maxEntry {
			return fmt.Errorf("entry of %d bytes is larger than %d; reduce its arguments", len(line), maxEntry)
		}
		seq = e.Seq
		return t.add(f, at, line, Head{Seq: e.Seq, Hash: e.Hash})
	})
	if err != nil {
		return 0, fmt.Errorf("append to trail: %w", err)
	}
	return seq, nil
}

// end is what the end of a trail looks like when it is settled.
type end struct {
	head Head
	size int64
}

// locked runs do with the trail's file at a settled end, while no other process can write.
func (t *Trail) locked(ctx context.Context, do func(*os.File, end) error) (err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
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

// add appends a line and then notes it. A line that cannot be noted is taken back, and its writer gets the error.
func (t *Trail) add(f *os.File, at end, line []byte, head Head) error {
	if _, err := durable.AppendAt(f, at.size, line); err != nil {
		return err
	}
	err := t.writeHead(head)
	if err == nil {
		return nil
	}
	// A head that is in place, although perhaps not for good, keeps its line, which would seem cut off otherwise.
	if errors.Is(err, durable.ErrInPlace) {
		return err
	}
	return errors.Join(err, f.Truncate(at.size), f.Sync())
}

// settle compares the end of the file with the head, and repairs what a crash can leave there.
func (t *Trail) settle(f *os.File, head Head) (end, error) {
	tail, err := readTail(f)
	if err != nil {
		return end{}, err
	}
	if tail.size == 0 {
		if head.Seq != 0 {
			return end{}, foreignEnd(Entry{}, head)
		}
		return end{head: head}, nil
	}
	last, damage := parse(tail.last)
	switch {
	case len(tail.torn) > 0 || damage != nil:
		return t.settleTorn(f, tail, head)
	case last.Seq == head.Seq && last.Hash == head.Hash:
		return end{head: head, size: tail.size}, nil
	case last.follows(head):
		next := Head{Seq: last.Seq, Hash: last.Hash}
		return end{head: next, size: tail.size}, t.writeHead(next)
	}
	return end{}, foreignEnd(last, head)
}

// settleTorn repairs an end that has no newline, or, where a disk wrote blocks out of order, no sense. The line before it
// must be the one that the head names: a crash tears one line, the last.
func (t *Trail) settleTorn(f *os.File, tail tail, head Head) (end, error) {
	torn, good, at := tail.torn, tail.last, tail.size-int64(len(tail.torn))
	if len(torn) == 0 {
		torn, good, at = append(tail.last, '\n'), tail.before, tail.size-int64(len(tail.last))-1
	}
	if at == 0 && head.Seq == 0 {
		return t.repair(f, at, torn, head)
	}
	prev, damage := parse(good)
	if damage == nil && prev.Seq == head.Seq && prev.Hash == head.Hash {
		return t.repair(f, at, torn, head)
	}
	e := &VerifyError{
		Line: int(head.Seq),
		Seq:  head.Seq,
		What: Changed,
		Note: "the end of the trail is not as it was written; run: trail verify",
	}
	cutOff := at == 0 || damage == nil && prev.Seq < head.Seq
	if len(tail.torn) > 0 && cutOff {
		e.What = Truncated
	}
	return end{}, e
}

// follows reports whether an entry is the one right after the head: complete, and not yet noted there.
func (e Entry) follows(head Head) bool { return e.Seq == head.Seq+1 && e.Prev == head.Hash }

func foreignEnd(last Entry, head Head) error {
	e := &VerifyError{Line: int(last.Seq) + 1, Seq: last.Seq + 1, What: Changed}
	switch {
	case last.Seq < head.Seq:
		e.What, e.Note = Truncated, fmt.Sprintf("the trail ends here, but %d entries were written", head.Seq)
	case last.Seq > head.Seq+1:
		e.What, e.Note = HeadLost, fmt.Sprintf("%s names entry %d", headName, head.Seq)
	default:
		e.Line, e.Seq, e.Note = int(last.Seq), last.Seq, "the last entry is not the one that was written"
	}
	return e
}

// repair completes the torn line at an offset, or puts an entry with its bytes in its place. That entry is
// longer than what it covers, so one write does it, and a crash in between leaves a torn line again.
func (t *Trail) repair(f *os.File, at int64, torn []byte, head Head) (end, error) {
	if e, err := parse(torn); err == nil && e.follows(head) {
		return t.replace(f, at, torn, torn, Head{Seq: e.Seq, Hash: e.Hash})
	}
	if len(torn) > maxEntry+1 {
		return end{}, &VerifyError{Line: int(head.Seq) + 1, Seq: head.Seq + 1, What: Torn, Note: "what is there is too long to be an entry"}
	}
	e := Entry{Step: TornStep, Outcome: "torn line marked", Arguments: map[string]any{
		"bytes": len(torn), "torn": base64.StdEncoding.EncodeToString(torn)}}
	line, err := e.seal(head.Seq+1, head.Hash)
	if err != nil {
		return end{}, err
	}
	return t.replace(f, at, torn, line, Head{Seq: e.Seq, Hash: e.Hash})
}

// replace writes line over torn, and puts torn back when that fails.
func (t *Trail) replace(f *os.File, at int64, torn, line []byte, head Head) (end, error) {
	text := append(append([]byte(nil), line...), '\n')
	_, err := f.WriteAt(text, at)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		_, back := f.WriteAt(torn, at)
		return end{}, errors.Join(fmt.Errorf("repair torn line: %w", err), back, f.Truncate(at+int64(len(torn))), f.Sync())
	}
	return end{head: head, size: at + int64(len(text))}, t.writeHead(head)
}

// tail is the end of the file: what follows the last newline, and the two lines before that.
type tail struct {
	size         int64
	torn         []byte
	last, before []byte // without newline; nil when there is no such line
}

func readTail(f *os.File) (tail, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return tail{}, err
	}
	t := tail{size: size}
	at, torn, err := durable.TornTail(f, size)
	if err != nil {
		return tail{}, err
	}
	t.torn = torn
	for _, line := range []*[]byte{&t.last, &t.before} {
		if at == 0 {
			break
		}
		if at, *line, err = durable.TornTail(f, at-1); err != nil {
			return tail{}, err
		}
	}
	return t, nil
}
