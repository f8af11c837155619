// Package s3sync copies access reports from an S3 bucket into the inbox. It reads the bucket and never writes to it.
//
// An object has one name in the inbox: with S3_PREFIX "exports/", the key "exports/hr/may.csv" is "s3/hr/may.csv".
package s3sync

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/secret"
	"okta-entitlements-mcp/internal/trouble"
)

// Folder is where copies live in the inbox.
const Folder = "s3"

// Options say which bucket, with which credential, and where to. Without Enabled nothing is ever asked of the network.
type Options struct {
	Enabled         bool
	Bucket          string
	Prefix          string   // only keys that begin with it; it also decides the names in the inbox
	AllowedPaths    []string // only keys under one of these folders; empty = all under Prefix
	MaxObjectBytes  int64    // larger objects are skipped; 512 MiB when 0
	Endpoint        string   // of an S3-compatible store; empty = AWS
	Region, Profile string   // empty = as the AWS SDK finds them
	AccessKeyID     string   // with SecretAccessKey; empty = as the AWS SDK finds credentials
	SecretAccessKey secret.Secret
	SessionToken    secret.Secret
	InboxDir        string // created when missing
	StateDir        string // holds what was copied when; created when missing
	HTTPClient      *http.Client
	Log             *slog.Logger // nil = silent
}

// Syncer copies from one bucket into one inbox. It is safe for several goroutines; a second Sync at a time is refused.
type Syncer struct{ opts Options }

// New checks the options. It does not touch network or disk.
func New(opts Options) (*Syncer, error) {
	if opts.MaxObjectBytes == 0 {
		opts.MaxObjectBytes = 512 << 20
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case opts.MaxObjectBytes < 0:
		return nil, errors.New("s3sync: largest object size is negative")
	case opts.Enabled && (opts.Bucket == "" || opts.InboxDir == "" || opts.StateDir == ""):
		return nil, errors.New("s3sync: bucket, inbox and state directory must be given")
	}
	return &Syncer{opts: opts}, nil
}

// State is what is known of an object before a sync.
type State string

// The states of an object.
const (
	Fresh     State = "new"       // was never copied, or its copy was removed
	Changed   State = "changed"   // is another than the one that was copied
	Present   State = "present"   // its copy is in the inbox
	Processed State = "processed" // its copy was moved to a folder for processed files
	Unusable  State = "unusable"  // will be skipped; Reason says why
)

// Outcome is how Sync dealt with an object.
type Outcome string

// The outcomes.
const (
	Copied    Outcome = "copied"
	Unchanged Outcome = "unchanged"
	Skipped   Outcome = "skipped"
	Failed    Outcome = "failed"
)

// Object is one object of the bucket. Key is chosen by others: it may hold anything.
type Object struct {
	Key      string    `json:"key"`
	Name     string    `json:"name,omitempty"` // in the inbox, with slashes; empty when the key gives none
	Size     int64     `json:"size"`           // bytes
	Modified time.Time `json:"modified"`
	ETag     string    `json:"etag"`
	State    State     `json:"state"`
	Outcome  Outcome   `json:"outcome,omitempty"` // after Sync
	Reason   string    `json:"reason,omitempty"`  // a word, for unusable, skipped and failed
}

// Word is the outcome in one word: "copied", "skipped:hidden".
func (o Object) Word() string {
	if o.Reason == "" {
		return string(o.Outcome)
	}
	return string(o.Outcome) + ":" + o.Reason
}

// Result is what a Sync did. The counts by outcome add up to the number of objects.
type Result struct {
	Bucket  string          `json:"bucket"`
	Objects []Object        `json:"objects"`
	Counts  map[Outcome]int `json:"counts"`
	Bytes   int64           `json:"bytes"` // copied
}

// List returns the objects under prefix ("" = all of S3_PREFIX) and the state of each. It changes nothing.
func (s *Syncer) List(ctx context.Context, prefix string) ([]Object, error) {
	roots, err := s.roots(prefix)
	if err != nil {
		return nil, err
	}
	b, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	m, err := loadManifest(s.opts.StateDir, s.opts.Bucket)
	if err != nil {
		return nil, err
	}
	objects, err := s.list(ctx, b, roots)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(s.opts.InboxDir)
	if errors.Is(err, fs.ErrNotExist) {
		return objects, nil // nothing was copied yet; what is usable is new
	}
	if err != nil {
		return nil, inboxError(err)
	}
	defer root.Close()
	local := inbox{root: root}
	for i := range objects {
		if objects[i].State != Unusable {
			objects[i].State = local.state(objects[i], m)
		}
	}
	return objects, nil
}

