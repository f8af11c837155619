package oktaclient

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/wait"
)

// byPath is a server with a rate limit for each path; two paths may have the same.
type byPath map[string]*windowServer

func (s byPath) RoundTrip(req *http.Request) (*http.Response, error) {
	return s[req.URL.Path].RoundTrip(req)
}

const (
	pathA = "/governance/api/v1/entitlements"
	pathB = "/governance/api/v1/entitlements/values"
	pathC = "/governance/api/v1/grants"
)

func read(t *testing.T, conn *connection, path string) time.Duration {
	t.Helper()
	start := time.Now()
	if _, _, err := plain[anything](t.Context(), conn, http.MethodGet, path, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

func laneOf(conn *connection, path string) *lane {
	return conn.stack.pace.lanes[bucketKey{http.MethodGet, path}]
}

// A person's calls come one after the other and go to several endpoints. Taken for somebody else's, a dozen of them
// would hold the next one back for most of a minute.
func TestEndpointsOfOneBucketAreFoundOut(t *testing.T) {
	shared := &windowServer{limit: 50, latency: 300 * time.Millisecond}
	conn := testStack(t, byPath{pathA: shared, pathB: shared, pathC: &windowServer{limit: 50, latency: 300 * time.Millisecond}})
	synctest.Test(t, func(t *testing.T) {
		for i := range 18 {
			if waited := read(t, conn, []string{pathA, pathB, pathC}[i%3]); waited > time.Second {
				t.Errorf("call %d waited %v", i, waited)
			}
		}
		a, b, c := laneOf(conn, pathA).bucket, laneOf(conn, pathB).bucket, laneOf(conn, pathC).bucket
		if a != b || a.lanes != 2 || a.others != 0 || a.answered != 12 {
			t.Errorf("the bucket of two endpoints counts %d endpoints, %d answers and %d calls of others", a.lanes, a.answered, a.others)
		}
		if a == c {
			t.Error("an endpoint with a limit of its own was put together with others")
		}
		if shared.refused != 0 || shared.used != 12 {
			t.Errorf("the server counted %d calls and refused %d", shared.used, shared.refused)
		}
	})
}

// Together they may use no more than one of them might.
func TestEndpointsOfOneBucketShareWhatIsLeft(t *testing.T) {
	shared := &windowServer{limit: 50, latency: 300 * time.Millisecond}
	conn := testStack(t, byPath{pathA: shared, pathB: shared})
	synctest.Test(t, func(t *testing.T) {
		for i := range 200 {
			read(t, conn, []string{pathA, pathB}[i%2])
		}
		if len(shared.perWindow) < 4 {
			t.Fatalf("the server saw %d windows only", len(shared.perWindow))
		}
		for w, used := range shared.perWindow {
			if used > 35 {
				t.Errorf("window %d saw %d calls", w, used)
			}
		}
	})
}

// Another client's calls can make two counts run on in each other. The mistake has to show and be mended.
func TestEndpointsThatOnlyLookedAlikeArePartedForGood(t *testing.T) {
	one, two := &windowServer{limit: 50}, &windowServer{limit: 50}
	conn := testStack(t, byPath{pathA: one, pathB: two})
	synctest.Test(t, func(t *testing.T) {
		foreign := func(s *windowServer, n int) {
			for range n {
				s.count(time.Now(), false)
			}
		}
		read(t, conn, pathA) // A shows 1
		foreign(two, 1)
		read(t, conn, pathB) // B shows 2
		foreign(one, 1)
		read(t, conn, pathA) // A shows 3
		if laneOf(conn, pathA).bucket != laneOf(conn, pathB).bucket {
			t.Fatal("the counts did not look alike, so the test shows nothing")
		}
		read(t, conn, pathB) // B shows 3; shared, it would be 4
		a, b := laneOf(conn, pathA), laneOf(conn, pathB)
		if a.bucket == b.bucket || !a.loner || !b.loner {
			t.Error("the endpoints still are put together")
		}
		foreign(two, 2)
		read(t, conn, pathB) // B shows 6
		foreign(one, 3)
		read(t, conn, pathA) // A shows 7
		foreign(two, 1)
		read(t, conn, pathB) // B shows 8
		if laneOf(conn, pathA).bucket == laneOf(conn, pathB).bucket {
			t.Error("the endpoints were put together again")
		}
	})
}

func TestConcurrencyRefusalsDoNotComeBackEveryMinute(t *testing.T) {
	s := &windowServer{limit: 6000, latency: time.Second, concurrency: 6}
	conn := testStack(t, s)
	synctest.Test(t, func(t *testing.T) {
		drive(t, conn, 600, 40)
		first := s.concurrent
		if first == 0 {
			t.Fatal("the server never refused for concurrency")
		}
		start := time.Now()
		drive(t, conn, 9000, 40)
		took := time.Since(start)
		if more := s.concurrent - first; more > 6 {
			t.Errorf("%d refusals for 9000 calls, after %d to begin with", more, first)
		}
		if rate := 9000 / took.Seconds(); rate < 5.4 {
			t.Errorf("%.2f calls a second, 6 are allowed", rate)
		}
	})
}

func TestABurstGoesAtOnceAfterARest(t *testing.T) {
	s := &windowServer{limit: 50, latency: time.Second}
	conn := testStack(t, s)
	synctest.Test(t, func(t *testing.T) {
		for round := range 3 {
			start := time.Now()
			drive(t, conn, 18, 18)
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("round %d: 18 calls took %v", round, took)
			}
			_ = wait.For(t.Context(), 90*time.Second)
		}
		if s.refused > 0 {
			t.Errorf("%d calls were refused", s.refused)
		}
	})
}

// Small jobs that come and go must not crowd another client out either: it keeps 60 % of the bucket all the time.
func TestBurstsLeaveRoomForAnotherClient(t *testing.T) {
	for _, every := range []time.Duration{45 * time.Second, 70 * time.Second, 5 * time.Minute} {
		for _, at := range []time.Duration{-1, 0, 10 * time.Second, 25 * time.Second, 50 * time.Second} {
			t.Run(fmt.Sprintf("every %v burst at %v", every, at), func(t *testing.T) {
				s := &windowServer{limit: 50, latency: time.Second}
				conn := testStack(t, s)
				synctest.Test(t, func(t *testing.T) {
					ctx, stop := context.WithCancel(t.Context())
					var other sync.WaitGroup
					other.Go(func() { s.another(ctx, 30, at) })
					for range 12 {
						drive(t, conn, 18, 18)
						_ = wait.For(t.Context(), every)
					}
					stop()
					other.Wait()
					lost := s.refused
					if at > 30*time.Second {
						lost = s.lateLost // nothing in the first window told of it
					}
					t.Logf("ours %d, theirs %d, windows %v", s.ours, s.their, s.perWindow)
					if lost > 0 || s.their == 0 {
						t.Errorf("%d calls were refused, %d of them the other client's", s.refused, s.othersLost)
					}
				})
			})
		}
	}
}
