package intake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"

	"okta-entitlements-mcp/internal/trouble"
)

// Move moves a report to the folder of a state, keeping the folders that it was in, and returns its new name. It is
// atomic and durable: the file is in one place or the other, whenever the power fails. Nothing is overwritten: where
// the name is taken, a number is added. A file that is there already stays.
func (b *Inbox) Move(name string, state FileState) (string, error) {
	if _, err := b.Stat(name); err != nil {
		return "", err
	}
	folder := state.folder()
	if state != FileNew && state != FileProcessed && state != FileAssigned {
		return "", fmt.Errorf("move %q: no state %q", shown(name), string(state))
	}
	if stateOf(name) == state {
		return name, nil
	}
	bare := Bare(name)
	folder = path.Join(folder, path.Dir(bare))
	failed := func(err error) error {
		return &trouble.Error{
			Code: trouble.StateNotWritable,
			What: fmt.Sprintf("move %q to %s: %v", shown(name), state, err),
			Next: "check that the inbox may be written and the disk is not full",
			Err:  err,
		}
	}
	if state != FileNew {
		if err := b.root.MkdirAll(folder, 0o755); err != nil {
			return "", failed(err)
		}
	}
	target, err := b.reserve(folder, path.Base(bare))
	if err != nil {
		return "", failed(err)
	}
	if err := b.root.Rename(name, target); err != nil {
		_ = b.root.Remove(target)
		return "", failed(err)
	}
	for _, dir := range []string{path.Dir(name), folder} {
		for {
			if err := b.syncDir(dir); err != nil {
				return target, failed(err)
			}
			if dir == "." {
				break
			}
			dir = path.Dir(dir) // folders that were made on the way must last too
		}
	}
	return target, nil
}

// reserve makes an empty file of a free name in folder. Renaming onto it cannot hit another's file.
func (b *Inbox) reserve(folder, base string) (string, error) {
	ext := path.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	for n := 1; n < 10_000; n++ {
		target := path.Join(folder, base)
		if n > 1 {
			target = path.Join(folder, fmt.Sprintf("%s-%d%s", stem, n, ext))
		}
		f, err := b.root.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return target, f.Close()
	}
	return "", fmt.Errorf("too many files named %s", shown(base))
}

// syncDir makes a rename durable. Windows cannot sync folders and does not need it.
func (b *Inbox) syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := b.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
