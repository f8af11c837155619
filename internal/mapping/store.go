package mapping

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/intake"
	"okta-entitlements-mcp/internal/trouble"
)

// Folder is where mappings lie under STATE_DIR. Files in the inbox are never read as mappings: others can write there.
const Folder = "mappings"

const (
	maxProposals = 100 // the oldest go first; each is a plan that no one confirmed
	maxPlans     = 50  // of one proposal; the oldest go first
	suffix       = ".json"
	lockFile     = ".lock"
)

// Store keeps mappings, a file each. Several processes may use one folder.
type Store struct{ dir string }

// At returns the store under a state directory. Nothing is created before the first mapping is saved.
func At(stateDir string) *Store { return &Store{dir: filepath.Join(stateDir, Folder)} }

// Match is a mapping that fits a report, with its answers in the spelling of the report's header.
type Match struct {
	File     *File // nil when none fits
	Answered intake.Answered
}

// Find returns the confirmed mapping for a report's header and an application, or an export that was imported. The error
// names mapping files that cannot be read; the match is good in any case, since such a file only stops being applied.
func (s *Store) Find(header []string, appID string) (Match, error) {
	files, err := s.List()
	var best Match
	for _, f := range files {
		if f.Kind == KindMapping && (f.Status != Confirmed || f.Application.ID != appID) {
			continue
		}
		answered, fits := f.For(header)
		if fits && (best.File == nil || f.before(best.File)) {
			best = Match{File: f, Answered: answered}
		}
	}
	return best, err
}

// before puts mappings before exports, later confirmations before earlier ones, and longer headers before shorter ones.
func (f *File) before(g *File) bool {
	if f.Kind != g.Kind {
		return f.Kind == KindMapping
	}
	return cmp.Or(g.ConfirmedAt.Compare(f.ConfirmedAt), cmp.Compare(len(g.Header), len(f.Header)), cmp.Compare(f.Name, g.Name)) < 0
}

// Proposed returns the mappings for a header and an application that wait for a confirmed plan. They are only shown.
func (s *Store) Proposed(header []string, appID string) ([]*File, error) {
	files, err := s.List()
	return slices.DeleteFunc(files, func(f *File) bool {
		if f.Status != Proposed || f.Application.ID != appID {
			return true
		}
		_, fits := f.For(header)
		return !fits
	}), err
}

// List returns all mappings by name. The error joins a *trouble.Error for each file that cannot be read; the others are
// returned all the same.
func (s *Store) List() ([]*File, error) {
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list mappings: %w", err)
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("list mappings: %w", err)
	}
	var files []*File
	var damages []error
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || e.IsDir() || durable.IsTemp(e.Name()) {
			continue
		}
		f, err := read(root, name)
		if err != nil {
			damages = append(damages, err)
			continue
		}
		files = append(files, f)
	}
	return files, errors.Join(damages...)
}

// Show returns one mapping.
func (s *Store) Show(name string) (*File, error) {
	if !ValidName(name) {
		return nil, notFound(name)
	}
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	defer root.Close()
	return read(root, name)
}

