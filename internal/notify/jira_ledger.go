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
	"time"

	"okta-entitlements-mcp/internal/durable"
)

// entry is what is known of one ticket. The last line of a key holds.
type entry struct {
	Key     string    `json:"key"`
	Issue   string    `json:"issue,omitempty"`  // SEC-12; "" before it is known
	Intent  time.Time `json:"intent,omitzero"`  // a create went out then, and its end is not known
	Tries   int       `json:"tries,omitempty"`  // creates that went out and may have happened
	Closed  bool      `json:"closed,omitempty"` // as this program left it
	Content string    `json:"content,omitempty"`
	Owes    string    `json:"owes,omitempty"`  // a comment that goes with the last transition and is not known to be there
	OwesAt  bool      `json:"owing,omitempty"` // the issue is closed when the comment is due, else open
}

// ledger remembers what this program did to the issues of a set, for Jira's search shows it late. A nil file means that
// nothing may be written (a dry run).
type ledger struct {
	entries map[string]entry
	file    *durable.Lines
	lock    *durable.FileLock
}

func ledgerName(base, project, set string) string {
	return "jira-" + set + "-" + digest(base, project)
}

// openLedger reads a ledger and takes it for writing; it waits for another run of the same set.
func openLedger(ctx context.Context, dir, name string) (*ledger, error) {
	lock, err := durable.Lock(ctx, filepath.Join(dir, name+".lock"))
	if err != nil {
		return nil, fmt.Errorf("open ledger of issues: %w", err)
	}
	l := &ledger{lock: lock}
	if err := l.load(dir, name); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger of issues: %w", err), lock.Unlock())
	}
	return l, nil
}

func (l *ledger) load(dir, name string) error {
	path := filepath.Join(dir, name+".jsonl")
	lines, err := l.read(path)
	if err != nil {
		return err
	}
	if lines > 200 && lines > 4*len(l.entries) {
		if err := durable.WriteFile(dir, name+".jsonl", 0o600, l.writeAll); err != nil {
			return err
		}
	}
	l.file, err = durable.OpenLines(path, 0o600)
	return err
}

// readLedger reads without taking it.
func readLedger(dir, name string) (*ledger, error) {
	l := &ledger{}
	if _, err := l.read(filepath.Join(dir, name+".jsonl")); err != nil {
		return nil, fmt.Errorf("read ledger of issues: %w", err)
	}
	return l, nil
}

func (l *ledger) read(path string) (lines int, err error) {
	l.entries = map[string]entry{}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1] // a torn last line was never acknowledged
	scan := bufio.NewScanner(bytes.NewReader(whole))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var e entry
		if err := json.Unmarshal(scan.Bytes(), &e); err != nil || e.Key == "" {
			return 0, fmt.Errorf("line %d is damaged; move the file away, and the next run finds the issues by their labels", lines+1)
		}
		l.entries[e.Key] = e
		lines++
	}
	return lines, scan.Err()
}

func (l *ledger) writeAll(w io.Writer) error {
	encoder := json.NewEncoder(w)
	for _, key := range slices.Sorted(maps.Keys(l.entries)) {
		if err := encoder.Encode(l.entries[key]); err != nil {
			return err
		}
	}
	return nil
}

// note writes what is known of a ticket; it lasts when note returns.
func (l *ledger) note(e entry) error {
	if l.file == nil {
		return errors.New("note an issue: the ledger is open for reading")
	}
	if l.entries[e.Key] == e {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("note an issue: %w", err)
	}
	if err := l.file.Append(line); err != nil {
		return fmt.Errorf("note an issue: %w", err)
	}
	l.entries[e.Key] = e
	return nil
}

func (l *ledger) close() error {
	if l.file == nil {
		return nil
	}
	return errors.Join(l.file.Close(), l.lock.Unlock())
}
