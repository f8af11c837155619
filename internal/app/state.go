package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/plan"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/internal/trouble"
)

func (p *App) stateDir(name string) string { return filepath.Join(p.Config.StateDir, name) }

// openState opens what the program remembers. Without it nothing is done, since nothing could be remembered.
func (p *App) openState(ctx context.Context) error {
	for _, name := range []string{"runs", "plans", "trail"} {
		if err := durable.MkdirAll(p.stateDir(name), 0o700); err != nil {
			return &trouble.Error{
				Code: trouble.StateNotWritable,
				What: fmt.Sprintf("state_not_writable: the state directory %s cannot be used: %v", p.Config.StateDir, err),
				Next: "set STATE_DIR to a directory that this user may write",
				Err:  err,
			}
		}
		if err := private(p.stateDir(name)); err != nil {
			return err
		}
	}
	if err := p.lookAtParent(); err != nil {
		return err
	}
	var err error
	if p.Plans, err = plan.NewStore(p.stateDir("plans")); err != nil {
		return err
	}
	if p.Trail, err = trail.Open(ctx, p.stateDir("trail")); err != nil {
		return trailFault(err, p.stateDir("trail"))
	}
	p.Trail.Hide(p.secrets)
	p.removeOldPlans(ctx, time.Now())
	return nil
}

// removeOldPlans removes plans that were never carried out and are old. Whatever has a folder among the runs ran, or was
// about to, and stays: its journal means nothing without it, and an undo needs both.
func (p *App) removeOldPlans(ctx context.Context, now time.Time) {
	if p.Config.PlanKeep <= 0 {
		return
	}
	ran := func(id string) (bool, error) {
		_, err := os.Lstat(filepath.Join(p.stateDir("runs"), id))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return true, err
	}
	n, err := p.Plans.RemoveOld(now.Add(-p.Config.PlanKeep), ran, func(ids []string) error {
		return p.record(ctx, trail.Entry{
			Step:      "plans_removed",
			Arguments: map[string]any{"plans": ids, "older_than": p.Config.PlanKeep.String()},
		})
	})
	switch {
	case err != nil:
		p.Log.Warn("old plans cannot be removed", "error", err)
	case n > 0:
		p.Log.Info("old plans removed", "plans", n, "setting", "PLAN_KEEP_DAYS")
	}
}

// private refuses a directory that others may write: a user who can write a plan or a record decides what is done with this
// credential, and what is known of it afterwards.
func private(dir string) error {
	open, err := othersMayWrite(dir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	if !open {
		return nil
	}
	return &trouble.Error{
		Code: trouble.StateNotPrivate,
		What: fmt.Sprintf("others on this machine may write %s, so what is in it may be theirs", dir),
		Next: "look through it, then run: chmod 700 " + dir + " (and chown it to this user), and start again",
	}
}

// lookAtParent says when others may write the state directory itself: they cannot change what is in plans, runs and
// trail, but can put other directories in their place.
func (p *App) lookAtParent() error {
	if !privacyChecked {
		p.StateWriters = "not checked on this system"
		return nil
	}
	open, err := othersMayWrite(p.Config.StateDir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", p.Config.StateDir, err)
	}
	p.StateWriters = "this user alone"
	if open {
		p.StateWriters = "others on this machine, too: they can replace plans, runs and trail; run: chmod 700 " + p.Config.StateDir
		p.Log.Warn("the state directory may be written by others", "dir", p.Config.StateDir, "next", "chmod 700 "+p.Config.StateDir)
	}
	return nil
}

// trailFault gives an error of the trail its code: damage, which no one but a person can judge, or a disk.
func trailFault(err error, dir string) error {
	var damage *trail.VerifyError
	if errors.As(err, &damage) {
		return &trouble.Error{
			Code: trouble.TrailDamaged,
			What: "the trail is damaged: " + err.Error(),
			Next: "keep " + dir + " for those who look into it, move it out of STATE_DIR, and start again with a new trail",
			Err:  err,
		}
	}
	return &trouble.Error{
		Code: trouble.StateNotWritable,
		What: "state_not_writable: the trail cannot be used: " + err.Error(),
		Next: "make " + dir + " writable, or set STATE_DIR",
		Err:  err,
	}
}
