// Package durable writes files so that a crash at any instant leaves either the old content or the new one,
// and locks them against other processes. It knows nothing of what is in the files.
package durable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"okta-entitlements-mcp/internal/trouble"
)

// ErrInPlace marks the error of a write that did replace the file, but may not outlast a power failure.
var ErrInPlace = errors.New("the file is in place but may not last")

const (
	tempPrefix = ".tmp-"
	tempSuffix = "~"
	randomLen  = 10
)

// WriteFile replaces dir/name in one step: the content goes to a temporary file beside it, which is fsynced,
// given its name, and made to last by fsyncing the directory. After an error the old file is as it was.
// Name is relative to dir, may have subfolders that exist, and cannot lead out of dir, not by symlinks either.
// The directory must exist.
func WriteFile(dir, name string, perm fs.FileMode, write func(io.Writer) error) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return NotWritable(fmt.Errorf("open directory: %w", err))
	}
	defer func() {
		if closing := root.Close(); err == nil && closing != nil {
			err = errors.Join(ErrInPlace, closing)
		}
	}()
	return WriteIn(root, name, perm, write)
}

// WriteIn is WriteFile for a caller that holds the directory already. Name uses forward slashes on every system.
func WriteIn(root *os.Root, name string, perm fs.FileMode, write func(io.Writer) error) error {
	if name == "" || strings.HasSuffix(name, "/") {
		return fmt.Errorf("write file %q: %w", name, fs.ErrInvalid)
	}
	folder := path.Dir(filepath.ToSlash(name))
	temp := path.Join(folder, tempPrefix+path.Base(filepath.ToSlash(name))+"-"+rand.Text()[:randomLen]+tempSuffix)
	if err := fill(root, temp, perm, write); err != nil {
		return NotWritable(errors.Join(fmt.Errorf("write %s: %w", name, err), removeIfThere(root, temp)))
	}
	if err := root.Rename(temp, name); err != nil {
		return NotWritable(errors.Join(fmt.Errorf("put %s in place: %w", name, err), removeIfThere(root, temp)))
	}
	if err := SyncDirIn(root, folder); err != nil {
		return NotWritable(errors.Join(ErrInPlace, err))
	}
	return nil
}

// NotWritable gives a failure of the file system to write the code that people read, at every line alike: a full disk, a
// read-only mount, a folder without the right. What the caller's own writer found wrong, such as a connection that broke
// while a file came over it, stays as it is.
func NotWritable(err error) error {
	var system syscall.Errno
	var file *fs.PathError
	var link *os.LinkError
	onDisk := errors.As(err, &file) || errors.As(err, &link)
	if err == nil || !onDisk || !errors.As(err, &system) || trouble.CodeOf(err) == trouble.StateNotWritable {
		return err
	}
	return &trouble.Error{
		Code: trouble.StateNotWritable,
		What: err.Error(),
		Next: "free space, or set STATE_DIR to a directory that this user may write, then try again",
		Err:  err,
	}
}

// fill writes and fsyncs a new file, closed when it returns: Windows cannot rename an open one.
func fill(root *os.Root, name string, perm fs.FileMode, write func(io.Writer) error) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func removeIfThere(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// SyncDir makes the names in a directory last: files created, renamed or removed there before the call.
// It does nothing on Windows, where a directory cannot be flushed.
func SyncDir(dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return SyncDirIn(root, ".")
}

// SyncDirIn is SyncDir for a folder under root.
func SyncDirIn(root *os.Root, folder string) error {
	d, err := root.Open(folder)
	if err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	if err := errors.Join(syncDir(d), d.Close()); err != nil {
		return fmt.Errorf("sync directory %s: %w", folder, err)
	}
	return nil
}

// MkdirAll creates dir and its parents, and makes each new one last.
func MkdirAll(dir string, perm fs.FileMode) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("create directory %s: a file of that name is in the way", dir)
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return NotWritable(fmt.Errorf("create directory: %w", err))
	}
	return SyncDir(parent)
}

// IsTemp reports whether a file name is one of WriteFile's temporary files, left by a process that was killed.
func IsTemp(name string) bool {
	base := path.Base(filepath.ToSlash(name))
	return strings.HasPrefix(base, tempPrefix) && strings.HasSuffix(base, tempSuffix)
}

// Sweep removes temporary files that killed writers left for name ("" means any name) in a folder under root.
// Only the holder of the lock that guards the file may call it, or it takes away the file of a writer that is at work.
func Sweep(root *os.Root, folder, name string) error {
	entries, err := fs.ReadDir(root.FS(), folder)
	if err != nil {
		return fmt.Errorf("sweep temporary files: %w", err)
	}
	for _, e := range entries {
		rest, named := strings.CutPrefix(e.Name(), tempPrefix+name+"-")
		mine := name == "" || named && len(rest) == randomLen+len(tempSuffix)
		if !mine || !IsTemp(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if err := removeIfThere(root, path.Join(folder, e.Name())); err != nil {
			return fmt.Errorf("sweep temporary files: %w", err)
		}
	}
	return nil
}
