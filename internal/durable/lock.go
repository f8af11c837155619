package durable

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked is the target of errors.Is when another holder has the lock.
var ErrLocked = errors.New("locked by another process")

// lockRetry is how often a waiting Lock tries again.
const lockRetry = 5 * time.Millisecond

// FileLock is an exclusive advisory lock on a file. The system releases it when the process dies, however it dies.
// It also keeps out other holders in the same process. The lock file stays behind after release, on purpose:
// removing it would let two processes lock two different files of one name.
type FileLock struct{ file *flock.Flock }

// TryLock takes the lock or fails at once with ErrLocked, naming the process that holds it where that is known.
// The file is created if need be, its directory not.
func TryLock(path string) (*FileLock, error) {
	file := newFlock(path)
	got, err := file.TryLock()
	return taken(file, got, err)
}

// Lock waits for the lock until ctx ends; the error then is ctx's, and ErrLocked. A lock that is free is taken even when
// ctx has ended.
func Lock(ctx context.Context, path string) (*FileLock, error) {
	file := newFlock(path)
	got, err := file.TryLock()
	if !got && err == nil {
		got, err = file.TryLockContext(ctx, lockRetry)
	}
	return taken(file, got, err)
}

func newFlock(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
}

// taken makes a FileLock of an attempt that succeeded, and an error of one that did not.
func taken(file *flock.Flock, got bool, err error) (*FileLock, error) {
	path := file.Path()
	switch {
	case got:
		writeHolder(path)
		return &FileLock{file: file}, nil
	case err == nil:
		err = fmt.Errorf("lock %s: %w%s", path, ErrLocked, readHolder(path))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		err = errors.Join(err, fmt.Errorf("lock %s: %w%s", path, ErrLocked, readHolder(path)))
	default:
		err = NotWritable(fmt.Errorf("lock %s: %w", path, err))
	}
	return nil, err
}

// Unlock releases the lock. Calling it again does nothing.
func (l *FileLock) Unlock() error {
	if l == nil {
		return nil
	}
	return l.file.Unlock()
}

// writeHolder leaves the process id for the message to those who are kept out. A failure does not matter. Windows locks
// the first byte and lets no one else use it, so there the text begins at the second.
func writeHolder(path string) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	text := fmt.Appendf(nil, " %-18d\n", os.Getpid())
	if _, err := f.WriteAt(text, 0); err != nil {
		_, _ = f.WriteAt(text[1:], 1)
	}
	_ = f.Close()
}

func readHolder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	var text [20]byte
	n, _ := f.ReadAt(text[:], 0)
	if n == 0 {
		n, _ = f.ReadAt(text[:], 1)
	}
	_ = f.Close()
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}
