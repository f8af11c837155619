package trail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"okta-entitlements-mcp/internal/durable"
)

// What is wrong with a trail, as VerifyError says it.
const (
	Changed   = "changed"   // a line is not as it was written
	Removed   = "removed"   // entries are missing before this line
	Reordered = "reordered" // the entry belongs elsewhere, or is there twice
	Truncated = "truncated" // entries are missing at the end
	Torn      = "torn"      // the last line is not complete
	HeadLost  = "head"      // trail.head is missing, unreadable or does not belong to this trail
)

// VerifyError says where a trail stops being true. Line and Seq are what is expected there; Line counts from 1.
type VerifyError struct {
	Line int
	Seq  int64
	What string
	Note string
}

func (e *VerifyError) Error() string {
	return fmt.Sprintf("verify trail: line %d, entry %d: %s: %s", e.Line, e.Seq, e.What, e.Note)
}

// Summary is what Verify found in a trail that is whole.
type Summary struct {
	Entries int64     `json:"entries"`
	First   time.Time `json:"first"` // zero when there is no entry
	Last    time.Time `json:"last"`
	Hash    string    `json:"hash"` // of the last entry; kept elsewhere, it proves this trail later
	// Pending is how many entries at the end are complete but were not yet noted in trail.head: a process died between the
	// two steps. They are one entry, or entries of one group. They count in Entries, and the next Open notes them.
	Pending int `json:"pending,omitempty"`
}

// Head is number and hash of the last entry that was acknowledged. The zero Head is that of an empty trail.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// Verify reads a whole trail and checks every line, the chain, and the end against head; without the head a cut tail
// could not be seen. The error is a *VerifyError, or that of reading. VerifyDir does it for a trail in use.
func Verify(r io.Reader, head Head) (Summary, error) {
	v := newVerifier()
	v.lines, v.head = durable.NewLineReader(r, maxLine), head
	return v.read()
}

func newVerifier() verifier { return verifier{prev: Genesis, sum: Summary{Hash: Genesis}} }

// read checks the lines that are left, and the end.
func (v *verifier) read() (Summary, error) {
	for {
		line, whole, err := v.next()
		if err != nil {
			return v.sum, fmt.Errorf("verify trail: %w", err)
		}
		if line == nil {
			return v.sum, v.end()
		}
		if err := v.line(line, whole); err != nil {
			return v.sum, err
		}
	}
}

// VerifyDir checks the trail in a directory. Others may append meanwhile: what they add after the call began is not
// looked at.
func VerifyDir(ctx context.Context, dir string) (sum Summary, err error) {
	f, size, head, err := snapshot(ctx, dir)
	if err != nil {
		return Summary{Hash: Genesis}, err
	}
	sum, err = Verify(io.LimitReader(f, size), head)
	return sum, errors.Join(err, f.Close())
}

// snapshot holds the lock just long enough to learn a size and the head that belongs to it. Where the lock file cannot
// be written (a copy on read-only media) no one appends either.
func snapshot(ctx context.Context, dir string) (f *os.File, size int64, head Head, err error) {
	lock, err := durable.Lock(ctx, filepath.Join(dir, lockName))
	if err == nil {
		defer func() { err = errors.Join(err, lock.Unlock()) }()
	} else if errors.Is(err, durable.ErrLocked) {
		return nil, 0, Head{}, fmt.Errorf("verify trail: %w", err)
	}
	head, headErr := readHead(dir)
	f, err = os.Open(filepath.Join(dir, fileName))
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(headErr, fs.ErrNotExist):
		return nil, 0, head, fmt.Errorf("verify trail: no trail in %s: %w", dir, fs.ErrNotExist)
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, head, &VerifyError{Line: 1, Seq: 1, What: Truncated, Note: fileName + " is missing, " + headName + " is there"}
	case err != nil:
		return nil, 0, head, fmt.Errorf("verify trail: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, head, errors.Join(fmt.Errorf("verify trail: %w", err), f.Close())
	}
	if headErr != nil && (info.Size() > 0 || !errors.Is(headErr, fs.ErrNotExist)) {
		return nil, 0, head, errors.Join(&VerifyError{Line: 1, Seq: 1, What: HeadLost, Note: headErr.Error()}, f.Close())
	}
	return f, info.Size(), head, nil
}

