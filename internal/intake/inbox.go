package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// FileState says how far a report has come. It is also the name of the folder that holds such reports.
type FileState string

// The states of a file. New files lie in the inbox itself.
const (
	FileNew       FileState = "new"
	FileProcessed FileState = "processed"              // its structure has been made
	FileAssigned  FileState = "processed_and_assigned" // its access has been granted
)

// File is one report in the inbox.
type File struct {
	Name    string // relative to the inbox, with slashes: report.csv, processed/report.csv
	State   FileState
	Size    int64 // bytes
	ModTime time.Time
	Source  string // where it came from; left to the caller
}

// Inbox is the folder of access reports. Every path goes through os.Root, so that no name and no symbolic link leads
// out of it. It is safe for concurrent use.
type Inbox struct {
	root *os.Root
	dir  string
	temp string // for parts of workbooks; "" is the directory of the system
}

// NewInbox opens dir, which is made when missing. The folders for processed files are made when the first file moves.
func NewInbox(dir string) (*Inbox, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, &trouble.Error{
			Code: trouble.NotReadable,
			What: "make the inbox: " + err.Error(),
			Next: "set CSV_DIR to a folder that may be written",
			Err:  err,
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &trouble.Error{
			Code: trouble.NotReadable,
			What: "open the inbox: " + err.Error(),
			Next: "set CSV_DIR to a folder that may be read",
			Err:  err,
		}
	}
	return &Inbox{root: root, dir: dir}, nil
}

// UseTemp names the directory where parts of large workbooks are unpacked; it must exist. Without it that is the one of
// the system.
func (b *Inbox) UseTemp(dir string) { b.temp = dir }

// Close lets go of the folder.
func (b *Inbox) Close() error { return b.root.Close() }

// Dir returns the folder as it was given.
func (b *Inbox) Dir() string { return b.dir }

// maxDepth bounds how deep folders in the inbox are looked into.
const maxDepth = 8

// List returns the reports (.csv, .tsv, .txt, .xlsx) in the inbox and its folders: new ones first, by name. Hidden
// files and folders, and links that lead outside, are left out.
func (b *Inbox) List() ([]File, error) {
	var files []File
	err := fs.WalkDir(b.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			return fs.SkipDir // a folder that may not be read hides only what is in it
		case name == ".":
			return nil
		case strings.HasPrefix(entry.Name(), "."), entry.IsDir() && strings.Count(name, "/") >= maxDepth:
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !isReportName(name):
			return nil
		}
		if info, err := b.root.Stat(name); err == nil && info.Mode().IsRegular() {
			files = append(files, File{
				Name:    name,
				State:   stateOf(name),
				Size:    info.Size(),
				ModTime: info.ModTime(),
			})
		}
		return nil
	})
	if err != nil {
		return nil, &trouble.Error{
			Code: trouble.NotReadable,
			What: "list the inbox: " + err.Error(),
			Next: "check the permissions of the folder",
			Err:  err,
		}
	}
	slices.SortFunc(files, func(x, y File) int {
		return cmp.Or(cmp.Compare(rankOf(x.State), rankOf(y.State)), cmp.Compare(x.Name, y.Name))
	})
	return files, nil
}

// stateOf reads the state off the first folder of a name.
func stateOf(name string) FileState {
	first, _, nested := strings.Cut(name, "/")
	if state := FileState(first); nested && (state == FileProcessed || state == FileAssigned) {
		return state
	}
	return FileNew
}

// Bare is the name that a report had before it was moved to the folder of a state: its stable name.
func Bare(name string) string {
	if state := stateOf(name); state != FileNew {
		return strings.TrimPrefix(name, string(state)+"/")
	}
	return name
}

func (s FileState) folder() string {
	if s == FileNew {
		return "."
	}
	return string(s)
}

func isReportName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv", ".txt", ".xlsx":
		return true
	}
	return false
}

// Hidden reports whether a name holds characters that do not show or that change how others show: one that looks like
// another name, or acts on a terminal. Such files cannot be named, so they have to be renamed to be used.
func Hidden(name string) bool {
	return untrusted.HiddenName(name)
}

