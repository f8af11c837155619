package notify

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/trouble"
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

// RegisterKey is the ticket's key.
func (e entry) RegisterKey() (key string, holds bool) { return e.Key, true }

// ledger remembers what this program did to the issues of a set, for Jira's search shows it late. A nil register means
// that nothing may be written (a dry run).
type ledger struct {
	entries  map[string]entry
	register *durable.Register[entry]
	lock     *durable.FileLock
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
	register, err := durable.OpenRegister[entry](filepath.Join(dir, name+".jsonl"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger of issues: %w", damagedLedger(err)), lock.Unlock())
	}
	return &ledger{entries: register.Entries(), register: register, lock: lock}, nil
}

// readLedger reads without taking it.
func readLedger(dir, name string) (*ledger, error) {
	entries, err := durable.ReadRegister[entry](filepath.Join(dir, name+".jsonl"))
	if err != nil {
		return nil, fmt.Errorf("read ledger of issues: %w", damagedLedger(err))
	}
	return &ledger{entries: entries}, nil
}

func damagedLedger(err error) error {
	var damaged *durable.DamagedError
	if errors.As(err, &damaged) {
		return &trouble.Error{
			Code: trouble.LedgerDamaged,
			What: err.Error(),
			Next: "move the file away; the next run finds the issues by their labels",
			Err:  err,
		}
	}
	return err
}

// note writes what is known of a ticket; it lasts when note returns.
func (l *ledger) note(e entry) error {
	if l.register == nil {
		return errors.New("note an issue: the ledger is open for reading")
	}
	if l.entries[e.Key] == e {
		return nil
	}
	if err := l.register.Put(e); err != nil {
		return fmt.Errorf("note an issue: %w", err)
	}
	return nil
}

func (l *ledger) close() error {
	if l.register == nil {
		return nil
	}
	return errors.Join(l.register.Close(), l.lock.Unlock())
}