type verifier struct {
	lines  *durable.LineReader
	number int
	prev   string
	group  int64 // Seq of the first entry of the group that was read last
	sum    Summary
	head   Head
}

func (v *verifier) fail(what, format string, args ...any) error {
	return &VerifyError{Line: v.number, Seq: v.sum.Entries + 1, What: what, Note: fmt.Sprintf(format, args...)}
}

func (v *verifier) line(line []byte, whole bool) error {
	v.number++
	want := v.sum.Entries + 1
	if !whole {
		return v.fail(Torn, "the line does not end; opening the trail for writing marks it if a crash tore it")
	}
	e, err := parse(line)
	if err != nil {
		return v.fail(Changed, "%v", err)
	}
	if e.Seq != want {
		return v.misplaced(e, want)
	}
	if e.Prev != v.prev {
		return v.fail(Changed, "the entry does not follow the one before it")
	}
	if e.Seq == v.head.Seq && e.Hash != v.head.Hash {
		return v.fail(Changed, "the entry is not the one that trail.head names")
	}
	if e.Group == 0 {
		v.group = e.Seq
	}
	if e.Group != 0 && e.Group != v.group {
		return v.fail(Changed, "the entry names group %d, and the group before it is %d", e.Group, v.group)
	}
	if want == 1 {
		v.sum.First = e.Time
	}
	v.sum.Entries, v.sum.Last, v.sum.Hash, v.prev = want, e.Time, e.Hash, e.Hash
	return nil
}

// misplaced tells removed from reordered: is the entry that belongs here further down?
func (v *verifier) misplaced(e Entry, want int64) error {
	if e.Seq < want {
		return v.fail(Reordered, "entry %d is here", e.Seq)
	}
	for {
		line, _, err := v.next()
		if err != nil || line == nil {
			return v.fail(Removed, "the next entry is %d", e.Seq)
		}
		if later, err := parse(line); err == nil && later.Seq == want {
			return v.fail(Reordered, "entry %d is here, before %d", e.Seq, want)
		}
	}
}

func (v *verifier) end() error {
	v.number++
	switch {
	case v.head.Seq < 0 || v.head.Seq == 0 && v.head.Hash != Genesis && v.head.Hash != "":
		return v.fail(HeadLost, "trail.head is not one that was written")
	case v.sum.Entries < v.head.Seq:
		return v.fail(Truncated, "the trail ends here, but %d entries were written", v.head.Seq)
	case v.sum.Entries > v.head.Seq && v.group != v.head.Seq+1, v.sum.Entries > v.head.Seq+maxGroup:
		return v.fail(HeadLost, "trail.head names entry %d; only one entry or one group may follow it", v.head.Seq)
	}
	v.sum.Pending = int(v.sum.Entries - v.head.Seq)
	return nil
}

// next returns nil at the end, and whether the line ends. A line that is too long comes back cut, which no check lets
// pass.
func (v *verifier) next() (line []byte, whole bool, err error) {
	l, err := v.lines.Next()
	switch {
	case err == nil, errors.Is(err, durable.ErrLongLine):
		return l.Text, true, nil
	case errors.Is(err, durable.ErrTorn):
		return l.Text, false, nil
	case errors.Is(err, io.EOF):
		return nil, false, nil
	}
	return nil, false, err
}

// readHead reads trail.head. It must be spelt to the byte as it was written.
func readHead(dir string) (Head, error) {
	text, err := os.ReadFile(filepath.Join(dir, headName))
	if errors.Is(err, fs.ErrNotExist) {
		return Head{}, fmt.Errorf("read %s: %w", headName, fs.ErrNotExist)
	}
	if err != nil {
		return Head{}, fmt.Errorf("read head: %w", err)
	}
	var h Head
	if err := json.Unmarshal(text, &h); err != nil {
		return Head{}, fmt.Errorf("read %s: %w", headName, err)
	}
	if !bytes.Equal(h.line(), text) {
		return Head{}, fmt.Errorf("read %s: not spelt as it was written", headName)
	}
	return h, nil
}

func (h Head) line() []byte { return fmt.Appendf(nil, "{\"seq\":%d,\"hash\":\"%s\"}\n", h.Seq, h.Hash) }
