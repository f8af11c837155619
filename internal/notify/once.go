package notify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/untrusted"
)

// Once remembers who was told when, over restarts, so that nobody is told twice in too short a time. A note is made before
// the message goes out: a program that dies in between has told nobody, which is better than to tell somebody twice. It is
// safe for several goroutines and processes.
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

// NewOnce keeps its register in a directory, which must exist.
func NewOnce(dir string) (*Once, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("open register of messages: %q is no directory: %w", dir, fs.ErrNotExist)
	}
	return &Once{dir: dir}, nil
}

// normal makes one key of the spellings of an e-mail address.
func normal(key string) string { return strings.ToLower(untrusted.Clean(key, 400)) }

// Told returns when somebody was told last, the zero time when never.
func (o *Once) Told(key string) (time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all, _, err := o.read()
	return all[normal(key)], err
}

// Note writes down that somebody is told at a time. It lasts when Note returns.
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
	all, lines, err := o.read()
	if err != nil {
		return time.Time{}, err
	}
	key = normal(key)
	before = all[key]
	at, write := to(before)
	if !write {
		return before, nil
	}
	if lines > 1000 && lines > 4*len(all) {
		if err := o.compact(all); err != nil {
			return before, fmt.Errorf("note a message: %w", err)
		}
	}
	return before, o.append(onceLine{key, at.UTC()})
}

func (o *Once) append(line onceLine) (err error) {
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("note a message: %w", err)
	}
	file, err := durable.OpenLines(filepath.Join(o.dir, onceFile), 0o600)
	if err != nil {
		return fmt.Errorf("note a message: %w", err)
	}
	if err := errors.Join(file.Append(text), file.Close()); err != nil {
		return fmt.Errorf("note a message: %w", err)
	}
	return nil
}

func (o *Once) compact(all map[string]time.Time) error {
	return durable.WriteFile(o.dir, onceFile, 0o600, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if err := encoder.Encode(onceLine{key, all[key]}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *Once) read() (all map[string]time.Time, lines int, err error) {
	all = map[string]time.Time{}
	text, err := os.ReadFile(filepath.Join(o.dir, onceFile))
	if errors.Is(err, fs.ErrNotExist) {
		return all, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read register of messages: %w", err)
	}
	scan := bufio.NewScanner(bytes.NewReader(text[:bytes.LastIndexByte(text, '\n')+1]))
	for scan.Scan() {
		lines++
		var line onceLine
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			return nil, 0, fmt.Errorf("read register of messages: line %d is damaged; move %s away, and people may be told once more", lines, onceFile)
		}
		if line.At.IsZero() {
			delete(all, line.Key)
		} else {
			all[line.Key] = line.At
		}
	}
	return all, lines, scan.Err()
}
