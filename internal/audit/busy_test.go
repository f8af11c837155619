package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/durable"
	"okta-entitlements-mcp/internal/oktasim"
)

func TestASecondRequestJoinsTheFirstOrIsRefused(t *testing.T) {
	inBubble(t, oktasim.Options{
		Seed:    21,
		Users:   30,
		Latency: oktasim.LatencyReal,
	}, 0, func(t *testing.T, r *rig, _ *wire) {
		job, err := r.mfa.Start(t.Context(), request(nil))
		must(t, err)
		time.Sleep(2 * time.Second)
		again, err := r.mfa.Start(t.Context(), request(nil))
		if again != job || err != nil {
			t.Errorf("the same request gave another job, %v", err)
		}
		for name, change := range map[string]func(*audit.Request){
			"full": full, "a group": func(req *audit.Request) { req.Group = "Everyone" },
			"another policy": func(req *audit.Request) { req.Policy.GraceHours++ },
		} {
			if _, err := r.mfa.Start(t.Context(), request(change)); !errors.Is(err, audit.ErrBusy) ||
				!strings.Contains(err.Error(), job.ID) || !strings.Contains(err.Error(), "wait for it") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if s, err := job.Result(); s != nil || err != nil {
			t.Errorf("the job has a result while it is under way: %v, %v", s, err)
		}
		<-job.Ended()
		s, err := job.Result()
		must(t, err)
		if s.AuditID != job.ID {
			t.Errorf("job %s made audit %s", job.ID, s.AuditID)
		}
	})
}

func TestAnAuditOfAnotherProcessIsNotDisturbed(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 22, Users: 10}, 0, func(t *testing.T, r *rig, w *wire) {
		lock, err := durable.TryLock(r.dir + "/lock")
		must(t, err)
		if _, err := r.mfa.Start(t.Context(), request(nil)); !errors.Is(err, audit.ErrBusy) ||
			!strings.Contains(err.Error(), "wait for that process") {
			t.Errorf("beside another process: %v", err)
		}
		if len(w.order) > 0 {
			t.Errorf("Okta was asked %v", w.order)
		}
		must(t, lock.Unlock())
		r.audit(nil)
	})
}

func TestCloseLeavesAnAuditThatGoesOn(t *testing.T) {
	inBubble(t, oktasim.Options{
		Seed:    23,
		Users:   60,
		Latency: oktasim.LatencyReal,
	}, 0, func(t *testing.T, r *rig, w *wire) {
		job, err := r.mfa.Start(context.Background(), request(nil))
		must(t, err)
		for job.Progress().Done < 20 {
			time.Sleep(100 * time.Millisecond)
		}
		r.mfa.Close()
		if _, err := job.Result(); err == nil || !strings.Contains(err.Error(), "stopping") {
			t.Errorf("the closed audit ended with %v", err)
		}
		held := journalled(t, readTree(r.dir))
		r.again(audit.Options{})
		s := r.audit(nil)
		if s.AuditID != job.ID || len(held) < 20 {
			t.Errorf("%s with %d readings went on as %s", job.ID, len(held), s.AuditID)
		}
		for user := range held {
			if n := w.read(user); n[0] != 1 || n[1] > 1 {
				t.Errorf("%s was read %d times", user, n)
			}
		}
	})
}
