package oktasim

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func (s *sent) rate(t testing.TB) (limit, remaining int, reset time.Time) {
	t.Helper()
	number := func(name string) int {
		n, err := strconv.Atoi(s.Header.Get("X-Rate-Limit-" + name))
		if err != nil {
			t.Fatalf("header %s of a %d: %v", name, s.StatusCode, err)
		}
		return n
	}
	return number("Limit"), number("Remaining"), time.Unix(int64(number("Reset")), 0)
}

func TestWindowOpensWithTheFirstCallAndLastsAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Limits: Limits{Overrides: map[string]int{"/api/v1/org": 5}}})
		time.Sleep(17 * time.Second)
		opened := time.Now()
		for i := range 5 {
			s := d.get("/api/v1/org")
			limit, remaining, reset := s.rate(t)
			if s.StatusCode != 200 || limit != 5 || remaining != 4-i || !reset.Equal(opened.Add(time.Minute)) {
				t.Fatalf("call %d: %d, limit %d, remaining %d, reset %v", i, s.StatusCode, limit, remaining, reset)
			}
			time.Sleep(10 * time.Second)
		}
		s := d.get("/api/v1/org")
		d.refusal(s, 429, codeRateLimit)
		if limit, remaining, _ := s.rate(t); limit != 5 || remaining != 0 || s.Header.Get("Retry-After") != "" {
			t.Errorf("refusal shows limit %d, remaining %d", limit, remaining)
		}
		time.Sleep(time.Until(opened.Add(time.Minute)))
		if s := d.get("/api/v1/org"); s.StatusCode != 200 {
			t.Errorf("after the reset: %d", s.StatusCode)
		}
		if n := d.tenant.CallCount("GET", "/api/v1/org", 429); n != 1 {
			t.Errorf("counted %d refusals, want 1", n)
		}
	})
}

func TestEveryAnswerShowsItsBucket(t *testing.T) {
	d := newCaller(t, Options{Limits: Limits{Mode: LimitsReal}})
	for path, want := range map[string]int{
		"/api/v1/users/nobody@nowhere": 1000, "/api/v1/users": 300, "/api/v1/apps": 50, "/api/v1/apps/0oaX": 250,
		"/api/v1/logs": 60, "/api/v1/groups/00gX": 500, "/api/v1/nothing": 600,
	} {
		if limit, _, _ := d.get(path).rate(t); limit != want {
			t.Errorf("%s: limit %d, want %d", path, limit, want)
		}
	}
	d.auth = "SSWS wrong"
	if s := d.get("/api/v1/users"); s.StatusCode != 401 || s.Header.Get("X-Rate-Limit-Limit") == "" ||
		s.Header.Get("Date") == "" {
		t.Errorf("a refused token got %d %v", s.StatusCode, s.Header)
	}
	d.auth = ""
	if s := d.get("/.well-known/okta-organization"); s.StatusCode != 200 || s.Header.Get("X-Rate-Limit-Limit") != "" {
		t.Errorf("well-known: %d %v", s.StatusCode, s.Header)
	}
}

func TestEachTokenHasItsOwnShareOfTheOrgsBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Limits: Limits{Overrides: map[string]int{"/api/v1/org": 3}}})
		d.tenant.AddToken("second")
		d.tenant.AddToken("third")
		for range 4 {
			d.get("/api/v1/org")
		}
		d.auth = "SSWS second"
		for range 3 {
			if s := d.get("/api/v1/org"); s.StatusCode != 200 {
				t.Fatalf("second token: %d", s.StatusCode)
			}
		}
		d.auth = "SSWS third" // the org's six are gone
		d.refusal(d.get("/api/v1/org"), 429, codeRateLimit)
	})
}

func TestTooManyCallsInFlightAreRefusedWithLimitZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Latency: LatencyReal, Limits: Limits{ConcurrencyLimit: 4}})
		answers := make(chan *sent, 3)
		for range 3 {
			go func() { answers <- d.get("/api/v1/org") }()
		}
		var good, refused int
		for range 3 {
			switch s := <-answers; s.StatusCode {
			case 200:
				good++
			case 429:
				refused++
				if limit, remaining, _ := s.rate(t); limit != 0 || remaining != 0 {
					t.Errorf("concurrency refusal shows limit %d, remaining %d", limit, remaining)
				}
			}
		}
		if good != 2 || refused != 1 {
			t.Errorf("%d answered and %d refused, want 2 and 1: half of 4 is one token's share", good, refused)
		}
		if s := d.get("/api/v1/org"); s.StatusCode != 200 {
			t.Errorf("afterwards: %d", s.StatusCode)
		}
	})
}

func TestAnotherClientIsRefusedOnlyWhenItsPartIsTaken(t *testing.T) {
	for _, test := range []struct {
		name    string
		calls   int // ours at the start of each of three windows
		refused bool
	}{{"we leave it room", 40, false}, {"we take everything", 100, true}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newCaller(t, Options{Limits: Limits{Share: 1, Overrides: map[string]int{"/api/v1/org": 100}}})
				d.tenant.AddForeignLoad(ForeignLoad{Method: "GET", Pattern: "/api/v1/org", PerMinute: 60})
				for range 3 {
					for range test.calls {
						d.get("/api/v1/org")
					}
					time.Sleep(time.Minute)
				}
				made, refused := d.tenant.ForeignCalls()
				if made < 180 || made > 181 || (refused > 0) != test.refused {
					t.Errorf("made %d, refused %d", made, refused)
				}
			})
		})
	}
}

func TestForeignCallsShowInTheHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Limits: Limits{Share: 1, Overrides: map[string]int{"/api/v1/org": 100}}})
		d.tenant.AddForeignLoad(ForeignLoad{Method: "GET", Pattern: "/api/v1/org", PerMinute: 60})
		time.Sleep(29*time.Second + time.Millisecond)
		if _, remaining, _ := d.get("/api/v1/org").rate(t); remaining != 100-30-1 {
			t.Errorf("remaining %d, want 69", remaining)
		}
	})
}

func TestClockSkewShiftsDateAndResetTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Skew: 5 * time.Minute, Limits: Limits{Mode: LimitsReal}})
		s := d.get("/api/v1/org")
		date, err := http.ParseTime(s.Header.Get("Date"))
		_, _, reset := s.rate(t)
		if err != nil || time.Until(date) != 5*time.Minute || reset.Sub(date) != time.Minute {
			t.Errorf("date %v, reset %v, now %v, %v", date, reset, time.Now(), err)
		}
	})
}

func TestRealLatencyIsAsRecordedAndEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCaller(t, Options{Latency: LatencyReal})
		start := time.Now()
		d.get("/api/v1/users/me")
		if took := time.Since(start); took < 270*time.Millisecond || took > 330*time.Millisecond {
			t.Errorf("a user read took %v", took)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		start = time.Now()
		if _, err := d.try(ctx, "GET", "/api/v1/users/me", ""); err == nil || time.Since(start) != 50*time.Millisecond {
			t.Errorf("a call given up ended with %v after %v", err, time.Since(start))
		}
		if s := d.get("/api/v1/users/me"); s.StatusCode != 200 {
			t.Error("the call given up is still in the way")
		}
	})
}
