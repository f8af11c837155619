package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// RemoveOld removes the plans that were saved before a time, but for those that keep says yes to, and returns how many
// went. A plan that was declined goes once that is as long ago. Record is called with the ids before they go, at most 500
// at a time; when it fails, they stay.
func (s *Store) RemoveOld(before time.Time, keep func(id string) (bool, error), record func(ids []string) error) (int, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return 0, fmt.Errorf("list old plans: %w", err)
	}
	var old []string
	for _, e := range entries {
		id, isPlan := strings.CutSuffix(e.Name(), ".json")
		if !isPlan || !ValidID(id) || !s.savedBefore(e.Name(), before) || !s.savedBefore(id+declinedSuffix, before) {
			continue
		}
		kept, err := keep(id)
		if err != nil {
			return 0, fmt.Errorf("look whether a plan may go: %w", err)
		}
		if !kept {
			old = append(old, id)
		}
	}
	const atOnce = 500 // ids in one entry of the trail
	for done := 0; done < len(old); done += atOnce {
		some := old[done:min(done+atOnce, len(old))]
		if err := record(some); err != nil {
			return done, err
		}
		for i, id := range some {
			// The plan first: what was declined must not be open again because a crash left the plan alone.
			for _, name := range []string{id + ".json", id + declinedSuffix} {
				if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return done + i, fmt.Errorf("remove old plan: %w", err)
				}
			}
		}
	}
	return len(old), nil
}

// savedBefore reports whether a file is older than a time, or not there.
func (s *Store) savedBefore(name string, before time.Time) bool {
	info, err := os.Lstat(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	return err == nil && info.Mode().IsRegular() && info.ModTime().Before(before)
}
