package durable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
)

// Lines appends whole lines to a file, each fsynced before Append returns. Several goroutines may append: lines that come
// together share one write and one fsync. Other processes must be kept off by a lock.
type Lines struct {
	f      *os.File
	group  GroupCommit[[]byte]
	end    atomic.Int64
	torn   []byte
	broken error // of the commits, which run one at a time
	lazy   bool
	strict bool
}

// OpenLines opens a file of lines, or creates it. A last line without its newline, left by a crash in the middle of
// an append, was never acknowledged: it is cut off, and Torn returns it.
func OpenLines(path string, perm fs.FileMode) (_ *Lines, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, perm)
	if err != nil {
		return nil, NotWritable(fmt.Errorf("open lines: %w", err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	l := &Lines{f: f}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("open lines: %w", err)
	}
	end, torn, err := TornTail(f, size)
	if err != nil {
		return nil, fmt.Errorf("open lines: %w", err)
	}
	l.torn = torn
	l.end.Store(end)
	if len(l.torn) > 0 {
		if err := errors.Join(f.Truncate(end), f.Sync()); err != nil {
			return nil, NotWritable(fmt.Errorf("cut torn line: %w", err))
		}
	}
	// The name is made to last before the first line is: a line in a file without a name is lost.
	if err := SyncDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return l, nil
}

// Torn returns what OpenLines cut off the end, nil when the file ended well.
func (l *Lines) Torn() []byte { return l.torn }

// Lazy leaves the fsync out from now on: a line may be lost in a power failure. It is for measuring only.
func (l *Lines) Lazy() { l.lazy = true }

// NoGaps makes the first failure the last append from now on: what follows a line that failed is refused, so that the
// file never lacks a line in its middle. Call it before the first Append.
func (l *Lines) NoGaps() { l.strict = true }

// Size is the file's length in bytes.
func (l *Lines) Size() int64 { return l.end.Load() }

// Append writes one line, which must not contain a newline, and fsyncs it. When the write fails (a full disk, say) the
// file is cut back to where it was, and every line that shared the write has failed. After a failed fsync it is not
// known what the disk holds: this and every later Append is refused, and the file must be opened again.
func (l *Lines) Append(line []byte) error {
	if bytes.IndexByte(line, '\n') >= 0 {
		return fmt.Errorf("append line: line contains a newline: %w", fs.ErrInvalid)
	}
	return l.group.Do(context.Background(), line, l.commit)
}

// commit writes the lines that wait.
func (l *Lines) commit(take func(fits func([]byte) bool) [][]byte) error {
	size := 0
	lines := take(func(line []byte) bool {
		first := size == 0
		size += len(line) + 1
		return first || size <= mostAtOnce
	})
	if l.broken != nil {
		return fmt.Errorf("append line: an earlier append failed: %w", l.broken)
	}
	end, err := l.append(bytes.Join(lines, []byte{'\n'}))
	var lost *LostError
	switch {
	case err == nil:
		l.end.Store(end)
	case l.strict || errors.As(err, &lost):
		l.broken = err
	}
	return err
}

// mostAtOnce is how many bytes share one write, unless a single line is longer.
const mostAtOnce = 1 << 20

func (l *Lines) append(line []byte) (int64, error) {
	end := l.end.Load()
	if l.lazy {
		n, err := l.f.WriteAt(append(slices.Clip(line), '\n'), end)
		return end + int64(n), NotWritable(err)
	}
	return AppendAt(l.f, end, line)
}

// Close closes the file.
func (l *Lines) Close() error { return l.f.Close() }

// LostError says that an append failed in such a way that the end of the file is not known any more.
type LostError struct{ Err error }

func (e *LostError) Error() string {
	return "append line: state of the file is unknown: " + e.Err.Error()
}

func (e *LostError) Unwrap() error { return e.Err }

// AppendAt writes line and a newline at offset end, fsyncs, and returns the new end. Lines that are joined by newlines are
// written alike. After a failed write the file is truncated to end; when that or the fsync fails, the error is a *LostError.
func AppendAt(f *os.File, end int64, line []byte) (int64, error) {
	buf := make([]byte, 0, len(line)+1)
	buf = append(append(buf, line...), '\n')
	if _, err := f.WriteAt(buf, end); err != nil {
		if undo := errors.Join(f.Truncate(end), f.Sync()); undo != nil {
			return end, NotWritable(&LostError{Err: errors.Join(err, undo)})
		}
		return end, NotWritable(fmt.Errorf("append line: %w", err))
	}
	if err := f.Sync(); err != nil {
		return end, NotWritable(&LostError{Err: errors.Join(err, f.Truncate(end))})
	}
	return end + int64(len(buf)), nil
}

// TornTail finds the end of the last whole line of a file of the given size, and returns what follows it.
// It reads backwards from the end, so a long file costs no more than a short one.
func TornTail(r io.ReaderAt, size int64) (end int64, torn []byte, err error) {
	buf := make([]byte, 64<<10)
	for at := size; at > 0 && end == 0; {
		from := max(0, at-int64(len(buf)))
		part := buf[:at-from]
		if err := readFull(r, part, from); err != nil {
			return 0, nil, err
		}
		end = from + int64(bytes.LastIndexByte(part, '\n')) + 1
		if end == from {
			end = 0 // no newline in this block; look in the one before
		}
		at = from
	}
	if end == size {
		return end, nil, nil
	}
	torn = make([]byte, size-end)
	return end, torn, readFull(r, torn, end)
}

func readFull(r io.ReaderAt, part []byte, at int64) error {
	if n, err := r.ReadAt(part, at); n < len(part) {
		return fmt.Errorf("read last line: %w", err)
	}
	return nil
}
