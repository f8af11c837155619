package oktaclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"io"

	"okta-entitlements-mcp/internal/wait"
)

// windowServer models one rate-limit bucket: windows of 60 s that open with the first call, counted on arrival.
type windowServer struct {
	limit       int
	latency     time.Duration
	skew        time.Duration // its clock minus ours
	ceil        bool          // Reset is rounded up instead of down
	dateEarly   bool          // Date is stamped on arrival instead of departure
	concurrency int           // calls in flight before it refuses with limit 0; 0 means any number
	bare        bool          // no rate-limit headers

	mu          sync.Mutex
	opened      time.Time
	used        int
	inflight    int
	peak        int
	refused     int // calls of ours and others that it refused for the window
	othersLost  int
	lateLost    int // refusals after the first window
	concurrent  int // refusals for concurrency
	perWindow   []int
	arrivals    []time.Time
	ours, their int
}

func (s *windowServer) count(now time.Time, ours bool) (remaining int, refused bool) {
	if s.opened.IsZero() || now.Sub(s.opened) >= time.Minute {
		if !s.opened.IsZero() {
			s.perWindow = append(s.perWindow, s.used)
		}
		s.opened, s.used = now, 0
	}
	if s.used >= s.limit {
		s.refused++
		if len(s.perWindow) > 0 {
			s.lateLost++
		}
		if !ours {
			s.othersLost++
		}
		return 0, true
	}
	s.used++
	if ours {
		s.ours++
	} else {
		s.their++
	}
	return s.limit - s.used, false
}

func (s *windowServer) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	arrived := time.Now()
	s.arrivals = append(s.arrivals, arrived)
	s.inflight++
	s.peak = max(s.peak, s.inflight)
	h := http.Header{"Content-Type": {"application/json"}}
	status := http.StatusOK
	if s.concurrency > 0 && s.inflight > s.concurrency {
		status = http.StatusTooManyRequests
		s.concurrent++
		h.Set(headerLimit, "0")
		h.Set(headerRemaining, "0")
		h.Set(headerReset, strconv.FormatInt(arrived.Add(s.skew).Unix()+60, 10))
	} else {
		remaining, refused := s.count(arrived, true)
		if refused {
			status = http.StatusTooManyRequests
		}
		end := s.opened.Add(s.skew + time.Minute)
		reset := end.Unix()
		if s.ceil && end.Nanosecond() > 0 {
			reset++
		}
		if !s.bare {
			h.Set(headerLimit, strconv.Itoa(s.limit))
			h.Set(headerRemaining, strconv.Itoa(remaining))
			h.Set(headerReset, strconv.FormatInt(reset, 10))
		}
	}
	s.mu.Unlock()
	err := wait.For(req.Context(), s.latency)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight--
	if err != nil {
		return nil, err
	}
	stamp := time.Now()
	if s.dateEarly {
		stamp = arrived
	}
	h.Set("Date", stamp.Add(s.skew).UTC().Format(http.TimeFormat))
	body := `{"data":[]}`
	return &http.Response{
		StatusCode:    status,
		Header:        h,
		ContentLength: int64(len(body)),
		Body:          io.NopCloser(strings.NewReader(body)),
		Request:       req,
	}, nil
}

// another is a second client of the same bucket: n calls a minute, evenly or all at once at the given second.
func (s *windowServer) another(ctx context.Context, n int, burstAt time.Duration) {
	pause := time.Minute / time.Duration(n)
	if burstAt >= 0 {
		_ = wait.For(ctx, burstAt)
	}
	for ctx.Err() == nil {
		s.mu.Lock()
		if burstAt >= 0 {
			for range n {
				s.count(time.Now(), false)
			}
		} else {
			s.count(time.Now(), false)
		}
		s.mu.Unlock()
		if burstAt >= 0 {
			_ = wait.For(ctx, time.Minute)
		} else {
			_ = wait.For(ctx, pause)
		}
	}
}

