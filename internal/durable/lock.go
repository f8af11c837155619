package durable

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrLocked is the target of errors.Is when another holder has the lock.
var ErrLocked = errors.New("locked by another process")

// FileLock is an exclusive advisory lock on a file. The system releases it when the process dies, however it dies.
// It also keeps out other holders in the same process. The lock file stays behind after release, on purpose:
// removing it would let two processes lock two different files of one name.
type FileLock struct{ f *os.File }

// TryLock takes the lock or fails at once with ErrLocked, naming the process that holds it where that is known.
// The file is created if need be, its directory not.
func TryLock(path string) (*FileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	got, err := tryLock(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	if !got {
		holder := readHolder(f)
		return nil, errors.Join(fmt.Errorf("lock %s: %w%s", path, ErrLocked, holder), f.Close())
	}
	writeHolder(f)
	return &FileLock{f: f}, nil
}

// Lock waits for the lock until ctx ends; the error then is ctx's, and ErrLocked.
func Lock(ctx context.Context, path string) (*FileLock, error) {
	const longest = 50 * time.Millisecond
	for wait := time.Millisecond; ; wait = min(2*wait, longest) {
		lock, err := TryLock(path)
		if !errors.Is(err, ErrLocked) {
			return lock, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}

// Unlock releases the lock. Calling it again does nothing.
func (l *FileLock) Unlock() error {
	if l == nil || l.f == nil {
		return nil
	}
	err := errors.Join(unlock(l.f), l.f.Close())
	l.f = nil
	return err
}

// writeHolder leaves the process id for the message of whoever is kept out. It is a courtesy: failures do not matter.
func writeHolder(f *os.File) {
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
}

func readHolder(f *os.File) string {
	var buf [20]byte
	n, _ := f.ReadAt(buf[:], 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}
