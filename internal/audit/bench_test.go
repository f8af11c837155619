package audit_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"okta-entitlements-mcp/internal/audit"
	"okta-entitlements-mcp/internal/mfa"
	"okta-entitlements-mcp/internal/oktasim"
	"okta-entitlements-mcp/internal/simtest"
	"okta-entitlements-mcp/internal/trail"
	"okta-entitlements-mcp/oktaclient"
)

// BenchmarkFullAudit100k reads an organisation of 100,000 people for the first time, at Okta's published limits and
// the latency that was seen. Time is virtual: ns/op means nothing.
func BenchmarkFullAudit100k(b *testing.B) {
	benchmarkAudit(b, 100_000, func(p paced) audited { return p.full })
}

// BenchmarkIncremental100k reads it again after a week in which one person of a hundred changed something.
func BenchmarkIncremental100k(b *testing.B) {
	benchmarkAudit(b, 100_000, func(p paced) audited { return p.incremental })
}

func benchmarkAudit(b *testing.B, users int, which func(paced) audited) {
	b.Helper()
	var got audited
	for b.Loop() {
		ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{
			Name: "audits",
			F: func(t *testing.T) {
				got = which(paceOf(t, users))
			},
		}})
		if !ok {
			b.Fatal("the audits failed")
		}
	}
	b.ReportMetric(got.perUser, "calls/user")
	b.ReportMetric(got.twice, "read-twice")
	b.ReportMetric(got.took.Hours(), "virtual-hours")
	b.ReportMetric(got.util, "util")
	b.ReportMetric(float64(got.refused), "429s")
	b.ReportMetric(got.heap, "live-MB")
}

// paced is a full audit and, after changes, an incremental one of the same organisation.
type paced struct{ full, incremental audited }

// audited is what one audit cost.
type audited struct {
	summary *mfa.Summary
	took    time.Duration // virtual
	calls   int
	by      map[string]int // calls, by pattern
	perUser float64        // calls by people listed
	twice   float64        // share of people whose factors were read, too
	// share that was used of what the narrowest bucket allows: 70 % of a token's half of Okta's published limit
	util    float64
	refused int64
	heap    float64 // MB that the audit holds at its end, the client's included, the tenant's not
}

// paceOf audits a tenant with Okta's limits and latency in virtual time.
func paceOf(t *testing.T, users int) (p paced) {
	lines := simtest.Lines(t, 1, oktaclient.Options{})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, simtest.Options{
			Lines: lines,
			Tenant: oktasim.Options{Seed: 1, Users: users, Latency: oktasim.LatencyReal,
				Limits: oktasim.Limits{Mode: oktasim.LimitsReal}, LogLag: 2 * time.Minute},
		}, 150*time.Second)
		w := &org{rig: r}
		p.full = w.costOf()
		if p.full.summary.Kind != mfa.KindFull {
			t.Fatalf("the first audit is %s", p.full.summary.Kind)
		}
		time.Sleep(7 * 24 * time.Hour)
		people := w.logins()
		for i := range len(people) / 100 {
			w.touch(people[i*100], i)
		}
		time.Sleep(time.Hour)
		p.incremental = w.costOf()
		if p.incremental.summary.Kind != mfa.KindIncremental {
			t.Fatalf("the second audit is %s: %s", p.incremental.summary.Kind, p.incremental.summary.WhyFull)
		}
	})
	return p
}

// logins are the ids of the people of the latest audit, in the order of their ids.
func (w *org) logins() []string {
	latest, err := w.mfa.Summary("")
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []string
	for _, f := range w.findings(latest.AuditID) {
		ids = append(ids, f.UserID)
	}
	slices.Sort(ids)
	return ids
}

// touch changes one person's enrolments in one of four ways: mostly, people enrol.
func (w *org) touch(user string, i int) {
	switch i % 4 {
	case 0:
		w.Tenant.Enroll(user, "webauthn", "FIDO")
	case 1:
		w.Tenant.Enroll(user, "sms", "OKTA")
	case 2:
		w.Tenant.Enroll(user, "push", "OKTA")
	default:
		w.Tenant.ResetFactors(user)
	}
}

