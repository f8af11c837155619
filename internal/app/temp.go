package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"okta-entitlements-mcp/internal/durable"
)

// temp is where parts of large workbooks are unpacked: a directory of this process below STATE_DIR/tmp. A process that
// was killed leaves its directory behind, and the next start removes it. The lock tells the two apart, so that programs
// that share a state directory leave each other's files alone.
type temp struct {
	dir  string
	lock *durable.FileLock
}

// openTemp removes what killed processes left below base, and makes a directory for this one.
func openTemp(base string) (*temp, error) {
	if err := durable.MkdirAll(base, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory for temporary files: %w", err)
	}
	entries, err := os.ReadDir(base)
	if err != nil {
		return nil, fmt.Errorf("look for temporary files: %w", err)
	}
	for _, entry := range entries {
		if err := removeLeft(filepath.Join(base, entry.Name())); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp(base, "run-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for temporary files: %w", err)
	}
	lock, err := durable.TryLock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("lock the directory for temporary files: %w", err)
	}
	return &temp{dir, lock}, nil
}

// removeLeft removes the directory of a process that has ended.
func removeLeft(dir string) error {
	lock, err := durable.TryLock(filepath.Join(dir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil // its process is at work
	}
	if err == nil {
		err = lock.Unlock()
	}
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = os.RemoveAll(dir)
	}
	if err != nil {
		return fmt.Errorf("remove temporary files that a killed process left in %s: %w", dir, err)
	}
	return nil
}

// close removes the directory.
func (t *temp) close() error {
	return errors.Join(t.lock.Unlock(), os.RemoveAll(t.dir))
}
