package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/plan"
)

// TestOldPlansThatNeverRanAreRemoved starts the program on the state that an older version left.
func TestOldPlansThatNeverRanAreRemoved(t *testing.T) {
	d := newDesk(t, map[string]string{"PLAN_KEEP_DAYS": "30"}, oktasim.Options{})
	for _, name := range []string{"plans", "runs"} {
		fails(t, os.CopyFS(filepath.Join(d.cfg.StateDir, name), os.DirFS("../e2e/testdata/state-v0/grants/state/"+name)))
	}
	plans := filepath.Join(d.cfg.StateDir, "plans")
	ids := func() (all []string) {
		found, err := filepath.Glob(filepath.Join(plans, "plan_*.json"))
		fails(t, err)
		for _, path := range found {
			all = append(all, strings.TrimSuffix(filepath.Base(path), ".json"))
		}
		return all
	}
	aged := func(name string, days int) {
		at := time.Now().AddDate(0, 0, -days)
		fails(t, os.Chtimes(filepath.Join(plans, name), at, at))
	}
	var ran, idle []string
	for _, id := range ids() {
		aged(id+".json", 31)
		run := filepath.Join(d.cfg.StateDir, "runs", id)
		if _, err := os.Stat(run); err == nil && len(ran) < 3 {
			ran = append(ran, id)
			continue
		}
		fails(t, os.RemoveAll(run)) // most of them ran: as if they had not
		idle = append(idle, id)
	}
	if len(ran) < 3 || len(idle) < 4 {
		t.Fatalf("%d plans of the state ran, %d did not", len(ran), len(idle))
	}
	recent, longAgo, young := idle[0], idle[1], idle[2]
	aged(young+".json", 29)
	store, err := plan.NewStore(plans)
	fails(t, err)
	for _, id := range []string{recent, longAgo} {
		fails(t, store.Decline(id, plan.Declined{Answer: plan.AnswerDecline, Time: time.Now()}))
	}
	aged(longAgo+".declined", 31)

	keepsAll := *d.cfg
	keepsAll.PlanKeep = 0
	before := len(ids())
	if _, err := Assemble(t.Context(), &keepsAll, d.tenant.Transport(), slog.New(slog.DiscardHandler)); err != nil || len(ids()) != before {
		t.Fatalf("0 days keep for good: %d of %d plans are left, %v", len(ids()), before, err)
	}
	if _, err := Assemble(t.Context(), d.cfg, d.tenant.Transport(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	left := strings.Join(ids(), " ")
	for _, id := range append(ran, recent, young) {
		if !strings.Contains(left, id) {
			t.Errorf("%s ran, or is young, or was declined of late, and is gone", id)
		}
	}
	text, err := os.ReadFile(filepath.Join(d.cfg.StateDir, "trail", "trail.jsonl"))
	fails(t, err)
	for _, id := range append(idle[3:], longAgo) {
		if strings.Contains(left, id) || !bytes.Contains(text, []byte(id)) {
			t.Errorf("%s is old: still there, or not in the trail", id)
		}
	}
	if _, err := os.Stat(filepath.Join(plans, longAgo+".declined")); !os.IsNotExist(err) {
		t.Errorf("the record of a plan that is gone: %v", err)
	}
}

func TestAPlanStaysWhenItsRemovalCannotBeRecorded(t *testing.T) {
	d := newDesk(t, nil, oktasim.Options{})
	p := d.plan()
	at := time.Now().AddDate(-1, 0, 0)
	path := filepath.Join(d.cfg.StateDir, "plans", p.PlanID+".json")
	fails(t, os.Chtimes(path, at, at))
	store, err := plan.NewStore(filepath.Dir(path))
	fails(t, err)
	never := func(string) (bool, error) { return false, nil }
	_, err = store.RemoveOld(time.Now(), never, func([]string) error { return os.ErrPermission })
	if _, there := os.Stat(path); err == nil || there != nil {
		t.Errorf("removing says %v; the plan: %v", err, there)
	}
}
