package batch

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"okta-entitlements-mcp/internal/plan"
)

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
	line, err := bufio.NewReader(f).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &opened) != nil {
		return entry{}, nil
	}
	return opened, nil
}
