package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/untrusted"
)

// Item is a delivery that waits.
type Item struct {
	Kind    string          `json:"kind"` // what the deliverer does with it: jira, slack, ...
	Key     string          `json:"key"`  // a newer item of the same kind and key takes the place of an older one
	Payload json.RawMessage `json:"payload"`
	Since   time.Time       `json:"waiting_since"` // when the first item of this key was put
	Put     time.Time       `json:"put"`           // when this payload was put
	Tries   int             `json:"tries"`
	Error   string          `json:"last_error,omitempty"`
}

// Flushed is what became of the items of an outbox, oldest first.
type Flushed struct {
	Delivered []Item   `json:"delivered"`
	Waiting   []Item   `json:"waiting"`
	Expired   []Item   `json:"expired"` // too old to be of use; they are gone from the outbox, and the caller has to say so
	Damaged   []string `json:"damaged"` // names of files that cannot be read; they stay for someone to look at
}

// Outbox keeps deliveries on disk until they succeed. It is safe for several goroutines and processes.
type Outbox struct {
	dir  string
	keep time.Duration
}

const (
	defaultKeep = 14 * 24 * time.Hour
	mostPayload = 16 << 20
	mostWaiting = 10_000
)

var outboxName = regexp.MustCompile(`^([0-9]{12})-([0-9a-f]{16})\.json$`)

// NewOutbox keeps items in a directory, which must exist. Items older than keep are dropped by Flush, with a word; 0 means
// fourteen days.
func NewOutbox(dir string, keep time.Duration) (*Outbox, error) {
	if keep < 0 {
		return nil, errors.New("open outbox: the time to keep items is negative")
	}
	if keep == 0 {
		keep = defaultKeep
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("open outbox: %q is no directory: %w", dir, fs.ErrNotExist)
	}
	return &Outbox{dir: dir, keep: keep}, nil
}

// Put writes an item. It lasts when Put returns. An item of the same kind and key is replaced, and keeps its place.
func (b *Outbox) Put(ctx context.Context, kind, key string, payload any) (err error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("put into outbox: %w", err)
	}
	if len(text) > mostPayload {
		return fmt.Errorf("put into outbox: %d bytes are more than an item may have (%d)", len(text), mostPayload)
	}
	unlock, err := b.lock(ctx, "outbox.lock")
	if err != nil {
		return fmt.Errorf("put into outbox: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	names, err := b.names()
	if err != nil {
		return fmt.Errorf("put into outbox: %w", err)
	}
	now := time.Now().UTC()
	item := Item{Kind: kind, Key: key, Payload: text, Since: now, Put: now}
	name := nextName(names, kind, key)
	if slices.Contains(names, name) {
		if old, err := b.read(name); err == nil {
			item.Since = old.Since
		}
	} else if len(names) >= mostWaiting {
		return fmt.Errorf("put into outbox: %d items wait already; see why none is delivered", len(names))
	}
	return b.write(name, item)
}

// nextName is the file of a key: the one it has, or one after all others.
func nextName(names []string, kind, key string) string {
	id, last := digest(kind, key), 0
	for _, name := range names {
		parts := outboxName.FindStringSubmatch(name)
		if parts[2] == id {
			return name
		}
		if n, err := strconv.Atoi(parts[1]); err == nil {
			last = max(last, n)
		}
	}
	return fmt.Sprintf("%012d-%s.json", last+1, id)
}

// Waiting lists the items, oldest first.
func (b *Outbox) Waiting() ([]Item, error) {
	names, err := b.names()
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	var items []Item
	for _, name := range names {
		if item, err := b.read(name); err == nil {
			items = append(items, item)
		}
	}
	return items, nil
}

// Flush tries to deliver every item, oldest first; one that fails does not hold up the others. An item that was put again
// while its older payload was being delivered stays. Of two flushes at once the second waits.
func (b *Outbox) Flush(ctx context.Context, deliver func(context.Context, Item) error) (f Flushed, err error) {
	unlock, err := b.lock(ctx, "flush.lock")
	if err != nil {
		return f, fmt.Errorf("flush outbox: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	names, err := b.names()
	if err != nil {
		return f, fmt.Errorf("flush outbox: %w", err)
	}
	for _, name := range names {
		item, err := b.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			f.Damaged = append(f.Damaged, name)
			continue
		}
		if err := b.flushOne(ctx, name, item, deliver, &f); err != nil {
			return f, fmt.Errorf("flush outbox: %w", err)
		}
	}
	return f, nil
}

func (b *Outbox) flushOne(ctx context.Context, name string, item Item, deliver func(context.Context, Item) error, f *Flushed) error {
	if time.Since(item.Put) > b.keep {
		f.Expired = append(f.Expired, item)
		return b.finish(ctx, name, item, nil)
	}
	if ctx.Err() != nil {
		f.Waiting = append(f.Waiting, item)
		return nil
	}
	item.Tries++
	failed := deliver(ctx, item)
	if failed == nil {
		f.Delivered = append(f.Delivered, item)
		return b.finish(ctx, name, item, nil)
	}
	item.Error = untrusted.New(failed.Error()).Show(untrusted.Paragraph)
	f.Waiting = append(f.Waiting, item)
	return b.finish(ctx, name, item, failed)
}

// finish removes an item, or writes down that it failed; one that was replaced in the meantime is left alone. It is done
// even when ctx has ended: what was delivered must not be delivered again.
func (b *Outbox) finish(ctx context.Context, name string, item Item, failed error) (err error) {
	unlock, err := b.lock(context.WithoutCancel(ctx), "outbox.lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	now, err := b.read(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !now.Put.Equal(item.Put) {
		return nil
	}
	if failed != nil {
		return b.write(name, item)
	}
	if err := os.Remove(filepath.Join(b.dir, name)); err != nil {
		return err
	}
	return durable.SyncDir(b.dir)
}

func (b *Outbox) write(name string, item Item) error {
	return durable.WriteFile(b.dir, name, 0o600, func(w io.Writer) error { return json.NewEncoder(w).Encode(item) })
}

func (b *Outbox) read(name string) (item Item, err error) {
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return item, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	text, err := root.ReadFile(name)
	if err != nil {
		return item, err
	}
	return item, json.Unmarshal(text, &item)
}

// names lists the items' files; their numbers are the order in which they were put.
func (b *Outbox) names() ([]string, error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && outboxName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (b *Outbox) lock(ctx context.Context, name string) (func() error, error) {
	lock, err := durable.Lock(ctx, filepath.Join(b.dir, name))
	if err != nil {
		return nil, err
	}
	return lock.Unlock, nil
}