// costOf runs one audit under the default policy and takes its measure.
func (w *org) costOf() (a audited) {
	w.t.Helper()
	var before, during runtime.MemStats
	w.again(audit.Options{
		LogSettle: 150 * time.Second,
		Record: func(_ context.Context, s trail.Entry) error {
			if s.Step == "audit_users" && a.heap == 0 {
				runtime.GC()
				runtime.ReadMemStats(&during)
				a.heap = (float64(during.HeapAlloc) - float64(before.HeapAlloc)) / 1e6
			}
			return nil
		},
	})
	runtime.GC()
	runtime.ReadMemStats(&before)
	calls, refused, start := countsOf(w.Tenant), w.Okta.Stats().Refused429, time.Now()
	a.summary = w.audit(func(req *audit.Request) { req.Policy = mfa.DefaultPolicy() })
	a.took, a.refused = time.Since(start), w.Okta.Stats().Refused429-refused
	factors, buckets := 0, map[string]int{}
	a.by = countsOf(w.Tenant)
	for key := range a.by {
		a.by[key] -= calls[key]
		n := a.by[key]
		a.calls += n
		buckets[bucketOf(key)] += n
		if strings.HasSuffix(key, "/factors") {
			factors += n
		}
	}
	listed := float64(a.summary.Coverage.Listed)
	a.perUser, a.twice = float64(a.calls)/listed, float64(factors)/listed
	for bucket, n := range buckets {
		minutes := float64(n) / math.Floor(0.7*0.5*float64(published[bucket])+1e-9)
		a.util = max(a.util, minutes/a.took.Minutes())
	}
	return a
}

// published are Okta's limits for the whole organisation, calls a minute (Okta: rate limits of the management API,
// Workforce). What has no limit of its own falls into the bucket of the whole API.
var published = map[string]int{"/api/v1/users": 600, "/api/v1/users/{id}": 2000, "/api/v1/groups": 500,
	"/api/v1/groups/{id}": 1000, "/api/v1/logs": 120, "/api/v1": 1200}

func bucketOf(pattern string) string {
	switch {
	case published[pattern] > 0:
		return pattern
	case strings.HasPrefix(pattern, "/api/v1/groups/"):
		return "/api/v1/groups"
	}
	return "/api/v1"
}

// countsOf is how many calls the tenant served, by pattern.
func countsOf(t *oktasim.Tenant) map[string]int {
	counts := map[string]int{}
	for _, c := range t.Calls() {
		counts[c.Pattern] += c.Count
	}
	return counts
}

// TestAuditsCostWhatTheyMust holds the goals for calls and pace in an organisation small enough for every day. The
// few calls that every audit makes, however many people there are, weigh more in it than among 100,000, so they are
// counted apart.
func TestAuditsCostWhatTheyMust(t *testing.T) {
	users := 12_000
	if testing.Short() {
		users = 3000
	}
	p := paceOf(t, users)
	for name, a := range map[string]audited{"full": p.full, "incremental": p.incremental} {
		t.Logf("%s: %d calls, %.4f a user, %.4f read twice, %s, util %.3f, %s", name, a.calls, a.perUser, a.twice,
			a.took, a.util, a.summary.Coverage.Line)
		t.Logf("%s: %.1f MB live; %v", name, a.heap, a.by)
		if a.refused > 0 {
			t.Errorf("%s audit: %d calls were refused for their rate", name, a.refused)
		}
	}
	if most := 1.02 + p.full.twice; p.full.perUser > most {
		t.Errorf("the full audit made %.4f calls a user, want at most %.4f", p.full.perUser, most)
	}
	// Organisation, policies, roles, groups and the two looks at the log are the same however many people there are.
	const always = 12
	drawn := p.incremental.summary.Sample.Drawn // a hundredth of the people, more or less: counted as a hundredth
	if rest := float64(p.incremental.calls-always-drawn)/float64(p.incremental.summary.Coverage.Listed) + 0.01; rest > 0.03 {
		t.Errorf("the incremental audit made %.4f calls a user beside what every audit makes, want at most 0.03", rest)
	}
	least := 0.95
	if testing.Short() {
		least = 0.9 // the minutes at the beginning weigh more
	}
	if p.full.util < least {
		t.Errorf("the full audit used %.3f of what the narrowest rate limit allows, want at least %.2f", p.full.util, least)
	}
	if p.full.twice == 0 || p.incremental.summary.Coverage.Read < p.full.summary.Total/100 {
		t.Errorf("no one was read twice, or those who changed were not: %+v, %+v", p.full, p.incremental)
	}
}
