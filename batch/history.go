package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/wait"
	"okta-entitlements-mcp/oktaclient"
)

// AwaitLists waits until Okta's lists must show what the last run on an application wrote. Planning sooner would read a past:
// an undo right after its run would find nothing to take back.
func (e *Engine) AwaitLists(ctx context.Context, appID string, stage plan.Stage) error {
	last, err := lastWrite(e.opts.Dir, &plan.Plan{App: oktaclient.App{ID: appID}, Stage: stage}, time.Now())
	if err != nil {
		return fmt.Errorf("look at earlier runs: %w", err)
	}
	return wait.For(ctx, time.Until(last.Add(e.opts.SettleAfter)))
}

// undone refuses a plan whose run was taken back, in part or whole: its journal would say granted for what is gone.
func (e *Engine) undone(p *plan.Plan) error {
	journals, err := filepath.Glob(filepath.Join(e.opts.Dir, "plan_*", "journal.jsonl"))
	if err != nil {
		return err
	}
	for _, path := range journals {
		opened, err := firstEntry(path)
		if err != nil {
			return err
		}
		if opened.Undoes == p.ID {
			return plan.Stale("its run was undone by " + opened.Plan)
		}
	}
	return nil
}

// firstEntry reads the line with which a journal opens; it is empty when a crash tore it.
func firstEntry(path string) (opened entry, err error) {
	f, err := os.Open(path)
	if err != nil {
		return entry{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return opening(f)
}

// opening reads the first line of a journal; it is empty when a crash tore it.
func opening(journal io.Reader) (opened entry, err error) {
	for line, err := range durable.NewLineReader(journal, durable.LongestLine).All() {
		if err != nil {
			return entry{}, err
		}
		if json.Unmarshal(line.Text, &opened) != nil {
			return entry{}, nil
		}
		break
	}
	return opened, nil
}

// wholeJournal refuses a journal that is shorter than the one that summary.json sums up, or empty: an undo would take
// back nothing, or too little, without a word. No journal at all is a plan that never ran, unless there is a summary.
func (e *Engine) wholeJournal(planID string) error {
	path := e.journalPath(planID)
	summary, err := e.ReadSummary(planID)
	ended := err == nil
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && ended && summary.JournalBytes > 0: // a run without operations opens none
		return damaged(path, 1, "it is missing, and its run has ended")
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at journal: %w", err)
	case info.Size() == 0:
		return damaged(path, 1, "it is empty")
	case ended && info.Size() < summary.JournalBytes:
		return damaged(path, 1, fmt.Sprintf("it has %d bytes, and had %d when its run ended", info.Size(), summary.JournalBytes))
	}
	return nil
}

// Made lists what the runs of a plan made and an undo can take back, as their journal has it: the before-image of an undo.
// What someone else had put in place before is not among it.
func (e *Engine) Made(p *plan.Plan) ([]plan.Made, error) {
	if err := e.wholeJournal(p.ID); err != nil {
		return nil, err
	}
	memories, _, err := replay(e.journalPath(p.ID), p.ID, keysOf(p))
	if err != nil {
		return nil, err
	}
	own, err := e.own(p)
	if err != nil {
		return nil, err
	}
	place := map[int]*plan.Row{} // the first row that an operation decides
	for i := range p.Rows {
		if op := p.Rows[i].Op; op >= 0 && place[op] == nil {
			place[op] = &p.Rows[i]
		}
	}
	var made []plan.Made
	for i := range p.Ops {
		op := &p.Ops[i]
		k := e.kindOf(op)
		if k == nil || k.Undo == nil || memories[i].result.Outcome != Created && !memories[i].result.ours() {
			continue
		}
		m := plan.Made{Op: op, ID: memories[i].result.ID, Person: -1, Own: own}
		if row := place[i]; row != nil {
			m.Line, m.Person = row.Line, row.Person
		}
		made = append(made, m)
	}
	return made, nil
}

// own gathers what other runs on the application of a plan made, from their journals.
func (e *Engine) own(p *plan.Plan) (*plan.Own, error) {
	journals, err := filepath.Glob(filepath.Join(e.opts.Dir, "plan_*", "journal.jsonl"))
	if err != nil {
		return nil, err
	}
	undone := map[string]bool{}
	made := map[string][]string{} // by plan
	for _, path := range journals {
		opened, err := firstEntry(path)
		if err != nil {
			return nil, err
		}
		switch {
		case opened.App != p.App.ID || opened.Plan == p.ID:
		case opened.Undoes != "":
			undone[opened.Undoes] = true
		case opened.Stage == plan.StageGrants:
			if made[opened.Plan], err = grantsIn(path); err != nil {
				return nil, err
			}
		}
	}
	own := &plan.Own{Undone: map[string]bool{}, Runs: map[string]string{}}
	for run, grants := range made {
		for _, id := range grants {
			if undone[run] {
				own.Undone[id] = true
			} else {
				own.Runs[id] = run
			}
		}
	}
	return own, nil
}

// grantsIn lists the grants that a journal says were made.
func grantsIn(path string) ([]string, error) {
	var ids []string
	for line, err := range durable.ReadLines(path) {
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		var e entry
		if json.Unmarshal(line.Text, &e) == nil && e.Result != nil && strings.HasPrefix(e.Result.ID, "gra") &&
			(e.Result.Outcome == Created || e.Result.ours()) {
			ids = append(ids, e.Result.ID)
		}
	}
	return ids, nil
}
