package progress_test

import (
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/progress"
)

func TestRateAndEstimateComeFromThisAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := progress.New(100, "starting")
		live.Enter("reading")
		for range 10 {
			live.Count("read", false) // of an earlier attempt
		}
		if p := live.Progress(); p.Done != 10 || p.Rate != 0 || p.ETA != 0 {
			t.Errorf("before anything was done: %+v", p)
		}
		for range 30 {
			live.Count("read", true)
			time.Sleep(2 * time.Second)
		}
		live.Count("unreadable", true)
		p := live.Progress()
		if p.Done != 41 || p.Total != 100 || p.Ended["read"] != 40 || p.Ended["unreadable"] != 1 ||
			p.Phase != "reading" || p.Elapsed != time.Minute {
			t.Errorf("counts %+v", p)
		}
		if p.Rate < 29 || p.Rate > 32 || p.ETA < 110*time.Second || p.ETA > 125*time.Second {
			t.Errorf("30 a minute and 59 to go: rate %.1f, estimate %s", p.Rate, p.ETA)
		}
	})
}

func TestThePauseOfAWindowDoesNotCountAsTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := progress.New(0, "reading")
		live.Expect(1000)
		for range 3 { // a burst and a pause, three times
			for range 100 {
				live.Count("read", true)
			}
			time.Sleep(time.Minute)
		}
		if p := live.Progress(); p.Rate < 90 || p.Rate > 160 || p.ETA == 0 {
			t.Errorf("100 a minute in bursts: rate %.1f, estimate %s", p.Rate, p.ETA)
		}
	})
}
