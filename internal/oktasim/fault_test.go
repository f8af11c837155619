package oktasim

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestFaultsHitTheNthCallAndAreCounted(t *testing.T) {
	d := newCaller(t, Options{})
	hit := d.tenant.Inject(Fault{Method: "GET", Pattern: "/api/v1/org", Nth: 2, Times: 2, Effect: Effect500})
	miss := d.tenant.Inject(Fault{Method: "DELETE", Effect: Effect500})
	for i, want := range []int{200, 500, 500, 200} {
		if s := d.get("/api/v1/org"); s.StatusCode != want {
			t.Errorf("call %d: got %d, want %d", i+1, s.StatusCode, want)
		}
	}
	if hit.Fired() != 2 || miss.Fired() != 0 {
		t.Errorf("fired %d and %d, want 2 and 0", hit.Fired(), miss.Fired())
	}
}

// TestFaultsDoWhatTheyClaim creates a group under each fault and looks whether it exists afterwards.
func TestFaultsDoWhatTheyClaim(t *testing.T) {
	for _, test := range []struct {
		fault  Fault
		status int   // 0: no answer
		is     error // what the transport's error is
		acted  bool
	}{
		{Fault{Effect: EffectWindow429}, 429, nil, false},
		{Fault{Effect: EffectConcurrency429}, 429, nil, false},
		{Fault{Effect: Effect500}, 500, nil, false},
		{Fault{Effect: Effect500, Acted: true}, 500, nil, true},
		{Fault{Effect: Effect502, Acted: true}, 502, nil, true},
		{Fault{Effect: Effect503}, 503, nil, false},
		{Fault{Effect: Effect504, Acted: true}, 504, nil, true},
		{Fault{Effect: EffectRefuse}, 0, syscall.ECONNREFUSED, false},
		{Fault{Effect: EffectReset}, 0, syscall.ECONNRESET, false},
		{Fault{Effect: EffectLoseReply}, 0, syscall.ECONNRESET, true},
		{Fault{Effect: EffectTruncate}, 0, io.ErrUnexpectedEOF, true},
		{Fault{Effect: EffectHTML}, 200, nil, false},
		{Fault{Effect: EffectHTML, Acted: true}, 200, nil, true},
		{Fault{Effect: EffectBare}, 200, nil, false},
		{Fault{Effect: EffectBare, Acted: true}, 200, nil, true},
		{Fault{Effect: EffectOther}, 200, nil, false},
		{Fault{Effect: EffectOther, Acted: true}, 200, nil, true},
		{Fault{Effect: EffectExpireToken}, 401, nil, false},
	} {
		t.Run(string(test.fault.Effect), func(t *testing.T) {
			d := newCaller(t, Options{})
			injection := d.tenant.Inject(test.fault)
			s, err := d.try(context.Background(), "POST", "/api/v1/groups", `{"profile":{"name":"Crew"}}`)
			if injection.Fired() != 1 {
				t.Fatal("the fault did not fire")
			}
			if !errors.Is(err, test.is) || err == nil && s.StatusCode != test.status {
				t.Errorf("got %v, %v", s, err)
			}
			if got := len(d.list(d.get("/api/v1/groups?q=Crew"))) == 1; got != test.acted {
				t.Errorf("acted: %v, want %v", got, test.acted)
			}
		})
	}
}

func TestRefusedConnectionsAreKnownNeverToHaveBeenSent(t *testing.T) {
	d := newCaller(t, Options{})
	injection := d.tenant.Inject(Fault{Effect: EffectRefuse})
	_, err := d.try(context.Background(), "GET", "/api/v1/org", "")
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "dial" || injection.Fired() != 1 {
		t.Errorf("got %v", err)
	}
}

func TestConcurrency429HasLimitZeroAndWindow429HasNot(t *testing.T) {
	d := newCaller(t, Options{Limits: Limits{Mode: LimitsReal}})
	first := d.tenant.Inject(Fault{Effect: EffectConcurrency429})
	second := d.tenant.Inject(Fault{Effect: EffectWindow429, Nth: 2})
	if limit, _, _ := d.get("/api/v1/org").rate(t); limit != 0 {
		t.Errorf("concurrency: limit %d", limit)
	}
	if limit, remaining, _ := d.get("/api/v1/org").rate(t); limit != 600 || remaining != 0 {
		t.Errorf("window: limit %d, remaining %d", limit, remaining)
	}
	if first.Fired() != 1 || second.Fired() != 1 {
		t.Error("a fault did not fire")
	}
}

func TestStallsEndWithTheContextOrAfterTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{})
		injection := d.tenant.Inject(Fault{Effect: EffectStall, Times: 2, Acted: true})
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		_, err := d.try(ctx, "POST", "/api/v1/groups", `{"profile":{"name":"Crew"}}`)
		if !errors.Is(err, context.DeadlineExceeded) || len(d.list(d.get("/api/v1/groups?q=Crew"))) != 1 {
			t.Errorf("got %v, want a deadline and a group all the same", err)
		}
		if injection.Fired() != 2 {
			t.Errorf("fired %d times, want 2", injection.Fired())
		}
	})
}

func TestRejectedCursorsHitOnlyCallsWithACursor(t *testing.T) {
	d := newCaller(t, Options{Users: 30})
	injection := d.tenant.Inject(Fault{Effect: EffectRejectCursor})
	s := d.get("/api/v1/users?limit=10")
	d.refusal(d.get(s.next()), 400, codePaging)
	if again := d.get(s.next()); again.StatusCode != 200 || injection.Fired() != 1 {
		t.Errorf("again: %d, fired %d", again.StatusCode, injection.Fired())
	}
}

func TestOtherHostsAreOutOfReach(t *testing.T) {
	d := newCaller(t, Options{})
	admin := strings.Replace(d.tenant.BaseURL(), "acme.", "acme-admin.", 1)
	if _, err := d.try(context.Background(), "GET", admin+"/api/v1/org", ""); err == nil {
		t.Error("the admin host answered")
	}
}