func read(root *os.Root, name string) (*File, error) {
	file, err := root.Open(name + suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	shown := Folder + "/" + shown(name) + suffix
	f, err := Parse(shown, data)
	if err != nil {
		return nil, err
	}
	if f.Name != name {
		return nil, damaged(shown, lineOfField(data, "name"), "name: is %q, and the file is of another name", f.Name)
	}
	return f, nil
}

func notFound(name string) error {
	return &trouble.Error{
		Code: trouble.MappingNotFound,
		What: fmt.Sprintf("there is no mapping %q", shown(name)),
		Next: "see the names with mapping list",
	}
}

// Confirm makes the mapping that was proposed with a plan the one that is applied, once a person confirmed the plan in a
// form or at a terminal. It returns nil when the plan proposed none. An earlier mapping for the same header and application
// is replaced.
func (s *Store) Confirm(ctx context.Context, plan string, by intake.By, at time.Time) (*File, error) {
	if by != intake.ByForm && by != intake.ByTerminal {
		return nil, fmt.Errorf("confirm mapping: %q is no person", by)
	}
	var confirmed *File
	err := s.locked(ctx, func(root *os.Root, files []*File) error {
		for _, f := range files {
			if f.Status != Proposed || !slices.Contains(f.Plans, plan) {
				continue
			}
			proposal := f.Name
			f.confirm(f.keyName(), plan, by, at)
			if err := write(root, f); err != nil {
				return err
			}
			confirmed = f
			if proposal == f.Name {
				continue
			}
			if err := root.Remove(proposal + suffix); err != nil {
				return fmt.Errorf("remove a proposal that is confirmed: %w", err)
			}
		}
		return nil
	})
	return confirmed, err
}

func (f *File) confirm(name, plan string, by intake.By, at time.Time) {
	f.Name, f.Status, f.Plans = name, Confirmed, nil
	f.ConfirmedAt, f.ConfirmedBy, f.ConfirmedPlan = at.UTC().Truncate(time.Second), by, plan
}

// Import saves a mapping or export file that a person brought. A mapping waits for a confirmed plan, as every proposal
// does, unless the person vouches for it at the terminal; an export, which is for every application, needs that.
func (s *Store) Import(ctx context.Context, file string, data []byte, vouched bool, at time.Time) (*File, error) {
	f, err := Parse(file, data)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Kind == KindExport && !vouched:
		return nil, &trouble.Error{
			Code: trouble.MissingArgument,
			What: fmt.Sprintf("%s is an export: it would be applied to reports of every application", f.Name),
			Next: "read it, then import it with --confirm",
		}
	case f.Kind == KindMapping && vouched:
		f.confirm(f.Name, f.ConfirmedPlan, intake.ByTerminal, at)
	case f.Kind == KindMapping:
		f.Status, f.Plans, f.ConfirmedAt, f.ConfirmedBy, f.ConfirmedPlan = Proposed, nil, time.Time{}, "", ""
	}
	err = s.locked(ctx, func(root *os.Root, files []*File) error {
		if _, err := root.Lstat(f.Name + suffix); err == nil {
			return &trouble.Error{
				Code: trouble.MappingExists,
				What: fmt.Sprintf("a mapping %s is there already", f.Name),
				Next: "delete it first, or give the other one another name in its file",
			}
		}
		return write(root, f)
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Delete removes a mapping, one that cannot be read too. Reports that it was for are asked about again.
func (s *Store) Delete(ctx context.Context, name string) error {
	if !ValidName(name) {
		return notFound(name)
	}
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return notFound(name)
	}
	return s.locked(ctx, func(root *os.Root, _ []*File) error {
		err := root.Remove(name + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			return notFound(name)
		}
		if err == nil {
			err = durable.SyncDirIn(root, ".")
		}
		return err
	})
}

// locked does something while no other process changes the folder. The files are those that can be read.
func (s *Store) locked(ctx context.Context, do func(*os.Root, []*File) error) (err error) {
	if err := durable.MkdirAll(s.dir, 0o700); err != nil {
		return unwritable(err)
	}
	lock, err := durable.Lock(ctx, filepath.Join(s.dir, lockFile))
	if err != nil {
		return unwritable(err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return unwritable(err)
	}
	defer root.Close()
	if err := durable.Sweep(root, ".", ""); err != nil {
		return unwritable(err)
	}
	files, _ := s.List() // a file that cannot be read stays as it is; List tells its reason
	return do(root, files)
}

func write(root *os.Root, f *File) error {
	data, err := f.Encode()
	if err != nil {
		return err
	}
	err = durable.WriteIn(root, f.Name+suffix, 0o600, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return unwritable(err)
	}
	return nil
}

func unwritable(err error) error {
	return &trouble.Error{
		Code: trouble.StateNotWritable,
		What: "the mapping cannot be saved: " + err.Error(),
		Next: "check that STATE_DIR can be written",
		Err:  err,
	}
}

// keyName is the name of the confirmed mapping for a header and an application: readable, and the same each time.
func (f *File) keyName() string {
	var slug strings.Builder
	for _, r := range strings.ToLower(f.Application.Label) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			slug.WriteRune(r)
		case slug.Len() > 0 && !strings.HasSuffix(slug.String(), "-"):
			slug.WriteByte('-')
		}
		if slug.Len() >= 40 {
			break
		}
	}
	name := strings.Trim(slug.String(), "-")
	if name == "" {
		name = "mapping"
	}
	sum := sha256.Sum256([]byte(f.Application.ID + "\x00" + f.Digest))
	return name + "-" + hex.EncodeToString(sum[:4])
}

func (f *File) answersDigest() string {
	data, _ := json.Marshal(f.Answers) // plain fields always encode
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
