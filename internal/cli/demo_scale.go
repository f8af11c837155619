package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"okta-entitlements-mcp/internal/app"
	"okta-entitlements-mcp/internal/config"
	"okta-entitlements-mcp/internal/oktasim"
)

// compression is how many times faster a scaled demo runs than a real organisation: limits are that many times wider and
// latency that many times shorter, so that a second here is a minute there.
const compression = 60

// What a real organisation gives one API token, as far as is known: 50 calls a minute and bucket, each taking 1.2 s.
const (
	realLimit   = 50
	realLatency = 1200 * time.Millisecond
)

// window is how long a rate-limit window lasts in a scaled demo. It cannot be compressed as much as the rest, because Okta
// states the end of a window in whole seconds: it is ten minutes there.
const window = 10 * time.Second

// scaledWorld is a tenant for a large made-up import.
func scaledWorld(ctx context.Context, cfg *config.Config, o *demoOptions) (*app.World, error) {
	options := oktasim.Options{Seed: 1}
	if o.limits == string(oktasim.LimitsReal) {
		options.Limits = limitsOf(realLimit * compression * int(window/time.Second) / 60)
		options.Limits.Window, options.Limits.ConcurrencyLimit = window, 75*compression
	}
	w, err := app.NewWorld(ctx, cfg, o.samples, app.Reports{Only: o.file, Made: madeUpReport(o.scale)}, options)
	if err != nil {
		return nil, err
	}
	w.Config.ToolWait = time.Second // answer `running` soon, so that there is progress to watch
	w.Wire = &slowed{w.Wire, realLatency / compression}
	return w, nil
}

// limitsOf gives every bucket that an import uses so many calls a window.
func limitsOf(calls int) oktasim.Limits {
	limits := oktasim.Limits{Mode: oktasim.LimitsReal, Overrides: map[string]int{}}
	for _, bucket := range []string{"POST /governance/api/v1/grants", "GET /governance/api/v1/grants", "GET /governance/api/v1/entitlements",
		"GET /governance/api/v1/principal-entitlements", "POST /governance/api/v1/entitlements", "PATCH /governance/api/v1/entitlements/{id}",
		"/api/v1/apps", "/api/v1/users", "/api/v1"} {
		limits.Overrides[bucket] = calls
	}
	return limits
}

// slowed is a wire on which every call takes a while.
type slowed struct {
	next http.RoundTripper
	by   time.Duration
}

// RoundTrip waits, then hands the request on.
func (s *slowed) RoundTrip(req *http.Request) (*http.Response, error) {
	timer := time.NewTimer(s.by)
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.next.RoundTrip(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// madeUpReport is an access report of so many users, with one to three rows each.
func madeUpReport(users int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(users)))
	roles := []string{"Account Manager", "Support Agent", "Finance Analyst", "Payroll Clerk", "Contract Reviewer", "Auditor"}
	sets := []string{"Report Builder", "Quote Editor", "Service Console", "Ledger Viewer", "Invoice Editor", "Case Reader"}
	var b strings.Builder
	b.WriteString("Email,User_ID,Access_Date,Action_Type,Role,Permission_Set,Effective_Access\n")
	for user := range users {
		for range 1 + rng.IntN(3) {
			access := "Permitted"
			if rng.IntN(20) == 0 {
				access = "Denied"
			}
			fmt.Fprintf(&b, "user%06d@acme.example.com,E%06d,2026-%02d-%02d,Grant,%s,%s,%s\n", user, user, 1+rng.IntN(9), 1+rng.IntN(28),
				roles[rng.IntN(len(roles))], sets[rng.IntN(len(sets))], access)
		}
	}
	return []byte(b.String())
}

// compress has the stage translate times into those of a real organisation.
func (s *screen) compress(limits string) {
	s.times = compression
	if limits == string(oktasim.LimitsReal) {
		s.honest = fmt.Sprintf("time is compressed %d times: a second here is a minute at a real org\n"+
			"           with %d calls a minute and bucket, %s each;\n"+
			"           only the windows of the limits are compressed less, so the pace comes in larger pieces than there",
			compression, realLimit, realLatency)
		return
	}
	s.honest = fmt.Sprintf("no rate limits; calls take %s", realLatency/compression)
	s.times = 1
}

// figures ends a scaled showing with what it came to.
func (s *screen) figures(t *Story, granting time.Duration) {
	there := granting * time.Duration(s.times)
	rate := float64(t.Grants.Granted) / there.Minutes()
	s.head("Figures")
	s.say("  %d users granted in %s; at a real org that is %s", t.Grants.Granted, granting.Round(time.Second), there.Round(time.Minute))
	if s.times > 1 {
		allowed := 0.7 * realLimit
		s.say("  %.1f users a minute there, of %.0f that 70 %% of %d calls allow: %.0f %%", rate, allowed, realLimit, 100*rate/allowed)
	}
	s.say("  %.2f calls per user, %d refused for rate", float64(t.Okta.Calls)/float64(max(1, t.Grants.Granted)), t.Okta.HTTP429)
}