// Sync copies what is new or changed under prefix ("" = all of S3_PREFIX). What goes wrong with one object is its
// outcome and does not stop the others. When ctx ends, Sync returns what was done so far together with ctx's error.
func (s *Syncer) Sync(ctx context.Context, prefix string) (_ Result, err error) {
	result := Result{Bucket: s.opts.Bucket, Counts: map[Outcome]int{}}
	roots, err := s.roots(prefix)
	if err != nil {
		return result, err
	}
	b, err := s.connect(ctx)
	if err != nil {
		return result, err
	}
	for _, dir := range []string{s.opts.InboxDir, s.opts.StateDir} {
		if err := durable.MkdirAll(dir, 0o700); err != nil {
			return result, inboxError(err)
		}
	}
	lock, err := durable.TryLock(filepath.Join(s.opts.StateDir, "s3sync.lock"))
	if errors.Is(err, durable.ErrLocked) {
		return result, &trouble.Error{Code: trouble.S3SyncRunning, What: "another sync is running", Next: "wait until it is done", Err: err}
	}
	if err != nil {
		return result, inboxError(err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	m, err := loadManifest(s.opts.StateDir, s.opts.Bucket)
	if err != nil {
		return result, err
	}
	result.Objects, err = s.list(ctx, b, roots)
	if err != nil {
		return result, err
	}
	err = s.copyAll(ctx, b, m, &result)
	return result, errors.Join(err, m.save())
}

// copyAll gives every object its outcome.
func (s *Syncer) copyAll(ctx context.Context, b *bucket, m *manifest, result *Result) (err error) {
	const saveEvery = 50 // what a kill makes us copy again, at most
	root, err := os.OpenRoot(s.opts.InboxDir)
	if err != nil {
		return inboxError(err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	local := inbox{root: root, swept: map[string]bool{}}
	for i := range result.Objects {
		o := &result.Objects[i]
		if err := ctx.Err(); err != nil {
			result.Objects = result.Objects[:i]
			return fmt.Errorf("sync S3 files: %w", err)
		}
		s.settle(ctx, b, local, m, o)
		result.Counts[o.Outcome]++
		s.opts.Log.Debug("S3 object", "key", o.Key, "outcome", o.Word())
		if o.Outcome != Copied {
			continue
		}
		result.Bytes += o.Size
		if result.Counts[Copied]%saveEvery == 0 {
			if err := m.save(); err != nil {
				result.Objects = result.Objects[:i+1]
				return err
			}
		}
	}
	return nil
}

func (s *Syncer) settle(ctx context.Context, b *bucket, local inbox, m *manifest, o *Object) {
	if o.State == Unusable {
		o.Outcome = Skipped
		return
	}
	o.State = local.state(*o, m)
	if o.State == Present || o.State == Processed {
		o.Outcome = Unchanged
		return
	}
	sum, reason := local.fetch(ctx, b, *o)
	if reason != "" {
		o.Outcome, o.Reason = Failed, reason
		return
	}
	o.Outcome = Copied
	m.note(*o, sum)
}

// list reads all pages of all roots and names the objects.
func (s *Syncer) list(ctx context.Context, b *bucket, roots []string) ([]Object, error) {
	var objects []Object
	taken := map[string]bool{}
	seen := map[string]bool{}
	for _, root := range roots {
		for o, err := range b.objects(ctx, root) {
			if err != nil {
				return nil, err
			}
			if seen[o.Key] {
				continue
			}
			seen[o.Key] = true
			if len(objects) >= mostObjects {
				return nil, &trouble.Error{Code: trouble.S3TooManyObjects,
					What: fmt.Sprintf("more than %d objects", mostObjects), Next: "narrow S3_PREFIX, or give a longer prefix"}
			}
			s.name(&o, taken)
			objects = append(objects, o)
		}
	}
	return objects, nil
}

const mostObjects = 50_000

// name gives the object its name in the inbox, or the reason why it has none.
func (s *Syncer) name(o *Object, taken map[string]bool) {
	o.State = Fresh
	name, reason := localName(s.opts.Prefix, o.Key)
	switch {
	case reason != "":
		o.Reason = reason
	case !s.allowed(o.Key):
		o.Reason = "not_allowed"
	case o.Size > s.opts.MaxObjectBytes:
		o.Name, o.Reason = name, "too_large"
	case taken[strings.ToLower(name)]:
		// Two keys that differ in case only are one file on macOS and Windows.
		o.Reason = "name_taken"
	default:
		o.Name = name
		taken[strings.ToLower(name)] = true
	}
	if o.Reason != "" {
		o.State = Unusable
	}
}

// roots are the prefixes to list: prefix itself, or the allowed folders under it. Listing no more than is allowed
// matters where the credential may not list more.
func (s *Syncer) roots(prefix string) ([]string, error) {
	if !s.opts.Enabled {
		return nil, &trouble.Error{Code: trouble.S3Disabled, What: "copying from S3 is off",
			Next: "set S3_ENABLED=true and S3_BUCKET_NAME, then start the server again"}
	}
	if prefix == "" {
		prefix = s.opts.Prefix
	}
	refused := &trouble.Error{Code: trouble.S3PrefixNotAllowed, What: fmt.Sprintf("prefix %q is not allowed", prefix),
		Next: "use a prefix under S3_PREFIX and S3_ALLOWED_PATHS, or have those settings changed"}
	if !strings.HasPrefix(prefix, s.opts.Prefix) {
		return nil, refused
	}
	if s.allowed(prefix) {
		return []string{prefix}, nil
	}
	var roots []string
	for _, folder := range s.opts.AllowedPaths {
		if folder = asFolder(folder); strings.HasPrefix(folder, prefix) {
			roots = append(roots, folder)
		}
	}
	if len(roots) == 0 {
		return nil, refused
	}
	return roots, nil
}

// allowed compares whole folders: "hr" does not allow "hr-secret/".
func (s *Syncer) allowed(key string) bool {
	for _, folder := range s.opts.AllowedPaths {
		if strings.HasPrefix(key, asFolder(folder)) {
			return true
		}
	}
	return len(s.opts.AllowedPaths) == 0
}

func asFolder(p string) string { return strings.TrimRight(p, "/") + "/" }
