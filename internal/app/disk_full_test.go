//go:build linux || darwin

package app

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/fulldisk"
	"okta-entitlements-mcp/internal/mapping"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/notify"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/report"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
)

// TestAFullDiskIsOneCodeAtEveryWriter lets each writer of state fail. A bound of nothing on the size of files acts as the
// full disk; it holds for a whole process, so it is one of its own. Found from outside, B13: a disk that filled at the
// very end of a run was called a mistake of the program. Journal, summary and report.csv of a run are in the batch tests.
func TestAFullDiskIsOneCodeAtEveryWriter(t *testing.T) {
	fulldisk.Alone(t, "ALL WRITERS FAILED", func(t *testing.T) {
		fillEachWriter(t)
	})
}

// writer is one that writes state, by name.
type writer struct {
	name  string
	write func() error
}

func fillEachWriter(t *testing.T) {
	d := newDesk(t, nil, oktasim.Options{})
	id := d.plan().PlanID
	state := d.cfg.StateDir
	writers := []writer{}
	add := func(name string, write func() error) { writers = append(writers, writer{name, write}) }

	record, err := trail.Open(t.Context(), filepath.Join(state, "trail"))
	fails(t, err)
	add("trail", func() error { _, err := record.Append(context.Background(), trail.Entry{Step: "x"}); return err })
	add("a trail that is begun", func() error { _, err := trail.Open(context.Background(), t.TempDir()); return err })

	plans, err := plan.NewStore(filepath.Join(state, "plans"))
	fails(t, err)
	saved, err := plans.Load(id)
	fails(t, err)
	add("plan", func() error { return plans.Save(saved) })
	add("declined plan", func() error { return plans.Decline(id, plan.Declined{Answer: plan.AnswerDecline}) })

	mappings := mapping.At(state)
	text, err := os.ReadFile("../intake/exports/microsoft-365-users.json")
	fails(t, err)
	add("mapping", func() error {
		_, err := mappings.Import(context.Background(), "m.json", text, true, time.Now())
		return err
	})

	outbox, err := notify.NewOutbox(t.TempDir(), time.Hour)
	fails(t, err)
	add("outbox", func() error { return outbox.Put(context.Background(), "message", "key", 1) })
	once, err := notify.NewOnce(t.TempDir())
	fails(t, err)
	add("register of messages", func() error { return once.Note(context.Background(), "key", time.Now()) })

	none := func() iter.Seq2[mfa.Finding, error] { return func(func(mfa.Finding, error) bool) {} }
	add("report of an audit", func() error { _, err := report.WriteFiles(t.TempDir(), mfa.Summary{}, none); return err })

	lines, err := durable.OpenLines(filepath.Join(t.TempDir(), "lines"), 0o600)
	fails(t, err)
	add("journal and readings", func() error { return lines.Append([]byte("x")) })
	add("any file", func() error {
		return durable.WriteFile(t.TempDir(), "x", 0o600, func(w io.Writer) error { _, err := w.Write([]byte("x")); return err })
	})

	for _, w := range writers {
		fulldisk.Limit(t, 0)
		err := w.write()
		fulldisk.Limit(t, ^uint64(0))
		if trouble.CodeOf(err) != trouble.StateNotWritable {
			t.Errorf("%s: %q %v", w.name, trouble.CodeOf(err), err)
		}
		if err := w.write(); err != nil {
			t.Errorf("%s: there is room again, and it says %v", w.name, err)
		}
	}
	if !t.Failed() {
		fmt.Println("ALL WRITERS FAILED")
	}
}
