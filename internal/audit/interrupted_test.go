package audit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/progress"
	"okta-entitlements-mcp/internal/untrusted"
)

// TestAnInterruptedAuditIsFoundAfterARestart: a killed audit is gone on with by itself, also under a policy that was
// changed meanwhile; one that a person cancelled only when someone asks.
func TestAnInterruptedAuditIsFoundAfterARestart(t *testing.T) {
	inBubble(t, oktasim.Options{Seed: 5, Users: 40}, 0, func(t *testing.T, r *rig, w *wire) {
		if _, ok := r.mfa.Interrupted(); ok {
			t.Fatal("an audit was interrupted before there was one")
		}
		held := r.killAt(w, 60, nil)
		if len(held) == 0 {
			t.Fatal("no one had been read when the audit died")
		}
		req, ok := r.mfa.Interrupted()
		if !ok || req.Scope() != mfa.Everybody {
			t.Fatalf("the interrupted audit is not found: %+v", req)
		}
		w.forget()
		req.Policy.Exemptions = []mfa.Exemption{{
			User:    untrusted.NewStored("nobody@acme.example.com"),
			Owner:   untrusted.NewStored("Ada"),
			Reason:  untrusted.NewStored("test"),
			Expires: r.Okta.Now().AddDate(0, 1, 0),
		}}
		s, err := r.mfa.Run(context.Background(), req, nil)
		must(t, err)
		for user := range held {
			if n := w.read(user); n[0]+n[1] != 0 {
				t.Errorf("%s was read again after the restart: %v", user, n)
			}
		}
		if len(s.Exemptions) != 1 {
			t.Errorf("the result is not under the policy of the second attempt: %+v", s.Policy)
		}
		if req, ok := r.mfa.Interrupted(); ok {
			t.Errorf("after its end the audit still counts as interrupted: %+v", req)
		}
	})
}

func TestACancelledAuditWaitsForSomebodyToAsk(t *testing.T) {
	inBubble(t, oktasim.Options{
		Seed:    6,
		Users:   40,
		Latency: oktasim.LatencyReal,
	}, 0, func(t *testing.T, r *rig, w *wire) {
		job, err := r.mfa.Start(context.Background(), request(nil))
		must(t, err)
		for len(journalled(t, readTree(r.dir))) == 0 {
			select {
			case <-job.Ended():
				t.Fatal("the audit ended before it could be cancelled")
			default:
				time.Sleep(100 * time.Millisecond)
			}
		}
		job.Cancel()
		<-job.Ended()
		if _, err := job.Result(); !errors.Is(err, progress.ErrCancelled) {
			t.Fatalf("the cancelled audit ended with %v", err)
		}
		if req, ok := r.mfa.Interrupted(); ok {
			t.Errorf("a cancelled audit would go on by itself: %+v", req)
		}
		again, err := r.mfa.Start(context.Background(), request(nil))
		must(t, err)
		if again.ID != job.ID {
			t.Errorf("asked for again, the audit is %s and not %s", again.ID, job.ID)
		}
		<-again.Ended()
		if _, err := again.Result(); err != nil {
			t.Error(err)
		}
	})
}