func testStack(t *testing.T, wire http.RoundTripper) *connection {
	t.Helper()
	c, _, err := Connect(t.Context(), Options{BaseURL: "https://acme.okta.com", Transport: wire,
		Credentials: tokenCredentials(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return c.conn
}

// drive sends n reads of the grant list from the given number of workers.
func drive(t *testing.T, conn *connection, n, workers int) {
	t.Helper()
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range jobs {
				if _, _, err := plain[anything](t.Context(), conn, "GET", "/governance/api/v1/grants", nil, nil, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
}

func TestPaceUsesItsShareOfAWindowAndIsNeverRefused(t *testing.T) {
	cases := []struct {
		server  windowServer
		calls   int
		workers int
		want    float64
	}{
		{windowServer{limit: 50, latency: 1200 * time.Millisecond}, 2000, 8, 0.97},
		{windowServer{limit: 50, latency: 1200 * time.Millisecond, dateEarly: true}, 2000, 8, 0.97},
		{windowServer{limit: 50, latency: 1200 * time.Millisecond, ceil: true}, 2000, 8, 0.97},
		{windowServer{limit: 50, latency: 1200 * time.Millisecond, skew: 5 * time.Minute}, 2000, 8, 0.97},
		{windowServer{
			limit:   50,
			latency: 1200 * time.Millisecond,
			skew:    -5*time.Minute - 300*time.Millisecond,
			ceil:    true,
		}, 2000, 8, 0.97},
		{windowServer{limit: 1200, latency: 1200 * time.Millisecond}, 20000, 40, 0.95},
		{windowServer{limit: 600, latency: 50 * time.Millisecond}, 10000, 16, 0.97},
		{windowServer{limit: 15, latency: 400 * time.Millisecond}, 500, 4, 0.96},
	}
	for i := range cases {
		c := &cases[i]
		t.Run(fmt.Sprintf("limit %d skew %v ceil %v early %v", c.server.limit, c.server.skew, c.server.ceil,
			c.server.dateEarly), func(t *testing.T) {
			s := &c.server
			conn := testStack(t, s) // outside: the SDK's cache starts a goroutine
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				drive(t, conn, c.calls, c.workers)
				share := math.Floor(0.7*float64(s.limit) + 1e-9)
				got := float64(c.calls) / time.Since(start).Minutes() / share
				t.Logf("utilisation %.4f, peak in flight %d, over %v", got, s.peak, time.Since(start))
				if got < c.want {
					t.Errorf("utilisation is %.4f, want at least %.2f", got, c.want)
				}
				if s.refused != 0 {
					t.Errorf("%d calls were refused", s.refused)
				}
				for w, used := range s.perWindow {
					if used > int(share) {
						t.Errorf("window %d saw %d calls, more than %v", w, used, share)
					}
				}
				if st := conn.stats(); st.Calls != int64(c.calls) || st.Refused429 != 0 {
					t.Errorf("stats are %+v", st)
				}
			})
		})
	}
}

func TestPaceLeavesRoomForAnotherClient(t *testing.T) {
	for _, limit := range []int{50, 600} {
		for _, burst := range []time.Duration{-1, 0, 20 * time.Second, 50 * time.Second} {
			t.Run(fmt.Sprintf("limit %d burst at %v", limit, burst), func(t *testing.T) {
				s := &windowServer{limit: limit, latency: 1200 * time.Millisecond}
				conn := testStack(t, s) // outside: the SDK's cache starts a goroutine
				synctest.Test(t, func(t *testing.T) {
					ctx, stop := context.WithCancel(t.Context())
					var other sync.WaitGroup
					other.Go(func() { s.another(ctx, limit*6/10, burst) })
					start := time.Now()
					calls := limit * 4
					drive(t, conn, calls, 20)
					stop()
					other.Wait()
					t.Logf("ours %d, theirs %d in %v, windows %v", s.ours, s.their, time.Since(start), s.perWindow)
					lost := s.refused
					if burst > 30*time.Second {
						lost = s.lateLost // nothing in the first window told of it; the second knows
					}
					if lost != 0 {
						t.Errorf("%d calls were refused, %d of them the other client's", s.refused, s.othersLost)
					}
					if s.ours != calls || s.their == 0 {
						t.Errorf("server counted %d of ours and %d of theirs", s.ours, s.their)
					}
				})
			})
		}
	}
}

func TestFirstCallOfABucketGoesAlone(t *testing.T) {
	s := &windowServer{limit: 600, latency: time.Second}
	conn := testStack(t, s) // outside: the SDK's cache starts a goroutine
	synctest.Test(t, func(t *testing.T) {
		drive(t, conn, 20, 20)
		if len(s.arrivals) != 20 {
			t.Fatalf("server saw %d calls", len(s.arrivals))
		}
		if gap := s.arrivals[1].Sub(s.arrivals[0]); gap < time.Second {
			t.Errorf("second call came %v after the first, before its answer", gap)
		}
	})
}

func TestCallsAreSpreadOverTheWindow(t *testing.T) {
	s := &windowServer{limit: 50, latency: 100 * time.Millisecond}
	conn := testStack(t, s) // outside: the SDK's cache starts a goroutine
	synctest.Test(t, func(t *testing.T) {
		drive(t, conn, 20+35*3, 20)
		windows := map[int]int{}
		for _, a := range s.arrivals[20:] { // past the careful first window
			if a.Sub(s.arrivals[20]) < 5*time.Second {
				windows[0]++
			}
		}
		if windows[0] > 8 {
			t.Errorf("%d of 35 calls came in the first five seconds of a window", windows[0])
		}
	})
}

func TestServerWithoutHeadersIsNotFlooded(t *testing.T) {
	s := &windowServer{limit: 1 << 30, bare: true}
	conn := testStack(t, s) // outside: the SDK's cache starts a goroutine
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		drive(t, conn, 101, 20)
		if rate := 100 / time.Since(start).Seconds(); rate > 6 {
			t.Errorf("%.1f calls a second to a server that shows no limit", rate)
		}
	})
}

func TestConcurrencyRefusalHalvesTheGate(t *testing.T) {
	s := &windowServer{limit: 6000, latency: time.Second, concurrency: 6}
	conn := testStack(t, s) // outside: the SDK's cache starts a goroutine
	synctest.Test(t, func(t *testing.T) {
		drive(t, conn, 600, 40)
		if s.concurrent == 0 {
			t.Fatal("the server never refused for concurrency")
		}
		st := conn.stats()
		t.Logf("refused %d of %d, concurrency %d", s.concurrent, st.Calls, st.Concurrency)
		if s.concurrent > 60 {
			t.Errorf("%d refusals for 600 calls", s.concurrent)
		}
		if s.ours != 600 {
			t.Errorf("%d calls were executed, want 600", s.ours)
		}
	})
}

func TestWindowRefusalIsWaitedOut(t *testing.T) {
	s := &windowServer{limit: 50, latency: 100 * time.Millisecond}
	conn := testStack(t, s) // outside: the SDK's cache starts a goroutine
	synctest.Test(t, func(t *testing.T) {
		s.mu.Lock()
		for range 50 {
			s.count(time.Now(), false) // the window is used up before we come
		}
		s.mu.Unlock()
		start := time.Now()
		drive(t, conn, 10, 5)
		if s.refused != 1 {
			t.Errorf("%d refusals, want the first call's only", s.refused)
		}
		if took := time.Since(start); took < time.Minute || took > 5*time.Minute {
			t.Errorf("ten calls took %v", took)
		}
	})
}

func TestCancellationEndsAWaitAtOnce(t *testing.T) {
	s := &windowServer{limit: 3, latency: 100 * time.Millisecond}
	conn := testStack(t, s) // outside: the SDK's cache starts a goroutine
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				var e *Error
				_, _, err := plain[anything](ctx, conn, "POST", "/governance/api/v1/grants", nil, map[string]int{}, nil)
				if err == nil {
					return
				}
				if !errors.Is(err, context.Canceled) || !errors.As(err, &e) || e.Sent != NotSent || MayHaveHappened(err) {
					t.Errorf("cancelled wait gave %v (%+v)", err, e)
				}
			})
		}
		_ = wait.For(t.Context(), 10*time.Second)
		status := (&Client{conn}).RateStatus()
		if len(status) != 1 || status[0].Reason == "" || status[0].Wait <= 0 || status[0].Limit != 3 {
			t.Errorf("status while waiting is %+v", status)
		}
		at := time.Now()
		cancel()
		wg.Wait()
		if d := time.Since(at); d != 0 {
			t.Errorf("waits ended %v after the cancellation", d)
		}
	})
}