// checkName refuses names that are no plain relative path to a visible file.
func checkName(name string) error {
	bad := func(why string) error {
		return &trouble.Error{
			Code: trouble.OutsideInbox,
			What: fmt.Sprintf("the name %q %s", shown(name), why),
			Next: "call list_csv_files and use a name from it as it is written there",
		}
	}
	switch {
	case name == "":
		return bad("is empty")
	case Hidden(name):
		return bad("holds control or invisible characters")
	case strings.Contains(name, `\`):
		return bad("holds a backslash; folders are separated by /")
	case strings.HasPrefix(name, "/"), filepath.IsAbs(name), filepath.VolumeName(name) != "", len(name) > 1 &&
		name[1] == ':':
		return bad("is an absolute path")
	}
	for _, part := range strings.Split(name, "/") {
		switch {
		case part == "..":
			return bad("leads out of the inbox")
		case part == "" || strings.HasPrefix(part, "."):
			return bad("is hidden or not in its shortest form")
		}
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return bad("is not a name inside the inbox")
	}
	return nil
}

// Open opens a report for reading. The caller closes it. Anything but a regular file is refused before it is opened, so
// that a pipe cannot block.
func (b *Inbox) Open(name string) (*os.File, os.FileInfo, error) {
	before, err := b.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	return b.open(name, before)
}

// open opens a report that Stat has looked at.
func (b *Inbox) open(name string, before os.FileInfo) (*os.File, os.FileInfo, error) {
	f, err := b.root.Open(name)
	if err != nil {
		return nil, nil, b.openError(name, err)
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(before, info) {
		err = errors.New("it was replaced just now")
	}
	if err != nil {
		f.Close()
		return nil, nil, b.openError(name, err)
	}
	return f, info, nil
}

// Stat returns size and time of a report. It refuses what Open refuses.
func (b *Inbox) Stat(name string) (os.FileInfo, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	info, err := b.root.Stat(name)
	if err != nil {
		return nil, b.openError(name, err)
	}
	if !info.Mode().IsRegular() {
		what := "a device or pipe"
		if info.IsDir() {
			what = "a folder"
		}
		return nil, &trouble.Error{
			Code: trouble.NotReadable,
			What: fmt.Sprintf("%q is %s, not a file", shown(name), what),
			Next: "call list_csv_files and choose a file",
		}
	}
	return info, nil
}

func (b *Inbox) openError(name string, err error) error {
	shown := shown(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &trouble.Error{
			Code: trouble.FileNotFound,
			What: fmt.Sprintf("no file %q in the inbox", shown),
			Next: "call list_csv_files",
			Err:  err,
		}
	case errors.Is(err, fs.ErrPermission):
		return &trouble.Error{
			Code: trouble.NotReadable,
			What: fmt.Sprintf("%q may not be read", shown),
			Next: "check the permissions of the file",
			Err:  err,
		}
	case b.isLink(name):
		return &trouble.Error{
			Code: trouble.OutsideInbox,
			What: fmt.Sprintf("%q is a link that leads out of the inbox", shown),
			Next: "put the file itself into the inbox",
			Err:  err,
		}
	}
	return &trouble.Error{
		Code: trouble.NotReadable,
		What: fmt.Sprintf("open %q: %v", shown, err),
		Next: "check the file, then try again",
		Err:  err,
	}
}

// isLink reports whether name, or a folder on the way to it, is a symbolic link.
func (b *Inbox) isLink(name string) bool {
	for at := name; at != "." && at != "/"; at = path.Dir(at) {
		if info, err := b.root.Lstat(at); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// Read finds a report, opens it and reads it, with its present name in the Report. Validity is compared with today
// unless opts names a day.
func (b *Inbox) Read(ctx context.Context, name string, opts Options) (*Report, error) {
	found, info, err := b.find(name)
	if err != nil {
		return nil, err
	}
	f, _, err := b.open(found, info)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	opts.File = found
	opts.TempDir = cmp.Or(opts.TempDir, b.temp)
	if opts.Today.IsZero() {
		opts.Today = time.Now()
	}
	return Read(ctx, f, opts)
}

// Hash finds a report and returns the SHA-256 of its bytes in hex, as Report.SHA256 has it.
func (b *Inbox) Hash(ctx context.Context, name string) (string, error) {
	found, info, err := b.find(name)
	if err != nil {
		return "", err
	}
	return b.hash(ctx, found, info)
}

func (b *Inbox) hash(ctx context.Context, name string, info os.FileInfo) (string, error) {
	f, _, err := b.open(name, info)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h, buf := sha256.New(), make([]byte, blockSize)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", b.openError(name, err)
		}
	}
}
