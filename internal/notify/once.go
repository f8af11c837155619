package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/spelling"
	"okta-entitlements-mcp/internal/trouble"
	"okta-entitlements-mcp/internal/untrusted"
)

// Once remembers who got a message when, over restarts, so that no one gets a second one too soon. A note is made before
// the message goes out: a program that dies in between has sent none, which is better than to send two. It is safe for
// several goroutines and processes.
type Once struct {
	dir string
	mu  sync.Mutex
}

const onceFile = "told.jsonl"

// onceLine is one note; a zero time takes an earlier one back.
type onceLine struct {
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// RegisterKey is the person's or message's key.
func (l onceLine) RegisterKey() (key string, holds bool) { return l.Key, !l.At.IsZero() }

// NewOnce keeps its register in a directory, which must exist.
func NewOnce(dir string) (*Once, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("open register of messages: %q is no directory: %w", dir, fs.ErrNotExist)
	}
	return &Once{dir: dir}, nil
}

// normal makes one key of the spellings of an e-mail address.
func normal(key string) string { return spelling.Fold(untrusted.New(key).Show(untrusted.Long)) }

// LastSent returns when a message was last sent under a key, the zero time when never.
func (o *Once) LastSent(key string) (time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all, err := durable.ReadRegister[onceLine](filepath.Join(o.dir, onceFile))
	if err != nil {
		return time.Time{}, fmt.Errorf("read register of messages: %w", damagedOnce(err))
	}
	return all[normal(key)].At, nil
}

// Note writes down that a message goes out at a time. It lasts when Note returns.
func (o *Once) Note(ctx context.Context, key string, at time.Time) error {
	_, err := o.change(ctx, key, func(time.Time) (time.Time, bool) { return at, true })
	return err
}

// Forget takes back a note of a message that certainly did not go out.
func (o *Once) Forget(ctx context.Context, key string, before time.Time) error {
	_, err := o.change(ctx, key, func(time.Time) (time.Time, bool) { return before, true })
	return err
}

// Claim notes the time now, unless the last note is younger than every, and returns that last note and whether the claim
// succeeded. Of two programs that ask at once one succeeds.
func (o *Once) Claim(ctx context.Context, key string, every time.Duration) (before time.Time, claimed bool, err error) {
	now := time.Now().UTC()
	before, err = o.change(ctx, key, func(last time.Time) (time.Time, bool) {
		claimed = last.IsZero() || now.Sub(last) >= every
		return now, claimed
	})
	return before, claimed && err == nil, err
}

func (o *Once) change(ctx context.Context, key string, to func(time.Time) (time.Time, bool)) (before time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	lock, err := durable.Lock(ctx, filepath.Join(o.dir, "told.lock"))
	if err != nil {
		return time.Time{}, fmt.Errorf("note a message: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	register, err := durable.OpenRegister[onceLine](filepath.Join(o.dir, onceFile))
	if err != nil {
		return time.Time{}, fmt.Errorf("read register of messages: %w", damagedOnce(err))
	}
	defer func() { err = errors.Join(err, register.Close()) }()
	key = normal(key)
	last, _ := register.Get(key)
	at, write := to(last.At)
	if !write {
		return last.At, nil
	}
	if err := register.Put(onceLine{key, at.UTC()}); err != nil {
		return last.At, fmt.Errorf("note a message: %w", err)
	}
	return last.At, nil
}

func damagedOnce(err error) error {
	var damaged *durable.DamagedError
	if errors.As(err, &damaged) {
		return &trouble.Error{
			Code: trouble.MessagesDamaged,
			What: err.Error(),
			Next: "move the file away; people may then get a message once more",
			Err:  err,
		}
	}
	return err
}
