package s3sync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/trouble"
)

// inbox is the local side. Every name goes through os.Root.
type inbox struct {
	root  *os.Root
	swept map[string]bool // folders already rid of what a killed sync left
}

// state compares an object with what was copied before and what is there now. A copy that was edited in place
// counts as present: an edit is not thrown away until the object itself changes.
func (in inbox) state(o Object, m *manifest) State {
	was, ok := m.objects[o.Key]
	switch {
	case !ok:
		return Fresh
	case was.ETag != o.ETag:
		return Changed
	}
	if info, err := in.root.Lstat(o.Name); err == nil && info.Mode().IsRegular() && was.Name == o.Name {
		return Present
	}
	if in.processed(was) {
		return Processed
	}
	return Fresh
}

// processed looks for the copy in the folders that finished reports are moved to. The file is known by its content,
// because moving may have changed its name.
func (in inbox) processed(was copied) bool {
	found := false
	for _, folder := range []string{"processed", "processed_and_assigned"} {
		_ = fs.WalkDir(in.root.FS(), folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || found || entry.IsDir() {
				return nil // what cannot be read is not the copy
			}
			info, err := entry.Info()
			if err != nil || !info.Mode().IsRegular() || info.Size() != was.Size {
				return nil
			}
			sum, err := in.hash(name)
			found = err == nil && sum == was.SHA256
			return nil
		})
	}
	return found
}

func (in inbox) hash(name string) (string, error) {
	f, err := in.root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// fetch puts an object in its place in one step, and returns the SHA-256 of its bytes, or the reason why not.
func (in inbox) fetch(ctx context.Context, b *bucket, o Object) (sum, reason string) {
	if reason := in.makeFolder(path.Dir(o.Name)); reason != "" {
		return "", reason
	}
	if info, err := in.root.Lstat(o.Name); err == nil && info.IsDir() {
		return "", "folder_in_the_way"
	}
	if folder := path.Dir(o.Name); !in.swept[folder] {
		if durable.Sweep(in.root, folder, "") != nil {
			return "", "disk"
		}
		in.swept[folder] = true
	}
	h := sha256.New()
	err := durable.WriteIn(in.root, o.Name, 0o600, func(w io.Writer) (err error) {
		reason, err = b.get(ctx, o, io.MultiWriter(onDisk{w}, h))
		return err
	})
	if err != nil && reason == "" {
		reason = "disk"
	}
	return hex.EncodeToString(h.Sum(nil)), reason
}

// makeFolder creates the folders on the way. A link among them is refused, even one that stays inside: copies would
// land where processed or foreign files are.
func (in inbox) makeFolder(folder string) (reason string) {
	at := ""
	for part := range strings.SplitSeq(folder, "/") {
		at = path.Join(at, part)
		info, err := in.root.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := in.root.Mkdir(at, 0o700); err != nil {
				return "disk"
			}
			if err := durable.SyncDirIn(in.root, path.Dir(at)); err != nil {
				return "disk"
			}
		case err != nil:
			return "disk"
		case info.Mode()&fs.ModeSymlink != 0:
			return "symlink"
		case !info.IsDir():
			return "file_in_the_way"
		}
	}
	return ""
}

// onDisk separates errors of writing from those of the network, which io.Copy mixes.
type onDisk struct{ w io.Writer }

type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

func (e *writeError) Unwrap() error { return e.err }

func (d onDisk) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	if err != nil {
		err = &writeError{err}
	}
	return n, err
}

// manifest remembers what was copied, for one bucket.
type manifest struct {
	dir, bucket string
	objects     map[string]copied // by key
	changed     bool
}

type copied struct {
	ETag   string `json:"etag"`
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// file is one per bucket. The name is a hash, because an access point's name is no file name.
func (m *manifest) file() string {
	sum := sha256.Sum256([]byte(m.bucket))
	return "s3sync-" + hex.EncodeToString(sum[:6]) + ".json"
}

func loadManifest(dir, bucket string) (*manifest, error) {
	m := &manifest{dir: dir, bucket: bucket, objects: map[string]copied{}}
	text, err := os.ReadFile(filepath.Join(dir, m.file()))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, inboxError(err)
	}
	if err := json.Unmarshal(text, &m.objects); err != nil || m.objects == nil {
		return nil, &trouble.Error{Code: trouble.S3StateDamaged, What: "the record of what was copied cannot be read", Err: err,
			Next: fmt.Sprintf("remove %s; everything will be copied again", filepath.Join(dir, m.file()))}
	}
	return m, nil
}

func (m *manifest) note(o Object, sum string) {
	m.objects[o.Key] = copied{ETag: o.ETag, Name: o.Name, Size: o.Size, SHA256: sum}
	m.changed = true
}

func (m *manifest) save() error {
	if !m.changed {
		return nil
	}
	err := durable.WriteFile(m.dir, m.file(), 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(m.objects) })
	if err != nil {
		return inboxError(err)
	}
	m.changed = false
	return nil
}
